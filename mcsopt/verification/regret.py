"""Equilibrium regret: how much one player could still gain alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.kernels.worker_sets import feasible_sets
from mcsopt.problems import Assignment, OfflineWelfare, Problem

_MAX_WORK = 10_000_000  # about a second


def equilibrium_regret(problem: Problem[Any], solution: Any) -> float | None:
    """Return the largest gain of any one player by a feasible change of its own decision.

    In offline welfare the players are the tasks; task i may choose any feasible subset of its own and the idle
    candidate workers, or nobody where service is optional. Regret 0 means a constrained Nash equilibrium (36).

    Parameters
    ----------
    problem : Problem
    solution : solution
        A feasible one.

    Returns
    -------
    float or None
        The regret, >= 0, by exhaustive search; None if the problem is not a game or too large for that.
    """
    if not isinstance(problem, OfflineWelfare) or not isinstance(solution, Assignment):
        return None
    market = problem.instance
    owner = np.full(market.num_workers, -1)
    for task, workers in enumerate(solution.sets):
        owner[list(workers)] = task
    holder = owner[market.pair_worker]
    available = (holder == -1) | (holder == market.pair_task)
    try:
        sets = feasible_sets(problem, available=available, max_work=_MAX_WORK)
    except TooLarge:
        return None
    regret = 0.0
    for task, workers in enumerate(solution.sets):
        first, last = sets.task_start[task : task + 2]
        current = problem.set_value(task, workers) if workers else 0.0
        if first < last:
            # Valued as the current set is: a task that already holds its best set gains exactly nothing.
            best = sets.workers(int(first + np.argmax(sets.value[first:last])))
            regret = max(regret, problem.set_value(task, best) - current)
        if market.service == "optional":
            regret = max(regret, -current)
    return regret
