"""EACO: the enhanced ant colony optimization that plans a worker's path, as published."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mcsopt.errors import InputError
from mcsopt.heuristics.ants import Colony, Trail, check_run, iterate, prepared
from mcsopt.kernels.ant_colony import warm_up
from mcsopt.problems import WorkerPath
from mcsopt.result import Result
from mcsopt.seeds import generator

DEPOSITS = ("edge", "path")
_STREAM = 3  # of the seed, so that ants do not repeat the numbers of an instance generated with the same seed


def eaco(
    problem: WorkerPath,
    *,
    seed: int = 0,
    ants: int = 20,
    iterations: int = 50,
    weights: Sequence[float] = (1.0, 3.0, 3.0, 2.0),
    evaporation: float = 0.15,
    first_pheromone: float = 1.0,
    least_pheromone: float = 0.01,
    epsilon: float = 1.0,
    unit: float = 1.0,
    deposit: str = "edge",
    time_limit: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Let ants walk by pheromone, distance, window width and waiting time; the best path of all iterations (EACO-P3TR).

    From node i at its time an ant goes on to one of the tasks j that it can still serve, with probability in
    proportion to (after eq. (24))

        ``tau_ij^a1 (1/(epsilon + d_ij))^a2 (1/(1 + width_j))^a3 (1/(1 + wait_j))^a4``

    until there is none. Then ``tau <- (1 - rho) tau``, plus a deposit on the edges of the iteration's best path, never
    below a floor (after eqs. (25), (26)).

    Parameters
    ----------
    problem : WorkerPath
    seed : int
    ants : int
        Ants of an iteration, >= 1.
    iterations : int
        >= 0.
    weights : sequence of float, 4 numbers from 0 to 1000
        a1 of pheromone, a2 of distance, a3 of width, a4 of waiting.
    evaporation : float
        rho in [0, 1].
    first_pheromone, least_pheromone : float
        tau on every edge at first, > 0; its floor, > 0.
    epsilon : float
        Added to distances, > 0.
    unit : float
        Length of a slot in the instance's unit of time, > 0. Distance, width and wait count in slots; that 1 and
        `epsilon` are added to them makes the plan depend on it.
    deposit : {"edge", "path"}
        What an edge of the iteration's best path gets: the profit of the task it leads to, or that of the whole path.
    time_limit : float, optional
        Seconds >= 0, looked at before each iteration.
    progress : callable, optional
        Called now and then with a line of text.

    Returns
    -------
    Result
        With a trace of iterations: the ant of the best path, and the profit of that path. The path may be empty.

    Raises
    ------
    InputError
        For parameters out of range.

    Notes
    -----
    Published text, formulas lost. **Readings:** distance is the travel time; width that of the window (the text: of
    the time window of the task), not what is left of it; wait the time until the window opens. The deposit follows
    the words on (26), the expected utility from one vertex to finish the task in the next: ``"edge"``. The text gives
    no values: the defaults are ours. With ``return_to_start`` a task counts as feasible only if the direct way home
    from it is in time. Profits do not enter (24): they act through the pheromone alone.

    One iteration costs ``O(ants n m)``, m the tasks on a path.

    References
    ----------
    Stagewise trading (StagewiseTM3atch), Algorithm 1, after eqs. (24)-(26).

    Examples
    --------
    >>> from mcsopt.data.worker_paths import worker_path
    >>> plan = eaco(WorkerPath(worker_path(tasks=10, window=0.4, seed=0)), seed=0)
    >>> plan.status.value, plan.termination.value, len(plan.trace)
    ('FEASIBLE', 'finished', 50)
    """
    trail = Trail(weights, evaporation, first_pheromone, least_pheromone, epsilon, unit)
    trail.check(("pheromone", "distance", "width", "wait"))
    check_run(time_limit, ants=(ants, 1), iterations=(iterations, 0))
    if deposit not in DEPOSITS:
        raise InputError("deposit", f"is {deposit!r}", f"use one of {', '.join(map(repr, DEPOSITS))}")
    rng = generator(seed, _STREAM)
    place, began = prepared(problem, warm_up)
    colony = Colony(place, trail, ants)

    def iteration() -> tuple[int, np.ndarray, float]:
        ant = colony.walk(rng.random(colony.paths.shape))
        size, profit = colony.sizes[ant], float(colony.profits[ant])
        path = colony.paths[ant, :size].copy()
        colony.mark(path, colony.gains[ant, :size] if deposit == "edge" else profit)
        return ant, path, profit

    return iterate(
        "eaco", problem, iteration, seed=seed, iterations=iterations, time_limit=time_limit, progress=progress,
        began=began,
    )  # fmt: skip
