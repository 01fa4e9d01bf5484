"""Which heuristics there are: one line each, the entry points ``mcsopt.heuristics``, and the user's own functions."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from mcsopt.errors import InputError
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
    Heuristic("greedy", ("offline-welfare",), "mcsopt.heuristics.greedy:greedy",
              "tasks in turn take their best affordable idle workers"),
    Heuristic("aspire-off", ("offline-welfare",), "mcsopt.heuristics.aspire_off:aspire_off",
              "ASPIRE-Off (Algorithm 3): one task a round moves to its best knapsack set"),
    Heuristic("density-greedy", ("knapsack",), "mcsopt.heuristics.density_greedy:density_greedy",
              "items by value per weight while they fit, or the best single item: at least half the optimum"),
)  # fmt: skip


@cache
def heuristics() -> dict[str, Heuristic]:
    """Return every heuristic by its name, those of other packages last."""
    found = {heuristic.name: heuristic for heuristic in HEURISTICS}
    for entry in entry_points(group="mcsopt.heuristics"):
        found.setdefault(entry.name, entry.load())
    return found


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
        answer = function(problem, seed=seed, **options)
        if isinstance(answer, Result):
            return answer
        if isinstance(answer, Mapping):
            answer = problem.parse_solution({**problem.solution_document(problem.empty_solution()), **answer})
        elif not isinstance(answer, type(problem.empty_solution())):
            raise InputError(
                f"heuristic {name}", f"returned a {type(answer).__name__}",
                f"return a Result, a {type(problem.empty_solution()).__name__} or a mapping with the solution's keys",
            )  # fmt: skip
        return conclude(problem, name, answer, seed=seed)

    return run


def _import(name: str) -> Callable[..., Any]:
    module_name, _, function_name = name.partition(":")
    if os.getcwd() not in sys.path:
        # A console script does not search the working directory, where a user's own module lies.
        sys.path.append(os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(
            "heuristic", f"module {module_name!r} cannot be imported ({error})",
            "name an importable module, or run from its directory",
        ) from error  # fmt: skip
    function = getattr(module, function_name, None)
    if not callable(function):
        raise InputError("heuristic", f"{module_name!r} has no function {function_name!r}", "name one of its functions")
    return function
