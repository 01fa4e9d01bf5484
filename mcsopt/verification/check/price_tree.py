"""Branching trees of worker prices: a walk over the leaves, and the bound that each leaf's prices prove.

A leaf with prices u >= 0 bounds every plan that respects its splits by ``sum_j u_j + sum_i best_i``, as each
worker is in at most one set: the constraint is priced, and each task chooses its best set on its own. Cuts with prices
y >= 0 may help: of three rows (tasks and workers) at most one can be in a set that has two of them or more, so
``sum y`` is added, and a set that has two rows of a cut (its task, its workers) is fined y.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mcsopt.verification.check import strict
from mcsopt.verification.check.fines import Cut, Fines
from mcsopt.verification.check.rounding import sum_up
from mcsopt.verification.check.strict import Range, Refused, Run

PRICE = Range(0.0, 1e100)
REMEMBERED = 2_000
"""Answers kept of one task, for leaves that ask the same question: some kB each."""
BATCH = 64
"""Leaves answered together, task by task: no task's answers depend on another's, so threads change nothing."""


@dataclass(frozen=True)
class Split:
    """An inner node: on whether task is served (worker None), or on a pair."""

    task: int
    worker: int | None


@dataclass(frozen=True)
class Leaf:
    """A leaf: workers and cuts with prices; `farkas` if it is claimed to be empty."""

    place: str
    worker: list[int]
    price: list[float]
    farkas: bool
    cuts: list[Cut]


def parse(value: Any, num_tasks: int, num_workers: int) -> list[Split | Leaf]:
    """Read the nodes of a tree in preorder, refusing malformed nodes and lists that are not one tree."""
    nodes: list[Split | Leaf] = []
    for position, node in enumerate(strict.listed(value, "evidence.tree")):
        place = f"evidence.tree[{position}]"
        if isinstance(node, dict) and "split" in node:
            nodes.append(_parse_split(node, place, num_tasks, num_workers))
        else:
            nodes.append(_parse_leaf(node, place, num_tasks, num_workers))
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


def _parse_leaf(node: Any, place: str, num_tasks: int, num_workers: int) -> Leaf:
    farkas = isinstance(node, dict) and "farkas" in node
    key = "farkas" if farkas else "price"
    strict.entries(node, place, ("worker", key), ("cut",))
    worker = strict.distinct_indices(node["worker"], f"{place}.worker", num_workers)
    price = strict.numbers(node[key], f"{place}.{key}", PRICE, len(worker))
    cuts = [
        _parse_cut(cut, f"{place}.cut[{k}]", num_tasks, num_workers)
        for k, cut in enumerate(strict.listed(node.get("cut", []), f"{place}.cut"))
    ]
    return Leaf(place, worker, price, farkas, cuts)


def _parse_cut(value: Any, place: str, num_tasks: int, num_workers: int) -> Cut:
    strict.entries(value, place, ("task", "worker", "price"))
    task = strict.distinct_indices(value["task"], f"{place}.task", num_tasks)
    worker = strict.distinct_indices(value["worker"], f"{place}.worker", num_workers)
    if len(task) + len(worker) != 3:
        raise Refused(f"{place} has {len(task) + len(worker)} rows; a cut has three tasks and workers")
    return Cut(tuple(task), tuple(worker), strict.number(value["price"], f"{place}.price", PRICE))


@dataclass(frozen=True)
class Question:
    """What a leaf asks of a task: the best set but for the banned, or `empty` if that is better."""

    price: np.ndarray
    banned: np.ndarray | None
    valued: bool
    empty: float
    fines: Fines


class Side(Protocol):
    """What a tree must know of one task: its candidates, and its best set.

    Attributes
    ----------
    workers : array of int, shape (m,)
        Its candidates, ascending.
    floored : bool
        Whether `best` makes use of its floor.
    parallel : bool
        Whether `best` lets threads run side by side.
    """

    @property
    def workers(self) -> np.ndarray:
        """Its candidates."""
        ...

    @property
    def floored(self) -> bool:
        """Whether the floor is made use of."""
        ...

    @property
    def parallel(self) -> bool:
        """Whether threads run side by side."""
        ...

    def best(self, price: np.ndarray, banned: np.ndarray, valued: bool, floor: float, run: Run, fines: Fines) -> float:
        """Return an upper bound, tight to rounding, on `floor` and the best feasible set without banned candidates.

        Prices u >= 0 are those of the candidates; if not `valued`, ``-sum u`` alone counts, less fines.
        """
        ...


class TaskState:
    """One task along the current path: what the splits forbid, and the answers so far."""

    def __init__(self, index: int, side: Side, required: bool) -> None:
        self.index, self.side, self.required = index, side, required
        self.bans = np.zeros(len(side.workers), dtype=np.int64)
        self.emptied = self.served = 0
        self.known: dict[tuple[bool, float, bytes, bytes], float] = {}

    def ask(self, price: np.ndarray, cuts: list[Cut], valued: bool) -> Question:
        """Return what the current node asks at prices u (of all workers) and of cuts."""
        empty = -math.inf if self.served or self.required else 0.0
        banned = None if self.emptied else self.bans > 0
        return Question(price, banned, valued, empty, Fines.of_task(self.index, self.side.workers, cuts))

    def best(self, asked: Question, run: Run) -> float:
        """Return an upper bound, tight to rounding, on the task's best allowed set; -inf if none."""
        if asked.banned is None:
            return asked.empty
        own = asked.price[self.side.workers]
        floor = asked.empty if self.side.floored else -math.inf
        key = (asked.valued, floor, np.where(asked.banned, -1.0, own).tobytes(), asked.fines.key)
        if key not in self.known:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            run.count("sets priced anew")
            self.known[key] = self.side.best(own, asked.banned, asked.valued, floor, run, asked.fines)
        return max(asked.empty, self.known[key])


