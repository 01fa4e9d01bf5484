"""OR-Tools' CP-SAT on its statement of the problem."""

from __future__ import annotations

from typing import Any

from mcsopt.models import statement
from mcsopt.problems import Problem
from mcsopt.result import Result, Termination
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
    return run_guarded(problem, "cp-sat", lambda: _CpSatSearch(problem, settings.seed, settings.gap), settings)


class _CpSatSearch:
    """A statement in CP-SAT."""

    def __init__(self, problem: Problem[Any], seed: int, gap: float = 0.0) -> None:
        from ortools.sat.python import cp_model

        self.problem, self.module = problem, statement(problem)
        self.stated = self.module.build_cp_sat(problem)
        self.stopped = False
        self.solver = cp_model.CpSolver()
        parameters = self.solver.parameters
        parameters.num_workers = 2
        parameters.random_seed = seed % 2**31
        parameters.relative_gap_limit = gap
        # Ctrl-C is ours: CP-SAT's own handler, called as the process ends, has aborted it.
        parameters.catch_sigint_signal = False
        # Presolve's inclusion detection has led CP-SAT 9.15 to false answers; it is not worth the risk.
        parameters.presolve_inclusion_work_limit = 0
        for parameter, value in self.stated.parameters.items():
            setattr(parameters, parameter, value)

    def solve(self, time_limit: float | None) -> BackendAnswer:
        """Solve, and exclude near-ties; see `mcsopt.solvers.backend.Search`."""
        return without_near_ties(self.problem, self.module, self._once, self._exclude, time_limit)

    def stop(self) -> None:
        """End the search; what it found is kept."""
        self.stopped = True
        self.solver.stop_search()

    def _exclude(self, solution: Any) -> None:
        self.module.exclude_cp_sat(self.stated, solution)

    def _once(self, time_limit: float | None) -> BackendAnswer:
        from ortools.sat.python import cp_model

        if self.stopped:  # a stop is for the search under way only, and this one has yet to begin
            return BackendAnswer(finished=False)
        solver, stated = self.solver, self.stated
        if time_limit is not None:
            solver.parameters.max_time_in_seconds = time_limit
        status = solver.solve(stated.model)
        if status == cp_model.INFEASIBLE:
            return BackendAnswer(infeasible=True)
        if status == cp_model.MODEL_INVALID:
            raise RuntimeError(f"CP-SAT calls the model invalid: {stated.model.validate()}")
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        # "Optimal" is also what it calls a solution within the gap; values are integers.
        close = status == cp_model.OPTIMAL and abs(solver.best_objective_bound - solver.objective_value) >= 0.5
        return BackendAnswer(
            solution=self.module.read_cp_sat(self.problem, stated, solver) if found else None,
            objective=solver.objective_value / stated.scale if found else None,
            # Without a solution CP-SAT may show the default 0 as its bound.
            dual_bound=solver.best_objective_bound / stated.scale if found else None,
            finished=status == cp_model.OPTIMAL and not close,
            limit=Termination.GAP if close else Termination.TIME,
            objective_error=stated.error,
            message=f"objective rounded to integers: the bound may be off by {stated.error:.2g}",
        )
