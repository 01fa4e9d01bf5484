"""Run a foreign solver under guard: it may crash, hang, or say what is not so."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any, Protocol

from mcsopt import tolerances
from mcsopt.errors import BackendFault, McsoptError, TooLarge
from mcsopt.problems import Problem
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.start import best_feasible

MOST_EXCLUDED = 200
"""Near-ties that are excluded one by one before a backend's run is given up."""
_GRACE = 10.0  # seconds past its time limit after which a backend counts as hung
_FAREWELL = 5.0  # seconds that a backend asked to stop is waited for
_TICK = 0.1  # seconds between two looks; not every platform hears Ctrl-C in the midst of a wait


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


class Search(Protocol):
    """A model that a backend holds, ready to be searched."""

    def solve(self, time_limit: float | None) -> BackendAnswer:
        """Search for at most the seconds given, None: until the end; called once, in a thread of its own."""

    def stop(self) -> None:
        """Ask the search to end soon, with what it has; called from another thread, any number of times."""


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
        stopped = not answer.finished and answer.limit is not Termination.GAP
        if excluded > MOST_EXCLUDED or (left is not None and left <= 0) or stopped:
            limit = Termination.ROUNDS if excluded > MOST_EXCLUDED else Termination.TIME
            return replace(answer, solution=None, objective=None, finished=False, limit=limit,
                           message=f"{excluded} near-ties excluded, others left")  # fmt: skip
        answer = solve_once(left)
    if excluded:
        told = f"{excluded} near-ties excluded"
        answer = replace(answer, message=f"{answer.message}; {told}" if answer.message else told)
    return answer


def run_guarded(problem: Problem[Any], name: str, build: Callable[[], Search], settings: Settings) -> Result:
    """Call a backend and let nothing pass that the problem's ground truth contradicts.

    The model is built in the caller's thread, so that Ctrl-C ends that at once; only the search, foreign code that need
    not come back, runs in a thread of its own.

    Parameters
    ----------
    problem : Problem
    name : str
        Name of the backend, for errors and the result.
    build : callable
        Builds the model. Its seconds count towards the time limit; if none are left, nothing is searched.
    settings : Settings
        With a time limit, a search still running 10 seconds after it counts as hung.

    Returns
    -------
    Result
        Assurance ``backend``. After Ctrl-C it holds what the search had, if that ended within 5 seconds of being asked
        to; else the start or the empty solution.

    Raises
    ------
    BackendFault
        If it crashes, hangs, returns a misfit, an infeasible solution, a wrong objective or NaN, claims infeasibility
        although a solution is known, or a bound that a known solution beats.
    """
    answer, seconds = _answer(name, build, settings)
    witness, worth = best_feasible(problem, (settings.start, problem.empty_solution()))
    if answer.infeasible and witness is not None:
        raise BackendFault(name, f"claims infeasibility, yet a feasible solution worth {worth!r} exists")
    bound = _examine(problem, name, answer)
    # A statement rounded to integers may overstate by its error; what is left of a bound is still a bound.
    if bound is not None and worth is not None and problem.sense.better(worth, bound):
        if abs(worth - bound) > answer.slack(worth):
            raise BackendFault(name, f"claims the bound {bound!r}, yet a feasible solution worth {worth!r} exists")
        bound = worth
    solution, _ = best_feasible(problem, (answer.solution, witness))
    termination = Termination.FINISHED if answer.finished else answer.limit
    return conclude(
        problem, name, solution, dual_bound=bound, infeasible=answer.infeasible, assurance=Assurance.BACKEND,
        termination=termination, seconds=seconds, message=answer.message,
    )  # fmt: skip


def _answer(name: str, build: Callable[[], Search], settings: Settings) -> tuple[BackendAnswer, dict[str, float]]:
    """Build and search; return the answer, and the seconds of either phase."""
    began, limit, seconds = time.perf_counter(), settings.time_limit, {}
    answer = BackendAnswer(finished=False)
    try:
        if limit != 0:
            settings.report(f"building the model for {name}")
            search = _built(name, build)
            seconds["build"] = time.perf_counter() - began
            left = None if limit is None else limit - seconds["build"]
            if left is None or left > 0:
                settings.report(f"searching with {name}")
                answer = _searched(name, search, left)
    except KeyboardInterrupt:
        answer = BackendAnswer(finished=False, limit=Termination.INTERRUPTED, message=f"{name} had nothing to keep")
    seconds["solve"] = time.perf_counter() - began - seconds.get("build", 0.0)
    return answer, seconds


def _built(name: str, build: Callable[[], Search]) -> Search:
    try:
        return build()
    except McsoptError:
        raise
    except Exception as error:
        raise _crash(name, error) from error


def _searched(name: str, search: Search, time_limit: float | None) -> BackendAnswer:
    """Search in a thread, so that a hang can be left behind and Ctrl-C is heard at once.

    The thread is asked to stop and never made to: an exception raised in it from outside could strike while it holds a
    lock. It answers through a queue, which unlike an event or a join has no lock that Ctrl-C could leave held.
    """
    answers: SimpleQueue[BackendAnswer | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            answer = search.solve(time_limit)
            answers.put(answer if isinstance(answer, BackendAnswer) else TypeError(f"{answer!r} is no answer"))
        except BaseException as error:  # handed on to the caller's thread below
            answers.put(error)

    try:
        threading.Thread(target=work, name=name, daemon=True).start()
        answer = _awaited(answers, None if time_limit is None else time_limit + _GRACE)
    except KeyboardInterrupt:
        answer = _awaited(answers, _FAREWELL, search.stop)
        if not isinstance(answer, BackendAnswer):
            raise
        return replace(answer, limit=Termination.INTERRUPTED)
    if isinstance(answer, BackendAnswer):
        return answer
    if isinstance(answer, McsoptError):
        raise answer
    if answer is None:
        search.stop()
        raise BackendFault(name, f"hangs: still running {_GRACE:g} s after its time was up")
    raise _crash(name, answer) from answer


def _awaited(
    answers: SimpleQueue[BackendAnswer | BaseException], seconds: float | None, urge: Callable[[], None] | None = None
) -> BackendAnswer | BaseException | None:
    """Return what comes within the seconds given (None: ever), else None; meanwhile `urge` is called now and then."""
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    while time.monotonic() < deadline:
        if urge is not None:
            urge()
        with suppress(Empty):
            return answers.get(timeout=_TICK)
    return None


def _crash(name: str, error: BaseException) -> BackendFault:
    return BackendFault(name, f"crashed: {type(error).__name__}: {error}")


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
