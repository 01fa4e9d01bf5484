"""Solve a problem with the solver asked for, or with the first that takes its size."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mcsopt.errors import TooLarge
from mcsopt.problems import Problem, require_problem
from mcsopt.result import Result, Status
from mcsopt.solvers import registry
from mcsopt.solvers.registry import Settings


def solve(
    problem: Problem[Any],
    *,
    solver: str | None = None,
    time_limit: float | None = None,
    start: Any = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    gap: float = 0.0,
) -> Result:
    """Solve a problem, or bound it where it is too large.

    Parameters
    ----------
    problem : Problem
    solver : str, optional
        A name of ``mcsopt.solvers.solvers()``. None: the preferred solver that takes the problem's size; for
        offline welfare that is ``branch-and-price``, then ``linear-bound``, which takes any.
    time_limit : float, optional
        Wall-clock seconds; with 0 the answer is still a valid bound, and a feasible solution where the empty one is.
    start : Result, solution or mapping, optional
        A solution to start from; an infeasible one is ignored.
    seed : int
        Seed of a randomized solver.
    progress : callable, optional
        Called now and then with a line of text.
    gap : float
        Relative gap, >= 0, that is close enough: ``branch-and-price``, ``highs`` and ``cp-sat`` stop there, with
        termination ``gap``; others may prove all the same. 0: prove.

    Returns
    -------
    Result
        Its solution is re-evaluated by the problem; its assurance is ``float`` or ``backend``.

    Raises
    ------
    InputError
        For an unknown solver, or a time limit or gap out of range.
    TooLarge
        If the solver asked for, or every solver, refuses the size.
    BackendFault
        If a backend crashes, hangs or contradicts the problem's ground truth.

    Examples
    --------
    >>> from mcsopt.problems import Knapsack, KnapsackInstance
    >>> result = solve(Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5)))
    >>> result.status.value, result.objective, result.solution.items
    ('PROVED', 9.0, (0, 1))
    """
    require_problem(problem)
    if start is not None:
        start = problem.as_solution(start.solution if isinstance(start, Result) else start)
    settings = Settings(time_limit=time_limit, start=start, seed=seed, progress=progress, gap=gap)
    if solver is not None:
        return _explained(problem, registry.solver(solver, problem.name).solve(problem, settings), settings)
    refusal: TooLarge | None = None
    for candidate in registry.solvers_of(problem.name):
        try:
            return candidate.solve(problem, settings)
        except TooLarge as error:
            refusal = error
            settings.report(f"{candidate.name} refuses: {error}")
    raise refusal or TooLarge(f"no solver takes {problem.name}")


def _explained(problem: Problem[Any], result: Result, settings: Settings) -> Result:
    """Add why there is no solution, as the preferred solver says it, where a backend only says that there is none."""
    if result.status is not Status.INFEASIBLE or result.message:
        return result
    preferred = registry.solvers_of(problem.name)[0]
    with suppress(TooLarge):
        reason = preferred.solve(problem, settings)
        if reason.status is Status.INFEASIBLE:
            return replace(result, message=reason.message)
    return result
