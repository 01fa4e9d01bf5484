"""The worst stable data coalition among exponentially many: the mirror image of `mcsopt.kernels.coalition_cells`.

Cells (k, s) and notation as there, but the greatest ``fixed_k + rate_k Sigma`` is asked for. With the dearest member m,

    Sigma <= upper_k - 2 a_m,    Sigma <= a_0 + .. + a_(s-1) + (the k - s ranks up to m),

of which the first falls with m and the second rises with m and falls as s rises: so one closed form, where the two
cross, bounds the cells (k, s..k-1) together (`chain_bound`). Cells of a size are looked at by rising s. That nobody
enters asks for a sum above a threshold, which excludes the cells of small s.

Sums are negated and ranks reversed, so that the greatest sum inside an interval is the least one of
`mcsopt.kernels.fixed_size_sums`, and the best by `mcsopt.kernels.coalition_cells.keep` is the worst coalition: the
objective here is ``-(fixed_k + rate_k Sigma)``.
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from mcsopt.kernels.coalition_cells import CELLS, STEPS, TARGET, Objective, State, give_up, keep
from mcsopt.kernels.coalitions import Conditions, entry_sum
from mcsopt.kernels.fixed_size_sums import (
    BOTTOM,
    CHOICE,
    ENOUGH,
    EXACT,
    ITEMS,
    OPEN,
    Interval,
    Values,
    block,
    first_above,
    hopeless,
    least_sum,
)


@njit(cache=True)
def first_leaving(c: Conditions, k: int, s: int, begin: int, end: int) -> int:
    """Return the first dearest member in begin..end-1 with whom the dearest others do not stay, or end."""
    r, base = k - s, block(c, 0, s)
    while begin < end:
        m = (begin + end) // 2
        if base + block(c, m + 1 - r, m + 1) > c.upper[k] - 2 * c.a[m]:
            end = m
        else:
            begin = m + 1
    return begin


@njit(cache=True)
def summit(c: Conditions, k: int, s: int) -> tuple[float, float]:
    """Return bounds on Sigma and on ``Sigma + pull a_max`` over the cells (k, s..k-1); -infinity if they are empty."""
    a, n = c.a, len(c.a)
    # The cheapest others: all of the k cheapest but the dearest of them.
    end = first_above(a, k, n, (c.upper[k] - block(c, 0, k - 1)) / 3)
    first = first_leaving(c, k, s, k, end)
    total, held = -np.inf, -np.inf
    if first > k:
        total = block(c, 0, s) + block(c, first - (k - s), first)
        held = total + c.pull * a[first - 1]
    if first < end:
        total = max(total, c.upper[k] - 2 * a[first])
        # With the sum at its limit the dearer the member the smaller the sum: together they are constant if pull is 2.
        held = max(held, c.upper[k] - (2 - c.pull) * a[first])
    return total, held


@njit(cache=True)
def chain_bound(c: Conditions, k: int, s: int) -> float:
    """Return a bound on Sigma over the cells (k, s..k-1); -infinity if they are empty."""
    total, held = summit(c, k, s)
    return total if held > c.need[k] - c.weight[k] * c.a[k - 1] else -np.inf


@njit(cache=True)
def next_outsider(c: Conditions, k: int, s: int) -> int:
    """Return the least s' >= s whose cell can reach the sum that entry asks for, or k.

    Cells passed over are dead. Those that are left may be dead, too.
    """
    length = 1
    while s < k:
        end = min(k - 1, s + length - 1)
        if summit(c, k, s)[1] <= c.need[k] - c.weight[k] * c.a[end]:
            s, length = end + 1, 2 * length
        elif length == 1:
            return s
        else:
            length //= 2
    return k


@njit(cache=True)
def bounded(c: Conditions, objective: Objective, k: int, s: int) -> float:
    """Return a bound on the objective over the cells (k, s..k-1), infinite if they are empty."""
    bound = chain_bound(c, k, s) if s < k else -np.inf
    return objective.fixed[k] - objective.rate[k] * bound if bound > -np.inf else np.inf


@njit(cache=True)
def prepare(c: Conditions, objective: Objective, state: State) -> None:
    """Settle the sizes that are dead, try the cheapest players of each, and bound the other coalitions of that size."""
    n, choice = len(c.a), np.zeros(CHOICE, np.int64)
    for k in range(2, n + 1):
        state.key[k], state.cursor[k] = np.inf, 0
        total = block(c, 0, k)
        if total > c.upper[k] - 2 * c.a[k - 1]:
            continue
        if k == n or total > entry_sum(c, k, c.a[k], c.a[k]):
            keep(objective, state, k, k, k - 1, k, -total, choice)
        if k < n:
            state.key[k] = bounded(c, objective, k, 0)


@njit(cache=True)
def search(
    c: Conditions, v: Values, after: np.ndarray, objective: Objective, state: State, cell_steps: int, steps: int
) -> bool:
    """Look at cells, worst first, until none is left beyond the target or the steps are used up; say whether done."""
    heap = [(state.key[k], k) for k in range(len(state.key)) if state.key[k] < state.reals[TARGET]]
    heapq.heapify(heap)
    choice = np.empty(CHOICE, np.int64)
    limit = state.counts[STEPS] + steps
    while len(heap) > 0 and heap[0][0] < state.reals[TARGET]:
        if state.counts[STEPS] > limit:
            return False
        key, k = heapq.heappop(heap)
        s = next_outsider(c, k, state.cursor[k])
        state.counts[STEPS] += 20
        if bounded(c, objective, k, s) <= key:
            if look(c, v, after, objective, state, k, s, choice, cell_steps) == OPEN:
                give_up(state, key, k, s)
            s += 1
        state.key[k], state.cursor[k] = bounded(c, objective, k, s), s
        if state.key[k] < np.inf:
            heapq.heappush(heap, (state.key[k], k))
    return True


@njit(cache=True)
def look(
    c: Conditions, v: Values, after: np.ndarray, objective: Objective, state: State,
    k: int, s: int, choice: np.ndarray, steps: int,
) -> int:  # fmt: skip
    """Search one cell for a coalition worse than the worst by more than the slack."""
    a, n, r, begin = c.a, len(c.a), k - s, after[s]
    state.counts[CELLS] += 1
    state.counts[STEPS] += 30
    if begin + r > n:
        return EXACT
    fixed, rate = objective.fixed[k], objective.rate[k]
    base = block(c, 0, s)
    entry = c.need[k] - c.weight[k] * a[s]
    end = first_above(a, begin + r - 1, n, (c.upper[k] - base - block(c, begin, begin + r - 1)) / 3)
    m = first_leaving(c, k, s, begin + r - 1, end)
    if m > begin + r - 1:
        # The r ranks up to the last with which they stay: with a cheaper one the sum is less.
        total = base + block(c, m - r, m)
        if total + c.pull * a[m - 1] > entry:
            choice[:ITEMS] = 0
            choice[BOTTOM] = r - 1
            keep(objective, state, k, s, m - 1, begin, -total, choice)
    if r == 1:
        return EXACT
    bound = chain_bound(c, k, s)
    enough = objective.slack * abs(fixed - rate * bound) / rate - bound
    used, outcome, length, closed = 0, EXACT, 1, False
    while m < end and used <= steps:
        bar = (fixed - state.reals[TARGET]) / rate
        if c.upper[k] - 2 * a[m] <= bar:
            closed = True
            break
        # The dearest member is one of m..high: together these may be excluded.
        high = min(end - 1, m + length - 1)
        top = c.upper[k] - base - 3 * a[m]
        above = max(entry - base - (1 + c.pull) * a[high], bar - base - a[high])
        used += 10
        if hopeless(v, n - high, n - begin, r - 1, -top, -above):
            m, length = high + 1, 2 * length
            continue
        if length > 1:
            length //= 2
            continue
        rest = base + a[m]
        want = Interval(-top, -above, enough + rest)
        total, found, more = least_sum(v, n - m, n - begin, r - 1, want, steps - used, choice)
        used += more
        if total < np.inf:
            keep(objective, state, k, s, m, begin, total - rest, choice)
        if found == ENOUGH:
            outcome, closed = EXACT, True
            break
        if found == OPEN:
            outcome = OPEN
        m += 1
    state.counts[STEPS] += used
    return outcome if closed or m >= end else OPEN


@njit(cache=True)
def reconsider(
    c: Conditions, v: Values, after: np.ndarray, objective: Objective, state: State, place: int, cell_steps: int
) -> None:
    """Look once more at a cell that was given up."""
    choice = np.zeros(CHOICE, np.int64)
    k, s = state.open_size[place], state.open_outsider[place]
    if look(c, v, after, objective, state, k, s, choice, cell_steps) != OPEN:
        state.open_key[place] = np.inf
