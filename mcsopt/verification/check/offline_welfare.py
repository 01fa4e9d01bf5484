"""Offline contracts of a crowdsensing market (problem (25) of iParts), checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.verification.check import candidates, contracts, equilibrium, paired_market, price_tree, strict
from mcsopt.verification.check.paired_market import AMOUNT, TASKS, TASKS_OPTIONAL, WORKERS, WORKERS_OPTIONAL, columns
from mcsopt.verification.check.rounding import MONEY, UNIT, sum_up
from mcsopt.verification.check.sets import TINY, Task
from mcsopt.verification.check.strict import Range, Refused, Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "offline-welfare"
KIND = "sensing-market"
SENSE = "max"
PLAN_EVIDENCE = "equilibrium"
ARITHMETIC = "double with outward error bounds; rational within 1e-10 of a threshold"

CAP = Range(0.0, 1.0, open_low=True)


@dataclass(frozen=True)
class Market:
    """A sensing market as read, with the standing of each pair (``state``: NO, YES or TIE)."""

    tasks: dict[str, np.ndarray]
    arrival: np.ndarray
    pair_task: np.ndarray
    pair_worker: np.ndarray
    pairs: dict[str, np.ndarray]
    weight: float
    quality_risk: float
    mismatch_risk: float
    required: bool
    mismatch: np.ndarray | None
    covered: np.ndarray
    within_cap: np.ndarray
    pair_at: list[dict[int, int]]

    @property
    def num_tasks(self) -> int:
        """Number of tasks I."""
        return len(self.tasks["budget"])

    @property
    def num_workers(self) -> int:
        """Number of workers J."""
        return len(self.arrival)

    @property
    def possible(self) -> np.ndarray:
        """Whether each pair is, or cannot be excluded as, a candidate; shape (P,)."""
        return self.covered & (self.within_cap != candidates.NO)

    def task(self, i: int, pairs: np.ndarray) -> Task:
        """Return task i with the workers of the given pairs."""
        workers = self.pair_worker[pairs]
        return Task(
            f"task {i}",
            workers,
            self.arrival[workers],
            self.pairs["quality"][pairs],
            self.pairs["payment"][pairs],
            self.pairs["cost"][pairs],
            self.weight,
            float(self.tasks["redundancy"][i]),
            float(self.tasks["demand"][i]),
            float(self.tasks["budget"][i]),
            self.quality_risk,
        )


def parse_options(options: Any) -> str:
    """Return the option ``mismatch``: "ratio" or "pair"."""
    document = strict.entries(options, "options", ("mismatch",))
    return strict.one_of(document["mismatch"], "options.mismatch", ("ratio", "pair"))


def parse_instance(instance: Any, mismatch: str, run: Run) -> Market:
    """Read a ``sensing-market`` instance, its common keys already checked, and settle its candidates."""
    keys = (
        "format",
        "kind",
        "tasks",
        "workers",
        "pairs",
        "quality_weight",
        "quality_risk",
        "mismatch_risk",
        "service",
    )
    document = strict.entries(instance, "instance", keys)
    tasks = columns(document["tasks"], "instance.tasks", TASKS, TASKS_OPTIONAL)
    workers = columns(document["workers"], "instance.workers", WORKERS, WORKERS_OPTIONAL)
    pairs, pair_task, pair_worker, pair_at = paired_market.read_pairs(
        document["pairs"], len(tasks["budget"]), len(workers["arrival"])
    )
    cap = strict.number(document["mismatch_risk"], "instance.mismatch_risk", CAP)
    risk, within_cap = _mismatch(mismatch, pairs, workers, pair_worker, len(pair_at), cap, run)
    return Market(
        tasks=tasks,
        arrival=workers["arrival"],
        pair_task=pair_task,
        pair_worker=pair_worker,
        pairs=pairs,
        weight=strict.number(
            document["quality_weight"], "instance.quality_weight", Range(0.0, strict.LARGEST, open_low=True)
        ),
        quality_risk=strict.number(document["quality_risk"], "instance.quality_risk", CAP),
        mismatch_risk=cap,
        required=strict.one_of(document["service"], "instance.service", ("optional", "required")) == "required",
        mismatch=risk,
        covered=candidates.covers_cost(pairs["payment"], pairs["cost"], run),
        within_cap=within_cap,
        pair_at=pair_at,
    )


def _mismatch(
    option: str,
    pairs: dict[str, np.ndarray],
    workers: dict[str, np.ndarray],
    pair_worker: np.ndarray,
    num_tasks: int,
    cap: float,
    run: Run,
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the mismatch risk of each pair in doubles (None: no cap) and its standing against the cap."""
    prior = pairs.get("intent_prior")
    if prior is None:
        return None, np.full(len(pair_worker), candidates.YES)
    if option == "ratio":
        return candidates.ratio_risk(prior, num_tasks), candidates.within_ratio_cap(prior, num_tasks, cap, run)
    if "privacy_budget" not in workers:
        raise Refused("instance.workers lacks privacy_budget, which the option mismatch = pair needs")
    epsilon = workers["privacy_budget"][pair_worker]
    return candidates.pair_risk(prior, epsilon), candidates.within_pair_cap(prior, epsilon, cap, run)


def parse_solution(market: Market, solution: dict[str, Any]) -> list[list[int]]:
    """Read the assignment: per task, the pairs (their positions) of its workers."""
    return paired_market.read_plan(solution, market.pair_at, market.num_workers)


