"""Offline welfare stated scenario by scenario: small, but a reader can hold it against (25) line by line."""

from __future__ import annotations

import itertools
import math

import pyomo.environ as pyo

from mcsopt import tolerances
from mcsopt.errors import TooLarge
from mcsopt.models.readable_model import at_one
from mcsopt.problems import Assignment, OfflineWelfare

MAX_CANDIDATES = 8
"""Most candidates of one task: its block has one sub-block for each of the 2^8 arrival patterns."""


def build_pyomo(problem: OfflineWelfare) -> pyo.ConcreteModel:
    """State offline welfare with assignment binaries and one block per task and arrival pattern.

    ``contract[i, j]`` is x_ij. A pattern s is a set of candidates that arrive; ``pattern[s].arrivals[n]`` says that n
    contracted workers are among them, ``pattern[s].part[j, n]`` that worker j is one of these n, so that the
    quality (15) is linear: ``sum q_ij part[j, n] / (1 + (n-1) zeta)``. ``pattern[s].met`` says that the demand is met.

    Parameters
    ----------
    problem : OfflineWelfare

    Returns
    -------
    pyomo.environ.ConcreteModel

    Raises
    ------
    TooLarge
        If a task has more than 8 candidates.

    Notes
    -----
    There is no CP-SAT twin: qualities and probabilities are real numbers, and no scaling to integers is lossless.
    """
    market = problem.instance
    candidates = {task: [int(market.pair_worker[p]) for p in _pairs(problem, task)] for task in range(market.num_tasks)}
    most = max(map(len, candidates.values()), default=0)
    if most > MAX_CANDIDATES:
        raise TooLarge(
            f"the scenario statement needs 2^{most} patterns for a task with {most} candidates; it is limited to "
            f"{MAX_CANDIDATES}: use the set-packing statement"
        )
    model = pyo.ConcreteModel("offline-welfare-scenarios")
    model.contract = pyo.Var([(i, j) for i in candidates for j in candidates[i]], domain=pyo.Binary)
    model.served = pyo.Var(range(market.num_tasks), domain=pyo.Binary)
    if market.service == "required":
        for task in candidates:
            model.served[task].fix(1)

    @model.Constraint(range(market.num_workers))
    def one_task_per_worker(m: pyo.ConcreteModel, worker: int) -> object:
        chosen = [m.contract[i, j] for i, j in m.contract if j == worker]
        return pyo.quicksum(chosen) <= 1 if chosen else pyo.Constraint.Skip

    model.task = pyo.Block(
        range(market.num_tasks), rule=lambda block, task: _task_block(block, problem, task, candidates[task])
    )
    cost = pyo.quicksum(
        float(market.arrival[j] * market.cost[problem.pairs(i, [j])[0]]) * model.contract[i, j]
        for i, j in model.contract
    )
    model.welfare = pyo.Objective(
        expr=market.quality_weight * pyo.quicksum(model.task[i].expected_quality for i in candidates) - cost,
        sense=pyo.maximize,
    )
    return model


def read_pyomo(problem: OfflineWelfare, model: pyo.ConcreteModel) -> Assignment:
    """Return the plan in a solved model."""
    plan: list[list[int]] = [[] for _ in range(problem.instance.num_tasks)]
    for task, worker in at_one(model.contract):
        plan[task].append(worker)
    return Assignment(plan)


def _pairs(problem: OfflineWelfare, task: int) -> list[int]:
    where = problem.instance.pairs_of(task)
    return [pair for pair in range(where.start, where.stop) if problem.candidate[pair]]


def _task_block(block: pyo.Block, problem: OfflineWelfare, task: int, candidates: list[int]) -> None:
    """Budget (25c), service, quality risk (25g) and the patterns of one task."""
    market, model = problem.instance, block.model()
    pairs = dict(zip(candidates, _pairs(problem, task), strict=True))
    contract = {j: model.contract[task, j] for j in candidates}
    served = model.served[task]
    # A task is served exactly if somebody is contracted to it.
    block.serving = pyo.Constraint(candidates, rule=lambda _, j: contract[j] <= served)
    block.not_serving = pyo.Constraint(expr=served <= pyo.quicksum(contract.values()) + 0.0)
    block.budget = pyo.Constraint(
        expr=pyo.quicksum(float(market.payment[pairs[j]]) * contract[j] for j in candidates) + 0.0 * served
        <= float(problem.budget[task])
    )
    patterns = [s for n in range(len(candidates) + 1) for s in itertools.combinations(candidates, n)]
    chance = {s: _chance(problem, candidates, s) for s in patterns}
    block.pattern = pyo.Block(
        range(len(patterns)), rule=lambda b, k: _pattern_block(b, problem, task, patterns[k], pairs, contract)
    )
    block.expected_quality = pyo.Expression(
        expr=pyo.quicksum(chance[s] * block.pattern[k].quality for k, s in enumerate(patterns))
    )
    block.quality_risk = pyo.Constraint(
        expr=pyo.quicksum(chance[s] * block.pattern[k].met for k, s in enumerate(patterns))
        >= (1 - market.quality_risk - tolerances.RISK) * served
    )


def _pattern_block(
    block: pyo.Block, problem: OfflineWelfare, task: int, arrived: tuple[int, ...], pairs: dict[int, int],
    contract: dict[int, pyo.Var],
) -> None:  # fmt: skip
    """Quality (15) of one arrival pattern, and whether it meets the demand."""
    market = problem.instance
    zeta, demand = float(market.redundancy[task]), float(market.demand[task])
    quality = {j: float(market.quality[pairs[j]]) for j in arrived}
    counts = range(len(arrived) + 1)
    block.arrivals = pyo.Var(counts, domain=pyo.Binary)
    block.part = pyo.Var([(j, n) for j in arrived for n in counts if n > 0], bounds=(0, 1))
    block.one_count = pyo.Constraint(expr=pyo.quicksum(block.arrivals.values()) == 1)
    block.members = pyo.Constraint(
        arrived, rule=lambda b, j: pyo.quicksum(b.part[j, n] for n in counts if n > 0) == contract[j]
    )
    if arrived:
        block.count = pyo.Constraint(
            range(1, len(arrived) + 1),
            rule=lambda b, n: pyo.quicksum(b.part[j, n] for j in arrived) == n * b.arrivals[n],
        )
    block.quality = pyo.Expression(
        expr=pyo.quicksum(quality[j] / (1 + (n - 1) * zeta) * block.part[j, n] for j, n in block.part)
    )
    # Met iff the arrived t_j = q_j - zeta Q^D sum to (1 - zeta) Q^D; the constant is the least that sum can be.
    gain = {j: quality[j] - zeta * demand for j in arrived}
    needed = (1 - zeta) * demand - tolerances.QUALITY
    least = math.fsum(min(0.0, g) for g in gain.values())
    block.met = pyo.Var(domain=pyo.Binary)
    block.meets_demand = pyo.Constraint(
        expr=pyo.quicksum(gain[j] * contract[j] for j in arrived) >= least + (needed - least) * block.met
    )


def _chance(problem: OfflineWelfare, candidates: list[int], arrived: tuple[int, ...]) -> float:
    arrival = problem.instance.arrival
    return float(math.prod(arrival[j] if j in arrived else 1 - arrival[j] for j in candidates))
