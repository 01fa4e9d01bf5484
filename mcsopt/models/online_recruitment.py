"""Online recruitment as a compact 0-1 program: for a fixed number of recruits, quality is linear."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model
from pyomo.core.expr import LinearExpression

from mcsopt.errors import TooLarge
from mcsopt.models.cp_sat_statement import CpSatStatement, integer_objective
from mcsopt.models.readable_model import ReadableModel
from mcsopt.problems import Assignment, OnlineRecruitment, Problem

DESCRIPTION = """\
Online recruitment by the number of recruits (two-stage crowdsensing, problem (52))

  choose  count[i,k] in {{0,1}}        unmet task i takes k recruits, k = 1, 2, ...
          recruit[i,j,k] in {{0,1}}    idle worker j is one of them
  max     sum of omega3 (({sum_text}q[i,j] recruited) / (1 + ({arrived}k - 1) zeta[i]){less}) - c[i,j] recruited{bonus}
  s.t.    sum over k of count[i,k] {relation} 1                                every unmet task
          sum over j of recruit[i,j,k] = k count[i,k]
          recruit[i,j,k] <= count[i,k]
          sum over j of p[i,j] recruit[i,j,k] <= B[i] count[i,k]            remaining budget (52b)
          sum over j of q[i,j] recruit[i,j,k] >= needed[i,k] count[i,k]     demand restored (52d)
          sum over i, k of recruit[i,j,k] <= 1                              one task per worker (52a)

with n[i] arrived workers who deliver the sum S[i], needed[i,k] = Q^D[i] (1 + (n[i] + k - 1) zeta[i]) - S[i]. Pairs
whose payment does not cover the cost (52c), and numbers of recruits that no budget or no quality allows, are left out.

This market: {unmet} unmet tasks of {tasks}, {workers} idle workers, {pairs} candidate pairs, {columns}.
"""

MAX_COLUMNS = 100_000
"""Most triples of task, worker and number of recruits; beyond, a general solver only spends time."""
MARGIN = 1e-9
"""By how much, relative, the Pyomo statement loosens budgets and demands, beside their tolerances: as much as HiGHS may
err in a row. What it admits wrongly `near_tie` recognizes, and `exclude_pyomo` cuts off."""
NEAR = 1e-5
"""Violations up to this, relative, may be a statement's: CP-SAT takes payments and qualities to 7 digits."""
_DIGITS = 10**7  # CP-SAT 9.15 has answered falsely with coefficients of 1e8


@dataclass(frozen=True)
class Recruits:
    """The ways in which one unmet task may take k recruits, as far as budget and demand tell.

    Attributes
    ----------
    task, count : int
        i and k.
    worker : array of int, shape (m,)
        Candidates who may be among them.
    payment, quality, value : array of float, shape (m,)
        What each costs the budget, adds to the sum of qualities, and adds to the objective.
    budget, needed : float
        Limits of the two sums, tolerances included.
    offset : float
        What the number itself adds to the objective: base quality spread over more workers, and the restoration.
    """

    task: int
    count: int
    worker: np.ndarray
    payment: np.ndarray
    quality: np.ndarray
    value: np.ndarray
    budget: float
    needed: float
    offset: float


def recruits(problem: OnlineRecruitment) -> list[Recruits]:
    """Return every way, by task and number; `TooLarge` beyond `MAX_COLUMNS`, counting workers."""
    found: list[Recruits] = []
    size = 0
    for task in np.flatnonzero(problem.instance.unmet).tolist():
        for way in _of_task(problem, task):
            found.append(way)
            size += len(way.worker)
            if size > MAX_COLUMNS:
                raise TooLarge(
                    f"online-recruitment by the number of recruits: more than {MAX_COLUMNS:,} triples of task, worker "
                    "and number; give a smaller market"
                )
    return found


