"""Coalition structures as set partitioning: one binary variable per coalition that may form."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model
from pyomo.core.expr import LinearExpression

from mcsopt.errors import TooLarge
from mcsopt.models.cp_sat_statement import CpSatStatement, integer_objective
from mcsopt.models.readable_model import ReadableModel, at_one
from mcsopt.problems.coalition_game import block_of
from mcsopt.problems.coalition_structure import CoalitionStructure, Partition

DESCRIPTION = """\
Coalition structure (set partitioning)

  choose  form[T] in {{0,1}}               coalition T forms, for every T that may
  max     sum over T of value[T] form[T]
  s.t.    sum over T with i in T of form[T] = 1    for every player i

Its linear relaxation has the dual  min sum of y[i]  s.t.  sum over i in T of y[i] >= value[T]  for every T: prices of
the players, which are a certificate where the relaxation is tight.

Here: {players} players, {coalitions} of {all} coalitions may form, values from {low:.6g} to {high:.6g}.
"""

MOST_COALITIONS = 100_000
"""Beyond, building the statement takes minutes, and the dynamic program seconds."""


def describe(problem: CoalitionStructure) -> str:
    """Return the statement in words and mathematics, with this game's numbers."""
    game = problem.instance
    values = game.value[game.may_form]
    return DESCRIPTION.format(
        players=game.players, coalitions=len(values), all=len(game.value) - 1,
        low=values.min(initial=np.inf), high=values.max(initial=-np.inf),
    )  # fmt: skip


def coalitions(problem: CoalitionStructure) -> list[int]:
    """Return the bit masks of the coalitions that may form; `TooLarge` beyond 100,000."""
    masks = np.flatnonzero(problem.instance.may_form).tolist()
    if len(masks) > MOST_COALITIONS:
        raise TooLarge(
            f"{len(masks):,} coalitions may form; the statement takes up to {MOST_COALITIONS:,}: "
            "use solver 'subset-program'"
        )
    return masks


def _name(mask: int) -> str:
    return "+".join(map(str, block_of(mask)))


def _partition(names: Iterable[str]) -> Partition:
    return Partition([int(player) for player in name.split("+")] for name in names)


def build_pyomo(problem: CoalitionStructure) -> pyo.ConcreteModel:
    """State the problem as a 0-1 program in Pyomo.

    Parameters
    ----------
    problem : CoalitionStructure

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``form["0+2"]`` is 1 if players 0 and 2 form a coalition; ``one_coalition[i]`` is the row of player i, whose
        dual in the relaxation is its price; ``total_value``, in units of ``objective_unit``, the largest magnitude of
        a value: solvers' tolerances are absolute.

    Raises
    ------
    TooLarge
        If more than 100,000 coalitions may form.
    """
    game, masks = problem.instance, coalitions(problem)
    model = ReadableModel("coalition_structure", problem)
    model.form = pyo.Var([_name(mask) for mask in masks], domain=pyo.Binary)
    columns = list(model.form.values())
    values = game.value[masks]
    model.objective_unit = float(np.abs(values).max(initial=0.0)) or 1.0
    model.total_value = pyo.Objective(
        expr=LinearExpression(linear_coefs=(values / model.objective_unit).tolist(), linear_vars=columns),
        sense=pyo.maximize,
    )

    def row(_: pyo.ConcreteModel, player: int) -> tuple[float, LinearExpression, float]:
        theirs = [form for mask, form in zip(masks, columns, strict=True) if mask >> player & 1]
        return 1.0, LinearExpression(linear_coefs=[1.0] * len(theirs), linear_vars=theirs), 1.0

    model.one_coalition = pyo.Constraint(range(game.players), rule=row)
    return model


def read_pyomo(problem: CoalitionStructure, model: pyo.ConcreteModel) -> Partition:
    """Return the partition in a solved model."""
    return _partition(at_one(model.form))


def build_cp_sat(problem: CoalitionStructure) -> CpSatStatement:
    """State the problem in CP-SAT; the objective is rounded up to integers, see `integer_objective`.

    Raises
    ------
    TooLarge
        As :func:`build_pyomo`.
    """
    game, masks = problem.instance, coalitions(problem)
    model = cp_model.CpModel()
    form = {_name(mask): model.new_bool_var(f"form[{_name(mask)}]") for mask in masks}
    columns = list(form.values())
    for player in range(game.players):
        model.add_exactly_one(x for mask, x in zip(masks, columns, strict=True) if mask >> player & 1)
    coefficients, scale, error = integer_objective(game.value[masks], game.players)
    model.maximize(cp_model.LinearExpr.weighted_sum(columns, coefficients))
    return CpSatStatement(model, form, scale, error, problem=problem)


def read_cp_sat(problem: CoalitionStructure, statement: CpSatStatement, solver: cp_model.CpSolver) -> Partition:
    """Return the partition in a solved CP-SAT model."""
    return _partition(statement.at_one(solver))
