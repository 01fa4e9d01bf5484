"""What a search starts from: the best solution known before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcsopt.problems import Problem


def best_feasible(problem: Problem[Any], solutions: Iterable[Any]) -> tuple[Any, float | None]:
    """Return the best feasible one of some solutions, the first of equals, and its value; both None if none is.

    Parameters
    ----------
    problem : Problem
    solutions : iterable
        In the problem's type; None is passed over.

    Examples
    --------
    >>> from mcsopt.problems import Knapsack, KnapsackInstance, Packing
    >>> problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))
    >>> best_feasible(problem, (None, Packing([0, 1, 2]), Packing([1]), Packing([])))
    (Packing(items=(1,)), 5.0)
    """
    best, value = None, None
    for solution in solutions:
        if solution is not None and not problem.violations(solution):
            worth = problem.evaluate(solution)
            if value is None or problem.sense.better(worth, value):
                best, value = solution, worth
    return best, value
