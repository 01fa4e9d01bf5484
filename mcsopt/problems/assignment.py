"""Plans that assign workers to tasks, and what every problem about them shares."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError, shown
from mcsopt.problems.base import Problem, Violation, index_list, indices


@dataclass(frozen=True)
class Assignment:
    """Which workers are contracted to which task: ``sets[i]``, the sorted workers of task i."""

    sets: tuple[tuple[int, ...], ...]

    def __init__(self, sets: Iterable[Iterable[int]]) -> None:
        object.__setattr__(self, "sets", tuple(indices(members, "worker") for members in sets))


class AssignmentProblem(Problem[Assignment]):
    """Give each task of a crowdsensing market a set of workers, no worker to two tasks.

    The objective is a sum over tasks of `set_value`, and but for exclusivity every constraint is about one task's set.
    So tasks are the players of a potential game: `set_value` is a task's payoff, and the sets without `set_violations`
    are its strategies, as far as other tasks leave it their workers. ``instance`` is a
    :class:`~mcsopt.problems.paired_market.PairedMarket`.
    """

    COVERS_COST: ClassVar[str]
    WITHIN_BUDGET: ClassVar[str]
    ONE_TASK: ClassVar[str]
    MUST_SERVE: ClassVar[str]
    """Names of the constraints that these problems have in common; the last: a task must not stay without workers."""

    @property
    @abstractmethod
    def candidate(self) -> np.ndarray:
        """Whether each pair may be part of a plan at all, shape (P,)."""

    @property
    @abstractmethod
    def obliged(self) -> np.ndarray:
        """Whether each task must have workers, shape (I,)."""

    @abstractmethod
    def set_value(self, task: int, workers: Sequence[int]) -> float:
        """Return what `workers` at `task` add to the objective; 0 for nobody."""

    @abstractmethod
    def set_violations(self, task: int, workers: Sequence[int]) -> list[Violation]:
        """Return the constraints that `workers` at `task` break, whatever the other tasks do."""

    @cached_property
    def _covered(self) -> np.ndarray:
        """Whether each pair's payment covers its cost, shape (P,); kept, as every set asks for it."""
        return np.asarray(self.instance.rational())

    @cached_property
    def budget(self) -> np.ndarray:
        """Budgets with their tolerance, shape (I,): what every method spends, so bounds hold for the relaxed set."""
        return np.asarray(self.instance.budget + tolerances.MONEY)

    def pairs(self, task: int, workers: Sequence[int]) -> list[int]:
        """Return the positions of the pairs (task, worker) in the pair arrays; `InputError` if there is none."""
        market = self.instance
        where = market.pairs_of(task)
        members = market.pair_worker[where]
        found = np.searchsorted(members, workers)
        for worker, position in zip(workers, found, strict=True):
            if position == len(members) or members[position] != worker:
                raise InputError(
                    f"assignment[{task}]",
                    f"names worker {worker}, with whom task {task} has no pair",
                    "use the pairs of the instance",
                )
        return [where.start + int(position) for position in found]

    def evaluate(self, solution: Assignment) -> float:
        """Return the objective, the sum of the values of the sets."""
        self._check_size(solution)
        return math.fsum(self.set_value(task, workers) for task, workers in enumerate(solution.sets) if workers)

    def violations(self, solution: Assignment) -> tuple[Violation, ...]:
        """Return every broken constraint, with its amount in money, quality or probability."""
        self._check_size(solution)
        found = [v for task, workers in enumerate(solution.sets) for v in self.set_violations(task, workers)]
        uses = np.bincount([j for workers in solution.sets for j in workers], minlength=1)
        for worker in np.flatnonzero(uses > 1):
            found.append(Violation(self.ONE_TASK, f"worker {worker}", float(uses[worker] - 1)))
        return tuple(found)

    def _uncovered(self, pair: int, where: str) -> list[Violation]:
        """Return the violation of a pair whose payment does not cover its cost, if it is one."""
        shortfall = float(self.instance.cost[pair] - self.instance.payment[pair])
        return [] if self._covered[pair] else [Violation(self.COVERS_COST, where, shortfall)]

    def _overspent(self, task: int, pairs: Sequence[int]) -> list[Violation]:
        """Return the violation of a task that pays more than its budget, if it does."""
        market = self.instance
        excess = math.fsum([*market.payment[pairs].tolist(), -float(market.budget[task])])
        return [Violation(self.WITHIN_BUDGET, f"task {task}", excess)] if excess > tolerances.MONEY else []

    def _check_size(self, solution: Assignment) -> None:
        if len(solution.sets) != self.instance.num_tasks:
            raise InputError(
                "assignment",
                f"has length {len(solution.sets)}, the number of tasks is {self.instance.num_tasks}",
                "give one list of workers per task, empty if it has none",
            )

    def empty_solution(self) -> Assignment:
        """Return the plan without workers; infeasible only where some task must have some."""
        return Assignment([()] * self.instance.num_tasks)

    def solution_to_json(self, solution: Assignment) -> dict[str, Any]:
        """Return ``{"assignment": [[worker, ...], ...]}``, one list per task."""
        return {"assignment": [list(workers) for workers in solution.sets]}

    def solution_from_json(self, document: Mapping[str, Any]) -> Assignment:
        """Read ``{"assignment": [[worker, ...], ...]}``."""
        sets = document["assignment"]
        if not isinstance(sets, (list, tuple)):
            raise InputError("assignment", f"is {shown(sets)}", "give one list of workers per task")
        workers = self.instance.num_workers
        plan = Assignment(
            index_list(members, f"assignment[{task}]", workers, "worker") for task, members in enumerate(sets)
        )
        self._check_size(plan)
        for task, members in enumerate(plan.sets):
            self.pairs(task, members)
        return plan
