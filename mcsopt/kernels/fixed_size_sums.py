"""The least sum of a fixed number of items inside an interval: sorted values, thousands of times.

``min sum_S a`` subject to ``|S| = count``, ``S in {begin, .., end-1}``, ``above < sum_S a <= top``. Values are sorted,
so the least and the greatest sum of `count` items are blocks at the ends, and every branch has both bounds at once.

A depth-first search by the largest item: a branch whose least sum is above the threshold is closed by it, two items
are found by two pointers, equal items are tried once. Each level begins in the middle of its range, where the sum of
the others is furthest from its bounds: dense values then come close enough at once, sparse ones are exhausted, what
lies between is given up when the steps are used up. Of many items most are put aside first, in a block at the bottom
and a block further up, such that the few that are left free decide.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

DEPTH = 1024
"""Longest chain of items that the search picks one by one; each further item lies in the block at the bottom."""
MANY, FREE = 12, 8
"""Beyond how many items most are put aside, and how many are then left free."""

EXACT, ENOUGH, OPEN = 0, 1, 2
"""The sum is the least one (infinite: there is none); it is as small as asked for; neither was shown."""
BOTTOM, FROM, TO, PICKED, ITEMS = 0, 1, 2, 3, 4
"""Places of a choice: number of items at the bottom, begin and end of a second block, number of items picked outside
the blocks, and which."""
CHOICE = ITEMS + DEPTH


class Values(NamedTuple):
    """Sorted values, and the sums of the first k as two doubles (`mcsopt.kernels.coalitions.prefix_sums`)."""

    a: np.ndarray
    high: np.ndarray
    low: np.ndarray


class Interval(NamedTuple):
    """Which sums are wanted: above `above`, at most `top`; one at most `enough` need not be improved."""

    above: float
    top: float
    enough: float


@njit(cache=True)
def block(v: Values, begin: int, end: int) -> float:
    """Return the sum of the values begin..end-1. Whatever has their `high` and `low` will do for `v`."""
    return (v.high[end] - v.high[begin]) + (v.low[end] - v.low[begin])


@njit(cache=True)
def first_above(a: np.ndarray, begin: int, end: int, threshold: float) -> int:
    """Return the first position in [begin, end) of a value above the threshold, or end."""
    while begin < end:
        middle = (begin + end) // 2
        if a[middle] > threshold:
            end = middle
        else:
            begin = middle + 1
    return begin


@njit(cache=True)
def least_top(v: Values, begin: int, end: int, count: int, above: float) -> int:
    """Return the first i in [begin+count-1, end) whose block i-count+1..i sums to more than `above`, or end."""
    low, high = begin + count - 1, end
    while low < high:
        middle = (low + high) // 2
        if block(v, middle + 1 - count, middle + 1) > above:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def hopeless(v: Values, begin: int, end: int, count: int, above: float, top: float) -> bool:
    """Whether quick bounds exclude that any `count` of the items have a sum in (above, top].

    Takes the largest item, as a range, and widens the interval for the others by the width of that range; so it sees
    that none, one, two, .. items beyond a gap in the values give too little or too much.
    """
    for _ in range(min(count, DEPTH)):
        first = least_top(v, begin, end, count, above)
        least = block(v, begin, begin + count - 1)
        until = first_above(v.a, first, end, top - least)
        if first >= until:
            return True
        if least > above - v.a[until - 1]:
            return False
        above, top = above - v.a[until - 1], top - v.a[first]
        end, count = until - 1, count - 1
        if begin + count > end:
            return False
    return False


@njit(cache=True)
def least_sum(
    v: Values, begin: int, end: int, count: int, want: Interval, steps: int, choice: np.ndarray
) -> tuple[float, int, int]:
    """Find the least sum of `count` items inside an interval.

    Parameters
    ----------
    v : Values
    begin, end, count : int
        Which items, and how many of them.
    want : Interval
    steps : int
        Steps of some nanoseconds after which to give up.
    choice : array of int, shape (CHOICE,)
        Filled in with the best choice if the sum is finite.

    Returns
    -------
    sum : float
        Infinite if none was found.
    outcome : {EXACT, ENOUGH, OPEN}
    used : int
        Steps used.
    """
    if count < 0 or begin + count > end:
        return np.inf, EXACT, 1
    choice[:ITEMS] = 0
    least = block(v, begin, begin + count)
    if least > want.above or count == 0:
        choice[BOTTOM] = count
        return least if want.above < least <= want.top else np.inf, EXACT, 1
    if block(v, end - count, end) <= want.above:
        return np.inf, EXACT, 1
    best, used = np.inf, 40
    if count > MANY:
        # The more items leave the bottom, the less far: gaps in the values lie in the way of few, not of many.
        h = _fewest_tops(v, begin, end, count, want.above)
        while used <= steps // 2:
            best, more = _put_aside(v, begin, end, count, h, want, best, steps // 8, choice)
            used += more
            if best <= want.enough:
                return best, ENOUGH, used
            if h == count:
                break
            h = min(2 * h, count)
    best, outcome, more = _search(v, begin, end, count, want, best, steps - used, choice)
    return best, outcome, used + more


@njit(cache=True)
def _fewest_tops(v: Values, begin: int, end: int, count: int, above: float) -> int:
    """Return the least number of items that have to leave the bottom for the top to exceed the threshold."""
    low, high = 1, count
    while low < high:
        h = (low + high) // 2
        if block(v, begin, begin + count - h) + block(v, end - h, end) > above:
            high = h
        else:
            low = h + 1
    return low


@njit(cache=True)
def _put_aside(
    v: Values, begin: int, end: int, count: int, h: int, want: Interval, best: float, steps: int, choice: np.ndarray
) -> tuple[float, int]:
    """Leave count-h items at the bottom and the others in a block just high enough; search the few between them."""
    bottom = block(v, begin, begin + count - h)
    low, high = begin + count - h, end - h
    while low < high:
        middle = (low + high) // 2
        if bottom + block(v, middle, middle + h) > want.above:
            high = middle
        else:
            low = middle + 1
    # Half of the free items come from each block, as far as they go.
    upper = min(h, FREE - min(count - h, FREE // 2))
    lower = min(count - h, FREE - upper)
    first, until = begin + count - h - lower, low + upper
    rest = block(v, begin, first) + block(v, until, low + h)
    inner = Interval(want.above - rest, want.top - rest, want.enough - rest)
    if hopeless(v, first, until, lower + upper, inner.above, min(inner.top, best - rest)):
        return best, 60
    found = np.zeros(CHOICE, np.int64)
    total, _, used = _search(v, first, until, lower + upper, inner, best - rest, steps, found)
    if rest + total < best:
        best = rest + total
        choice[:] = found
        choice[BOTTOM], choice[FROM], choice[TO] = found[BOTTOM] + first - begin, until, low + h
    return best, used


@njit(cache=True)
def _gallop(a: np.ndarray, begin: int, end: int, threshold: float) -> int:
    """Return `first_above`, fast if it is near the beginning."""
    step = 1
    while begin + step < end and a[begin + step] <= threshold:
        begin += step
        step *= 2
    return first_above(a, begin, min(begin + step, end), threshold)


@njit(cache=True)
def _gallop_down(a: np.ndarray, begin: int, end: int, threshold: float) -> int:
    """Return `first_above`, fast if it is near the end."""
    step = 1
    while end - step >= begin and a[end - step] > threshold:
        end -= step
        step *= 2
    return first_above(a, max(begin, end - step), end, threshold)


@njit(cache=True)
def _pair(a: np.ndarray, begin: int, end: int, want: Interval) -> tuple[float, int, int, int]:
    """Return the least sum of two items inside the interval, the two items, and the steps used."""
    best, first, second, used = np.inf, -1, -1, 10
    i = first_above(a, begin, end - 1, want.above - a[end - 1])
    j = end
    while i + 1 < j:
        # The least partner of i: it falls while i rises.
        j = _gallop_down(a, i + 1, j, want.above - a[i])
        used += 4
        if j == end:
            break
        if a[i] + a[j] <= want.top and a[i] + a[j] < best:
            best, first, second = a[i] + a[j], i, j
            if best <= want.enough:
                break
        # The next i for which a cheaper partner than j will do.
        i = _gallop(a, i + 1, j, want.above - a[j - 1])
    return best, first, second, used


@njit(cache=True)
def _search(
    v: Values, begin: int, end: int, count: int, want: Interval, best: float, steps: int, choice: np.ndarray
) -> tuple[float, int, int]:
    """Search depth first by the largest item left; return the best sum, the outcome and the steps used."""
    item, turn, low = np.empty(DEPTH, np.int64), np.empty(DEPTH, np.int64), np.empty(DEPTH, np.int64)
    high, picked = np.empty(DEPTH, np.int64), np.empty(DEPTH, np.int64)
    taken = np.zeros(DEPTH + 1)
    deep, used, depth = False, 0, 0
    low[0], high[0] = least_top(v, begin, end, count, want.above), end
    turn[0] = item[0] = (low[0] + high[0]) // 2
    while depth >= 0:
        if used > steps:
            return best, OPEN, used
        # From the middle of the range upwards to its end, then from the middle downwards.
        i = item[depth]
        if i >= high[depth] and turn[depth] >= 0:
            i, turn[depth] = turn[depth] - 1, -1
        if i < low[depth] or i >= high[depth]:
            depth -= 1
            continue
        item[depth] = i + 1 if turn[depth] >= 0 else i - 1
        used += 2
        if i + 1 < high[depth] and v.a[i + 1] == v.a[i]:
            continue  # The last of equal items leaves the most to choose from.
        picked[depth] = i
        sum_so_far = taken[depth] + v.a[i]
        left = count - depth - 1
        above, top = want.above - sum_so_far, min(want.top, best) - sum_so_far
        least = block(v, begin, begin + left)
        if least > above or least > top:
            if turn[depth] >= 0:
                item[depth] = high[depth]  # With larger items the least sum only grows.
            if above < least <= top and sum_so_far + least < best:
                best = sum_so_far + least
                _record(choice, left, picked, depth + 1)
        elif left == 1:
            j = first_above(v.a, begin, i, above)
            used += 8
            if j < i and v.a[j] <= top and sum_so_far + v.a[j] < best:
                best = sum_so_far + v.a[j]
                _record(choice, 0, picked, depth + 1)
                choice[ITEMS + depth + 1], choice[PICKED] = j, depth + 2
        elif left == 2:
            total, first, second, more = _pair(v.a, begin, i, Interval(above, top, want.enough - sum_so_far))
            used += more
            if sum_so_far + total < best:
                best = sum_so_far + total
                _record(choice, 0, picked, depth + 1)
                choice[ITEMS + depth + 1], choice[ITEMS + depth + 2] = first, second
                choice[PICKED] = depth + 3
        elif depth + 3 >= DEPTH:
            deep = True
        else:
            depth += 1
            used += 16
            taken[depth] = sum_so_far
            low[depth], high[depth] = least_top(v, begin, i, left, above), i
            turn[depth] = item[depth] = (low[depth] + high[depth]) // 2
        if best <= want.enough:
            return best, ENOUGH, used
    return best, OPEN if deep else EXACT, used


@njit(cache=True)
def _record(choice: np.ndarray, bottom: int, picked: np.ndarray, count: int) -> None:
    """Write down the items picked by each level, and how many at the bottom complete them."""
    choice[BOTTOM], choice[FROM], choice[TO], choice[PICKED] = bottom, 0, 0, count
    choice[ITEMS : ITEMS + count] = picked[:count]
