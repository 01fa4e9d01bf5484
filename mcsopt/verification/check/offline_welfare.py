"""Offline contracts of a crowdsensing market (problem (25) of iParts), checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.verification.check import candidates, equilibrium, price_tree, strict
from mcsopt.verification.check.rounding import MONEY, UNIT, sum_up
from mcsopt.verification.check.sets import TINY, Task
from mcsopt.verification.check.strict import Range, Refused, Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "offline-welfare"
KIND = "sensing-market"
SENSE = "max"
PLAN_EVIDENCE = "equilibrium"
ARITHMETIC = "double with outward error bounds; rational within 1e-10 of a threshold"

AMOUNT = strict.NONNEGATIVE
SHARE = Range(0.0, 1.0)
CAP = Range(0.0, 1.0, open_low=True)
TASKS = {"budget": AMOUNT, "demand": AMOUNT, "redundancy": Range(0.0, 1.0, open_high=True)}
TASKS_OPTIONAL = {"x": strict.POSITION, "y": strict.POSITION}
WORKERS = {"arrival": SHARE}
WORKERS_OPTIONAL = {
    "privacy_budget": Range(0.0, strict.LARGEST, open_low=True),
    "x": strict.POSITION,
    "y": strict.POSITION,
}
PAIRS = {"payment": AMOUNT, "cost": AMOUNT, "quality": AMOUNT}
PAIRS_OPTIONAL = {"intent_prior": SHARE}


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
    tasks = _columns(document["tasks"], "instance.tasks", TASKS, TASKS_OPTIONAL)
    workers = _columns(document["workers"], "instance.workers", WORKERS, WORKERS_OPTIONAL)
    place = "instance.pairs"
    pairs = _columns(document["pairs"], place, PAIRS, PAIRS_OPTIONAL, ("task", "worker"))
    count = len(pairs["payment"])
    task = strict.indices(document["pairs"]["task"], f"{place}.task", len(tasks["budget"]), count)
    worker = strict.indices(document["pairs"]["worker"], f"{place}.worker", len(workers["arrival"]), count)
    pair_at: list[dict[int, int]] = [{} for _ in range(len(tasks["budget"]))]
    for pair, (i, j) in enumerate(zip(task, worker, strict=True)):
        if pair_at[i].setdefault(j, pair) != pair:
            raise Refused(f"{place}.task[{pair}] repeats the pair ({i}, {j})")
    pair_worker = np.array(worker, dtype=np.int64)
    cap = strict.number(document["mismatch_risk"], "instance.mismatch_risk", CAP)
    risk, within_cap = _mismatch(mismatch, pairs, workers, pair_worker, len(pair_at), cap, run)
    return Market(
        tasks=tasks,
        arrival=workers["arrival"],
        pair_task=np.array(task, dtype=np.int64),
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


def _columns(
    value: Any,
    path: str,
    required: dict[str, Range],
    optional: dict[str, Range],
    others: tuple[str, ...] = (),
) -> dict[str, np.ndarray]:
    """Read the parallel lists of one group; `others` must be there and are read elsewhere."""
    group = strict.entries(value, path, (*required, *others), tuple(optional))
    ranges = {**required, **optional}
    length = len(strict.listed(group[next(iter(required))], f"{path}.{next(iter(required))}"))
    return {
        key: np.array(strict.numbers(column, f"{path}.{key}", ranges[key], length), dtype=np.float64)
        for key, column in group.items()
        if key in ranges
    }


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
    strict.entries(solution, "solution", ("format", "problem", "assignment"))
    path = "solution.assignment"
    plan = []
    for i, members in enumerate(strict.listed(solution["assignment"], path, market.num_tasks)):
        chosen = sorted(strict.distinct_indices(members, f"{path}[{i}]", market.num_workers))
        for j in chosen:
            if j not in market.pair_at[i]:
                raise Refused(f"{path}[{i}] names worker {j}, with whom task {i} has no pair")
        plan.append([market.pair_at[i][j] for j in chosen])
    return plan


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
    uses = np.bincount([market.pair_worker[pair] for pairs in plan for pair in pairs], minlength=1)
    for worker in np.flatnonzero(uses > 1):
        found.append(Breach("one task per worker", f"worker {worker}", float(uses[worker] - 1)))
    return tuple(found)


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
    return price_tree.derive(tasks, market.num_workers, market.required, evidence, run)


def derive_regret(market: Market, plan: list[list[int]], evidence: dict[str, Any], run: Run) -> float:
    """Return the equilibrium regret of a feasible plan, rounded up, given the deviation that is named as the best.

    ``{"kind": "equilibrium", "task": i, "workers": [...]}``; task null, and no workers, if none gains anything.
    """
    strict.entries(evidence, "evidence", ("kind", "task", "workers"))
    owner = np.full(market.num_workers, -1)
    for i, pairs in enumerate(plan):
        owner[market.pair_worker[pairs]] = i
    players = []
    for i, possible in enumerate(possible_pairs(market)):
        holder = owner[market.pair_worker[possible]]
        own_or_idle = possible[(holder == i) | (holder == -1)]
        place = {pair: local for local, pair in enumerate(own_or_idle.tolist())}
        own = tuple(sorted(place[pair] for pair in plan[i]))
        players.append(equilibrium.Player(market.task(i, own_or_idle), own, not market.required))
    return equilibrium.derive(players, _named_gain(market, players, owner, evidence, run), run)


def _named_gain(
    market: Market, players: list[equilibrium.Player], owner: np.ndarray, evidence: dict[str, Any], run: Run
) -> float:
    """Return what the deviation named gains, rounded up; it must be open to its task."""
    workers = sorted(strict.distinct_indices(evidence["workers"], "evidence.workers", market.num_workers))
    if evidence["task"] is None:
        if workers:
            raise Refused("evidence.workers names workers, but evidence.task is null")
        return 0.0
    i = strict.index(evidence["task"], "evidence.task", market.num_tasks)
    for j in workers:
        if j not in market.pair_at[i]:
            raise Refused(f"evidence.workers names worker {j}, with whom task {i} has no pair")
        if owner[j] not in (-1, i):
            raise Refused(f"evidence.workers names worker {j}, who serves task {owner[j]}: task {i} cannot choose him")
    broken = _set_violations(market, i, [market.pair_at[i][j] for j in workers], run)
    if broken:
        raise Refused(f"the deviation named is infeasible: {broken[0]}")
    place = {int(worker): local for local, worker in enumerate(players[i].task.workers)}
    return players[i].gain(sorted(place[j] for j in workers))


def possible_pairs(market: Market) -> list[np.ndarray]:
    """Return, per task, its possible pairs in the order of their workers."""
    possible = market.possible
    # Local candidates stand in the order of the workers, so that the order of pairs in the file plays no
    # part.
    return [
        np.array([pair for _, pair in sorted(at.items()) if possible[pair]], dtype=np.int64) for at in market.pair_at
    ]


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
