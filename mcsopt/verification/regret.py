"""Equilibrium regret: how much one player could still gain alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.kernels.deviations import RESPONDERS, Deviations
from mcsopt.problems import Assignment, AssignmentProblem, Problem


@dataclass(frozen=True)
class Regret:
    """The largest gain of any one player by a feasible change of its own decision, and that change.

    Attributes
    ----------
    regret : float
        The gain, >= 0; 0 means a constrained Nash equilibrium.
    task : int or None
        Who gains it; None if nobody gains, or nothing beyond rounding. Of several, the first.
    workers : tuple of int
        The set the task would deviate to; empty also where nobody gains.
    """

    regret: float
    task: int | None
    workers: tuple[int, ...]


def best_deviation(problem: Problem[Any], solution: Any) -> Regret | None:
    """Return the equilibrium regret of a plan with the deviation that attains it.

    In offline welfare and online recruitment the players are the tasks; task i may choose any feasible subset of its
    own and the idle candidate workers, or nobody where service, or restoration, is optional. Regret 0 means a
    constrained Nash equilibrium (36), (60).

    Parameters
    ----------
    problem : Problem
    solution : solution
        A feasible one.

    Returns
    -------
    Regret or None
        By exhaustive search with bounds; None if the problem is not a game.

    Raises
    ------
    TooLarge
        If exact pricing does not take the market.

    Notes
    -----
    Exact up to the rounding of set values, about 1e-12; a task that holds its best set gains exactly 0.

    Examples
    --------
    >>> from mcsopt.data import sensing_market
    >>> from mcsopt.problems import OfflineWelfare
    >>> problem = OfflineWelfare(sensing_market(tasks=8, workers=32, seed=6))
    >>> best_deviation(problem, problem.empty_solution()).task
    7
    """
    game = next((found for asked, found in GAMES.items() if isinstance(problem, asked)), None)
    return None if game is None else game(problem, solution)


def _of_tasks(problem: AssignmentProblem, plan: Assignment) -> Regret:
    """Return the best deviation where the players are the tasks."""
    deviations = Deviations(problem, plan)
    deviations.look()
    gain = deviations.gains()
    task = int(np.argmax(gain)) if len(gain) else 0
    if not len(gain) or gain[task] <= 0:
        return Regret(0.0, None, ())
    return Regret(float(gain[task]), task, deviations.response[task])


GAMES: Mapping[type[Problem[Any]], Callable[[Any, Any], Regret]] = dict.fromkeys(RESPONDERS, _of_tasks)
"""The best deviation from a feasible solution, by type of problem; a line here makes a problem a game."""


def equilibrium_regret(problem: Problem[Any], solution: Any) -> float | None:
    """Return the regret of :func:`best_deviation`; None if the problem is not a game or too large for that."""
    try:
        found = best_deviation(problem, solution)
    except TooLarge:
        return None
    return None if found is None else found.regret
