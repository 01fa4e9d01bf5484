"""What came of an epoch (section 6.3): welfare, service, messages, rationality and risk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from mcsopt.privacy import flip_probability
from mcsopt.problems import Assignment
from mcsopt.problems.demand import demands_met
from mcsopt.simulation.execution import Execution, stage_plan
from mcsopt.tolerances import MONEY, RISK


def delivered_quality(execution: Execution, sets: Sequence[Iterable[int]]) -> np.ndarray:
    """Return ``Q_i`` (15) of each task with the workers who served it, shape (I,)."""
    market = execution.scenario.market
    total = np.array([math.fsum(market.quality[i, j] for j in workers) for i, workers in enumerate(sets)])
    count = np.array([len(list(workers)) for workers in sets])
    return np.asarray(total / (1 + np.maximum(count - 1, 0) * market.redundancy))


def _sum(matrix: np.ndarray, sets: Sequence[Iterable[int]]) -> float:
    return math.fsum(matrix[i, j] for i, workers in enumerate(sets) for j in workers)


def measure(execution: Execution) -> dict[str, Any]:
    """Return the metrics of one execution, judged with redundancy whatever the method knew.

    Returns
    -------
    dict
        ``SW = sum_i omega3 Q_i^fin - sum of the costs of who served = TU + WU``; ``TU``, ``WU``; ``SW_letter``, the
        paper's (21) + (45), which counts quality twice; ``TCR``, the share of tasks whose demand is met; ``planned``,
        the expected welfare of the contracts; ``restored``, tasks that recruits brought to their demand, ``unmet``, how
        many were to be; ``RT``, seconds, and ``NI``, ``IL``, ``IEC`` of both stages together and of each;
        ``QRisk``, ``PRisk`` and ``PRisk_pair`` means over contracts, with ``_max``; ``over_risk``, contracted tasks
        that truly break the risk limit; ``over_budget`` and ``below_cost``, broken payments, 0 each.
    """
    return {
        "method": execution.method.name,
        **_welfare(execution),
        **_overhead(execution),
        **_risks(execution),
        **_rationality(execution),
    }


def _welfare(execution: Execution) -> dict[str, Any]:
    market, weight = execution.scenario.market, execution.market.quality_weight
    served, recruited = execution.served, execution.recruited
    final = [(*a, *b) for a, b in zip(served, recruited, strict=True)]
    quality, base = delivered_quality(execution, final), delivered_quality(execution, served)
    cost, paid = _sum(execution.cost, final), _sum(market.payment, final)
    value = weight * math.fsum(quality.tolist())
    alone = delivered_quality(execution, recruited)
    total = np.array([math.fsum(market.quality[i, j] for j in workers) for i, workers in enumerate(final)])
    met = demands_met(total, np.array([len(workers) for workers in final]), market.redundancy, market.demand)
    base_total = np.array([math.fsum(market.quality[i, j] for j in workers) for i, workers in enumerate(served)])
    before = demands_met(base_total, np.array([len(w) for w in served]), market.redundancy, market.demand)
    return {
        "SW": value - cost,
        "TU": value - paid,
        "WU": paid - cost,
        "SW_letter": weight * (math.fsum(base.tolist()) + math.fsum(alone.tolist())) - cost,
        "TCR": float(met.mean()),
        "planned": execution.contracting.evaluate(stage_plan(execution.plan)),
        "unmet": int((~before).sum()),
        "restored": int((met & ~before).sum()),
        "contracted": sum(map(len, stage_plan(execution.plan).sets)),
        "recruited": sum(map(len, recruited)),
    }


def _overhead(execution: Execution) -> dict[str, Any]:
    found: dict[str, Any] = {}
    seconds = [sum(result.seconds.values()) for result in (execution.plan, execution.repair)]
    for name, overhead, spent in (
        ("", execution.offline + execution.online, sum(seconds)),
        ("_offline", execution.offline, seconds[0]),
        ("_online", execution.online, seconds[1]),
    ):
        found |= {
            f"RT{name}": spent, f"rounds{name}": overhead.rounds, f"NI{name}": overhead.messages,
            f"IL{name}": overhead.latency, f"IEC{name}": overhead.energy,
            f"IL_letter{name}": overhead.latency_letter, f"IEC_letter{name}": overhead.energy_letter,
        }  # fmt: skip
    return found


def quality_risks(execution: Execution) -> dict[int, float]:
    """Return ``R_i^Qual`` (22) of each contracted task, exactly and with redundancy."""
    problem, plan = execution.contracting, stage_plan(execution.plan)
    return {task: problem.set_risk(task, workers) for task, workers in enumerate(plan.sets) if workers}


def mismatch_risks(execution: Execution, *, pair: bool = False) -> dict[tuple[int, int], float]:
    """Return the intent-mismatch risk of each contract (task, worker).

    ``(1 - phi_ij) / I`` (24), or with `pair` the posterior ``(1 - phi) t / (phi p + (1 - phi) t)`` that the intent
    behind a reported 1 is 0; 0 for a method that knows the intents.
    """
    scenario, plan = execution.scenario, stage_plan(execution.plan)
    contracts = [(i, j) for i, workers in enumerate(plan.sets) for j in workers]
    if not contracts:
        return {}
    task, worker = np.array(contracts).T
    prior = scenario.market.prior[task, worker]
    if not execution.method.private:
        risk = np.where(scenario.intents[worker, task], 0.0, 1.0)
    elif pair:
        flip = flip_probability(scenario.calibration.epsilon[worker])
        risk = (1 - prior) * flip / (prior * (1 - flip) + (1 - prior) * flip)
    else:
        risk = (1 - prior) / scenario.market.num_tasks
    return dict(zip(contracts, risk.tolist(), strict=True))


def _risks(execution: Execution) -> dict[str, Any]:
    quality = list(quality_risks(execution).values())
    found: dict[str, Any] = {"over_risk": sum(risk > execution.market.quality_risk + RISK for risk in quality)}
    ratio, pair = mismatch_risks(execution), mismatch_risks(execution, pair=True)
    for name, risks in (("QRisk", quality), ("PRisk", list(ratio.values())), ("PRisk_pair", list(pair.values()))):
        found[name] = math.fsum(risks) / len(risks) if risks else None
        found[f"{name}_max"] = max(risks, default=None)
    return found


def payments(execution: Execution) -> np.ndarray:
    """Return what each task paid to those who served it, shape (I,)."""
    final = _final(execution)
    return np.array([math.fsum(execution.scenario.market.payment[i, j] for j in workers)
                     for i, workers in enumerate(final.sets)])  # fmt: skip


def _final(execution: Execution) -> Assignment:
    return Assignment(chain(a, b) for a, b in zip(execution.served, execution.recruited, strict=True))


def _rationality(execution: Execution) -> dict[str, Any]:
    market, final = execution.scenario.market, _final(execution)
    pairs = [(i, j) for i, workers in enumerate(final.sets) for j in workers]
    short = sum(market.payment[i, j] < execution.cost[i, j] - MONEY for i, j in pairs)
    return {
        "over_budget": int((payments(execution) > market.budget + 2 * MONEY).sum()),
        "below_cost": int(short),
        "spent": float((payments(execution) / market.budget).mean()),
    }
