"""Files of the literature on tours with time windows, read as worker paths: Solomon's, and those of the OPTW."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from mcsopt.data.number_text import NumberText, Word
from mcsopt.errors import InputError, shown
from mcsopt.problems import WorkerPathInstance
from mcsopt.problems.fields import LARGEST

SOLOMON_DECIMALS = 1
"""Digits of the travel times of Solomon's instances in the literature on orienteering; Cordeau's, ``pr``, have two."""
MOST_DECIMALS = 6
_SOLOMON_ROW = 7
_OPTW_ROW = 9
_NEAR_INTEGER = 1e-4
"""Distances in units of the last digit that are so near to an integer are truncated exactly."""


@dataclass(frozen=True, eq=False)
class PlacedPath:
    """A worker path of a file, and where its nodes are: an instance holds travel times only.

    Attributes
    ----------
    instance : WorkerPathInstance
    positions : array of float, shape (n, 2)
    name : str
        The file's name for it; empty if it has none.
    """

    instance: WorkerPathInstance
    positions: np.ndarray
    name: str = ""


@dataclass(frozen=True)
class _Node:
    """One row of a file, and the word it begins with."""

    word: Word
    x: float
    y: float
    profit: float
    open: float
    close: float
    service: float


def solomon_path(
    path: str | Path, *, decimals: int | None = SOLOMON_DECIMALS, return_to_start: bool = True
) -> PlacedPath:
    """Read a file of Solomon's vehicle routing problems, with one vehicle that chooses its customers.

    A name, ``VEHICLE``, ``NUMBER CAPACITY`` and the two, ``CUSTOMER``, a heading, and one line for each customer:
    number, x, y, demand, ready time, due date, service time. Demands are taken as profits, number and capacity of
    vehicles are not used; customer 0 is the start, and its due date the horizon.

    Parameters
    ----------
    path : str or Path
    decimals : int, optional
        Travel times are Euclidean distances truncated to so many digits after the point, 0 to 6, as in the literature;
        None: not truncated. Truncated ones need not keep the triangle inequality.
    return_to_start : bool
        Whether the worker must be back by the due date of customer 0, as in the literature.

    Raises
    ------
    InputError
        Naming file, line, value and remedy.

    References
    ----------
    Solomon, Algorithms for the vehicle routing and scheduling problems with time window constraints, Operations
    Research 35, 1987. Righini, Salani, Decremental state space relaxation strategies and initialization heuristics
    for solving the orienteering problem with time windows with dynamic programming, Computers & Operations Research
    36, 2009.
    """
    text = NumberText(path, "a file of Solomon's")
    name = text.word("the name").text
    for heading in ("VEHICLE", "NUMBER", "CAPACITY"):
        text.keyword(heading)
    text.number("the number of vehicles")
    text.number("the capacity")
    text.keyword("CUSTOMER")
    text.skip_letters()
    nodes: list[_Node] = []
    while text.left or not nodes:
        of = f"of customer {len(nodes)}"
        word = _row(text, len(nodes), "customer", _SOLOMON_ROW)
        x, y = _position(text, of)
        profit = text.number(f"the demand {of}")
        opens, closes = text.number(f"the ready time {of}"), text.number(f"the due date {of}")
        nodes.append(_Node(word, x, y, profit, opens, closes, text.number(f"the service time {of}")))
    return _placed(text, nodes, name, decimals, return_to_start)


def optw_path(path: str | Path, *, decimals: int | None = SOLOMON_DECIMALS, return_to_start: bool = True) -> PlacedPath:
    """Read a file of the (team) orienteering problem with time windows, for one worker.

    The first line is ``k v N t``, of which N, the number of vertices besides the start, is used; the second ``D Q`` or
    ``Q`` alone, not used; then N + 1 lines ``i x y d S f a list O C``: vertex from 0, position, duration of the visit,
    profit, two numbers and a list of `a` numbers that are not used, opening and closing of the window. Vertex 0 is
    start and end, its closing time the horizon.

    Parameters
    ----------
    path : str or Path
    decimals : int, optional
        As in `solomon_path`. The literature has 1 for Solomon's instances (``c``, ``r``, ``rc``), 2 for Cordeau's
        (``pr``).
    return_to_start : bool
        As in `solomon_path`.

    Raises
    ------
    InputError
        Naming file, line, value and remedy.

    References
    ----------
    Vansteenwegen, Souffriau, Vanden Berghe, Van Oudheusden, Iterated local search for the team orienteering problem
    with time windows, Computers & Operations Research 36, 2009; and `solomon_path`.
    """
    text = NumberText(path, "a file of the OPTW")
    for known in ("k", "v"):
        text.number(f"{known}, first of the file" if known == "k" else known)
    vertices = text.count("the number N of vertices besides the start", each=_OPTW_ROW)
    text.number("t")
    for _ in range(min(2, max(1, text.on_line()))):
        text.number("D or Q")
    nodes = []
    for vertex in range(vertices + 1):
        of = f"of vertex {vertex}"
        length = text.on_line()
        word = _row(text, vertex, "vertex", _OPTW_ROW, exact=False)
        x, y = _position(text, of)
        service, profit = text.number(f"the duration d {of}"), text.number(f"the profit S {of}")
        text.number(f"the number f {of}")
        listed = text.integer(f"the number a {of}")
        if length != _OPTW_ROW + listed:
            raise text.error(word, f"has {length} numbers for vertex {vertex}, whose a is {listed}",
                             f"give {_OPTW_ROW + listed}: i x y d S f a, a list of {listed}, O C")  # fmt: skip
        for _ in range(listed):
            text.number(f"the list {of}")
        opens, closes = text.number(f"the opening O {of}"), text.number(f"the closing C {of}")
        nodes.append(_Node(word, x, y, profit, opens, closes, service))
    text.end("give N + 1 vertices, the start included")
    return _placed(text, nodes, "", decimals, return_to_start)


def _row(text: NumberText, number: int, what: str, length: int, *, exact: bool = True) -> Word:
    """Take the number that a row begins with, and hold the row's length to what it should be."""
    found, word = text.on_line(), text.word(f"{what} {number}")
    if found < length or (exact and found > length):
        raise text.error(word, f"has {found} numbers for {what} {number}",
                         f"give {length}" if exact else f"give {length} at least")  # fmt: skip
    if word.text != str(number):
        raise text.error(word, f"begins with {shown(word.text)}, not {what} {number}",
                         f"number each {what} from 0, in order")  # fmt: skip
    return word


