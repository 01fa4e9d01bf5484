"""Stability of data coalitions in closed form, and every coalition of a few players.

Players are sorted by cost: rank 0 is the cheapest, ``a_j = (c_j^2/2)^(1/3)``. Of a coalition of size k only three
numbers count: ``Sigma`` (sum of a over the members), the largest a of a member and the least a of an outsider. With
``e = (2 alpha + 1)/3`` it is stable iff

    Sigma <= upper_k - 2 a_max                                                  nobody leaves (Claims 5, 6)
    Sigma >  need_k - weight_k a_out - pull max(a_max, a_out)                   nobody enters

    upper_k = sigma^2 (k-1)/k^e
    Nash:    need_k = sigma^2 k(k+1)/k^(e+1), weight_k = 3 ((k+1)/k)^(e+1), pull = 0     (Claim 5)
    robust:  need_k = sigma^2 k/(k+1)^e,      weight_k = 1,                 pull = 2     (Claim 6)

A comparison within 1e-12 is a tie on which members stay and outsiders enter (`mcsopt.problems.StableCoalition`): both
are strict or not as written at the variance ``sigma^2 (1 + 1e-12)``, which is what stands in the tables. Numbers that
are equal up to rounding are then 1e-12 away from each threshold; `ROUNDING` covers what rounding can do.

All coalitions by meeting in the middle: the subsets of the cheaper half, sorted by sum within each (size, cheapest
outsider), meet every subset of the other half; which of them are stable is then an interval, found by bisection. So
n players cost about ``2^(n/2) n^2/8`` bisections instead of 2^n evaluations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from mcsopt import tolerances
from mcsopt.kernels.fixed_size_sums import first_above
from mcsopt.problems.data_coalition import DataCoalition

ROUNDING = 1e-13
"""Relative rounding error, generously, of a sum and of the closed forms against the definitions: a few units in the
last place, and one more for each power of k."""


class Conditions(NamedTuple):
    """What decides stability; arrays by size have n + 2 entries, 0 and 1 unused."""

    a: np.ndarray
    """Sorted, shape (n,)."""
    high: np.ndarray
    """Sums of the k least a, shape (n + 1,): rounded, ..."""
    low: np.ndarray
    """... and what the rounding lost."""
    upper: np.ndarray
    need: np.ndarray
    weight: np.ndarray
    pull: float


def conditions(players: DataCoalition, stability: str, widen: float = 0.0) -> tuple[np.ndarray, Conditions]:
    """Return the players by rank (ties by index) and the tables of the conditions.

    Parameters
    ----------
    players : DataCoalition
    stability : {"nash", "robust"}
    widen : float
        By which part of itself each threshold gives way: > 0 admits every stable coalition in spite of rounding, < 0
        none that is not stable.
    """
    order, a = roots(players)
    n, variance = len(a), players.variance * (1 + tolerances.STABILITY)
    e = (2 * players.alpha + 1) / 3
    size = np.arange(1.0, n + 3)
    power = size**e
    k, next_power = size[:-1], power[1:]
    upper = variance * (k - 1) / power[:-1]
    if stability == "nash":
        need, weight = variance * (k + 1) / power[:-1], 3 * (k + 1) * next_power / (k * power[:-1])
    else:
        need, weight = variance * k / next_power, np.ones(n + 1)
    high, low = prefix_sums(a)
    return order, Conditions(
        a=a,
        high=high,
        low=low,
        upper=np.append(0.0, upper * (1 + widen)),
        need=np.append(0.0, need * (1 - widen)),
        weight=np.append(0.0, weight),
        pull=0.0 if stability == "nash" else 2.0,
    )


def roots(players: DataCoalition) -> tuple[np.ndarray, np.ndarray]:
    """Return the players by ascending cost, ties by index, and their ``a = (c^2/2)^(1/3)``."""
    order = np.argsort(players.cost, kind="stable")
    return order, np.cbrt(players.cost[order]) ** 2 / 2 ** (1 / 3)


@njit(cache=True)
def prefix_sums(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of the first k of `a`, k = 0..n, as two doubles: differences of them keep 15 digits."""
    high, low = np.zeros(len(a) + 1), np.zeros(len(a) + 1)
    for k in range(len(a)):
        total = high[k] + a[k]
        back = total - high[k]
        lost = (high[k] - (total - back)) + (a[k] - back) + low[k]
        high[k + 1] = total + lost
        low[k + 1] = lost - (high[k + 1] - total)
    return high, low


@njit(cache=True)
def entry_sum(c: Conditions, k: int, out: float, largest: float) -> float:
    """Return the sum that a coalition of size k has to exceed so that nobody enters."""
    return c.need[k] - c.weight[k] * out - c.pull * max(largest, out)


