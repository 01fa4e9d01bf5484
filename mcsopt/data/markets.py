"""Generated crowdsensing markets in the ranges of the literature, at constant density, from 1 to 10,000 tasks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from mcsopt.errors import InputError
from mcsopt.problems import SensingMarket
from mcsopt.seeds import generator


@dataclass(frozen=True)
class QualityModel:
    """How quality falls with distance: ``median * (theta / 50) * exp(N(0, spread)) / (1 + d / decay)``.

    Attributes
    ----------
    median : float
        Quality of an average worker at the task.
    spread : float
        Standard deviation of the logarithm.
    decay : float
        Distance in km at which quality has halved.
    """

    median: float
    spread: float
    decay: float


VARIANTS = {
    # About half of the tasks are served at the optimum (0.35 to 0.70 over sizes and seeds), mostly from nearby.
    "default": QualityModel(median=13.0, spread=0.15, decay=4.0),
    # Nearly equal qualities: thousands of plans within a hair of the best, and little to prune by.
    "hard": QualityModel(median=10.5, spread=0.05, decay=30.0),
}


def sensing_market(
    *,
    tasks: int = 40,
    workers: int = 160,
    seed: int = 0,
    variant: str = "default",
    candidates: int | None = None,
    service: str = "optional",
) -> SensingMarket:
    """Draw a crowdsensing market.

    Tasks and workers are uniform in a square of side ``10 sqrt(tasks / 40)`` km, so that the number of workers within
    reach of a task does not change with the size. Uniform ranges of the paper: arrival [0.56, 0.96], capability theta
    [45, 55], payment [40, 55] (on a grid of 0.1), budget [200, 250], demand [20, 28], redundancy [0.05, 0.40], mu
    [0.2, 0.8] per km, lambda [1, 5], privacy budget [0.1, 5], ``omega3 = 7``, ``rho1 = rho2 = 0.2``. Cost:
    ``4 mu d + lambda / eps``. A pair is a candidate if the worker reports an intent, with probability 0.6, and the
    payment covers the cost. Intent priors are uniform in [0.3, 0.7].

    Parameters
    ----------
    tasks, workers : int
        Numbers of tasks and workers, >= 1 and >= 0.
    seed : int
        Any integer >= 0; the same arguments give the same market.
    variant : {"default", "hard"}
        See `VARIANTS`.
    candidates : int, optional
        Keep only the nearest so many willing workers of each task; memory is then linear in ``tasks * candidates``.
        None: all.
    service : {"optional", "required"}
        Whether a task may stay without workers.

    Returns
    -------
    SensingMarket
        Positions in km.

    Raises
    ------
    InputError
        For numbers out of range or an unknown variant.

    Examples
    --------
    >>> market = sensing_market(tasks=4, workers=12, seed=0)
    >>> market.num_tasks, market.num_workers
    (4, 12)
    """
    check_market_size(tasks, workers, candidates, variant)
    rng = generator(seed)
    side = 10 * np.sqrt(tasks / 40)
    task_xy, worker_xy = rng.uniform(0, side, (tasks, 2)), rng.uniform(0, side, (workers, 2))
    budget, demand = rng.uniform(200, 250, tasks), rng.uniform(20, 28, tasks)
    redundancy = rng.uniform(0.05, 0.40, tasks)
    arrival, theta = rng.uniform(0.56, 0.96, workers), rng.uniform(45, 55, workers)
    mu, privacy_cost = rng.uniform(0.2, 0.8, workers), rng.uniform(1, 5, workers)
    privacy_budget = rng.uniform(0.1, 5, workers)

    pair_task, pair_worker, distance = _neighbours(task_xy, worker_xy, candidates)
    pairs = len(pair_task)
    model = VARIANTS[variant]
    quality = model.median * (theta[pair_worker] / 50) * np.exp(rng.normal(0, model.spread, pairs))
    # Rounded: the last bits of exponentials and distances depend on the processor, and digests must not.
    quality = np.round(quality / (1 + distance / model.decay), 9)
    cost = np.round(4 * mu[pair_worker] * distance + (privacy_cost / privacy_budget)[pair_worker], 9)
    payment = np.round(rng.uniform(40, 55, pairs), 1)
    prior = rng.uniform(0.3, 0.7, pairs)
    keep = (rng.random(pairs) < 0.6) & (payment >= cost)
    if candidates is not None:
        # Pairs come by task and increasing distance: keep the first so many of each task.
        rank = np.cumsum(keep) - np.concatenate([[0], np.cumsum(keep)])[np.searchsorted(pair_task, pair_task)]
        keep &= rank <= candidates
    return SensingMarket(
        budget=budget, demand=demand, redundancy=redundancy, arrival=arrival,
        pair_task=pair_task[keep], pair_worker=pair_worker[keep], payment=payment[keep], cost=cost[keep],
        quality=quality[keep], intent_prior=prior[keep], privacy_budget=privacy_budget, service=service,
        task_x=task_xy[:, 0], task_y=task_xy[:, 1], worker_x=worker_xy[:, 0], worker_y=worker_xy[:, 1],
    )  # fmt: skip


def _neighbours(
    task_xy: np.ndarray, worker_xy: np.ndarray, candidates: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (task, worker, distance) of the pairs worth drawing, by task and increasing distance."""
    tasks, workers = len(task_xy), len(worker_xy)
    # Six in ten report an intent and most payments cover the cost: twice as many neighbours are enough, nearly always.
    reach = workers if candidates is None else min(workers, 2 * candidates + 20)
    if reach == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    distance, worker = cKDTree(worker_xy).query(task_xy, k=reach)
    distance, worker = distance.reshape(tasks, reach), worker.reshape(tasks, reach)
    return np.repeat(np.arange(tasks), reach), worker.ravel().astype(np.int64), distance.ravel()


def check_market_size(tasks: int, workers: int, candidates: int | None, variant: str) -> None:
    """Refuse numbers out of range and unknown variants."""
    for name, value, low in (("tasks", tasks, 1), ("workers", workers, 0), ("candidates", candidates, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < low):
            raise InputError(name, f"is {value!r}", f"give an integer >= {low}")
    if variant not in VARIANTS:
        raise InputError("variant", f"is {variant!r}", f"use one of {', '.join(map(repr, VARIANTS))}")
