"""The generalised assignment problem of the OR-Library, read as a crowdsensing market."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mcsopt import tolerances
from mcsopt.data.number_text import EXACT_INTEGER, NumberText
from mcsopt.errors import InputError, shown
from mcsopt.problems import Assignment, SensingMarket
from mcsopt.result import Result, Sense, Status


@dataclass(frozen=True)
class JobAssignment:
    """What a run on the market says about the assignment of jobs.

    Attributes
    ----------
    status : Status
        PROVED and BOUNDED of the best complete assignment, INFEASIBLE if none exists, FEASIBLE without a bound,
        UNKNOWN if the run neither found one nor excluded it.
    agents : tuple of int or None
        The agent of each job; None without a complete assignment.
    objective : int or None
        Its profit or cost, from the data.
    bound : int or None
        Bound on the profit or cost of every complete assignment, rounded to an integer in the safe direction.
    """

    status: Status
    agents: tuple[int, ...] | None
    objective: int | None
    bound: int | None


@dataclass(frozen=True, eq=False)
class GeneralisedAssignment:
    """Give each of n jobs to exactly one of m agents for the greatest profit, or least cost, within capacities.

    ``max`` or ``min sum_j c_{i(j), j}`` over i(1), ..., i(n), such that agent i spends at most ``b_i``, where job j
    costs it ``a_ij``. All data are integers >= 0.

    Parameters
    ----------
    objective : array of int, shape (m, n)
        Profit or cost ``c_ij``.
    resource : array of int, shape (m, n)
        Resource ``a_ij`` that agent i spends on job j.
    capacity : array of int, shape (m,)
        Capacity ``b_i`` of each agent.
    sense : {"max", "min"}
        Whether `objective` is profit or cost.

    Raises
    ------
    InputError
        For other shapes, numbers that are no integers >= 0, or so large that welfare would be no exact double.

    Notes
    -----
    **As offline welfare.** Agents become tasks of budget ``b_i``, demand 0 and redundancy 0; jobs become workers who
    surely arrive; the pair (i, j) has payment ``a_ij``, cost 0 and quality ``w_ij``, and quality has weight 1. So no
    set carries a risk, a set is worth ``v_i(A) = E[Q_i(A)] = sum_{j in A} w_ij``, budgets are capacities, and each
    worker serves at most one task. What is left is that no job may be left out. With the profit ``p_ij = c_ij``, or
    ``-c_ij`` where costs are minimised, ``l_j = min_i p_ij`` and ``h_j = max_i p_ij``, let

        ``w_ij = p_ij + (D - l_j)``,  ``D = 1 + sum_j (h_j - l_j)``.

    The constant ``D - l_j`` of each job changes no comparison of complete assignments. A complete one is worth at
    least ``n D``, as ``p_ij >= l_j``; a plan that leaves out ``u >= 1`` jobs is worth at most
    ``(n - u) D + sum_j (h_j - l_j) <= (n - 1) D + (D - 1) = n D - 1``. Hence

    - if the optimal welfare W is ``n D`` or more, the optimal plan is complete and an optimal assignment, of profit
      ``W - n D + sum_j l_j``;
    - otherwise no complete assignment exists; any upper bound on the welfare below ``n D`` proves it.

    All these are integers, and ``n D + sum_j (h_j - l_j) <= 2^53`` is required, so that every welfare is an exact
    double. Bounds hold to a relative 1e-7, which tells integers apart while ``W < 1e7``.

    Examples
    --------
    >>> jobs = GeneralisedAssignment([[4, 7], [6, 5]], [[2, 2], [2, 2]], [2, 2], "max")
    >>> jobs.market().quality.reshape(2, 2)
    array([[5., 7.],
           [7., 5.]])
    >>> jobs.objective_of(Assignment([[1], [0]])), jobs.complete_welfare, jobs.offset
    (13, 10, 1)
    """

    objective: np.ndarray
    resource: np.ndarray
    capacity: np.ndarray
    sense: Sense | str = Sense.MAX

    def __post_init__(self) -> None:
        object.__setattr__(self, "sense", _sense(self.sense))
        for name in ("objective", "resource", "capacity"):
            object.__setattr__(self, name, _integers(name, getattr(self, name)))
        shape = self.objective.shape
        if len(shape) != 2 or 0 in shape:
            raise InputError("objective", f"has shape {shape}", "give one row per agent, one column per job")
        for name, wanted in (("resource", shape), ("capacity", shape[:1])):
            if getattr(self, name).shape != wanted:
                raise InputError(name, f"has shape {getattr(self, name).shape}", f"give shape {wanted}")
        if self.complete_welfare + self._reward - 1 > EXACT_INTEGER:
            raise InputError("objective", "is too large for exact doubles", "scale the numbers down")

    @property
    def num_agents(self) -> int:
        """Number of agents m, the tasks of the market."""
        return int(self.objective.shape[0])

    @property
    def num_jobs(self) -> int:
        """Number of jobs n, the workers of the market."""
        return int(self.objective.shape[1])

    @cached_property
    def _profit(self) -> np.ndarray:
        return self.objective if self.sense is Sense.MAX else -self.objective

    @cached_property
    def _reward(self) -> int:
        """``D``, in Python's integers: the sum may leave those of numpy."""
        return 1 + sum(np.ptp(self._profit, axis=0).tolist())

    @property
    def complete_welfare(self) -> int:
        """Least welfare ``n D`` of a complete assignment; every other plan is worth less."""
        return self.num_jobs * self._reward

    @cached_property
    def offset(self) -> int:
        """``n D - sum_j l_j``: welfare minus profit, or plus cost, of a complete assignment."""
        return self.complete_welfare - sum(self._profit.min(axis=0).tolist())

    def market(self) -> SensingMarket:
        """Return the market whose optimal welfare answers the question, see Notes."""
        agents, jobs = self.objective.shape
        return SensingMarket(
            budget=self.capacity,
            demand=np.zeros(agents),
            redundancy=np.zeros(agents),
            arrival=np.ones(jobs),
            pair_task=np.repeat(np.arange(agents), jobs),
            pair_worker=np.tile(np.arange(jobs), agents),
            payment=self.resource.ravel(),
            cost=np.zeros(agents * jobs),
            quality=(self._profit - self._profit.min(axis=0) + self._reward).ravel(),
            quality_weight=1.0,
            quality_risk=1.0,
            mismatch_risk=1.0,
        )

    def agents_of(self, plan: Assignment) -> tuple[int, ...] | None:
        """Return the agent of each job, or None if a job has none, or several, or a capacity is exceeded."""
        agent = {job: i for i, members in enumerate(plan.sets) for job in members}
        spent = [sum(self.resource[i, list(members)].tolist()) for i, members in enumerate(plan.sets)]
        fits = all(used <= limit for used, limit in zip(spent, self.capacity.tolist(), strict=True))
        if not fits or len(agent) < self.num_jobs or sum(map(len, plan.sets)) > self.num_jobs:
            return None
        return tuple(agent[job] for job in range(self.num_jobs))

    def objective_of(self, plan: Assignment) -> int | None:
        """Return the profit or cost of a plan, from the data; None if it is no complete assignment."""
        agents = self.agents_of(plan)
        return None if agents is None else sum(self.objective[list(agents), range(self.num_jobs)].tolist())

    def answer(self, result: Result) -> JobAssignment:
        """Translate the result of a run on the market.

        Parameters
        ----------
        result : Result
            Of a solver or heuristic on ``OfflineWelfare(self.market())``.

        Returns
        -------
        JobAssignment
            As sure as the bound of `result`: see its assurance.
        """
        agents = None if result.solution is None else self.agents_of(result.solution)
        objective = None if agents is None else self.objective_of(result.solution)
        if result.dual_bound is None:
            return JobAssignment(Status.UNKNOWN if agents is None else Status.FEASIBLE, agents, objective, None)
        # A welfare may beat its bound within this tolerance.
        welfare = math.floor(result.dual_bound + tolerances.PROVED_GAP * abs(result.dual_bound))
        if welfare < self.complete_welfare:
            return JobAssignment(Status.INFEASIBLE, None, None, None)
        bound = welfare - self.offset if self.sense is Sense.MAX else self.offset - welfare
        if agents is None:
            return JobAssignment(Status.UNKNOWN, None, None, bound)
        return JobAssignment(Status.PROVED if bound == objective else Status.BOUNDED, agents, objective, bound)