class Half(NamedTuple):
    """Subsets of the L cheapest players, but all of them together, sorted by sum within (size, cheapest outsider)."""

    players: int
    mask: np.ndarray
    sums: np.ndarray
    start: np.ndarray
    """First subset of each group, and the end."""
    size: np.ndarray
    outsider: np.ndarray


def lower_half(a: np.ndarray, players: int) -> Half:
    """Sort the proper subsets of the first `players` ranks."""
    mask = np.arange((1 << players) - 1)
    sums, size = _subset_sums(a[:players])
    # A mask with t ones at the end and its successor differ in the last t + 1 bits.
    outsider = np.frexp((mask ^ (mask + 1)) + 1.0)[1].astype(np.int64) - 2
    group = size[:-1] * (players + 1) + outsider
    order = np.lexsort((sums[:-1], group))
    keys, start = np.unique(group[order], return_index=True)
    return Half(
        players, mask[order], sums[order], np.append(start, len(mask)), keys // (players + 1), keys % (players + 1)
    )


def _subset_sums(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sum and size of every subset, by mask."""
    sums, size = np.zeros(1), np.zeros(1, np.int64)
    for value in a:
        sums, size = np.concatenate([sums, sums + value]), np.concatenate([size, size + 1])
    return sums, size


class Found(NamedTuple):
    """What a scan over all coalitions finds, by size, arrays of n + 1 entries; masks are over ranks."""

    number: np.ndarray
    least: np.ndarray
    """Least sum of a stable coalition, infinity if there is none, ..."""
    least_mask: np.ndarray
    """... and a coalition that has it."""
    most: np.ndarray
    most_mask: np.ndarray
    listed: np.ndarray
    """The first stable coalitions, as many as there is room for."""
    close: np.ndarray
    """Coalitions too close to a threshold to tell, as many as there is room for: not counted above."""
    lengths: np.ndarray
    """How many are listed, how many are close."""


def scan_all(players: DataCoalition, stability: str, *, room: int, close_room: int) -> tuple[np.ndarray, Found]:
    """Find every stable coalition; return the players by rank, and what was found."""
    order, c = conditions(players, stability)
    n = len(c.a)
    found = Found(
        np.zeros(n + 1, np.int64), np.full(n + 1, np.inf), np.zeros(n + 1, np.int64),
        np.full(n + 1, -np.inf), np.zeros(n + 1, np.int64),
        np.empty(room, np.int64), np.empty(close_room, np.int64), np.zeros(2, np.int64),
    )  # fmt: skip
    half = lower_half(c.a, n // 2)
    sums, size = _subset_sums(c.a[half.players :])
    _scan(c, half, sums, size, found)
    return order, found


@njit(cache=True)
def _scan(c: Conditions, half: Half, sums: np.ndarray, size: np.ndarray, found: Found) -> None:
    """Let every subset of the dearer players meet those of the cheaper ones."""
    players = half.players
    for position in range(len(half.mask)):
        mask = half.mask[position]
        _meet(c, _ones(mask), _end_ones(mask), _length(mask) - 1, half.sums[position], mask, found)
    # The groups in plain arrays: passing tuples of arrays around costs more than the comparison.
    a, upper, need, weight, pull = c.a, c.upper, c.need, c.weight, c.pull
    group_size, out = half.size, a[half.outsider]
    least, most = half.sums[half.start[:-1]], half.sums[half.start[1:] - 1]
    for other in range(len(sums)):
        shifted = other << players
        # All of the cheaper players: the cheapest outsider is among the others.
        everyone = shifted | ((1 << players) - 1)
        total = sums[other] + c.high[players]
        _meet(c, players + size[other], _end_ones(everyone), _length(everyone) - 1, total, everyone, found)
        if other == 0:
            continue
        top = a[_length(shifted) - 1]
        for g in range(len(group_size)):
            k = group_size[g] + size[other]
            above = upper[k] * (1 + ROUNDING) - 2 * top - sums[other]
            below = need[k] * (1 - ROUNDING) - weight[k] * out[g] - pull * max(top, out[g]) - sums[other]
            if below < above and least[g] <= above and most[g] > below and k > 1:
                _meet_group(c, half, g, k, top, sums[other], shifted, found)


@njit(cache=True)
def _ones(mask: int) -> int:
    count = 0
    while mask:
        count, mask = count + 1, mask & (mask - 1)
    return count


@njit(cache=True)
def _end_ones(mask: int) -> int:
    """Return the number of ones at the end: the rank of the cheapest outsider."""
    count = 0
    while mask & 1:
        count, mask = count + 1, mask >> 1
    return count


@njit(cache=True)
def _length(mask: int) -> int:
    """Return the number of bits: one more than the rank of the dearest member."""
    count = 0
    while mask:
        count, mask = count + 1, mask >> 1
    return count


@njit(cache=True)
def _meet(c: Conditions, k: int, outsider: int, largest: int, total: float, mask: int, found: Found) -> None:
    """Judge one coalition."""
    if k < 2:
        return
    top = c.upper[k] - 2 * c.a[largest]
    bottom = -np.inf if k == len(c.a) else entry_sum(c, k, c.a[outsider], c.a[largest])
    above, below = ROUNDING * c.upper[k], ROUNDING * c.need[k]
    if total <= bottom - below or total > top + above:
        return
    if total <= bottom + below or total > top - above:
        _set_aside(mask, found)
    else:
        found.number[k] += 1
        _keep(k, total, mask, found)
        _list(mask, found)


@njit(cache=True)
def _meet_group(
    c: Conditions, half: Half, g: int, k: int, largest: float, other: float, shifted: int, found: Found
) -> None:
    """Judge a coalition of size k for every subset of a group, all of them with the same cheapest outsider."""
    begin, end = half.start[g], half.start[g + 1]
    top = c.upper[k] - 2 * largest - other
    bottom = entry_sum(c, k, c.a[half.outsider[g]], largest) - other
    above, below = ROUNDING * c.upper[k], ROUNDING * c.need[k]
    first = first_above(half.sums, begin, end, bottom - below)
    last = first_above(half.sums, first, end, top + above)
    while first < last and half.sums[first] <= bottom + below:
        _set_aside(shifted | half.mask[first], found)
        first += 1
    while first < last and half.sums[last - 1] > top - above:
        last -= 1
        _set_aside(shifted | half.mask[last], found)
    if first < last:
        found.number[k] += last - first
        _keep(k, other + half.sums[first], shifted | half.mask[first], found)
        _keep(k, other + half.sums[last - 1], shifted | half.mask[last - 1], found)
        for position in range(first, last):
            if found.lengths[0] >= len(found.listed):
                break
            _list(shifted | half.mask[position], found)


@njit(cache=True)
def _keep(k: int, total: float, mask: int, found: Found) -> None:
    if total < found.least[k]:
        found.least[k], found.least_mask[k] = total, mask
    if total > found.most[k]:
        found.most[k], found.most_mask[k] = total, mask


@njit(cache=True)
def _list(mask: int, found: Found) -> None:
    if found.lengths[0] < len(found.listed):
        found.listed[found.lengths[0]] = mask
        found.lengths[0] += 1


@njit(cache=True)
def _set_aside(mask: int, found: Found) -> None:
    if found.lengths[1] < len(found.close):
        found.close[found.lengths[1]] = mask
    found.lengths[1] += 1


def intervals(players: DataCoalition, stability: str) -> tuple[np.ndarray, np.ndarray]:
    """Return, by mask over the players as given, the ends of the interval of variances where each is stable.

    Parameters
    ----------
    players : DataCoalition
        Its variance is not used; memory is about ``2^n * 64`` bytes.
    stability : {"nash", "robust"}

    Returns
    -------
    stay, entry : arrays of float, shape (2^n,)
        Stable for ``sigma^2`` in [stay, entry); both infinite for fewer than two members; entry infinite for all.
    """
    a = np.cbrt(players.cost) ** 2 / 2 ** (1 / 3)
    sums, size = _subset_sums(a)
    largest, least = np.zeros(1), np.full(1, np.inf)
    for value in a:
        largest = np.concatenate([largest, np.maximum(largest, value)])
        least = np.concatenate([least, np.minimum(least, value)])
    # The complement of a mask is as far from the end as the mask is from the beginning.
    return interval_ends(size, sums, largest, least[::-1], (2 * players.alpha + 1) / 3, stability)


def interval_ends(
    size: np.ndarray, total: np.ndarray, largest: np.ndarray, out: np.ndarray, e: float, stability: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return stay and entry variances for sizes, sums, largest and least outside a; infinite below two members."""
    with np.errstate(divide="ignore", invalid="ignore"):
        k = size.astype(float)
        stay = (total + 2 * largest) * k**e / (k - 1)
        if stability == "nash":
            entry = (total * k ** (e + 1) + 3 * out * (k + 1) ** (e + 1)) / (k * (k + 1))
        else:
            entry = (total + out + 2 * np.maximum(largest, out)) * (k + 1) ** e / k
    stay[size < 2] = entry[size < 2] = np.inf
    return stay, entry
