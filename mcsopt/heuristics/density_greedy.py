"""The classical greedy for the knapsack, with its guarantee of one half."""

from __future__ import annotations

import time

import numpy as np

from mcsopt.problems import Knapsack, Packing
from mcsopt.result import Result, conclude


def density_greedy(problem: Knapsack, *, seed: int = 0) -> Result:
    """Take items by decreasing value per weight while they fit; or the single best item, if that is worth more.

    Parameters
    ----------
    problem : Knapsack
    seed : int
        Not used: the algorithm is deterministic.

    Returns
    -------
    Result
        FEASIBLE; worth at least half the optimum.

    Notes
    -----
    The items before the first that does not fit, plus that one, are worth at least the fractional optimum; one of the
    two candidates holds half of it. ``O(n log n)``; ties go to the lower index.

    References
    ----------
    Kellerer, Pferschy, Pisinger, *Knapsack Problems*, Springer 2004, section 2.5.
    """
    began = time.perf_counter()
    data = problem.instance
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        density = np.where(data.weight > 0, data.value / data.weight, np.inf)
    chosen: list[int] = []
    left = problem.capacity
    for item in np.argsort(-density, kind="stable"):
        if data.weight[item] <= left:
            chosen.append(int(item))
            left -= data.weight[item]
    packing = Packing(chosen)
    fitting = np.flatnonzero(data.weight <= problem.capacity)
    if fitting.size:
        single = Packing([int(fitting[np.argmax(data.value[fitting])])])
        packing = max(packing, single, key=problem.evaluate)
    return conclude(problem, "density-greedy", packing, seconds={"heuristic": time.perf_counter() - began}, seed=seed)
