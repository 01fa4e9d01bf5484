"""The 0-1 knapsack problem on real numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.problems.base import Problem, Violation, index_list, indices
from mcsopt.problems.fields import Field, Instance
from mcsopt.result import Sense


@dataclass(frozen=True, eq=False)
class KnapsackInstance(Instance):
    """Items and a capacity.

    Parameters
    ----------
    weight, value : array of float, shape (n,)
        Weight and value of each item, >= 0, in any unit.
    capacity : float
        Largest total weight, >= 0.
    """

    weight: np.ndarray
    value: np.ndarray
    capacity: float

    kind: ClassVar[str] = "knapsack"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("weight", "weight", low=0),
        Field("value", "value", low=0),
        Field("capacity", "capacity", low=0, scalar=True),
    )

    def __post_init__(self) -> None:
        self._check_fields()

    @property
    def num_items(self) -> int:
        """Number of items n."""
        return len(self.weight)


@dataclass(frozen=True)
class Packing:
    """A choice of items: their indices, sorted."""

    items: tuple[int, ...]

    def __init__(self, items: Iterable[int]) -> None:
        object.__setattr__(self, "items", indices(items, "item"))


@dataclass(frozen=True)
class Knapsack(Problem[Packing]):
    """Choose items of greatest total value within a capacity.

    ``max sum_j value_j x_j`` subject to ``sum_j weight_j x_j <= capacity``, ``x_j in {0, 1}``.
    Weights and values are the doubles given, never rounded; the capacity holds to `tolerances.MONEY`.

    Parameters
    ----------
    instance : KnapsackInstance

    Examples
    --------
    >>> problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))
    >>> problem.evaluate(Packing([0, 1])), problem.violations(Packing([0, 1]))
    (9.0, ())
    """

    instance: KnapsackInstance

    name: ClassVar[str] = "knapsack"
    sense: ClassVar[Sense] = Sense.MAX
    instance_type: ClassVar[type[Instance]] = KnapsackInstance

    def __post_init__(self) -> None:
        self._check_options()

    @property
    def capacity(self) -> float:
        """Capacity with its tolerance: what every method fills, so that bounds hold for the relaxed set."""
        return self.instance.capacity + tolerances.MONEY

    def evaluate(self, solution: Packing) -> float:
        """Return the total value of the items, correctly rounded."""
        return math.fsum(self.instance.value[self._items(solution)].tolist())

    def violations(self, solution: Packing) -> tuple[Violation, ...]:
        """Return the excess over the capacity, if above tolerance."""
        weights = self.instance.weight[self._items(solution)].tolist()
        excess = math.fsum([*weights, -self.instance.capacity])
        if excess <= tolerances.MONEY:
            return ()
        return (Violation("capacity", "knapsack", excess),)

    def _items(self, solution: Packing) -> list[int]:
        """Return the items, refusing one that does not exist or is taken twice."""
        return list(index_list(solution.items, "items", self.instance.num_items, "item"))

    def empty_solution(self) -> Packing:
        """Return the empty packing; it is always feasible."""
        return Packing(())

    def solution_to_json(self, solution: Packing) -> dict[str, Any]:
        """Return ``{"items": [...]}``."""
        return {"items": list(solution.items)}

    def solution_from_json(self, document: Mapping[str, Any]) -> Packing:
        """Read ``{"items": [...]}``."""
        return Packing(index_list(document["items"], "items", self.instance.num_items, "item"))

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> Knapsack:
        """Draw up to 12 items; half the time on a coarse grid, so that exact ties occur."""
        n = int(rng.integers(0, 13))
        weight, value = rng.uniform(0, 10, n), rng.uniform(0, 10, n)
        if rng.random() < 0.5:
            weight, value = np.round(weight), np.round(value)
        capacity = float(rng.uniform(0, 1) * weight.sum())
        return cls(KnapsackInstance(weight, value, round(capacity) if rng.random() < 0.5 else capacity))
