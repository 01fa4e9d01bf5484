"""Branching trees of worker prices: a walk over the leaves, and the bound that each leaf's prices prove.

A leaf with prices u >= 0 bounds every plan that respects its splits by ``sum_j u_j + sum_i best_i``, as each
worker is in at most one set: the constraint is priced, and each task chooses its best set on its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.verification.check import pricing, strict
from mcsopt.verification.check.rounding import sum_up
from mcsopt.verification.check.sets import Task
from mcsopt.verification.check.strict import Range, Refused, Run

PRICE = Range(0.0, 1e100)
REMEMBERED = 20_000
"""Answers kept of one task, for leaves that ask the same question."""


@dataclass(frozen=True)
class Split:
    """An inner node: on whether task is served (worker None), or on a pair."""

    task: int
    worker: int | None


@dataclass(frozen=True)
class Leaf:
    """A leaf: workers with prices; `farkas` if it is claimed to be empty."""

    place: str
    worker: list[int]
    price: list[float]
    farkas: bool


def parse(value: Any, num_tasks: int, num_workers: int) -> list[Split | Leaf]:
    """Read the nodes of a tree in preorder, refusing malformed nodes and lists that are not one tree."""
    nodes: list[Split | Leaf] = []
    for position, node in enumerate(strict.listed(value, "evidence.tree")):
        place = f"evidence.tree[{position}]"
        if isinstance(node, dict) and "split" in node:
            nodes.append(_parse_split(node, place, num_tasks, num_workers))
        else:
            nodes.append(_parse_leaf(node, place, num_workers))
    strict.preorder_shape([isinstance(node, Split) for node in nodes], "evidence.tree")
    return nodes


def _parse_split(node: dict[str, Any], place: str, num_tasks: int, num_workers: int) -> Split:
    if strict.one_of(node["split"], f"{place}.split", ("served", "pair")) == "served":
        strict.entries(node, place, ("split", "task"))
        return Split(strict.index(node["task"], f"{place}.task", num_tasks), None)
    strict.entries(node, place, ("split", "task", "worker"))
    return Split(
        strict.index(node["task"], f"{place}.task", num_tasks),
        strict.index(node["worker"], f"{place}.worker", num_workers),
    )


def _parse_leaf(node: Any, place: str, num_workers: int) -> Leaf:
    farkas = isinstance(node, dict) and "farkas" in node
    key = "farkas" if farkas else "price"
    strict.entries(node, place, ("worker", key))
    worker = strict.distinct_indices(node["worker"], f"{place}.worker", num_workers)
    return Leaf(place, worker, strict.numbers(node[key], f"{place}.{key}", PRICE, len(worker)), farkas)


class TaskState:
    """One task along the current path: what the splits forbid, and the answers so far."""

    def __init__(self, task: Task, required: bool) -> None:
        self.task, self.required = task, required
        self.bans = np.zeros(task.size, dtype=np.int64)
        self.emptied = self.served = 0
        self.listing: list[pricing.Listing] | None = None
        self.known: dict[tuple[bool, bytes], float] = {}

    def best(self, price: np.ndarray, valued: bool, run: Run) -> float:
        """Return an upper bound on the task's best allowed set at prices u (of all workers); -inf if none."""
        empty = -math.inf if self.served or self.required else 0.0
        if self.emptied:
            return empty
        own = price[self.task.workers]
        banned = self.bans > 0
        key = (valued, np.where(banned, -1.0, own).tobytes())
        if key not in self.known:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            if self.listing is not None:
                self.known[key] = pricing.best_listed(self.listing, own, banned, valued)
            else:
                self.known[key] = pricing.best_searched(self.task, own, banned, valued, run)
            run.count("sets priced anew")
        return max(empty, self.known[key])


class Walk:
    """The market at the current node: splits are applied on the way down and undone on the way up."""

    def __init__(self, tasks: list[Task], num_workers: int, required: bool, run: Run) -> None:
        self.states = [TaskState(task, required) for task in tasks]
        self.num_workers, self.run = num_workers, run
        self.places: list[list[tuple[int, int]]] = [[] for _ in range(num_workers)]
        room = pricing.LISTED_IN_ALL
        for i, task in enumerate(tasks):
            for local, j in enumerate(task.workers.tolist()):
                self.places[j].append((i, local))
            listing = pricing.list_sets(task, min(room, pricing.LISTED_SETS), run)
            self.states[i].listing = listing
            room -= 0 if listing is None else sum(len(sets.value) for sets in listing)
            run.count("tasks searched" if listing is None else "tasks listed")

    def apply(self, split: Split, second: bool, by: int) -> None:
        """Apply (by = 1) or undo (by = -1) one side of a split."""
        if split.worker is None:
            if second:
                self.states[split.task].served += by
            else:
                self.states[split.task].emptied += by
            return
        for i, local in self.places[split.worker]:
            # First side: not in this task. Second side: in no other task.
            if (i != split.task) == second:
                self.states[i].bans[local] += by

    def leaf_bound(self, leaf: Leaf) -> float:
        """Return the leaf's bound, rounded up; -inf if some task has no allowed set.

        For a leaf claimed empty it is the same sum without the values: if negative, no plan is left.
        """
        price = np.zeros(self.num_workers)
        price[leaf.worker] = leaf.price
        terms = list(leaf.price)
        for state in self.states:
            best = state.best(price, not leaf.farkas, self.run)
            if best == -math.inf:
                return best
            terms.append(best)
        return sum_up(terms)


def derive(tasks: list[Task], num_workers: int, required: bool, evidence: dict[str, Any], run: Run) -> float | None:
    """Return the largest leaf bound of a price tree; None if every leaf is proven empty.

    Parameters
    ----------
    tasks : list of Task
        Every task with all candidates that cannot be excluded.
    num_workers : int
        Number of workers of the market.
    required : bool
        Whether every task must be served.
    evidence : dict
        ``{"kind": "price-tree", "tree": [...]}``.
    run : Run
        Time and work.

    Raises
    ------
    Refused
        If the tree is malformed, or the prices of a leaf claimed empty do not prove it.
    """
    strict.entries(evidence, "evidence", ("kind", "tree"))
    nodes = parse(evidence["tree"], len(tasks), num_workers)
    walk = Walk(tasks, num_workers, required, run)
    bound = -math.inf
    path: list[Split] = []
    second: list[bool] = []
    for node in nodes:
        if isinstance(node, Split):
            walk.apply(node, False, 1)
            path.append(node)
            second.append(False)
            continue
        run.tick()
        run.count("leaves")
        value = walk.leaf_bound(node)
        if not node.farkas:
            bound = max(bound, value)
        elif not value < 0:
            raise Refused(f"{node.place} is claimed empty, but its prices only prove {value:.6g}, which is not < 0")
        while path and second[-1]:
            second.pop()
            walk.apply(path.pop(), True, -1)
        if path:
            walk.apply(path[-1], False, -1)
            walk.apply(path[-1], True, 1)
            second[-1] = True
    return None if bound == -math.inf else bound
