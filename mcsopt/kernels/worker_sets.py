"""Exact value and risk of worker sets, and the enumeration of all feasible sets of a market."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from mcsopt import tolerances
from mcsopt.errors import TooLarge
from mcsopt.problems import OfflineWelfare

MAX_SETS = 200_000
"""Default limit on the feasible sets of a market that are listed one by one."""

MAX_WORK = 50_000_000
"""Default limit on the work of listing, in units of 16 arrival patterns: some four seconds."""

_MAX_DEPTH = 17  # a set of 18 has 2^18 > MAX_SETS affordable subsets, so listing them all is hopeless anyway
_FULL, _TIRED = -1, -2


@njit(cache=True)
def expected_quality(quality: np.ndarray, arrival: np.ndarray, redundancy: float) -> float:
    """Return ``E[Q]`` of a set from the law of the number of arrivals; see `problems.offline_welfare`."""
    size = len(quality)
    count, mass = np.zeros(size + 1), np.zeros(size + 1)
    count[0] = 1.0
    for k in range(size):
        p, q = arrival[k], quality[k]
        for n in range(k + 1, 0, -1):
            mass[n] = (1 - p) * mass[n] + p * (mass[n - 1] + q * count[n - 1])
            count[n] = (1 - p) * count[n] + p * count[n - 1]
        count[0] *= 1 - p
    total = 0.0
    for n in range(1, size + 1):
        total += mass[n] / (1 + (n - 1) * redundancy)
    return total


@njit(cache=True)
def quality_risk(quality: np.ndarray, arrival: np.ndarray, redundancy: float, demand: float) -> float:
    """Return ``Pr(Q < Q^D)`` of a set by its arrival patterns."""
    return risk_range(quality, arrival, redundancy, demand, 0.0)[1]


@njit(cache=True)
def risk_range(
    quality: np.ndarray, arrival: np.ndarray, redundancy: float, demand: float, band: float
) -> tuple[float, float]:
    """Return ``Pr(Q < Q^D)`` if patterns within `band` of the demand meet it, and if they miss it.

    The demand is met iff the arrived ``t_j = q_j - zeta Q^D`` sum to at least ``(1 - zeta) Q^D``: linear in arrivals.
    """
    size = len(quality)
    total, probability = np.empty(1 << size), np.empty(1 << size)
    total[0], probability[0] = 0.0, 1.0
    for k in range(size):
        gain, p = quality[k] - redundancy * demand, arrival[k]
        half = 1 << k
        for pattern in range(half):
            total[half + pattern] = total[pattern] + gain
            probability[half + pattern] = probability[pattern] * p
            probability[pattern] *= 1 - p
    threshold = (1 - redundancy) * demand - tolerances.QUALITY
    low, high = 0.0, 0.0
    for pattern in range(1 << size):
        if total[pattern] < threshold + band:
            high += probability[pattern]
            if total[pattern] < threshold - band:
                low += probability[pattern]
    return low, high


@njit(cache=True)
def set_value(quality: np.ndarray, arrival: np.ndarray, cost: np.ndarray, redundancy: float, weight: float) -> float:
    """Return ``omega3 E[Q(A)] - sum pi_j c_j``."""
    return weight * expected_quality(quality, arrival, redundancy) - np.sum(arrival * cost)


@njit(cache=True)
def _dominated(
    quality: np.ndarray, arrival: np.ndarray, cost: np.ndarray, redundancy: float, demand: float,
    weight: float, risk_limit: float, value: float, band: float,
) -> bool:  # fmt: skip
    """Whether leaving out one worker keeps the set feasible and loses no value."""
    size = len(quality)
    keep = np.ones(size, dtype=np.bool_)
    for k in range(size):
        keep[k] = False
        if (
            size > 1
            and set_value(quality[keep], arrival[keep], cost[keep], redundancy, weight) >= value
            and risk_range(quality[keep], arrival[keep], redundancy, demand, band)[1] <= risk_limit
        ):
            return True
        keep[k] = True
    return False


@njit(cache=True)
def _enumerate(
    payment: np.ndarray, cost: np.ndarray, quality: np.ndarray, arrival: np.ndarray,
    budget: float, redundancy: float, demand: float, weight: float, risk_limit: float,
    undominated: bool, max_work: int, members: np.ndarray, sizes: np.ndarray, values: np.ndarray, doubtful: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Write every feasible nonempty set of one task; candidates come by increasing payment.

    Sets that rounding might have misjudged, at a threshold, are written too, and marked doubtful. Returns the number of
    sets found, or `_FULL` or `_TIRED` if there are too many or the work is too much, and the work done: one unit is 16
    arrival patterns.
    """
    depth_limit = members.shape[1]
    penny = 2.0 * (depth_limit + 4) * 2.0**-53 * budget
    chosen = np.zeros(depth_limit + 1, dtype=np.int64)
    spent = np.zeros(depth_limit + 1)
    found, work, depth, candidate = 0, 0, 0, 0
    while True:
        # The cheapest untried candidate decides: those after it cost as much or more.
        if candidate < len(payment) and spent[depth] + payment[candidate] <= budget + penny:
            if depth == depth_limit or work > max_work:
                return _TIRED, work
            work += 1 + ((1 << depth) >> 3)
            chosen[depth] = candidate
            spent[depth + 1] = spent[depth] + payment[candidate]
            depth += 1
            subset = chosen[:depth]
            q, p, c = quality[subset], arrival[subset], cost[subset]
            # More than the rounding of a sum of so many t_j and of the threshold.
            band = 2.0 * (depth + 4) * 2.0**-53 * (np.sum(q) + demand * (1 + depth))
            risk = risk_range(q, p, redundancy, demand, band)
            if risk[0] <= risk_limit:
                value = set_value(q, p, c, redundancy, weight)
                work += undominated * (depth * (1 << depth) >> 4)
                if not (undominated and _dominated(q, p, c, redundancy, demand, weight, risk_limit, value, band)):
                    if found == len(sizes):
                        return _FULL, work
                    members[found, :depth] = subset
                    sizes[found], values[found] = depth, value
                    doubtful[found] = risk[1] > risk_limit or spent[depth] > budget - penny
                    found += 1
            candidate += 1
        elif depth > 0:
            depth -= 1
            candidate = chosen[depth] + 1
        else:
            return found, work


