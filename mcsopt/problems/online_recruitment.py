"""Temporary recruitment at execution: welfare of the recruits and its constraints, the ground truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.problems.assignment import AssignmentProblem
from mcsopt.problems.base import Violation
from mcsopt.problems.demand import demand_missed
from mcsopt.problems.fields import Instance
from mcsopt.problems.online_market import OnlineMarket
from mcsopt.result import Sense


@dataclass(frozen=True)
class OnlineRecruitment(AssignmentProblem):
    """Recruit idle workers for tasks whose arrived contracts miss the demand, for the greatest welfare (problem (52)).

    ``max sum_i v_i(A_i)`` over sets A_i of idle candidates. With n arrived workers, who deliver the sum S, and k
    recruits ``Q^fin = (S + sum of q_ij) / (1 + (n + k - 1) zeta_i)`` (51), and for k >= 1

    - ``v_i(A) = omega3 (Q^fin - Q^base) - sum of c_ij`` if the market's objective is "increment";
    - ``v_i(A) = omega3 (sum of q_ij) / (1 + (k - 1) zeta_i) - sum of c_ij`` if it is "recruits", the letter of (44).

    ``v_i`` of nobody is 0. Subject to

    - each worker in at most one set (52a), and only as a candidate whose payment covers the cost (52c);
    - ``sum_{j in A_i} p_ij <= B_i``, the remaining budget (52b);
    - only tasks with ``Q^base < Q^D`` recruit (48), and a task that recruits reaches ``Q^fin >= Q^D`` (52d).

    Parameters
    ----------
    instance : OnlineMarket
    restore : {"optional", "max", "required"}
        Whether a task may decline. ``"optional"``: it may. ``"required"``: no unmet task may, the letter of (52d), so
        there need not be a plan. ``"max"``: any may, but the more tasks are restored the better, then welfare: the
        objective is welfare plus `restoration_weight` for each restored task.

    Notes
    -----
    Tolerances: money 1e-9, and the demand is met if ``S + sum of q_ij >= Q^D (1 + (n + k - 1) zeta) - 1e-12``; where
    doubles cannot tell, rational arithmetic decides. A violation of it says by how much the sum falls short.

    References
    ----------
    Two-stage crowdsensing with private intent (iParts), equations (43)-(55).

    Examples
    --------
    A task that demands 20 and got 12 from one worker, and two who are idle: with the second it gets 26 / 1.25.

    >>> from mcsopt.problems import Assignment
    >>> problem = OnlineRecruitment(OnlineMarket(
    ...     budget=[100.0], demand=[20.0], redundancy=[0.25], arrival=[0.9, 0.8], pair_task=[0, 0], pair_worker=[0, 1],
    ...     payment=[45.0, 50.0], cost=[10.0, 20.0], quality=[9.0, 14.0], base_quality_sum=[12.0], base_count=[1]))
    >>> round(problem.evaluate(Assignment([[1]])), 9)
    41.6
    >>> print(problem.violations(Assignment([[0]]))[0])
    demand restored (52d) broken at task 0 by 4
    """

    instance: OnlineMarket
    restore: str = "optional"

    name: ClassVar[str] = "online-recruitment"
    sense: ClassVar[Sense] = Sense.MAX
    instance_type: ClassVar[type[Instance]] = OnlineMarket
    OPTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {"restore": ("optional", "max", "required")}
    COVERS_COST: ClassVar[str] = "payment covers cost (52c)"
    WITHIN_BUDGET: ClassVar[str] = "remaining budget (52b)"
    ONE_TASK: ClassVar[str] = "one task per worker (52a)"
    MUST_SERVE: ClassVar[str] = "restoration required (52d)"

    def __post_init__(self) -> None:
        self._check_options()

    @cached_property
    def candidate(self) -> np.ndarray:
        """Whether each pair may be recruited at all, shape (P,): (52c), and the task is unmet (48)."""
        return np.asarray(self._covered & self.instance.unmet[self.instance.pair_task])

    @property
    def obliged(self) -> np.ndarray:
        """Whether each task must recruit, shape (I,): the unmet ones, if restoration is required."""
        return np.asarray(self.instance.unmet & (self.restore == "required"))

    @cached_property
    def restoration_weight(self) -> float:
        """What a restored task is worth beside its welfare: a whole number if ``restore="max"``, else 0.

        For each unmet task let K be the number of its candidates that ``(B_i + 2e-9) (1 + 1e-12)`` pays, cheapest
        first; G the greatest ``(sum of the k largest q_ij) / (1 + (k - 1) zeta_i)``, k = 1..K; and C the sum of the K
        largest c_ij (both 0 if K = 0). A feasible set is worth at most ``omega3 G``, by either objective, and at least
        ``-C - omega3 1e-12``. So the weight ``floor(sum over unmet tasks of (omega3 G + C)) + 2`` exceeds the
        difference in welfare of any two plans by 1 at least: of two plans, the one that restores more tasks is better.
        """
        if self.restore != "max":
            return 0.0
        market, spread = self.instance, []
        for task in np.flatnonzero(market.unmet).tolist():
            where = market.pairs_of(task)
            pairs = np.arange(where.start, where.stop)[self.candidate[where]]
            limit = (market.budget[task] + 2 * tolerances.MONEY) * (1 + 1e-12)
            most = int(np.searchsorted(np.cumsum(np.sort(market.payment[pairs])), limit, side="right"))
            if most:
                largest = np.cumsum(np.sort(market.quality[pairs])[::-1][:most])
                best = np.max(largest / (1 + np.arange(most) * market.redundancy[task]))
                spread += [market.quality_weight * float(best), *np.sort(market.cost[pairs])[::-1][:most].tolist()]
        return math.floor(math.fsum(spread)) + 2.0

    def final_quality(self, task: int, workers: Sequence[int]) -> float:
        """Return ``Q_i^fin`` (51), what the arrived contracts and the recruits deliver together."""
        market = self.instance
        count = int(market.base_count[task]) + len(workers)
        total = math.fsum([float(market.base_quality_sum[task]), *market.quality[self.pairs(task, workers)].tolist()])
        return float(total / (1 + max(count - 1, 0) * market.redundancy[task]))

    def set_welfare(self, task: int, workers: Sequence[int]) -> float:
        """Return ``v_i(A)``: the welfare that recruiting `workers` for `task` adds."""
        if not workers:
            return 0.0
        market, pairs = self.instance, self.pairs(task, workers)
        if market.objective == "increment":
            quality = self.final_quality(task, workers) - float(market.base_quality[task])
        else:
            total = math.fsum(market.quality[pairs].tolist())
            quality = float(total / (1 + (len(pairs) - 1) * market.redundancy[task]))
        return market.quality_weight * quality - math.fsum(market.cost[pairs].tolist())

    def by_number(self, task: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what makes the task linear once the number of its recruits is known.

        Parameters
        ----------
        task : int
            An unmet one.
        most : int
            Numbers k = 1..most of recruits, >= 0.

        Returns
        -------
        share, offset, needed : array of float, shape (most,)
            For k recruits who restore the demand, `set_value` is ``share_k (sum of q_ij) - sum of c_ij + offset_k``,
            and they restore it iff the sum of q_ij is at least ``needed_k``, tolerance included; up to rounding.
        """
        market, alone = self.instance, np.arange(most)
        zeta, base = float(market.redundancy[task]), float(market.base_quality_sum[task])
        spread = 1 + (int(market.base_count[task]) + alone) * zeta
        needed = float(market.demand[task]) * spread - base - tolerances.QUALITY
        if market.objective == "increment":
            offset = market.quality_weight * (base / spread - float(market.base_quality[task]))
            return market.quality_weight / spread, offset + self.restoration_weight, needed
        return market.quality_weight / (1 + alone * zeta), np.full(most, self.restoration_weight), needed

    def set_value(self, task: int, workers: Sequence[int]) -> float:
        """Return ``v_i(A)``, plus `restoration_weight` if the set restores the task's demand."""
        restored = workers and self.instance.unmet[task] and not self._missed(task, workers)
        return self.set_welfare(task, workers) + (self.restoration_weight if restored else 0.0)

    def set_violations(self, task: int, workers: Sequence[int]) -> list[Violation]:
        """Return the constraints that recruiting `workers` for `task` breaks, whatever the other tasks do."""
        market, where = self.instance, f"task {task}"
        if not workers:
            if self.restore == "required" and market.unmet[task]:
                return [Violation(self.MUST_SERVE, where, self._missed(task, workers))]
            return []
        found = []
        if not market.unmet[task]:
            found.append(Violation("only unmet tasks recruit (48)", where, float(len(workers))))
        pairs = self.pairs(task, workers)
        for pair, worker in zip(pairs, workers, strict=True):
            found += self._uncovered(pair, f"{where}, worker {worker}")
        found += self._overspent(task, pairs)
        missed = self._missed(task, workers)
        if market.unmet[task] and missed:
            found.append(Violation("demand restored (52d)", where, missed))
        return found

    def _missed(self, task: int, workers: Sequence[int]) -> float:
        """Return by how much the sum of qualities misses what the demand asks of so many workers; 0 if it does not."""
        market = self.instance
        return demand_missed(
            [float(market.base_quality_sum[task]), *market.quality[self.pairs(task, workers)].tolist()],
            int(market.base_count[task]) + len(workers), float(market.redundancy[task]), float(market.demand[task]),
        )  # fmt: skip

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> OnlineRecruitment:
        """Draw up to 4 tasks and 9 idle workers, some tasks met; every option and both objectives, ties at times."""
        tasks, workers = int(rng.integers(1, 5)), int(rng.integers(1, 10))
        pair_task, pair_worker = np.nonzero(rng.random((tasks, workers)) < 0.8)
        pairs = len(pair_task)
        tied = rng.random() < 0.3
        quality, base_count = rng.uniform(4, 20, pairs), rng.integers(0, 4, tasks)
        base = rng.uniform(4, 10, tasks) * base_count
        demand, redundancy = rng.uniform(8, 24, tasks), rng.uniform(0.05, 0.4, tasks)
        if tied:  # equal sets, and sums that meet the demand exactly
            quality, base, demand = np.round(quality / 2) * 2, np.round(base), np.round(demand / 4) * 4
            redundancy = rng.choice([0.0, 0.25, 0.5], tasks)
        market = OnlineMarket(
            budget=np.round(rng.uniform(0, 200, tasks), 1), demand=demand, redundancy=redundancy,
            arrival=rng.uniform(0.5, 1, workers), pair_task=pair_task, pair_worker=pair_worker,
            payment=np.round(rng.uniform(40, 55, pairs), 1), cost=rng.uniform(0, 60, pairs), quality=quality,
            quality_weight=float(rng.choice([1.0, 3.0, 7.0])), base_quality_sum=base, base_count=base_count,
            objective=str(rng.choice(["increment", "recruits"])),
        )  # fmt: skip
        return cls(market, restore=str(rng.choice(["optional", "max", "required"])))
