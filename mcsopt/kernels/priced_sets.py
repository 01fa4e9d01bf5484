"""The best worker sets of every task of a market at given worker prices: exact, on all cores."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.kernels.pricing import COMPLETE, FULL
from mcsopt.kernels.set_search import Candidates, Question, set_search
from mcsopt.kernels.worker_sets import WorkerSets
from mcsopt.problems.assignment import AssignmentProblem

MAX_NODES = 20_000_000
"""Most nodes of the search for one task at one vector of prices: half a minute."""
MAX_CUTS = 62
"""Most cuts that count in one task, the dearest: one bit each."""


@dataclass(frozen=True)
class Cuts:
    """Subset-row cuts with weights: of three rows, at most one is covered by sets that have two of them or more.

    ``sum_A lambda_A floor(|rows of A in S| / 2) <= 1`` for a set S of three rows, as three rows that are covered at
    most once each are covered at most three times, and 3/2 rounded down is 1.

    Attributes
    ----------
    rows : array of int, shape (n, 3)
        Worker j is row j, task i is row ``J + i``; a set of task i has its workers and row ``J + i``.
    weight : array of float, shape (n,)
        Weights >= 0: what a set with two of the rows is fined.

    References
    ----------
    Jepsen et al., Subset-row inequalities applied to the vehicle-routing problem with time windows, 2008.
    """

    rows: np.ndarray
    weight: np.ndarray

    @classmethod
    def none(cls) -> Cuts:
        """Return no cuts."""
        return cls(np.zeros((0, 3), dtype=np.int64), np.zeros(0))

    def __len__(self) -> int:
        return len(self.weight)

    def positive(self) -> Cuts:
        """Return the cuts of positive weight."""
        return Cuts(self.rows[self.weight > 0], self.weight[self.weight > 0])


@dataclass(frozen=True)
class PricedSets:
    """Worker sets above their task's floor at given prices.

    Attributes
    ----------
    sets : WorkerSets
        By task, the best first; their values are ``v_i(A)``, whatever the prices.
    reduced : array of float, shape (n,)
        ``v_i(A) - sum_{j in A} u_j`` (or ``-sum u`` where values were left out), less the fines of cuts.
    best : array of float, shape (I,)
        The largest reduced value of each task, the floor where no set is above it; of tasks not asked for, the floor.
    nodes : array of int, shape (I,)
        Nodes of each search.
    """

    sets: WorkerSets
    reduced: np.ndarray
    best: np.ndarray
    nodes: np.ndarray


@dataclass(frozen=True)
class _Marks:
    """The cuts that concern one task, as bits."""

    mark: np.ndarray
    hit: int
    fine: np.ndarray

    def select(self, keep: slice | np.ndarray) -> _Marks:
        """Return the marks of some of the candidates."""
        return _Marks(self.mark[keep], self.hit, self.fine)

    @property
    def key(self) -> bytes:
        """What tells marks apart."""
        return self.mark.tobytes() + self.fine.tobytes() + self.hit.to_bytes(8, "little") if len(self.fine) else b""

    def fines(self, members: np.ndarray) -> float:
        """Return what a set is fined."""
        hit, due = self.hit, 0
        for mark in self.mark[members].tolist():
            due |= hit & mark
            hit |= mark
        return sum(float(fine) for k, fine in enumerate(self.fine) if due >> k & 1)


def _marks(cuts: Cuts, workers: np.ndarray, task_row: int) -> _Marks:
    mark = np.zeros(len(workers), dtype=np.int64)
    if not len(cuts):
        return _Marks(mark, 0, np.zeros(0))
    order = np.argsort(workers)
    place = np.searchsorted(workers[order], cuts.rows)
    place = order[np.minimum(place, len(workers) - 1)]
    is_here = workers[place] == cuts.rows
    is_task = cuts.rows == task_row
    concerned = np.flatnonzero((is_here | is_task).sum(axis=1) >= 2)
    concerned = concerned[np.argsort(-cuts.weight[concerned], kind="stable")][:MAX_CUTS]
    hit = 0
    for bit, k in enumerate(concerned.tolist()):
        mark[place[k][is_here[k]]] |= 1 << bit
        hit |= int(is_task[k].any()) << bit
    return _Marks(mark, hit, cuts.weight[concerned])


_Answer = tuple[np.ndarray, np.ndarray, list[np.ndarray], int]


class Pricer:
    """Prices the tasks of one market; answers do not depend on the number of threads.

    Parameters
    ----------
    problem : AssignmentProblem
        Of a family with a search of its own, see `mcsopt.kernels.set_search`.
    threads : int, optional
        None: as many as the machine has cores, where threads pay.

    Raises
    ------
    TooLarge
        If a task's sets are too large to be searched.
    """

    def __init__(self, problem: AssignmentProblem, threads: int | None = None) -> None:
        self.problem = problem
        self.num_tasks, self.num_workers = problem.instance.num_tasks, problem.instance.num_workers
        self.sets_of = set_search(problem)
        self._candidates = [self.sets_of.candidates(task) for task in range(self.num_tasks)]
        cores = (os.cpu_count() or 1) if self.sets_of.slow else 1
        self._threads = cores if threads is None else threads
        self._effort = np.array([len(c.pairs) for c in self._candidates])
        self._pool: ThreadPoolExecutor | None = None
        self._last: dict[int, tuple[object, _Answer]] = {}

    def best(
        self,
        price: np.ndarray,
        *,
        count: int = 1,
        floor: np.ndarray | float = -np.inf,
        usable: np.ndarray | None = None,
        tasks: Iterable[int] | None = None,
        valued: bool = True,
        listing: bool = False,
        cuts: Cuts | None = None,
    ) -> PricedSets:
        """Return the `count` best feasible nonempty sets of each task that are worth more than its floor.

        Parameters
        ----------
        price : array of float, shape (J,)
            Prices u >= 0 of the workers.
        count : int
            Sets per task; equal values are cut off by the order of the search.
        floor : float or array of float, shape (I,)
            Sets whose reduced value is not above it are left out.
        usable : array of bool, shape (P,), optional
            Restricts the candidate pairs.
        tasks : iterable of int, optional
            Only these; None: all.
        valued : bool, default True
            Whether ``v_i(A)`` counts, or the prices alone.
        listing : bool, default False
            Every set above the floor is wanted; more than `count` are too many.
        cuts : Cuts, optional
            Fines besides the prices; of more than `MAX_CUTS` that concern a task only the dearest count, so that
            reduced values and bounds are too high, never too low.

        Returns
        -------
        PricedSets

        Raises
        ------
        TooLarge
            If a search takes more than `MAX_NODES` nodes, or a listing has more than `count` sets.
        """
        asked = np.arange(self.num_tasks) if tasks is None else np.array(sorted(tasks), dtype=np.int64)
        floors = np.broadcast_to(np.asarray(floor, dtype=np.float64), (self.num_tasks,))
        cuts = Cuts.none() if cuts is None else cuts.positive()

        def one(task: int) -> _Answer:
            return self._price(task, price, cuts, count, float(floors[task]), usable, valued, listing)

        # The longest first, so that no core is left alone with a hard task at the end.
        order = asked[np.argsort(-self._effort[asked], kind="stable")]
        if self._threads > 1 and len(order) > 1:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads)
            answers = dict(zip(order.tolist(), self._pool.map(one, order.tolist()), strict=True))
        else:
            answers = {task: one(task) for task in order.tolist()}
        return self._collected(asked, answers, floors, price, valued)

    def _collected(
        self, asked: np.ndarray, answers: dict[int, _Answer], floors: np.ndarray,
        price: np.ndarray, valued: bool,
    ) -> PricedSets:  # fmt: skip
        best, nodes, counts = floors.copy(), np.zeros(self.num_tasks, dtype=np.int64), np.zeros(self.num_tasks, int)
        values, fined, members = [np.zeros(0)], [np.zeros(0)], []
        for task in asked.tolist():
            reduced, fines, sets, nodes[task] = answers[task]
            counts[task] = len(sets)
            if len(sets):
                best[task] = reduced[0]
                values.append(reduced)
                fined.append(fines)
                members.extend(sets)
        self._effort[asked] = nodes[asked]
        reduced = np.concatenate(values)
        start = np.concatenate([[0], np.cumsum([len(m) for m in members])]).astype(np.int64)
        worker = np.concatenate(members) if members else np.zeros(0, dtype=np.int64)
        value = reduced
        if valued and len(members):
            value = reduced + np.concatenate(fined) + np.add.reduceat(price[worker], start[:-1])
        sets_of_all = WorkerSets(
            task=np.repeat(np.arange(self.num_tasks), counts), value=value, start=start, worker=worker,
            task_start=np.concatenate([[0], np.cumsum(counts)]),
        )  # fmt: skip
        return PricedSets(sets_of_all, reduced, best, nodes)

    def _price(
        self, task: int, price: np.ndarray, cuts: Cuts, count: int, floor: float, usable: np.ndarray | None,
        valued: bool, listing: bool,
    ) -> _Answer:  # fmt: skip
        """Return reduced values, the best first, fines in them, sorted members, and the nodes of the search."""
        here = self._candidates[task]
        keep = slice(None) if usable is None or usable[here.pairs].all() else usable[here.pairs]
        workers = here.workers[keep]
        if not len(workers) or not here.depth:
            return np.zeros(0), np.zeros(0), [], 0
        loss = price[workers] + (here.cost[keep] if valued else 0.0)
        # Chosen among all candidates, as the checker does, so that both leave out the same cuts if they are too many.
        marks = _marks(cuts, here.workers, self.num_workers + task).select(keep)
        asked = Question(keep, loss, valued, marks.mark, marks.hit, marks.fine, floor, MAX_NODES, listing)
        # From one linear program to the next most tasks see no new price.
        question = (count, floor, valued, listing, workers.tobytes(), loss.tobytes(), marks.key)
        known, answer = self._last.get(task, (None, None))
        if answer is None or known != question:
            answer = self._answer(task, here, asked, marks, count)
            if not listing:
                self._last[task] = question, answer
        return answer

    def _answer(self, task: int, here: Candidates, asked: Question, marks: _Marks, count: int) -> _Answer:
        room, workers = count, here.workers[asked.keep]
        while True:
            members = np.zeros((room, here.depth), dtype=np.int32)
            sizes, values, doubtful = np.zeros(room, np.int64), np.zeros(room), np.zeros(room, np.bool_)
            number, nodes, end = self.sets_of.search(task, here, asked, (members, sizes, values, doubtful))
            if end != COMPLETE:
                what = (
                    f"has more than {count:,} sets to list" if end == FULL else f"takes more than {MAX_NODES:,} nodes"
                )
                raise TooLarge(f"{self.problem.name} by exact pricing: task {task} {what}; {self.sets_of.advice}")
            false = [
                k for k in np.flatnonzero(doubtful[:number]).tolist()
                if self.problem.set_violations(task, sorted(workers[members[k, : sizes[k]]].tolist()))
            ]  # fmt: skip
            if not false or number < room:
                break
            room += 2 * len(false)  # sets that rounding let in have taken the places of others
        order = np.argsort(-values[:number], kind="stable")
        order = (order[~np.isin(order, false)] if false else order)[:count]
        chosen = [members[k, : sizes[k]] for k in order]
        return values[order], np.array([marks.fines(c) for c in chosen]), [np.sort(workers[c]) for c in chosen], nodes
