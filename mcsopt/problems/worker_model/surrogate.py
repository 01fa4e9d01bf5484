"""The planned path problem of one worker, relaxed to times and profits that a `worker-path` instance can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.problems.worker_model.legs import Legs, legs_to
from mcsopt.problems.worker_model.participants import Channel, MarketConstants, Task, Worker
from mcsopt.problems.worker_model.utility import expected_utility, failure_risk, utility_risk


@dataclass(frozen=True, eq=False)
class PathSurrogate:
    """Node 0 is where the worker starts, node i + 1 task i; all times are whole slots.

    Parameters
    ----------
    profit : tuple of arrays
        Per node, one number per start of service ``open, ..., close``, >= 0 and never rising; ``[0.]`` at node 0.
    open, close, service : array of int, shape (I + 1,)
    travel : array of int, shape (I + 1, I + 1)
        An entry beyond `horizon` forbids the leg.
    horizon : int
        When the last service that may begin ends.
    """

    profit: tuple[np.ndarray, ...]
    open: np.ndarray
    close: np.ndarray
    service: np.ndarray
    travel: np.ndarray
    horizon: int

    def columns(self) -> dict[str, Any]:
        """Return the fields of a `worker-path` instance by name."""
        names = ("profit", "open", "close", "service", "travel", "horizon")
        return {name: getattr(self, name) for name in names} | {"return_to_start": False}


def all_legs(
    worker: Worker, tasks: Sequence[Task], constants: MarketConstants, channel: Channel | Sequence[Channel]
) -> Legs:
    """Return all legs of a worker, shape (I + 1, I): row 0 from where it starts, row i + 1 from task i."""
    x, y = np.array([(worker.x, worker.y), *((task.x, task.y) for task in tasks)]).T
    return legs_to(worker, tasks, constants, channel, x[:, None], y[:, None])


def admissible(legs: Legs, depart: np.ndarray, payments: np.ndarray, constants: MarketConstants) -> np.ndarray:
    """Return whether legs keep the caps on both risks: ``R1 <= rho2`` (23c) and ``R2 <= rho3`` (23d)."""
    utility = utility_risk(legs, depart, payments, constants.least_utility, constants.deadline)
    failure = failure_risk(legs, depart, constants.deadline)
    caps = (constants.utility_risk_cap + tolerances.RISK, constants.failure_risk_cap + tolerances.RISK)
    return np.asarray((utility <= caps[0]) & (failure <= caps[1]))


def path_surrogate(legs: Legs, payments: Sequence[float], share: float, constants: MarketConstants) -> PathSurrogate:
    """Return a relaxation of the planned path problem: no planned path is worth more than its optimum.

    The planned problem: visit tasks in some order; legs leave at the planned departures, each keeps both caps on risks
    there (`admissible`), and earns its expected utility (10), which depends on departure AND on where the leg begins.
    An instance of `worker-path` has one profit per node and start of service. So here

    - travel is ``floor(n + E[td])`` and service ``floor(K + E[ttr])``: by induction no departure is later than planned;
    - the profit at a start of service is the largest (10) over all places from which the worker may have come, left as
      late as that start allows, or, at the opening of the window, as early as its own task allows; at least 0;
    - a start is possible if the leg from some such place keeps the caps, and a leg that never keeps them is forbidden.

    Parameters
    ----------
    legs : Legs of shape (I + 1, I)
        As `all_legs` returns.
    payments : sequence of float, length I
        ``p`` of the contract with each task.
    share : float
        ``q / p``.
    """
    num_tasks = legs.shape[-1]
    p = np.asarray(payments, dtype=float)
    if legs.shape != (num_tasks + 1, num_tasks) or p.shape != (num_tasks,):
        raise InputError("payments", f"has shape {p.shape}, legs {legs.shape}", "give I payments and (I + 1) x I legs")
    travel = np.floor(legs.travel + legs.mean_delay).astype(np.int64)
    opening, latest = legs.opening[0], np.maximum(legs.opening, legs.closing - legs.sensing)[0]
    service = np.floor(legs.sensing + legs.mean_transmission)[0].astype(np.int64)
    free = np.concatenate([[0], opening + service])  # nobody leaves a task earlier
    horizon = int(max(constants.num_slots, (latest + service).max(initial=0)))
    tables, forbidden = [np.zeros(1)], np.ones((num_tasks + 1, num_tasks + 1), dtype=bool)
    for j in range(num_tasks):
        best = np.full(latest[j] - opening[j] + 1, -np.inf)
        starts = np.arange(opening[j], latest[j] + 1)
        for i in range(num_tasks + 1):
            depart, reached = _departures(starts, int(travel[i, j]), int(free[i]), at_start=i == 0)
            leg = legs[i, j]
            reached[reached] = admissible(leg, depart[reached], p[j], constants)
            value = expected_utility(leg, depart[reached], p[j], share * p[j], constants.deadline)
            if i != j + 1 and reached.any():
                forbidden[i, j + 1] = False
                best[reached] = np.maximum(best[reached], value)
        tables.append(_never_rising(best))
    ends = np.concatenate([[0], opening + [len(table) - 1 for table in tables[1:]]]).astype(np.int64)
    whole = np.zeros((num_tasks + 1, num_tasks + 1), dtype=np.int64)
    whole[:, 1:] = travel
    return PathSurrogate(
        profit=tuple(tables),
        open=np.concatenate([[0], opening]),
        close=ends,
        service=np.concatenate([[0], service]),
        travel=np.where(forbidden, horizon + 1, whole),
        horizon=horizon,
    )


def _departures(starts: np.ndarray, travel: int, free: int, *, at_start: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the earliest departure that gives each start of service, and whether there is one."""
    depart = starts - travel
    reached = depart >= free
    depart[:1] = free  # who comes before the window opens may have left long before
    if at_start:  # left at slot 0 only
        reached &= starts == max(starts[0], travel)
        depart = np.zeros_like(depart)
    return depart, reached


def _never_rising(best: np.ndarray) -> np.ndarray:
    """Return the table up to its last possible start, each entry at least 0 and those behind it."""
    possible = np.flatnonzero(np.isfinite(best))
    if not len(possible):
        return np.zeros(1)
    table = np.maximum(best[: possible[-1] + 1], 0.0)
    return np.maximum.accumulate(table[::-1])[::-1]
