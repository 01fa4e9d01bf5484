"""OR-Tools' CP-SAT on its statement of the problem."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mcsopt.models import statement
from mcsopt.problems import Problem
from mcsopt.result import Result
from mcsopt.solvers.backend import BackendAnswer, run_guarded, without_near_ties
from mcsopt.solvers.registry import Settings


def solve(problem: Problem[Any], settings: Settings) -> Result:
    """Solve the CP-SAT statement of `problem`.

    Objective coefficients are rounded to integers towards a valid bound, which misses the optimum by at most the
    statement's error, which the message states. Near-ties that a statement admits are excluded one by one
    (`mcsopt.solvers.backend.without_near_ties`).

    Parameters
    ----------
    problem : Problem
        One with a CP-SAT statement in ``mcsopt.models``.
    settings : Settings
        The seed is CP-SAT's; two workers, so a run that stops by time need not repeat.

    Returns
    -------
    Result
        Assurance ``backend``.

    Raises
    ------
    TooLarge, InputError
        If the statement refuses the size, or weights that no integers represent.
    BackendFault
        See `mcsopt.solvers.backend.run_guarded`.
    """
    return run_guarded(problem, "cp-sat", lambda seconds: _run(problem, seconds, settings.seed), settings)


def _run(problem: Problem[Any], time_limit: float | None, seed: int) -> BackendAnswer:
    module = statement(problem)
    if time_limit == 0:
        return BackendAnswer(finished=False)
    stated = module.build_cp_sat(problem)
    return without_near_ties(
        problem,
        module,
        lambda seconds: _once(problem, module, stated, seconds, seed),
        lambda solution: module.exclude_cp_sat(stated, solution),
        time_limit,
    )


def _once(problem: Problem[Any], module: ModuleType, stated: Any, time_limit: float | None, seed: int) -> BackendAnswer:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.relative_gap_limit = 0.0
    # Presolve's inclusion detection has led CP-SAT 9.15 to false answers; it is not worth the risk.
    solver.parameters.presolve_inclusion_work_limit = 0
    for parameter, value in stated.parameters.items():
        setattr(solver.parameters, parameter, value)
    if time_limit is not None:
        solver.parameters.max_time_in_seconds = time_limit
    status = solver.solve(stated.model)
    if status == cp_model.INFEASIBLE:
        return BackendAnswer(infeasible=True)
    if status == cp_model.MODEL_INVALID:
        raise RuntimeError(f"CP-SAT calls the model invalid: {stated.model.validate()}")
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return BackendAnswer(
        solution=module.read_cp_sat(problem, stated, solver) if found else None,
        objective=solver.objective_value / stated.scale if found else None,
        # Without a solution CP-SAT may show the default 0 as its bound.
        dual_bound=solver.best_objective_bound / stated.scale if found else None,
        finished=status == cp_model.OPTIMAL,
        objective_error=stated.error,
        message=f"objective rounded to integers: the bound may be off by {stated.error:.2g}",
    )
