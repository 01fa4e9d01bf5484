"""Episodes of a worker's process, many at once: the simulator that learners are trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mcsopt.errors import InputError
from mcsopt.problems.worker_model import slots_up, transmission_slots
from mcsopt.problems.worker_process.contracts import ABANDON, WorkerProcess
from mcsopt.problems.worker_process.features import features
from mcsopt.seeds import generator

_STREAM = 91  # of the seed


@dataclass(frozen=True, eq=False)
class Step:
    """What happened in one step of each of n episodes.

    Attributes
    ----------
    reward : array of float, shape (n,)
        0 where an episode had ended.
    done : array of bool, shape (n,)
        Whether the episode has ended, now or before.
    abandoned, travelled, served : array of bool, shape (n,)
        What was done; none of them: waited, or had ended.
    delay : array of int, shape (n,)
        Slots of delay, where travelled.
    transmission : array of float, shape (n,)
        ``ttr`` in slots, where served.
    """

    reward: np.ndarray
    done: np.ndarray
    abandoned: np.ndarray
    travelled: np.ndarray
    served: np.ndarray
    delay: np.ndarray
    transmission: np.ndarray


class Episodes:
    """Simulate n episodes of one process side by side.

    Parameters
    ----------
    process : WorkerProcess
    count : int
        n >= 1.
    seed : int
        Seed, >= 0. Two numbers per episode are drawn at every step, needed or not: what one episode does changes
        nothing in another.

    Attributes
    ----------
    row, slot : array of int, shape (n,)
        Where each episode is, see `Rows`; ``process.rows.state(row, slot)`` is the number of the state.
    returns : array of float, shape (n,)
        Sum of the rewards so far.

    Examples
    --------
    >>> from mcsopt.data.worker_processes import worker_process
    >>> episodes = Episodes(worker_process(tasks=3, seed=1), count=1000, seed=0)
    >>> while not episodes.done.all():
    ...     step = episodes.step(np.zeros(1000))  # never abandons, unless it must
    >>> episodes.returns.shape
    (1000,)
    """

    def __init__(self, process: WorkerProcess, count: int = 1, seed: int = 0) -> None:
        if count < 1:
            raise InputError("count", f"is {count}", "give a number of episodes >= 1")
        self.process = process
        self._rng = generator(seed, _STREAM)
        self._delays = np.cumsum(process.delay_law)
        self.row = np.zeros(count, dtype=np.int64)
        self.slot = np.empty(count, dtype=np.int64)
        self.returns = np.empty(count)
        self.reset()

    @property
    def done(self) -> np.ndarray:
        """Whether each episode has ended."""
        return self.process.rows.ended(self.row)

    @property
    def state(self) -> np.ndarray:
        """Numbers of the states."""
        return self.process.rows.state(self.row, self.slot)

    @property
    def forced(self) -> np.ndarray:
        """Whether abandoning is all that is left: the task at hand cannot be in time any more."""
        return self.process.hopeless(self.row, self.slot)

    def features(self) -> np.ndarray:
        """Return the features of the states, shape (n, `num_features`), float32."""
        return features(self.process, self.row, self.slot)

    def reset(self, which: ArrayLike | None = None, seed: int | None = None) -> None:
        """Begin anew: all episodes, or those where `which` is true; with a seed, the random numbers, too."""
        if seed is not None:
            self._rng = generator(seed, _STREAM)
        where = np.ones(len(self.row), dtype=bool) if which is None else np.asarray(which, dtype=bool)
        self.row[where], self.slot[where] = 0, int(self.process.rows.first[0])
        self.returns[where] = 0.0

    def step(self, decision: ArrayLike) -> Step:
        """Decide in every episode, 0 to continue and 1 to abandon, and see what comes of it.

        Where abandoning is forced, or the episode has ended, the decision means nothing.
        """
        process, rows, served = self.process, self.process.rows, self.process.services
        active = ~self.done
        given_up = active & ((np.asarray(decision) == ABANDON) | self.forced)
        going = active & ~given_up
        target = np.minimum(rows.task[self.row], process.num_tasks - 1)
        travelling = going & (rows.left[self.row] > 0)
        at_task = going & ~travelling
        serving = at_task & (self.slot >= served.opening[target])
        luck, gain = self._rng.random((2, len(self.row)))
        reward = np.zeros(len(self.row))
        row, slot = self.row.copy(), self.slot.copy()

        reward[given_up] -= served.due[target[given_up]]
        row[given_up] = rows.abandon[self.row[given_up]]

        delay = np.minimum(np.searchsorted(self._delays, luck, side="right"), len(self._delays) - 1)
        delay = np.where(travelling, delay, 0)
        reward[travelling] -= (process.worker.travel_cost + process.worker.delay_cost * delay)[travelling]
        slot[travelling] += 1 + delay[travelling]
        row[travelling] = rows.onward[self.row[travelling]]

        slot[at_task & ~serving] += 1

        link = process.channel
        channel = link.lowest + gain * (link.highest - link.lowest)
        which = target[serving]
        transmission = np.zeros(len(row))
        transmission[serving] = transmission_slots(served.load[which], process.worker.transmit_power, channel[serving])
        slots = slots_up(transmission[serving])
        completed = served.completed(which, self.slot[serving], slots)
        reward[serving] += np.where(completed, served.paid[which], -served.due[which])
        reward[serving] -= served.sensing_cost[which] + served.transmission_cost * transmission[serving]
        slot[serving] += served.sensing[which] + slots
        row[serving] = rows.onward[self.row[serving]]

        self.row, self.slot = row, np.minimum(slot, rows.last_slot)
        self.returns = self.returns + reward
        return Step(reward, self.done, given_up, travelling, serving, delay, transmission)