def generalised_assignments(path: str | Path, *, sense: Sense | str = "max") -> tuple[GeneralisedAssignment, ...]:
    """Read every problem of an OR-Library file of generalised assignment problems.

    Numbers between blanks and line breaks, which may stand anywhere: how many problems; then for each the number m of
    agents and n of jobs, m rows of n profits or costs, m rows of n resources, m capacities.

    Parameters
    ----------
    path : str or Path
    sense : {"max", "min"}
        The file does not say it. The library's optima of gap1 to gap12 are of profits, those of gapa to gapd of costs.

    Raises
    ------
    InputError
        Naming file, line, value and remedy.

    References
    ----------
    Beasley, OR-Library: distributing test problems by electronic mail, 1990; page "Generalised assignment problem".
    """
    wanted = _sense(sense)
    text = NumberText(path, "an OR-Library file of assignment problems")
    found = [_one(text, k, wanted) for k in range(text.count("the number of problems", each=5, low=1))]
    text.end("give as many problems as the first line says")
    return tuple(found)


def _sense(value: Any) -> Sense:
    if value not in tuple(Sense):
        raise InputError("sense", f"is {shown(value)}", "use 'max' or 'min'")
    return Sense(value)


def _one(text: NumberText, position: int, sense: Sense) -> GeneralisedAssignment:
    of = f" of problem {position}"
    start = text.peek()
    agents = text.count(f"the number of agents{of}", low=1)
    jobs = text.count(f"the number of jobs{of}", each=2 * agents, low=1)
    objective = text.integers((agents, jobs), f"objective{of}")
    resource = text.integers((agents, jobs), f"resource{of}")
    capacity = text.integers((1, agents), f"capacity{of}")[0]
    try:
        return GeneralisedAssignment(objective, resource, capacity, sense)
    except InputError as error:
        assert start is not None  # the numbers of agents and jobs have been read there
        raise text.error(start, f"begins a problem whose {error.field} {error.problem}", error.remedy) from None


def _integers(name: str, values: Any) -> np.ndarray:
    try:
        array = np.array(values)
    except ValueError:
        raise InputError(name, "has rows of unequal length", "give one row per agent, one column per job") from None
    if array.dtype.kind not in "iu" or (array.size and not 0 <= array.min() <= array.max() <= EXACT_INTEGER):
        raise InputError(name, "holds something else than integers from 0 to 2^53", "scale or shift them")
    array = array.astype(np.int64)
    array.setflags(write=False)
    return array
