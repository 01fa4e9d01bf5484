"""Drawn processes of a worker on its path, and frozen ones of known size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mcsopt.data.sensing_workers import CHANNEL, FIRST_ASK, SensingWorker, draw_task, draw_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import MarketConstants, all_legs, cents_up, expected_cost
from mcsopt.problems.worker_process import WorkerProcess
from mcsopt.seeds import generator

FROZEN: dict[str, dict[str, Any]] = {
    "15k": {"tasks": 4, "seed": 207, "speed": 800.0},
    "60k": {"tasks": 5, "seed": 336, "speed": 800.0},
}
"""Arguments of the processes that learners are compared on: 14,955 and 59,761 states, the first of about these sizes on
which every rule of thumb loses 15 % or more: never to abandon 44 % and 64 %, greedy by expectation 35 % and 37 %."""
_STREAM = 92  # of the seed


def process_of(market: SensingWorker, path: list[int]) -> WorkerProcess:
    """Return the process of a worker that has contracted the tasks of a path, at what it asks.

    Examples
    --------
    >>> from mcsopt.data.sensing_workers import sensing_worker
    >>> process_of(sensing_worker(8, seed=13), [5, 2]).num_tasks
    2
    """
    tasks = tuple(market.tasks[task] for task in path)
    return WorkerProcess(market.worker, tasks, market.payments[path], market.constants, market.channel)


def worker_process(
    tasks: int = 3, seed: int = 0, *, speed: float | None = None, delay_chance: float | None = None
) -> WorkerProcess:
    """Draw a worker and tasks as `sensing_worker` does; the path takes them by the middle of their windows.

    Parameters
    ----------
    tasks : int
        Number of tasks, >= 1. States grow tenfold, about, with each.
    seed : int
        Seed, >= 0.
    speed : float, optional
        Metres per slot, > 0, in place of the drawn one: slower workers have longer legs and more states.
    delay_chance : float, optional
        In [0, 1], in place of the drawn one.

    Examples
    --------
    >>> worker_process(tasks=2, seed=1).num_states
    8939
    """
    if tasks < 1:
        raise InputError("tasks", f"is {tasks}", "give a number >= 1")
    rng = generator(seed, _STREAM)
    worker = draw_worker(rng)
    worker = replace(
        worker,
        speed=worker.speed if speed is None else speed,
        delay_chance=worker.delay_chance if delay_chance is None else delay_chance,
    )
    drawn = tuple(sorted((draw_task(rng) for _ in range(tasks)), key=lambda task: task.opening + task.closing))
    constants = MarketConstants()
    direct = all_legs(worker, drawn, constants, CHANNEL)[0]
    payments = cents_up(FIRST_ASK * expected_cost(direct)) / 100
    return WorkerProcess(worker, drawn, np.asarray(payments), constants, CHANNEL)


def frozen_process(name: str) -> WorkerProcess:
    """Return a process that learners are compared on, one of `FROZEN`; `InputError` lists them."""
    if name not in FROZEN:
        raise InputError("name", f"{name!r} is not known", f"use one of {', '.join(FROZEN)}")
    return worker_process(**FROZEN[name])
