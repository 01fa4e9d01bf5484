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

MAX_VISITED = 15_000_000
"""Default limit on the affordable sets that are looked at: some four seconds."""

_MAX_DEPTH = 17  # a set of 18 has 2^18 > MAX_SETS affordable subsets, so listing them all is hopeless anyway


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
    """Return ``Pr(Q < Q^D)`` of a set by its arrival patterns.

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
    risk = 0.0
    for pattern in range(1 << size):
        if total[pattern] < threshold:
            risk += probability[pattern]
    return risk


@njit(cache=True)
def set_value(quality: np.ndarray, arrival: np.ndarray, cost: np.ndarray, redundancy: float, weight: float) -> float:
    """Return ``omega3 E[Q(A)] - sum pi_j c_j``."""
    return weight * expected_quality(quality, arrival, redundancy) - np.sum(arrival * cost)


@njit(cache=True)
def _dominated(
    quality: np.ndarray, arrival: np.ndarray, cost: np.ndarray, redundancy: float, demand: float,
    weight: float, risk_limit: float, value: float,
) -> bool:  # fmt: skip
    """Whether leaving out one worker keeps the set feasible and loses no value."""
    size = len(quality)
    keep = np.ones(size, dtype=np.bool_)
    for k in range(size):
        keep[k] = False
        if (
            size > 1
            and set_value(quality[keep], arrival[keep], cost[keep], redundancy, weight) >= value
            and quality_risk(quality[keep], arrival[keep], redundancy, demand) <= risk_limit
        ):
            return True
        keep[k] = True
    return False


@njit(cache=True)
def _enumerate(
    payment: np.ndarray, cost: np.ndarray, quality: np.ndarray, arrival: np.ndarray,
    budget: float, redundancy: float, demand: float, weight: float, risk_limit: float,
    undominated: bool, max_visited: int, members: np.ndarray, sizes: np.ndarray, values: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Write every feasible nonempty set of one task; candidates come by increasing payment.

    Returns the number of sets found, or -1 if there are too many, and the number of sets visited.
    """
    depth_limit = members.shape[1]
    chosen = np.zeros(depth_limit + 1, dtype=np.int64)
    spent = np.zeros(depth_limit + 1)
    found, visited, depth, candidate = 0, 0, 0, 0
    while True:
        # The cheapest untried candidate decides: those after it cost as much or more.
        if candidate < len(payment) and spent[depth] + payment[candidate] <= budget:
            if depth == depth_limit or visited == max_visited:
                return -1, visited
            visited += 1
            chosen[depth] = candidate
            spent[depth + 1] = spent[depth] + payment[candidate]
            depth += 1
            subset = chosen[:depth]
            q, p, c = quality[subset], arrival[subset], cost[subset]
            if quality_risk(q, p, redundancy, demand) <= risk_limit:
                value = set_value(q, p, c, redundancy, weight)
                if not (undominated and _dominated(q, p, c, redundancy, demand, weight, risk_limit, value)):
                    if found == len(sizes):
                        return -1, visited
                    members[found, :depth] = subset
                    sizes[found], values[found] = depth, value
                    found += 1
            candidate += 1
        elif depth > 0:
            depth -= 1
            candidate = chosen[depth] + 1
        else:
            return found, visited


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
    max_visited: int = MAX_VISITED,
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
    max_visited : int
        Refuse after looking at this many affordable sets.

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
    sizes, values = np.zeros(max_sets, dtype=np.int64), np.zeros(max_sets)
    counts = np.zeros(market.num_tasks, dtype=np.int64)
    workers, found, visited = [], 0, 0
    for task in range(market.num_tasks):
        pairs = _by_payment(problem, task, usable)
        here, looked = _enumerate(
            market.payment[pairs], market.cost[pairs], market.quality[pairs],
            market.arrival[market.pair_worker[pairs]], problem.budget[task], market.redundancy[task],
            market.demand[task], market.quality_weight, market.quality_risk + tolerances.RISK,
            undominated, max_visited - visited, members[found:], sizes[found:], values[found:],
        )  # fmt: skip
        visited += looked
        if here < 0:
            raise TooLarge(
                f"offline-welfare over all feasible worker sets: more than {max_sets:,} sets to list "
                f"(up to {affordable_sets(problem):.2g} within the budgets); "
                "use solver 'linear-bound', or a smaller market"
            )
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
