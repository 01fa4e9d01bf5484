"""Compiled loops of `compiled_search`, where the bounds are stated and proved. Importing this module loads numba.

All of it is in one file: numba's cache does not see changes in others.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mcsopt.verification.check.compiled_state import DOUBTS, LARGEST, Given, State
from mcsopt.verification.check.fines import CUTS

DONE, PAUSED, FULL = 0, 1, 2
NO, YES, DOUBTFUL = 0, 1, 2
NEW = -1
DEPTH, SIZE, LAID, NODES, DOUBTED, LIVE = range(6)
FOUND, SLACK, WEIGHT = range(3)
UNIT, TINY, NEAR = 2.0**-53, 1e-100, 1e-10
"""As in `rounding` and `sets`."""
LOOSE = 1e-9
"""Slack of the filters: far above their rounding."""
# Rows of the arrays.
HELP, ARRIVAL, QUALITY, COST, PAYMENT = range(5)
PRICE, GAIN, LOSS = range(3)
CHOSEN, LENGTH, AT = range(3)
BASE, LOST, SPEND = range(3)
COUNT, MASS = range(2)
TOTAL, CHANCE = range(2)
HIT, FINED = range(2)
HELD, KEPT, TOP = range(3)

OUTER = njit(cache=True, nogil=True, no_cfunc_wrapper=True)
INNER = njit(cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)

# The partial set ----------------------------------------------------------------------------------------------


@INNER
def _fines(s: State, cuts: int) -> float:
    """Return the sum of the prices of cuts, given as bits."""
    total, k = 0.0, 0
    while cuts:
        if cuts & 1:
            total += s.fine[k]
        cuts >>= 1
        k += 1
    return total


@INNER
def _due(s: State, depth: int, j: int) -> float:
    """Return what the partial set is fined for taking candidate j as well."""
    cuts = s.cut[HIT, depth] & s.mark[j] & ~s.cut[FINED, depth]
    return _fines(s, cuts) if cuts else 0.0


@INNER
def _extend(g: Given, s: State, depth: int, j: int) -> None:
    """Add candidate j to the partial set: the law of its arrivals, and its sums."""
    p, q = g.pair[ARRIVAL, j], g.pair[QUALITY, j]
    s.level[CHOSEN, depth] = j
    s.sum[LOST, depth + 1] = s.sum[LOST, depth] + (s.offer[LOSS, j] + _due(s, depth, j))
    s.cut[FINED, depth + 1] = s.cut[FINED, depth] | (s.cut[HIT, depth] & s.mark[j])
    s.cut[HIT, depth + 1] = s.cut[HIT, depth] | s.mark[j]
    s.sum[SPEND, depth + 1] = s.sum[SPEND, depth] + g.pair[PAYMENT, j]
    s.place[LAID] = min(s.place[LAID], depth)
    s.law[COUNT, depth, depth + 1] = 0.0
    s.law[MASS, depth, depth + 1] = 0.0
    s.law[COUNT, depth + 1, 0] = (1 - p) * s.law[COUNT, depth, 0]
    s.law[MASS, depth + 1, 0] = 0.0
    for n in range(1, depth + 2):
        come = s.law[COUNT, depth, n - 1]
        s.law[COUNT, depth + 1, n] = (1 - p) * s.law[COUNT, depth, n] + p * come
        s.law[MASS, depth + 1, n] = (1 - p) * s.law[MASS, depth, n] + p * (s.law[MASS, depth, n - 1] + q * come)


@INNER
def _merge(s: State, source: int, into: int, width: int, step: float, p: float) -> None:
    """Add a member with t = `step` to the sums of row `source`, which fall, as those of row `into` will."""
    total, chance = s.pattern[TOTAL], s.pattern[CHANCE]
    first, second = 0, 0
    for k in range(2 * width):
        if second == width or (first < width and total[source, first] + step >= total[source, second]):
            total[into, k] = total[source, first] + step
            chance[into, k] = chance[source, first] * p
            first += 1
        else:
            total[into, k] = total[source, second]
            chance[into, k] = chance[source, second] * (1 - p)
            second += 1


@INNER
def _lay(g: Given, s: State, depth: int) -> None:
    """Lay out the sums of arrived t_j of the partial set, falling, with their probabilities."""
    for d in range(s.place[LAID], depth):
        j = s.level[CHOSEN, d]
        _merge(s, d, d + 1, 1 << d, g.pair[HELP, j], g.pair[ARRIVAL, j])
    s.place[LAID] = max(s.place[LAID], depth)


@INNER
def _hold(s: State, row: int, width: int) -> None:
    """Add the probabilities of a row up: ``held[k]`` is that of one of the first k + 1 sums."""
    held = 0.0
    for k in range(width):
        held += s.pattern[CHANCE, row, k]
        s.spare[HELD, k] = held


@INNER
def _reaching(s: State, row: int, width: int, need: float) -> float:
    """Return the probability of a sum of at least `need`."""
    low, high = 0, width
    while low < high:
        middle = (low + high) >> 1
        if s.pattern[TOTAL, row, middle] >= need:
            low = middle + 1
        else:
            high = middle
    return s.spare[HELD, low - 1] if low else 0.0


# Filters of a node's list -------------------------------------------------------------------------------------


@INNER
def _into_top(top: np.ndarray, count: int, x: float) -> None:
    """Put x into the `count` largest values seen, which fall."""
    if x > top[count - 1]:
        spot = count - 1
        while spot > 0 and top[spot - 1] < x:
            top[spot] = top[spot - 1]
            spot -= 1
        top[spot] = x


@INNER
def _keep_affordable(g: Given, s: State, depth: int, more: int) -> None:
    """Drop candidates that do not fit beside the cheapest others."""
    rest, length, top = s.rest[depth], s.level[LENGTH, depth], s.spare[TOP]
    for k in range(more - 1):
        top[k] = -np.inf
    if more > 1:
        for k in range(length):
            _into_top(top, more - 1, -g.pair[PAYMENT, rest[k]])
    room = (g.limit + g.money_band) * (1 + 1e-12) - s.sum[SPEND, depth]
    for k in range(more - 1):
        room += top[k]
    kept = 0
    for k in range(length):
        rest[kept] = rest[k]
        kept += g.pair[PAYMENT, rest[k]] <= room
    s.level[LENGTH, depth] = kept


@INNER
def _binomial_mean(values: np.ndarray, trials: int, p: float) -> float:
    """Return ``E[values[K]]``, K binomial, by de Casteljau's means of means."""
    means = np.empty(trials + 1)
    for k in range(trials + 1):
        means[k] = values[k]
    for left in range(trials, 0, -1):
        for k in range(left):
            means[k] = (1 - p) * means[k] + p * means[k + 1]
    return means[0]


