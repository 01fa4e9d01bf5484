"""The walks of ants along a worker's path: one iteration of an ant colony."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from mcsopt.kernels.worker_paths import ONLY_THE_START, Place, back_on_time, on_time, place_of, profit_at


@njit(cache=True)
def walk(
    place: Place, logit: np.ndarray, wait_weight: float, unit: float, draws: np.ndarray,
    paths: np.ndarray, gains: np.ndarray, sizes: np.ndarray, profits: np.ndarray,
) -> None:  # fmt: skip
    """Let every ant walk until no task is feasible; write its path, the profit of each task, its length and profit.

    A task is feasible next if it can be started in its window, ends by the horizon and, where the worker returns,
    leaves time to go home from it. Of those an ant at node i draws j with probability in proportion to
    ``exp(logit[i, j]) / (1 + wait)^wait_weight``, `wait` the time until the window opens, in multiples of `unit`.

    Parameters
    ----------
    place : Place
    logit : array of float, shape (n, n)
        Finite: logarithms of what does not depend on the time of arrival.
    wait_weight, unit : float
    draws : array of float in [0, 1), shape (ants, n - 1)
        One for each choice of each ant.
    paths, gains : array of int, of float, shape (ants, n - 1)
    sizes, profits : array of int, of float, shape (ants,)
    """
    ants, tasks = paths.shape
    unvisited = np.empty(tasks + 1, dtype=np.bool_)
    candidate, weight = np.empty(tasks, dtype=np.int64), np.empty(tasks)
    for ant in range(ants):
        unvisited[:] = True
        here, free, size, profit = 0, place.open[0] + place.service[0], 0, 0.0
        while True:
            count, highest = 0, -math.inf
            for task in range(1, tasks + 1):
                arrival = free + place.travel[here, task]
                start = max(arrival, place.open[task])
                if unvisited[task] and on_time(place, task, start) and back_on_time(place, task, start):
                    candidate[count] = task
                    weight[count] = logit[here, task] - wait_weight * math.log1p((start - arrival) / unit)
                    highest = max(highest, weight[count])
                    count += 1
            if count == 0:
                break
            chosen = candidate[_drawn(weight[:count], highest, draws[ant, size])]
            start = max(free + place.travel[here, chosen], place.open[chosen])
            here, free = chosen, start + place.service[chosen]
            unvisited[chosen] = False
            paths[ant, size], gains[ant, size] = chosen, profit_at(place, chosen, start)
            profit += gains[ant, size]
            size += 1
        sizes[ant], profits[ant] = size, profit


@njit(cache=True)
def _drawn(weight: np.ndarray, highest: float, draw: float) -> int:
    """Return the index that a draw from [0, 1) selects; `weight` holds logarithms, and then their running sums."""
    total = 0.0
    for k in range(len(weight)):
        # Relative to the highest, nothing overflows, and not everything vanishes.
        total += math.exp(weight[k] - highest)
        weight[k] = total
    for k in range(len(weight)):
        if draw * total < weight[k]:
            return k
    return len(weight) - 1


def warm_up() -> None:
    """Compile the kernel, or load it from the cache, so that timed runs need not."""
    place, none, whole = place_of(ONLY_THE_START), np.zeros((1, 0)), np.zeros(1, dtype=np.int64)
    walk(place, np.zeros((1, 1)), 0.0, 1.0, none, none.astype(np.int64), none, whole, np.zeros(1))
