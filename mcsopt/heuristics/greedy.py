"""The greedy baseline of the two-stage crowdsensing paper (section 6.2)."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from mcsopt.kernels.worker_sets import quality_risk
from mcsopt.problems import Assignment, AssignmentProblem, OfflineWelfare, OnlineRecruitment
from mcsopt.problems.offline_welfare import MAX_SET_SIZE
from mcsopt.result import Result, Termination, TraceStep, conclude
from mcsopt.tolerances import RISK


def surrogate_value(problem: AssignmentProblem) -> np.ndarray:
    """Return the surrogate value of each pair, shape (P,).

    ``v_ij = pi_j omega3 q_ij - pi_j c_ij`` (41) offline; online, where arrivals are known, ``omega3 q_ij - c_ij`` (64).
    """
    market = problem.instance
    value = market.quality_weight * market.quality - market.cost
    return np.asarray(value if isinstance(problem, OnlineRecruitment) else market.arrival[market.pair_worker] * value)


def greedy(
    problem: AssignmentProblem, *, seed: int = 0, screen: bool = True, progress: Callable[[str], None] | None = None
) -> Result:
    """Contract or recruit workers task by task, by descending surrogate value, until the budget is spent.

    Tasks by index; for each, the idle candidates by descending ``v_ij`` (41), online (64), if positive, skipping
    unaffordable ones.

    Parameters
    ----------
    problem : OfflineWelfare or OnlineRecruitment
    seed : int
        Not used: the algorithm is deterministic.
    screen : bool, default True
        Withdraw a set that breaks the quality risk (25g), or does not restore the demand (52d), so that the plan is
        feasible and later tasks may use the workers. False is the paper's letter, which never tests the risk; its plan
        may be infeasible.
    progress : callable, optional
        Not used: the algorithm takes milliseconds.

    Returns
    -------
    Result
        FEASIBLE, or UNKNOWN with the violations where the plan breaks a constraint (service or restoration required).

    Notes
    -----
    ``O(P log P)`` plus one exact risk a task. Ties go to the lower worker index. Offline, sets stop at 24 workers, the
    largest whose exact risk is evaluated.
    """
    quality_risk(np.zeros(0), np.zeros(0), 0.0, 0.0)  # compiles, on the first call, before the clock starts
    began = time.perf_counter()
    market, value = problem.instance, surrogate_value(problem)
    largest = MAX_SET_SIZE if isinstance(problem, OfflineWelfare) else market.num_workers
    idle = np.ones(market.num_workers, dtype=bool)
    sets: list[list[int]] = []
    trace: list[TraceStep] = []
    welfare = 0.0
    for task in range(market.num_tasks):
        chosen: list[int] = []
        left = problem.budget[task]
        where = market.pairs_of(task)
        pairs = np.arange(where.start, where.stop)
        pairs = pairs[problem.candidate[where] & idle[market.pair_worker[where]] & (value[where] > 0)]
        for pair in pairs[np.argsort(-value[pairs], kind="stable")]:
            if market.payment[pair] <= left and len(chosen) < largest:
                chosen.append(int(pair))
                left -= market.payment[pair]
        workers = market.pair_worker[chosen]
        if screen and chosen and not _delivers(problem, task, chosen):
            workers = workers[:0]
        if len(workers):
            idle[workers] = False
            welfare += problem.set_value(task, sorted(workers.tolist()))
            trace.append(TraceStep(round=task, mover=task, potential=welfare))
        sets.append(workers.tolist())
    return conclude(
        problem, "greedy", Assignment(sets), termination=Termination.FINISHED,
        seconds={"heuristic": time.perf_counter() - began}, seed=seed, trace=tuple(trace),
    )  # fmt: skip


def _delivers(problem: AssignmentProblem, task: int, pairs: list[int]) -> bool:
    """Whether a set keeps the quality risk, or restores the demand: the one constraint that greedy never looks at."""
    market = problem.instance
    workers = market.pair_worker[pairs]
    if not isinstance(problem, OfflineWelfare):
        return not problem.set_violations(task, sorted(workers.tolist()))
    risk = quality_risk(market.quality[pairs], market.arrival[workers], market.redundancy[task], market.demand[task])
    return bool(risk <= market.quality_risk + RISK)
