"""Ruin and recreate on a worker's path: drop some tasks, then insert what is worth most for the time it takes.

Whether a task fits between two others, and how much time it takes, is known in O(1): each task of the path has a latest
start at which all that follow can still be served. Times are compared with half of the tolerance, so that rounding
does not use up the other half; a path found is walked through once more before it counts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from mcsopt import tolerances
from mcsopt.kernels.worker_paths import INFEASIBLE, ONLY_THE_START, Place, collected, place_of, profit_at

CONTROLS = 4
"""Draws of a step besides one for each node: which ruin, how much of it, where, how much chance in recreating."""
_SLACK = tolerances.TIME / 2
_SEGMENT_SHARE = 0.6
"""Share of the ruins that drop neighbours in the path; the others drop tasks anywhere. By trying, as are these:"""
_LONGEST = 6
_POWER = 1.5
_SPREAD = 1.5
_SHORTEST = 0.01
"""Share of the horizon that an insertion counts for at least: else what lies on the way would come at any profit."""


class Tour(NamedTuple):
    """A path under change; arrays of shape (n - 1,), used up to the size that goes with them."""

    path: np.ndarray
    start: np.ndarray
    """When service starts."""
    latest: np.ndarray
    """When it may start at the latest for all that follows to be feasible."""


class Candidates(NamedTuple):
    """What inserting needs to know of each node; arrays of shape (n,)."""

    inside: np.ndarray
    """Whether the path holds it."""
    limit: np.ndarray
    """Latest start of its service, whatever follows."""
    appeal: np.ndarray
    """Factor that chance gives it in this step."""
    worth: np.ndarray
    """Its greatest profit, to the power."""


@njit(cache=True)
def new_tour(tasks: int) -> Tour:
    """Return room for a path of all tasks."""
    return Tour(np.empty(tasks, dtype=np.int64), np.empty(tasks), np.empty(tasks))


@njit(cache=True)
def new_candidates(place: Place) -> Candidates:
    """Return the candidates, none of them inside."""
    nodes = len(place.open)
    limit, worth = np.empty(nodes), np.empty(nodes)
    for node in range(nodes):
        limit[node] = min(place.close[node], place.horizon - place.service[node]) + _SLACK
        worth[node] = place.table[place.table_start[node]] ** _POWER
    return Candidates(np.zeros(nodes, dtype=np.bool_), limit, np.ones(nodes), worth)


@njit(cache=True)
def schedule(place: Place, tour: Tour, size: int, limit: np.ndarray) -> None:
    """Write the earliest and the latest start at each task of the path."""
    here, now = 0, place.open[0]
    for k in range(size):
        node = tour.path[k]
        now = max(now + place.service[here] + place.travel[here, node], place.open[node])
        tour.start[k], here = now, node
    then = place.horizon + _SLACK - (place.travel[here, 0] if place.returns else 0.0)
    for k in range(size - 1, -1, -1):
        node = tour.path[k]
        tour.latest[k] = min(limit[node], then - place.service[node])
        if k:
            then = tour.latest[k] - place.travel[tour.path[k - 1], node]


@njit(cache=True)
def lost(place: Place, tour: Tour, size: int, position: int, arrival: float) -> float:
    """Return the profit that falls away from a position on when the worker gets there at `arrival`."""
    total = 0.0
    for k in range(position, size):
        node = tour.path[k]
        now = max(arrival, place.open[node])
        if now <= tour.start[k]:
            break
        total += profit_at(place, node, tour.start[k]) - profit_at(place, node, now)
        if k + 1 < size:
            arrival = now + place.service[node] + place.travel[node, tour.path[k + 1]]
    return total


@njit(cache=True)
def best_insertion(place: Place, tour: Tour, size: int, candidates: Candidates) -> tuple[int, int]:
    """Return the task, and its position, of the greatest appeal times profit to the power per added time; else -1.

    The added time is how much later the worker would be wherever it goes next. One loop on plain arrays: to hand
    tuples of arrays to a function of its own takes ten times as long.
    """
    open_, service, travel, path, begins = place.open, place.service, place.travel, tour.path, tour.start
    inside, limits, worths, appeal, latest = (
        candidates.inside, candidates.limit, candidates.worth, candidates.appeal, tour.latest
    )  # fmt: skip
    highest, chosen, at = 0.0, -1, -1
    shortest = max(_SHORTEST * place.horizon, tolerances.TIME)
    for task in range(1, len(open_)):
        if inside[task] or worths[task] <= 0:
            continue
        before, free = 0, open_[0] + service[0]
        for position in range(size + 1):
            if position:
                before = path[position - 1]
                free = begins[position - 1] + service[before]
            if free > limits[task]:
                break
            start = max(free + travel[before, task], open_[task])
            if start > limits[task]:
                continue
            arrival, due, direct = start + service[task], place.horizon + _SLACK, 0.0
            if position < size:
                after = path[position]
                arrival, due, direct = arrival + travel[task, after], latest[position], travel[before, after]
            elif place.returns:
                arrival, direct = arrival + travel[task, 0], travel[before, 0] if before else 0.0
            if arrival > due:
                continue
            worth = worths[task]
            if place.timed:
                gain = profit_at(place, task, start)
                if position < size:
                    gain -= lost(place, tour, size, position, arrival)
                worth = max(gain, 0.0) ** _POWER
            score = appeal[task] * worth / max(arrival - free - direct, shortest)
            if score > highest:
                highest, chosen, at = score, task, position
    return chosen, at


@njit(cache=True)
def recreate(place: Place, tour: Tour, size: int, candidates: Candidates) -> int:
    """Insert the best task at its best position while one fits; return the new size."""
    candidates.inside[:] = False
    for k in range(size):
        candidates.inside[tour.path[k]] = True
    while True:
        schedule(place, tour, size, candidates.limit)
        task, position = best_insertion(place, tour, size, candidates)
        if task < 0:
            return size
        for k in range(size, position, -1):
            tour.path[k] = tour.path[k - 1]
        tour.path[position] = task
        candidates.inside[task] = True
        size += 1


@njit(cache=True)
def ruin(path: np.ndarray, size: int, draws: np.ndarray, kept: np.ndarray) -> int:
    """Write what is left of a path: without some neighbours, or without tasks drawn anywhere; return its size."""
    length = 1 + int(draws[1] * min(_LONGEST, size))
    first = int(draws[2] * size) - length // 2
    segment = draws[0] < _SEGMENT_SHARE
    share = draws[1] * min(1.0, 2 * _LONGEST / max(size, 1))
    left = 0
    for k in range(size):
        if not first <= k < first + length if segment else draws[CONTROLS + path[k]] >= share:
            kept[left] = path[k]
            left += 1
    return left


@njit(cache=True)
def improve(place: Place, path: np.ndarray, size: int, draws: np.ndarray, threshold: float) -> int:
    """Improve a feasible path in place; return its new size.

    Each step ruins and recreates the current path. The outcome is the next current path unless it is worth less than
    that by more than a threshold, which falls to 0 in the course of the steps (threshold accepting).

    Parameters
    ----------
    place : Place
    path : array of int, shape (n - 1,)
        Its first `size` entries are the path.
    size : int
    draws : array of float in [0, 1), shape (steps, CONTROLS + n)
    threshold : float
        First threshold, as a share of the profit of the best path so far.
    """
    tasks, steps = len(path), len(draws)
    tour, candidates = new_tour(tasks), new_candidates(place)
    best, best_size, best_profit = path.copy(), size, collected(place, path, size)
    profit = best_profit
    for step in range(steps):
        kept = ruin(path, size, draws[step], tour.path)
        for task in range(1, tasks + 1):
            candidates.appeal[task] = math.exp(_SPREAD * draws[step, 3] * (2 * draws[step, CONTROLS + task] - 1))
        new_size = recreate(place, tour, kept, candidates)
        found = collected(place, tour.path, new_size)
        if found == INFEASIBLE or found < profit - threshold * best_profit * (1 - step / steps):
            continue
        path[:new_size], size, profit = tour.path[:new_size], new_size, found
        if found > best_profit:
            best[:size], best_size, best_profit = path[:size], size, found
    path[:best_size] = best[:best_size]
    return best_size


def warm_up() -> None:
    """Compile the kernels, or load them from the cache, so that timed runs need not."""
    place, path = place_of(ONLY_THE_START), np.zeros(0, dtype=np.int64)
    improve(place, path, 0, np.zeros((0, CONTROLS + 1)), 0.0)
    collected(place, path, 0)
