"""Run a foreign solver under guard: it may crash, hang, or say what is not so."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from mcsopt import tolerances
from mcsopt.errors import BackendFault, McsoptError, TooLarge
from mcsopt.problems import Problem
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings

MOST_EXCLUDED = 200
"""Near-ties that are excluded one by one before a backend's run is given up."""
_GRACE = 10.0  # seconds past its time limit after which a backend counts as hung


@dataclass(frozen=True)
class BackendAnswer:
    """A backend's word, before anyone has looked at it.

    Attributes
    ----------
    solution : object or None
    objective, dual_bound : float or None
        As claimed.
    infeasible : bool
        Whether it claims that no solution exists.
    finished : bool
        Whether it claims to have finished, and so its solution to be optimal; False after a limit.
    limit : Termination
        Which limit that was, or that it was interrupted.
    objective_error : float
        Absolute error of its objective and bound that the statement itself brings (rounding to integers).
    message : str
    """

    solution: Any = None
    objective: float | None = None
    dual_bound: float | None = None
    infeasible: bool = False
    finished: bool = True
    limit: Termination = Termination.TIME
    objective_error: float = 0.0
    message: str = ""

    def slack(self, value: float) -> float:
        """Return how far what it says of a solution worth `value` may lie from that."""
        return tolerances.REEVALUATION * max(1.0, abs(value)) + self.objective_error


def without_near_ties(
    problem: Problem[Any],
    module: ModuleType,
    solve_once: Callable[[float | None], BackendAnswer],
    exclude: Callable[[Any], None],
    time_limit: float | None,
) -> BackendAnswer:
    """Solve a statement that admits near-ties, and exclude them one by one until the answer is no longer one.

    The statement's own bound and infeasibility hold for what is left of it, and what was excluded is no solution: so
    they hold for the problem.

    Parameters
    ----------
    problem : Problem
    module : module
        The statement; ``near_tie(problem, solution)`` says whether a solution is one that it wrongly admits. Without
        such a function its answers are taken as they are.
    solve_once : callable
        Solves the model within the seconds given, None: no limit.
    exclude : callable
        Cuts a solution off the model.
    time_limit : float or None
        Seconds for all of it.

    Returns
    -------
    BackendAnswer
        After 200 exclusions, or when time is up, one without solution: the bound stands.
    """
    near_tie = getattr(module, "near_tie", None)
    began, answer = time.perf_counter(), solve_once(time_limit)
    if near_tie is None:
        return answer
    excluded = 0
    while answer.solution is not None and near_tie(problem, answer.solution):
        excluded += 1
        exclude(answer.solution)
        left = None if time_limit is None else time_limit - (time.perf_counter() - began)
        if excluded > MOST_EXCLUDED or (left is not None and left <= 0) or not answer.finished:
            limit = Termination.ROUNDS if excluded > MOST_EXCLUDED else Termination.TIME
            return replace(answer, solution=None, objective=None, finished=False, limit=limit,
                           message=f"{excluded} near-ties excluded, others left")  # fmt: skip
        answer = solve_once(left)
    if excluded:
        told = f"{excluded} near-ties excluded"
        answer = replace(answer, message=f"{answer.message}; {told}" if answer.message else told)
    return answer


def run_guarded(
    problem: Problem[Any], name: str, call: Callable[[float | None], BackendAnswer], settings: Settings
) -> Result:
    """Call a backend and let nothing pass that the problem's ground truth contradicts.

    Parameters
    ----------
    problem : Problem
    name : str
        Name of the backend, for errors and the result.
    call : callable
        Builds the model and solves it within the seconds it is given (None: no limit).
    settings : Settings
        With a time limit, a backend still running 10 seconds after it counts as hung.

    Returns
    -------
    Result
        Assurance ``backend``.

    Raises
    ------
    BackendFault
        If it crashes, hangs, returns a misfit, an infeasible solution, a wrong objective or NaN, claims infeasibility
        although a solution is known, or a bound that a known solution beats.
    """
    began = time.perf_counter()
    settings.report(f"solving with {name}")
    try:
        answer = _call_with_deadline(name, call, settings)
    except KeyboardInterrupt:
        answer = BackendAnswer(finished=False, limit=Termination.INTERRUPTED, message="interrupted")
    seconds = {"solve": time.perf_counter() - began}
    witness, worth = _witness(problem, settings.start)
    if answer.infeasible and witness is not None:
        raise BackendFault(name, f"claims infeasibility, yet a feasible solution worth {worth!r} exists")
    bound = _examine(problem, name, answer)
    # A statement rounded to integers may overstate by its error; what is left of a bound is still a bound.
    if bound is not None and worth is not None and problem.sense.better(worth, bound):
        if abs(worth - bound) > answer.slack(worth):
            raise BackendFault(name, f"claims the bound {bound!r}, yet a feasible solution worth {worth!r} exists")
        bound = worth
    solution = answer.solution if answer.solution is not None else witness
    termination = Termination.FINISHED if answer.finished else answer.limit
    return conclude(
        problem, name, solution, dual_bound=bound, infeasible=answer.infeasible, assurance=Assurance.BACKEND,
        termination=termination, seconds=seconds, message=answer.message,
    )  # fmt: skip


