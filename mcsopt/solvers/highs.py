"""HiGHS on the Pyomo statement, compiled to matrices and handed over directly.

Not through Pyomo's solver interface: that redirects the standard output of the whole process while HiGHS runs, which is
lost if HiGHS has to be given up, and it hands on no way to end a search.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt import tolerances
from mcsopt.models import statement
from mcsopt.problems import Problem
from mcsopt.result import Result, Termination
from mcsopt.solvers.backend import BackendAnswer, run_guarded, without_near_ties
from mcsopt.solvers.registry import Settings

# HiGHS stops at a relative gap of 1e-4 and accepts violations of 1e-6 unless told otherwise.
_OPTIONS: dict[str, float | bool] = {
    "output_flag": False,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-9,
    "mip_feasibility_tolerance": 1e-9,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}


def solve(problem: Problem[Any], settings: Settings) -> Result:
    """Solve the Pyomo statement of `problem` in HiGHS to the gap asked for (0) and feasibility to 1e-9.

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
    return run_guarded(problem, "highs", lambda: _HighsSearch(problem, settings.gap), settings)


class _HighsSearch:
    """A statement in HiGHS."""

    def __init__(self, problem: Problem[Any], gap: float = 0.0) -> None:
        import highspy

        self.gap = gap
        self.problem, self.module = problem, statement(problem)
        self.model = self.module.build_pyomo(problem)
        self.highs = highspy.Highs()
        self.highs.HandleUserInterrupt = True  # without it HiGHS does not listen to `cancelSolve`
        options = {**_OPTIONS, **getattr(self.model, "highs_options", {})}
        for option, value in {**options, "mip_rel_gap": max(gap, options["mip_rel_gap"])}.items():
            self.highs.setOptionValue(option, value)
        self._compile()

    def solve(self, time_limit: float | None) -> BackendAnswer:
        """Solve, and exclude near-ties; see `mcsopt.solvers.backend.Search`."""
        return without_near_ties(self.problem, self.module, self._once, self._exclude, time_limit)

    def stop(self) -> None:
        """End the search; what it found is kept."""
        self.highs.cancelSolve()

    def _compile(self) -> None:
        from pyomo.common.errors import InfeasibleConstraintException
        from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

        try:
            self.form = LinearStandardFormCompiler().write(self.model, mixed_form=True, set_sense=None)
        except InfeasibleConstraintException:
            self.form = None

    def _exclude(self, solution: Any) -> None:
        self.module.exclude_pyomo(self.model, solution)
        self._compile()

    def _once(self, time_limit: float | None) -> BackendAnswer:
        import highspy

        if self.form is None:
            return BackendAnswer(infeasible=True)
        if not self.form.columns:
            return _without_variables(self.problem)
        highs, ended = self.highs, highspy.HighsModelStatus
        if highs.passModel(_linear_program(self.form)) == highspy.HighsStatus.kError:
            raise RuntimeError("HiGHS does not take the model")
        highs.setOptionValue("time_limit", highspy.kHighsInf if time_limit is None else time_limit)
        highs.run()
        status, told = highs.getModelStatus(), highs.getInfo()
        if status in (ended.kInfeasible, ended.kUnboundedOrInfeasible):
            # Every variable of our statements is bounded, so "or unbounded" cannot be.
            return BackendAnswer(infeasible=True)
        if status not in (ended.kOptimal, ended.kTimeLimit, ended.kInterrupt):
            raise RuntimeError(f"HiGHS ended with {highs.modelStatusToString(status)}")
        found = told.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        unit = getattr(self.model, "objective_unit", 1.0)
        # "Optimal" is also what it calls a solution within the gap.
        integral = told.mip_node_count >= 0
        apart = abs(told.mip_dual_bound - told.objective_function_value)
        close = (
            status == ended.kOptimal and self.gap > 0 and integral
            and apart > tolerances.PROVED_GAP * abs(told.objective_function_value)
        )  # fmt: skip
        return BackendAnswer(
            solution=self._read(highs.getSolution().col_value) if found else None,
            objective=unit * told.objective_function_value if found else None,
            dual_bound=unit * told.mip_dual_bound if integral else None,
            finished=status == ended.kOptimal and not close,
            limit=Termination.GAP if close else Termination.TIME,
        )

    def _read(self, values: list[float]) -> Any:
        for variable, value in zip(self.form.columns, values, strict=True):
            variable.set_value(value, skip_validation=True)
        return self.module.read_pyomo(self.problem, self.model)


def _linear_program(form: Any) -> Any:
    """Return what Pyomo's `LinearStandardFormCompiler` made of a model as HiGHS takes it."""
    import highspy
    from pyomo.environ import maximize

    columns, inf = form.columns, highspy.kHighsInf
    side = np.array([row.bound_type for row in form.rows])  # -1: at least, 0: equal, 1: at most
    limit = np.array(form.rhs, dtype=float)
    bounds = [variable.bounds for variable in columns]
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(columns), len(form.rows)
    program.sense_ = highspy.ObjSense.kMaximize if form.objectives[0].sense == maximize else highspy.ObjSense.kMinimize
    program.offset_ = float(form.c_offset[0])
    program.col_cost_ = form.c.toarray()[0]
    program.col_lower_ = np.array([-inf if low is None else low for low, _ in bounds])
    program.col_upper_ = np.array([inf if high is None else high for _, high in bounds])
    program.integrality_ = [
        highspy.HighsVarType.kInteger if variable.is_integer() else highspy.HighsVarType.kContinuous
        for variable in columns
    ]
    program.row_lower_ = np.where(side <= 0, limit, -inf)
    program.row_upper_ = np.where(side >= 0, limit, inf)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = form.A.indptr, form.A.indices
    program.a_matrix_.value_ = form.A.data
    return program


def _without_variables(problem: Problem[Any]) -> BackendAnswer:
    """Answer where nothing is to be decided, which is no model for HiGHS."""
    empty = problem.empty_solution()
    if problem.violations(empty):
        return BackendAnswer(infeasible=True)
    value = problem.evaluate(empty)
    return BackendAnswer(solution=empty, objective=value, dual_bound=value)
