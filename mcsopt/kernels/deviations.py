"""Best deviations from a plan: the exact best response of each task over its own and the idle candidates."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mcsopt.kernels.priced_sets import Pricer
from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket


class Deviations:
    """A plan in which each worker serves one task at most, and the best response of each task to it.

    The response of task i is a best one among its present set, nobody (where service is optional), and the feasible
    subsets of its own and the idle candidates: the strategies (31) that the other contracts leave it.

    Parameters
    ----------
    problem : OfflineWelfare
    plan : Assignment
        Its nonempty sets are feasible and disjoint.

    Attributes
    ----------
    sets : list of tuple of int
        The plan.
    value : array of float, shape (I,)
        ``v_i(A_i)``; -inf for a task without the workers it must have.
    response : list of tuple of int
        Best responses, as far as `look` has brought them up to date.
    response_value : array of float, shape (I,)
        Their values, never below `value`.
    stale : set of int
        Tasks whose response may have changed since the last `look`; at first, all.

    Raises
    ------
    TooLarge
        If exact pricing does not take the market.

    Notes
    -----
    A set is found by the kernel and valued by ``problem.set_value``, as the present set is: a task that holds its best
    set gains exactly 0, and no rounding makes a sequence of gains return to where it began.
    """

    def __init__(self, problem: OfflineWelfare, plan: Assignment) -> None:
        market = problem.instance
        self.problem, self.pricer = problem, Pricer(problem)
        # No set is worth less than nobody, unless somebody has to come.
        self.nobody = -np.inf if market.service == "required" else 0.0
        self.sets = list(plan.sets)
        self.value = np.array([self._value(task, workers) for task, workers in enumerate(self.sets)])
        self.response, self.response_value = list(self.sets), self.value.copy()
        self.stale = set(range(market.num_tasks))
        self._no_prices = np.zeros(market.num_workers)
        # The transposed adjacency: the pairs of each worker.
        candidates = np.flatnonzero(problem.candidate)
        self._pairs = candidates[np.argsort(market.pair_worker[candidates], kind="stable")]
        self._start = np.searchsorted(market.pair_worker[self._pairs], np.arange(market.num_workers + 1))
        self._open = np.ones(market.num_pairs, dtype=bool)
        for task, workers in enumerate(self.sets):
            for worker in workers:
                self._take(task, worker)

    def _value(self, task: int, workers: tuple[int, ...]) -> float:
        return self.problem.set_value(task, workers) if workers else self.nobody

    def look(self, tasks: Iterable[int] | None = None) -> None:
        """Bring the responses of these tasks (None: all) up to date; those that cannot have changed are let be."""
        asked = sorted(self.stale if tasks is None else self.stale.intersection(tasks))
        for task in asked:
            if self.nobody > self.response_value[task]:
                self.response[task], self.response_value[task] = (), self.nobody
        found = self.pricer.best(self._no_prices, floor=self.response_value, usable=self._open, tasks=asked).sets
        for k, task in enumerate(found.task.tolist()):
            workers = found.workers(k)
            value = self._value(task, workers)
            if value > self.response_value[task]:
                self.response[task], self.response_value[task] = workers, value
        self.stale.difference_update(asked)

    def gains(self) -> np.ndarray:
        """Return what each task gains by its response, shape (I,); inf where it begins to serve what it must."""
        gained = self.response_value > self.value
        return np.subtract(self.response_value, self.value, out=np.zeros(len(self.value)), where=gained)

    def move(self, task: int) -> None:
        """Let a task take its response, and mark the tasks whose best response that may have changed as stale."""
        before, after = set(self.sets[task]), set(self.response[task])
        self.sets[task], self.value[task] = self.response[task], self.response_value[task]
        # The mover's own choice stays the same. To others a released worker may be better than what they have; a taken
        # one matters only where their response counts on it.
        for worker in before - after:
            self._open[self._pairs_of(worker)] = True
            self.stale.update(self._tasks_of(worker) - {task})
        for worker in after - before:
            self._take(task, worker)
            for other in self._tasks_of(worker) - {task}:
                if worker in self.response[other]:
                    self.response[other], self.response_value[other] = self.sets[other], self.value[other]
                    self.stale.add(other)

    def _pairs_of(self, worker: int) -> np.ndarray:
        return self._pairs[self._start[worker] : self._start[worker + 1]]

    def _tasks_of(self, worker: int) -> set[int]:
        return set(self.problem.instance.pair_task[self._pairs_of(worker)].tolist())

    def _take(self, task: int, worker: int) -> None:
        pairs = self._pairs_of(worker)
        self._open[pairs] = self.problem.instance.pair_task[pairs] == task


def warm_up() -> None:
    """Compile, so that no clock counts it."""
    one, none = np.ones(1), np.zeros(1)
    first = np.zeros(1, dtype=np.int64)
    market = SensingMarket(
        budget=one, demand=one, redundancy=none, arrival=one, pair_task=first, pair_worker=first, payment=one,
        cost=none, quality=one,
    )  # fmt: skip
    Deviations(OfflineWelfare(market), Assignment([[]])).look()