def _call_with_deadline(name: str, call: Callable[[float | None], BackendAnswer], settings: Settings) -> BackendAnswer:
    """Run `call` in a thread of its own, so that a hang can be left behind and Ctrl-C is heard at once."""
    outcome: list[BackendAnswer | BaseException] = []

    def work() -> None:
        try:
            outcome.append(call(settings.time_limit))
        except BaseException as error:  # handed on to the caller's thread below
            outcome.append(error)

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    deadline = None if settings.time_limit is None else time.perf_counter() + settings.time_limit + _GRACE
    while thread.is_alive():
        thread.join(0.1)
        if deadline is not None and time.perf_counter() > deadline and thread.is_alive():
            raise BackendFault(name, f"hangs: still running {_GRACE:g} s after its limit of {settings.time_limit:g} s")
    answer = outcome[0]
    if isinstance(answer, BackendAnswer):
        return answer
    if isinstance(answer, McsoptError):
        raise answer
    raise BackendFault(name, f"crashed: {type(answer).__name__}: {answer}") from answer


def _witness(problem: Problem[Any], start: Any) -> tuple[Any, float | None]:
    """Return the better feasible one of the start and the empty solution, and its value."""
    best, value = None, None
    for solution in (start, problem.empty_solution()):
        if solution is not None and not problem.violations(solution):
            worth = problem.evaluate(solution)
            if value is None or problem.sense.better(worth, value):
                best, value = solution, worth
    return best, value


def _examine(problem: Problem[Any], name: str, answer: BackendAnswer) -> float | None:
    """Hold the answer to the ground truth, and return the bound it claims, None if it claims none."""
    bound = _bound(problem, name, answer)
    if answer.solution is None:
        if answer.finished and not answer.infeasible:
            raise BackendFault(name, "claims to have finished, with neither a solution nor infeasibility")
        return bound
    try:
        broken, objective = problem.violations(answer.solution), problem.evaluate(answer.solution)
    except TooLarge:
        raise
    except Exception as error:  # what is no solution of the problem may break its ground truth in any way
        what = f"{type(error).__name__}: {error}"
        raise BackendFault(name, f"returned a solution that does not fit the problem: {what}") from error
    if broken:
        raise BackendFault(name, f"returned an infeasible solution: {broken[0]}")
    slack = answer.slack(objective)
    # Written so that NaN fails.
    if answer.objective is not None and not abs(answer.objective - objective) <= slack:
        raise BackendFault(name, f"reports the objective {answer.objective!r}; the solution is worth {objective!r}")
    if bound is None:
        # To have finished is to claim optimality.
        outward = answer.objective_error if problem.sense == "max" else -answer.objective_error
        return objective + outward if answer.finished else None
    if problem.sense.better(objective, bound) and abs(objective - bound) > slack:
        raise BackendFault(name, f"claims the bound {bound!r}, beaten by its own solution worth {objective!r}")
    return bound


def _bound(problem: Problem[Any], name: str, answer: BackendAnswer) -> float | None:
    """Return the claimed bound; None for one at infinity, which says nothing."""
    bound = answer.dual_bound
    if bound is None or math.isfinite(bound):
        return bound
    if problem.sense.better(bound, 0.0):
        return None
    raise BackendFault(name, f"claims the bound {bound!r}")
