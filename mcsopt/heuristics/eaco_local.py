"""EACO with local search: ants that see profits, and ruin and recreate on the best path of each iteration."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mcsopt.heuristics.ants import Colony, Trail, check_number, check_run, iterate, prepared
from mcsopt.kernels.ant_colony import warm_up as warm_up_ants
from mcsopt.kernels.path_search import CONTROLS, improve, warm_up
from mcsopt.kernels.worker_paths import collected
from mcsopt.problems import WorkerPath
from mcsopt.result import Result
from mcsopt.seeds import generator

_STREAM = 4  # of the seed; 3 is that of EACO as published


def eaco_local_search(
    problem: WorkerPath,
    *,
    seed: int = 0,
    ants: int = 20,
    iterations: int = 20,
    steps: int = 250,
    threshold: float = 0.03,
    weights: Sequence[float] = (1.0, 1.0, 0.0, 1.0, 1.0),
    evaporation: float = 0.15,
    first_pheromone: float = 1.0,
    least_pheromone: float = 0.01,
    epsilon: float = 1.0,
    unit: float | None = None,
    time_limit: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Let ants walk as in `eaco`, but drawn to profit, and improve the best path of each iteration; not as published.

    The transition weight gets the factor ``(profit_j / greatest profit)^a5``, with at least a thousandth. The best path
    of an iteration goes through `steps` steps of ruin and recreate with threshold accepting before it is judged and
    before its edges are marked: each step drops neighbours in the path, or tasks drawn anywhere, then inserts, while
    one fits, the task of greatest ``chance * profit^1.5 / added time``. Tasks are so exchanged, moved and reordered.
    Deposits are shares of the greatest profit, so that the run does not depend on the unit of profits.

    Parameters
    ----------
    problem : WorkerPath
    seed : int
    ants, iterations : int
        As in `eaco`.
    steps : int
        Steps of ruin and recreate in an iteration, >= 0.
    threshold : float
        By which share of the best profit a step may first lose, in [0, 1]; it falls to 0 within an iteration.
    weights : sequence of float, 5 numbers from 0 to 1000
        Of pheromone, distance, width, wait and profit.
    evaporation, first_pheromone, least_pheromone, epsilon
        As in `eaco`.
    unit : float, optional
        As in `eaco`; None: a hundredth of the horizon, so that the run does not depend on the unit of time.
    time_limit, progress
        As in `eaco`.

    Returns
    -------
    Result
        With a trace of iterations: the ant whose path was improved, and the profit after that.

    Raises
    ------
    InputError
        For parameters out of range.

    Notes
    -----
    Travel may be asymmetric and break the triangle inequality; a path may then go home over a task from which the
    direct way would be too long. Whether an insertion is feasible is known in O(1), by latest starts of all that
    follows; with profits that fall over time its worth takes the rest of the path. A step costs ``O(k n m)`` for k
    insertions into a path of m tasks.

    References
    ----------
    Schrimpf, Schneider, Stamm-Wilbrandt, Dueck, Record breaking optimization results using the ruin and recreate
    principle, J. Comput. Phys. 159, 2000. Vansteenwegen, Souffriau, Vanden Berghe, Van Oudheusden, Iterated local
    search for the team orienteering problem with time windows, Computers & Operations Research 36, 2009: the latest
    starts.

    Examples
    --------
    >>> from mcsopt.data.worker_paths import worker_path
    >>> problem = WorkerPath(worker_path(tasks=30, window=0.4, seed=0))
    >>> from mcsopt.heuristics.eaco import eaco
    >>> eaco_local_search(problem).objective > eaco(problem).objective
    True
    """
    horizon = float(problem.instance.horizon)
    trail = Trail(
        weights, evaporation, first_pheromone, least_pheromone, epsilon,
        unit if unit is not None else horizon / 100 or 1.0,
    )  # fmt: skip
    trail.check(("pheromone", "distance", "width", "wait", "profit"))
    check_run(time_limit, ants=(ants, 1), iterations=(iterations, 0), steps=(steps, 0))
    check_number("threshold", threshold, 0.0, 1.0)
    rng = generator(seed, _STREAM)
    warm_up_ants()
    place, began = prepared(problem, warm_up)
    colony, greatest = Colony(place, trail, ants), place.table.max() or 1.0

    def iteration() -> tuple[int, np.ndarray, float]:
        ant = colony.walk(rng.random(colony.paths.shape))
        path = colony.paths[ant].copy()
        draws = rng.random((steps, CONTROLS + len(place.open)))
        size = improve(place, path, int(colony.sizes[ant]), draws, float(threshold))
        path, profit = path[:size], collected(place, path, size)
        colony.mark(path, place.table[place.table_start[path]] / greatest)
        return ant, path, profit

    return iterate(
        "eaco-local-search", problem, iteration, seed=seed, iterations=iterations, time_limit=time_limit,
        progress=progress, began=began,
    )  # fmt: skip
