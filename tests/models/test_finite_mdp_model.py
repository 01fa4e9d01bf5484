from __future__ import annotations

import pyomo.environ as pyo
import pytest
from ortools.sat.python import cp_model
from pyomo.contrib.solver.common.factory import SolverFactory

from mcsopt.data.decision_processes import decision_process
from mcsopt.errors import InputError, TooLarge
from mcsopt.models import finite_mdp as stated
from mcsopt.problems import DecisionProcess, FiniteMdp
from mcsopt.seeds import generator


def best_value(problem: FiniteMdp) -> float:
    return max(problem.evaluate(policy) for policy in problem.every_solution())


@pytest.mark.parametrize("seed", range(25))
def test_the_linear_program_agrees_with_enumeration(seed: int) -> None:
    problem = FiniteMdp.random_small(generator(seed))
    model = stated.build_pyomo(problem)
    if len(model.visits):
        SolverFactory("highs").solve(model)
        value = pyo.value(model.expected_return) * model.objective_unit
        assert value == pytest.approx(best_value(problem), abs=1e-6)
    policy = stated.read_pyomo(problem, model)
    assert problem.violations(policy) == ()
    assert problem.evaluate(policy) == pytest.approx(best_value(problem), abs=1e-6)


def test_cp_sat_agrees_with_enumeration_and_its_bound_is_valid() -> None:
    solved = refused = 0
    for seed in range(60):
        problem = FiniteMdp.random_small(generator(seed))
        try:
            statement = stated.build_cp_sat(problem)
        except InputError:
            refused += 1
            continue
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        assert solver.solve(statement.model) == cp_model.OPTIMAL
        policy, best = stated.read_cp_sat(problem, statement, solver), best_value(problem)
        assert best - statement.error <= problem.evaluate(policy) <= best
        if statement.variables:
            assert best <= solver.best_objective_bound / statement.scale <= best + statement.error
        assert statement.error <= 1e-5
        solved += 1
    assert solved > 20
    assert refused > 5


def test_probabilities_that_cannot_be_written_in_decimals_are_refused() -> None:
    third = DecisionProcess(1, 0, [0] * 3, [0] * 3, [0] * 3, [1 / 3, 1 / 3, 1 - 2 / 3], [1.0] * 3, 0.5)
    with pytest.raises(
        InputError, match=r"transitions.probability: times the discount has more than 6 digits .*; use solver"
    ):
        stated.build_cp_sat(FiniteMdp(third))


def test_only_what_can_be_reached_is_stated() -> None:
    # From state 0 straight to the end; state 1 leads nowhere that counts.
    data = DecisionProcess(3, 0, [0, 1], [0, 0], [2, 1], [1.0, 1.0], [1.0, 5.0], 0.5)
    model = stated.build_pyomo(FiniteMdp(data))
    assert list(model.visits) == [(0, 0, 0)]
    staged = DecisionProcess(2, 0, [0, 1], [0, 0], [1, 0], [1.0, 1.0], [1.0, 5.0], 0.5, 3)
    assert list(stated.build_pyomo(FiniteMdp(staged)).visits) == [(0, 0, 0), (1, 1, 1), (2, 0, 0)]


def test_too_many_variables_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stated, "MOST_VARIABLES", 20)
    with pytest.raises(TooLarge, match="more than 20 actions to state; use solver 'dynamic-programming'"):
        stated.build_pyomo(FiniteMdp(decision_process(states=30)))


def test_describe_states_the_numbers() -> None:
    text = stated.describe(FiniteMdp(decision_process(states=5, actions=2, successors=2, horizon=4, terminal=0.0)))
    assert "5 states, 10 actions in all, 20 outcomes, discount 0.95, 4 steps" in text
    assert "infinite horizon." in stated.describe(FiniteMdp(decision_process(states=5)))
