"""How the best set of contracts of each task is found: from a list, by the search in numpy, or by the compiled one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcsopt.verification.check import pricing
from mcsopt.verification.check.fines import Fines
from mcsopt.verification.check.price_tree import Side
from mcsopt.verification.check.sets import Task
from mcsopt.verification.check.strict import Run

COMPILED_FROM = 3_000_000
"""Work, in units of a set listed (about a microsecond), from which loading compiled code pays."""
COMPILED_SETS = 2_000
"""Tasks with no more affordable sets are listed even so."""


@dataclass(frozen=True)
class Listed:
    """A task with a list of its feasible sets."""

    task: Task
    listing: list[pricing.Listing]
    floored = parallel = False

    @property
    def workers(self) -> np.ndarray:
        """Its candidates."""
        return self.task.workers

    def best(
        self, price: np.ndarray, banned: np.ndarray, valued: bool, floor: float, run: Run, fines: Fines
    ) -> float:  # fmt: skip
        """Return the best set of the list."""
        return pricing.best_listed(self.listing, price, banned, valued, fines)


@dataclass(frozen=True)
class Searched:
    """A task whose sets are searched."""

    task: Task
    floored = parallel = False

    @property
    def workers(self) -> np.ndarray:
        """Its candidates."""
        return self.task.workers

    def best(
        self, price: np.ndarray, banned: np.ndarray, valued: bool, floor: float, run: Run, fines: Fines
    ) -> float:  # fmt: skip
        """Return the best set."""
        return pricing.best_searched(self.task, price, banned, valued, run, fines)


def sides(tasks: Sequence[Task], num_leaves: int, run: Run) -> list[Side]:
    """Choose how each task of a tree with so many leaves is answered."""
    sizes = [pricing.expected_sets(task) for task in tasks]
    work = sum(
        size * (1 + num_leaves / 50) if size <= pricing.LISTED_SETS else pricing.LISTED_SETS * num_leaves
        for size in sizes
    )
    room, found = pricing.LISTED_IN_ALL, list[Side]()
    for task, size in zip(tasks, sizes, strict=True):
        if work >= COMPILED_FROM and size > COMPILED_SETS:
            # Loads numba: not for small certificates.
            from mcsopt.verification.check import compiled_search

            if compiled_search.takes(task):
                found.append(compiled_search.CompiledSearch(task))
                run.count("tasks searched by compiled code")
                continue
        listing = pricing.list_sets(task, min(room, pricing.LISTED_SETS), run)
        room -= 0 if listing is None else sum(len(sets.value) for sets in listing)
        run.count("tasks searched" if listing is None else "tasks listed")
        found.append(Searched(task) if listing is None else Listed(task, listing))
    return found
