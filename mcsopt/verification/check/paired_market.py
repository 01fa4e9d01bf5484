"""What markets of tasks, workers and candidate pairs share: strict reading, and the deviations of one task alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.verification.check import equilibrium, strict
from mcsopt.verification.check.strict import Range, Refused, Run
from mcsopt.verification.check.verdict import Breach

AMOUNT = strict.NONNEGATIVE
SHARE = Range(0.0, 1.0)
TASKS = {"budget": AMOUNT, "demand": AMOUNT, "redundancy": Range(0.0, 1.0, open_high=True)}
TASKS_OPTIONAL = {"x": strict.POSITION, "y": strict.POSITION}
WORKERS = {"arrival": SHARE}
WORKERS_OPTIONAL = {
    "privacy_budget": Range(0.0, strict.LARGEST, open_low=True),
    "x": strict.POSITION,
    "y": strict.POSITION,
}
PAIRS = {"payment": AMOUNT, "cost": AMOUNT, "quality": AMOUNT}
PAIRS_OPTIONAL = {"intent_prior": SHARE}
WEIGHT = Range(0.0, strict.LARGEST, open_low=True)

PairAt = list[dict[int, int]]
"""Per task, the position of the pair with each worker."""


def columns(
    value: Any,
    path: str,
    required: dict[str, Range],
    optional: dict[str, Range],
    others: tuple[str, ...] = (),
) -> dict[str, np.ndarray]:
    """Read the parallel lists of one group; `others` must be there and are read elsewhere."""
    group = strict.entries(value, path, (*required, *others), tuple(optional))
    ranges = {**required, **optional}
    length = len(strict.listed(group[next(iter(required))], f"{path}.{next(iter(required))}"))
    return {
        key: np.array(strict.numbers(column, f"{path}.{key}", ranges[key], length), dtype=np.float64)
        for key, column in group.items()
        if key in ranges
    }


def read_pairs(
    value: Any, num_tasks: int, num_workers: int
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, PairAt]:
    """Read the group of pairs: their columns, tasks, workers, and where each stands."""
    place = "instance.pairs"
    pairs = columns(value, place, PAIRS, PAIRS_OPTIONAL, ("task", "worker"))
    count = len(pairs["payment"])
    task = strict.indices(value["task"], f"{place}.task", num_tasks, count)
    worker = strict.indices(value["worker"], f"{place}.worker", num_workers, count)
    pair_at: PairAt = [{} for _ in range(num_tasks)]
    for pair, (i, j) in enumerate(zip(task, worker, strict=True)):
        if pair_at[i].setdefault(j, pair) != pair:
            raise Refused(f"{place}.task[{pair}] repeats the pair ({i}, {j})")
    return pairs, np.array(task, dtype=np.int64), np.array(worker, dtype=np.int64), pair_at


def by_worker(pair_at: PairAt, possible: np.ndarray) -> list[np.ndarray]:
    """Return, per task, its possible pairs in the order of their workers."""
    # In that order, so that the order of pairs in the file plays no part.
    return [np.array([pair for _, pair in sorted(at.items()) if possible[pair]], dtype=np.int64) for at in pair_at]


def read_plan(solution: dict[str, Any], pair_at: PairAt, num_workers: int) -> list[list[int]]:
    """Read the assignment: per task, the pairs (their positions) of its workers, which ascend."""
    strict.entries(solution, "solution", ("format", "problem", "assignment"))
    path = "solution.assignment"
    plan = []
    for i, members in enumerate(strict.listed(solution["assignment"], path, len(pair_at))):
        chosen = sorted(strict.distinct_indices(members, f"{path}[{i}]", num_workers))
        for j in chosen:
            if j not in pair_at[i]:
                raise Refused(f"{path}[{i}] names worker {j}, with whom task {i} has no pair")
        plan.append([pair_at[i][j] for j in chosen])
    return plan


def shared_workers(plan: list[list[int]], pair_worker: np.ndarray) -> list[Breach]:
    """Return a breach for each worker with more than one task."""
    uses = np.bincount([pair_worker[pair] for pairs in plan for pair in pairs], minlength=1)
    return [
        Breach("one task per worker", f"worker {worker}", float(uses[worker] - 1))
        for worker in np.flatnonzero(uses > 1)
    ]


@dataclass(frozen=True)
class Game:
    """Tasks as players, each of whom may choose among its own and the idle candidates.

    Attributes
    ----------
    pair_worker : array of int, shape (P,)
    pair_at : list of dict
    num_workers : int
    possible : sequence of array of int
        Per task, its possible pairs in the order of their workers.
    """

    pair_worker: np.ndarray
    pair_at: PairAt
    num_workers: int
    possible: Sequence[np.ndarray]

    def regret(
        self,
        plan: list[list[int]],
        evidence: dict[str, Any],
        player: Callable[[int, np.ndarray, tuple[int, ...]], equilibrium.Player],
        broken: Callable[[int, list[int]], list[Breach]],
        run: Run,
    ) -> float:
        """Return the equilibrium regret of a feasible plan, rounded up.

        Parameters
        ----------
        plan : list of list of int
            Per task, the pairs of its workers.
        evidence : dict
            ``{"kind": "equilibrium", "task": i, "workers": [...]}``: the deviation named as the best.
        player : callable
            Makes the player of a task, given the pairs it may choose from and, by their places, its own.
        broken : callable
            Returns the constraints that a task breaks by choosing some pairs.
        run : Run
            Time and work.
        """
        strict.entries(evidence, "evidence", ("kind", "task", "workers"))
        owner = np.full(self.num_workers, -1)
        for i, pairs in enumerate(plan):
            owner[self.pair_worker[pairs]] = i
        players, workers = [], []
        for i, possible in enumerate(self.possible):
            holder = owner[self.pair_worker[possible]]
            own_or_idle = possible[(holder == i) | (holder == -1)]
            place = {pair: local for local, pair in enumerate(own_or_idle.tolist())}
            players.append(player(i, own_or_idle, tuple(sorted(place[pair] for pair in plan[i]))))
            workers.append(self.pair_worker[own_or_idle])
        return equilibrium.derive(players, self._named_gain(players, workers, owner, evidence, broken), run)

    def _named_gain(
        self,
        players: list[equilibrium.Player],
        open_to: list[np.ndarray],
        owner: np.ndarray,
        evidence: dict[str, Any],
        broken: Callable[[int, list[int]], list[Breach]],
    ) -> float:
        """Return what the deviation named gains, rounded up; it must be open to its task."""
        workers = sorted(strict.distinct_indices(evidence["workers"], "evidence.workers", self.num_workers))
        if evidence["task"] is None:
            if workers:
                raise Refused("evidence.workers names workers, but evidence.task is null")
            return 0.0
        i = strict.index(evidence["task"], "evidence.task", len(self.pair_at))
        for j in workers:
            if j not in self.pair_at[i]:
                raise Refused(f"evidence.workers names worker {j}, with whom task {i} has no pair")
            if owner[j] not in (-1, i):
                raise Refused(
                    f"evidence.workers names worker {j}, who serves task {owner[j]}: task {i} cannot choose him"
                )
        found = broken(i, [self.pair_at[i][j] for j in workers])
        if found:
            raise Refused(f"the deviation named is infeasible: {found[0]}")
        place = {int(worker): local for local, worker in enumerate(open_to[i])}
        return players[i].gain(sorted(place[j] for j in workers))
