"""The natural formulation of offline welfare, set packing over listed worker sets, stated to three solvers.

Each is fed by the fastest way its Python interface has, on two threads where it has threads, and left at its defaults
but for the time limit and the gap at which it may stop: the relative 1e-7 at which `mcsopt` calls an answer proved.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcsopt.kernels.worker_sets import WorkerSets, feasible_sets
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.tolerances import PROVED_GAP

THREADS = 2


@dataclass(frozen=True)
class Answer:
    """A rival's word.

    Attributes
    ----------
    building : float
        Seconds until its model stood.
    plan : Assignment or None
        Its best solution.
    bound : float or None
    proved : bool
        Whether it claims to be done.
    error : float
        Absolute error that rounding to integers brings into its bound.
    """

    building: float
    plan: Assignment | None
    bound: float | None
    proved: bool
    error: float = 0.0


def list_sets(problem: OfflineWelfare, max_sets: int, file: Path) -> tuple[int, float]:
    """Write all feasible undominated sets to `file`; return their number and the seconds of listing them."""
    began = time.perf_counter()
    sets = feasible_sets(problem, max_sets=max_sets, max_work=2**62)
    seconds = time.perf_counter() - began
    np.savez(file, **vars(sets))
    return len(sets), seconds


def read_sets(file: Path) -> WorkerSets:
    """Return the sets of a file of `list_sets`."""
    with np.load(file) as arrays:
        return WorkerSets(**arrays)


def _rows(sets: WorkerSets, num_tasks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of all columns, one column after the other, and where each begins: its task, its workers."""
    begin = sets.start + np.arange(len(sets) + 1)
    rows = np.empty(begin[-1], dtype=np.int64)
    rows[begin[:-1]] = sets.task
    rows[np.delete(np.arange(begin[-1]), begin[:-1])] = num_tasks + sets.worker
    return rows, begin


def _columns_of(sets: WorkerSets, num_tasks: int) -> list[np.ndarray]:
    """Return the columns of each row that has any."""
    rows, begin = _rows(sets, num_tasks)
    order = np.argsort(rows, kind="stable")
    columns = np.repeat(np.arange(len(sets)), np.diff(begin))[order]
    return np.split(columns, np.flatnonzero(np.diff(rows[order])) + 1)


def _plan(problem: OfflineWelfare, sets: WorkerSets, chosen: np.ndarray) -> Assignment:
    plan: list[tuple[int, ...]] = [()] * problem.instance.num_tasks
    for k in chosen.tolist():
        plan[sets.task[k]] = sets.workers(k)
    return Assignment(plan)


def run_highs(problem: OfflineWelfare, sets: WorkerSets, seconds: float) -> Answer:
    """HiGHS, whole model passed as arrays.

    To be run in a fresh process: after a solve with another number of threads HiGHS solves nothing.
    """
    import highspy

    began = time.perf_counter()
    rows, begin = _rows(sets, problem.instance.num_tasks)
    program, count = highspy.HighsLp(), problem.instance.num_tasks + problem.instance.num_workers
    program.num_col_, program.num_row_ = len(sets), count
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_, program.col_lower_, program.col_upper_ = sets.value, np.zeros(len(sets)), np.ones(len(sets))
    program.row_lower_, program.row_upper_ = np.full(count, -highspy.kHighsInf), np.ones(count)
    program.integrality_ = [highspy.HighsVarType.kInteger] * len(sets)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = begin, rows
    program.a_matrix_.value_ = np.ones(len(rows))
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("threads", THREADS)
    solver.setOptionValue("mip_rel_gap", PROVED_GAP)
    solver.setOptionValue("mip_abs_gap", 0.0)
    solver.passModel(program)
    building = time.perf_counter() - began
    solver.setOptionValue("time_limit", max(0.0, seconds - building))
    solver.run()
    info, status = solver.getInfo(), solver.getModelStatus()
    if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit):
        raise RuntimeError(f"HiGHS ended {status}")
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    chosen = np.flatnonzero(np.array(solver.getSolution().col_value) > 0.5) if found else np.zeros(0, dtype=int)
    return Answer(
        building, _plan(problem, sets, chosen) if found else None,
        info.mip_dual_bound if np.isfinite(info.mip_dual_bound) else None,
        status == highspy.HighsModelStatus.kOptimal,
    )  # fmt: skip


def run_cp_sat(problem: OfflineWelfare, sets: WorkerSets, seconds: float) -> Answer:
    """CP-SAT, values rounded up to integers of at most 1e7 as in `mcsopt.models`: its bound stays a bound."""
    from ortools.sat.python import cp_model

    from mcsopt.models.cp_sat_statement import integer_objective

    began = time.perf_counter()
    model = cp_model.CpModel()
    columns = [model.new_bool_var("") for _ in range(len(sets))]
    for together in _columns_of(sets, problem.instance.num_tasks):
        model.add_at_most_one([columns[k] for k in together.tolist()])
    coefficients, scale, error = integer_objective(sets.value, problem.instance.num_tasks)
    model.maximize(cp_model.LinearExpr.weighted_sum(columns, coefficients))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = THREADS
    solver.parameters.relative_gap_limit = PROVED_GAP
    building = time.perf_counter() - began
    solver.parameters.max_time_in_seconds = max(0.0, seconds - building)
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    chosen = np.array([k for k, column in enumerate(columns) if found and solver.boolean_value(column)], dtype=int)
    return Answer(
        building, _plan(problem, sets, chosen) if found else None,
        solver.best_objective_bound / scale if found else None, status == cp_model.OPTIMAL, error,
    )  # fmt: skip


def run_scip(problem: OfflineWelfare, sets: WorkerSets, seconds: float) -> Answer:
    """SCIP, on one thread: the packages have no other."""
    from pyscipopt import Model, quicksum

    began = time.perf_counter()
    model = Model()
    model.hideOutput()
    columns = [model.addVar(vtype="B", obj=value) for value in sets.value.tolist()]
    model.setMaximize()
    for together in _columns_of(sets, problem.instance.num_tasks):
        model.addCons(quicksum(columns[k] for k in together.tolist()) <= 1)
    model.setParam("limits/gap", PROVED_GAP)
    building = time.perf_counter() - began
    model.setParam("limits/time", max(0.0, seconds - building))
    model.optimize()
    proved = model.getStatus() in ("optimal", "gaplimit")
    found, bound = model.getNSols() > 0, model.getDualbound()
    chosen = [k for k, column in enumerate(columns) if found and model.getVal(column) > 0.5]
    return Answer(
        building, _plan(problem, sets, np.array(chosen, dtype=int)) if found else None,
        bound if abs(bound) < model.infinity() else None, proved,
    )  # fmt: skip


Rival = Callable[[OfflineWelfare, WorkerSets, float], Answer]
RIVALS: dict[str, tuple[str, Rival]] = {
    "HiGHS": ("highspy", run_highs),
    "CP-SAT": ("ortools", run_cp_sat),
    "SCIP": ("pyscipopt", run_scip),
}
"""By name: the package, and the function."""
