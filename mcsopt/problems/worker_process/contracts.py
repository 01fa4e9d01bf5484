"""A worker and the tasks it has contracted, in the order of its path: the data of the decision process."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mcsopt.errors import InputError, shown
from mcsopt.problems.worker_model import Channel, MarketConstants, Task, Worker, slot_delay_law
from mcsopt.problems.worker_process.rows import MOST_STATES, Rows, lay_out
from mcsopt.problems.worker_process.services import Services, services

CONTINUE, ABANDON = 0, 1
"""The decisions, as actions are numbered everywhere."""


@dataclass(frozen=True, eq=False)
class WorkerProcess:
    """What a worker may do with the tasks of its path, slot by slot: go on with the one ahead, or abandon it.

    The worker is on its way to task i of its path, or at it. **Continue** on the way: travel a slot, whose delay of k
    slots shows at once: ``1 + k`` slots pass and cost ``cm + cd k``. Continue at the task: before the window wait a
    slot, which is free; within it sense for K slots and transmit, which takes ``ceil(ttr)`` slots on a channel drawn
    then, costs ``cs K + omegaJ e slot_s ttr``, and pays p if the deadline is kept, else costs q. **Abandon** costs q
    and no time. Either way the worker goes on to the next task from where it stands. Where sensing would end after
    the window, abandoning is all that is left. The undiscounted sum of rewards is the realized utility, after eq. (9).

    Parameters
    ----------
    worker : Worker
    tasks : tuple of Task, length L >= 1
        In the order of the path.
    payments : array of float, shape (L,)
        ``p`` of each contract, >= 0; the compensation ``q`` is the worker's share of it.
    constants : MarketConstants
    channel : Channel
        To every task.
    departure : int
        Slot at which the worker sets out from where it is, >= 0.
    most_states : int
        Refuse what has more states: every place where a task may be abandoned is a place where the next leg begins.

    Raises
    ------
    InputError
        For no tasks, payments that do not match them, or numbers out of range.
    TooLarge
        From `rows`: beyond `most_states`.
    """

    worker: Worker
    tasks: tuple[Task, ...]
    payments: np.ndarray
    constants: MarketConstants = field(default_factory=MarketConstants)
    channel: Channel = field(default_factory=lambda: Channel(100.0, 400.0))
    departure: int = 0
    most_states: int = MOST_STATES

    def __post_init__(self) -> None:
        object.__setattr__(self, "tasks", tuple(self.tasks))
        if not self.tasks:
            raise InputError("tasks", "is empty", "give at least one")
        paid = np.asarray(self.payments, dtype=np.float64)
        if paid.shape != (len(self.tasks),):
            raise InputError("payments", f"has shape {paid.shape}", f"give one for each of {len(self.tasks)} tasks")
        if not np.all(np.isfinite(paid) & (paid >= 0)):
            raise InputError("payments", f"is {shown(paid.tolist())}", "give numbers >= 0")
        if isinstance(self.departure, bool) or not isinstance(self.departure, int) or self.departure < 0:
            raise InputError("departure", f"is {shown(self.departure)}", "give an integer >= 0")
        object.__setattr__(self, "payments", paid)

    @property
    def num_tasks(self) -> int:
        """Number of tasks, L."""
        return len(self.tasks)

    @property
    def compensations(self) -> np.ndarray:
        """``q`` of each task, shape (L,)."""
        return self.worker.compensation_share * self.payments

    @cached_property
    def delay_law(self) -> np.ndarray:
        """Probabilities of 0, 1, ... slots of delay on a travelled slot."""
        one = self.worker
        return slot_delay_law(one.delay_chance, one.shortest_delay, one.longest_delay)

    @cached_property
    def services(self) -> Services:
        """What sensing and transmission at each task take, cost and pay."""
        return services(self)

    @cached_property
    def last_slot(self) -> int:
        """S, which stands for itself and all later slots: from then on no task can be in time, and nothing changes."""
        return max([self.departure, *(int(late) + 1 for late in self.services.latest)])

    @cached_property
    def rows(self) -> Rows:
        """The states, see `Rows`."""
        return lay_out(self)

    @property
    def num_states(self) -> int:
        """Number of states, the end included."""
        return self.rows.num_states

    def hopeless(self, row: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Return where the worker is at a task that it can no longer sense inside the window: abandoning is forced."""
        target = np.minimum(self.rows.task[row], self.num_tasks - 1)
        served = self.services
        late = np.maximum(slot, served.opening[target]) > served.latest[target]
        return late & (self.rows.left[row] == 0) & ~self.rows.ended(row)
