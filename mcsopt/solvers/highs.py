"""HiGHS on the Pyomo statement, through Pyomo's current solver interface."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mcsopt.models import statement
from mcsopt.problems import Problem
from mcsopt.result import Result
from mcsopt.solvers.backend import BackendAnswer, run_guarded, without_near_ties
from mcsopt.solvers.registry import Settings

# HiGHS stops at a relative gap of 1e-4 and accepts violations of 1e-6 unless told otherwise.
_OPTIONS = {
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-9,
    "mip_feasibility_tolerance": 1e-9,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}


def solve(problem: Problem[Any], settings: Settings) -> Result:
    """Solve the Pyomo statement of `problem` in HiGHS to a relative gap of 0 and feasibility to 1e-9.

    Near-ties that a statement admits are excluded one by one (`mcsopt.solvers.backend.without_near_ties`).

    Parameters
    ----------
    problem : Problem
        One with a statement in ``mcsopt.models``.
    settings : Settings

    Returns
    -------
    Result
        Assurance ``backend``; without a solution of its own in time it holds the start or the empty solution.

    Raises
    ------
    TooLarge
        If the statement refuses the size.
    BackendFault
        See `mcsopt.solvers.backend.run_guarded`.
    """
    return run_guarded(problem, "highs", lambda seconds: _run(problem, seconds), settings)


def _run(problem: Problem[Any], time_limit: float | None) -> BackendAnswer:
    module = statement(problem)
    if time_limit == 0:
        return BackendAnswer(finished=False)
    model = module.build_pyomo(problem)
    if model.nvariables() == 0:
        # Nothing to decide: Pyomo's writers want at least one variable.
        return _without_variables(problem)
    return without_near_ties(
        problem,
        module,
        lambda seconds: _once(problem, module, model, seconds),
        lambda solution: module.exclude_pyomo(model, solution),
        time_limit,
    )


def _once(problem: Problem[Any], module: ModuleType, model: Any, time_limit: float | None) -> BackendAnswer:
    from pyomo.contrib.solver.common.factory import SolverFactory
    from pyomo.contrib.solver.common.results import SolutionStatus, TerminationCondition

    options = {**_OPTIONS, **getattr(model, "highs_options", {})}
    results = SolverFactory("highs").solve(
        model, time_limit=time_limit, solver_options=options, load_solutions=False,
        raise_exception_on_nonoptimal_result=False,
    )  # fmt: skip
    condition = results.termination_condition
    if condition in (TerminationCondition.provenInfeasible, TerminationCondition.infeasibleOrUnbounded):
        # Every variable of our statements is bounded, so "or unbounded" cannot be.
        return BackendAnswer(infeasible=True)
    solution = None
    if results.solution_status in (SolutionStatus.optimal, SolutionStatus.feasible):
        results.solution_loader.load_vars()
        solution = module.read_pyomo(problem, model)
    finished = condition == TerminationCondition.convergenceCriteriaSatisfied
    if not finished and condition != TerminationCondition.maxTimeLimit:
        raise RuntimeError(f"HiGHS ended with {condition.name}")
    unit, bound = getattr(model, "objective_unit", 1.0), results.objective_bound
    return BackendAnswer(
        solution=solution, objective=unit * results.incumbent_objective if solution is not None else None,
        dual_bound=None if bound is None else unit * bound, finished=finished,
    )  # fmt: skip


def _without_variables(problem: Problem[Any]) -> BackendAnswer:
    empty = problem.empty_solution()
    if problem.violations(empty):
        return BackendAnswer(infeasible=True)
    value = problem.evaluate(empty)
    return BackendAnswer(solution=empty, objective=value, dual_bound=value)