@INNER
def _set_shares(g: Given, s: State, depth: int, more: int) -> None:
    """Tabulate ``omega3 E[Q_P / (1 + ..)]`` (held) and ``E[1 / (1 + ..)]`` (kept) by the number of further arrivals."""
    for k in range(more + 1):
        held, kept = 0.0, s.law[COUNT, depth, 0] * g.share[k]
        for n in range(1, depth + 1):
            held += s.law[MASS, depth, n] * g.share[n + k - 1]
            kept += s.law[COUNT, depth, n] * g.share[n + k]
        s.spare[HELD, k], s.spare[KEPT, k] = s.number[WEIGHT] * held, kept


@INNER
def _set_terms(g: Given, s: State, depth: int, more: int) -> None:
    """Fill base and terms: no set with exactly `more` of the list is worth more than base plus its terms."""
    rest, length = s.rest[depth], s.level[LENGTH, depth]
    low, high, least = 1.0, 0.0, np.inf
    for k in range(length):
        p = g.pair[ARRIVAL, rest[k]]
        low, high = min(low, p), max(high, p)
        least = min(least, s.offer[GAIN, rest[k]])
    _set_shares(g, s, depth, more)
    base, own = _binomial_mean(s.spare[HELD], more, low), _binomial_mean(s.spare[KEPT], more - 1, low)
    slope = 0.0
    if high > low:
        slope = (_binomial_mean(s.spare[HELD], more, high) - base) / more
        if more > 1:
            slope += least * (_binomial_mean(s.spare[KEPT], more - 1, high) - own)
        slope /= high - low
    s.sum[BASE, depth] = base - s.sum[LOST, depth]
    for k in range(length):
        j = rest[k]
        s.term[depth, k] = s.offer[GAIN, j] * own + slope * (g.pair[ARRIVAL, j] - low) - s.offer[LOSS, j]
        s.term[depth, k] -= 0.5 * _due(s, depth, j)


@INNER
def _keep_worthy(s: State, depth: int, more: int) -> None:
    """Drop candidates whose term with the best others does not lead beyond what was found."""
    rest, term, length, top = s.rest[depth], s.term[depth], s.level[LENGTH, depth], s.spare[TOP]
    for k in range(more - 1):
        top[k] = -np.inf
    if more > 1:
        for k in range(length):
            _into_top(top, more - 1, term[k])
    least = s.number[FOUND] - s.number[SLACK] - s.sum[BASE, depth]
    for k in range(more - 1):
        least -= top[k]
    kept = 0
    for k in range(length):
        rest[kept] = rest[k]
        term[kept] = term[k]
        kept += term[k] > least
    s.level[LENGTH, depth] = kept