def objective_of(market: Market, plan: list[list[int]]) -> float:
    """Return the expected social welfare ``sum_i v_i(A_i)`` in doubles."""
    values = []
    for i, pairs in enumerate(plan):
        if pairs:
            task = market.task(i, np.array(pairs))
            values.append(float(task.value(task.block_of(range(task.size)))[0][0]))
    return math.fsum(values)


def violations_of(market: Market, plan: list[list[int]], run: Run) -> tuple[Breach, ...]:
    """Return every broken constraint; decided in rationals within 1e-10 of its threshold.

    Raises
    ------
    Refused
        If the mismatch risk of a pair could not be told from its cap, or a set has more than 24 workers.
    """
    found = [breach for i, pairs in enumerate(plan) for breach in _set_violations(market, i, pairs, run)]
    return (*found, *paired_market.shared_workers(plan, market.pair_worker))


def _set_violations(market: Market, i: int, pairs: list[int], run: Run) -> list[Breach]:
    where = f"task {i}"
    if not pairs:
        return [Breach("service required", where, 1.0)] if market.required else []
    found = []
    for pair in pairs:
        at = f"{where}, worker {market.pair_worker[pair]}"
        if not market.covered[pair]:
            shortfall = float(market.pairs["cost"][pair] - market.pairs["payment"][pair])
            found.append(Breach("payment covers cost", at, shortfall))
        if market.mismatch is not None and market.within_cap[pair] == candidates.NO:
            found.append(Breach("mismatch risk", at, float(market.mismatch[pair]) - market.mismatch_risk))
        if market.within_cap[pair] == candidates.TIE:
            raise Refused(f"the mismatch risk at {at} is an undecided tie with its cap; the plan is not certified")
    task = market.task(i, np.array(pairs))
    if not task.affordable(range(task.size)):
        found.append(Breach("budget", where, math.fsum([*task.payment.tolist(), -task.budget])))
    everyone = np.arange(task.size)[None, :]
    if not task.keeps_risk(everyone, run)[0]:
        found.append(Breach("quality risk", where, float(task.risk(everyone, run)[0]) - task.risk_cap))
    return found


def derive_bound(market: Market, evidence: dict[str, Any], run: Run) -> float | None:
    """Return the bound that the evidence proves, rounded outward; None if it proves that no plan exists."""
    if strict.one_of(evidence.get("kind"), "evidence.kind", ("budget-prices", "price-tree")) == "budget-prices":
        return _budget_price_bound(market, evidence)
    tasks = [market.task(i, pairs) for i, pairs in enumerate(possible_pairs(market))]
    nodes = price_tree.read(evidence, len(tasks), market.num_workers)
    sides = contracts.sides(tasks, price_tree.count_leaves(nodes), run)
    return price_tree.largest_bound(nodes, sides, market.num_workers, [market.required] * len(tasks), run)


def derive_regret(market: Market, plan: list[list[int]], evidence: dict[str, Any], run: Run) -> float:
    """Return the equilibrium regret of a feasible plan, rounded up, given the deviation that is named as the best.

    ``{"kind": "equilibrium", "task": i, "workers": [...]}``; task null, and no workers, if none gains anything.
    """

    def player(i: int, pairs: np.ndarray, own: tuple[int, ...]) -> equilibrium.Player:
        return equilibrium.Contracting(market.task(i, pairs), own, not market.required)

    def broken(i: int, pairs: list[int]) -> list[Breach]:
        return _set_violations(market, i, pairs, run)

    game = paired_market.Game(market.pair_worker, market.pair_at, market.num_workers, possible_pairs(market))
    return game.regret(plan, evidence, player, broken, run)


def possible_pairs(market: Market) -> list[np.ndarray]:
    """Return, per task, its possible pairs in the order of their workers."""
    return paired_market.by_worker(market.pair_at, market.possible)


def _budget_price_bound(market: Market, evidence: dict[str, Any]) -> float:
    """Return the bound of prices y >= 0 on the budgets, rounded outward.

    ``sum_i y_i (B_i + 1e-9) + sum_j max(0, max_i pi_j (omega3 q_ij - c_ij) - y_i p_ij)``: with redundancy
    ignored, ``E[Q_i(A)] <= sum_{j in A} pi_j q_ij``; budgets are priced at y >= 0, and each worker is in at
    most one set. A term takes at most 5 roundings of numbers no larger than ``pi (omega3 q + c) + y p``, a
    budget term 3: 8 units roundoff cover them and the rounding of the margin itself.
    """
    strict.entries(evidence, "evidence", ("kind", "price"))
    price = np.array(strict.numbers(evidence["price"], "evidence.price", AMOUNT, market.num_tasks), dtype=np.float64)
    possible = np.flatnonzero(market.possible)
    worker = market.pair_worker[possible]
    gain = market.weight * market.pairs["quality"][possible]
    cost, arrival = market.pairs["cost"][possible], market.arrival[worker]
    paid = price[market.pair_task[possible]] * market.pairs["payment"][possible]
    scale = arrival * (gain + cost) + paid
    term = (arrival * (gain - cost) - paid) + (8 * UNIT * scale + np.where(scale > 0, TINY, 0.0))
    best = np.zeros(market.num_workers)
    np.maximum.at(best, worker, term)
    spent = price * (market.tasks["budget"] + float(MONEY))
    spent = np.where(price > 0, spent * (1 + 8 * UNIT) + TINY, 0.0)
    return sum_up([*spent.tolist(), *best.tolist()])