def _of_task(problem: OnlineRecruitment, task: int) -> list[Recruits]:
    market, where = problem.instance, problem.instance.pairs_of(task)
    pairs = np.arange(where.start, where.stop)[problem.candidate[where]]
    payment, quality = market.payment[pairs], market.quality[pairs]
    budget, base = float(problem.budget[task]), float(market.base_quality_sum[task])
    shares, offsets, demands = problem.by_number(task, len(pairs))
    found = []
    for count, share, offset, needed in zip(itertools.count(1), shares, offsets, demands, strict=False):
        # With whom do the cheapest others fit the budget, and the best others reach the demand?
        cheap, good = _with_the_least(payment, count), -_with_the_least(-quality, count)
        if not len(cheap) or cheap.min() > budget * (1 + MARGIN):
            break
        keep = (cheap <= budget * (1 + MARGIN)) & (good >= needed - MARGIN * (base + needed))
        if np.count_nonzero(keep) < count:
            continue
        found.append(Recruits(
            task=task, count=count, worker=market.pair_worker[pairs[keep]], payment=payment[keep],
            quality=quality[keep], value=share * quality[keep] - market.cost[pairs[keep]], budget=budget,
            needed=float(needed), offset=float(offset),
        ))  # fmt: skip
    return found


def _with_the_least(values: np.ndarray, count: int) -> np.ndarray:
    """Return, for each value, its sum with the `count` - 1 least others."""
    order = np.argsort(values, kind="stable")
    least = np.concatenate([[0.0], np.cumsum(values[order])])
    total = values + least[count - 1]
    total[order[: count - 1]] = least[count]
    return total


def describe(problem: OnlineRecruitment) -> str:
    """Return the statement in words and mathematics, with this market's numbers."""
    market = problem.instance
    increment = market.objective == "increment"
    try:
        columns = f"{sum(len(way.worker) for way in recruits(problem)):,} triples of task, worker and number"
    except TooLarge:
        columns = f"more than {MAX_COLUMNS:,} triples of task, worker and number: no solver takes this statement"
    weight = f" + {problem.restoration_weight:.10g} count[i,k]"
    return DESCRIPTION.format(
        sum_text="S[i] + " if increment else "", arrived="n[i] + " if increment else "",
        less=" - Q^base[i]" if increment else "", bonus=weight if problem.restore == "max" else "",
        relation="= " if problem.restore == "required" else "<=", unmet=int(market.unmet.sum()),
        tasks=market.num_tasks, workers=market.num_workers, pairs=int(problem.candidate.sum()), columns=columns,
    )  # fmt: skip


def build_pyomo(problem: OnlineRecruitment) -> pyo.ConcreteModel:
    """State the problem as a 0-1 program in Pyomo.

    A relaxation by 1e-9: it admits every feasible plan, and some that miss a budget or a demand by as much; those
    `near_tie` recognizes and `exclude_pyomo` cuts off.

    Parameters
    ----------
    problem : OnlineRecruitment

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``count[i,k]`` is 1 if task i takes k recruits, ``recruit[i,j,k]`` if worker j is one of them.

    Raises
    ------
    TooLarge
        Beyond 100,000 triples of task, worker and number.
    """
    ways = recruits(problem)
    model = ReadableModel("online-recruitment", problem)
    model.count = pyo.Var([(way.task, way.count) for way in ways], domain=pyo.Binary)
    model.recruit = pyo.Var([(way.task, j, way.count) for way in ways for j in way.worker.tolist()], domain=pyo.Binary)
    counted = [model.count[way.task, way.count] for way in ways]
    chosen = [[model.recruit[way.task, j, way.count] for j in way.worker.tolist()] for way in ways]
    model.welfare = pyo.Objective(
        sense=pyo.maximize,
        expr=LinearExpression(
            linear_coefs=[way.offset for way in ways] + [v for way in ways for v in way.value.tolist()],
            linear_vars=counted + [x for row in chosen for x in row],
        ),
    )
    _add_rows(model, problem, ways, chosen)
    model.excluded = pyo.ConstraintList()
    return model