class Walk:
    """The market at the current node: splits are applied on the way down and undone on the way up."""

    def __init__(self, sides: Sequence[Side], num_workers: int, required: Sequence[bool], run: Run) -> None:
        self.states = [TaskState(i, side, required[i]) for i, side in enumerate(sides)]
        self.num_workers, self.run = num_workers, run
        self.places: list[list[tuple[int, int]]] = [[] for _ in range(num_workers)]
        for i, side in enumerate(sides):
            for local, j in enumerate(side.workers.tolist()):
                self.places[j].append((i, local))

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

    def visit(self, nodes: list[Split | Leaf]) -> Iterator[Leaf]:
        """Yield the leaves of a tree in preorder, each with the splits above it applied."""
        path: list[Split] = []
        second: list[bool] = []
        for node in nodes:
            if isinstance(node, Split):
                self.apply(node, False, 1)
                path.append(node)
                second.append(False)
                continue
            yield node
            while path and second[-1]:
                second.pop()
                self.apply(path.pop(), True, -1)
            if path:
                self.apply(path[-1], False, -1)
                self.apply(path[-1], True, 1)
                second[-1] = True

    def ask(self, leaf: Leaf) -> list[Question]:
        """Return what a leaf at the current node asks of each task."""
        price = np.zeros(self.num_workers)
        price[leaf.worker] = leaf.price
        return [state.ask(price, leaf.cuts, not leaf.farkas) for state in self.states]

    def bounds(self, leaves: list[Leaf], asked: list[list[Question]]) -> list[float]:
        """Return the bounds of leaves, rounded up; -inf where some task has no allowed set.

        For a leaf claimed empty it is the same sum without the values: if negative, no plan is left.
        """
        runs = [self.run.anew() for _ in self.states]

        def answer(i: int) -> list[float]:
            return [self.states[i].best(questions[i], runs[i]) for questions in asked]

        best = list(self._each_task(answer))
        for run in runs:
            for what, amount in run.work.items():
                self.run.count(what, amount)
        return [self._total(leaf, [answers[k] for answers in best]) for k, leaf in enumerate(leaves)]

    @staticmethod
    def _total(leaf: Leaf, best: list[float]) -> float:
        return -math.inf if -math.inf in best else sum_up([*leaf.price, *(cut.price for cut in leaf.cuts), *best])

    def _each_task(self, answer: Callable[[int], list[float]]) -> Iterator[list[float]]:
        """Return the answers of all tasks. Only compiled code lets threads run side by side."""
        if self.run.threads == 1 or not any(state.side.parallel for state in self.states):
            yield from map(answer, range(len(self.states)))
            return
        with ThreadPoolExecutor(self.run.threads) as pool:
            yield from pool.map(answer, range(len(self.states)))

    def leaf_bound(self, leaf: Leaf) -> float:
        """Return the bound of one leaf at the current node."""
        return self.bounds([leaf], [self.ask(leaf)])[0]


def read(evidence: dict[str, Any], num_tasks: int, num_workers: int) -> list[Split | Leaf]:
    """Read ``{"kind": "price-tree", "tree": [...]}``; `Refused` if it is malformed."""
    strict.entries(evidence, "evidence", ("kind", "tree"))
    return parse(evidence["tree"], num_tasks, num_workers)


def count_leaves(nodes: list[Split | Leaf]) -> int:
    """Return the number of leaves."""
    return sum(isinstance(node, Leaf) for node in nodes)


def largest_bound(
    nodes: list[Split | Leaf], sides: Sequence[Side], num_workers: int, required: Sequence[bool], run: Run
) -> float | None:
    """Return the largest leaf bound of a price tree; None if every leaf is proven empty.

    Parameters
    ----------
    nodes : list
        The tree, as `read`.
    sides : sequence of Side
        Every task with all candidates that cannot be excluded.
    num_workers : int
        Number of workers of the market.
    required : sequence of bool
        Whether each task must be served.
    run : Run
        Time and work.

    Raises
    ------
    Refused
        If the prices of a leaf claimed empty do not prove it.
    """
    walk = Walk(sides, num_workers, required, run)
    bound = -math.inf
    leaves: list[Leaf] = []
    asked: list[list[Question]] = []
    for leaf in walk.visit(nodes):
        run.tick()
        run.count("leaves")
        leaves.append(leaf)
        asked.append(walk.ask(leaf))
        if len(leaves) == BATCH:
            bound = max(bound, _largest_bound(walk, leaves, asked))
            leaves, asked = [], []
    bound = max(bound, _largest_bound(walk, leaves, asked))
    return None if bound == -math.inf else bound


def _largest_bound(walk: Walk, leaves: list[Leaf], asked: list[list[Question]]) -> float:
    """Return the largest bound of leaves with values, once those claimed empty are proven so."""
    largest = -math.inf
    for leaf, value in zip(leaves, walk.bounds(leaves, asked), strict=True):
        if not leaf.farkas:
            largest = max(largest, value)
        elif not value < 0:
            raise Refused(f"{leaf.place} is claimed empty, but its prices only prove {value:.6g}, which is not < 0")
    return largest
