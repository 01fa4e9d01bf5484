"""Plans from the linear program: rounding it, and diving with re-pricing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcsopt.problems import Assignment
from mcsopt.solvers.column_generation import ColumnGeneration, NodeAnswer

_SURE = 0.999
_ROUNDS = 3  # of pricing after each fixing: the sets that fit what is left must be found, not proved the best


def rounded(generation: ColumnGeneration, weights: np.ndarray, usable: np.ndarray, served: np.ndarray) -> Assignment:
    """Take columns by falling weight, while their tasks and workers are free.

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
    allowed = pool.allowed(usable)[: len(weights)]
    for column in np.lexsort((-pool.value[: len(weights)], -weights)).tolist():
        task, workers = int(pool.task[column]), pool.workers[column]
        if not allowed[column] or plan[task] or not (served[task] or pool.value[column] > 0):
            continue
        if all(free[j] for j in workers):
            plan[task] = workers
            free[list(workers)] = False
    return Assignment(plan)


def dive(
    generation: ColumnGeneration,
    usable: np.ndarray,
    served: np.ndarray,
    answer: NodeAnswer,
    *,
    cutoff: float,
    deadline: float,
) -> Assignment | None:
    """Fix the column of largest weight, and every sure one, solve again with pricing, and so on to a plan.

    Parameters
    ----------
    generation : ColumnGeneration
    usable, served, answer : array, array, NodeAnswer
        The node to start from, solved.
    cutoff, deadline : float
        Give up where no better plan than `cutoff` is left, and at the deadline.

    Returns
    -------
    Assignment or None
        The plan of the last program; it may break what the program could not keep, so the caller checks it.
    """
    pool, market = generation.pool, generation.problem.instance
    usable = usable.copy()
    fixed = np.zeros(pool.num_tasks, dtype=bool)
    while answer.weights is not None:
        weights = answer.weights
        chosen = np.flatnonzero((weights > _SURE) & ~fixed[pool.task[: len(weights)]])
        open_weights = np.where(fixed[pool.task[: len(weights)]] | (weights > _SURE), 0.0, weights)
        largest = int(np.argmax(open_weights)) if len(weights) else 0
        fractional = len(weights) > 0 and open_weights[largest] > 1 - _SURE
        if not fractional:
            return rounded(generation, weights, usable, served)
        for column in [*chosen.tolist(), largest]:
            task, workers = int(pool.task[column]), list(pool.workers[column])
            fixed[task] = True
            inside = np.isin(market.pair_worker, workers)
            usable &= np.where(market.pair_task == task, inside, ~inside)
        known = replace(answer, weights=None)
        answer = generation.solve(usable, served, known, cutoff=cutoff, deadline=deadline, rounds=_ROUNDS)
    return None
