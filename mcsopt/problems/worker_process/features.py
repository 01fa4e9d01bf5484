"""What a network sees of a state: location, slot, target, and for every task what is left of it and how far it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mcsopt.problems.worker_model import slots_up
from mcsopt.problems.worker_process.contracts import WorkerProcess

STATE_FEATURES = ("slot", "x", "y", "left", "at task", "ended")
TASK_FEATURES = ("ahead", "open", "distance", "opening", "slack", "payment", "compensation")


def feature_names(process: WorkerProcess) -> tuple[str, ...]:
    """Return what each feature is; those of tasks end in their place on the path."""
    return (*STATE_FEATURES, *(f"{name} {task}" for task in range(process.num_tasks) for name in TASK_FEATURES))


def features(process: WorkerProcess, row: ArrayLike, slot: ArrayLike) -> np.ndarray:
    """Return the features of states, all within [-1, 1].

    With S the last slot that matters, of the state: slot / S; place, centred and divided by the half-width of the
    region of worker and tasks; slots left to travel / S; whether at the task; whether ended. Of every task, 0 once it
    is behind: whether it is the one ahead; 1 while it is not behind; slots to travel there from here / S; ``(tb - t -
    distance) / S`` and ``(te - K - t - distance) / S``, how long before the window opens, and before it is too late to
    sense, the worker would get there undelayed; payment and compensation over the largest payment.

    Parameters
    ----------
    process : WorkerProcess
    row, slot : array of int, shape (n,)
        See `Rows`.

    Returns
    -------
    array of float32, shape (n, 6 + 7 L)
    """
    rows, served, count = process.rows, process.services, process.num_tasks
    row, slot = np.asarray(row), np.asarray(slot)
    span = max(process.last_slot, 1)
    ended = rows.ended(row)
    places = np.array([(process.worker.x, process.worker.y), *((task.x, task.y) for task in process.tasks)])
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    half = max(float(np.ptp(places, axis=0).max()) / 2, 1.0)
    x, y = rows.x[row], rows.y[row]
    here = np.where(ended, 0.0, [(x - middle[0]) / half, (y - middle[1]) / half])
    own = [slot / span, *here, rows.left[row] / span, (rows.left[row] == 0) & ~ended, ended]
    columns = [np.clip(column, -1.0, 1.0) for column in own]
    richest = max(float(process.payments.max(initial=0.0)), 1e-9)
    for i in range(count):
        still = rows.task[row] <= i
        away = slots_up(np.hypot(places[i + 1, 0] - x, places[i + 1, 1] - y) / process.worker.speed)
        about = [
            rows.task[row] == i,
            1.0,
            away / span,
            (served.opening[i] - slot - away) / span,
            (served.latest[i] - slot - away) / span,
            served.paid[i] / richest,
            served.due[i] / richest,
        ]
        columns += [np.where(still, np.clip(column, -1.0, 1.0), 0.0) for column in about]
    return np.stack(columns, axis=-1).astype(np.float32)