def _add_rows(
    model: pyo.ConcreteModel, problem: OnlineRecruitment, ways: list[Recruits], chosen: list[list[pyo.Var]]
) -> None:
    required = problem.restore == "required"
    numbers = range(len(ways))
    by_task: dict[int, list[pyo.Var]] = {task: [] for task in np.flatnonzero(problem.instance.unmet).tolist()}
    by_worker: dict[int, list[pyo.Var]] = {}
    for way, row in zip(ways, chosen, strict=True):
        by_task[way.task].append(model.count[way.task, way.count])
        for j, x in zip(way.worker.tolist(), row, strict=True):
            by_worker.setdefault(j, []).append(x)

    def one_number(_: pyo.ConcreteModel, task: int) -> object:
        total = pyo.quicksum(by_task[task])
        if not by_task[task]:
            return pyo.Constraint.Infeasible if required else pyo.Constraint.Skip
        return total == 1 if required else total <= 1

    def weighted(k: int, coefficients: np.ndarray | Sequence[float], own: float) -> LinearExpression:
        way = ways[k]
        return LinearExpression(
            linear_coefs=[*map(float, coefficients), own], linear_vars=[*chosen[k], model.count[way.task, way.count]]
        )

    model.one_number_per_task = pyo.Constraint(list(by_task), rule=one_number)
    model.one_task_per_worker = pyo.Constraint(sorted(by_worker), rule=lambda _, j: pyo.quicksum(by_worker[j]) <= 1)
    model.number = pyo.Constraint(
        numbers, rule=lambda _, k: weighted(k, np.ones(len(chosen[k])), -float(ways[k].count)) == 0
    )
    model.only_of_its_number = pyo.Constraint(
        list(model.recruit), rule=lambda m, i, j, k: m.recruit[i, j, k] <= m.count[i, k]
    )
    model.remaining_budget = pyo.Constraint(
        numbers, rule=lambda _, k: weighted(k, ways[k].payment, -ways[k].budget * (1 + MARGIN)) <= 0
    )
    model.demand_restored = pyo.Constraint(
        numbers, rule=lambda _, k: weighted(k, ways[k].quality, -ways[k].needed * (1 - MARGIN)) >= 0
    )


def read_pyomo(problem: OnlineRecruitment, model: pyo.ConcreteModel) -> Assignment:
    """Return the plan in a solved model; values above one half count as one."""
    plan: list[list[int]] = [[] for _ in range(problem.instance.num_tasks)]
    for (task, worker, _), variable in model.recruit.items():
        if variable.value is not None and variable.value > 0.5:
            plan[task].append(worker)
    return Assignment(plan)


def build_cp_sat(problem: OnlineRecruitment) -> CpSatStatement:
    """State the problem in CP-SAT; the objective is rounded up to integers, see `integer_objective`.

    Payments and qualities are taken to 7 digits, rounded so that no feasible plan is cut off: payments down and budgets
    up, qualities up and demands down. What this admits wrongly `near_tie` recognizes and `exclude_cp_sat` cuts off.

    Parameters
    ----------
    problem : OnlineRecruitment

    Returns
    -------
    CpSatStatement
        Variables by (task, worker, number of recruits).

    Raises
    ------
    TooLarge
        Beyond 100,000 triples of task, worker and number.
    """
    ways = recruits(problem)
    model = cp_model.CpModel()
    counted = {(way.task, way.count): model.new_bool_var(f"count[{way.task},{way.count}]") for way in ways}
    recruit: dict[tuple[int, int, int], cp_model.IntVar] = {}
    by_worker: dict[int, list[cp_model.IntVar]] = {}
    for way in ways:
        taken, row = counted[way.task, way.count], []
        for j in way.worker.tolist():
            x = model.new_bool_var(f"recruit[{way.task},{j},{way.count}]")
            recruit[way.task, j, way.count] = x
            by_worker.setdefault(j, []).append(x)
            model.add_implication(x, taken)
            row.append(x)
        model.add(sum(row) == way.count * taken)
        _add_limits(model, way, row, taken)
    most = 0
    for task in np.flatnonzero(problem.instance.unmet).tolist():
        numbers = {count: variable for (i, count), variable in counted.items() if i == task}
        most += 1 + max(numbers, default=0)
        if problem.restore == "required":
            model.add_exactly_one(numbers.values())
        else:
            model.add_at_most_one(numbers.values())
    for chosen in by_worker.values():
        model.add_at_most_one(chosen)
    values = np.array([*(way.offset for way in ways), *(v for way in ways for v in way.value.tolist())])
    coefficients, scale, error = integer_objective(values, most)
    model.maximize(cp_model.LinearExpr.weighted_sum([*counted.values(), *recruit.values()], coefficients))
    return CpSatStatement(model, recruit, scale, error, problem=problem)


