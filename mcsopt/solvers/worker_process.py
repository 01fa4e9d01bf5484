"""Backward induction of a worker's process on the fly: what it is worth at best, and under given decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mcsopt.errors import InputError
from mcsopt.kernels import worker_process as kernel
from mcsopt.problems.worker_process import ABANDON, CONTINUE, WorkerProcess


@dataclass(frozen=True, eq=False)
class Valuation:
    """What every state of a process is worth under some decisions.

    Attributes
    ----------
    decision : array of uint8, shape (num_states,)
        0 continue, 1 abandon; where abandoning is forced, 1.
    values : array of float, shape (num_states,)
        Expected return from each state on; the last, the end, is 0.
    """

    decision: np.ndarray
    values: np.ndarray

    @property
    def value(self) -> float:
        """Expected return from the start."""
        return float(self.values[0])

    @property
    def actions(self) -> list[int]:
        """The decisions as a policy of the table `worker_process.tabular`: -1 at the end."""
        return [*map(int, self.decision[:-1]), -1]


def optimal(process: WorkerProcess) -> Valuation:
    """Return the best decisions and their worth, by one backward pass; of equal worth, to continue.

    8 bytes of value and 1 of decision per state, and some 50 per row of states.
    """
    decision = np.empty(process.num_states, dtype=np.uint8)
    return Valuation(decision, _induct(process, decision, given=False))


def value_of(process: WorkerProcess, decision: ArrayLike) -> Valuation:
    """Return what given decisions are worth, by the same pass.

    Parameters
    ----------
    process : WorkerProcess
    decision : array of int, shape (num_states,)
        0 or 1 in every state; at the end, and where abandoning is forced, anything.

    Raises
    ------
    InputError
        For another shape or other numbers.
    """
    given = np.asarray(decision)
    if given.shape != (process.num_states,):
        raise InputError("decision", f"has shape {given.shape}", f"give one for each of {process.num_states} states")
    forced = forced_states(process)
    odd = np.flatnonzero((given != CONTINUE) & (given != ABANDON) & ~forced)
    if len(odd):
        raise InputError(f"decision[{odd[0]}]", f"is {given[odd[0]]}", "give 0 to continue, 1 to abandon")
    followed = np.where(forced, ABANDON, given).astype(np.uint8)
    return Valuation(followed, _induct(process, followed, given=True))


def never_abandon(process: WorkerProcess) -> np.ndarray:
    """Return the decisions of a worker that abandons only what it can no longer sense in time."""
    return forced_states(process).astype(np.uint8)


def always_abandon(process: WorkerProcess) -> np.ndarray:
    """Return the decisions of a worker that abandons every task at once."""
    return np.full(process.num_states, ABANDON, dtype=np.uint8)


def greedy_by_expectation(process: WorkerProcess) -> np.ndarray:
    """Return the decisions of a worker that looks at the task ahead alone.

    It continues exactly where the expected utility of finishing that task, from here and never abandoning it, is at
    least ``-q``: blind to what is lost at later tasks, and to the chance to abandon this one later.
    """
    rows, served = process.rows, process.services
    decision = np.empty(process.num_states, dtype=np.uint8)
    kernel.alone(
        rows.task, rows.left, rows.first, rows.onward, rows.offset, rows.last_slot, _travel_reward(process),
        process.delay_law, served.opening, served.latest, served.due, served.expected(rows.last_slot), decision,
        np.empty(process.num_states),
    )  # fmt: skip
    decision[-1] = ABANDON
    return decision


BASELINES = {
    "never-abandon": never_abandon,
    "always-abandon": always_abandon,
    "greedy-by-expectation": greedy_by_expectation,
}
"""Decisions that need no optimisation, by name."""


def forced_states(process: WorkerProcess) -> np.ndarray:
    """Return in which states abandoning is all that is left, the end among them, shape (num_states,)."""
    rows, served = process.rows, process.services
    forced = np.zeros(process.num_states, dtype=bool)
    for row in np.flatnonzero(rows.left == 0)[:-1].tolist():
        slot = np.arange(rows.first[row], rows.last[row] + 1)
        task = rows.task[row]
        late = np.maximum(slot, served.opening[task]) > served.latest[task]
        forced[rows.offset[row] : rows.offset[row + 1]] = late
    forced[-1] = True
    return forced


def _travel_reward(process: WorkerProcess) -> float:
    law = process.delay_law
    return -process.worker.travel_cost - process.worker.delay_cost * float(law @ np.arange(len(law)))


def _induct(process: WorkerProcess, decision: np.ndarray, *, given: bool) -> np.ndarray:
    rows, served = process.rows, process.services
    values = np.empty(process.num_states)
    kernel.induct(
        rows.task, rows.left, rows.first, rows.onward, rows.abandon, rows.offset, rows.last_slot,
        _travel_reward(process), process.delay_law, served.opening, served.latest, served.due,
        served.expected(rows.last_slot), served.sensing, served.law, given, decision, values,
    )  # fmt: skip
    return values
