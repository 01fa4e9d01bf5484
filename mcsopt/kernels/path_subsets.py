"""The subset program of worker paths: the earliest start at a last task, for every set of tasks.

With profits that do not depend on time a path is worth what its set is worth, so of all orders of a set with the
same last task the earliest is enough (Held and Karp 1962).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mcsopt.kernels.path_bounds import ends
from mcsopt.kernels.path_map import PathMap

VALUE, SET, LAST = range(3)


@njit(cache=True, nogil=True)
def extend(place: PathMap, soonest: np.ndarray, total: np.ndarray, best: np.ndarray, low: int, high: int) -> None:
    """Extend the sets numbered `low` up to `high` by each task.

    Parameters
    ----------
    place : PathMap
        Profits without tables.
    soonest : array of float, shape (2^m, m)
        Earliest start at task ``j + 1``, the last of a set; infinite where not reached yet.
    total : array of float, shape (2^m,)
        Profit of each set.
    best : array of float, shape (3,)
        `VALUE`, `SET` and `LAST` task of the best path so far.
    """
    m = len(place.open) - 1
    # In locals: passing the whole instance on counts references in the innermost loop.
    opened, close, service, due = place.open, place.close, place.service, place.due
    travel, horizon, slack = place.travel, place.horizon, place.slack
    for now in range(low, high):
        if now:
            top = 0
            while now >> (top + 1):
                top += 1
            total[now] = total[now ^ 1 << top] + place.table[place.first[top + 1]]
        for last in range(m if now else 1):
            node, start = (last + 1, soonest[now, last]) if now else (0, opened[0])
            if start == np.inf:
                continue
            if now and total[now] > best[VALUE] and ends(place, node, start):
                best[VALUE], best[SET], best[LAST] = total[now], now, last
            free = start + service[node]
            for after in range(1, m + 1):
                if now >> (after - 1) & 1:
                    continue
                at = max(free + travel[node, after], opened[after])
                if at > due[after] or at - close[after] > slack or at + service[after] - horizon > slack:
                    continue
                there = now | 1 << (after - 1)
                if at < soonest[there, after - 1]:
                    soonest[there, after - 1] = at


def path_of(place: PathMap, soonest: np.ndarray, chosen: int, last: int) -> list[int]:
    """Return the path of a set and its last task, tracing back which start made which."""
    path = []
    while chosen:
        path.append(last + 1)
        at, chosen = soonest[chosen, last], chosen ^ 1 << last
        for before in range(soonest.shape[1]):
            if chosen >> before & 1:
                free = soonest[chosen, before] + place.service[before + 1]
                if max(free + place.travel[before + 1, last + 1], place.open[last + 1]) == at:
                    last = before
                    break
    return path[::-1]
