"""Offline contracts of a crowdsensing market: expected social welfare and its constraints, the ground truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems.assignment import AssignmentProblem
from mcsopt.problems.base import Violation
from mcsopt.problems.demand import demand_slack
from mcsopt.problems.fields import Instance
from mcsopt.problems.sensing_market import SensingMarket
from mcsopt.result import Sense

MAX_SET_SIZE = 24
"""Largest worker set whose risk is evaluated: its 2^24 arrival patterns fit in memory."""


@dataclass(frozen=True)
class OfflineWelfare(AssignmentProblem):
    """Contract workers to tasks for the greatest expected social welfare, under risk (problem (25)).

    ``max sum_i v_i(A_i)`` with ``v_i(A) = omega3 E[Q_i(A)] - sum_{j in A} pi_j c_ij``, where worker j arrives with
    probability ``pi_j`` independently of the others and n arrivals deliver
    ``Q_i = (sum of arrived q_ij) / (1 + (n - 1) zeta_i)``, 0 if nobody arrives (15). Subject to

    - each worker in at most one set (25a), and only as a candidate whose payment covers the cost (25b);
    - ``sum_{j in A_i} p_ij <= B_i`` for every arrival pattern, hence for all of A_i (25c, 31);
    - ``Pr(Q_i < Q_i^D) <= rho1`` for every served task (25g);
    - mismatch risk at most ``rho2`` (25h) if an intent prior is given;
    - with ``service="required"``, every task has workers.

    Parameters
    ----------
    instance : SensingMarket
    mismatch : {"ratio", "pair"}
        ``"ratio"``: ``(1 - phi_ij) / I``, the paper's (24) for a worker with one task. ``"pair"``: the posterior
        ``(1-phi)(1-p) / (phi p + (1-phi)(1-p))`` that a reported intent is false, ``p = e^eps / (1 + e^eps)``.

    Raises
    ------
    InputError
        If ``mismatch="pair"`` and the market has an intent prior but no privacy budgets.

    Notes
    -----
    Tolerances: money 1e-9, risk 1e-12, and an arrival pattern meets the demand if
    ``sum of arrived q >= Q^D (1 + (n - 1) zeta) - 1e-12``. Where doubles cannot tell, rational arithmetic decides. The
    risk of a set is a sum over all its arrival patterns, so sets are limited to 24 workers.

    References
    ----------
    Two-stage crowdsensing with private intent (iParts), equations (13)-(25), (31).
    """

    instance: SensingMarket
    mismatch: str = "ratio"

    name: ClassVar[str] = "offline-welfare"
    sense: ClassVar[Sense] = Sense.MAX
    instance_type: ClassVar[type[Instance]] = SensingMarket
    OPTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {"mismatch": ("ratio", "pair")}
    COVERS_COST: ClassVar[str] = "payment covers cost (25b)"
    WITHIN_BUDGET: ClassVar[str] = "budget (25c)"
    ONE_TASK: ClassVar[str] = "one task per worker (25a)"
    MUST_SERVE: ClassVar[str] = "service required"

    def __post_init__(self) -> None:
        self._check_options()
        market = self.instance
        if self.mismatch == "pair" and market.intent_prior is not None and market.privacy_budget is None:
            raise InputError("workers.privacy_budget", "is missing", "option mismatch=pair needs it; add it")

    @cached_property
    def mismatch_risk(self) -> np.ndarray:
        """Mismatch risk of each pair, shape (P,); 0 without an intent prior."""
        market = self.instance
        if market.intent_prior is None:
            return np.zeros(market.num_pairs)
        refusal = 1.0 - market.intent_prior
        if self.mismatch == "ratio":
            return np.asarray(refusal / market.num_tasks)
        assert market.privacy_budget is not None
        # Divided by 1 - p throughout: p / (1 - p) = e^eps; the exponent is capped where the risk is 0 in doubles.
        odds = np.exp(np.minimum(market.privacy_budget[market.pair_worker], 700.0))
        total = market.intent_prior * odds + refusal
        # phi = 0 and eps > 0: nobody is willing, the posterior refusal is 1; total = refusal = 1 there.
        return np.asarray(refusal / total)

    @cached_property
    def candidate(self) -> np.ndarray:
        """Whether each pair may be contracted at all, shape (P,): (25b) and the mismatch cap (25h)."""
        return self._covered & (self.mismatch_risk <= self.instance.mismatch_risk + tolerances.RISK)

    @property
    def obliged(self) -> np.ndarray:
        """Whether each task must be served, shape (I,): all or none, by ``service``."""
        return np.full(self.instance.num_tasks, self.instance.service == "required")

    def set_value(self, task: int, workers: Sequence[int]) -> float:
        """Return ``v_i(A)``: expected welfare of contracting `workers` to `task`."""
        market = self.instance
        pairs = self.pairs(task, workers)
        arrival = market.arrival[list(workers)]
        quality = expected_quality(market.quality[pairs], arrival, float(market.redundancy[task]))
        return market.quality_weight * quality - math.fsum((arrival * market.cost[pairs]).tolist())

    def set_risk(self, task: int, workers: Sequence[int]) -> float:
        """Return ``Pr(Q_i(A) < Q_i^D)``, exact up to the rounding of a sum of products."""
        market = self.instance
        return quality_risk(
            market.quality[self.pairs(task, workers)],
            market.arrival[list(workers)],
            float(market.redundancy[task]),
            float(market.demand[task]),
        )

    def set_violations(self, task: int, workers: Sequence[int]) -> list[Violation]:
        """Return the constraints that contracting `workers` to `task` breaks, whatever the other tasks do."""
        market = self.instance
        where = f"task {task}"
        if not workers:
            if market.service == "required":
                return [Violation(self.MUST_SERVE, where, 1.0)]
            return []
        pairs = self.pairs(task, workers)
        found = []
        for pair, worker in zip(pairs, workers, strict=True):
            at = f"{where}, worker {worker}"
            found += self._uncovered(pair, at)
            excess = float(self.mismatch_risk[pair] - market.mismatch_risk)
            if excess > tolerances.RISK:
                found.append(Violation("mismatch risk (25h)", at, excess))
        found += self._overspent(task, pairs)
        excess = self.set_risk(task, workers) - market.quality_risk
        if excess > tolerances.RISK:
            found.append(Violation("quality risk (25g)", where, excess))
        return found

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> OfflineWelfare:
        """Draw up to 4 tasks and 9 workers in which about half of the tasks can be served; both service modes."""
        tasks, workers = int(rng.integers(1, 5)), int(rng.integers(2, 10))
        willing = rng.random((tasks, workers)) < 0.8
        pair_task, pair_worker = np.nonzero(willing)
        pairs = len(pair_task)
        payment = np.round(rng.uniform(40, 55, pairs), 1)
        quality = rng.uniform(8, 24, pairs)
        if rng.random() < 0.3:
            quality = np.round(quality)  # exact ties between sets, and with the demand
        market = SensingMarket(
            budget=np.round(rng.uniform(90, 250, tasks), 1),
            demand=np.round(rng.uniform(6, 20, tasks), 1),
            redundancy=rng.choice([0.0, 0.25, 0.5], tasks) if rng.random() < 0.3 else rng.uniform(0.05, 0.4, tasks),
            arrival=rng.choice([0.5, 0.75, 1.0], workers) if rng.random() < 0.3 else rng.uniform(0.56, 0.96, workers),
            pair_task=pair_task,
            pair_worker=pair_worker,
            payment=payment,
            cost=rng.uniform(0, 60, pairs),
            quality=quality,
            quality_risk=float(rng.choice([0.2, 0.5])),
            service="required" if rng.random() < 0.3 else "optional",
            intent_prior=rng.uniform(0.3, 1.0, pairs) if rng.random() < 0.5 else None,
            privacy_budget=rng.uniform(0.1, 5, workers),
        )
        return cls(market, mismatch=str(rng.choice(["ratio", "pair"])))


def expected_quality(quality: np.ndarray, arrival: np.ndarray, redundancy: float) -> float:
    """Return ``E[Q]`` of a set by the law of the number of arrivals.

    With ``D[n] = Pr(N = n)`` and ``M[n] = E[arrived quality; N = n]``, ``E[Q] = sum_{n >= 1} M[n] / (1 + (n-1) zeta)``.

    Parameters
    ----------
    quality, arrival : array of float, shape (k,)
        Quality and arrival probability of each worker of the set.
    redundancy : float
        ``zeta`` in [0, 1).
    """
    count, mass, come, moved = np.zeros((4, len(quality) + 1))
    count[0] = 1.0
    for q, p in zip(quality, arrival, strict=True):
        come[1:], moved[1:] = count[:-1], mass[:-1]
        mass = (1 - p) * mass + p * (moved + q * come)
        count = (1 - p) * count + p * come
    sizes = np.arange(1, len(count))
    return float(math.fsum((mass[1:] / (1 + (sizes - 1) * redundancy)).tolist()))


def quality_risk(quality: np.ndarray, arrival: np.ndarray, redundancy: float, demand: float) -> float:
    """Return ``Pr(Q < Q^D)`` of a set, by its 2^k arrival patterns.

    Parameters
    ----------
    quality, arrival : array of float, shape (k,), k <= 24
        Quality and arrival probability of each worker of the set.
    redundancy, demand : float
        ``zeta`` in [0, 1) and ``Q^D >= 0``.

    Raises
    ------
    TooLarge
        If the set has more than 24 workers.
    """
    size = len(quality)
    if size > MAX_SET_SIZE:
        raise TooLarge(
            f"a set of {size} workers has 2^{size} arrival patterns; the exact risk is limited to "
            f"{MAX_SET_SIZE} workers a task: lower the budget or raise the payments of the instance"
        )
    total, arrived, probability = np.zeros(1), np.zeros(1), np.ones(1)
    for q, p in zip(quality, arrival, strict=True):
        total = np.concatenate([total, total + q])
        arrived = np.concatenate([arrived, arrived + 1])
        probability = np.concatenate([probability * (1 - p), probability * p])
    slack = total - demand * (1 + (arrived - 1) * redundancy) + tolerances.QUALITY
    missed = slack < 0
    # Within the rounding of these sums, a rational decides. An exact tie lies 1e-12 off, so ties are not counted here.
    rounding = 4 * (size + 4) * np.finfo(float).eps * (float(np.sum(quality)) + demand * (1 + size))
    for pattern in np.flatnonzero(np.abs(slack) < rounding):
        # Member k arrives in the patterns whose bit k is set: that is how the arrays above were doubled.
        members = [k for k in range(size) if pattern >> k & 1]
        missed[pattern] = demand_slack([quality[k] for k in members], len(members), redundancy, demand) < 0
    return math.fsum(probability[missed].tolist())
