"""One round of ASPIRE-On in compiled code: each task's knapsack set, whether it restores the demand, and its value."""

from __future__ import annotations

import numpy as np
from numba import njit

from mcsopt import tolerances
from mcsopt.kernels.proposals import affordable_best

BLUR = 16 * 2.0**-53
"""Relative: above the rounding of a sum of some ten qualities. A demand met by less is not counted on."""


@njit(cache=True)
def recruits_value(
    quality: np.ndarray, cost: np.ndarray, base_sum: float, base_count: int, redundancy: float, demand: float,
    weight: float, increment: bool,
) -> tuple[bool, float]:  # fmt: skip
    """Return whether recruits restore the demand, and the welfare they add; see `problems.online_recruitment`.

    Parameters
    ----------
    quality, cost : array of float, shape (k,)
        Of the recruits, k >= 1.
    base_sum, base_count, redundancy, demand, weight : float
        ``S_i``, ``n_i``, ``zeta_i``, ``Q_i^D`` and ``omega3``.
    increment : bool
        Whether quality counts by its rise, else that of the recruits alone.
    """
    size = len(quality)
    added = np.sum(quality)
    spread = 1 + (base_count + size - 1) * redundancy
    slack = base_sum + added - demand * spread + tolerances.QUALITY
    restored = slack >= BLUR * (base_sum + added)
    if increment:
        base = base_sum / (1 + max(base_count - 1, 0) * redundancy)
        gained = (base_sum + added) / spread - base
    else:
        gained = added / (1 + (size - 1) * redundancy)
    return restored, weight * gained - np.sum(cost)


@njit(cache=True)
def propose_recruits(
    tasks: np.ndarray, pair_start: np.ndarray, order: np.ndarray, worker: np.ndarray, payment: np.ndarray,
    cost: np.ndarray, quality: np.ndarray, surrogate: np.ndarray, budget: np.ndarray, base_sum: np.ndarray,
    base_count: np.ndarray, redundancy: np.ndarray, demand: np.ndarray, weight: float, increment: bool,
    bonus: float, owner: np.ndarray, sets: np.ndarray, sizes: np.ndarray, values: np.ndarray,
) -> None:  # fmt: skip
    """Write, for each of `tasks`, its candidate set and what that is worth; size -1 if it misses the demand.

    The set is written to `sets` in either case, -1 after its last worker.
    `order`, `pair_start` and `owner` as in `propose`; `bonus` is added to the value of a set that restores the demand.
    """
    for task in tasks:
        members = affordable_best(task, pair_start, order, worker, payment, surrogate, budget, owner)
        size = len(members)
        sizes[task] = -1
        sets[task, :size], sets[task, size:] = worker[members], -1
        if size == 0:
            sizes[task], values[task] = 0, 0.0
        else:
            restored, value = recruits_value(
                quality[members], cost[members], base_sum[task], base_count[task], redundancy[task], demand[task],
                weight, increment,
            )  # fmt: skip
            if restored:
                sizes[task], values[task] = size, value + bonus
