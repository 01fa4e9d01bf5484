"""Exact pricing of one task's recruits: its best sets at given prices, number by number.

For a fixed number k of recruits everything is linear: ``max offset_k + sum_{j in A} s_j``, ``s_j = share_k q_j -
loss_j``, over sets of k candidates with ``sum p_j <= B`` and ``sum q_j >= needed_k``. With prices y, z >= 0 on the two
sums a set is worth at most

``offset_k + y B - z needed_k + sum_{j in A} t_j``, ``t_j = s_j - y p_j + z q_j``,

hence at most with the k largest terms. The best prices of each number come from line searches; the numbers are then
searched in turn, the most promising first, depth first over candidates by falling term: a partial set is worth no more
than with the terms next in order, so its bound is one difference of prefix sums.

**Cuts.** A subset-row cut over three rows fines a set that has two of them, once. Where the task itself is a row, each
of the two workers may be charged half from the start; other fines count once they are due.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from mcsopt.kernels.pricing import COMPLETE, FULL, GAVE_UP

_TURNS = 2  # of setting the two prices in turn: more hardly lower the bound
_STEPS = 30  # of one line search, which ends by itself after a few


class Ordered(NamedTuple):
    """Candidates that may be in a set above the ceiling, by falling term; and what the later ones offer at best."""

    number: np.ndarray
    score: np.ndarray
    payment: np.ndarray
    quality: np.ndarray
    mark: np.ndarray
    prefix: np.ndarray
    cheapest: np.ndarray
    finest: np.ndarray


@njit(cache=True, nogil=True)
def fines_of(fine: np.ndarray, cuts: int) -> float:
    """Return the sum of the fines of a set of cuts, given by its bits."""
    total, k = 0.0, 0
    while cuts:
        if cuts & 1:
            total += fine[k]
        cuts >>= 1
        k += 1
    return total


@njit(cache=True, nogil=True)
def _largest(term: np.ndarray, size: int, chosen: np.ndarray) -> float:
    """Write where the `size` largest terms are, the largest first; return their sum."""
    filled = 0
    for i in range(len(term)):
        value = term[i]
        if filled < size:
            place = filled
            filled += 1
        elif value > term[chosen[size - 1]]:
            place = size - 1
        else:
            continue
        while place > 0 and term[chosen[place - 1]] < value:
            chosen[place] = chosen[place - 1]
            place -= 1
        chosen[place] = i
    total = 0.0
    for k in range(size):
        total += term[chosen[k]]
    return total


@njit(cache=True, nogil=True)
def _best_price(
    score: np.ndarray, weight: np.ndarray, room: float, size: int, chosen: np.ndarray, term: np.ndarray
) -> tuple[float, float]:
    """Return the least of ``g(y) = y room + (size largest of score - y weight)`` over y >= 0, and that y.

    g is convex and piecewise linear: two of its lines, one falling and one not, are cut where they meet, until no line
    lies above. If no set of the size keeps the room, g falls for ever: -inf.
    """
    low_start = _largest(score, size, chosen)
    low_slope = room - np.sum(weight[chosen[:size]])
    if low_slope >= 0:
        return low_start, 0.0
    for i in range(len(score)):
        term[i] = -weight[i]
    high_slope = room + _largest(term, size, chosen)
    if high_slope < 0:
        return -np.inf, 0.0
    high_start = np.sum(score[chosen[:size]])
    best, price = low_start, 0.0
    for _ in range(_STEPS):
        y = (low_start - high_start) / (high_slope - low_slope)
        if y <= 0:
            break
        for i in range(len(score)):
            term[i] = score[i] - y * weight[i]
        value = y * room + _largest(term, size, chosen)
        if value < best:
            best, price = value, y
        slope = room - np.sum(weight[chosen[:size]])
        start = np.sum(score[chosen[:size]])
        if value <= low_start + low_slope * y + 1e-12 * abs(value):
            break
        if slope < 0:
            low_start, low_slope = start, slope
        else:
            high_start, high_slope = start, slope
    return best, price


@njit(cache=True, nogil=True)
def _prices(
    score: np.ndarray, payment: np.ndarray, quality: np.ndarray, limit: float, needed: float, size: int,
    chosen: np.ndarray, trial: np.ndarray, term: np.ndarray,
) -> tuple[float, float, float]:  # fmt: skip
    """Return a bound on the scores of the sets of a size that keep both limits, and prices y, z that prove it."""
    bound, y, z = np.inf, 0.0, 0.0
    for turn in range(_TURNS):
        for i in range(len(score)):
            trial[i] = score[i] + z * quality[i]
        value, y_new = _best_price(trial, payment, limit, size, chosen, term)
        value -= z * needed
        if value < bound:
            bound, y = value, y_new
        for i in range(len(score)):
            trial[i] = score[i] - y * payment[i]
        _largest(trial, size, chosen)
        if bound == -np.inf or (turn == 0 and np.sum(quality[chosen[:size]]) >= needed):
            break
        value, z_new = _best_price(trial, -quality, -needed, size, chosen, term)
        value += y * limit
        if value >= bound:
            break
        bound, z = value, z_new
    return bound, y, z


@njit(cache=True, nogil=True)
def _ordered(
    term: np.ndarray, least: float, score: np.ndarray, payment: np.ndarray, quality: np.ndarray, mark: np.ndarray
) -> Ordered:
    index = np.flatnonzero(term > least)
    index = index[np.argsort(-term[index])]
    count = len(index)
    cheapest, finest = np.full(count + 1, np.inf), np.full(count + 1, -np.inf)
    for i in range(count - 1, -1, -1):
        cheapest[i] = min(cheapest[i + 1], payment[index[i]])
        finest[i] = max(finest[i + 1], quality[index[i]])
    prefix = np.zeros(count + 1)
    prefix[1:] = np.cumsum(term[index])
    return Ordered(
        index, score[index], payment[index], quality[index], mark[index], prefix, cheapest, finest
    )  # fmt: skip


@njit(cache=True, nogil=True)
def search(
    quality: np.ndarray, loss: np.ndarray, payment: np.ndarray, share: np.ndarray, offset: np.ndarray,
    needed: np.ndarray, budget: float, band: float, mark: np.ndarray, hit: int, fine: np.ndarray,
    floor: float, max_nodes: int, listing: bool, members: np.ndarray, sizes: np.ndarray, values: np.ndarray,
    doubtful: np.ndarray,
) -> tuple[int, int, int]:  # fmt: skip
    """Find the best feasible nonempty sets of one task that are worth more than `floor`.

    Parameters
    ----------
    quality, loss, payment : array of float, shape (m,), m >= 1
        Candidates: qualities and payments >= 0, and what is lost by taking one.
    share, offset, needed : array of float, shape (d,)
        By number of recruits, 1 to d; see `OnlineRecruitment.by_number`.
    budget, band : float
        The budget with its tolerance; by how much rounding may misjudge a sum of qualities.
    mark, hit, fine, floor, max_nodes, listing
        As for `mcsopt.kernels.pricing.search`.
    members : array of int, shape (K, d)
        Filled with the sets, in any order; none of more than d members is looked for.
    sizes, values, doubtful : array, shape (K,)
        Their sizes and values, and whether rounding may have misjudged them: such sets are kept.

    Returns
    -------
    tuple of int
        Number of sets written, nodes searched, and `COMPLETE`, `GAVE_UP` or `FULL`, as there.
    """
    count, depths, room = len(quality), min(members.shape[1], len(quality)), len(sizes)
    penny = 2.0 * (depths + 4) * 2.0**-53 * budget
    limit = budget + penny
    charge = np.zeros(count)
    for i in range(count):
        charge[i] = 0.5 * fines_of(fine, hit & mark[i])
    chosen, trial, term = np.zeros(depths + 1, np.int64), np.empty(count), np.empty(count)
    bounds, y, z = np.full(depths, -np.inf), np.zeros(depths), np.zeros(depths)
    for k in range(depths):
        bounds[k], y[k], z[k] = _prices(
            share[k] * quality - loss - charge, payment, quality, limit, needed[k] - band, k + 1, chosen, trial, term
        )
        bounds[k] += offset[k]
    number, nodes, ceiling = 0, 0, floor
    place, path = np.zeros(depths + 1, np.int64), np.zeros(depths + 1, np.int64)
    base, value = np.zeros(depths + 1), np.zeros(depths + 1)
    spent, got = np.zeros(depths + 1), np.zeros(depths + 1)
    hits, fined = np.zeros(depths + 1, np.int64), np.zeros(depths + 1, np.int64)
    hits[0] = hit
    for k in np.argsort(-bounds):
        if bounds[k] <= ceiling:
            break
        size, enough = k + 1, needed[k] - band
        score = share[k] * quality - loss
        for i in range(count):
            term[i] = score[i] - charge[i] - y[k] * payment[i] + z[k] * quality[i]
        _largest(term, size, chosen)
        # A member takes at least the place of the last of the largest terms.
        least = term[chosen[size - 1]] - (bounds[k] - ceiling)
        given = _ordered(term, least, score, payment, quality, mark)
        base[0], value[0] = offset[k] + y[k] * limit - z[k] * enough, offset[k]
        depth, place[0] = 0, 0
        while depth >= 0:
            i, r = place[depth], size - depth
            if i + r > len(given.number) or base[depth] + given.prefix[i + r] - given.prefix[i] <= ceiling:
                depth -= 1
                continue
            place[depth] = i + 1
            nodes += 1
            if nodes > max_nodes:
                return number, nodes, GAVE_UP
            spend, gain = spent[depth] + given.payment[i], got[depth] + given.quality[i]
            # Zero times infinity: for the last member there are no others.
            if r > 1 and (
                spend + (r - 1) * given.cheapest[i + 1] > limit or gain + (r - 1) * given.finest[i + 1] < enough
            ):
                continue
            due = hits[depth] & given.mark[i] & ~fined[depth]
            worth = value[depth] + given.score[i] - fines_of(fine, due)
            path[depth] = given.number[i]
            if r > 1:
                child = depth + 1
                own = given.prefix[i + 1] - given.prefix[i]
                # Half of what cuts of the task fine is in the terms.
                base[child] = base[depth] + own - fines_of(fine, due & ~hit)
                value[child], spent[child], got[child] = worth, spend, gain
                hits[child], fined[child] = hits[depth] | given.mark[i], fined[depth] | due
                depth, place[child] = child, i + 1
                continue
            if worth <= ceiling or spend > limit or gain < enough:
                continue
            slot = number
            if number < room:
                number += 1
            elif listing:
                return number, nodes, FULL
            else:
                slot = int(np.argmin(values))
            values[slot], sizes[slot] = worth, size
            members[slot, :size] = path[:size]
            doubtful[slot] = gain < enough + 2 * band or spend > limit - 2 * penny
            if number == room and not listing:
                ceiling = max(floor, np.min(values))
    return number, nodes, COMPLETE
