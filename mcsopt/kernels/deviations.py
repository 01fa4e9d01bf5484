"""Best deviations from a plan: the exact best response of each task over its own and the idle candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from mcsopt.kernels.priced_sets import Pricer
from mcsopt.kernels.recruiting import Recruiting
from mcsopt.problems import (
    Assignment,
    AssignmentProblem,
    OfflineWelfare,
    OnlineMarket,
    OnlineRecruitment,
    SensingMarket,
)


class Responder(Protocol):
    """What finds best responses: the one thing that differs between games whose players are tasks."""

    def better(
        self, tasks: Iterable[int], floor: np.ndarray, usable: np.ndarray
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield, for each of `tasks` that has one, its best feasible set worth more than its `floor`.

        Parameters
        ----------
        tasks : iterable of int
        floor : array of float, shape (I,)
            May be -inf.
        usable : array of bool, shape (P,)
            Which pairs a set may be made of.
        """


class Pricing:
    """Best responses in offline welfare, by exact pricing with no prices."""

    def __init__(self, problem: OfflineWelfare) -> None:
        self._pricer = Pricer(problem)
        self._no_prices = np.zeros(problem.instance.num_workers)

    def better(
        self, tasks: Iterable[int], floor: np.ndarray, usable: np.ndarray
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield the best sets; see `Responder`."""
        found = self._pricer.best(self._no_prices, floor=floor, usable=usable, tasks=list(tasks)).sets
        for k, task in enumerate(found.task.tolist()):
            yield task, found.workers(k)


RESPONDERS: Mapping[type[AssignmentProblem], Callable[..., Responder]] = {
    OfflineWelfare: Pricing,
    OnlineRecruitment: Recruiting,
}
"""How best responses are found, by type of problem: a line here makes a problem of assignments a game."""


def _responder(problem: AssignmentProblem) -> Responder:
    return next(found for asked, found in RESPONDERS.items() if isinstance(problem, asked))(problem)


class Deviations:
    """A plan in which each worker serves one task at most, and the best response of each task to it.

    The response of task i is a best one among its present set, nobody (where a task may stay without workers), and the
    feasible subsets of its own and the idle candidates: the strategies (31), (55) that the other contracts leave it.

    Parameters
    ----------
    problem : AssignmentProblem
        Of a type in `RESPONDERS`.
    plan : Assignment
        Its nonempty sets are feasible and disjoint.

    Attributes
    ----------
    sets : list of tuple of int
        The plan.
    value : array of float, shape (I,)
        ``problem.set_value`` of its set; -inf for a task without the workers it must have.
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

    def __init__(self, problem: AssignmentProblem, plan: Assignment) -> None:
        market = problem.instance
        self.problem, self._responder = problem, _responder(problem)
        # Nobody is worth 0, unless somebody has to come.
        self.nobody = np.array([-np.inf if problem.set_violations(i, ()) else 0.0 for i in range(market.num_tasks)])
        self.sets = list(plan.sets)
        self.value = np.array([self._value(task, workers) for task, workers in enumerate(self.sets)])
        self.response, self.response_value = list(self.sets), self.value.copy()
        self.stale = set(range(market.num_tasks))
        # The transposed adjacency: the pairs of each worker.
        candidates = np.flatnonzero(problem.candidate)
        self._pairs = candidates[np.argsort(market.pair_worker[candidates], kind="stable")]
        self._start = np.searchsorted(market.pair_worker[self._pairs], np.arange(market.num_workers + 1))
        self._open = np.ones(market.num_pairs, dtype=bool)
        for task, workers in enumerate(self.sets):
            for worker in workers:
                self._take(task, worker)

    def _value(self, task: int, workers: tuple[int, ...]) -> float:
        return self.problem.set_value(task, workers) if workers else float(self.nobody[task])

    def look(self, tasks: Iterable[int] | None = None) -> None:
        """Bring the responses of these tasks (None: all) up to date; those that cannot have changed are let be."""
        asked = sorted(self.stale if tasks is None else self.stale.intersection(tasks))
        for task in asked:
            if self.nobody[task] > self.response_value[task]:
                self.response[task], self.response_value[task] = (), self.nobody[task]
        for task, workers in self._responder.better(asked, self.response_value.copy(), self._open):
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
    data: dict[str, Any] = {
        "budget": one, "demand": one, "redundancy": none, "arrival": one, "pair_task": first, "pair_worker": first,
        "payment": one, "cost": none, "quality": one,
    }  # fmt: skip
    Deviations(OfflineWelfare(SensingMarket(**data)), Assignment([[]])).look()
    online = OnlineMarket(**data, base_quality_sum=none, base_count=first)
    Deviations(OnlineRecruitment(online), Assignment([[]])).look()
