"""Offline welfare as set packing over feasible worker sets: the statement that scales."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model

from mcsopt.errors import TooLarge
from mcsopt.kernels.worker_sets import MAX_SETS, WorkerSets, affordable_sets, feasible_sets
from mcsopt.models.cp_sat_statement import CpSatStatement, integer_objective
from mcsopt.models.readable_model import ReadableModel, at_one
from mcsopt.problems import Assignment, OfflineWelfare

DESCRIPTION = """\
Offline welfare as set packing (two-stage crowdsensing, problem (25))

  choose  x[i,A] in {{0,1}}        contract the worker set A to task i, for every feasible A
  max     sum v[i,A] x[i,A]      v[i,A] = omega3 E[Q_i(A)] - sum over A of pi_j c_ij: expected welfare
  s.t.    sum over A of x[i,A] {relation} 1                each task takes {how_many} set
          sum over i and A with j of x[i,A] <= 1      each worker serves at most one task (25a)

A set A is feasible for task i if every pair is a candidate whose payment covers its cost (25b), the payments keep
within the budget B_i (25c), Pr(Q_i(A) < Q_i^D) <= rho1 = {quality_risk:g} (25g) and the mismatch risk is at most
rho2 = {mismatch_risk:g} (25h). Sets from which a worker can be dropped at no loss are left out.

This market: {tasks} tasks, {workers} workers, {pairs} candidate pairs, {sets} feasible sets.
"""


def describe(problem: OfflineWelfare) -> str:
    """Return the statement in words and mathematics, with this market's numbers."""
    market = problem.instance
    required = market.service == "required"
    return DESCRIPTION.format(
        relation="= " if required else "<=", how_many="one" if required else "at most one",
        quality_risk=market.quality_risk, mismatch_risk=market.mismatch_risk, tasks=market.num_tasks,
        workers=market.num_workers, pairs=int(problem.candidate.sum()), sets=_count(problem),
    )  # fmt: skip


def _count(problem: OfflineWelfare) -> str:
    try:
        return f"{len(feasible_sets(problem)):,}"
    except TooLarge:
        return f"more than {MAX_SETS:,}, or too many to list: no solver takes this statement; up to " + (
            f"{affordable_sets(problem):.2g} affordable"
        )


def build_pyomo(problem: OfflineWelfare) -> pyo.ConcreteModel:
    """State the problem as a 0-1 program in Pyomo.

    Parameters
    ----------
    problem : OfflineWelfare

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``contract[i, "3+5"]`` is 1 if workers 3 and 5 are contracted to task i.

    Raises
    ------
    TooLarge
        If there are more than 200,000 feasible sets; says how many there may be.
    """
    sets = feasible_sets(problem)
    model = ReadableModel("offline-welfare", problem)
    index = [(int(sets.task[k]), "+".join(map(str, sets.workers(k)))) for k in range(len(sets))]
    model.contract = pyo.Var(index, domain=pyo.Binary)
    columns = [model.contract[key] for key in index]
    model.welfare = pyo.Objective(
        expr=pyo.quicksum(float(v) * x for v, x in zip(sets.value, columns, strict=True)), sense=pyo.maximize
    )
    by_task, by_worker = _rows(problem, sets, columns)
    required = problem.instance.service == "required"

    def one_set(_: pyo.ConcreteModel, task: int) -> object:
        total = pyo.quicksum(by_task[task])
        if not by_task[task]:
            return pyo.Constraint.Infeasible if required else pyo.Constraint.Skip
        return total == 1 if required else total <= 1

    model.one_set_per_task = pyo.Constraint(range(problem.instance.num_tasks), rule=one_set)
    model.one_task_per_worker = pyo.Constraint(
        sorted(by_worker), rule=lambda _, worker: pyo.quicksum(by_worker[worker]) <= 1
    )
    return model


def _rows(
    problem: OfflineWelfare, sets: WorkerSets, columns: list[Any]
) -> tuple[list[list[Any]], dict[int, list[Any]]]:
    """Return the variables of the sets of each task, and those of the sets that each worker is in."""
    by_task: list[list[Any]] = [[] for _ in range(problem.instance.num_tasks)]
    by_worker: dict[int, list[Any]] = {}
    for k, column in enumerate(columns):
        by_task[sets.task[k]].append(column)
        for worker in sets.workers(k):
            by_worker.setdefault(worker, []).append(column)
    return by_task, by_worker


def read_pyomo(problem: OfflineWelfare, model: pyo.ConcreteModel) -> Assignment:
    """Return the plan in a solved model."""
    return _plan(problem, ((task, tuple(map(int, name.split("+")))) for task, name in at_one(model.contract)))


def _plan(problem: OfflineWelfare, contracts: Iterable[tuple[int, tuple[int, ...]]]) -> Assignment:
    plan: list[tuple[int, ...]] = [()] * problem.instance.num_tasks
    for task, workers in contracts:
        plan[task] = (*plan[task], *workers)
    return Assignment(plan)


def build_cp_sat(problem: OfflineWelfare) -> CpSatStatement:
    """State the problem in CP-SAT; the objective is rounded up to integers, see `integer_objective`.

    Raises
    ------
    TooLarge
        As :func:`build_pyomo`.
    """
    sets = feasible_sets(problem)
    model = cp_model.CpModel()
    names = [f"contract[{sets.task[k]},{'+'.join(map(str, sets.workers(k)))}]" for k in range(len(sets))]
    columns = [model.new_bool_var(name) for name in names]
    by_task, by_worker = _rows(problem, sets, columns)
    for chosen in by_task:
        if problem.instance.service == "required":
            model.add_exactly_one(chosen)
        else:
            model.add_at_most_one(chosen)
    for chosen in by_worker.values():
        model.add_at_most_one(chosen)
    coefficients, scale, error = integer_objective(np.asarray(sets.value), problem.instance.num_tasks)
    model.maximize(cp_model.LinearExpr.weighted_sum(columns, coefficients))
    keys = [(int(sets.task[k]), sets.workers(k)) for k in range(len(sets))]
    return CpSatStatement(model, dict(zip(keys, columns, strict=True)), scale, error, problem=problem)


def read_cp_sat(problem: OfflineWelfare, statement: CpSatStatement, solver: cp_model.CpSolver) -> Assignment:
    """Return the plan in a solved CP-SAT model."""
    return _plan(problem, statement.at_one(solver))
