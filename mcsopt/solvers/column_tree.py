"""Offline welfare solved exactly over all feasible worker sets, with evidence a stranger can check."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcsopt.heuristics.aspire_off import aspire_off
from mcsopt.heuristics.greedy import greedy
from mcsopt.kernels.worker_sets import MAX_WORK, WorkerSets, feasible_sets
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.column_lp import ColumnLp, LpAnswer
from mcsopt.solvers.infeasibility import explain
from mcsopt.solvers.registry import Settings

_PRUNE = 2e-8  # relative; well inside PROVED_GAP, well outside the linear program's 1e-9
_INTEGRAL = 1e-6
_REPORT_EVERY = 50  # nodes between two lines of progress


@dataclass
class _Node:
    """A part of the solution space: the columns still allowed and the tasks that must be served."""

    allowed: np.ndarray
    served: np.ndarray
    answer: LpAnswer
    branch: tuple[dict[str, Any], list[_Node]] | None = None
    """The split and both children; set at once, so that an interruption never leaves half of a tree."""

    @property
    def children(self) -> list[_Node]:
        return [] if self.branch is None else self.branch[1]

    def preorder(self) -> Iterator[dict[str, Any]]:
        stack = [self]
        while stack:
            node = stack.pop()
            yield node.answer.leaf() if node.branch is None else node.branch[0]
            stack.extend(reversed(node.children))


def solve(problem: OfflineWelfare, settings: Settings) -> Result:
    """Solve offline welfare by branch and bound on the set-packing model over all undominated feasible sets.

    ``max sum_c v_c lambda_c`` with at most one set a task (exactly one where it must be served) and each worker in
    at most one chosen set. Every node prices the workers at the dual values ``u >= 0`` of its linear program; its
    bound is recomputed from them, ``sum_j u_j + sum_i max_A (v_i(A) - u(A))``, so it is valid whatever the linear
    program did. Branching: "task i served", then "worker j serves i, or nobody else".

    Parameters
    ----------
    problem : OfflineWelfare
    settings : Settings
        Best bound first; on a limit or Ctrl-C the open nodes count with their bounds.

    Returns
    -------
    Result
        With evidence ``price-tree``; INFEASIBLE (service required) says which tasks or workers are in conflict.

    Raises
    ------
    TooLarge
        If there are more than 200,000 feasible sets.
    """
    began = time.perf_counter()
    settings.report("listing the feasible worker sets")
    sets = feasible_sets(problem, max_work=_affordable_work(settings.time_limit))
    listed = time.perf_counter()
    search = _Search(problem, sets, settings)
    deadline = np.inf if settings.time_limit is None else began + settings.time_limit
    try:
        termination = search.run(deadline)
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    seconds = {"sets": listed - began, "search": time.perf_counter() - listed}
    evidence = {"kind": "price-tree", "tree": list(search.root.preorder())}
    bound = search.bound()
    if bound == -np.inf:
        return conclude(
            problem, "column-tree", search.best_plan, infeasible=True, assurance=Assurance.FLOAT, seconds=seconds,
            evidence=evidence, message=explain(problem, sets, search.root.answer),
        )  # fmt: skip
    message = f"{len(sets):,} feasible worker sets, {search.nodes:,} nodes"
    return conclude(
        problem, "column-tree", search.best_plan, dual_bound=bound, assurance=Assurance.FLOAT,
        termination=termination, seconds=seconds, evidence=evidence, message=message,
    )  # fmt: skip


def _affordable_work(time_limit: float | None) -> int:
    """Return how much listing may be done: it runs at some twelve million units a second and knows no clock."""
    return MAX_WORK if time_limit is None else int(min(MAX_WORK, 3e6 + 12e6 * time_limit))


class _Search:
    """Best-bound-first search; the tree it leaves behind covers every plan."""

    def __init__(self, problem: OfflineWelfare, sets: WorkerSets, settings: Settings) -> None:
        self.problem, self.sets, self.settings = problem, sets, settings
        self.best_plan: Assignment | None = None
        self.best_value = -np.inf
        self.nodes = 0
        self.lp = ColumnLp(problem, sets)
        everything = np.ones(len(sets), dtype=bool)
        required = np.full(problem.instance.num_tasks, problem.instance.service == "required")
        # Prices of zero are a valid bound before any linear program is solved.
        self.root = _Node(everything, required, self.lp.priced(np.zeros(self.lp.num_workers), everything, required))
        self._open: list[tuple[float, int, _Node]] = []
        self._ticket = itertools.count()

    def run(self, deadline: float) -> Termination:
        self._offer(self.settings.start)
        self._offer(greedy(self.problem).solution)
        self._offer(self.problem.empty_solution())
        if time.perf_counter() >= deadline:
            self._push(self.root)
            return Termination.TIME
        self._offer(aspire_off(self.problem).solution)
        self.root.answer = self.lp.solve(self.root.allowed, self.root.served)
        self._push(self.root)
        while self._open:
            if time.perf_counter() >= deadline:
                return Termination.TIME
            node = heapq.heappop(self._open)[2]
            if self._closed(node):
                continue  # the rest of the heap is no better, but each pop is cheap
            self._branch(node)
            if self.nodes % _REPORT_EVERY == 0:
                bound = self.bound()
                self.settings.report(f"{self.nodes} nodes, best {self.best_value:.6f}, bound {bound:.6f}")
        return Termination.FINISHED

    def bound(self) -> float:
        """Return the largest bound of the tree's leaves; -inf if each is proved empty."""
        largest, stack = -np.inf, [self.root]
        while stack:
            node = stack.pop()
            stack.extend(node.children)
            if not node.children:
                largest = max(largest, node.answer.bound)
        return float(largest)

    def _closed(self, node: _Node) -> bool:
        if self.best_plan is None:
            return node.answer.bound == -np.inf
        bound = node.answer.bound
        return bound <= self.best_value + _PRUNE * max(abs(bound), abs(self.best_value))

    def _push(self, node: _Node) -> None:
        self.nodes += 1
        if node.answer.weights is not None:
            self._offer(self._rounded(node))
        if not self._closed(node):
            heapq.heappush(self._open, (-node.answer.bound, next(self._ticket), node))

    def _offer(self, plan: Assignment | None) -> None:
        if plan is not None and not self.problem.violations(plan):
            value = self.problem.evaluate(plan)
            if value > self.best_value:
                self.best_plan, self.best_value = plan, value

    def _rounded(self, node: _Node) -> Assignment:
        """Take columns by decreasing weight in the linear program, then by reduced value, while workers are free."""
        assert node.answer.weights is not None
        free = np.ones(self.lp.num_workers, dtype=bool)
        plan: list[tuple[int, ...]] = [()] * self.problem.instance.num_tasks
        # Weight first; among columns at weight zero only those of least reduced loss are worth a look.
        order = np.lexsort((-self.lp.reduced(node.answer.price), -node.answer.weights))
        for column in order[: 50 * len(plan)]:
            task, workers = int(self.sets.task[column]), self.sets.workers(column)
            worthwhile = node.served[task] or self.sets.value[column] > 0
            if node.allowed[column] and not plan[task] and worthwhile and free[list(workers)].all():
                plan[task] = workers
                free[list(workers)] = False
        return Assignment(plan)

    def _branch(self, node: _Node) -> None:
        split = self._choose(node)
        if split is None:
            return  # integral up to rounding, or the program gave no solution: it stays a leaf, with its honest bound
        task = split["task"]
        of_task = self.sets.task == task
        if split["split"] == "served":
            served = node.served.copy()
            served[task] = True
            parts = [(node.allowed & ~of_task, node.served), (node.allowed, served)]
        else:
            with_worker = self.lp.contains(split["worker"])
            parts = [
                (node.allowed & ~(of_task & with_worker), node.served),
                (node.allowed & (of_task | ~with_worker), node.served),
            ]
        children = [_Node(allowed, served, self.lp.solve(allowed, served)) for allowed, served in parts]
        node.branch = (split, children)
        node.answer = replace(node.answer, weights=None)  # a megabyte that nobody needs any more
        for child in children:
            self._push(child)

    def _choose(self, node: _Node) -> dict[str, Any] | None:
        """Return the most fractional "task served", else the most fractional "worker in task", else None."""
        weights = node.answer.weights
        if weights is None:
            return None
        share = np.bincount(self.sets.task, weights, minlength=len(node.served))
        distance = np.abs(share - 0.5)
        distance[node.served] = np.inf
        task = int(np.argmin(distance))
        if distance[task] < 0.5 - _INTEGRAL:
            return {"split": "served", "task": task}
        used = np.repeat(weights, np.diff(self.sets.start))
        inside = np.flatnonzero(used > _INTEGRAL)
        tasks = np.repeat(self.sets.task, np.diff(self.sets.start))[inside]
        key = tasks * self.lp.num_workers + self.sets.worker[inside]
        pairs, position = np.unique(key, return_inverse=True)
        distance = np.abs(np.bincount(position, used[inside]) - 0.5) if len(pairs) else np.ones(0)
        if not len(pairs) or distance.min() >= 0.5 - _INTEGRAL:
            return None
        task, worker = divmod(int(pairs[np.argmin(distance)]), self.lp.num_workers)
        return {"split": "pair", "task": task, "worker": worker}
