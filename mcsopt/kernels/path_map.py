"""What the kernels of worker paths are given: the instance as arrays, closures of travel, and a grid of times.

Travel need not keep the triangle inequality, so a visit can be a short cut. Whether a task can still be reached, and
how late one may be, is therefore decided by shortest paths over all tasks, never by one trip alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

ROUNDING = 1e-12
"""Relative looseness of what only prunes: some hundred roundings of times."""


class PathMap(NamedTuple):
    """A worker path instance with n nodes, and what follows from it.

    Attributes
    ----------
    open, close, service : array of float, shape (n,)
    travel : array of float, shape (n, n)
    horizon, slack : float
        The slack is allowed beyond each window and the horizon.
    returns : bool
        Whether the worker must be back by the horizon.
    table, first : array of float, array of int, shape (n + 1,)
        Profits of node i are ``table[first[i]:first[i + 1]]``, one for each integer start time since it opened.
    due : array of float, shape (n,)
        Latest start of service at a node from which a path can end in time, loosened; -inf for what is never reached.
    limits, barred : array of float, shape (n, n), array of uint64, shape (n, n + 1, words)
        After a start at node i later than the k-th entry of row i of `limits`, sorted, the nodes of
        ``barred[i, k + 1]`` are out of reach.
    """

    open: np.ndarray
    close: np.ndarray
    service: np.ndarray
    travel: np.ndarray
    horizon: float
    slack: float
    returns: bool
    table: np.ndarray
    first: np.ndarray
    due: np.ndarray
    limits: np.ndarray
    barred: np.ndarray


class TimeGrid(NamedTuple):
    """Cells of equal width along each node's window.

    Attributes
    ----------
    step : float
        Width of a cell, a power of two.
    first : array of int, shape (n + 1,)
        Cells of node i are ``first[i]`` up to ``first[i + 1]``; node 0 has one.
    node, left, order : arrays of int, of float, of int
        Node and left end of each cell; the cells, latest left end first.
    """

    step: float
    first: np.ndarray
    node: np.ndarray
    left: np.ndarray
    order: np.ndarray


def path_map(
    windows: tuple[np.ndarray, np.ndarray],
    service: np.ndarray,
    travel: np.ndarray,
    horizon: float,
    slack: float,
    returns: bool,
    tables: tuple[np.ndarray, ...],
) -> PathMap:
    """Derive closures and reach from an instance.

    Parameters
    ----------
    windows : pair of array, shape (n,)
        Opening and closing times.
    service : array, shape (n,)
    travel : array, shape (n, n)
    horizon, slack : float
    returns : bool
    tables : tuple of array
        Profits of each node, as in `WorkerPathInstance.tables`.
    """
    opened, close = windows
    n = len(opened)
    # A trip beyond the horizon leads nowhere, and must not loosen what is measured in hours.
    travel = np.where(travel <= horizon + slack, travel, np.inf)
    np.fill_diagonal(travel, np.inf)
    loose = slack + ROUNDING * horizon
    shortest = _shortest(travel, service)
    due = np.minimum(close, horizon - service)
    if returns:
        # Back at node 0, perhaps by way of others: their windows are left out here.
        due = np.minimum(due, horizon - service - shortest[:, 0])
    due = due + loose
    earliest = opened[0] + service[0] + shortest[0]
    due[(np.maximum(earliest - loose, opened) > due) & (np.arange(n) > 0)] = -np.inf
    due[0] = -np.inf
    limits = due[None, :] - service[:, None] - shortest + loose
    np.fill_diagonal(limits, -np.inf)
    ranked = np.argsort(limits, axis=1, kind="stable")
    first = np.concatenate([[0], np.cumsum([len(table) for table in tables])]).astype(np.int64)
    return PathMap(
        opened, close, service, travel, horizon, slack, returns, np.concatenate(tables), first, due,
        np.take_along_axis(limits, ranked, axis=1), _barred(ranked),
    )  # fmt: skip


def _barred(ranked: np.ndarray) -> np.ndarray:
    """Return the prefixes of each row as sets of bits."""
    n = len(ranked)
    barred = np.zeros((n, n + 1, (n + 63) // 64), dtype=np.uint64)
    for k in range(n):
        node = ranked[:, k]
        barred[:, k + 1] = barred[:, k]
        barred[np.arange(n), k + 1, node // 64] |= np.uint64(1) << (node % 64).astype(np.uint64)
    return barred


@njit(cache=True, nogil=True)
def _shortest(travel: np.ndarray, service: np.ndarray) -> np.ndarray:
    """Return the least time between the end of service at one node and the start at another, windows left out."""
    n = len(service)
    best = travel.copy()
    for k in range(1, n):
        for i in range(n):
            through = best[i, k] + service[k]
            for j in range(n):
                if through + best[k, j] < best[i, j]:
                    best[i, j] = through + best[k, j]
    return best


def time_grid(place: PathMap, cells: int, whole: bool = False) -> TimeGrid:
    """Return a grid of about so many cells; of width at least 1 where all times are integers.

    Parameters
    ----------
    place : PathMap
    cells : int
    whole : bool
        Whether all times are integers.
    """
    span = np.maximum(0.0, np.where(place.due > -np.inf, place.due - place.open, 0.0))
    alive = place.due >= place.open
    wanted = max(1.0, cells - float(alive.sum()))
    total = float(span.sum())
    step = 2.0 ** math.ceil(math.log2(total / wanted)) if total > 0 else 1.0
    step = max(step, 1.0) if whole else step
    count = np.where(alive, np.floor(span / step) + 1, 0).astype(np.int64)
    count[0] = 1
    first = np.concatenate([[0], np.cumsum(count)])
    node = np.repeat(np.arange(len(count)), count)
    left = place.open[node] + (np.arange(first[-1]) - first[node]) * step
    return TimeGrid(step, first, node, left, np.lexsort((node, -left)))
