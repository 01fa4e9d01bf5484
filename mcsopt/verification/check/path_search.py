"""Bounds on worker paths in exact integers, for small instances: plain, and the oracle of the compiled search."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import NamedTuple

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


class Ahead(NamedTuple):
    """The best completion after a cell, its next node, and the best with another; None: there is none."""

    best: int | None
    then: int
    other: int | None

    def without(self, node: int) -> int | None:
        """Return the best that does not begin with a node."""
        return self.other if self.then == node else self.best


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


def relaxed(place: Exact, width: int, price: list[int], run: Run) -> int:
    """Return the best walk at profits less prices, over cells of time, with the prices given back.

    A walk serves a task as often as it likes, but does not come back at once; a start in a cell counts as one at its
    left end. No completion counts more than all tasks of positive reduced profit together, so a cell that is needed
    before it is filled (trips of no length) has that.
    """
    n = len(place.open)
    live = [node for node in range(1, n) if place.due[node] >= place.open[node]]
    roof = sum(max(0, place.profit[node][0] - price[node]) for node in live)
    sizes = {0: 1} | {node: (place.due[node] - place.open[node]) // width + 1 for node in live}
    table = {node: [Ahead(roof, STOP, roof)] * size for node, size in sizes.items()}
    cells = [(-(place.open[node] + cell * width), node, cell) for node in sizes for cell in range(sizes[node])]
    run.count("cells", len(cells))
    for left, node, cell in sorted(cells):
        found = [(0, STOP)] if node == 0 or place.ends(node, -left) else []
        for after in live:
            at = place.arrival(node, -left, after)
            if after != node and at <= place.due[after]:
                more = table[after][(at - place.open[after]) // width].without(node)
                if more is not None:
                    found.append((place.worth(after, at) - price[after] + more, after))
        found.sort(key=lambda choice: (-choice[0], choice[1]))
        best, other = ([min(value, roof) for value, _ in found] + [None, None])[:2]
        table[node][cell] = Ahead(best, found[0][1] if found else STOP, other)
    return sum(price[1:]) + (table[0][0].best or 0)
