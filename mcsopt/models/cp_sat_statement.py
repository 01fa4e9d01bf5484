"""What a CP-SAT statement consists of, and how real objectives become integers without losing the bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from mcsopt.models.readable_model import shown_statement
from mcsopt.problems import Problem
from mcsopt.result import Sense

_LARGEST = 10**7  # CP-SAT 9.15 has answered falsely with coefficients of 1e8


@dataclass(frozen=True)
class CpSatStatement:
    """A CP-SAT model with what is needed to read it.

    Attributes
    ----------
    model : cp_model.CpModel
    variables : Mapping
        The Boolean variable of each decision, by its key in the problem.
    scale : float
        The model's objective is about `scale` times the problem's.
    error : float
        ``objective in the model / scale`` is better than the problem's objective by at most this, and never worse.
    parameters : Mapping
        CP-SAT parameters that suit this model better than the usual ones.
    problem : Problem
        What the model states.
    """

    model: cp_model.CpModel
    variables: Mapping[Any, cp_model.IntVar]
    scale: float
    error: float
    parameters: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem[Any] = field(kw_only=True)

    def at_one(self, solver: cp_model.CpSolver) -> list[Any]:
        """Return the keys of the variables that are one in a solved model."""
        return [key for key, x in self.variables.items() if solver.boolean_value(x)]

    def _repr_html_(self) -> str:
        """Return the statement for notebooks."""
        proto = self.model.proto
        return shown_statement(
            self.problem, self.problem.name, len(proto.variables), len(proto.constraints), "CP-SAT model"
        )


def integer_objective(values: np.ndarray, chosen: int, sense: Sense = Sense.MAX) -> tuple[list[int], float, float]:
    """Round objective coefficients to integers, up for a maximisation, down for a minimisation.

    So every bound of the integer model, divided by the scale, is a bound of the real one.

    Parameters
    ----------
    values : array of float
        Coefficients of 0-1 variables.
    chosen : int
        How many of the variables can be 1 together.
    sense : Sense
        Direction of optimisation.

    Returns
    -------
    coefficients : list of int
        ``ceil(values * scale)`` or ``floor(values * scale)``, at most 1e7 in absolute value.
    scale : float
        A power of two, so that scaling is exact.
    error : float
        ``chosen / scale``: the most by which rounding can better the objective.
    """
    largest = float(np.max(np.abs(values), initial=0.0))
    # Subtracted, because the quotient of a number near the least double overflows; 2^1023 is the largest power.
    scale = 2.0 ** min(np.floor(np.log2(_LARGEST) - np.log2(largest)), 1023.0) if largest > 0 else 1.0
    rounded = (np.ceil if sense is Sense.MAX else np.floor)(values * scale)
    return [int(c) for c in rounded], float(scale), chosen / float(scale)
