"""All that chance decides in one epoch of a market, drawn once: every method meets the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsopt.data.private_markets import PrivateMarket
from mcsopt.privacy import Calibration, primer, report
from mcsopt.seeds import generator

_STREAM = 5  # of the seed, so that scenarios do not repeat the numbers of their market

DISTORTION_CAP = 0.35
ERROR_FLOOR = 0.30
UPLINK, DOWNLINK = (0.5, 11.0), (0.5, 4.0)
"""Latency of a message, milliseconds (section 6.3)."""
WORKER_POWER, TASK_POWER = (0.2, 0.4), (6.0, 20.0)
"""Transmission power, watts."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """One market, what its workers want and report, who comes, and what a message costs.

    Attributes
    ----------
    market : PrivateMarket
    calibration : Calibration
        PRIMER's budgets; NaN: the worker opts out.
    intents : array of bool, shape (J, I)
        ``b_ij``, true intents.
    reports : array of bool, shape (J, I)
        MIRROR's permanent reports of the epoch, of the workers with a budget; False in the rows of the others.
    later_reports : array of bool, shape (J, I)
        What a worker without memory reports in the online stage, with fresh noise.
    arrived : array of bool, shape (J,)
        ``alpha_j``.
    uplink, downlink : array of float, shape (I, J)
        Milliseconds a message takes from worker to task and back.
    worker_power, task_power : array of float, shape (J,) and (I,)
        Watts.
    seed : int
    """

    market: PrivateMarket
    calibration: Calibration
    intents: np.ndarray
    reports: np.ndarray
    later_reports: np.ndarray
    arrived: np.ndarray
    uplink: np.ndarray
    downlink: np.ndarray
    worker_power: np.ndarray
    task_power: np.ndarray
    seed: int


def draw_scenario(
    market: PrivateMarket,
    *,
    seed: int = 0,
    distortion_cap: float = DISTORTION_CAP,
    error_floor: float = ERROR_FLOOR,
    search: str = "scan",
) -> Scenario:
    """Calibrate budgets, and draw intents, reports, arrivals and the costs of messages.

    Parameters
    ----------
    market : PrivateMarket
    seed : int
        Of everything drawn here; the market has a seed of its own.
    distortion_cap, error_floor : float
        ``Q_max`` and ``beta0`` of PRIMER.
    search : {"scan", "exact"}
        PRIMER's method.

    Raises
    ------
    InputError
        If no worker can meet both requirements: which miss them, and by how much.

    Examples
    --------
    >>> from mcsopt.data.private_markets import private_market
    >>> scenario = draw_scenario(private_market(tasks=4, workers=12, seed=0), seed=1)
    >>> scenario.reports.shape, bool(scenario.calibration.feasible.any())
    ((12, 4), True)
    """
    calibration = primer(
        market.prior.T, distortion_cap=distortion_cap, error_floor=error_floor, flip_weight=market.flip_weight,
        method=search,
    ).require_someone()  # fmt: skip
    rng = generator(seed, _STREAM)
    tasks, workers = market.num_tasks, market.num_workers
    intents = rng.random((workers, tasks)) < market.prior.T
    reports, later = np.zeros((2, workers, tasks), dtype=bool)
    able = calibration.feasible
    for drawn in (reports, later):
        drawn[able] = report(intents[able], calibration.epsilon[able], simulated=rng)
    return Scenario(
        market=market, calibration=calibration, intents=intents, reports=reports, later_reports=later,
        arrived=rng.random(workers) < market.arrival,
        uplink=rng.uniform(*UPLINK, (tasks, workers)), downlink=rng.uniform(*DOWNLINK, (tasks, workers)),
        worker_power=rng.uniform(*WORKER_POWER, workers), task_power=rng.uniform(*TASK_POWER, tasks), seed=seed,
    )  # fmt: skip