def _add_limits(model: cp_model.CpModel, way: Recruits, row: list[cp_model.IntVar], taken: cp_model.IntVar) -> None:
    """Add budget and demand in integers of 7 digits, rounded outward."""
    weighted = cp_model.LinearExpr.weighted_sum
    if way.payment.sum() > way.budget:  # else all of them are paid, perhaps with nothing
        scale = _DIGITS / float(way.payment.max())
        payments = np.floor(way.payment * scale * (1 - 1e-15)).astype(np.int64)
        model.add(weighted(row, payments.tolist()) <= math.ceil(way.budget * scale * (1 + MARGIN)) * taken)
    scale = _DIGITS / float(way.quality.max())
    qualities = np.ceil(way.quality * scale * (1 + 1e-15)).astype(np.int64)
    model.add(weighted(row, qualities.tolist()) >= math.floor(way.needed * scale * (1 - MARGIN)) * taken)


def read_cp_sat(problem: OnlineRecruitment, statement: CpSatStatement, solver: cp_model.CpSolver) -> Assignment:
    """Return the plan in a solved CP-SAT model."""
    plan: list[list[int]] = [[] for _ in range(problem.instance.num_tasks)]
    for (task, worker, _), variable in statement.variables.items():
        if solver.boolean_value(variable):
            plan[task].append(worker)
    return Assignment(plan)


def near_tie(problem: OnlineRecruitment, plan: Assignment) -> bool:
    """Whether a plan misses budgets and demands by so little that the statements may admit it."""
    market = problem.instance
    offenders = _offenders(problem, plan)
    for task, workers in offenders:
        count = int(market.base_count[task]) + len(workers)
        scale = max(1.0, market.budget[task], market.demand[task] * (1 + count * market.redundancy[task]))
        if not workers or any(v.amount > NEAR * scale for v in problem.set_violations(task, workers)):
            return False
    return bool(offenders)


def exclude_pyomo(model: pyo.ConcreteModel, plan: Assignment) -> None:
    """Cut the sets of a plan off that miss their budget or demand."""
    for task, workers in _offenders(model.asked, plan):
        chosen = [model.recruit[task, j, len(workers)] for j in workers]
        model.excluded.add(pyo.quicksum(chosen) <= len(workers) - 1)


def exclude_cp_sat(statement: CpSatStatement, plan: Assignment) -> None:
    """Cut the sets of a plan off that miss their budget or demand."""
    for task, workers in _offenders(statement.problem, plan):
        statement.model.add_bool_or(~statement.variables[task, j, len(workers)] for j in workers)


def _offenders(problem: Problem[Assignment], plan: Assignment) -> list[tuple[int, tuple[int, ...]]]:
    """Return the tasks whose own set breaks a constraint, with that set."""
    assert isinstance(problem, OnlineRecruitment)
    return [(task, workers) for task, workers in enumerate(plan.sets) if problem.set_violations(task, workers)]