@INNER
def _keep_hopeful(g: Given, s: State, depth: int, more: int) -> None:
    """Drop candidates that miss the risk even beside the most helpful others."""
    rest, term, length, top = s.rest[depth], s.term[depth], s.level[LENGTH, depth], s.spare[TOP]
    _lay(g, s, depth)
    for k in range(more - 1):
        top[k] = 0.0
    high = 0.0
    for k in range(length):
        if more > 1:
            _into_top(top, more - 1, g.pair[HELP, rest[k]])
        high = max(high, g.pair[ARRIVAL, rest[k]])
    row, width = depth, 1 << depth
    for k in range(more - 1):
        into = len(s.pattern[TOTAL]) - 1 - (k & 1)
        _merge(s, row, into, width, top[k], high)
        row, width = into, 2 * width
    _hold(s, row, width)
    without = _reaching(s, row, width, g.reach)
    kept = 0
    for k in range(length):
        j = rest[k]
        p = g.pair[ARRIVAL, j]
        hope = (1 - p) * without + p * _reaching(s, row, width, g.reach - g.pair[HELP, j])
        rest[kept] = j
        term[kept] = term[k]
        kept += hope >= 1 - g.risk_cap - LOOSE
    s.level[LENGTH, depth] = kept


@INNER
def _sort(s: State, depth: int) -> None:
    """Sort the list by falling term: lists come nearly sorted from their parents."""
    rest, term = s.rest[depth], s.term[depth]
    for k in range(1, s.level[LENGTH, depth]):
        x, j = term[k], rest[k]
        spot = k
        while spot > 0 and term[spot - 1] < x:
            term[spot] = term[spot - 1]
            rest[spot] = rest[spot - 1]
            spot -= 1
        term[spot] = x
        rest[spot] = j


@INNER
def _enter(g: Given, s: State, depth: int, more: int) -> bool:
    """Shrink the list of a node until that brings little; return whether enough is left of it."""
    s.place[NODES] += 1
    s.level[AT, depth] = 0
    if s.level[LENGTH, depth] < more:
        return False
    while True:
        before = s.level[LENGTH, depth]
        _keep_affordable(g, s, depth, more)
        if s.level[LENGTH, depth] < more:
            return False
        _set_terms(g, s, depth, more)
        _keep_worthy(s, depth, more)
        if s.level[LENGTH, depth] < more:
            return False
        if not g.settled:
            _keep_hopeful(g, s, depth, more)
            if s.level[LENGTH, depth] < more:
                return False
        if 8 * s.level[LENGTH, depth] > 7 * before:
            break
    _sort(s, depth)
    return True


# Whole sets ---------------------------------------------------------------------------------------------------


@INNER
def _judge(g: Given, s: State, members: np.ndarray, size: int) -> tuple[float, int]:
    """Return the net worth of a set, error bound added, and whether it is feasible; members in rising order.

    The same roundings as in `sets.Task.value`, hence the same error bound; standings as in `sets.Task`, but what is
    there decided in rationals is `DOUBTFUL`.
    """
    count, mass = np.zeros(size + 1), np.zeros(size + 1)
    total, chance, number = np.zeros(1 << size), np.ones(1 << size), np.zeros(1 << size, dtype=np.int64)
    count[0] = 1.0
    cost, paid, spend = 0.0, 0.0, 0.0
    hit, fined = s.cut[HIT, 0], np.int64(0)
    for k in range(size):
        j = members[k]
        p, q = g.pair[ARRIVAL, j], g.pair[QUALITY, j]
        for n in range(k + 1, 0, -1):
            mass[n] = (1 - p) * mass[n] + p * (mass[n - 1] + q * count[n - 1])
            count[n] = (1 - p) * count[n] + p * count[n - 1]
        count[0] *= 1 - p
        cost += p * g.pair[COST, j]
        paid += s.offer[PRICE, j]
        spend += g.pair[PAYMENT, j]
        fined |= hit & s.mark[j]
        hit |= s.mark[j]
        for pattern in range(1 << k):
            more = pattern + (1 << k)
            total[more], number[more] = total[pattern] + q, number[pattern] + 1
            chance[more] = chance[pattern] * p
            chance[pattern] *= 1 - p
    paid += _fines(s, fined)
    units = (size + 2) * UNIT if fined == 0 else (size + CUTS + 3) * UNIT
    worth = -paid + units * paid
    if s.number[WEIGHT] > 0:
        quality = 0.0
        for n in range(1, size + 1):
            quality += mass[n] / (1 + (n - 1) * g.redundancy)
        gross = s.number[WEIGHT] * quality
        value, scale = gross - cost, gross + cost
        error = (6 * size + 8) * UNIT * scale + (TINY if scale > 0 else 0.0)
        worth = (value - paid) + (error + units * (abs(value) + paid))
    if spend > g.limit + g.money_band:
        return worth, NO
    sure = spend < g.limit - g.money_band
    low, high = 0.0, 0.0
    if not g.settled:
        for pattern in range(1 << size):
            short = g.needed[number[pattern]] - total[pattern]
            high += chance[pattern] if short > -g.near else 0.0
            low += chance[pattern] if short > g.near else 0.0
        if low - g.risk_cap > NEAR:
            return worth, NO
        sure = sure and high - g.risk_cap < -NEAR
    return worth, YES if sure else DOUBTFUL


