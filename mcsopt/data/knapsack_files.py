"""Knapsack files of the literature: Pisinger's blocks, and bare lists of values and weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcsopt.data.number_text import NumberText
from mcsopt.errors import shown
from mcsopt.problems import KnapsackInstance, Packing

_ITEM = ("number", "value", "weight", "recorded choice")


@dataclass(frozen=True)
class RecordedKnapsack:
    """A knapsack of a file, with the solution that the file records beside it: somebody's word, not checked.

    Attributes
    ----------
    instance : KnapsackInstance
    name : str
        The file's name for it; empty if it has none.
    optimum : float or None
        Recorded value of an optimal packing. To compare with; nothing in mcsopt relies on it.
    packing : Packing or None
        Recorded choice of items, which counts from 0 here.
    """

    instance: KnapsackInstance
    name: str = ""
    optimum: float | None = None
    packing: Packing | None = None


def pisinger_knapsacks(path: str | Path) -> tuple[RecordedKnapsack, ...]:
    """Read every block of a file of Pisinger's generators.

    A block is a name, the lines ``n ...`` (items), ``c ...`` (capacity), ``z ...`` (recorded optimum) and
    ``time ...``, one line ``number,value,weight,choice`` for each item, numbered from 1, and a line of dashes.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    InputError
        Naming file, line, value and remedy.

    References
    ----------
    Pisinger, Where are the hard knapsack problems?, Computers & Operations Research 32, 2005.
    """
    text = NumberText(path, "a file of Pisinger's knapsacks", separators=",")
    found = [_block(text)]
    while text.left:
        found.append(_block(text))
    return tuple(found)


def _block(text: NumberText) -> RecordedKnapsack:
    name = text.word("the name of a knapsack").text
    text.keyword("n")
    items = text.count(f"the number of items of {shown(name)}", each=len(_ITEM))
    text.keyword("c")
    capacity = text.number("the capacity c")
    text.keyword("z")
    optimum = text.number("the recorded optimum z")
    text.keyword("time")
    text.number("the recorded time")
    rows = []
    for item in range(items):
        place = text.peek()
        row = [text.number(f"the {column} of item {item + 1}") for column in _ITEM]
        if place is not None and row[0] != item + 1:
            raise text.error(place, f"begins with {shown(place.text)}, not item {item + 1}",
                             "number the items from 1, in order")  # fmt: skip
        if place is not None and row[3] not in (0, 1):
            raise text.error(place, f"ends with {row[3]:g}, no choice", "end it with 1 (chosen) or 0")
        rows.append(row)
    text.rule(f"ends the {items:,} items of {shown(name)}")
    columns = np.array(rows).reshape(items, len(_ITEM)).T
    instance = KnapsackInstance(weight=columns[2], value=columns[1], capacity=capacity)
    return RecordedKnapsack(instance, name, optimum, Packing(np.flatnonzero(columns[3])))


def plain_knapsack(path: str | Path) -> RecordedKnapsack:
    """Read a bare knapsack: ``n capacity``, then ``value weight`` for each item.

    Some collections end with a line of n choices 0 or 1, which is kept as the recorded packing.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    InputError
        Naming file, line, value and remedy.
    """
    text = NumberText(path, "a bare knapsack")
    items = text.count("the number of items", each=2)
    capacity = text.number("the capacity")
    pairs = [[text.number(f"the {column} of item {item}") for column in ("value", "weight")] for item in range(items)]
    columns = np.array(pairs).reshape(items, 2).T
    instance = KnapsackInstance(weight=columns[1], value=columns[0], capacity=capacity)
    if not text.left or not items:
        text.end("remove them")
        return RecordedKnapsack(instance)
    if text.left != items:
        text.end(f"after {items:,} lines 'value weight' nothing may follow, or one choice 0 or 1 for each item")
    chosen = [text.integer(f"the recorded choice of item {item}", high=1) for item in range(items)]
    return RecordedKnapsack(instance, packing=Packing(np.flatnonzero(chosen)))
