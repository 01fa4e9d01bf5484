"""Sums of integers of up to 14 digits in CP-SAT, which is to be trusted with 7: two limbs and a carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

BASE = 10**7
"""CP-SAT 9.15 has answered falsely with coefficients of 1e8."""
LARGEST = float(BASE) ** 2


class WideSum:
    """A sum of real coefficients times Booleans, rounded to integers ``high * 1e7 + low``.

    Parameters
    ----------
    model : cp_model.CpModel
    variables : sequence of IntVar
        Booleans.
    coefficients : array of float
        Of the same length, >= 0, not all 0.
    most : int
        How many of the variables can be 1 together, where it matters; the sum is only right up to there.

    Attributes
    ----------
    scale : float
        The largest coefficient becomes 1e14.
    error : int
        By how much, in units, the integer sum may be off ``scale`` times the real one and a limit rounded likewise:
        half a unit a term, and the rounding of doubles of this size.
    """

    def __init__(
        self, model: cp_model.CpModel, variables: Sequence[cp_model.IntVar], coefficients: np.ndarray, most: int
    ) -> None:
        self.model = model
        self.scale = LARGEST / float(coefficients.max())
        self.error = int(0.55 * most) + 4
        digits = [divmod(min(int(c), BASE**2), BASE) for c in np.rint(coefficients * self.scale)]
        carry = model.new_int_var(0, len(variables), "")
        self.low = model.new_int_var(0, BASE - 1, "")
        low = cp_model.LinearExpr.weighted_sum(variables, [low for _, low in digits])
        model.add(low == self.low + BASE * carry)
        self.high = cp_model.LinearExpr.weighted_sum(variables, [high for high, _ in digits]) + carry

    def at_most(self, limit: float, when: cp_model.IntVar) -> None:
        """Require the sum to be at most `limit` if `when` is 1; rounded so that no more is cut off."""
        high, low = divmod(int(np.ceil(limit * self.scale)) + self.error, BASE)
        below = self.model.new_bool_var("")
        self.model.add(self.high <= high).only_enforce_if(when)
        self.model.add(self.high <= high - 1).only_enforce_if(when, below)
        self.model.add(self.low <= low).only_enforce_if(when, ~below)

    def at_least(self, limit: float, when: cp_model.IntVar) -> None:
        """Require the sum to be at least `limit` if `when` is 1; rounded so that no more is cut off."""
        high, low = divmod(int(np.floor(limit * self.scale)) - self.error, BASE)
        above = self.model.new_bool_var("")
        self.model.add(self.high >= high).only_enforce_if(when)
        self.model.add(self.high >= high + 1).only_enforce_if(when, above)
        self.model.add(self.low >= low).only_enforce_if(when, ~above)
