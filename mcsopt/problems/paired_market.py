"""What the crowdsensing markets share: tasks with budgets, workers, and the candidate pairs between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.problems.fields import Field, Instance


@dataclass(frozen=True, eq=False)
class PairedMarket(Instance):
    """Tasks i = 1..I, workers j = 1..J and the candidate pairs (i, j): base of the kinds of crowdsensing market.

    Pairs are sparse: parallel arrays sorted by (task, worker), with ``pair_start`` as in a compressed sparse row
    matrix, so memory is linear in the number of pairs. Indices count from 0. The attributes are those of
    `SensingMarket`; a subclass adds its own, with defaults, and their fields to `FIELDS`.
    """

    budget: np.ndarray
    demand: np.ndarray
    redundancy: np.ndarray
    arrival: np.ndarray
    pair_task: np.ndarray
    pair_worker: np.ndarray
    payment: np.ndarray
    cost: np.ndarray
    quality: np.ndarray
    quality_weight: float = 7.0
    intent_prior: np.ndarray | None = None
    privacy_budget: np.ndarray | None = None
    task_x: np.ndarray | None = None
    task_y: np.ndarray | None = None
    worker_x: np.ndarray | None = None
    worker_y: np.ndarray | None = None
    pair_start: np.ndarray = field(init=False, repr=False)
    """Pairs of task i are ``pair_start[i]`` up to ``pair_start[i + 1]``; derived, not given."""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("budget", "tasks.budget", low=0),
        Field("demand", "tasks.demand", low=0),
        Field("redundancy", "tasks.redundancy", low=0, high=1, open_high=True),
        Field("task_x", "tasks.x", optional=True),
        Field("task_y", "tasks.y", optional=True),
        Field("arrival", "workers.arrival", low=0, high=1),
        Field("privacy_budget", "workers.privacy_budget", low=0, open_low=True, optional=True),
        Field("worker_x", "workers.x", optional=True),
        Field("worker_y", "workers.y", optional=True),
        Field("pair_task", "pairs.task", low=0, integer=True),
        Field("pair_worker", "pairs.worker", low=0, integer=True),
        Field("payment", "pairs.payment", low=0),
        Field("cost", "pairs.cost", low=0),
        Field("quality", "pairs.quality", low=0),
        Field("intent_prior", "pairs.intent_prior", low=0, high=1, optional=True),
        Field("quality_weight", "quality_weight", low=0, open_low=True, scalar=True),
    )

    def __post_init__(self) -> None:
        self._check_fields()
        self._check_indices("pairs.task", self.pair_task, self.num_tasks, "task")
        self._check_indices("pairs.worker", self.pair_worker, self.num_workers, "worker")
        self._sort_pairs()
        start = np.zeros(self.num_tasks + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.pair_task, minlength=self.num_tasks), out=start[1:])
        start.setflags(write=False)
        object.__setattr__(self, "pair_start", start)

    def _sort_pairs(self) -> None:
        """Bring the pairs into order by (task, worker); `InputError` for one that occurs twice."""
        before, after = self.pair_task[:-1], self.pair_task[1:]
        if np.all((before < after) | ((before == after) & (self.pair_worker[:-1] < self.pair_worker[1:]))):
            return
        order = np.lexsort((self.pair_worker, self.pair_task))
        task, worker = self.pair_task[order], self.pair_worker[order]
        repeated = np.flatnonzero((task[1:] == task[:-1]) & (worker[1:] == worker[:-1]))
        if repeated.size:
            index = int(max(order[repeated[0]], order[repeated[0] + 1]))
            pair = f"({self.pair_task[index]}, {self.pair_worker[index]})"
            raise InputError(f"pairs.task[{index}]", f"repeats the pair {pair}", "list each pair once")
        for column in self.FIELDS:
            value = getattr(self, column.name)
            if column.group == "pairs" and value is not None:
                value = value[order]
                value.setflags(write=False)
                object.__setattr__(self, column.name, value)

    @staticmethod
    def _check_indices(path: str, values: np.ndarray, size: int, what: str) -> None:
        bad = np.flatnonzero(values >= size)
        if bad.size:
            index = int(bad[0])
            remedy = f"give a {what} index from 0 to {size - 1}" if size else f"the instance has no {what}s"
            raise InputError(f"{path}[{index}]", f"is {values[index]}", remedy)

    @property
    def num_tasks(self) -> int:
        """Number of tasks I."""
        return len(self.budget)

    @property
    def num_workers(self) -> int:
        """Number of workers J."""
        return len(self.arrival)

    @property
    def num_pairs(self) -> int:
        """Number of candidate pairs P."""
        return len(self.pair_task)

    def pairs_of(self, task: int) -> slice:
        """Return where the pairs of `task` stand in the pair arrays."""
        return slice(int(self.pair_start[task]), int(self.pair_start[task + 1]))

    def rational(self) -> np.ndarray:
        """Return, per pair, whether the payment covers the cost (25b), to `tolerances.MONEY`.

        A pair that does not is in the data but is no candidate.
        """
        return np.asarray(self.payment >= self.cost - tolerances.MONEY)
