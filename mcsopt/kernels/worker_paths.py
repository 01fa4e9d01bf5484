"""A worker-path instance as arrays, and one path walked through as `mcsopt.problems.WorkerPath` walks it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from mcsopt import tolerances
from mcsopt.problems.worker_path import WorkerPathInstance

INFEASIBLE = -1.0
"""Stands for the profit of a path that breaks a constraint: profits are never negative."""


_ONE = np.zeros(1)
ONLY_THE_START = WorkerPathInstance(_ONE, _ONE, _ONE, _ONE, np.zeros((1, 1)), False, 0.0)
"""The least instance, on which kernels are compiled."""


class Place(NamedTuple):
    """A `WorkerPathInstance` of n nodes; times in its own unit."""

    open: np.ndarray
    close: np.ndarray
    service: np.ndarray
    travel: np.ndarray
    """Shape (n, n)."""
    table_start: np.ndarray
    """Profits of node i are ``table[table_start[i]:table_start[i + 1]]``, shape (n + 1,)."""
    table: np.ndarray
    horizon: float
    returns: bool
    timed: bool
    """Whether any profit depends on time."""


def place_of(instance: WorkerPathInstance) -> Place:
    """Return the arrays of an instance."""
    lengths = [len(table) for table in instance.tables]
    return Place(
        instance.open, instance.close, instance.service, np.ascontiguousarray(instance.travel),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), np.concatenate(instance.tables),
        float(instance.horizon), instance.return_to_start, max(lengths) > 1,
    )  # fmt: skip


@njit(cache=True)
def profit_at(place: Place, node: int, start: float) -> float:
    """Return the profit of a node whose service starts at `start`; the last of its table after the window."""
    first, size = place.table_start[node], place.table_start[node + 1] - place.table_start[node]
    if size == 1:
        return place.table[first]
    return place.table[first + min(max(math.ceil(start - place.open[node]), 0), size - 1)]


@njit(cache=True)
def on_time(place: Place, node: int, start: float) -> bool:
    """Whether service at a node may start then: its window, and the horizon for its end."""
    if start - place.close[node] > tolerances.TIME:
        return False
    return start + place.service[node] - place.horizon <= tolerances.TIME


@njit(cache=True)
def back_on_time(place: Place, node: int, start: float) -> bool:
    """Whether the worker may go home after service that starts then; True where there is no return."""
    if not place.returns:
        return True
    return start + place.service[node] + place.travel[node, 0] - place.horizon <= tolerances.TIME


@njit(cache=True)
def collected(place: Place, path: np.ndarray, size: int) -> float:
    """Return the profit of the first `size` nodes of a path, or `INFEASIBLE`."""
    here, start, profit = 0, place.open[0], 0.0
    for node in path[:size]:
        start = max(start + place.service[here] + place.travel[here, node], place.open[node])
        if not on_time(place, node, start):
            return INFEASIBLE
        profit += profit_at(place, node, start)
        here = node
    return profit if size == 0 or back_on_time(place, here, start) else INFEASIBLE
