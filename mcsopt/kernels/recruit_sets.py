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

from mcsopt.kernels.pricing import COMPLETE, FULL, GAVE_UP, Found

_TURNS = 2  # of setting the two prices in turn: more hardly lower the bound
_STEPS = 30  # of one line search, which ends by itself after a few


class Task(NamedTuple):
    """One task and its candidates, parallel arrays: the question. `limit` and `band` allow for rounding."""

    quality: np.ndarray
    loss: np.ndarray
    payment: np.ndarray
    limit: float
    penny: float
    band: float
    mark: np.ndarray
    hit: int
    fine: np.ndarray


class Prices(NamedTuple):
    """By number of recruits, less one: what bounds the worth of so many.

    `money` and `need` are the prices y and z of the two limits. With the price `thrift` of money, a set within the
    budget has no more quality than ``thrift B`` plus its sum of ``q_j - thrift p_j``.
    """

    bound: np.ndarray
    money: np.ndarray
    need: np.ndarray
    thrift: np.ndarray


class Ordered(NamedTuple):
    """Candidates that may be in a set above the ceiling, by falling term; and what the later ones offer at best."""

    number: np.ndarray
    score: np.ndarray
    payment: np.ndarray
    quality: np.ndarray
    mark: np.ndarray
    prefix: np.ndarray
    cheapest: np.ndarray
    reach: np.ndarray


class Stack(NamedTuple):
    """The current path, one row a depth."""

    place: np.ndarray
    path: np.ndarray
    base: np.ndarray
    value: np.ndarray
    spent: np.ndarray
    got: np.ndarray
    hit: np.ndarray
    fined: np.ndarray


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
def _priced(
    task: Task, share: np.ndarray, offset: np.ndarray, needed: np.ndarray, charge: np.ndarray, depths: int
) -> Prices:
    """Return prices for each number of recruits; its bound is -inf where no set of the size keeps both limits."""
    count = len(task.quality)
    chosen, trial, term = np.zeros(depths, np.int64), np.empty(count), np.empty(count)
    found = Prices(np.full(depths, -np.inf), np.zeros(depths), np.zeros(depths), np.zeros(depths))
    for k in range(depths):
        enough = needed[k] - task.band
        most, found.thrift[k] = _best_price(task.quality, task.payment, task.limit, k + 1, chosen, term)
        if most < enough - task.band:
            continue
        bound, found.money[k], found.need[k] = _prices(
            share[k] * task.quality - task.loss - charge, task.payment, task.quality, task.limit, enough, k + 1,
            chosen, trial, term,
        )  # fmt: skip
        found.bound[k] = bound + offset[k]
    return found


@njit(cache=True, nogil=True)
def _ordered(task: Task, term: np.ndarray, score: np.ndarray, thrift: float, size: int, margin: float) -> Ordered:
    """Order the candidates whose term is less than `margin` below the last of the `size` largest."""
    chosen = np.zeros(size, np.int64)
    _largest(term, size, chosen)
    number = np.flatnonzero(term > term[chosen[size - 1]] - margin)
    number = number[np.argsort(-term[number])]
    count = len(number)
    payment, quality = task.payment[number], task.quality[number]
    cheapest, reach = np.full(count + 1, np.inf), np.full((count + 1, size), -np.inf)
    reach[:, 0] = 0.0
    top = np.full(size, -np.inf)
    for i in range(count - 1, -1, -1):
        cheapest[i] = min(cheapest[i + 1], payment[i])
        own = quality[i] - thrift * payment[i]
        place = size - 1
        if own > top[place]:
            while place > 0 and top[place - 1] < own:
                top[place] = top[place - 1]
                place -= 1
            top[place] = own
        for r in range(1, size):
            reach[i, r] = reach[i, r - 1] + top[r - 1]
    prefix = np.zeros(count + 1)
    prefix[1:] = np.cumsum(term[number])
    return Ordered(number, score[number], payment, quality, task.mark[number], prefix, cheapest, reach)


