"""Legs: trips of workers to tasks and the services at their ends, as columns that every formula takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mcsopt import tolerances
from mcsopt.errors import InputError, shown
from mcsopt.problems.worker_model.channel import mean_transmission, transmission_slots, transmitted_within
from mcsopt.problems.worker_model.delay import delay_laws, mean_delay
from mcsopt.problems.worker_model.participants import Channel, MarketConstants, Task, Worker

_POSITIVE = ("power", "lowest_channel", "highest_channel")


@dataclass(frozen=True, eq=False)
class Legs:
    """Trips to tasks and the services there: numbers, or arrays of one shape S (pairs, predecessors x tasks, ...).

    Parameters
    ----------
    travel, sensing : array of int, shape S
        ``n`` and ``K`` in slots, >= 0.
    opening, closing : array of int, shape S
        The task's window ``[tb, te]`` in slots.
    delay_law : array of float, shape S + (M,)
        ``Pr(td = k)`` for k = 0..M-1 slots.
    travel_cost, sensing_cost : array of float, shape S
        ``cm n`` and ``cs K``, of the whole leg, >= 0.
    delay_cost, transmission_cost : array of float, shape S
        ``cd`` and ``omegaJ e slot_s``: of one slot of delay and of transmission, >= 0.
    load, power, lowest_channel, highest_channel : array of float, shape S
        Law of the transmission, see `worker_model.channel`.

    Raises
    ------
    InputError
        For a number out of range, a law that does not sum to 1, or shapes that do not broadcast.

    Notes
    -----
    ``legs[index]`` takes some of them, ``legs[..., None]`` adds an axis, say for slots of departure.
    """

    travel: np.ndarray
    sensing: np.ndarray
    opening: np.ndarray
    closing: np.ndarray
    delay_law: np.ndarray
    travel_cost: np.ndarray
    sensing_cost: np.ndarray
    delay_cost: np.ndarray
    transmission_cost: np.ndarray
    load: np.ndarray
    power: np.ndarray
    lowest_channel: np.ndarray
    highest_channel: np.ndarray

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self) if field.name != "delay_law"]
        columns = {name: np.asarray(getattr(self, name)) for name in names}
        law = np.asarray(self.delay_law, dtype=np.float64)
        for name, column in [*columns.items(), ("delay_law", law)]:
            good = np.isfinite(column) & ((column > 0) if name in _POSITIVE else (column >= 0))
            if not np.all(good):
                worst = np.ravel(column)[int(np.argmin(np.ravel(good)))]
                raise InputError(name, f"is {shown(worst)}", f"give numbers {'>' if name in _POSITIVE else '>='} 0")
        if law.ndim == 0 or np.any(np.abs(law.sum(axis=-1) - 1) > tolerances.PROBABILITY_SUM):
            raise InputError("delay_law", "does not sum to 1", "give the probabilities of 0, 1, 2, ... slots")
        if np.any(columns["highest_channel"] < columns["lowest_channel"]):
            raise InputError("highest_channel", "is below lowest_channel", "exchange them")
        try:
            shape = np.broadcast_shapes(law.shape[:-1], *(column.shape for column in columns.values()))
        except ValueError:
            raise InputError("legs", "have columns of unequal lengths", "give one number per leg") from None
        for name, column in columns.items():
            object.__setattr__(self, name, np.broadcast_to(column, shape))
        object.__setattr__(self, "delay_law", np.broadcast_to(law, (*shape, law.shape[-1])))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape S of the columns."""
        return self.travel.shape

    def __getitem__(self, index: Any) -> Legs:
        where = index if isinstance(index, tuple) else (index,)
        if Ellipsis not in where:
            where = (*where, Ellipsis)
        taken = {field.name: getattr(self, field.name)[where] for field in fields(self)}
        taken["delay_law"] = self.delay_law[(*where, slice(None))]
        return Legs(**taken)

    @property
    def mean_delay(self) -> np.ndarray:
        """``E[td]`` in slots."""
        return mean_delay(self.delay_law)

    @property
    def mean_transmission(self) -> np.ndarray:
        """``E[ttr]`` in slots."""
        return mean_transmission(self.load, self.power, self.lowest_channel, self.highest_channel)

    @property
    def longest_transmission(self) -> np.ndarray:
        """The slots of a transmission on the worst channel."""
        return transmission_slots(self.load, self.power, self.lowest_channel)

    def transmitted_within(self, slots: ArrayLike) -> np.ndarray:
        """Return ``Pr(ttr <= slots)`` for slots of shape S."""
        return transmitted_within(slots, self.load, self.power, self.lowest_channel, self.highest_channel)


def legs_to(
    worker: Worker,
    tasks: Sequence[Task],
    constants: MarketConstants,
    channel: Channel | Sequence[Channel],
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
) -> Legs:
    """Return a worker's legs to tasks from given places.

    ``n = ceil(distance / v)``, ``K = ceil(d / D)``: quotients within 1e-9 above an integer count as that integer.

    Parameters
    ----------
    tasks : sequence of Task, length I
    channel : Channel or sequence of Channel
        One for all tasks, or one for each.
    x, y : array of float, shape (..., I) or broadcasting with it, optional
        Where the trips begin, in metres; where the worker is at slot 0 by default. A column, shape (J, 1), gives all
        legs from J places.
    """
    channels = [channel] * len(tasks) if isinstance(channel, Channel) else list(channel)
    if len(channels) != len(tasks):
        raise InputError("channel", f"has length {len(channels)}", f"give one, or one for each of {len(tasks)} tasks")
    at_x, at_y, bits = (np.array([getattr(task, name) for task in tasks], dtype=float) for name in ("x", "y", "bits"))
    begin_x, begin_y = worker.x if x is None else x, worker.y if y is None else y
    travel = slots_up(np.hypot(at_x - begin_x, at_y - begin_y) / worker.speed)
    sensing = slots_up(bits / worker.bits_per_slot)
    most = int(travel.max(initial=0))
    laws = delay_laws(most, worker.delay_chance, worker.shortest_delay, worker.longest_delay)
    return Legs(
        travel=travel,
        sensing=sensing,
        opening=np.array([task.opening for task in tasks], dtype=np.int64),
        closing=np.array([task.closing for task in tasks], dtype=np.int64),
        delay_law=laws[travel],
        travel_cost=worker.travel_cost * travel,
        sensing_cost=worker.sensing_cost * sensing,
        delay_cost=np.asarray(worker.delay_cost),
        transmission_cost=np.asarray(constants.energy_price * worker.transmit_power * constants.slot_seconds),
        load=bits / (constants.bandwidth * constants.slot_seconds),
        power=np.asarray(worker.transmit_power),
        lowest_channel=np.array([c.lowest for c in channels]),
        highest_channel=np.array([c.highest for c in channels]),
    )


def slots_up(time: ArrayLike) -> np.ndarray:
    """Return a time in whole slots, rounded up; `tolerances.TIME` above a whole slot is none."""
    return np.ceil(np.asarray(time) - tolerances.TIME).astype(np.int64)
