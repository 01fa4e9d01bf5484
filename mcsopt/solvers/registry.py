"""Who solves what: one line per solver, loaded on first use."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from mcsopt.errors import InputError
from mcsopt.plugins import with_plugins
from mcsopt.problems import Problem
from mcsopt.result import Result

EVERY = ("every problem",)


@dataclass(frozen=True)
class Settings:
    """What a run of a solver may use.

    Parameters
    ----------
    time_limit : float, optional
        Wall-clock seconds, >= 0; None: none. A solver returns soon after it, with what it has.
    start : object, optional
        A solution to start from; an infeasible one is ignored.
    seed : int
        Seed of a randomized solver.
    progress : callable, optional
        Called now and then with a line of text.
    gap : float
        Relative gap, >= 0, at which a solver may stop, whatever else it could prove; 0: none.
    """

    time_limit: float | None = None
    start: Any = None
    seed: int = 0
    progress: Callable[[str], None] | None = None
    gap: float = 0.0

    def __post_init__(self) -> None:
        if self.time_limit is not None and not self.time_limit >= 0:
            raise InputError("time_limit", f"is {self.time_limit}", "give seconds >= 0")
        if not 0 <= self.gap < math.inf:
            raise InputError("gap", f"is {self.gap}", "give a relative gap >= 0, for example 0.001")

    def report(self, line: str) -> None:
        """Pass a line on to `progress`, if there is one."""
        if self.progress is not None:
            self.progress(line)


@dataclass(frozen=True)
class Solver:
    """One exact method or bound.

    Attributes
    ----------
    name : str
        Name on the command line.
    problems : tuple of str
        Problems it solves; `EVERY` for what works on any statement or ground truth.
    module : str
        Module with ``solve(problem, settings) -> Result``.
    summary : str
        What it does and up to which size.
    evidence : bool
        Whether its results carry evidence that the certificate checker accepts.
    """

    name: str
    problems: tuple[str, ...]
    module: str
    summary: str
    evidence: bool = False

    def takes(self, problem_name: str) -> bool:
        """Whether it solves the problem of that name."""
        return self.problems == EVERY or problem_name in self.problems

    def solve(self, problem: Problem[Any], settings: Settings) -> Result:
        """Import the solver's module and run it."""
        result: Result = importlib.import_module(self.module).solve(problem, settings)
        return result


SOLVERS: tuple[Solver, ...] = (
    Solver("branch-and-price", ("offline-welfare", "online-recruitment"), "mcsopt.solvers.branch_and_price",
           "branch and price over all feasible worker sets; proves 80 tasks x 300 workers, with evidence",
           evidence=True),
    Solver("linear-bound", ("offline-welfare",), "mcsopt.solvers.linear_bound",
           "linear bound that ignores redundancy, and a greedy plan; any size, with evidence",
           evidence=True),
    Solver("knapsack", ("knapsack",), "mcsopt.solvers.knapsack",
           "branch and bound from the break item, exact on real numbers; 10,000 items and more, with evidence",
           evidence=True),
    Solver("central", ("central-coalition",), "mcsopt.solvers.central_coalition",
           "closed form; any size, with evidence",
           evidence=True),
    Solver("stable-coalition", ("stable-coalition",), "mcsopt.solvers.stable_coalition",
           "closed-form cell bounds, best first; proves, with evidence; 100,000 players and more",
           evidence=True),
    Solver("coalition-enumeration", ("stable-coalition",), "mcsopt.solvers.coalition_enumeration",
           "all coalitions by meeting in the middle; up to 36 players"),
    Solver("dynamic-programming", ("finite-mdp",), "mcsopt.solvers.dynamic_programming",
           "backward induction, or value iteration with two-sided bounds finished by policy iteration; with evidence",
           evidence=True),
    Solver("label-setting", ("worker-path",), "mcsopt.solvers.label_setting",
           "label setting with prices and bounds on completions; proves 50 tasks, windows of 40 %, with evidence",
           evidence=True),
    Solver("subset-program", ("coalition-structure",), "mcsopt.solvers.subset_program",
           "prices of the players, then dynamic programming over all subsets; up to 24 players, with evidence",
           evidence=True),
    Solver("path-subsets", ("worker-path",), "mcsopt.solvers.path_subsets",
           "dynamic program over all sets of tasks; up to 20 tasks, windows of any width"),
    Solver("highs", EVERY, "mcsopt.solvers.highs",
           "the Pyomo statement in HiGHS; offline welfare up to 200,000 feasible sets, 300 players"),
    Solver("cp-sat", EVERY, "mcsopt.solvers.cp_sat",
           "the CP-SAT statement in OR-Tools; offline welfare up to 200,000 feasible sets, 300 players"),
    Solver("enumeration", EVERY, "mcsopt.solvers.enumeration",
           "independent brute force, for a dozen or so decisions: the oracle of the others"),
)  # fmt: skip


@cache
def solvers() -> dict[str, Solver]:
    """Return every solver by its name, those of other packages (entry points ``mcsopt.solvers``) last."""
    return with_plugins(SOLVERS, "mcsopt.solvers")


def solvers_of(problem_name: str) -> list[Solver]:
    """Return the solvers of a problem, the preferred one first."""
    # Those made for the problem first, so that a method of another package is preferred to a backend.
    return sorted((s for s in solvers().values() if s.takes(problem_name)), key=lambda s: s.problems == EVERY)


def solver(name: str, problem_name: str) -> Solver:
    """Return the solver called `name`; `InputError` lists those that take the problem."""
    names = [candidate.name for candidate in solvers_of(problem_name)]
    if name not in names:
        raise InputError("solver", f"{name!r} does not solve {problem_name}", f"use one of {', '.join(names)}")
    return solvers()[name]
