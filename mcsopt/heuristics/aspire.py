"""What ASPIRE-Off and ASPIRE-On share: one task a round moves to its knapsack set, while the potential rises."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems import Assignment, AssignmentProblem
from mcsopt.result import Result, Termination, TraceStep, conclude


class Game(ABC):
    """The state of the dynamics: who is assigned where, and each task's standing proposal.

    Parameters
    ----------
    problem : AssignmentProblem
    surrogate : array of float, shape (P,)
        Value of each pair in the knapsacks; pairs without one above 0 are never taken.
    largest : int
        Most workers of a proposal.

    Attributes
    ----------
    start, order : array of int
        The usable pairs of task i are ``order[start[i]:start[i + 1]]``.
    owner : array of int, shape (J,)
        Task of each worker, -1 if idle.
    sets, sizes, values : array
        Proposal of each task: its first `sizes` workers in `sets`, and the value; -1: none.
    current : array of float, shape (I,)
        Value of what each task has.
    stale : array of bool, shape (I,)
        Tasks whose proposal may have changed.
    """

    def __init__(self, problem: AssignmentProblem, surrogate: np.ndarray, largest: int) -> None:
        market = problem.instance
        self.surrogate = surrogate
        self.order = np.flatnonzero(problem.candidate & (surrogate > 0))
        tasks = market.num_tasks
        self.start = np.searchsorted(market.pair_task[self.order], np.arange(tasks + 1))
        # The transposed adjacency: tasks to look at again when a worker changes hands.
        by_worker = np.argsort(market.pair_worker[self.order], kind="stable")
        self.worker_start = np.searchsorted(
            market.pair_worker[self.order][by_worker], np.arange(market.num_workers + 1)
        )
        self.worker_tasks = market.pair_task[self.order][by_worker]
        self.owner = np.full(market.num_workers, -1, dtype=np.int64)
        self.sets = np.full((tasks, largest), -1, dtype=np.int64)
        self.sizes, self.values = np.zeros(tasks, dtype=np.int64), np.zeros(tasks)
        self.current = np.zeros(tasks)
        self.stale = np.ones(tasks, dtype=bool)

    @abstractmethod
    def look(self) -> None:
        """Bring the proposals of all stale tasks up to date."""

    def gains(self) -> np.ndarray:
        """Return the rise of the potential that each proposal brings; 0 where there is none."""
        return np.where(self.sizes >= 0, self.values - self.current, 0.0)

    def move(self, mover: int) -> None:
        """Give the mover what it proposes and mark the tasks whose available workers changed."""
        before = np.flatnonzero(self.owner == mover)
        after = self.sets[mover, : self.sizes[mover]]
        self.owner[before] = -1
        self.owner[after] = mover
        self.current[mover] = self.values[mover]
        for worker in np.setxor1d(before, after).tolist():
            self.stale[self._affected(worker, taken=self.owner[worker] == mover)] = True

    def _affected(self, worker: int, taken: bool) -> np.ndarray:
        """Return the tasks whose proposal may change now that a worker is taken, or else released."""
        return self.worker_tasks[self.worker_start[worker] : self.worker_start[worker + 1]]

    def plan(self) -> Assignment:
        """Return the plan as it stands."""
        held = np.argsort(self.owner, kind="stable")
        ends = np.searchsorted(self.owner[held], np.arange(len(self.sizes) + 1))
        return Assignment(held[first:last] for first, last in pairwise(ends))

    def notes(self) -> list[str]:
        """Return what a reader of the result should know."""
        return []


def play(
    name: str,
    problem: AssignmentProblem,
    begin: Callable[[], Game],
    *,
    seed: int,
    threshold: float,
    max_rounds: int,
    progress: Callable[[str], None] | None,
) -> Result:
    """Let the task with most to gain move, round by round, until no gain exceeds the threshold (ties: lowest index).

    Parameters
    ----------
    name : str
        Of the heuristic.
    problem : AssignmentProblem
    begin : callable
        Returns the game with nobody assigned; the clock counts it.
    seed, threshold, max_rounds, progress
        As of `aspire_off`.
    """
    began = time.perf_counter()
    game = begin()
    trace: list[TraceStep] = []
    termination = Termination.ROUNDS
    try:
        for round_ in range(max_rounds):
            game.look()
            gain = game.gains()
            mover = int(np.argmax(gain)) if len(gain) else 0
            if not len(gain) or gain[mover] <= threshold:
                termination = Termination.FINISHED
                break
            game.move(mover)
            trace.append(TraceStep(round_, mover, float(game.current.sum())))
            if progress is not None and round_ % 100 == 99:
                progress(f"{name}: round {round_ + 1}, potential {trace[-1].potential:.3f}")
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    notes = [f"stopped at the limit of {max_rounds} rounds"] if termination is Termination.ROUNDS else []
    return conclude(
        problem, name, game.plan(), termination=termination, seed=seed, trace=tuple(trace),
        message="; ".join([*notes, *game.notes()]), seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip


def check_rounds(threshold: float, **counts: tuple[int, int]) -> None:
    """Raise `InputError` for a threshold below 0, or a count, given with its least value, that is none or below it."""
    for name, (value, low) in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise InputError(name, f"is {value!r}", f"give an integer >= {low}")
    if not threshold >= 0:
        raise InputError("threshold", f"is {threshold!r}", "give a number >= 0")
