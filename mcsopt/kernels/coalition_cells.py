"""The best stable data coalition among exponentially many: sizes and cells, best first.

Notation of `mcsopt.kernels.coalitions`. A coalition of size k that is not made of the k cheapest lies in the cell
(k, s), s < k the rank of its cheapest outsider: its members are the ranks below s and r = k - s ranks above. (Of
players of equal cost the members may be taken to come first, so these ranks cost more than a_s.) Then

    Sigma >= a_0 + .. + a_k - a_s,   Sigma > need_k - weight_k a_s - pull a_max,   Sigma <= upper_k - 2 a_max,

which for given k only get worse as s falls: one closed form bounds the cells (k, 0..s) together (`chain_bound`). The
objective ``fixed_k + rate_k Sigma`` grows with Sigma, so the cell asks for the least sum of r items in an interval for
each dearest member: `mcsopt.kernels.fixed_size_sums`. Sizes wait in a heap, each with the bound of its next cell.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numba import njit

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

BEST, TARGET, LOST, EASY = 0, 1, 2, 3
"""Places of the reals: objective of the best coalition found; bound below which a cell is looked at; least bound of
cells given up for which there was no room; bound up to which it took `EASY_STEPS`."""
EASY_STEPS, EASY_CELL = 150_000, 200
"""Steps within which the certificate checker, which is not compiled, can follow in seconds; more of them a cell."""
STEPS, CELLS, OPENED = 0, 1, 2
"""Places of the counts: steps used, cells looked at, cells given up."""
SIZE, OUTSIDER, LARGEST, AFTER, PARTS = 0, 1, 2, 3, 4
"""Places of a recorded coalition: k, s, its dearest member, where the ranks above s begin; a choice of items
follows (`mcsopt.kernels.fixed_size_sums`), its top block below the dearest member."""
RECORD = PARTS + CHOICE


class Objective(NamedTuple):
    """Objective ``fixed_k + rate_k Sigma`` of a coalition of size k, to be minimised; rates >= 0.

    What is cheaper than the best known by at most `slack`, relative, is not looked for.
    """

    fixed: np.ndarray
    rate: np.ndarray
    slack: float


class State(NamedTuple):
    """What the search knows."""

    reals: np.ndarray
    counts: np.ndarray
    key: np.ndarray
    """Bound on the cells left of each size, infinite when there are none."""
    cursor: np.ndarray
    """Next cell of each size."""
    record: np.ndarray
    """The best coalition, if its size is not 0."""
    open_key: np.ndarray
    open_size: np.ndarray
    open_outsider: np.ndarray
    """Cells that were given up, and their bounds."""


@njit(cache=True)
def chain_bound(c: Conditions, k: int, s: int) -> float:
    """Return a bound on Sigma over the cells (k, 0..s); infinite if they are empty."""
    a, n, out = c.a, len(c.a), c.a[s]
    least = block(c, 0, k) - out
    entry = c.need[k] - c.weight[k] * out
    if c.pull == 0:
        bound = max(least + a[k], entry)
        return bound if bound <= c.upper[k] - 2 * a[k] else np.inf
    if entry > c.upper[k]:
        return np.inf
    # least + a_m rises and entry - 2 a_m falls with the dearest member m: the bound is lowest where they cross.
    end = first_above(a, k, n, (c.upper[k] - least) / 3)
    if end == k:
        return np.inf
    m = first_above(a, k, end, (entry - least) / 3)
    bound = least + a[m] if m < end else np.inf
    return min(bound, entry - 2 * a[m - 1]) if m > k else bound


@njit(cache=True)
def next_outsider(c: Conditions, k: int, s: int) -> int:
    """Return the largest s' <= s whose cell can reach the sum that entry asks for, or -1.

    Cells passed over are dead. Those that are left may be dead, too.
    """
    length = 1
    while s >= 0:
        begin = max(0, s - length + 1)
        if unreachable(c, k, begin, s):
            s, length = begin - 1, 2 * length
        elif length == 1:
            return s
        else:
            length //= 2
    return -1


@njit(cache=True)
def unreachable(c: Conditions, k: int, begin: int, end: int) -> bool:
    """Whether no coalition of the cells (k, begin..end) has a sum as large as entry asks for."""
    a, n = c.a, len(c.a)
    least_entry = c.need[k] - c.weight[k] * a[end]
    # Room for the dearest member; dropping the cheapest outsider of all leaves the least sum.
    top = first_above(a, k, n, (c.upper[k] - block(c, 0, k) + a[end]) / 3)
    if c.pull == 0:
        top = first_above(a, k, top, (c.upper[k] - least_entry) / 2)
    if top == k:
        return True
    most = block(c, 0, begin) + block(c, top - (k - begin), top)
    return most + c.pull * a[top - 1] <= least_entry


@njit(cache=True)
def search(c: Conditions, after: np.ndarray, objective: Objective, state: State, cell_steps: int, steps: int) -> bool:
    """Look at cells, best first, until none is left below the target or the steps are used up; say whether done."""
    v = Values(c.a, c.high, c.low)
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
            note_effort(state, key)
            s -= 1
        state.key[k], state.cursor[k] = bounded(c, objective, k, s), s
        if state.key[k] < np.inf:
            heapq.heappush(heap, (state.key[k], k))
    return True


@njit(cache=True)
def prepare(c: Conditions, objective: Objective, state: State) -> None:
    """Settle the sizes that are dead or best with the cheapest players; bound the others."""
    n, choice = len(c.a), np.zeros(CHOICE, np.int64)
    for k in range(2, n + 1):
        state.key[k], state.cursor[k] = np.inf, k - 1
        total = block(c, 0, k)
        if total > c.upper[k] - 2 * c.a[k - 1]:
            continue
        if k == n or total > entry_sum(c, k, c.a[k], c.a[k]):
            keep(objective, state, k, k, k - 1, k, total, choice)
        else:
            state.key[k] = bounded(c, objective, k, k - 1)


@njit(cache=True)
def bounded(c: Conditions, objective: Objective, k: int, s: int) -> float:
    """Return a bound on the objective over the cells (k, 0..s)."""
    bound = chain_bound(c, k, s) if s >= 0 else np.inf
    return objective.fixed[k] + objective.rate[k] * bound if bound < np.inf else np.inf


@njit(cache=True)
def look(
    c: Conditions, v: Values, after: np.ndarray, objective: Objective, state: State,
    k: int, s: int, choice: np.ndarray, steps: int,
) -> int:  # fmt: skip
    """Search one cell for a coalition better than the best by more than the slack."""
    a, n, r, begin = c.a, len(c.a), k - s, after[s]
    state.counts[CELLS] += 1
    state.counts[STEPS] += 30
    if begin + r > n:
        return EXACT
    fixed, rate = objective.fixed[k], objective.rate[k]
    base = block(c, 0, s)
    least = base + block(c, begin, begin + r - 1)
    entry = c.need[k] - c.weight[k] * a[s]
    end = first_above(a, begin + r - 1, n, (c.upper[k] - least) / 3)
    if c.pull == 0:
        end = first_above(a, begin + r - 1, end, (c.upper[k] - entry) / 2)
    # The first dearest member with which the cheapest others will do.
    m = first_above(a, begin + r - 1, end, (entry - least) / (1 + c.pull))
    if m < end:
        choice[:ITEMS] = 0
        choice[BOTTOM] = r - 1
        keep(objective, state, k, s, m, begin, least + a[m], choice)
    if r == 1:
        return EXACT
    enough = np.inf
    if rate > 0:
        bound = chain_bound(c, k, s)
        enough = bound + objective.slack * abs(fixed + rate * bound) / rate
    used, outcome, length, closed = 0, EXACT, 1, False
    first, dearest = _first_dearest(c, base, begin, m, r, entry), m - 1
    while dearest >= first and used <= steps:
        bar = (state.reals[TARGET] - fixed) / rate if rate > 0 else np.inf
        if entry - c.pull * a[dearest] >= bar or state.reals[TARGET] <= fixed:
            closed = True
            break
        # The dearest member is one of low..dearest: together these may be excluded.
        low = max(first, dearest - length + 1)
        above = entry - base - (1 + c.pull) * a[dearest]
        top = min(c.upper[k] - base - 3 * a[low], bar - base - a[low])
        used += 10
        if hopeless(v, begin, dearest, r - 1, above, top):
            dearest, length = low - 1, 2 * length
            continue
        if length > 1:
            length //= 2
            continue
        rest = base + a[dearest]
        want = Interval(above, top, enough - rest)
        total, found, more = least_sum(v, begin, dearest, r - 1, want, steps - used, choice)
        used += more
        if total < np.inf:
            keep(objective, state, k, s, dearest, begin, rest + total, choice)
        if found == ENOUGH:
            outcome, closed = EXACT, True
            break
        if found == OPEN:
            outcome = OPEN
        dearest -= 1
    state.counts[STEPS] += used
    return outcome if closed or dearest < first else OPEN


@njit(cache=True)
def _first_dearest(c: Conditions, base: float, begin: int, end: int, r: int, entry: float) -> int:
    """Return the first rank that can be the dearest member: with the r-1 just below it, the sum is large enough."""
    low, high = begin + r - 1, end
    while low < high:
        middle = (low + high) // 2
        if base + block(c, middle + 1 - r, middle + 1) + c.pull * c.a[middle] > entry:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def keep(
    objective: Objective, state: State, k: int, s: int, dearest: int, begin: int, total: float, choice: np.ndarray
) -> None:
    """Record a coalition if it is the best so far."""
    value = objective.fixed[k] + objective.rate[k] * total
    if value < state.reals[BEST]:
        state.reals[BEST] = value
        state.reals[TARGET] = value - objective.slack * abs(value)
        state.record[SIZE], state.record[OUTSIDER], state.record[LARGEST] = k, s, dearest
        state.record[AFTER] = begin
        state.record[PARTS:] = choice


@njit(cache=True)
def reconsider(
    c: Conditions, after: np.ndarray, objective: Objective, state: State, place: int, cell_steps: int
) -> None:
    """Look once more at a cell that was given up."""
    v, choice = Values(c.a, c.high, c.low), np.zeros(CHOICE, np.int64)
    key, k, s = state.open_key[place], state.open_size[place], state.open_outsider[place]
    if look(c, v, after, objective, state, k, s, choice, cell_steps) != OPEN:
        state.open_key[place] = np.inf
    note_effort(state, key)


@njit(cache=True)
def give_up(state: State, key: float, k: int, s: int) -> None:
    """Leave a cell open."""
    place = state.counts[OPENED]
    if place < len(state.open_key):
        state.open_key[place], state.open_size[place], state.open_outsider[place] = key, k, s
    else:
        state.reals[LOST] = min(state.reals[LOST], key)
    state.counts[OPENED] += 1


@njit(cache=True)
def note_effort(state: State, key: float) -> None:
    """Remember the least bound of a cell that was looked at when the easy steps were used up."""
    if state.counts[STEPS] + EASY_CELL * state.counts[CELLS] > EASY_STEPS:
        state.reals[EASY] = min(state.reals[EASY], key)