@njit(cache=True, nogil=True)
def _stack(depths: int) -> Stack:
    return Stack(
        np.zeros(depths, np.int64), np.zeros(depths, np.int64), np.zeros(depths), np.zeros(depths), np.zeros(depths),
        np.zeros(depths), np.zeros(depths, np.int64), np.zeros(depths, np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _descend(
    task: Task, given: Ordered, stack: Stack, start: tuple[float, float], size: int, enough: float, thrift: float,
    found: Found, number: int, nodes: int, floor: float, ceiling: float, max_nodes: int, listing: bool,
) -> tuple[int, int, float, int]:  # fmt: skip
    """Search the sets of one size; return the number found, the nodes so far, the new ceiling, and how it ended."""
    room, depth = len(found.size), 0
    # Not by the caller: compiled by numba, what it writes there before the call does not arrive here.
    stack.value[0] = start[0]
    stack.base[0] = start[0] + start[1]
    stack.place[0] = 0
    stack.hit[0] = task.hit
    while depth >= 0:
        i, r = stack.place[depth], size - depth
        if i + r > len(given.number) or stack.base[depth] + given.prefix[i + r] - given.prefix[i] <= ceiling:
            depth -= 1
            continue
        stack.place[depth] = i + 1
        nodes += 1
        if nodes > max_nodes:
            return number, nodes, ceiling, GAVE_UP
        spent, got = stack.spent[depth] + given.payment[i], stack.got[depth] + given.quality[i]
        due = stack.hit[depth] & given.mark[i] & ~stack.fined[depth]
        value = stack.value[depth] + given.score[i] - fines_of(task.fine, due)
        stack.path[depth] = given.number[i]
        if r > 1:
            if (
                spent + (r - 1) * given.cheapest[i + 1] > task.limit
                or got + thrift * (task.limit - spent) + given.reach[i + 1, r - 1] < enough - task.band
            ):
                continue
            child = depth + 1
            # Half of what cuts of the task fine is in the terms.
            own = given.prefix[i + 1] - given.prefix[i] - fines_of(task.fine, due & ~task.hit)
            stack.base[child], stack.value[child] = stack.base[depth] + own, value
            stack.spent[child], stack.got[child] = spent, got
            stack.hit[child], stack.fined[child] = stack.hit[depth] | given.mark[i], stack.fined[depth] | due
            stack.place[child] = i + 1
            depth = child
            continue
        if value <= ceiling or spent > task.limit or got < enough:
            continue
        slot = number
        if number < room:
            number += 1
        elif listing:
            return number, nodes, ceiling, FULL
        else:
            slot = int(np.argmin(found.value))
        found.value[slot], found.size[slot] = value, size
        found.members[slot, :size] = stack.path[:size]
        found.doubtful[slot] = got < enough + 2 * task.band or spent > task.limit - 2 * task.penny
        if number == room and not listing:
            ceiling = max(floor, np.min(found.value))
    return number, nodes, ceiling, COMPLETE


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
    count, depths = len(quality), min(members.shape[1], len(quality))
    penny = 2.0 * (depths + 4) * 2.0**-53 * budget
    task = Task(quality, loss, payment, budget + penny, penny, band, mark, hit, fine)
    found = Found(members, sizes, values, doubtful)
    charge = np.array([0.5 * fines_of(fine, hit & mark[i]) for i in range(count)])
    prices = _priced(task, share, offset, needed, charge, depths)
    number, nodes, ceiling, end = 0, 0, floor, COMPLETE
    stack = _stack(depths)
    for k in np.argsort(-prices.bound):
        if prices.bound[k] <= ceiling:
            break
        enough, y, z = needed[k] - band, prices.money[k], prices.need[k]
        score = share[k] * quality - loss
        term = score - charge - y * payment + z * quality
        given = _ordered(task, term, score, prices.thrift[k], k + 1, prices.bound[k] - ceiling)
        start = offset[k], y * task.limit - z * enough
        number, nodes, ceiling, end = _descend(
            task, given, stack, start, k + 1, enough, prices.thrift[k], found, number, nodes, floor, ceiling, max_nodes,
            listing,
        )  # fmt: skip
        if end != COMPLETE:
            break
    return number, nodes, end
