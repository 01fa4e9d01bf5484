"""One worker of stagewise trading and the tasks it may visit, drawn: the problem whose plan is a path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems.worker_model import (
    Channel,
    Legs,
    MarketConstants,
    PathSurrogate,
    Task,
    Worker,
    all_legs,
    cents_up,
    expected_cost,
    path_surrogate,
)
from mcsopt.seeds import generator

REGION = 5000.0
"""Metres a side of the square region."""
CHANNEL = Channel(100.0, 400.0)
FIRST_ASK = 3.0
"""First ask, in expected costs of the direct trip."""
_STREAM = 8  # of the seed, so that these draws do not repeat the numbers of other generators


@dataclass(frozen=True, eq=False)
class SensingWorker:
    """A worker, tasks, and what it asks of each.

    Parameters
    ----------
    worker : Worker
    tasks : tuple of Task, length I
    payments : array of float, shape (I,)
        ``p``, whole cents; the compensation is the worker's share of it.
    constants : MarketConstants
    channel : Channel
        To every task.
    """

    worker: Worker
    tasks: tuple[Task, ...]
    payments: np.ndarray
    constants: MarketConstants
    channel: Channel = CHANNEL

    @cached_property
    def legs(self) -> Legs:
        """All legs, shape (I + 1, I): row 0 from where the worker starts, row i + 1 from task i."""
        return all_legs(self.worker, self.tasks, self.constants, self.channel)

    def path_legs(self, path: list[int]) -> list[Legs]:
        """Return the legs of a path, a list of tasks, each of shape ()."""
        return [self.legs[before, task] for before, task in zip([0, *(task + 1 for task in path)], path, strict=False)]

    def surrogate(self) -> PathSurrogate:
        """Return the relaxed planned problem, the data of a `worker-path` instance."""
        return path_surrogate(self.legs, self.payments.tolist(), self.worker.compensation_share, self.constants)


def draw_worker(rng: np.random.Generator) -> Worker:
    """Draw a worker by the values of mcsopt's own (see `docs/worker-model.md`)."""
    return Worker(
        sensing_cost=rng.uniform(0.1, 0.3),
        delay_cost=rng.uniform(0.1, 0.3),
        travel_cost=rng.uniform(0.1, 0.5),
        transmit_power=rng.uniform(0.45, 0.55),
        bits_per_slot=rng.uniform(100e6, 300e6),
        speed=rng.uniform(200.0, 600.0),
        x=rng.uniform(0.0, REGION),
        y=rng.uniform(0.0, REGION),
        delay_chance=rng.uniform(0.05, 0.3),
        shortest_delay=1,
        longest_delay=8,
        compensation_share=0.2,
    )


def draw_task(rng: np.random.Generator) -> Task:
    """Draw a task, likewise."""
    opening = int(rng.integers(1, 61))
    return Task(
        opening=opening,
        closing=opening + int(rng.integers(8, 21)),
        budget=rng.uniform(10.0, 25.0),
        demanded_quality=rng.uniform(0.3, 0.8),
        bits=rng.uniform(0.5e9, 1e9),
        x=rng.uniform(0.0, REGION),
        y=rng.uniform(0.0, REGION),
    )


def sensing_worker(tasks: int, *, seed: int, constants: MarketConstants | None = None) -> SensingWorker:
    """Draw a worker and tasks; it asks three times the expected cost of the direct trip, rounded up to cents.

    Parameters
    ----------
    tasks : int
        Number of tasks, >= 0.
    seed : int
        Seed, >= 0. With the same seed the first tasks of a longer list are those of a shorter one.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> drawn = sensing_worker(3, seed=0)
    >>> drawn.legs.shape
    (4, 3)
    """
    if tasks < 0:
        raise InputError("tasks", f"is {tasks}", "give a number >= 0")
    rng = generator(seed, _STREAM)
    constants = constants or MarketConstants()
    worker = draw_worker(rng)
    drawn = tuple(draw_task(rng) for _ in range(tasks))
    direct = all_legs(worker, drawn, constants, CHANNEL)[0]
    return SensingWorker(worker, drawn, cents_up(FIRST_ASK * expected_cost(direct)) / 100, constants)
