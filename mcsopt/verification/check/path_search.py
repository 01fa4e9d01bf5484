"""Bounds on worker paths in exact integers, for small instances: plain, and the oracle of the compiled search."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from fractions import Fraction

from mcsopt.verification.check.strict import Run

STOP = -1


@dataclass(frozen=True)
class Exact:
    """An instance in integers: times in units of ``1 / unit``, profits in a unit of their own.

    Attributes
    ----------
    profit : list of list of int
        One entry, or one for each whole time since the window opened.
    open, due, service : list of int
        Opening, latest start (slack included), duration.
    travel : list of list of int
    back : int or None
        When the worker must be back at node 0, slack included; None: need not be.
    unit : int
    """

    profit: list[list[int]]
    open: list[int]
    due: list[int]
    service: list[int]
    travel: list[list[int]]
    back: int | None
    unit: int

    def worth(self, node: int, start: int) -> int:
        """Return the profit of a service that starts at `start`."""
        table = self.profit[node]
        since = -((self.open[node] - start) // self.unit) if len(table) > 1 else 0
        return table[min(since, len(table) - 1)]

    def ends(self, node: int, start: int) -> bool:
        """Whether a path may end with this service."""
        return self.back is None or start + self.service[node] + self.travel[node][0] <= self.back

    def arrival(self, node: int, start: int, after: int) -> int:
        """Return when service starts at `after`."""
        return max(start + self.service[node] + self.travel[node][after], self.open[after])


def reachable(
    profit: list[list[int]],
    opened: list[int],
    due: list[int],
    service: list[int],
    travel: list[list[int]],
    back: int | None,
    unit: int,
) -> Exact:
    """Return the instance with no later starts than a path can end from, and none at tasks that cannot be reached."""
    n = len(opened)
    least = [row[:] for row in travel]
    for k in range(1, n):
        for i in range(n):
            for j in range(n):
                least[i][j] = min(least[i][j], least[i][k] + service[k] + least[k][j])
    for node in range(1, n):
        if back is not None:
            due[node] = min(due[node], back - service[node] - least[node][0])
        if max(opened[node], opened[0] + service[0] + least[0][node]) > due[node]:
            due[node] = opened[node] - 1
    return Exact(profit, opened, due, service, travel, back, unit)


def best(place: Exact, claim: int, run: Run) -> int:
    """Return the profit of the best path, or `claim` if none is worth more.

    Partial paths by rising time. One is dropped if all tasks it has not visited would not lift it above the claim, or
    if another at its node is no later, no poorer, and has visited nothing else: times and windows only get harder.
    """
    n = len(place.open)
    most = [max(table) for table in place.profit]
    waiting = [(place.open[0], 0, 0, 0)]
    seen: list[list[tuple[int, int, int]]] = [[] for _ in range(n)]
    while waiting:
        start, node, visited, profit = heapq.heappop(waiting)
        run.count("labels")
        if any(s <= start and p >= profit and not v & ~visited for s, p, v in seen[node]):
            continue
        seen[node].append((start, profit, visited))
        for after in range(1, n):
            if visited >> after & 1:
                continue
            at = place.arrival(node, start, after)
            if at > place.due[after]:
                continue
            worth, there = profit + place.worth(after, at), visited | 1 << after
            if place.ends(after, at):
                claim = max(claim, worth)
            if worth + sum(most[k] for k in range(1, n) if not there >> k & 1) > claim:
                heapq.heappush(waiting, (at, after, there, worth))
    return claim


def relaxed(place: Exact, step: Fraction, price: list[int], run: Run) -> int:
    """Return the best walk at profits less prices, over cells of time, with the prices given back.

    A walk serves a task as often as it likes, but does not come back at once; a start in a cell counts as one at its
    left end. No completion counts more than all tasks of positive reduced profit together, so a cell that is needed
    before it is filled (trips of no length) has that.
    """
    n, width = len(place.open), step * place.unit
    live = [node for node in range(1, n) if place.due[node] >= place.open[node]]
    roof = sum(max(0, place.profit[node][0] - price[node]) for node in live)
    sizes = {0: 1} | {node: (place.due[node] - place.open[node]) // width + 1 for node in live}
    # node, then cell: (first value, its next node, value with another next node)
    table = {node: [(roof, STOP, roof)] * int(size) for node, size in sizes.items()}
    cells = [(-(place.open[node] + cell * width), node, cell) for node in sizes for cell in range(int(sizes[node]))]
    run.count("cells", len(cells))
    for left, node, cell in sorted(cells):
        start, found = -left, []
        if node == 0 or _ends(place, node, start):
            found.append((0, STOP))
        for after in live:
            if after == node:
                continue
            at = max(start + place.service[node] + place.travel[node][after], place.open[after])
            if at > place.due[after]:
                continue
            first, then, second = table[after][int((at - place.open[after]) // width)]
            more = second if then == node else first
            if more is not None:
                found.append((_worth(place, after, at) - price[after] + more, after))
        found.sort(key=lambda choice: (-choice[0], choice[1]))
        values = [min(value, roof) for value, _ in found[:2]] + [None, None]  # type: ignore[list-item]  # None: no way on
        table[node][cell] = values[0], found[0][1] if found else STOP, values[1]
    return sum(price[1:]) + table[0][0][0]


def _ends(place: Exact, node: int, start: Fraction | int) -> bool:
    return place.back is None or start + place.service[node] + place.travel[node][0] <= place.back


def _worth(place: Exact, node: int, start: Fraction | int) -> int:
    table = place.profit[node]
    since = -((place.open[node] - start) // place.unit) if len(table) > 1 else 0
    return table[min(int(since), len(table) - 1)]
