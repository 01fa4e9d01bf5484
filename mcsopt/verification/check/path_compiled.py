"""Bounds on worker paths by compiled search: what `path_search` finds in integers, in doubles rounded outward.

Times are rounded down, and latest starts and profits up, so that every path of the instance, its slack included, is one
of the search, no later and no poorer. Every step of the search is monotone in its own arithmetic (earlier and richer
stays earlier and richer), so that dominance loses nothing: the result bounds every path.

A node is shut out of a partial path once it is visited, or cannot be reached in time even along shortest paths over
all tasks. To end in time, a path must also come home: the same shortest paths bound the latest start.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from mcsopt.verification.check import path_kernel as kernel
from mcsopt.verification.check.strict import Refused, Run

QUOTA = 20_000
"""Labels between two looks at the clock."""
SETS = 1 << 16
"""Sets of tasks between two looks."""
FIRST_ROOM = 1 << 14
MOST_CELLS = 8_000_000
MOST_BYTES = 2**30
"""Memory for labels: what needs more is refused."""
LARGEST_WHOLE = 2.0**53


class Place(Protocol):
    """An instance as `worker_path.Place` has it."""

    @property
    def profit(self) -> list[list[float]]:
        """Profits of each node, by start since its window opened."""

    @property
    def open(self) -> list[float]:
        """When windows open."""

    @property
    def close(self) -> list[float]:
        """When they close."""

    @property
    def service(self) -> list[float]:
        """Durations of service."""

    @property
    def travel(self) -> list[list[float]]:
        """Times from node to node."""

    @property
    def returns(self) -> bool:
        """Whether the path ends at node 0."""

    @property
    def horizon(self) -> float:
        """When everything ends."""


def bound(place: Place, step: float, price: list[float], claim: float | None, slack: float, run: Run) -> float:
    """Return what `worker_path.derive_bound` says of prices, width of cells and a claim."""
    times, least = _times(place, slack)
    whole = all(p == math.floor(p) for table in place.profit for p in table) and (
        sum(table[0] for table in place.profit) < LARGEST_WHOLE
    )
    cells = _cells(times, step)
    run.count("cells", len(cells.node))
    run.tick()
    fines = np.array(price)
    root = kernel.relax(times, cells, fines, np.lexsort((cells.node, -cells.left)))
    root = math.floor(root) if whole else root
    if claim is None or root <= claim:
        return float(max(root, 0.0))
    return min(float(root), _searched(times, cells, least, fines, whole, max(claim, 0.0), run))


def bound_by_subsets(place: Place, slack: float, run: Run) -> float:
    """Return the profit of the best set of tasks that some path serves, rounded up."""
    times, _ = _times(place, slack)
    tasks = len(place.open) - 1
    soonest, total, best = np.full((1 << tasks, tasks), np.inf), np.zeros(1 << tasks), 0.0
    run.count("sets", 1 << tasks)
    for low in range(0, 1 << tasks, SETS):
        run.tick()
        best = kernel.subsets(times, soonest, total, low, min(low + SETS, 1 << tasks), best)
    return float(best)


def _times(place: Place, slack: float) -> tuple[kernel.Times, np.ndarray]:
    """Return the instance with latest starts, rounded up, and the shortest paths, rounded down."""
    service = np.array(place.service)
    travel = np.array(place.travel)
    np.fill_diagonal(travel, np.inf)
    end = kernel.up(place.horizon, slack)
    due = np.array([min(kernel.up(c, slack), kernel.up(end, -s)) for c, s in zip(place.close, service, strict=True)])
    first = np.concatenate([[0], np.cumsum([len(table) for table in place.profit])]).astype(np.int64)
    times = kernel.Times(
        np.array(place.open), due, service, travel, end if place.returns else math.inf,
        np.concatenate([np.array(table) for table in place.profit]), first,
    )  # fmt: skip
    least = kernel.closure(times)
    for node in range(1, len(due)):
        if place.returns:
            due[node] = min(due[node], kernel.up(end, -kernel.down(service[node], least[node, 0])))
        if kernel.arrival(times._replace(travel=least), 0, times.open[0], node) > due[node]:
            due[node] = -np.inf
    return times, least


def _cells(times: kernel.Times, step: float) -> kernel.Cells:
    span = np.array([kernel.up(d, -o) if d >= o else -np.inf for d, o in zip(times.due, times.open, strict=True)])
    # Rounded up once more: of large times the slack is less than the next double.
    if float(np.maximum(span, 0.0).sum()) / step > MOST_CELLS:
        raise Refused(f"evidence.step is {step!r}: more than {MOST_CELLS:,} cells")
    count = np.where(span >= 0, np.floor(np.maximum(span, 0.0) / step) + 1, 0).astype(np.int64)
    count[0] = 1
    first = np.concatenate([[0], np.cumsum(count)])
    node = np.repeat(np.arange(len(count)), count)
    offset = (np.arange(first[-1]) - first[node]) * step
    left = np.array([kernel.down(times.open[i], x) for i, x in zip(node, offset, strict=True)])
    size = len(node)
    return kernel.Cells(step, first, node, left, np.empty(size), np.empty(size, np.int64), np.empty(size))


def _searched(
    times: kernel.Times, cells: kernel.Cells, least: np.ndarray, price: np.ndarray, whole: bool, claim: float, run: Run
) -> float:
    """Return the best path above the claim, or the claim."""
    n = len(price)
    words = (n + 63) // 64
    room, queue = FIRST_ROOM, _queue(FIRST_ROOM, words, n)
    reached, counts = np.array([claim]), np.zeros(4, np.int64)
    kernel.plant(times, queue, counts)
    while True:
        run.tick()
        state = kernel.search(times, cells, least, price, whole, queue, reached, counts, QUOTA)
        if state == kernel.DONE:
            run.count("labels", int(counts[kernel.TAKEN]))
            return float(reached[0])
        if state == kernel.FULL:
            room *= 2
            if room * (8 * words + 28) > MOST_BYTES:
                raise Refused(f"evidence.bound needs a search of more than {room // 2:,} labels")
            larger = _queue(room, words, n)
            for old, new in zip(queue, larger, strict=True):
                new[: len(old)] = old
            queue = larger


def _queue(room: int, words: int, nodes: int) -> kernel.Queue:
    pages = room // kernel.PAGE + nodes + 1
    return kernel.Queue(
        np.empty(room), np.empty(room), np.empty(room, np.int32), np.empty((room, words), np.uint64),
        np.empty(room, np.int32), np.full(nodes, kernel.STOP, np.int32), np.empty(pages, np.int32),
        np.empty(pages, np.int32), np.empty(pages), np.empty(pages * kernel.PAGE, np.int32),
    )  # fmt: skip
