"""What the ant colonies share: ants walk, the best path of an iteration is marked, the best of all is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.errors import InputError
from mcsopt.kernels.ant_colony import walk
from mcsopt.kernels.worker_paths import Place, place_of
from mcsopt.problems import Route, WorkerPath
from mcsopt.result import Result, Termination, TraceStep, conclude

_FAR = 1e300
"""Multiples of the unit of time from which on distances look alike: their logarithms stay finite."""
_MOST = 1000.0
"""Greatest weight: above 100 the draw is a choice of the largest factor anyway."""
_SMALL_PROFIT = 1e-3
"""Share of the greatest profit that a task counts for at least, so that worthless tasks have a logarithm too."""


@dataclass(frozen=True)
class Trail:
    """How ants choose and what they leave; names as in `eaco`.

    `weights` are those of pheromone, distance, width, wait and, optionally, profit.
    """

    weights: Sequence[float]
    evaporation: float
    first_pheromone: float
    least_pheromone: float
    epsilon: float
    unit: float

    def check(self, names: Sequence[str]) -> None:
        """Raise `InputError` for what is out of range; `names` are those of the weights."""
        weights = self.weights
        if not isinstance(weights, (tuple, list)) or len(weights) != len(names):
            raise InputError("weights", f"is {weights!r}", f"give {len(names)} numbers: {', '.join(names)}")
        for k, weight in enumerate(weights):
            check_number(f"weights[{k}]", weight, 0.0, _MOST)
        check_number("evaporation", self.evaporation, 0.0, 1.0)
        for name in ("first_pheromone", "least_pheromone", "epsilon", "unit"):
            check_number(name, getattr(self, name), 0.0, math.inf, above=True)


class Colony:
    """Ants of one instance, and the pheromone on its edges.

    Parameters
    ----------
    place : Place
        Of n nodes.
    trail : Trail
    ants : int
    """

    def __init__(self, place: Place, trail: Trail, ants: int) -> None:
        nodes = len(place.open)
        self.place, self.trail = place, trail
        self.pheromone = np.full((nodes, nodes), float(trail.first_pheromone))
        self.paths = np.zeros((ants, nodes - 1), dtype=np.int64)
        self.gains, self.sizes, self.profits = (
            np.zeros((ants, nodes - 1)),
            np.zeros(ants, dtype=np.int64),
            np.zeros(ants),
        )
        self.fixed = self._fixed()

    def _fixed(self) -> np.ndarray:
        """Return the logarithms of all factors of (24) that change neither with time nor with the pheromone."""
        _, by_distance, by_width, _, *by_profit = self.trail.weights
        place, unit = self.place, self.trail.unit
        with np.errstate(over="ignore"):
            distance = np.minimum(place.travel / unit, _FAR)
            width = np.minimum((place.close - place.open) / unit, _FAR)
        fixed = -by_distance * np.log(self.trail.epsilon + distance) - by_width * np.log1p(width)
        profit = place.table[place.table_start[:-1]]
        if by_profit and profit.max() > 0:
            fixed += by_profit[0] * np.log(np.maximum(profit / profit.max(), _SMALL_PROFIT))
        return fixed

    def walk(self, draws: np.ndarray) -> int:
        """Let all ants walk and return the one of greatest profit (ties: the first)."""
        by_pheromone, _, _, by_wait, *_ = self.trail.weights
        logit = self.fixed + by_pheromone * np.log(self.pheromone)
        walk(self.place, logit, float(by_wait), float(self.trail.unit), draws, self.paths, self.gains, self.sizes,
             self.profits)  # fmt: skip
        return int(np.argmax(self.profits))

    def mark(self, path: np.ndarray, amount: np.ndarray | float) -> None:
        """Let pheromone evaporate, deposit amounts on the edges of a path, and keep all at the floor or more."""
        self.pheromone *= 1 - self.trail.evaporation
        tails = np.concatenate([[0], path])[: len(path)]
        self.pheromone[tails, path] += np.maximum(amount, 0.0)
        np.maximum(self.pheromone, self.trail.least_pheromone, out=self.pheromone)


Iteration = Callable[[], tuple[int, np.ndarray, float]]
"""Run one iteration; return the ant, its path, and the profit of that path."""


def iterate(
    name: str,
    problem: WorkerPath,
    iteration: Iteration,
    *,
    seed: int,
    iterations: int,
    time_limit: float | None,
    progress: Callable[[str], None] | None,
    began: float,
) -> Result:
    """Repeat an iteration and return the best path of all; Ctrl-C and the time limit keep the best so far."""
    best, profit = Route(()), 0.0
    trace: list[TraceStep] = []
    termination = Termination.FINISHED
    try:
        for round_ in range(iterations):
            if time_limit is not None and time.perf_counter() - began >= time_limit:
                termination = Termination.TIME
                break
            ant, path, found = iteration()
            trace.append(TraceStep(round_, ant, found))
            if found > profit:
                best, profit = Route(path.tolist()), found
            if progress is not None and round_ % 10 == 9:
                progress(f"{name}: iteration {round_ + 1}, profit {profit:.3f}")
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    return conclude(
        problem, name, best, termination=termination, seed=seed, trace=tuple(trace),
        seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip


def prepared(problem: WorkerPath, warm_up: Callable[[], None]) -> tuple[Place, float]:
    """Return the arrays of a problem and when its run began: not before the kernels are compiled."""
    warm_up()
    return place_of(problem.instance), time.perf_counter()


def check_run(time_limit: float | None, **counts: tuple[Any, int]) -> None:
    """Raise `InputError` for a count, given with its least value, that is none or below it, or a bad time limit."""
    for name, (value, low) in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise InputError(name, f"is {value!r}", f"give an integer >= {low}")
    if time_limit is not None:
        check_number("time_limit", time_limit, 0.0, math.inf, or_none=True)


def check_number(name: str, value: Any, low: float, high: float, *, above: bool = False, or_none: bool = False) -> None:
    """Raise `InputError` unless a number is from `low` to `high`, or above `low`; infinity is no number."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if number and math.isfinite(value) and (low < value if above else low <= value) and value <= high:
        return
    what = f"a number {'>' if above else '>='} {low:g}" if high == math.inf else f"a number from {low:g} to {high:g}"
    raise InputError(name, f"is {value!r}", f"give {what}{' or None' if or_none else ''}")
