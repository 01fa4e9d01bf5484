"""Which heuristics there are: one line each, the entry points ``mcsopt.heuristics``, and the user's own functions."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
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
    Heuristic("myopic", ("finite-mdp",), "mcsopt.heuristics.myopic:myopic",
              "in every state the action of greatest expected reward at once"),
    Heuristic("rollout", ("finite-mdp",), "mcsopt.heuristics.myopic:rollout",
              "the myopic policy improved by one step of policy iteration"),
    Heuristic("coalition-formation", ("coalition-structure",),
              "mcsopt.heuristics.coalition_formation:coalition_formation",
              "Algorithm 4, repaired: transfers, swaps and splits in random order until none improves"),
    Heuristic("coalition-formation-printed", ("coalition-structure",),
              "mcsopt.heuristics.coalition_formation:coalition_formation_printed",
              "Algorithm 4 as printed: ends at the first random move that does not improve"),
    Heuristic("greedy-merge", ("coalition-structure",), "mcsopt.heuristics.coalition_formation:greedy_merge",
              "the two coalitions that gain most together merge, while any two gain"),
    Heuristic("dqn", ("finite-mdp",), "mcsopt.heuristics.dqn:dqn",
              "deep Q-network with prioritized replay, RMSprop; needs torch (extra 'learn')"),
    Heuristic("double-dqn", ("finite-mdp",), "mcsopt.heuristics.dqn:double_dqn",
              "the same with double Q-learning, three-step returns and averaged weights"),
    Heuristic("entry-exit", ("stable-coalition",), "mcsopt.heuristics.coalition_dynamics:entry_exit_dynamics",
              "players enter and leave one at a time, most to gain first; cycles detected"),
    Heuristic("greedy-coalition", ("stable-coalition",), "mcsopt.heuristics.coalition_dynamics:greedy_coalition",
              "the cheapest players, one more while the next wants to enter"),
    Heuristic("eaco", ("worker-path",), "mcsopt.heuristics.eaco:eaco",
              "EACO (Algorithm 1) as published: ants by pheromone, distance, window width and waiting"),
    Heuristic("eaco-local-search", ("worker-path",), "mcsopt.heuristics.eaco_local:eaco_local_search",
              "EACO with ants drawn to profit, and ruin and recreate on each iteration's best path"),
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
        A name of :func:`heuristics`, or the user's own: ``"path/to/file.py:function"``, or ``"module:function"``,
        looked for in the working directory too. It is called as ``function(problem, seed=seed)`` and returns a
        `Result`, a solution of the problem's type, or the keys of a solution file (``{"assignment": [...]}``).
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
            what = f"raised {type(error).__name__}: {error}{_place(error)}"
            raise InputError(f"heuristic {name}", what, "mend it; called from Python it shows the way there") from error
        seconds = {"heuristic": time.perf_counter() - began}
        with naming(f"heuristic {name}"):
            return _judged(problem, name, answer, seed, seconds)

    return run


def _place(error: BaseException) -> str:
    """Say where in the user's code an exception was raised: the innermost line that is not ours, if there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""


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
    module_name, _, function_name = name.rpartition(":")
    if os.getcwd() not in sys.path:
        # A console script does not search the working directory, where a user's own module lies.
        sys.path.append(os.getcwd())
    try:
        module = _module(module_name)
    except (Exception, SystemExit) as error:  # it may be missing, misnamed, or fail while it is executed
        what = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise InputError(
            "heuristic", f"module {module_name!r} cannot be imported ({what})",
            "name an importable module, or run from its directory",
        ) from error  # fmt: skip
    function = getattr(module, function_name, None)
    if not callable(function):
        remedy = "name one of its functions"
        beside = f"{module_name}.py"
        if os.path.exists(beside) and not os.path.samefile(getattr(module, "__file__", None) or os.curdir, beside):
            remedy = f"another module of that name hides yours: write {beside}:{function_name}"
        raise InputError("heuristic", f"{module_name!r} has no function {function_name!r}", remedy)
    return function


def _module(name: str) -> ModuleType:
    """Import a module by its name, or from its file where a path to one is given."""
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = os.path.realpath(name)
    known = f"mcsopt_own_{hashlib.sha256(path.encode()).hexdigest()[:16]}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, path)
        assert spec is not None
        assert spec.loader is not None  # the name ends in .py
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module  # as the import system does: dataclasses look their module up
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[known]
            raise
    return sys.modules[known]
