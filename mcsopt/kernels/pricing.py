"""Exact pricing of one task: its best worker sets at given prices, by depth-first search with completion bounds.

``max weight E[Q(A)] - sum_{j in A} loss_j`` over the feasible nonempty sets of one task, where ``loss_j`` is what a
worker costs and what the others would pay for him. Sets of each size are searched on their own: that a set will have
exactly r more members is what makes the bounds below sharp.

**Value.** Let P be a partial set and R the r members to come, all of arrival probabilities in [lo, hi]. With M arrivals
of P that bring S, and N of R, the part of ``E[Q]`` that P brings is ``E[S / (1 + (M + N - 1) zeta)]``. It is largest
when the r probabilities are equal at the same mean (Hoeffding 1956, the function being convex in N), and then convex
in the mean, so at most its chord over [lo, hi]: linear in the members. What a member j itself brings is at most
``pi_j q_j E[1 / (1 + (M + N') zeta)]`` with r - 1 arrivals at lo. Together a sum of separate terms, exact at r = 1,
whose r largest bound every completion. Money enters by a price on the budget: any price >= 0 is valid, the best of a
few is used.

**Cuts.** A subset-row cut over three rows (workers, or the task) fines a set that has two of them, once. One member can
be due for it only if the partial set has a row of the cut; as two others are left, half of the fine may be charged to
each.

**Chance.** The demand is met iff the arrived ``t_j = q_j - zeta Q^D`` sum to at least ``(1 - zeta) Q^D``, and neither a
larger ``t_j`` nor, where ``t_j >= 0``, a likelier arrival ever hurts. So with the r - 1 largest t arriving at hi, one
threshold on t tells which candidates can be in a feasible completion at all.

All of it is in one file: numba's cache does not see changes in others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

_LOOSE = 1e-9  # slack of the chance filter: far above rounding, far below what matters
_PRICES_OF_MONEY = 5
_FIRST_PRICES = 0.25  # welfare per unit of money; the grid of the root
COMPLETE, GAVE_UP, FULL = 0, 1, 2


class Task(NamedTuple):
    """One task and its candidates, parallel arrays; `meets`, `limit` and the bands as the constraints need them."""

    quality: np.ndarray
    arrival: np.ndarray
    loss: np.ndarray
    payment: np.ndarray
    gain: np.ndarray
    weight: float
    limit: float
    penny: float
    meets: float
    band: float
    loose: float
    risk_limit: float
    low: float
    high: float
    demanding: bool
    share: np.ndarray
    mark: np.ndarray
    fine: np.ndarray


class Stack(NamedTuple):
    """The current path, one row a depth: candidates by falling term, arrival law and arrival patterns of the set."""

    candidate: np.ndarray
    term: np.ndarray
    prefix: np.ndarray
    number: np.ndarray
    place: np.ndarray
    base: np.ndarray
    money: np.ndarray
    chosen: np.ndarray
    spent: np.ndarray
    lost: np.ndarray
    arrivals: np.ndarray
    mass: np.ndarray
    total: np.ndarray
    chance: np.ndarray
    raw: np.ndarray
    trial: np.ndarray
    top: np.ndarray
    some_total: np.ndarray
    some_chance: np.ndarray
    hit: np.ndarray
    fined: np.ndarray


class Found(NamedTuple):
    """The best sets so far, one row a set; doubtful ones are feasible but perhaps for rounding."""

    members: np.ndarray
    size: np.ndarray
    value: np.ndarray
    doubtful: np.ndarray


@njit(cache=True, nogil=True)
def _shares(redundancy: float, low: float, high: float, size: int) -> np.ndarray:
    """Return ``E[1 / (1 + (n + N) zeta)]`` at ``[c, r, n]``, N of r trials at `low` (c = 0) or `high` (c = 1)."""
    table = np.empty((2, size + 1, size + 1))
    for c in range(2):
        p = high if c else low
        law = np.zeros(size + 1)
        law[0] = 1.0
        for r in range(size + 1):
            for n in range(size + 1):
                total = 0.0
                for k in range(r + 1):
                    total += law[k] / (1 + (n + k) * redundancy)
                table[c, r, n] = total
            for k in range(size, 0, -1):
                law[k] = (1 - p) * law[k] + p * law[k - 1]
            law[0] *= 1 - p
    return table


@njit(cache=True, nogil=True)
def _task(
    quality: np.ndarray, arrival: np.ndarray, loss: np.ndarray, payment: np.ndarray, weight: float, redundancy: float,
    demand: float, budget: float, risk_limit: float, quality_slack: float, depths: int, mark: np.ndarray,
    fine: np.ndarray,
) -> Task:  # fmt: skip
    low, high = np.min(arrival), max(np.max(arrival), 1e-300)
    scale = np.max(quality) * depths + demand * (1 + depths)
    band = 2.0 * (depths + 4) * 2.0**-53 * scale
    penny = 2.0 * (depths + 4) * 2.0**-53 * budget
    return Task(
        quality, arrival, loss, payment, quality - redundancy * demand, weight, budget + penny, 2 * penny,
        (1 - redundancy) * demand - quality_slack, band, band + _LOOSE * scale, risk_limit, low, high, demand > 0,
        _shares(redundancy, low, high, depths), mark, fine,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _stack(count: int, depths: int) -> Stack:
    rows, patterns = depths + 1, 1 << depths
    stack = Stack(
        np.empty((rows, count), dtype=np.int64), np.empty((rows, count)), np.zeros((rows, count + 1)),
        np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64), np.zeros(rows), np.zeros(rows),
        np.zeros(rows, dtype=np.int64), np.zeros(rows), np.zeros(rows),
        np.zeros((rows, depths + 2)), np.zeros((rows, depths + 2)), np.zeros((rows, patterns)),
        np.zeros((rows, patterns)), np.empty(count), np.empty(count), np.empty(rows), np.empty(patterns),
        np.empty(patterns), np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64),
    )  # fmt: skip
    stack.arrivals[0, 0] = 1.0
    stack.chance[0, 0] = 1.0
    return stack


@njit(cache=True, nogil=True)
def _largest(terms: np.ndarray, count: int, r: int, top: np.ndarray) -> float:
    """Return the sum of the r largest of ``terms[:count]``, and leave them in `top`, largest first."""
    filled = 0
    for i in range(count):
        value = terms[i]
        if filled < r:
            place = filled
            filled += 1
        elif r > 0 and value > top[r - 1]:
            place = r - 1
        else:
            continue
        while place > 0 and top[place - 1] < value:
            top[place] = top[place - 1]
            place -= 1
        top[place] = value
    total = 0.0
    for k in range(r):
        total += top[k]
    return total


@njit(cache=True, nogil=True, inline="always")
def _least_gain(task: Task, stack: Stack, depth: int, others: int) -> float:
    """Return the least t with which a further member, beside members of gains `others`, may keep the risk."""
    x, p = stack.some_total, stack.some_chance
    size = 1 << depth
    for k in range(size):
        x[k], p[k] = stack.total[depth, k], stack.chance[depth, k]
    for member in range(others):
        t = stack.top[member]
        for k in range(size):
            x[size + k] = x[k] + t
            p[size + k] = p[k] * task.high
            p[k] *= 1 - task.high
        size *= 2
    # The member lifts the patterns that miss the demand by t: it must lift so much of their probability.
    missing = 1 - task.risk_limit - _LOOSE
    below = 0
    for k in range(size):
        here, there = x[k], p[k]
        if here >= task.meets - task.loose:
            missing -= there
            continue
        place = below  # sorted by falling total, in the places already read
        while place > 0 and x[place - 1] < here:
            x[place], p[place] = x[place - 1], p[place - 1]
            place -= 1
        x[place], p[place] = here, there
        below += 1
    missing /= task.high
    k = 0
    while missing > 0 and k < below:
        missing -= p[k]
        k += 1
    if missing > 0:
        return np.inf
    return task.meets - task.loose - x[k - 1] if k else 0.0


@njit(cache=True, nogil=True)
def _fines(fine: np.ndarray, cuts: int) -> float:
    """Return the sum of the fines of a set of cuts, given by its bits."""
    total, k = 0.0, 0
    while cuts:
        if cuts & 1:
            total += fine[k]
        cuts >>= 1
        k += 1
    return total


@njit(cache=True, nogil=True, inline="always")
def _linear(task: Task, stack: Stack, depth: int, r: int) -> tuple[float, float, float]:
    """Return (constant, per ``pi_j q_j``, per ``pi_j - lo``) of the value bound with r more members."""
    own, at_low, at_high = stack.arrivals[depth, 0] * task.share[0, r - 1, 0], 0.0, 0.0
    for n in range(1, depth + 1):
        own += stack.arrivals[depth, n] * task.share[0, r - 1, n]
        at_low += stack.mass[depth, n] * task.share[0, r, n - 1]
        at_high += stack.mass[depth, n] * task.share[1, r, n - 1]
    slope = (at_high - at_low) / (task.high - task.low) / r if task.high > task.low else 0.0
    return task.weight * at_low - stack.lost[depth], task.weight * own, task.weight * slope


@njit(cache=True, nogil=True, inline="always")
def _open(task: Task, stack: Stack, depth: int, r: int, ceiling: float) -> bool:
    """List the candidates of a node from which r > 1 more members come; whether the node is worth branching on."""
    first, width = stack.place[depth], stack.number[depth] - stack.place[depth]
    for i in range(width):
        stack.candidate[depth + 1, i] = stack.candidate[depth, first + i]
    linear = _linear(task, stack, depth, r)
    while True:
        before = width
        width = _affordable(task, stack, depth, r, width)
        if width < r or not _priced(task, stack, depth, r, width, linear, ceiling):
            return False
        width = _likely(task, stack, depth, r, width)
        if width < r:
            return False
        width = _valuable(stack, depth, r, width, ceiling)
        if width < r:
            return False
        # Fewer candidates make every filter sharper.
        if width > 0.7 * before:
            break
    _sort(stack, depth, width)
    return True


@njit(cache=True, nogil=True, inline="always")
def _affordable(task: Task, stack: Stack, depth: int, r: int, width: int) -> int:
    """Keep the candidates that the budget allows beside the r - 1 lowest payments; return how many."""
    candidate, trial = stack.candidate[depth + 1], stack.trial
    for i in range(width):
        trial[i] = -task.payment[candidate[i]]
    most = task.limit - stack.spent[depth] + _largest(trial, width, r - 1, stack.top)
    kept = 0
    for i in range(width):
        if -trial[i] <= most:
            candidate[kept] = candidate[i]
            kept += 1
    return kept


@njit(cache=True, nogil=True, inline="always")
def _priced(
    task: Task, stack: Stack, depth: int, r: int, width: int, linear: tuple[float, float, float], ceiling: float
) -> bool:
    """Write the terms at the price of money of the least bound; whether that exceeds the ceiling."""
    candidate, raw, trial = stack.candidate[depth + 1], stack.raw, stack.trial
    start, own, slope = linear
    for i in range(width):
        j = candidate[i]
        raw[i] = own * task.arrival[j] * task.quality[j] + slope * (task.arrival[j] - task.low) - task.loss[j]
        due = stack.hit[depth] & task.mark[j] & ~stack.fined[depth]
        if due:
            # A cut with one row taken has two left: if both come, the fine is due but once.
            raw[i] -= 0.5 * _fines(task.fine, due)
    left = task.limit - stack.spent[depth]
    best, price = np.inf, 0.0
    for m in range(_PRICES_OF_MONEY):
        # Zero, and a grid: a wide one at the root, later around the parent's choice.
        y = _FIRST_PRICES * m if depth == 0 else min(m, 1) * stack.money[depth - 1] * (0.5 + 0.25 * m)
        if m and y == 0:
            break
        for i in range(width):
            trial[i] = raw[i] - y * task.payment[candidate[i]]
        bound = start + y * left + _largest(trial, width, r, stack.top)
        if bound < best:
            best, price = bound, y
    stack.base[depth], stack.money[depth] = start + price * left, price
    for i in range(width):
        stack.term[depth, i] = raw[i] - price * task.payment[candidate[i]]
    return best > ceiling


@njit(cache=True, nogil=True, inline="always")
def _likely(task: Task, stack: Stack, depth: int, r: int, width: int) -> int:
    """Keep the candidates that a set which keeps the risk may have; return how many."""
    if not task.demanding:
        return width
    candidate, term, trial = stack.candidate[depth + 1], stack.term[depth], stack.trial
    for i in range(width):
        trial[i] = max(task.gain[candidate[i]], 0.0)
    _largest(trial, width, r - 1, stack.top)
    least = _least_gain(task, stack, depth, r - 1)
    if least <= 0:
        return width
    kept = 0
    for i in range(width):
        if trial[i] >= least:
            candidate[kept], term[kept] = candidate[i], term[i]
            kept += 1
    return kept


@njit(cache=True, nogil=True, inline="always")
def _valuable(stack: Stack, depth: int, r: int, width: int, ceiling: float) -> int:
    """Keep the candidates that a set above the ceiling may have; return how many."""
    candidate, term = stack.candidate[depth + 1], stack.term[depth]
    enough = ceiling - stack.base[depth] - _largest(term, width, r - 1, stack.top)
    kept = 0
    for i in range(width):
        if term[i] > enough:
            candidate[kept], term[kept] = candidate[i], term[i]
            kept += 1
    return kept


@njit(cache=True, nogil=True, inline="always")
def _sort(stack: Stack, depth: int, width: int) -> None:
    """Order the candidates by falling term, and sum the terms."""
    candidate, term, prefix = stack.candidate[depth + 1], stack.term[depth], stack.prefix[depth]
    for i in range(width):
        j, value, k = candidate[i], term[i], i
        while k > 0 and term[k - 1] < value:
            term[k], candidate[k] = term[k - 1], candidate[k - 1]
            k -= 1
        term[k], candidate[k] = value, j
    for i in range(width):
        prefix[i + 1] = prefix[i] + term[i]
    stack.place[depth + 1], stack.number[depth + 1] = 0, width


@njit(cache=True, nogil=True, inline="always")
def _missed(task: Task, stack: Stack, depth: int, j: int, band: float) -> float:
    """Return the risk of the set with j added, if patterns within `band` of the demand meet it."""
    without, with_j = 0.0, 0.0
    for k in range(1 << depth):
        if stack.total[depth, k] < task.meets - band:
            without += stack.chance[depth, k]
        if stack.total[depth, k] + task.gain[j] < task.meets - band:
            with_j += stack.chance[depth, k]
    return (1 - task.arrival[j]) * without + task.arrival[j] * with_j


@njit(cache=True, nogil=True, inline="always")
def _close(
    task: Task, stack: Stack, depth: int, found: Found, number: int, floor: float, ceiling: float, listing: bool
) -> tuple[int, float]:
    """Write the feasible sets with one more member that are worth more than the ceiling; -1 if they are too many."""
    room, source = len(found.size), stack.candidate[depth]
    start, own, slope = _linear(task, stack, depth, 1)
    left = task.limit - stack.spent[depth]
    for i in range(stack.place[depth], stack.number[depth]):
        j = source[i]
        p = task.arrival[j]
        value = start + own * p * task.quality[j] + slope * (p - task.low) - task.loss[j]
        due = stack.hit[depth] & task.mark[j] & ~stack.fined[depth]
        if due:
            value -= _fines(task.fine, due)
        if value <= ceiling or task.payment[j] > left or _missed(task, stack, depth, j, task.band) > task.risk_limit:
            continue
        slot = number
        if number < room:
            number += 1
        elif listing:
            return -1, ceiling
        else:
            slot = int(np.argmin(found.value))
        found.value[slot], found.size[slot] = value, depth + 1
        for k in range(depth):
            found.members[slot, k] = stack.chosen[k]
        found.members[slot, depth] = j
        found.doubtful[slot] = (
            _missed(task, stack, depth, j, -task.band) > task.risk_limit - 1e-13 or task.payment[j] > left - task.penny
        )
        if number == room and not listing:
            ceiling = max(floor, np.min(found.value))
    return number, ceiling


@njit(cache=True, nogil=True, inline="always")
def _push(task: Task, stack: Stack, depth: int, i: int) -> None:
    """Add the i-th candidate of this depth to the set; those after it are left to its completions."""
    j, child = stack.candidate[depth + 1, i], depth + 1
    p, q = task.arrival[j], task.quality[j]
    stack.chosen[depth] = j
    stack.spent[child] = stack.spent[depth] + task.payment[j]
    due = stack.hit[depth] & task.mark[j] & ~stack.fined[depth]
    stack.hit[child], stack.fined[child] = stack.hit[depth] | task.mark[j], stack.fined[depth] | due
    stack.lost[child] = stack.lost[depth] + task.loss[j] + _fines(task.fine, due)
    law, mass = stack.arrivals, stack.mass
    law[child, 0], mass[child, 0] = (1 - p) * law[depth, 0], 0.0
    for n in range(1, child):
        law[child, n] = (1 - p) * law[depth, n] + p * law[depth, n - 1]
        mass[child, n] = (1 - p) * mass[depth, n] + p * (mass[depth, n - 1] + q * law[depth, n - 1])
    law[child, child] = p * law[depth, depth]
    mass[child, child] = p * (mass[depth, depth] + q * law[depth, depth])
    half = 1 << depth
    for k in range(half):
        stack.total[child, k] = stack.total[depth, k]
        stack.total[child, half + k] = stack.total[depth, k] + task.gain[j]
        stack.chance[child, k] = stack.chance[depth, k] * (1 - p)
        stack.chance[child, half + k] = stack.chance[depth, k] * p


@njit(cache=True, nogil=True)
def search(
    quality: np.ndarray, arrival: np.ndarray, loss: np.ndarray, payment: np.ndarray,
    weight: float, redundancy: float, demand: float, budget: float, risk_limit: float, quality_slack: float,
    mark: np.ndarray, hit: int, fine: np.ndarray, floor: float, max_nodes: int, listing: bool,
    members: np.ndarray, sizes: np.ndarray, values: np.ndarray, doubtful: np.ndarray,
) -> tuple[int, int, int]:  # fmt: skip
    """Find the best feasible nonempty sets of one task that are worth more than `floor`.

    Parameters
    ----------
    quality, arrival, loss, payment : array of float, shape (m,), m >= 1
        Candidates: qualities >= 0, probabilities, what is lost by taking one, payments >= 0.
    weight, redundancy, demand, budget, risk_limit, quality_slack : float
        Budget and risk limit with their tolerances; the demand is met within `quality_slack`.
    mark, fine, hit : array of int, shape (m,); array of float, shape (<= 62,); int
        Cuts, one bit each: in which of them a candidate is, what a set loses that has two of a cut's three rows, and
        the cuts in which the task itself is a row.
    floor : float
        Sets worth no more are not looked for.
    max_nodes : int
        Give up after so many nodes; one counts for more if its sets have more than five members.
    listing : bool
        Whether all sets above the floor are wanted, rather than the best K.
    members : array of int, shape (K, d)
        Filled with the sets, in any order; none of more than d members is looked for.
    sizes, values, doubtful : array, shape (K,)
        Their sizes and values, and whether rounding may have misjudged them: such sets are kept.

    Returns
    -------
    int
        Number of sets written.
    int
        Nodes searched.
    int
        `COMPLETE`; `GAVE_UP` at `max_nodes`; `FULL` if a listing has more than K sets.
    """
    count, depths = len(quality), members.shape[1]
    task = _task(
        quality, arrival, loss, payment, weight, redundancy, demand, budget, risk_limit, quality_slack, depths, mark,
        fine,
    )  # fmt: skip
    stack = _stack(count, depths)
    stack.hit[0] = hit
    found = Found(members, sizes, values, doubtful)
    number, nodes, ceiling = 0, 0, floor
    for i in range(count):
        stack.candidate[0, i] = i
    for size in range(1, depths + 1):
        stack.place[0], stack.number[0] = 0, count
        depth, fresh = 0, True
        while depth >= 0:
            r = size - depth
            if fresh:
                fresh = False
                nodes += 1 + (1 << size >> 6)  # large sets have many arrival patterns
                if nodes > max_nodes:
                    return number, nodes, GAVE_UP
                if r == 1:
                    before = number
                    number, ceiling = _close(task, stack, depth, found, number, floor, ceiling, listing)
                    if number < 0:
                        return before, nodes, FULL
                    depth -= 1
                    continue
                if not _open(task, stack, depth, r, ceiling):
                    depth -= 1
                    continue
            i, prefix = stack.place[depth + 1], stack.prefix[depth]
            last = i + r
            if last > stack.number[depth + 1] or stack.base[depth] + prefix[last] - prefix[i] <= ceiling:
                depth -= 1
                continue
            stack.place[depth + 1] += 1
            _push(task, stack, depth, i)
            depth, fresh = depth + 1, True
    return number, nodes, COMPLETE
