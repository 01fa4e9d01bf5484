"""Temporary recruitment at execution (problem (52) of iParts), checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.verification.check import candidates, equilibrium, paired_market, price_tree, strict
from mcsopt.verification.check.paired_market import AMOUNT, TASKS, TASKS_OPTIONAL, WORKERS, WORKERS_OPTIONAL, columns
from mcsopt.verification.check.recruit_response import Recruiting
from mcsopt.verification.check.recruit_search import RecruitSearch
from mcsopt.verification.check.recruits import Recruiter
from mcsopt.verification.check.rounding import MONEY, QUALITY, nearest
from mcsopt.verification.check.strict import Range, Refused, Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "online-recruitment"
KIND = "online-market"
SENSE = "max"
PLAN_EVIDENCE = "equilibrium"
ARITHMETIC = "double with outward error bounds; rational within 1e-10 of a threshold"

CAP = Range(0.0, 1.0, open_low=True)
MOST_ARRIVED = 2**53
"""Counts are below: as doubles they are exact."""


@dataclass(frozen=True)
class Market:
    """An online market as read.

    Attributes
    ----------
    tasks, pairs : dict of arrays
        Columns of the two groups.
    pair_worker : array of int, shape (P,)
    pair_at : list of dict
        Per task, the position of the pair with each worker.
    num_workers : int
    weight : float
    increment : bool
        Whether the rise of quality counts, or that of the recruits alone.
    restore : str
        "optional", "max" or "required".
    covered : array of bool, shape (P,)
        Whether each payment covers the cost.
    unmet : list of bool
        Whether each task's base quality misses its demand.
    bonus : float
        What a restored task is worth beside its welfare.
    """

    tasks: dict[str, np.ndarray]
    pairs: dict[str, np.ndarray]
    pair_worker: np.ndarray
    pair_at: paired_market.PairAt
    num_workers: int
    weight: float
    increment: bool
    restore: str
    covered: np.ndarray
    unmet: list[bool]
    bonus: float

    def recruiter(self, i: int, pairs: np.ndarray) -> Recruiter:
        """Return task i with the workers of the given pairs."""
        return Recruiter(
            workers=self.pair_worker[pairs],
            quality=self.pairs["quality"][pairs],
            payment=self.pairs["payment"][pairs],
            cost=self.pairs["cost"][pairs],
            weight=self.weight,
            redundancy=float(self.tasks["redundancy"][i]),
            demand=float(self.tasks["demand"][i]),
            budget=float(self.tasks["budget"][i]),
            base_sum=float(self.tasks["base_quality_sum"][i]),
            base_count=int(self.tasks["base_count"][i]),
            increment=self.increment,
            bonus=self.bonus,
        )

    def possible_pairs(self) -> list[np.ndarray]:
        """Return, per task, the pairs that may recruit, in the order of their workers."""
        found = paired_market.by_worker(self.pair_at, self.covered)
        return [pairs if self.unmet[i] else pairs[:0] for i, pairs in enumerate(found)]

    def must_recruit(self, i: int) -> bool:
        """Whether task i may not stay without recruits."""
        return self.restore == "required" and self.unmet[i]


def parse_options(options: Any) -> str:
    """Return the option ``restore``: "optional", "max" or "required"."""
    document = strict.entries(options, "options", ("restore",))
    return strict.one_of(document["restore"], "options.restore", ("optional", "max", "required"))


def parse_instance(instance: Any, restore: str, run: Run) -> Market:
    """Read an ``online-market`` instance, its common keys already checked, and settle its candidates."""
    keys = ("format", "kind", "tasks", "workers", "pairs", "quality_weight", "objective")
    document = strict.entries(instance, "instance", keys, ("quality_risk", "mismatch_risk", "service"))
    tasks = _tasks(document["tasks"])
    workers = columns(document["workers"], "instance.workers", WORKERS, WORKERS_OPTIONAL)
    num_tasks, num_workers = len(tasks["budget"]), len(workers["arrival"])
    pairs, _, pair_worker, pair_at = paired_market.read_pairs(document["pairs"], num_tasks, num_workers)
    for key in ("quality_risk", "mismatch_risk"):
        if key in document:
            strict.number(document[key], f"instance.{key}", CAP)
    if "service" in document:
        strict.one_of(document["service"], "instance.service", ("optional", "required"))
    market = Market(
        tasks=tasks,
        pairs=pairs,
        pair_worker=pair_worker,
        pair_at=pair_at,
        num_workers=num_workers,
        weight=strict.number(document["quality_weight"], "instance.quality_weight", paired_market.WEIGHT),
        increment=strict.one_of(document["objective"], "instance.objective", ("increment", "recruits")) == "increment",
        restore=restore,
        covered=candidates.covers_cost(pairs["payment"], pairs["cost"], run),
        unmet=[False] * num_tasks,
        bonus=0.0,
    )
    nobody = np.zeros(0, dtype=np.int64)
    market.unmet[:] = [not market.recruiter(i, nobody).restores(()) for i in range(num_tasks)]
    return market if restore != "max" else _with_bonus(market)


def _tasks(value: Any) -> dict[str, np.ndarray]:
    path = "instance.tasks"
    required = {**TASKS, "base_quality_sum": AMOUNT}
    tasks = columns(value, path, required, TASKS_OPTIONAL, ("base_count",))
    count = strict.indices(value["base_count"], f"{path}.base_count", MOST_ARRIVED, len(tasks["budget"]))
    for i, arrived in enumerate(count):
        if not arrived and tasks["base_quality_sum"][i]:
            raise Refused(f"{path}.base_quality_sum[{i}] is not 0, but nobody arrived who could have delivered it")
    return {**tasks, "base_count": np.array(count, dtype=np.int64)}


def _with_bonus(market: Market) -> Market:
    """Return the market with what a restoration is worth: more than any two plans may differ by in welfare.

    ``floor(sum over unmet tasks of (omega3 G_i + C_i)) + 2``, in doubles. K_i is the number of candidates that
    ``(B_i + 2e-9) (1 + 1e-12)`` pays, cheapest first; G_i the largest ``(sum of the k largest q_ij) / (1 + (k - 1)
    zeta_i)``, k = 1..K_i; C_i the sum of the K_i largest c_ij; tasks with K_i = 0 do not count.
    """
    terms = []
    for i, pairs in enumerate(market.possible_pairs()):
        limit = (market.tasks["budget"][i] + 2 * float(MONEY)) * (1 + 1e-12)
        most = int(np.searchsorted(np.cumsum(np.sort(market.pairs["payment"][pairs])), limit, side="right"))
        if most:
            quality = np.cumsum(np.sort(market.pairs["quality"][pairs])[::-1][:most])
            largest = np.max(quality / (1 + np.arange(most) * market.tasks["redundancy"][i]))
            terms += [market.weight * float(largest), *np.sort(market.pairs["cost"][pairs])[::-1][:most].tolist()]
    bonus = math.floor(math.fsum(terms)) + 2.0
    return Market(**{**vars(market), "bonus": bonus})


def parse_solution(market: Market, solution: dict[str, Any]) -> list[list[int]]:
    """Read the assignment: per task, the pairs (their positions) of its workers."""
    return paired_market.read_plan(solution, market.pair_at, market.num_workers)


def objective_of(market: Market, plan: list[list[int]]) -> float:
    """Return the sum of the values of the sets in doubles; only a restored demand earns the bonus."""
    values = []
    for i, pairs in enumerate(plan):
        if pairs:
            task = market.recruiter(i, np.array(pairs))
            everyone = np.arange(task.size)
            unearned = 0.0 if market.unmet[i] and task.restores(everyone.tolist()) else market.bonus
            values += [float(task.value(everyone[None, :])[0][0]), -unearned]
    return math.fsum(values)


def violations_of(market: Market, plan: list[list[int]], run: Run) -> tuple[Breach, ...]:
    """Return every broken constraint; decided in rationals."""
    found = [breach for i, pairs in enumerate(plan) for breach in _set_violations(market, i, pairs)]
    return (*found, *paired_market.shared_workers(plan, market.pair_worker))


def _set_violations(market: Market, i: int, pairs: list[int]) -> list[Breach]:
    where, task = f"task {i}", market.recruiter(i, np.array(pairs, dtype=np.int64))
    everyone = range(task.size)
    missed = task.shortfall(everyone)
    if not pairs:
        return [Breach("restoration required", where, nearest(missed))] if market.must_recruit(i) else []
    found = []
    if not market.unmet[i]:
        found.append(Breach("only unmet tasks recruit", where, float(len(pairs))))
    for pair in pairs:
        if not market.covered[pair]:
            shortfall = float(market.pairs["cost"][pair] - market.pairs["payment"][pair])
            found.append(Breach("payment covers cost", f"{where}, worker {market.pair_worker[pair]}", shortfall))
    if not task.affordable(everyone):
        found.append(Breach("remaining budget", where, math.fsum([*task.payment.tolist(), -task.budget])))
    if market.unmet[i] and missed > QUALITY:
        found.append(Breach("demand restored", where, nearest(missed)))
    return found


def derive_bound(market: Market, evidence: dict[str, Any], run: Run) -> float | None:
    """Return the bound that the evidence proves, rounded outward; None if it proves that no plan exists."""
    strict.one_of(evidence.get("kind"), "evidence.kind", ("price-tree",))
    possible = market.possible_pairs()
    nodes = price_tree.read(evidence, len(possible), market.num_workers)
    sides = [RecruitSearch(market.recruiter(i, pairs)) for i, pairs in enumerate(possible)]
    required = [market.must_recruit(i) for i in range(len(possible))]
    return price_tree.largest_bound(nodes, sides, market.num_workers, required, run)


def derive_regret(market: Market, plan: list[list[int]], evidence: dict[str, Any], run: Run) -> float:
    """Return the equilibrium regret of a feasible plan, rounded up, given the deviation that is named as the best.

    ``{"kind": "equilibrium", "task": i, "workers": [...]}``; task null, and no workers, if none gains anything.
    """

    def player(i: int, pairs: np.ndarray, own: tuple[int, ...]) -> equilibrium.Player:
        return Recruiting(market.recruiter(i, pairs), own, not market.must_recruit(i))

    def broken(i: int, pairs: list[int]) -> list[Breach]:
        return _set_violations(market, i, pairs)

    game = paired_market.Game(market.pair_worker, market.pair_at, market.num_workers, market.possible_pairs())
    return game.regret(plan, evidence, player, broken, run)
