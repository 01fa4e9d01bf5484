"""Worker paths by dynamic programming over sets of tasks: few tasks, windows of any width."""

from __future__ import annotations

import math
import time

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import TooLarge
from mcsopt.kernels import path_subsets
from mcsopt.kernels.path_map import PathMap, path_map
from mcsopt.problems import Route, WorkerPath
from mcsopt.problems.worker_path import WorkerPathInstance
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.start import best_feasible

METHOD = "path-subsets"
MOST_TASKS = 20
"""Tasks of which all sets are held: 2^20 sets times 20 last tasks, 168 MB."""
SETS = 1 << 14
"""Sets between two looks at the clock."""
SLACK = 1e-12
"""Relative rounding of a sum of profits, counted on the safe side."""


def place_of(instance: WorkerPathInstance) -> PathMap:
    """Return an instance as the kernels take it."""
    return path_map(
        (instance.open, instance.close), instance.service, instance.travel, instance.horizon, tolerances.TIME,
        instance.return_to_start, instance.tables,
    )  # fmt: skip


def takes(instance: WorkerPathInstance) -> bool:
    """Whether the sets of tasks are few enough, and worth what they are worth at any time."""
    return instance.num_tasks <= MOST_TASKS and all(len(table) == 1 for table in instance.tables)


class Program:
    """The program over the sets of one instance, stopped and resumed between sets."""

    def __init__(self, place: PathMap) -> None:
        tasks = len(place.open) - 1
        self.place, self.sets, self.done = place, 1 << tasks, 0
        self.soonest, self.total = np.full((self.sets, tasks), math.inf), np.zeros(self.sets)
        self.best = np.zeros(3)

    @property
    def value(self) -> float:
        """Profit of the best path found."""
        return float(self.best[path_subsets.VALUE])

    def advance(self) -> bool:
        """Extend some more sets; return whether any is left."""
        high = min(self.done + SETS, self.sets)
        path_subsets.extend(self.place, self.soonest, self.total, self.best, self.done, high)
        self.done = high
        return high < self.sets

    def route(self) -> Route:
        """Return the best path found."""
        _, chosen, last = self.best
        return Route(path_subsets.path_of(self.place, self.soonest, int(chosen), int(last)))


def solve(problem: WorkerPath, settings: Settings) -> Result:
    """Find the best set of tasks that some order serves in time.

    Parameters
    ----------
    problem : WorkerPath
        Up to 20 tasks, each with one profit; half a second and 170 MB for 20.
    settings : Settings
        `time_limit`, `start`.

    Returns
    -------
    Result
        The optimum and a bound equal to it but for rounding; stopped early, the best path found, and no bound.

    Raises
    ------
    TooLarge
        For more tasks, or profits that depend on time.

    References
    ----------
    Held, Karp, A dynamic programming approach to sequencing problems, Journal of SIAM 10, 1962.
    """
    instance = problem.instance
    if not takes(instance):
        raise TooLarge(f"{METHOD} takes up to {MOST_TASKS} tasks with one profit each: use label-setting")
    began = time.perf_counter()
    route, value = best_feasible(problem, (problem.empty_solution(), settings.start))
    deadline = began + (math.inf if settings.time_limit is None else settings.time_limit)
    program, termination, bound = Program(place_of(instance)), Termination.FINISHED, None
    try:
        more = True
        while more:
            if time.perf_counter() >= deadline:
                termination = Termination.TIME
                break
            more = program.advance()
        else:
            bound = max(program.value, float(value or 0.0)) * (1 + SLACK)
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    if program.value > float(value or 0.0):
        route = program.route()
    return conclude(
        problem,
        METHOD,
        route,
        dual_bound=bound,
        assurance=None if bound is None else Assurance.FLOAT,
        termination=termination,
        seconds={"solve": time.perf_counter() - began},
    )
