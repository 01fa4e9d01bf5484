"""Every stable data coalition of a few dozen players: counted, listed, and the best of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.kernels.coalitions import Found, interval_ends, intervals, roots, scan_all
from mcsopt.problems.stable_coalition import Coalition, StableCoalition
from mcsopt.result import Assurance, Result, conclude
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.stable_coalition import social_cost_objective

METHOD = "coalition-enumeration"
MAX_PLAYERS = 36
MAX_MAPPED = 20
"""Most players of whom the interval of each coalition is kept."""
CLOSE_ROOM = 100_000
LIMIT = 1_000_000


@dataclass(frozen=True, eq=False)
class StableSets:
    """All stable coalitions of a problem.

    Attributes
    ----------
    problem : StableCoalition
    count : int
        How many there are.
    count_by_size : array of int, shape (n + 1,)
    masks : array of int64
        The listed ones, bit i for player i, by ascending social cost, then mask; all of them unless the limit was hit.
    stay, entry : arrays of float
        Each listed one is stable exactly for the variances in [stay, entry).
    social_cost : array of float
    cheapest, dearest, largest : Coalition or None
        Of all of them, whether listed or not; the largest is the cheapest of its size.
    """

    problem: StableCoalition
    count: int
    count_by_size: np.ndarray
    masks: np.ndarray
    stay: np.ndarray
    entry: np.ndarray
    social_cost: np.ndarray
    cheapest: Coalition | None
    dearest: Coalition | None
    largest: Coalition | None

    @cached_property
    def complete(self) -> bool:
        """Whether all of them are listed."""
        return len(self.masks) == self.count

    def members(self, index: int) -> tuple[int, ...]:
        """Return the members of a listed coalition."""
        return _members(int(self.masks[index]))


def _members(mask: int) -> tuple[int, ...]:
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


def all_stable(problem: StableCoalition, *, limit: int = LIMIT) -> StableSets:
    """Find every stable coalition.

    Parameters
    ----------
    problem : StableCoalition
        At most 36 players: 24 take 2 milliseconds, 30 take 25, 36 take 0.3 to 2 seconds, each player more about 1.7
        times as long.
    limit : int
        Most coalitions to list, >= 0; they are all counted in any case.

    Returns
    -------
    StableSets

    Raises
    ------
    TooLarge
        Beyond 36 players; or if more than 100,000 coalitions lie within rounding of the tolerance of a threshold.

    Notes
    -----
    Compiled meeting in the middle (:mod:`mcsopt.kernels.coalitions`). Ties come out as the problem's own `violations`
    says: numbers equal up to rounding lie 1e-12 from the tolerance, coalitions within 1e-13 of it are put to it.

    Examples
    --------
    >>> from mcsopt.problems.data_coalition import DataCoalition
    >>> costs = [1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3]
    >>> found = all_stable(StableCoalition(DataCoalition(costs, 0.25, 1.0)))
    >>> [found.members(i) for i in range(found.count)]
    [(0, 1, 2, 3), (0, 1, 2, 4)]
    """
    n = problem.instance.num_players
    if n > MAX_PLAYERS:
        digits = 0.3 + (n - MAX_PLAYERS) * math.log10(1.7)
        raise TooLarge(
            f"enumeration over 2^{n} coalitions would take about 10^{digits:.0f} s and is limited to {MAX_PLAYERS} "
            "players; use solver 'stable-coalition' for the best one, largest_stable and worst_stable for those"
        )
    order, found = scan_all(problem.instance, problem.stability, room=limit, close_room=CLOSE_ROOM)
    listed = _decide_close(problem, order, found, limit)
    masks = _by_player(listed, order)
    stay, entry, cost = _properties(problem, masks)
    rank = np.lexsort((masks, cost))
    sizes, objective = np.flatnonzero(found.number).tolist(), social_cost_objective(problem.instance)

    def first(mask: np.ndarray, key: Callable[[int], float]) -> Coalition | None:
        size = min(sizes, key=key, default=0)
        return Coalition(order[list(_members(int(mask[size])))].tolist()) if size else None

    return StableSets(
        problem=problem,
        count=int(found.number.sum()),
        count_by_size=found.number,
        masks=masks[rank],
        stay=stay[rank],
        entry=entry[rank],
        social_cost=cost[rank],
        cheapest=first(found.least_mask, lambda k: objective.fixed[k] + objective.rate[k] * found.least[k]),
        dearest=first(found.most_mask, lambda k: -objective.fixed[k] - objective.rate[k] * found.most[k]),
        largest=first(found.least_mask, lambda k: -k),
    )


def _decide_close(problem: StableCoalition, order: np.ndarray, found: Found, limit: int) -> np.ndarray:
    """Put coalitions that floats cannot tell to the ground truth; return the masks listed, over ranks."""
    if found.lengths[1] > CLOSE_ROOM:
        raise TooLarge(
            f"more than {CLOSE_ROOM:,} coalitions lie within 1e-13 of a tolerance; change the variance by 1e-9"
        )
    a = roots(problem.instance)[1]
    added = []
    for mask in found.close[: found.lengths[1]].tolist():
        ranks = list(_members(mask))
        if not problem.violations(Coalition(order[ranks].tolist())):
            k, total = len(ranks), float(a[ranks].sum())
            found.number[k] += 1
            added.append(mask)
            if total < found.least[k]:
                found.least[k], found.least_mask[k] = total, mask
            if total > found.most[k]:
                found.most[k], found.most_mask[k] = total, mask
    listed = found.listed[: found.lengths[0]]
    return np.concatenate([listed, np.array(added[: limit - len(listed)], dtype=np.int64)])


def _by_player(masks: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return masks over players for masks over ranks."""
    result = np.zeros_like(masks)
    for rank, player in enumerate(order.tolist()):
        result |= (masks >> rank & 1) << player
    return result