@dataclass(frozen=True)
class WorkerSets:
    """All feasible worker sets of a market, grouped by task.

    Attributes
    ----------
    task : array of int, shape (n,)
        Task of each set, ascending.
    value : array of float, shape (n,)
        ``v_i(A)``.
    start, worker : array of int
        Set k has the workers ``worker[start[k]:start[k + 1]]``.
    task_start : array of int, shape (I + 1,)
        Sets of task i are ``task_start[i]`` up to ``task_start[i + 1]``.
    """

    task: np.ndarray
    value: np.ndarray
    start: np.ndarray
    worker: np.ndarray
    task_start: np.ndarray

    def __len__(self) -> int:
        return len(self.task)

    def workers(self, k: int) -> tuple[int, ...]:
        """Return the sorted workers of set `k`."""
        return tuple(sorted(self.worker[self.start[k] : self.start[k + 1]].tolist()))


def feasible_sets(
    problem: OfflineWelfare,
    *,
    max_sets: int = MAX_SETS,
    undominated: bool = True,
    available: np.ndarray | None = None,
    max_work: int = MAX_WORK,
) -> WorkerSets:
    """List the feasible nonempty worker sets of every task.

    Parameters
    ----------
    problem : OfflineWelfare
    max_sets : int
        Refuse beyond this many.
    undominated : bool, default True
        Leave out sets from which one worker can be dropped at no loss of value or feasibility: some optimal plan
        uses none of them.
    available : array of bool, shape (P,), optional
        Restrict the candidate pairs.
    max_work : int
        Refuse after this much work, see `MAX_WORK`.

    Returns
    -------
    WorkerSets

    Raises
    ------
    TooLarge
        If there are more sets, or more affordable ones to look at, than can be listed.
    """
    market = problem.instance
    usable = problem.candidate if available is None else problem.candidate & available
    members = np.zeros((max_sets, _MAX_DEPTH), dtype=np.int32)
    sizes, values, doubtful = np.zeros(max_sets, dtype=np.int64), np.zeros(max_sets), np.zeros(max_sets, dtype=bool)
    counts = np.zeros(market.num_tasks, dtype=np.int64)
    workers, found, work = [], 0, 0
    for task in range(market.num_tasks):
        pairs = _by_payment(problem, task, usable)
        here, done = _enumerate(
            market.payment[pairs], market.cost[pairs], market.quality[pairs],
            market.arrival[market.pair_worker[pairs]], problem.budget[task], market.redundancy[task],
            market.demand[task], market.quality_weight, market.quality_risk + tolerances.RISK,
            undominated, max_work - work, members[found:], sizes[found:], values[found:], doubtful[found:],
        )  # fmt: skip
        work += done
        if here < 0:
            what = f"more than {max_sets:,} sets to list" if here == _FULL else "too many affordable sets to look at"
            raise TooLarge(
                f"offline-welfare over all feasible worker sets: {what} (up to {affordable_sets(problem):.2g} within "
                "the budgets); use solver 'linear-bound', or a smaller market"
            )
        here = _settle(problem, task, market.pair_worker[pairs], here, members, sizes, values, doubtful, found)
        inside = np.arange(_MAX_DEPTH) < sizes[found : found + here, None]
        workers.append(market.pair_worker[pairs][members[found : found + here][inside]])
        counts[task] = here
        found += here
    return WorkerSets(
        task=np.repeat(np.arange(market.num_tasks), counts),
        value=values[:found].copy(),
        start=np.concatenate([[0], np.cumsum(sizes[:found])]),
        worker=np.concatenate(workers) if workers else np.zeros(0, dtype=np.int64),
        task_start=np.concatenate([[0], np.cumsum(counts)]),
    )


