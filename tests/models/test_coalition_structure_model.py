from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.core.expr.visitor import identify_variables

from mcsopt.data import coalition_game
from mcsopt.errors import TooLarge
from mcsopt.models import coalition_structure as stated
from mcsopt.problems import CoalitionGame, CoalitionStructure
from mcsopt.solvers import solve


def test_variables_and_rows_are_coalitions_and_players() -> None:
    problem = CoalitionStructure(CoalitionGame(3, np.arange(8), [1, 1, 1, 0, 1, 1, 1, 0]))
    model = stated.build_pyomo(problem)
    assert list(model.form) == ["0", "1", "2", "0+2", "1+2"]
    rows = [[x.index() for x in identify_variables(row.body)] for row in model.one_coalition.values()]
    assert rows == [["0", "0+2"], ["1", "1+2"], ["2", "0+2", "1+2"]]
    assert model.objective_unit == 6.0
    assert "5 of 7 coalitions may form, values from 1 to 6" in stated.describe(problem)


@pytest.mark.parametrize("seed", range(5))
def test_duals_of_the_relaxation_are_prices_of_the_players(seed: int) -> None:
    problem = CoalitionStructure(coalition_game(6, "superadditive", seed))
    model = stated.build_pyomo(problem)
    pyo.TransformationFactory("core.relax_integer_vars").apply_to(model)
    model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    SolverFactory("highs").solve(model)
    price = [model.dual[row] * model.objective_unit for row in model.one_coalition.values()]
    value = pyo.value(model.total_value) * model.objective_unit
    assert sum(price) == pytest.approx(value)
    for mask in range(1, 64):
        assert sum(price[i] for i in range(6) if mask >> i & 1) >= problem.instance.value[mask] - 1e-6
    best = solve(problem).objective
    assert best is not None
    assert value >= best - 1e-6


def test_too_many_coalitions() -> None:
    problem = CoalitionStructure(CoalitionGame(17, np.zeros(1 << 17)))
    for build in (stated.build_pyomo, stated.build_cp_sat):
        with pytest.raises(TooLarge, match=r"131,071 coalitions.*subset-program"):
            build(problem)
    few = np.zeros(1 << 17, np.int64)
    few[0] = few[-1] = 1
    assert solve(CoalitionStructure(CoalitionGame(17, np.ones(1 << 17) - (np.arange(1 << 17) == 0), few)),
                 solver="highs").objective == 1.0  # fmt: skip
