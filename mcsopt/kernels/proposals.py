"""One round of ASPIRE-Off in compiled code: each task's knapsack set, its feasibility and its value."""

from __future__ import annotations

import numpy as np
from numba import njit

from mcsopt.kernels.few_items import best_subset
from mcsopt.kernels.worker_sets import quality_risk, set_value
from mcsopt.problems.offline_welfare import MAX_SET_SIZE

MAX_SIZE = MAX_SET_SIZE
TOO_LARGE = -2
"""Size written for a task whose knapsack set has more workers than can be evaluated exactly."""


@njit(cache=True)
def sampled_value(
    quality: np.ndarray, cost: np.ndarray, arrived: np.ndarray, redundancy: float, demand: float, weight: float
) -> tuple[float, float]:
    """Return the sample estimates of a set's value and risk.

    Parameters
    ----------
    quality, cost : array of float, shape (k,)
    arrived : array of bool, shape (k, M)
        Arrivals of each worker of the set in each sample.
    redundancy, demand, weight : float
    """
    size, samples = arrived.shape
    value, missed = 0.0, 0
    for sample in range(samples):
        total, spent, count = 0.0, 0.0, 0
        for k in range(size):
            if arrived[k, sample]:
                total += quality[k]
                spent += cost[k]
                count += 1
        delivered = total / (1 + (count - 1) * redundancy) if count else 0.0
        value += weight * delivered - spent
        missed += delivered < demand
    return value / samples, missed / samples


@njit(cache=True)
def affordable_best(
    task: int, pair_start: np.ndarray, order: np.ndarray, worker: np.ndarray, payment: np.ndarray,
    surrogate: np.ndarray, budget: np.ndarray, owner: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the pairs of a task's knapsack set: of its own and the idle candidates the best its budget pays.

    Arguments as of :func:`propose`.
    """
    first, last = pair_start[task], pair_start[task + 1]
    pairs = np.empty(last - first, dtype=np.int64)
    count = 0
    for position in range(first, last):
        pair = order[position]
        holder = owner[worker[pair]]
        if holder == -1 or holder == task:
            pairs[count] = pair
            count += 1
    pairs = pairs[:count]
    chosen = np.zeros(count, dtype=np.uint8)
    best_subset(payment[pairs], surrogate[pairs], budget[task], chosen)
    return pairs[chosen.astype(np.bool_)]


@njit(cache=True)
def propose(
    tasks: np.ndarray, pair_start: np.ndarray, order: np.ndarray, worker: np.ndarray, payment: np.ndarray,
    cost: np.ndarray, quality: np.ndarray, surrogate: np.ndarray, arrival: np.ndarray, budget: np.ndarray,
    redundancy: np.ndarray, demand: np.ndarray, weight: float, risk_limit: float, owner: np.ndarray,
    samples: np.ndarray, sets: np.ndarray, sizes: np.ndarray, values: np.ndarray,
) -> None:  # fmt: skip
    """Write, for each of `tasks`, its candidate set; size -1 if that breaks the quality risk, else `TOO_LARGE`.

    `order` lists the usable pairs of each task between the ends in `pair_start`. `owner[j]` is the task worker j is
    contracted to, -1 if idle. `samples` has shape (J, M); with M = 0 values and risks are exact.
    """
    for task in tasks:
        members = affordable_best(task, pair_start, order, worker, payment, surrogate, budget, owner)
        size = len(members)
        sizes[task] = -1
        if size == 0:
            # Dropping every worker is the one set without a risk to meet.
            sizes[task], values[task] = 0, 0.0
        elif size <= MAX_SIZE:
            q, c = quality[members], cost[members]
            if samples.shape[1] > 0:
                value, risk = sampled_value(q, c, samples[worker[members]], redundancy[task], demand[task], weight)
            else:
                p = arrival[worker[members]]
                value = set_value(q, p, c, redundancy[task], weight)
                risk = quality_risk(q, p, redundancy[task], demand[task])
            if risk <= risk_limit:
                sizes[task], values[task] = size, value
                sets[task, :size] = worker[members]
        else:
            sizes[task] = TOO_LARGE


def warm_up() -> None:
    """Compile the kernels, or load them from the cache, so that timed runs need not."""
    none, nobody = np.zeros(0), np.zeros(0, dtype=np.int64)
    propose(
        nobody, nobody, nobody, nobody, none, none, none, none, none, none, none, none, 0.0, 0.0, nobody,
        np.zeros((0, 0), dtype=bool), np.zeros((0, 0), dtype=np.int64), nobody, none,
    )  # fmt: skip
    sampled_value(none, none, np.zeros((0, 1), dtype=bool), 0.0, 0.0, 0.0)
