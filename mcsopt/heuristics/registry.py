"""Which heuristics there are: one line each, the entry points ``mcsopt.heuristics``, and the user's own functions."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from mcsopt.errors import InputError, McsoptError, naming
from mcsopt.plugins import with_plugins
from mcsopt.problems import Problem
from mcsopt.result import Result, conclude


@dataclass(frozen=True)
class Heuristic:
    """One algorithm under its published name.

    Attributes
    ----------
    name : str
        Name on the command line.
    problems : tuple of str
        Problems it plans for.
    function : str
        ``"module:function"``; called as ``function(problem, seed=...)``.
    summary : str
        One line.
    """

    name: str
    problems: tuple[str, ...]
    function: str
    summary: str


HEURISTICS: tuple[Heuristic, ...] = (
    Heuristic("greedy", ("offline-welfare", "online-recruitment"), "mcsopt.heuristics.greedy:greedy",
              "tasks in turn take their best affordable idle workers"),
    Heuristic("aspire-off", ("offline-welfare",), "mcsopt.heuristics.aspire_off:aspire_off",
              "ASPIRE-Off (Algorithm 3): one task a round moves to its best knapsack set"),
    Heuristic("aspire-on", ("online-recruitment",), "mcsopt.heuristics.aspire_on:aspire_on",
              "ASPIRE-On (Algorithm 4): one unmet task a round moves to its best knapsack set"),
    Heuristic("best-response", ("offline-welfare", "online-recruitment"),
              "mcsopt.heuristics.best_response:best_response",
              "one task a round moves to its exact best response: ends at a constrained equilibrium"),
    Heuristic("density-greedy", ("knapsack",), "mcsopt.heuristics.density_greedy:density_greedy",
              "items by value per weight while they fit, or the best single item: at least half the optimum"),
    Heuristic("entry-exit", ("stable-coalition",), "mcsopt.heuristics.coalition_dynamics:entry_exit_dynamics",
              "players enter and leave one at a time, most to gain first; cycles detected"),
    Heuristic("greedy-coalition", ("stable-coalition",), "mcsopt.heuristics.coalition_dynamics:greedy_coalition",
              "the cheapest players, one more while the next wants to enter"),
)  # fmt: skip


@cache
def heuristics() -> dict[str, Heuristic]:
    """Return every heuristic by its name, those of other packages last."""
    return with_plugins(HEURISTICS, "mcsopt.heuristics")


def load_heuristic(name: str, problem: Problem[Any]) -> Callable[..., Result]:
    """Return a heuristic as ``run(problem, seed=...) -> Result``.

    Parameters
    ----------
    name : str
        A name of :func:`heuristics`, or ``"module:function"`` of the user's own, looked for in the working directory
        too. Such a function is called as ``function(problem, seed=seed)`` and returns a `Result`, a solution of the
        problem's type, or the keys of a solution file (``{"assignment": [...]}``).
    problem : Problem

    Raises
    ------
    InputError
        If the name is unknown, does not fit the problem, or cannot be imported.
    """
    if ":" in name:
        return _own(name)
    known = heuristics()
    fitting = [h.name for h in known.values() if problem.name in h.problems]
    if name not in fitting:
        what = "is not known" if name not in known else f"does not plan for {problem.name}"
        choices = ", ".join([*fitting, "module:function of your own"])
        raise InputError("heuristic", f"{name!r} {what}", f"use one of {choices}")
    function: Callable[..., Result] = _import(known[name].function)
    return function


def _own(name: str) -> Callable[..., Result]:
    function = _import(name)

    def run(problem: Problem[Any], *, seed: int = 0, **options: Any) -> Result:
        began = time.perf_counter()
        try:
            answer = function(problem, seed=seed, **options)
        except McsoptError:
            raise
        except (Exception, SystemExit) as error:  # the user's own code may raise whatever it likes
            what = f"raised {type(error).__name__}: {error}"
            raise InputError(f"heuristic {name}", what, "mend it; called from Python it shows where") from error
        seconds = {"heuristic": time.perf_counter() - began}
        with naming(f"heuristic {name}"):
            return _judged(problem, name, answer, seed, seconds)

    return run


def _judged(problem: Problem[Any], name: str, answer: Any, seed: int, seconds: dict[str, float]) -> Result:
    """Evaluate whatever a user's function returned anew: nobody's word is taken for it."""
    if not isinstance(answer, Result):
        return conclude(problem, name, problem.as_solution(answer), seed=seed, seconds=seconds)
    run = answer
    solution = None if run.solution is None else problem.as_solution(run.solution)
    return conclude(
        problem, name, solution, termination=run.termination, seconds=run.seconds or seconds, seed=run.seed,
        trace=run.trace, message=run.message,
    )  # fmt: skip


def _import(name: str) -> Callable[..., Any]:
    module_name, _, function_name = name.partition(":")
    if os.getcwd() not in sys.path:
        # A console script does not search the working directory, where a user's own module lies.
        sys.path.append(os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # it may be missing, misnamed, or fail while it is executed
        what = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise InputError(
            "heuristic", f"module {module_name!r} cannot be imported ({what})",
            "name an importable module, or run from its directory",
        ) from error  # fmt: skip
    function = getattr(module, function_name, None)
    if not callable(function):
        raise InputError("heuristic", f"{module_name!r} has no function {function_name!r}", "name one of its functions")
    return function
