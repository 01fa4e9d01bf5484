"""Exact quantities of sets of recruits: budget, demand, welfare; all of them known, as recruits are there.

With n arrived workers who deliver the sum S, k recruits A deliver ``Q^fin = (S + sum of q) / (1 + (n + k - 1) zeta)``
together, and their set is worth ``omega3 (Q^fin - Q^base) - sum of c``, or ``omega3 (sum of q) / (1 + (k - 1) zeta) -
sum of c`` where recruits count alone; plus the bonus of a restoration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from mcsopt.verification.check.rounding import MONEY, NEAR, QUALITY, UNIT, scaled
from mcsopt.verification.check.sets import TINY


@dataclass(frozen=True)
class Recruiter:
    """One task with its candidates: parallel arrays over local indices, and the task's own numbers.

    Attributes
    ----------
    workers : array of int, shape (m,)
        Ascending.
    quality, payment, cost : array of float, shape (m,)
    weight, redundancy, demand, budget : float
    base_sum : float
        What the arrived contracts deliver, S.
    base_count : int
        How many they are, n.
    increment : bool
        Whether the rise of quality counts, or that of the recruits alone.
    bonus : float
        What a restoration is worth, a whole number.
    """

    workers: np.ndarray
    quality: np.ndarray
    payment: np.ndarray
    cost: np.ndarray
    weight: float
    redundancy: float
    demand: float
    budget: float
    base_sum: float
    base_count: int
    increment: bool
    bonus: float

    @property
    def size(self) -> int:
        """Number of candidates."""
        return len(self.workers)

    @cached_property
    def limit(self) -> float:
        """Budget with its slack, as a double."""
        return self.budget + float(MONEY)

    @cached_property
    def money_band(self) -> float:
        """Distance from the budget within which payments are summed exactly: far above their rounding."""
        return max(NEAR, 4 * (self.size + 2) * UNIT * (self.budget + 1))

    @cached_property
    def most(self) -> int:
        """How many candidates the budget pays at most."""
        return int((np.cumsum(np.sort(self.payment)) <= self.limit + 2 * self.money_band).sum())

    # Constraints -------------------------------------------------------------------------------------------

    @cached_property
    def _money(self) -> tuple[list[int], int]:
        payments, scale = scaled([*self.payment.tolist(), self.budget])
        return payments, payments.pop() + math.floor(MONEY * scale)

    def affordable(self, members: Sequence[int]) -> bool:
        """Whether the payments are at most ``B + 1e-9``, decided exactly."""
        payments, limit = self._money
        return sum(payments[j] for j in members) <= limit

    def shortfall(self, members: Sequence[int]) -> Fraction:
        """Return ``Q^D (1 + (n + k - 1) zeta) - S - sum of q`` exactly; the demand is restored iff it is <= 1e-12."""
        total = sum((Fraction(float(self.quality[j])) for j in members), Fraction(self.base_sum))
        others = self.base_count + len(members) - 1
        return Fraction(self.demand) * (1 + others * Fraction(self.redundancy)) - total

    def restores(self, members: Sequence[int]) -> bool:
        """Whether the set restores the demand, decided exactly."""
        return self.shortfall(members) <= QUALITY

    def needed(self, size: int) -> float:
        """Return the least sum of qualities with which `size` recruits restore the demand, in doubles."""
        asked = self.demand * (1 + (self.base_count + size - 1) * self.redundancy)
        return asked - self.base_sum - float(QUALITY)

    def quality_band(self, size: int) -> float:
        """Distance from `needed` within which qualities are summed exactly: far above their rounding."""
        scale = self.demand * (1 + self.base_count + size) + self.base_sum + 1
        return max(NEAR, 4 * (size + 6) * UNIT * (scale + size * float(self.quality.max(initial=0.0))))

    # Value -------------------------------------------------------------------------------------------------

    def spread(self, size: int) -> float:
        """Return what the sum of the qualities that count is divided by: ``1 + (n + k - 1) zeta``, or without n."""
        return 1 + ((self.base_count if self.increment else 0) + size - 1) * self.redundancy

    @cached_property
    def base_quality(self) -> float:
        """Return ``Q^base`` where the rise of quality counts, else 0."""
        return self.base_sum / (1 + max(self.base_count - 1, 0) * self.redundancy) if self.increment else 0.0

    def value(self, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of nonempty sets of one size, rows of local indices, and a bound on their error.

        With u the unit roundoff: k qualities and S add up with k roundings, the divisor takes 3, the division 1, the
        weight 1: k + 5 relative to ``omega3 Q^fin``; ``omega3 Q^base`` takes 5; the costs k - 1; the differences and
        the bonus 3 more, relative to no more than the sum of all. So the error is below ``(k + 8) u`` times that sum to
        first order in u; 2k + 12 covers the higher orders and the rounding of the bound itself, `TINY` underflow.
        """
        size = members.shape[1]
        quality = np.full(len(members), self.base_sum if self.increment else 0.0)
        cost = np.zeros(len(members))
        for k in range(size):
            quality = quality + self.quality[members[:, k]]
            cost = cost + self.cost[members[:, k]]
        gross, base = self.weight * (quality / self.spread(size)), self.weight * self.base_quality
        scale = gross + base + cost + self.bonus
        return ((gross - base) - cost) + self.bonus, (2 * size + 12) * UNIT * scale + np.where(scale > 0, TINY, 0.0)

    def exact_value(self, members: Sequence[int]) -> Fraction:
        """Return the value of a set that restores the demand, or of nobody, as a rational."""
        if not members:
            return Fraction(0)
        zeta, base = Fraction(self.redundancy), Fraction(self.base_sum if self.increment else 0.0)
        total = sum((Fraction(float(self.quality[j])) for j in members), base)
        cost = sum((Fraction(float(self.cost[j])) for j in members), Fraction(0))
        arrived = self.base_count if self.increment else 0
        quality = total / (1 + (arrived + len(members) - 1) * zeta) - base / (1 + max(arrived - 1, 0) * zeta)
        return Fraction(self.weight) * quality - cost + Fraction(self.bonus)
