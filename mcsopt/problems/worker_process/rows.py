"""The states of a worker's process, laid out in rows: one row per place on the way to a task, one state per slot.

**Reading:** the worker travels straight and at full speed, so after m slots of a leg it is ``m v`` along the segment.
It may abandon at each of these points, and the next leg begins there. So a place is known by the task last visited (or
the start) and the slots travelled on each leg abandoned since. That is finite, and no place is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.problems.worker_model import slots_up

if TYPE_CHECKING:
    from mcsopt.problems.worker_process.contracts import WorkerProcess

MOST_STATES = 400_000_000
"""States beyond which a process is refused by default: their values alone take 3.2 GB."""


@dataclass(frozen=True, eq=False)
class Rows:
    """R rows, the last of them the end; the states of row r are the slots ``first[r] .. last[r]`` there.

    States are numbered row by row, slot by slot, and every transition leads to a state of a greater number: rows are
    ordered by task, within a task by leg, along the leg, and the row at the task itself comes last.

    Attributes
    ----------
    task : array of int, shape (R,)
        The task ahead; L at the end.
    left : array of int, shape (R,)
        Slots still to travel, delays apart; 0 at the task and at the end.
    x, y : array of float, shape (R,)
        Where, in metres; at the end of the process: nowhere in particular, 0.
    first, last : array of int, shape (R,)
        The earliest and the latest slot at which the worker may be there.
    onward : array of int, shape (R,)
        The row after a travelled slot; at a task, the row after service.
    abandon : array of int, shape (R,)
        The row after abandoning.
    offset : array of int, shape (R + 1,)
        Number of the first state of each row, and how many states there are.
    last_slot : int
        The last slot of all; it stands for all later ones, too.
    """

    task: np.ndarray
    left: np.ndarray
    x: np.ndarray
    y: np.ndarray
    first: np.ndarray
    last: np.ndarray
    onward: np.ndarray
    abandon: np.ndarray
    offset: np.ndarray
    last_slot: int

    def __len__(self) -> int:
        return len(self.task)

    @property
    def num_states(self) -> int:
        """Number of states, the end included."""
        return int(self.offset[-1])

    @property
    def end(self) -> int:
        """The row of the end, which has one state."""
        return len(self.task) - 1

    def ended(self, row: np.ndarray) -> np.ndarray:
        """Return whether rows are the end."""
        return np.asarray(row == self.end)

    def state(self, row: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Return the numbers of states, given their rows and slots."""
        first = self.first[row]
        return np.asarray(self.offset[row] + np.clip(slot, first, self.last[row]) - first)

    def places(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows and slots of states: the inverse of `state`."""
        row = np.searchsorted(self.offset, state, side="right") - 1
        return row, self.first[row] + (state - self.offset[row])


def lay_out(process: WorkerProcess) -> Rows:
    """Return the states of a process, task by task: all legs to it, from wherever the task before may have been left.

    Raises
    ------
    TooLarge
        Beyond ``process.most_states``, before memory is taken for them.
    """
    most, speed, served = process.last_slot, process.worker.speed, process.services
    quickest, slowest = (1 + np.flatnonzero(process.delay_law)[[0, -1]]).tolist()  # slots that one of travel takes
    x, y = np.array([process.worker.x]), np.array([process.worker.y])
    first = last = np.array([min(process.departure, most)])
    blocks: list[dict[str, np.ndarray]] = []
    leaving: list[np.ndarray] = []  # by task: where its rows lead when abandoned, as rows of the next task
    base = states = 0
    for number, task in enumerate(process.tasks):
        away_x, away_y = task.x - x, task.y - y
        distance = np.hypot(away_x, away_y)
        travel = slots_up(distance / speed)
        rows = int(travel.sum())
        # A row has a state at least; the exact number is known when there is memory for that many.
        if states + rows > process.most_states:
            raise _too_large(process, number)
        at_task = base + rows
        starts = base + np.cumsum(travel) - travel
        leaving.append(np.where(travel > 0, starts, at_task))
        leg = np.repeat(np.arange(len(travel)), travel)
        gone = np.arange(base, at_task) - starts[leg]
        share = gone * speed / distance[leg]
        left = travel[leg] - gone
        arrives, opening = int((first + quickest * travel).min()), int(served.opening[number])
        latest = int((last + slowest * travel).max())
        if arrives < opening <= served.latest[number]:
            latest = max(latest, opening)  # it may wait
        # After the points on the way, the task itself.
        block = {
            "task": np.full(rows + 1, number),
            "left": np.append(left, 0),
            "x": np.append(x[leg] + share * away_x[leg], task.x),
            "y": np.append(y[leg] + share * away_y[leg], task.y),
            "first": np.minimum(np.append(first[leg] + quickest * gone, arrives), most),
            "last": np.minimum(np.append(last[leg] + slowest * gone, latest), most),
            "onward": np.append(np.where(left > 1, np.arange(base, at_task) + 1, at_task), -1),
        }
        states += int((block["last"] + 1 - block["first"]).sum())
        if states > process.most_states:
            raise _too_large(process, number)
        blocks.append(block)
        x, y, first, last = block["x"], block["y"], block["first"], block["last"].copy()
        # From the task itself it may set out after service.
        begins = min(int(last[-1]), int(served.latest[number]))
        if begins >= max(arrives, opening):
            after = begins + int(served.sensing[number]) + int(np.flatnonzero(served.law[number])[-1])
            last[-1] = min(max(int(last[-1]), after), most)
        base = at_task + 1
    leaving.append(np.full(len(x), base))
    end = {"task": process.num_tasks, "left": 0, "x": 0, "y": 0, "first": most, "last": most, "onward": base}
    blocks.append({name: np.array([value]) for name, value in end.items()})
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in end}
    abandon = np.concatenate([*leaving[1:], [base]])
    columns["onward"] = np.where(columns["onward"] < 0, abandon, columns["onward"])
    offset = np.concatenate([[0], np.cumsum(columns["last"] + 1 - columns["first"])])
    kinds = {"task": np.int16, "left": np.int32, "first": np.int32, "last": np.int32, "onward": np.int64}
    typed = {name: column.astype(kinds.get(name, np.float64), copy=False) for name, column in columns.items()}
    return Rows(**typed, abandon=abandon, offset=offset, last_slot=most)


def _too_large(process: WorkerProcess, number: int) -> TooLarge:
    return TooLarge(
        f"more than {process.most_states:,} states at task {number} of {process.num_tasks}; take fewer tasks: "
        "every slot of a leg on which a task may be abandoned begins a leg of its own to the next"
    )