def _properties(problem: StableCoalition, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends of the intervals and the social costs."""
    data = problem.instance
    a = np.empty(data.num_players)
    order, by_rank = roots(data)
    a[order] = by_rank
    size, total = np.zeros(len(masks), np.int64), np.zeros(len(masks))
    largest, out = np.zeros(len(masks)), np.full(len(masks), np.inf)
    for player, value in enumerate(a):
        inside = (masks >> player & 1) == 1
        size += inside
        total += np.where(inside, value, 0.0)
        largest = np.where(inside, np.maximum(largest, value), largest)
        out = np.where(inside, out, np.minimum(out, value))
    stay, entry = interval_ends(size, total, largest, out, (2 * data.alpha + 1) / 3, problem.stability)
    cost = social_cost_objective(data)
    return stay, entry, cost.fixed[size] + cost.rate[size] * total


def all_intervals(problem: StableCoalition) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of variances in which each coalition is stable, to draw maps and sweeps over the variance.

    Parameters
    ----------
    problem : StableCoalition
        At most 20 players; its variance is not used.

    Returns
    -------
    stay, entry : arrays of float, shape (2^n,)
        By mask, bit i for player i: stable for ``sigma^2`` in [stay, entry), empty if entry <= stay; both infinite for
        fewer than two members; entry is infinite for the grand coalition.

    Raises
    ------
    TooLarge
        Beyond 20 players.
    """
    n = problem.instance.num_players
    if n > MAX_MAPPED:
        raise TooLarge(
            f"the intervals of 2^{n} coalitions would take 2^{n - 24} GB; the map is limited to {MAX_MAPPED} players: "
            "use all_stable at single variances"
        )
    return intervals(problem.instance, problem.stability)


def solve(problem: StableCoalition, settings: Settings) -> Result:
    """Find the stable coalition of least social cost among all of them, or that none exists.

    Parameters
    ----------
    problem : StableCoalition
        At most 36 players.
    settings : Settings
        Not needed: seconds at most.

    Returns
    -------
    Result
        PROVED or INFEASIBLE, without evidence.

    Raises
    ------
    TooLarge
        Beyond 36 players.
    """
    began = time.perf_counter()
    found = all_stable(problem, limit=0)
    return conclude(
        problem,
        METHOD,
        found.cheapest,
        infeasible=found.cheapest is None,
        dual_bound=None if found.cheapest is None else problem.evaluate(found.cheapest),
        assurance=Assurance.FLOAT,
        seconds={"solve": time.perf_counter() - began},
        message=f"{found.count:,} coalitions are stable",
    )
