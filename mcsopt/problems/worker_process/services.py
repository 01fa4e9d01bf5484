"""What happens at a task: sensing for K slots, then a transmission on a channel drawn when sensing ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mcsopt.problems.worker_model import legs_to, mean_transmission_within, slots_up

if TYPE_CHECKING:
    from mcsopt.problems.worker_process.contracts import WorkerProcess


@dataclass(frozen=True, eq=False)
class Services:
    """Sensing and transmission at each of L tasks; s counts the slots of the transmission, ``ceil(ttr)``.

    Attributes
    ----------
    opening, latest : array of int, shape (L,)
        First slot of the window, and the last at which sensing may begin, ``te - K``.
    sensing : array of int, shape (L,)
        ``K`` in slots.
    sensing_cost : array of float, shape (L,)
        ``cs K``.
    transmission_cost : float
        ``omegaJ e slot_s``, per slot of transmission.
    load : array of float, shape (L,)
        See `worker_model.channel`.
    law : array of float, shape (L, m)
        ``Pr(ceil(ttr) = s)`` for s = 0 .. m - 1.
    mean : array of float, shape (L, m)
        ``E[ttr; ceil(ttr) = s]``.
    paid, due : array of float, shape (L,)
        ``p`` and ``q``.
    within : bool
        Whether the transmission, too, must end inside the window (`deadline` "delivered").
    """

    opening: np.ndarray
    latest: np.ndarray
    sensing: np.ndarray
    sensing_cost: np.ndarray
    transmission_cost: float
    load: np.ndarray
    law: np.ndarray
    mean: np.ndarray
    paid: np.ndarray
    due: np.ndarray
    within: bool

    def completed(self, task: np.ndarray, begin: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Return whether a service that begins at slot `begin` and transmits for `slots` counts as completed.

        The window ends at a whole slot: ``ttr`` keeps it exactly if ``ceil(ttr)`` does.
        """
        if not self.within:
            return np.ones(np.broadcast(task, begin, slots).shape, dtype=bool)
        return np.asarray(slots <= self.latest[task] - begin)

    def expected(self, last_slot: int) -> np.ndarray:
        """Return the expected reward of beginning to sense at slots 0 .. `last_slot`, shape (L, last_slot + 1)."""
        task, begin, slots = np.ix_(*map(np.arange, (len(self.load), last_slot + 1, self.law.shape[1])))
        pay = np.where(self.completed(task, begin, slots), self.paid[:, None, None], -self.due[:, None, None])
        gained = np.einsum("its,is->it", np.broadcast_to(pay, (*pay.shape[:2], self.law.shape[1])), self.law)
        cost = self.sensing_cost + self.transmission_cost * self.mean.sum(axis=1)
        return np.asarray(gained - cost[:, None])


def services(process: WorkerProcess) -> Services:
    """Return what happens at the tasks of a process."""
    places = [np.array([getattr(task, name) for task in process.tasks], dtype=float) for name in ("x", "y")]
    at = legs_to(process.worker, process.tasks, process.constants, process.channel, *places)
    most = int(slots_up(at.longest_transmission).max(initial=0))
    slots = np.broadcast_to(np.arange(most + 1), (len(process.tasks), most + 1))
    column = [part[:, None] for part in (at.load, at.power, at.lowest_channel, at.highest_channel)]
    within = at[:, None].transmitted_within(slots)
    mean = mean_transmission_within(slots, *column)
    within[:, -1], mean[:, -1] = 1.0, at.mean_transmission
    price = process.constants.energy_price * process.worker.transmit_power * process.constants.slot_seconds
    return Services(
        opening=at.opening,
        latest=at.closing - at.sensing,
        sensing=at.sensing,
        sensing_cost=at.sensing_cost,
        transmission_cost=price,
        load=at.load,
        law=np.diff(within, prepend=0.0),
        mean=np.maximum(np.diff(mean, prepend=0.0), 0.0),
        paid=process.payments,
        due=process.compensations,
        within=process.constants.deadline == "delivered",
    )
