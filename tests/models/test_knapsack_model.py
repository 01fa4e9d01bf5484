from __future__ import annotations

from itertools import product

import numpy as np
import pyomo.environ as pyo
import pytest
from ortools.sat.python import cp_model
from pyomo.contrib.solver.common.factory import SolverFactory

from mcsopt.errors import InputError
from mcsopt.models.knapsack import (
    build_cp_sat,
    build_pyomo,
    describe,
    integer_weights,
    read_cp_sat,
    read_pyomo,
)
from mcsopt.problems import Knapsack, KnapsackInstance, Packing
from mcsopt.seeds import generator

BACKEND_ROUNDING = 1e-6


def problem_of(weight: object, value: object, capacity: float) -> Knapsack:
    return Knapsack(KnapsackInstance(np.asarray(weight, float), np.asarray(value, float), capacity))


def packings(problem: Knapsack) -> list[Packing]:
    n = problem.instance.num_items
    return [Packing(np.flatnonzero(choice)) for choice in product((0, 1), repeat=n)]


def best_value(problem: Knapsack) -> float:
    return max(problem.evaluate(p) for p in packings(problem) if not problem.violations(p))


def decimal_problem(rng: np.random.Generator) -> Knapsack:
    digits = int(rng.integers(0, 4))
    n = int(rng.integers(1, 9))
    weight = np.round(rng.uniform(0, 20, n), digits)
    inside = weight[rng.random(n) < 0.5].sum()
    return problem_of(weight, rng.uniform(0, 10, n), float(inside))


def test_pyomo_agrees_with_enumeration() -> None:
    rng = generator(1)
    for _ in range(10):
        problem = decimal_problem(rng)
        model = build_pyomo(problem)
        SolverFactory("highs").solve(model, rel_gap=0)
        packing = read_pyomo(problem, model)
        assert problem.evaluate(packing) == pytest.approx(best_value(problem), abs=BACKEND_ROUNDING)
        assert pyo.value(model.value) == pytest.approx(problem.evaluate(packing), abs=BACKEND_ROUNDING)


def test_pyomo_states_vanishing_coefficients_and_no_items() -> None:
    model = build_pyomo(problem_of([0, 0], [0, 1], 0))
    SolverFactory("highs").solve(model, rel_gap=0)
    assert read_pyomo(problem_of([0, 0], [0, 1], 0), model).items[-1] == 1
    empty = build_pyomo(problem_of([], [], 3))
    assert len(empty.take) == 0
    assert empty.capacity.upper() == pytest.approx(3)


def test_unsolved_pyomo_model_reads_as_empty() -> None:
    problem = problem_of([1], [1], 1)
    assert read_pyomo(problem, build_pyomo(problem)) == Packing(())


def test_cp_sat_agrees_with_enumeration_and_its_bound_is_valid() -> None:
    rng = generator(2)
    for _ in range(20):
        problem = decimal_problem(rng)
        statement = build_cp_sat(problem)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        assert solver.solve(statement.model) == cp_model.OPTIMAL
        packing = read_cp_sat(problem, statement, solver)
        best = best_value(problem)
        assert problem.violations(packing) == ()
        assert best - statement.error <= problem.evaluate(packing) <= best
        assert best <= solver.best_objective_bound / statement.scale <= best + statement.error
        assert statement.error <= 1e-5


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_integer_weights_admit_the_same_packings(scale: float) -> None:
    rng = generator(3)
    for _ in range(40):
        n = int(rng.integers(0, 8))
        weight = rng.integers(0, 9, n) * scale
        # Exactly met, missed by less or more than the tolerance, real, and less than the heaviest item.
        tie = float(weight[rng.random(n) < 0.5].sum())
        for capacity in (tie, tie - 0.5e-9, tie - 1.5e-9, float(rng.uniform(0, 20)) * scale, 4.0 * scale):
            problem = problem_of(weight, np.ones(n), max(0.0, capacity))
            units, limit = integer_weights(problem)
            for packing in packings(problem):
                fits = sum(units[item] for item in packing.items) <= limit
                assert fits == (not problem.violations(packing))


def test_fewest_digits_are_used() -> None:
    assert integer_weights(problem_of([3, 4], [1, 1], 5)) == ([3, 4], 5)
    assert integer_weights(problem_of([0.3, 4], [1, 1], 4.1)) == ([3, 40], 41)
    assert integer_weights(problem_of([3, 4], [1, 1], 1e100)) == ([3, 4], 7)


@pytest.mark.parametrize(
    ("weight", "field"),
    [([1, 0.123456789], "weight[1]"), ([1e5, 0.123456], "weight[0]"), ([2.0, 3e7], "weight[1]")],
)
def test_cp_sat_refuses_weights_without_integers(weight: list[float], field: str) -> None:
    with pytest.raises(InputError, match="use solver 'knapsack' or 'highs'") as caught:
        build_cp_sat(problem_of(weight, [1, 1], 1e8))
    assert caught.value.field == field


def test_cp_sat_refuses_a_capacity_that_rounding_cannot_place() -> None:
    # Tenths are no doubles: two of these weigh the capacity and its tolerance to within their rounding.
    weight = np.full(3, 0.1)
    with pytest.raises(InputError, match="digits"):
        integer_weights(problem_of(weight, np.ones(3), 0.2 - 1e-9))


def test_describe_states_the_numbers() -> None:
    text = describe(problem_of([1.5, 2], [3, 4], 2.5))
    assert "2 items, total weight 3.5, total value 7, capacity 2.5" in text
