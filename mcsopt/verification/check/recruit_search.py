"""The best priced set of recruits of one task, ``max v(A) - sum_{j in A} u_j`` over feasible sets, from above.

For a fixed number k of recruits everything is linear: ``offset_k + sum_{j in A} s_j`` over k candidates with ``sum p_j
<= B`` and ``sum q_j >= needed_k``. For any y, z >= 0 a set is worth at most ``offset_k + y B - z needed_k + sum_{j in
A} t_j`` with ``t_j = s_j - y p_j + z q_j``. The search goes depth first over candidates by falling t; a partial set is
worth no more than with the candidates next in order. A set within the budget brings no more quality than ``w B + sum of
(q_j - w p_j)``, w >= 0: what cannot reach the demand so is left out, too. Which y, z and w are taken matters for speed
alone.

Rounding: a bound is the sum of a start and k terms, each of a few products: it errs by less than 4 (k + 10) u times the
magnitudes of these. What is left out with a bound that is above what was found, if only by twice that, raises the
answer, so that no answer is too low, and sets that tie need not be told apart; they are where a response is searched,
see `recruit_response`. Whole sets are judged with the error bounds of `Recruiter`, within their bands in rationals.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from mcsopt.verification.check.fines import NO_FINES, Fines
from mcsopt.verification.check.recruits import Recruiter
from mcsopt.verification.check.rounding import UNIT
from mcsopt.verification.check.sets import TINY
from mcsopt.verification.check.strict import Run

CELLS = 2**15
"""Extensions (set, candidate) looked at in one step."""
FIRST = 4
"""Partial sets that are extended before the others beside them."""
STEPS = 20
"""Most steps of one search for a price; it ends by itself after a few."""


@dataclass(frozen=True)
class Partial:
    """Partial sets of one size, rows of positions in the order of the search."""

    members: np.ndarray
    bound: np.ndarray
    spend: np.ndarray
    gain: np.ndarray

    def rows(self, which: np.ndarray | slice) -> Partial:
        """Return the sets `which`."""
        return Partial(self.members[which], self.bound[which], self.spend[which], self.gain[which])


@dataclass(frozen=True)
class Ordered:
    """The candidates for sets of one size, by falling term.

    Attributes
    ----------
    local : array of int, shape (m,)
        Their local indices.
    term, payment, quality : array of float, shape (m,)
    start : float
        What is added to the terms for a bound.
    slack : float
        More than a bound errs by.
    thrift : float
        The price w of money in quality.
    cheapest : array of float, shape (m + 1,)
        Least payment from each place on.
    reach : array of float, shape (k + 1,)
        Largest sum of ``q_j - w p_j`` of so many candidates.
    """

    local: np.ndarray
    term: np.ndarray
    payment: np.ndarray
    quality: np.ndarray
    start: float
    slack: float
    thrift: float
    cheapest: np.ndarray
    reach: np.ndarray

    def bound(self, size: int) -> float:
        """Return the bound of all sets of a size."""
        return self.start + float(self.term[:size].sum()) + self.slack


def start_of(order: Ordered) -> Partial:
    """Return the empty set."""
    nothing = np.zeros(1)
    return Partial(np.zeros((1, 0), dtype=np.int64), nothing + order.start, nothing, nothing)


class RecruitSearch:
    """One task, to be asked for its best set at any prices."""

    floored, parallel = True, False

    def __init__(self, task: Recruiter) -> None:
        self.task, self.workers = task, task.workers
        self._within: dict[tuple[int, bytes], tuple[float, np.ndarray]] = {}

    def best(
        self, price: np.ndarray, banned: np.ndarray, valued: bool, floor: float, run: Run, fines: Fines = NO_FINES
    ) -> float:  # fmt: skip
        """Return an upper bound, tight to rounding, on `floor` and the best feasible unbanned set.

        Parameters
        ----------
        price : array of float, shape (m,)
            Prices u >= 0 of the candidates.
        banned : array of bool, shape (m,)
        valued : bool
            Whether v(A) counts; otherwise ``-sum u`` alone is maximised.
        floor : float
            Sets worth no more need not be told apart; -inf: none.
        run : Run
            Time and work.
        fines : Fines
            Of cuts: due for the members of a set, left out of the bounds on those to come.
        """
        return Search(self, price, banned, valued, run, fines).best(floor)

    def within(self, free: np.ndarray, size: int) -> tuple[float, np.ndarray]:
        """Return the price w of money for sets of a size, and the largest sums of ``q_j - w p_j`` by number."""
        key = size, free.tobytes()
        if key not in self._within:
            quality, payment = self.task.quality[free], self.task.payment[free]
            thrift = price_of(quality, payment, self.task.limit, size)
            largest = -np.sort(thrift * payment - quality)[:size]
            self._within[key] = thrift, np.concatenate([[0.0], np.cumsum(largest)])
        return self._within[key]


class Search:
    """One such question; `best` answers it."""

    def __init__(
        self, asked: RecruitSearch, price: np.ndarray, banned: np.ndarray, valued: bool, run: Run, fines: Fines
    ) -> None:
        self.asked, self.task, self.run, self.valued, self.fines = asked, asked.task, run, valued, fines
        self.free, self.price = np.flatnonzero(~banned), price
        self.left_out = -math.inf

    def best(self, floor: float) -> float:
        """Search the sizes, the most promising first; return the floor if no set is above it."""
        found = floor
        sizes = range(1, min(self.task.most, len(self.free)) + 1)
        orders = {size: self._by_worth(size) for size in sizes if self._possible(size)}
        bounds = {size: order.bound(size) for size, order in orders.items()}
        for size in sorted(orders, key=lambda size: -bounds[size]):
            if bounds[size] <= found:
                break
            if found == -math.inf:
                # Worth prunes nothing as long as no set is known.
                found = self._any(size)
            if found > -math.inf:
                found = self._search(orders[size], size, found)
        return max(found, self.left_out)

    def _limits(self, size: int) -> tuple[float, float]:
        """Return budget and needed sum of qualities, loosened by their bands."""
        return self.task.limit + self.task.money_band, self.task.needed(size) - self.task.quality_band(size)

    def _possible(self, size: int) -> bool:
        """Whether some set of a size may keep both limits."""
        (limit, needed), (thrift, reach) = self._limits(size), self.asked.within(self.free, size)
        cheapest = np.partition(self.task.payment[self.free], size - 1)[:size].sum()
        most = thrift * limit + reach[size]
        return bool(cheapest <= limit * (1 + 1e-12) and most >= needed - 1e-12 * (thrift * limit + abs(most)))

    def _by_worth(self, size: int) -> Ordered:
        """Order the candidates for sets of one size by what they add to the worth, limits priced."""
        task, free = self.task, self.free
        payment, quality = task.payment[free], task.quality[free]
        limit, needed = self._limits(size)
        score, offset = -self.price[free], 0.0
        if self.valued:
            base = task.base_sum if task.increment else 0.0
            score = score + (task.weight / task.spread(size) * quality - task.cost[free])
            offset = task.weight * (base / task.spread(size) - task.base_quality) + task.bonus
        money = price_of(score, payment, limit, size)
        need = price_of(score - money * payment, -quality, -needed, size)
        if need:
            money = price_of(score + need * quality, payment, limit, size)
        term = score - money * payment + need * quality
        own = self.price[free] + money * payment + need * quality
        around = money * limit + need * abs(needed)
        if self.valued:
            own = own + task.weight * quality + task.cost[free]
            around += task.weight * (base + task.base_quality) + task.bonus
        return self._ordered(size, term, offset + money * limit - need * needed, around + size * float(own.max()))

    def _by_reach(self, size: int) -> Ordered:
        """Order the candidates for sets of one size by what they add to the quality, money priced."""
        thrift, _ = self.asked.within(self.free, size)
        payment, quality = self.task.payment[self.free], self.task.quality[self.free]
        limit, _ = self._limits(size)
        scale = thrift * limit + size * float((quality + thrift * payment).max())
        return self._ordered(size, quality - thrift * payment, thrift * limit, scale)

    def _ordered(self, size: int, term: np.ndarray, start: float, scale: float) -> Ordered:
        """Return the order by falling term; `scale` is what the numbers that a bound is made of sum to at most."""
        thrift, reach = self.asked.within(self.free, size)
        order = np.argsort(-term, kind="stable")
        local = self.free[order]
        payment = self.task.payment[local]
        cheapest = np.append(np.minimum.accumulate(payment[::-1])[::-1], math.inf)
        return Ordered(
            local, term[order], payment, self.task.quality[local], start,
            4 * (size + 10) * UNIT * scale + (TINY if scale > 0 else 0.0), thrift, cheapest, reach,
        )  # fmt: skip

    def _search(self, order: Ordered, size: int, found: float) -> float:
        """Return an upper bound on `found` and the best sets of one size."""
        pending = [start_of(order)]
        while pending:
            sets = self._next(pending, order, size, found)
            if sets is not None:
                found = self._judged(order, sets, found)
        return found

    def _any(self, size: int) -> float:
        """Return what some feasible set of a size is worth, rounded up; -inf if there is none."""
        order, (_, needed) = self._by_reach(size), self._limits(size)
        pending = [start_of(order)]
        while pending:
            sets = self._next(pending, order, size, needed - 4 * order.slack)
            # What is left out here is about quality: it is not in reach of the demand, bands and all.
            self.left_out = -math.inf
            if sets is None:
                continue
            for row in np.argsort(-sets.gain, kind="stable").tolist():
                members = order.local[sets.members[row]]
                if self._feasible(members, float(sets.spend[row]), float(sets.gain[row])):
                    return float(self._net(members[None, :])[0])
        return -math.inf

    def _next(self, pending: list[Partial], order: Ordered, size: int, least: float) -> Partial | None:
        """Extend the last of the partial sets that are pending by one member; return the sets that are whole."""
        self.run.tick()
        further = self._extended(order, pending.pop(), size, least)
        self.run.count("sets examined", len(further.members))
        if further.members.shape[1] == size:
            return further
        rank = np.argsort(-further.bound, kind="stable")
        # A few first: what they lead to prunes the rest.
        cuts = [0, *range(min(FIRST, len(rank)), len(rank), max(1, CELLS // len(order.term))), len(rank)]
        pending.extend(further.rows(rank[a:b]) for a, b in reversed(list(itertools.pairwise(cuts))) if a < b)
        return None

    def _extended(self, order: Ordered, partial: Partial, size: int, least: float) -> Partial:
        """Return the partial sets with one later member more whose bound exceeds `least`."""
        count, have = len(order.term), partial.members.shape[1]
        rest = size - have - 1
        # What a candidate and those next in order add, so many as are to come.
        window = np.full(count, -math.inf)
        window[: count - rest] = sum(order.term[k : count - rest + k] for k in range(rest + 1))
        last = partial.members[:, -1] if have else np.full(len(partial.members), -1)
        fits = np.arange(count)[None, :] > last[:, None]
        spend = partial.spend[:, None] + order.payment[None, :]
        task = self.task
        others = rest * order.cheapest[1:] if rest else np.zeros(count)
        fits &= spend + others[None, :] <= task.limit + task.money_band
        gain = partial.gain[:, None] + order.quality[None, :]
        room = order.thrift * (task.limit + task.money_band - spend) if rest else 0.0
        wanted = task.needed(size) - task.quality_band(size)
        scale = abs(wanted) + abs(order.reach[rest]) + order.thrift * task.limit
        fits &= gain + room + order.reach[rest] >= wanted - 1e-12 * scale
        fits = self._promising(fits, partial.bound[:, None] + window[None, :], order.slack, least)
        rows, new = np.nonzero(fits)
        return Partial(
            np.hstack([partial.members[rows], new[:, None]]), partial.bound[rows] + order.term[new],
            spend[rows, new], gain[rows, new],
        )  # fmt: skip

    def _promising(self, fits: np.ndarray, bound: np.ndarray, slack: float, least: float) -> np.ndarray:
        """Return which bounds exceed `least` by more than rounding; the others raise the answer, if they do at all."""
        clear = fits & (bound > least + slack)
        close = fits & ~clear & (bound > least - slack)
        if close.any():
            self.left_out = max(self.left_out, float(bound[close].max()) + slack)
        return clear

    def _judged(self, order: Ordered, sets: Partial, found: float) -> float:
        """Return the largest of `found` and the values of the feasible sets, rounded up."""
        if not len(sets.members):
            return found
        members = order.local[sets.members]
        net = self._net(members)
        for row in np.argsort(-net, kind="stable"):
            if net[row] <= found:
                break
            if self._feasible(members[row], float(sets.spend[row]), float(sets.gain[row])):
                return float(net[row])
        return found

    def _net(self, members: np.ndarray) -> np.ndarray:
        """Return ``v - sum u`` (or ``-sum u``) of each set, less its fines, rounded up.

        The sum of k prices and c fines and its subtraction take k + c roundings, as in `pricing.best_listed`.
        """
        size = members.shape[1]
        paid = np.zeros(len(members))
        for k in range(size):
            paid = paid + self.price[members[:, k]]
        if self.fines:
            paid = paid + self.fines.due(list(members.T))
        units = (size + len(self.fines.price) + 2) * UNIT
        if not self.valued:
            return -paid + units * paid
        value, error = self.task.value(members)
        return np.asarray((value - paid) + (2 * error + 2 * units * (np.abs(value) + paid)))

    def _feasible(self, members: np.ndarray, spend: float, gain: float) -> bool:
        task, size, chosen = self.task, len(members), members.tolist()
        if abs(spend - task.limit) <= task.money_band:
            self.run.count("rational decisions")
            if not task.affordable(chosen):
                return False
        elif spend > task.limit:
            return False
        if abs(gain - task.needed(size)) <= task.quality_band(size):
            self.run.count("rational decisions")
            return task.restores(chosen)
        return gain > task.needed(size)


def price_of(score: np.ndarray, weight: np.ndarray, room: float, size: int) -> float:
    """Return the y >= 0 that about minimises ``y room + (size largest of score - y weight)``."""

    def line(term: np.ndarray) -> tuple[float, float]:
        chosen = np.argpartition(-term, size - 1)[:size]
        return float(score[chosen].sum()), room - float(weight[chosen].sum())

    low, low_slope = line(score)
    if low_slope >= 0:
        return 0.0
    high, high_slope = line(-weight)
    if high_slope <= 0:
        return 0.0
    price = 0.0
    for _ in range(STEPS):
        price = (low - high) / (high_slope - low_slope)
        if price <= 0:
            return 0.0
        start, slope = line(score - price * weight)
        if start + slope * price <= low + low_slope * price + 1e-9 * abs(low):
            break
        if slope < 0:
            low, low_slope = start, slope
        else:
            high, high_slope = start, slope
    return price