@OUTER
def keep(s: State, members: np.ndarray, size: int, worth: float) -> None:
    """Record a feasible set as the best found."""
    s.number[FOUND] = worth
    for k in range(LARGEST):
        s.best[k] = members[k] if k < size else -1


@INNER
def _consider(g: Given, s: State, size: int) -> None:
    """Judge the set that stands in ``chosen``; keep it if it is better than the best, or may be."""
    spot = s.place[DOUBTED]
    members = s.doubtful[spot]
    # In rising order, so that the rounding does not depend on the search.
    for k in range(LARGEST):
        members[k] = -1
    for k in range(size):
        j, at = s.level[CHOSEN, k], k
        while at > 0 and members[at - 1] > j:
            members[at] = members[at - 1]
            at -= 1
        members[at] = j
    worth, standing = _judge(g, s, members, size)
    if standing == NO or not worth > s.number[FOUND]:
        return
    if standing == YES:
        keep(s, members, size, worth)
        return
    s.worth[spot] = worth
    s.place[DOUBTED] = spot + 1


@INNER
def _finish(g: Given, s: State, depth: int) -> bool:
    """Try every last member: base and terms are exact. Returns False once there is no room for doubtful sets."""
    rest, width = s.rest[depth], 1 << depth
    base, less, own = -s.sum[LOST, depth], 0.0, 0.0
    for n in range(depth + 1):
        own += s.law[COUNT, depth, n] * g.share[n]
        if n:
            base += s.number[WEIGHT] * s.law[MASS, depth, n] * g.share[n - 1]
            less += s.number[WEIGHT] * s.law[MASS, depth, n] * (g.share[n] - g.share[n - 1])
    room = (g.limit + g.money_band) * (1 + 1e-12) - s.sum[SPEND, depth]
    without = -1.0
    for k in range(max(s.level[AT, depth], 0), s.level[LENGTH, depth]):
        j = rest[k]
        p = g.pair[ARRIVAL, j]
        worth = base + (s.offer[GAIN, j] * own + less * p - s.offer[LOSS, j]) - _due(s, depth, j)
        if not worth > s.number[FOUND] - s.number[SLACK] or g.pair[PAYMENT, j] > room:
            continue
        if s.place[DOUBTED] == DOUBTS:
            s.level[AT, depth] = k
            return False
        if not g.settled:
            if without < 0:
                _lay(g, s, depth)
                _hold(s, depth, width)
                without = _reaching(s, depth, width, g.reach)
            hope = (1 - p) * without + p * _reaching(s, depth, width, g.reach - g.pair[HELP, j])
            if hope < 1 - g.risk_cap - LOOSE:
                continue
        s.level[CHOSEN, depth] = j
        _consider(g, s, depth + 1)
    return True


# The search ---------------------------------------------------------------------------------------------------


