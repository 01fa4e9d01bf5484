"""The 0-1 knapsack as a linear program in binary variables."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model
from pyomo.core.expr import LinearExpression

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.models.cp_sat_statement import CpSatStatement, integer_objective
from mcsopt.models.readable_model import ReadableModel, at_one
from mcsopt.problems import Knapsack, Packing

DESCRIPTION = """\
0-1 knapsack

  choose  x[j] in {{0,1}}                   take item j
  max     sum over j of value[j] x[j]
  s.t.    sum over j of weight[j] x[j] <= capacity + {slack:g}

Weights and values are the real numbers given, never rounded.

This knapsack: {items} items, total weight {weight:.10g}, total value {value:.10g}, capacity {capacity:.10g}.
"""

MAX_DIGITS = 6
MAX_WEIGHT = 10**7  # CP-SAT 9.15 has answered falsely with coefficients of 1e8
WEIGHT_ERROR = 1e-10
"""Largest sum of the errors of weights written as decimals, a tenth of the capacity's tolerance."""


def describe(problem: Knapsack) -> str:
    """Return the statement in words and mathematics, with this knapsack's numbers."""
    instance = problem.instance
    return DESCRIPTION.format(
        slack=tolerances.MONEY, items=instance.num_items, weight=instance.weight.sum(),
        value=instance.value.sum(), capacity=instance.capacity,
    )  # fmt: skip


def build_pyomo(problem: Knapsack) -> pyo.ConcreteModel:
    """State the problem as a 0-1 program in Pyomo.

    Parameters
    ----------
    problem : Knapsack

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``take[j]`` is 1 if item j is taken; ``value`` is the objective, ``capacity`` the constraint, its
        tolerance included. Without items there is no variable, which some solvers refuse.
    """
    instance = problem.instance
    model = ReadableModel("knapsack", problem)
    model.take = pyo.Var(range(instance.num_items), domain=pyo.Binary)
    take = [model.take[item] for item in range(instance.num_items)]

    # LinearExpression keeps zero coefficients: a sum that vanished would be refused as a trivial constraint.
    def weighted(coefficients: np.ndarray) -> LinearExpression:
        return LinearExpression(linear_coefs=coefficients.tolist(), linear_vars=take)

    model.value = pyo.Objective(expr=weighted(instance.value), sense=pyo.maximize)
    model.capacity = pyo.Constraint(expr=(None, weighted(instance.weight), problem.capacity))
    return model


def read_pyomo(problem: Knapsack, model: pyo.ConcreteModel) -> Packing:
    """Return the packing in a solved model."""
    return Packing(at_one(model.take))


def build_cp_sat(problem: Knapsack) -> CpSatStatement:
    """State the problem in CP-SAT; the objective is rounded up to integers, see `integer_objective`.

    Weights are scaled by a power of ten and the packings that fit stay exactly the same, or the model
    refuses: CP-SAT takes integers, and rounded weights would let too much in or keep something out.

    Parameters
    ----------
    problem : Knapsack

    Returns
    -------
    CpSatStatement
        Variables by item.

    Raises
    ------
    InputError
        If the weights are no decimals of at most 6 digits after the point, or above 1e7 when scaled.
    """
    weight, capacity = integer_weights(problem)
    model = cp_model.CpModel()
    take = [model.new_bool_var(f"take[{item}]") for item in range(len(weight))]
    light = [item for item, units in enumerate(weight) if units <= capacity]
    total = cp_model.LinearExpr.weighted_sum([take[item] for item in light], [weight[item] for item in light])
    model.add(total <= capacity)
    for item in set(range(len(weight))).difference(light):
        model.add(take[item] == 0)
    most = int(np.searchsorted(np.cumsum(np.sort(weight)), capacity, side="right"))
    coefficients, scale, error = integer_objective(problem.instance.value, most)
    model.maximize(cp_model.LinearExpr.weighted_sum(take, coefficients))
    return CpSatStatement(model, dict(enumerate(take)), scale, error, problem=problem)


def read_cp_sat(problem: Knapsack, statement: CpSatStatement, solver: cp_model.CpSolver) -> Packing:
    """Return the packing in a solved CP-SAT model."""
    return Packing(statement.at_one(solver))


def integer_weights(problem: Knapsack) -> tuple[list[int], int]:
    """Return integer weights and capacity that admit exactly the same packings.

    With D digits after the point, ``W_j = round(10^D w_j)`` and ``C = floor(10^D (capacity + 1e-9))``. If the
    errors ``|w_j - W_j / 10^D|`` sum to e at most, then ``sum W_j <= C`` implies ``sum w_j <= C / 10^D + e``,
    and ``sum W_j > C`` implies ``sum w_j >= (C + 1) / 10^D - e``. So if ``capacity + 1e-9`` is at least e
    above ``C / 10^D`` and more than e below ``(C + 1) / 10^D``, the same packings fit. Items above the
    capacity stay so: they get C + 1.

    Parameters
    ----------
    problem : Knapsack

    Returns
    -------
    weight : list of int, length n
        For the smallest D that will do.
    capacity : int

    Raises
    ------
    InputError
        If no D <= 6 will do, or a weight is then above 1e7.
    """
    relaxed = Fraction(problem.instance.capacity) + Fraction(tolerances.MONEY)
    weight = problem.instance.weight
    fits = weight - problem.instance.capacity <= tolerances.MONEY
    for digits in range(MAX_DIGITS + 1):
        scale = 10**digits
        scaled = np.where(fits, weight, 0.0) * scale
        # The product is rounded unless the scale is 1; half a unit in the last place is at most 2^-53 of it.
        error = np.abs(scaled - np.rint(scaled)) + (scaled * 2.0**-53 if digits else 0.0)
        total = Fraction(float(error.sum()) / scale * (1 + 1e-9))
        capacity = int(relaxed * scale)
        below, above = relaxed - Fraction(capacity, scale), Fraction(capacity + 1, scale) - relaxed
        if total <= WEIGHT_ERROR and below >= total and above > total:
            worst = int(np.argmax(scaled)) if scaled.size else 0
            if scaled.max(initial=0.0) > MAX_WEIGHT:
                raise _refusal(problem, worst, f"above {MAX_WEIGHT:,} in units of {1 / scale:g}")
            units = np.rint(scaled).astype(np.int64)
            # More room than all of them need says nothing, and could be too large for CP-SAT.
            capacity = min(capacity, int(units.sum()))
            return np.where(fits, units, capacity + 1).tolist(), capacity
    raise _refusal(problem, int(np.argmax(error)), f"more than {MAX_DIGITS} digits after the point")


def _refusal(problem: Knapsack, item: int, why: str) -> InputError:
    return InputError(
        f"weight[{item}]",
        f"is {float(problem.instance.weight[item])!r}, {why}",
        "use solver 'knapsack' or 'highs'",
    )