def _settle(
    problem: OfflineWelfare, task: int, candidates: np.ndarray, here: int, members: np.ndarray, sizes: np.ndarray,
    values: np.ndarray, doubtful: np.ndarray, found: int,
) -> int:  # fmt: skip
    """Put the doubtful sets to the ground truth and close up the gaps; return how many sets are left."""
    if not doubtful[found : found + here].any():
        return here
    keep = np.ones(here, dtype=bool)
    for k in np.flatnonzero(doubtful[found : found + here]):
        chosen = candidates[members[found + k, : sizes[found + k]]]
        keep[k] = not problem.set_violations(task, sorted(chosen.tolist()))
    left = int(keep.sum())
    for array in (members, sizes, values):
        array[found : found + left] = array[found : found + here][keep]
    return left


def affordable_sets(problem: OfflineWelfare) -> float:
    """Return an upper bound on the number of nonempty sets that the budgets allow, by their largest size."""
    market, total = problem.instance, 0
    for task in range(market.num_tasks):
        payments = market.payment[_by_payment(problem, task, problem.candidate)]
        largest = int(np.searchsorted(np.cumsum(payments), problem.budget[task], side="right"))
        total += sum(math.comb(len(payments), size) for size in range(1, largest + 1))
    return float(total) if total < 10**300 else math.inf


def _by_payment(problem: OfflineWelfare, task: int, usable: np.ndarray) -> np.ndarray:
    where = problem.instance.pairs_of(task)
    pairs = np.arange(where.start, where.stop)[usable[where]]
    return pairs[np.argsort(problem.instance.payment[pairs], kind="stable")]
