"""Plans from the linear program: rounding it, and diving with re-pricing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcsopt.problems import Assignment
from mcsopt.solvers.column_generation import ColumnGeneration, NodeAnswer

_SURE = 0.999
_ROUNDS = 3  # of pricing after each fixing: the sets that fit what is left must be found, not proved the best


def rounded(
    generation: ColumnGeneration, weights: np.ndarray, usable: np.ndarray, served: np.ndarray
) -> tuple[float, Assignment]:
    """Take columns by falling weight, while their tasks and workers are free; return their value and the plan.

    Parameters
    ----------
    generation : ColumnGeneration
    weights : array of float, shape (n,)
        Of the first n columns of the pool.
    usable, served : array of bool, shapes (P,) and (I,)
        The node.
    """
    pool = generation.pool
    free = np.ones(pool.num_workers, dtype=bool)
    plan: list[tuple[int, ...]] = [()] * pool.num_tasks
    total = 0.0
    allowed = pool.allowed(usable)[: len(weights)]
    for column in np.lexsort((-pool.value[: len(weights)], -weights)).tolist():
        task, workers = int(pool.task[column]), pool.workers[column]
        if not allowed[column] or plan[task] or not (served[task] or pool.value[column] > 0):
            continue
        if all(free[j] for j in workers):
            plan[task] = workers
            total += float(pool.value[column])
            free[list(workers)] = False
    return total, Assignment(plan)


def dive(
    generation: ColumnGeneration,
    usable: np.ndarray,
    served: np.ndarray,
    answer: NodeAnswer,
    *,
    share: float,
    cutoff: float,
    deadline: float,
) -> tuple[float, Assignment] | None:
    """Fix the column of largest weight, and every sure one, solve again with pricing, and so on to a plan.

    Parameters
    ----------
    generation : ColumnGeneration
    usable, served, answer : array, array, NodeAnswer
        The node to start from, solved.
    share : float
        Of the tasks in doubt, how many are fixed at a time, besides the sure ones; at least one.
    cutoff, deadline : float
        Give up where no better plan than `cutoff` is left, and at the deadline.

    Returns
    -------
    (float, Assignment) or None
        The plan of the last program and its value; it may break what the program could not keep, so the caller checks.
    """
    pool, market = generation.pool, generation.problem.instance
    usable = usable.copy()
    fixed = np.zeros(pool.num_tasks, dtype=bool)
    while answer.weights is not None:
        weights = answer.weights
        loose = np.where(fixed[pool.task[: len(weights)]], 0.0, weights)
        sure = np.flatnonzero(loose > _SURE)
        unsure = np.flatnonzero((loose > 1 - _SURE) & (loose <= _SURE))
        if not len(unsure):
            return rounded(generation, weights, usable, served)
        # Of the others the largest, and on large markets a share of them: workers must not be taken twice.
        unsure = unsure[np.argsort(-weights[unsure], kind="stable")]
        few = unsure[: max(1, int(share * len(np.unique(pool.task[unsure]))))]
        taken = np.zeros(pool.num_workers, dtype=bool)
        owner = np.full(pool.num_workers, -1)
        for column in [*sure.tolist(), *few.tolist()]:
            task, workers = int(pool.task[column]), list(pool.workers[column])
            if fixed[task] or taken[workers].any():
                continue
            fixed[task] = taken[workers] = True
            owner[workers] = task
        here = owner[market.pair_worker]
        newly = np.zeros(pool.num_tasks, dtype=bool)
        newly[owner[owner >= 0]] = True
        usable &= np.where(newly[market.pair_task], here == market.pair_task, here < 0)
        known = replace(answer, weights=None)
        answer = generation.solve(usable, served, known, cutoff=cutoff, deadline=deadline, rounds=_ROUNDS)
    return None
