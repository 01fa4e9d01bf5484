"""Random worker paths: tasks scattered on a square, each with a window that takes a share of the horizon."""

from __future__ import annotations

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems import WorkerPathInstance
from mcsopt.seeds import generator

HORIZON = 100
SIDE = 25.0
"""A worker crosses the square in a quarter of the horizon, and reaches a dozen tasks or so."""


def worker_path(
    tasks: int = 50,
    window: float = 0.2,
    integer: bool = False,
    tables: bool = False,
    return_to_start: bool = False,
    seed: int = 0,
) -> WorkerPathInstance:
    """Draw tasks uniformly on a square of side 25; the horizon is 100, speed 1.

    Service takes U[1, 5], profits are U[1, 10], a window takes a share of the horizon and opens uniformly within the
    rest. The start is in the middle of the square.

    Parameters
    ----------
    tasks : int
        Number of tasks, >= 0.
    window : float
        Length of each window as a share of the horizon, in [0, 1].
    integer : bool
        Whether all times are integers, travel and service rounded up. Rounding up keeps the triangle inequality.
    tables : bool
        Whether profits fall linearly to a half of their first value over their windows; times are then integers.
    return_to_start : bool
        Whether the worker must be back in time.
    seed : int

    Raises
    ------
    InputError
        For a negative number of tasks or a share outside [0, 1].

    Examples
    --------
    >>> drawn = worker_path(tasks=3, window=0.2, seed=0)
    >>> (drawn.close - drawn.open)[1:].round(9).tolist(), drawn.horizon
    ([20.0, 20.0, 20.0], 100.0)
    """
    if tasks < 0:
        raise InputError("tasks", f"is {tasks}", "give a number >= 0")
    if not 0 <= window <= 1:
        raise InputError("window", f"is {window}", "give a share of the horizon from 0 to 1")
    rng = generator(seed)
    place = _places(tasks, rng)
    travel = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    service = np.concatenate([[0.0], rng.uniform(1, 5, tasks)])
    profit = np.concatenate([[0.0], rng.uniform(1, 10, tasks)])
    opened = np.concatenate([[0.0], rng.uniform(0, HORIZON * (1 - window), tasks)])
    length = np.concatenate([[float(HORIZON)], np.full(tasks, HORIZON * window)])
    if integer or tables:
        travel, service, opened, length = np.ceil(travel), np.ceil(service), np.floor(opened), np.floor(length)
    falling = tuple(top * np.linspace(1.0, 0.5, int(wide) + 1) for top, wide in zip(profit, length, strict=True))
    return WorkerPathInstance(
        falling if tables else profit, opened, opened + length, service, travel, return_to_start, float(HORIZON)
    )


def worker_path_positions(tasks: int = 50, seed: int = 0) -> np.ndarray:
    """Return where the nodes of ``worker_path(tasks, seed=seed)`` are, shape (tasks + 1, 2), whatever its windows.

    An instance holds travel times only; a map needs positions (`mcsopt.report.path_map`).

    Examples
    --------
    >>> x, y = worker_path_positions(tasks=3, seed=0).T
    >>> drawn = worker_path(tasks=3, seed=0)
    >>> bool(np.isclose(np.hypot(x[1] - x[0], y[1] - y[0]), drawn.travel[0, 1]))
    True
    """
    return _places(tasks, generator(seed))


def _places(tasks: int, rng: np.random.Generator) -> np.ndarray:
    return np.vstack([np.full((1, 2), SIDE / 2), rng.uniform(0, SIDE, (tasks, 2))])