def _position(text: NumberText, of: str) -> tuple[float, float]:
    return text.number(f"the x {of}", low=-LARGEST), text.number(f"the y {of}", low=-LARGEST)


def _placed(
    text: NumberText, nodes: Sequence[_Node], name: str, decimals: int | None, return_to_start: bool
) -> PlacedPath:
    """Return what the rows say; every refusal names the line."""
    if decimals is not None and not 0 <= decimals <= MOST_DECIMALS:
        raise InputError("decimals", f"is {decimals}", f"give an integer from 0 to {MOST_DECIMALS}, or none")
    for node in nodes:
        if node.close < node.open:
            raise text.error(node.word, f"has a window that closes at {node.close:g}, before it opens at "
                             f"{node.open:g}", "give the opening first")  # fmt: skip
    start = nodes[0]
    if start.profit:
        raise text.error(start.word, f"has the profit {start.profit:g} for the start", "give 0")
    if start.open + start.service > start.close:
        raise text.error(start.word, f"lets the worker leave at {start.open + start.service:g}, after the end at "
                         f"{start.close:g}", "give a later end")  # fmt: skip
    columns = {key: np.array([getattr(node, key) for node in nodes]) for key in ("profit", "open", "close", "service")}
    positions = np.array([(node.x, node.y) for node in nodes])
    instance = WorkerPathInstance(**columns, travel=truncated_distances(positions, decimals),
                                  return_to_start=return_to_start, horizon=start.close)  # fmt: skip
    return PlacedPath(instance, positions, name)


def truncated_distances(positions: np.ndarray, decimals: int | None) -> np.ndarray:
    """Return Euclidean distances, truncated to so many digits after the point; None: not.

    Truncation is that of the exact distance between the decimals written: it errs nowhere by a digit, as that of a
    rounded square root would.

    Parameters
    ----------
    positions : array of float, shape (n, 2)
    decimals : int or None

    Returns
    -------
    array of float, shape (n, n)

    Examples
    --------
    >>> truncated_distances(np.array([[0.0, 0.0], [0.5, 1.2], [1.0, 1.0]]), 1)[0].tolist()
    [0.0, 1.3, 1.4]
    """
    x, y = positions.T
    distance: np.ndarray = np.hypot(x[:, None] - x, y[:, None] - y)
    if decimals is None:
        return distance
    units = distance * 10.0**decimals
    floors = np.floor(units)
    for i, j in np.argwhere(np.abs(units - np.rint(units)) < _NEAR_INTEGER):
        across, along = (Fraction(repr(float(c[i]))) - Fraction(repr(float(c[j]))) for c in (x, y))
        floors[i, j] = math.isqrt(int((across**2 + along**2) * 100**decimals))
    truncated: np.ndarray = floors / 10.0**decimals
    return truncated
