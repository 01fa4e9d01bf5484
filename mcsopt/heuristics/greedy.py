"""The greedy baseline of the two-stage crowdsensing paper (section 6.2)."""

from __future__ import annotations

import time

import numpy as np

from mcsopt.kernels.worker_sets import quality_risk
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.problems.offline_welfare import MAX_SET_SIZE
from mcsopt.result import Result, Termination, TraceStep, conclude
from mcsopt.tolerances import RISK


def surrogate_value(problem: OfflineWelfare) -> np.ndarray:
    """Return the surrogate value of each pair, ``v_ij = pi_j omega3 q_ij - pi_j c_ij`` (41), shape (P,)."""
    market = problem.instance
    arrival = market.arrival[market.pair_worker]
    return np.asarray(arrival * (market.quality_weight * market.quality - market.cost))


def greedy(problem: OfflineWelfare, *, seed: int = 0, screen: bool = True) -> Result:
    """Contract workers task by task, by descending surrogate value, until the budget is spent.

    Tasks by index; for each, the idle candidates by descending ``v_ij`` (41) if positive, skipping unaffordable ones.

    Parameters
    ----------
    problem : OfflineWelfare
    seed : int
        Not used: the algorithm is deterministic.
    screen : bool, default True
        Withdraw a set that breaks the quality risk (25g), so that the plan is feasible and later tasks may use the
        workers. False is the paper's letter, which never tests the risk; its plan may be infeasible.

    Returns
    -------
    Result
        FEASIBLE, or UNKNOWN with the violations where the plan breaks a constraint (service required).

    Notes
    -----
    ``O(P log P)`` plus one exact risk a task. Ties go to the lower worker index. Sets stop at 24 workers, the
    largest whose exact risk is evaluated.
    """
    quality_risk(np.zeros(0), np.zeros(0), 0.0, 0.0)  # compiles, on the first call, before the clock starts
    began = time.perf_counter()
    market, value = problem.instance, surrogate_value(problem)
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
            if market.payment[pair] <= left and len(chosen) < MAX_SET_SIZE:
                chosen.append(int(pair))
                left -= market.payment[pair]
        workers = market.pair_worker[chosen]
        if screen and chosen:
            risk = quality_risk(
                market.quality[chosen], market.arrival[workers], market.redundancy[task], market.demand[task]
            )
            if risk > market.quality_risk + RISK:
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
