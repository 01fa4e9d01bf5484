"""Bounds on what a worker's path can still collect: prices on tasks, and a backward relaxation over a grid of times.

A task may be served once. With a price ``u_k >= 0`` on each service, and ``sum_k u_k`` given back, a path that serves
each task at most once loses nothing: so the best *walk* at profits less prices, which may come back to a task but not
at once (no 2-cycles), bounds every path (Lagrangian relaxation). The walks are those of a dynamic program over (node,
cell of time), a time counting as the left end of its cell: earlier is never worse.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mcsopt.kernels.path_map import PathMap, TimeGrid

STOP = -1
FIRST, SECOND = range(2)


@njit(cache=True, nogil=True)
def profit_at(place: PathMap, node: int, start: float) -> float:
    """Return the profit of a node whose service starts at `start`."""
    size = place.first[node + 1] - place.first[node]
    if size == 1:
        return place.table[place.first[node]]
    since = int(np.ceil(start - place.open[node]))
    return place.table[place.first[node] + min(max(since, 0), size - 1)]


@njit(cache=True, nogil=True)
def ends(place: PathMap, node: int, start: float) -> bool:
    """Whether a path may end with a service that starts at `start`."""
    return not place.returns or start + place.service[node] + place.travel[node, 0] - place.horizon <= place.slack


@njit(cache=True, nogil=True)
def fits(place: PathMap, node: int, start: float) -> bool:
    """Whether a service may start at `start` and a path can end after it."""
    return (
        start <= place.due[node]
        and start - place.close[node] <= place.slack
        and start + place.service[node] - place.horizon <= place.slack
    )


@njit(cache=True, nogil=True)
def relax(place: PathMap, grid: TimeGrid, price: np.ndarray, worth: np.ndarray, then: np.ndarray) -> float:
    """Fill the bounds on completions and return the bound on all paths.

    Parameters
    ----------
    place : PathMap
    grid : TimeGrid
    price : array of float, shape (n,)
    worth, then : array of float and of int, shape (2, cells)
        Filled: rows `FIRST` and `SECOND` have the best reduced profit after a service that starts in a cell, and the
        next node (`STOP`: none); the second row that of the best completion with another next node.
    """
    n = len(price)
    most = np.zeros(n)
    for node in range(1, n):
        if place.due[node] >= place.open[node]:
            most[node] = max(0.0, place.table[place.first[node]] - price[node])
    # No completion is worth more than all other tasks: what stands in a cell not yet filled, for trips of no length.
    total = most.sum()
    for cell in range(len(grid.node)):
        worth[FIRST, cell] = worth[SECOND, cell] = total
        then[FIRST, cell] = then[SECOND, cell] = STOP
    # In locals: passing the whole instance on counts references in the innermost loop.
    opened, due, table, start_of = place.open, place.due, place.table, place.first
    first, scale, single = grid.first, 1.0 / grid.step, len(place.table) == n
    for cell in grid.order:
        node, start = grid.node[cell], grid.left[cell]
        free, trip = start + place.service[node], place.travel[node]
        best, after = -np.inf, STOP
        other, second = -np.inf, STOP
        if node == 0 or ends(place, node, start):
            best = 0.0
        for j in range(1, n):
            at = max(free + trip[j], opened[j])
            if at > due[j]:
                continue
            target = first[j] + int((at - opened[j]) * scale)
            found = (table[start_of[j]] if single else profit_at(place, j, at)) - price[j]
            found += worth[SECOND, target] if then[FIRST, target] == node else worth[FIRST, target]
            if found > best:
                best, after, other, second = found, j, best, after
            elif found > other:
                other, second = found, j
        worth[FIRST, cell], then[FIRST, cell] = min(best, total), after
        worth[SECOND, cell], then[SECOND, cell] = min(other, total), second
    return price.sum() + worth[FIRST, first[0]]


@njit(cache=True, nogil=True)
def trace(place: PathMap, grid: TimeGrid, then: np.ndarray, walk: np.ndarray) -> int:
    """Write the best walk into `walk` and return its length; a walk that does not end is cut."""
    node, before, cell, size = 0, STOP, grid.first[0], 0
    while size < len(walk):
        after = then[FIRST, cell]
        if after == before and after != STOP:
            after = then[SECOND, cell]
        if after == STOP:
            break
        at = max(grid.left[cell] + place.service[node] + place.travel[node, after], place.open[after])
        before, node = node, after
        cell = grid.first[node] + int((at - place.open[node]) / grid.step)
        walk[size] = node
        size += 1
    return size


@njit(cache=True, nogil=True)
def value_of(place: PathMap, path: np.ndarray, size: int) -> float:
    """Return the profit of a path, or -1 if it breaks a window."""
    node, free, total = 0, place.open[0] + place.service[0], 0.0
    start = place.open[0]
    for k in range(size):
        start = max(free + place.travel[node, path[k]], place.open[path[k]])
        node = path[k]
        if not fits(place, node, start):
            return -1.0
        free = start + place.service[node]
        total += profit_at(place, node, start)
    return total if size == 0 or ends(place, node, start) else -1.0


@njit(cache=True, nogil=True)
def fill_up(place: PathMap, path: np.ndarray, size: int, value: float) -> tuple[int, float]:
    """Insert tasks where they fit, the best first, as long as the profit rises; return size and profit."""
    n = len(place.open)
    taken = np.zeros(n, np.bool_)
    for k in range(size):
        taken[path[k]] = True
    trial = np.empty(n, np.int64)
    while True:
        best, node_in, place_in = value, -1, -1
        for node in range(1, n):
            if taken[node] or place.due[node] < place.open[node]:
                continue
            if value + place.table[place.first[node]] <= best:
                continue
            for at in range(size + 1):
                trial[:at] = path[:at]
                trial[at] = node
                trial[at + 1 : size + 1] = path[at:size]
                found = value_of(place, trial, size + 1)
                if found > best:
                    best, node_in, place_in = found, node, at
        if node_in < 0:
            return size, value
        for k in range(size, place_in, -1):
            path[k] = path[k - 1]
        path[place_in] = node_in
        taken[node_in] = True
        size, value = size + 1, best


@njit(cache=True, nogil=True)
def repaired(place: PathMap, walk: np.ndarray, length: int, path: np.ndarray) -> tuple[int, float]:
    """Write into `path` the walk without what repeats or comes too late, filled up; return size and profit."""
    seen = np.zeros(len(place.open), np.bool_)
    size, value = 0, 0.0
    for k in range(length):
        if not seen[walk[k]]:
            path[size] = walk[k]
            found = value_of(place, path, size + 1)
            if found >= 0.0:
                seen[walk[k]] = True
                size, value = size + 1, found
    return fill_up(place, path, size, value)


@njit(cache=True, nogil=True)
def improve_prices(
    place: PathMap, grid: TimeGrid, price: np.ndarray, rounds: int, path: np.ndarray, size: int, value: float
) -> tuple[float, int, float]:
    """Lower the bound on all paths by subgradient steps, and try the walks found, repaired, as paths.

    Parameters
    ----------
    place : PathMap
    grid : TimeGrid
    price : array of float, shape (n,)
        Prices to start from; overwritten by the best found.
    rounds : int
        Largest number of relaxations, >= 1.
    path : array of int, shape (n,)
        Best path known, its first `size` entries; overwritten by a better one.
    size : int
    value : float
        Its profit.

    Returns
    -------
    tuple of float, int, float
        The bound; size and profit of the best path.
    """
    n = len(price)
    worth, then = np.empty((2, len(grid.node))), np.empty((2, len(grid.node)), np.int64)
    walk, trial, visits = np.empty(4 * n, np.int64), np.empty(n, np.int64), np.empty(n)
    now, bound, pace, stale = price.copy(), np.inf, 1.0, 0
    for _ in range(rounds):
        found = relax(place, grid, now, worth, then)
        length = trace(place, grid, then, walk)
        got, profit = repaired(place, walk, length, trial)
        if profit > value:
            size, value = got, profit
            path[:size] = trial[:size]
        if found < bound:
            stale = 0 if bound - found > 1e-3 * (bound - value) or bound == np.inf else stale + 1
            bound = found
            price[:] = now
        else:
            stale += 1
        if stale >= 4:
            pace, stale = pace / 2, 0
            now[:] = price
        visits[:] = 0.0
        for k in range(length):
            visits[walk[k]] += 1.0
        norm = 0.0
        for k in range(1, n):
            if visits[k] > 1.0 or (visits[k] < 1.0 and now[k] > 0.0):
                norm += (visits[k] - 1.0) ** 2
        if norm == 0.0 or found - value <= 1e-9 * found or pace < 0.05:
            break
        length_of_step = pace * (found - value) / norm
        for k in range(1, n):
            now[k] = max(0.0, now[k] + length_of_step * (visits[k] - 1.0))
    return bound, size, value
