"""Online recruitment by one task: the set worth most to it among the candidates that others leave it.

For k recruits the value of a set is linear, ``share_k (sum of q) - sum of c + offset_k``, under two limits on sums:
payments within the budget, qualities up to the demand. So the best set is searched number by number: prices on both
limits bound what k recruits can be worth, then the k-sets whose reduced values allow more than the best known are
enumerated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numba import njit

from mcsopt.errors import TooLarge
from mcsopt.kernels.few_items import price_weight
from mcsopt.problems import OnlineRecruitment

MAX_NODES = 20_000_000
"""Most nodes of one task's search; some seconds."""
_ROUNDS = 4  # of setting the two prices in turn; any prices give valid bounds
_BLUR = 64 * 2.0**-53  # relative: above the rounding of a sum of some thirty terms


@njit(cache=True)
def _fits(items: np.ndarray, payment: np.ndarray, quality: np.ndarray, budget: float, needed: float) -> bool:
    paid, delivered = 0.0, 0.0
    for item in items:
        paid += payment[item]
        delivered += quality[item]
    return paid <= budget and delivered >= needed


@njit(cache=True)
def _prices(
    payment: np.ndarray, quality: np.ndarray, value: np.ndarray, budget: float, needed: float, size: int,
    best: float, found: np.ndarray,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return prices on payment and on quality, the bound they give on sets of `size`, and the best value known.

    A set met on the way that keeps both limits and is better than `best` is written to `found`.
    """
    top, key = np.empty(size + 1, np.int64), np.empty(size + 1)
    chosen = np.zeros(len(value), np.uint8)
    dear, scarce, bound = 0.0, 0.0, np.inf
    for turn in range(2 * _ROUNDS):
        if turn % 2 == 0:
            pay, least, known = price_weight(payment, value + scarce * quality, budget, size, -np.inf, chosen, top, key)
            scarcity, least = scarce, least - scarce * needed
        else:
            scarcity, least, known = price_weight(
                -quality, value - dear * payment, -needed, size, -np.inf, chosen, top, key
            )
            pay, least = dear, least + dear * budget
        if known == -np.inf:  # No set of this size keeps even one limit.
            return 0.0, 0.0, -np.inf, best
        items = np.flatnonzero(chosen)
        worth = value[items].sum()
        if worth > best and _fits(items, payment, quality, budget, needed):
            best = worth
            found[:size] = items
        if least >= bound - 1e-12 * abs(bound) and turn > 0:
            break
        dear, scarce, bound = pay, scarcity, least
        if bound <= best:
            break
    return dear, scarce, bound, best


@njit(cache=True)
def _enumerate(
    payment: np.ndarray, quality: np.ndarray, value: np.ndarray, budget: float, needed: float, size: int,
    dear: float, scarce: float, best: float, found: np.ndarray, max_nodes: int,
) -> tuple[float, int]:  # fmt: skip
    """Look at the sets of `size` whose reduced values allow more than `best`; return the best value, and the nodes."""
    reduced = value - dear * payment + scarce * quality
    constant = dear * budget - scarce * needed
    largest = np.sort(reduced)[::-1]
    # A member replaces at least the last of the `size` largest: too far below, it cannot pay.
    least = largest[size - 1] - (constant + largest[:size].sum() - best)
    order = np.argsort(-reduced)
    order = order[reduced[order] > least]
    count = len(order)
    pay, come, worth, key = payment[order], quality[order], value[order], reduced[order]
    prefix = np.zeros(count + 1)
    prefix[1:] = np.cumsum(key)
    lightest, finest = payment.min(), quality.max()
    path, nodes, level = np.zeros(size + 1, np.int64), 0, 0
    room, missing, total, priced = budget, needed, 0.0, constant
    while level >= 0:
        k, rest = path[level], size - level
        nodes += 1
        if nodes > max_nodes:
            break
        if k + rest > count or priced + (prefix[k + rest] - prefix[k]) <= best:
            level -= 1
            if level >= 0:
                k = path[level]
                room += pay[k]
                missing += come[k]
                total -= worth[k]
                priced -= key[k]
                path[level] = k + 1
            continue
        left, short = room - pay[k], missing - come[k]
        if rest > 1 and left >= (rest - 1) * lightest and short <= (rest - 1) * finest:
            room, missing, total, priced = left, short, total + worth[k], priced + key[k]
            level += 1
            path[level] = k + 1
            continue
        if rest == 1 and total + worth[k] > best:
            items = order[path[:size]]
            # Room and need have been added to and taken from: the sums themselves decide.
            if _fits(items, payment, quality, budget, needed):
                best = value[items].sum()
                found[:size] = items
        path[level] = k + 1
    return best, nodes


@njit(cache=True)
def _most_quality(
    payment: np.ndarray, quality: np.ndarray, budget: float, needed: float, size: int, found: np.ndarray,
    max_nodes: int,
) -> tuple[bool, int]:  # fmt: skip
    """Write a set of `size` within the budget that reaches `needed`, if there is one; and return the nodes."""
    dear, _, bound, best = _prices(payment, quality, quality, budget, 0.0, size, -np.inf, found)
    nodes = 0
    if best < needed <= bound * (1 + _BLUR):
        best, nodes = _enumerate(
            payment, quality, quality, budget, 0.0, size, dear, 0.0, needed * (1 - _BLUR), found, max_nodes
        )
    return best >= needed and _fits(found[:size], payment, quality, budget, needed), nodes


@njit(cache=True)
def best_recruits(
    payment: np.ndarray, quality: np.ndarray, cost: np.ndarray, share: np.ndarray, offset: np.ndarray,
    needed: np.ndarray, budget: float, floor: float, found: np.ndarray, max_nodes: int,
) -> tuple[int, int]:  # fmt: skip
    """Write the best set worth more than `floor` to `found`.

    Parameters
    ----------
    payment, quality, cost : array of float, shape (n,)
        Of the candidates.
    share, offset, needed : array of float, shape (m,)
        By number of recruits, 1 to m; see `OnlineRecruitment.by_number`.
    budget : float
        Tolerance included.
    floor : float
        Value that a set must exceed; may be -inf.
    found : array of int, shape (n,)
        Its first entries become the candidates chosen.
    max_nodes : int

    Returns
    -------
    size : int
        Of the set, 0 if there is none; -1 if the search took more nodes than allowed.
    nodes : int
    """
    n = len(payment)
    cheapest, finest = np.cumsum(np.sort(payment)), np.cumsum(np.sort(quality)[::-1])
    most = min(n, len(share))
    while most > 0 and cheapest[most - 1] > budget * (1 + _BLUR):
        most -= 1
    size, top, nodes = 0, floor, 0
    scratch = np.zeros(n, np.int64)
    for k in range(most, 0, -1):
        if finest[k - 1] < needed[k - 1] * (1 - _BLUR):
            continue
        value = share[k - 1] * quality - cost
        known = top - offset[k - 1]
        dear, scarce, bound, best = _prices(payment, quality, value, budget, needed[k - 1], k, known, scratch)
        if bound > best == known:
            # Values prune little until some set is known, and there may be none.
            reached, seen = _most_quality(payment, quality, budget, needed[k - 1], k, scratch, max_nodes - nodes)
            nodes += seen
            if nodes > max_nodes:
                return -1, nodes
            if not reached:
                continue
            best = max(best, value[scratch[:k]].sum())
        if bound > best:
            best, seen = _enumerate(
                payment, quality, value, budget, needed[k - 1], k, dear, scarce, best, scratch, max_nodes - nodes
            )
            nodes += seen
            if nodes > max_nodes:
                return -1, nodes
        if best > known:
            size, top = k, best + offset[k - 1]
            found[:k] = scratch[:k]
    return size, nodes


class Recruiting:
    """Exact best responses of tasks in online recruitment.

    Parameters
    ----------
    problem : OnlineRecruitment

    Notes
    -----
    The search takes sums that rounding may have put on either side of a limit as keeping it. If the set it finds breaks
    a constraint of the ground truth, it is repeated with them on the other side: so what is found is feasible, and the
    best, but for sets within rounding of a limit where another such set is infeasible.
    """

    def __init__(self, problem: OnlineRecruitment) -> None:
        market = problem.instance
        self.problem = problem
        self._pairs = {}
        self._terms = {}
        for task in np.flatnonzero(market.unmet).tolist():
            where = market.pairs_of(task)
            self._pairs[task] = where.start + np.flatnonzero(problem.candidate[where])
            self._terms[task] = problem.by_number(task, len(self._pairs[task]))

    def better(
        self, tasks: Iterable[int], floor: np.ndarray, usable: np.ndarray
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield, for each of `tasks` that has one, its best set of usable pairs worth more than its `floor`."""
        for task in tasks:
            pairs = self._pairs.get(task, ())
            pairs = pairs[usable[pairs]] if len(pairs) else pairs
            if len(pairs):
                workers = self._best(task, pairs, float(floor[task]))
                if workers:
                    yield task, workers

    def _best(self, task: int, pairs: np.ndarray, floor: float) -> tuple[int, ...]:
        market, found = self.problem.instance, np.zeros(len(pairs), dtype=np.int64)
        share, offset, needed = self._terms[task]
        budget = float(self.problem.budget[task])
        blur = _BLUR * (np.abs(needed) + float(market.base_quality_sum[task]))
        for side in (1.0, -1.0):
            size, _ = best_recruits(
                market.payment[pairs], market.quality[pairs], market.cost[pairs], share, offset, needed - side * blur,
                budget * (1 + side * _BLUR), floor, found, MAX_NODES,
            )  # fmt: skip
            if size < 0:
                raise TooLarge(f"online-recruitment by exact search: task {task} takes more than {MAX_NODES:,} nodes")
            workers = tuple(sorted(market.pair_worker[pairs[found[:size]]].tolist()))
            if not workers or not self.problem.set_violations(task, workers):
                return workers
        return ()
