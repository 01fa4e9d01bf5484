"""Subset-row cuts: what their prices fine the sets of one task.

A cut has three rows, tasks or workers. Every row is in at most one chosen set, a set of task i having the rows i and
its workers; so the sets with two rows of the cut or more, which take up two of the three, are at most one. Its price
y >= 0 is added to a bound, and taken from the worth of every set that has two of its rows or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

CUTS = 62
"""Most cuts that count for one task, one bit each; to leave out the cheapest keeps a bound a bound."""


@dataclass(frozen=True)
class Cut:
    """Three rows and a price."""

    task: tuple[int, ...]
    worker: tuple[int, ...]
    price: float


@dataclass(frozen=True)
class Fines:
    """The cuts that concern one task.

    Attributes
    ----------
    mark : array of int, shape (m,)
        Per candidate, the cuts it is a row of, one bit each.
    price : array of float, shape (c,)
    hit : int
        The cuts of which the task itself is a row.
    """

    mark: np.ndarray
    price: np.ndarray
    hit: int

    @classmethod
    def of_task(cls, index: int, workers: np.ndarray, cuts: Sequence[Cut]) -> Fines:
        """Return the fines of task `index` with the candidates `workers`, which ascend."""
        concerned = []
        for cut in cuts:
            place = np.searchsorted(workers, cut.worker) if len(workers) else np.zeros(0, dtype=np.int64)
            members = [int(k) for k, j in zip(place, cut.worker, strict=False) if k < len(workers) and workers[k] == j]
            if cut.price > 0 and len(members) + (index in cut.task) >= 2:
                concerned.append((cut, members))
        if not concerned:
            return NO_FINES
        concerned = sorted(concerned, key=lambda entry: -entry[0].price)[:CUTS]
        mark = np.zeros(len(workers), dtype=np.int64)
        for bit, (_, members) in enumerate(concerned):
            mark[members] |= 1 << bit
        hit = sum(1 << bit for bit, (cut, _) in enumerate(concerned) if index in cut.task)
        return cls(mark, np.array([cut.price for cut, _ in concerned]), hit)

    def __bool__(self) -> bool:
        return len(self.price) > 0

    @cached_property
    def key(self) -> bytes:
        """What tells fines apart."""
        return self.mark.tobytes() + self.price.tobytes() + self.hit.to_bytes(8, "little") if self else b""

    def of(self, candidates: np.ndarray) -> np.ndarray:
        """Return the marks of candidates."""
        return self.mark[candidates] if self else np.zeros(len(candidates), dtype=np.int64)

    def select(self, candidates: np.ndarray) -> Fines:
        """Return the fines for candidates in another order."""
        return Fines(self.of(candidates), self.price, self.hit)

    def due(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """Return what sets are fined, given by columns of members, adding up cut by cut."""
        rows = len(columns[0]) if columns else 1
        hit, due = np.full(rows, self.hit, dtype=np.int64), np.zeros(rows, dtype=np.int64)
        for column in columns:
            due |= hit & self.mark[column]
            hit |= self.mark[column]
        total = np.zeros(rows)
        for bit, price in enumerate(self.price.tolist()):
            total = total + np.where(due >> bit & 1, price, 0.0)
        return total


NO_FINES = Fines(np.zeros(0, dtype=np.int64), np.zeros(0), 0)
