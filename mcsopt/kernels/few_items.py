"""The best few of some 100 items, tens of thousands of times: the knapsack inside a heuristic.

`mcsopt.kernels.knapsack.search` is the wrong tool there: when 5 items fit, the Dantzig bound is off by most of an
item, and 150 similar items cost it up to 0.1 s. Fixing the number of items and pricing the weight instead needs some
100 nodes.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def _largest(
    weight: np.ndarray,
    value: np.ndarray,
    factor: float,
    price: float,
    size: int,
    top: np.ndarray,
    key: np.ndarray,
) -> tuple[float, float]:
    """Put the `size` largest by ``factor * value - price * weight`` in `top`; return value and weight."""
    count = 0
    for item in range(len(weight)):
        reduced = factor * value[item] - price * weight[item]
        if count < size:
            place = count
            count += 1
        elif reduced > key[size - 1]:
            place = size - 1
        else:
            continue
        insert(top, key, place, item, reduced)
    total_value, total_weight = 0.0, 0.0
    for k in range(size):
        total_value += value[top[k]]
        total_weight += weight[top[k]]
    return total_value, total_weight


@njit(cache=True)
def insert(top: np.ndarray, key: np.ndarray, place: int, item: int, reduced: float) -> None:
    """Insert an item into a list sorted by decreasing key, whose entry `place` is free or given up."""
    while place > 0 and key[place - 1] < reduced:
        key[place], top[place] = key[place - 1], top[place - 1]
        place -= 1
    key[place], top[place] = reduced, item


@njit(cache=True)
def _most_items(weight: np.ndarray, capacity: float, top: np.ndarray, key: np.ndarray) -> int:
    """Return how many items fit at most: the lightest ones, kept sorted while they are met."""
    count, room = 0, capacity
    for item in range(len(weight)):
        if weight[item] > room and (count == 0 or weight[item] >= -key[count - 1]):
            continue
        insert(top, key, count, item, -weight[item])
        count += 1
        room -= weight[item]
        while room < 0.0:
            count -= 1
            room -= key[count]
    return count


@njit(cache=True)
def _choose(chosen: np.ndarray, items: np.ndarray, size: int) -> None:
    """Make the first `size` of `items` the chosen ones."""
    chosen[:] = 0
    for k in range(size):
        chosen[items[k]] = 1


@njit(cache=True)
def price_weight(
    weight: np.ndarray,
    value: np.ndarray,
    capacity: float,
    size: int,
    best: float,
    chosen: np.ndarray,
    top: np.ndarray,
    key: np.ndarray,
) -> tuple[float, float, float]:
    """Return a price u, the bound it gives on packings of `size` items, and the best value known.

    The bound is convex and piecewise linear in u: the next u is where the lines of a set too heavy and of one
    that fits meet, until no set lies above that point.
    """
    heavy_value, heavy_weight = _largest(weight, value, 1.0, 0.0, size, top, key)
    if heavy_weight <= capacity:
        if heavy_value > best:
            _choose(chosen, top, size)
        return 0.0, heavy_value, max(best, heavy_value)
    if heavy_value <= best:
        return 0.0, heavy_value, best
    light_value, light_weight = _largest(weight, value, 0.0, 1.0, size, top, key)
    if light_weight > capacity:
        return 0.0, 0.0, best  # By rounding only: in another order the same sum was within the capacity.
    if light_value > best:
        best = light_value
        _choose(chosen, top, size)
    price, bound = 0.0, heavy_value
    for _ in range(50):  # Any price is valid; about 5 steps find the best.
        price = max(0.0, (heavy_value - light_value) / (heavy_weight - light_weight))
        meeting = heavy_value + price * (capacity - heavy_weight)
        total_value, total_weight = _largest(weight, value, 1.0, price, size, top, key)
        bound = total_value + price * (capacity - total_weight)
        if total_weight > capacity:
            heavy_value, heavy_weight = total_value, total_weight
        else:
            light_value, light_weight = total_value, total_weight
            if total_value > best:
                best = total_value
                _choose(chosen, top, size)
        if bound <= max(best, meeting * (1.0 + 1e-12)):
            break
    return price, bound, best


@njit(cache=True)
def _enumerate(
    weight: np.ndarray,
    value: np.ndarray,
    capacity: float,
    size: int,
    best: float,
    chosen: np.ndarray,
    places: np.ndarray,
    numbers: np.ndarray,
) -> float:
    """Look at the packings of `size` items whose reduced values allow more than `best`; return the best."""
    top, path = places[0], places[1]
    key, prefix = numbers[0], numbers[1]
    price, bound = numbers[2, size], numbers[3, size]
    # An item of the packing replaces at least the last of the `size` largest: too far below, it cannot pay.
    _largest(weight, value, 1.0, price, size, top, key)
    least = key[size - 1] - (bound - best)
    lightest = weight.min()
    count = 0
    for item in range(len(weight)):
        reduced = value[item] - price * weight[item]
        if reduced > least:
            insert(top, key, count, item, reduced)
            count += 1
    prefix[0] = 0.0
    for k in range(count):
        prefix[k + 1] = prefix[k] + key[k]
    level, room, total, reduced_total = 0, capacity, 0.0, price * capacity
    path[0] = 0
    while level >= 0:
        k, rest = path[level], size - level
        if k + rest > count or reduced_total + (prefix[k + rest] - prefix[k]) <= best:
            level -= 1
            if level >= 0:
                k = path[level]
                room += weight[top[k]]
                total -= value[top[k]]
                reduced_total -= key[k]
                path[level] = k + 1
            continue
        item = top[k]
        if rest > 1 and room - weight[item] >= (rest - 1) * lightest:
            room -= weight[item]
            total += value[item]
            reduced_total += key[k]
            level += 1
            path[level] = k + 1
            continue
        if rest == 1 and weight[item] <= room and total + value[item] > best:
            best = total + value[item]
            chosen[:] = 0
            for j in range(size):
                chosen[top[path[j]]] = 1
        path[level] = k + 1
    return best


@njit(cache=True)
def best_subset(weight: np.ndarray, value: np.ndarray, capacity: float, chosen: np.ndarray) -> float:
    """Choose items of greatest total value within a capacity: few of some 100, in microseconds.

    For each number of items m and any price u >= 0 on weight, m items are worth at most ``u * capacity`` plus
    the m largest ``value - u * weight``. The best u is found; then the m-sets above the best packing known
    are enumerated in order of reduced value, which cuts whole ranges.

    Parameters
    ----------
    weight, value : array of float, shape (n,)
        Weights >= 0, values of any sign, in any order.
    capacity : float
        Largest total weight, >= 0, tolerance included: sums are plain doubles, whose error is far below 1e-9.
    chosen : array, shape (n,)
        Overwritten: 1 for the items of the best packing, else 0.

    Returns
    -------
    float
        Its value, the greatest there is up to rounding (about 1e-15 of it); 0 if no item fits.

    Notes
    -----
    Exact for any input, made for packings of few items: time grows with their number, and in the worst case
    exponentially. Use `search` for large knapsacks.
    """
    n = len(weight)
    # Items and path; keys, their partial sums, and price and bound for each number of items.
    places, numbers = np.empty((2, n + 1), np.int64), np.empty((4, n + 1))
    chosen[:] = 0
    best = 0.0
    most = _most_items(weight, capacity, places[0], numbers[0])
    # First a bound for every number of items, which also finds good packings; then the enumerations left.
    for size in range(most, 0, -1):
        numbers[2, size], numbers[3, size], best = price_weight(
            weight, value, capacity, size, best, chosen, places[0], numbers[0]
        )
    for size in range(most, 0, -1):
        if numbers[3, size] > best:
            best = _enumerate(weight, value, capacity, size, best, chosen, places, numbers)
    return best