@OUTER
def begin(
    g: Given, s: State, price: np.ndarray, banned: np.ndarray, mark: np.ndarray, fine: np.ndarray, hit: int,
    valued: bool, found: float,
) -> None:  # fmt: skip
    """Ask a new question: what is worth more than `found`? The best set of the last question is tried first."""
    number, best = s.number, s.best
    s.cut[HIT, 0] = hit
    for k in range(CUTS):
        s.fine[k] = fine[k] if k < len(fine) else 0.0
    number[FOUND], number[WEIGHT] = found, g.weight if valued else 0.0
    for j in range(len(price)):
        s.offer[PRICE, j], s.mark[j] = price[j], mark[j]
        s.offer[GAIN, j] = g.pair[ARRIVAL, j] * number[WEIGHT] * g.pair[QUALITY, j]
        s.offer[LOSS, j] = price[j] + (g.pair[ARRIVAL, j] * g.pair[COST, j] if valued else 0.0)
    size, free = 0, True
    while size < LARGEST and best[size] >= 0:
        free = free and not banned[best[size]]
        size += 1
    if size and free:
        number[FOUND] = max(found, _judge(g, s, best, size)[0])
    size, spend = 0, 0.0
    for j in g.cheapest:
        if not banned[j]:
            spend += g.pair[PAYMENT, j]
            if spend > g.limit + 2 * g.money_band:
                break
            size += 1
    s.place[DEPTH], s.place[SIZE], s.place[DOUBTED], s.place[NODES] = -1, size + 1, 0, 0
    s.place[LIVE] = _list_live(g, s, banned, size) if size else 0


@INNER
def _list_live(g: Given, s: State, banned: np.ndarray, largest: int) -> int:
    """List the candidates that may be in a better set, and set the slack; return how many there are."""
    number, top = s.number, s.spare[TOP]
    for k in range(largest):
        top[k] = 0.0
    for j in range(len(banned)):
        if not banned[j]:
            _into_top(top, largest, s.offer[GAIN, j] - s.offer[LOSS, j])
    others = 0.0
    for k in range(largest - 1):
        others += top[k]
    # Without members of t_j > 0 nobody meets the demand.
    needy = g.risk_cap < 1 - 1e-6 and g.demand * (1 - g.redundancy) > 1e-6
    tiny, missed = 1e-11 * (1 + g.demand), g.risk_cap + LOOSE
    live, scale = 0, 0.0
    for j in range(len(banned)):
        gain, loss = s.offer[GAIN, j], s.offer[LOSS, j]
        out = banned[j] or loss > gain + others - number[FOUND] + LOOSE * (gain + others + abs(number[FOUND]))
        if needy and g.pair[HELP, j] <= -tiny:
            share = missed * g.pair[QUALITY, j] + (1 - missed) * (g.pair[HELP, j] + tiny) * g.share[largest - 1]
            out = out or number[WEIGHT] * g.pair[ARRIVAL, j] * share <= loss * (1 - LOOSE) - LOOSE * gain
        if not out:
            s.live[live] = j
            live += 1
            scale = max(scale, gain + loss)
    number[SLACK] = 1e-12 * (largest * scale + np.sum(s.fine)) + TINY
    return live


@INNER
def _start(s: State) -> None:
    """Put the search over sets of the next smaller size to its start."""
    live = s.place[LIVE]
    s.place[SIZE] -= 1
    s.place[DEPTH], s.place[LAID], s.level[AT, 0], s.level[LENGTH, 0] = 0, 0, NEW, live
    for k in range(live):
        s.rest[0, k] = s.live[k]
    s.law[COUNT, 0, 0], s.pattern[CHANCE, 0, 0] = 1.0, 1.0


@INNER
def _next(g: Given, s: State, depth: int, more: int) -> bool:
    """Descend to the next child of a node; return whether there is one that may lead beyond what was found."""
    at = s.level[AT, depth]
    count = s.level[LENGTH, depth] - at - 1
    if count + 1 < more:
        return False
    bound = s.sum[BASE, depth]
    for k in range(at, at + more):
        bound += s.term[depth, k]
    if not bound > s.number[FOUND] - s.number[SLACK]:
        return False
    s.level[AT, depth] = at + 1
    _extend(g, s, depth, s.rest[depth, at])
    s.level[AT, depth + 1], s.level[LENGTH, depth + 1] = NEW, count
    for k in range(count):
        s.rest[depth + 1, k] = s.rest[depth, at + 1 + k]
    s.place[DEPTH] = depth + 1
    return True


@OUTER
def search(g: Given, s: State, quota: int) -> int:
    """Go on until all is searched, `quota` nodes were entered, or there is no room for doubtful sets."""
    until = s.place[NODES] + quota
    while True:
        depth = s.place[DEPTH]
        more = s.place[SIZE] - depth
        if depth < 0:
            if s.place[SIZE] == 1:
                return DONE
            _start(s)
        elif more == 1:
            if not _finish(g, s, depth):
                return FULL
            s.place[DEPTH] = depth - 1
        elif s.level[AT, depth] == NEW:
            if s.place[NODES] >= until:
                return PAUSED
            if not _enter(g, s, depth, more):
                s.place[DEPTH] = depth - 1
        elif not _next(g, s, depth, more):
            s.place[DEPTH] = depth - 1
