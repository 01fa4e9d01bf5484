"""Both statements of offline welfare against brute force; the scenario statement line by line against (25)."""

import numpy as np
import pytest
from pyomo.contrib.solver.common.factory import SolverFactory

from mcsopt.data import sensing_market
from mcsopt.errors import InputError, TooLarge
from mcsopt.models import cp_sat_statement, model, offline_welfare_scenarios, statement
from mcsopt.problems import OfflineWelfare, Problem
from mcsopt.result import Status
from mcsopt.solvers import solve


def small_problems(count, seed):
    rng = np.random.default_rng(seed)
    while count:
        problem = OfflineWelfare.random_small(rng)
        if problem.instance.num_tasks <= 3 and problem.instance.num_workers <= 5:
            count -= 1
            yield problem


def test_the_scenario_statement_has_the_same_optimum_as_set_packing():
    seen = set()
    for problem in small_problems(25, seed=5):
        scenarios = offline_welfare_scenarios.build_pyomo(problem)
        results = SolverFactory("highs").solve(
            scenarios, load_solutions=False, raise_exception_on_nonoptimal_result=False,
            solver_options={"mip_rel_gap": 0.0, "mip_feasibility_tolerance": 1e-9},
        )  # fmt: skip
        packed = solve(problem, solver="highs")
        seen.add(packed.status)
        if packed.status is Status.INFEASIBLE:
            assert results.solution_status.name == "noSolution"
            continue
        results.solution_loader.load_vars()
        plan = offline_welfare_scenarios.read_pyomo(problem, scenarios)
        assert problem.violations(plan) == ()
        assert problem.evaluate(plan) == pytest.approx(packed.objective, abs=1e-6)
        assert results.incumbent_objective == pytest.approx(packed.objective, abs=1e-6)
    assert seen == {Status.PROVED, Status.INFEASIBLE}


def test_the_scenario_statement_refuses_tasks_with_many_candidates():
    with pytest.raises(TooLarge, match="use the set-packing statement"):
        offline_welfare_scenarios.build_pyomo(OfflineWelfare(sensing_market(tasks=10, workers=40)))


def test_variables_are_named_for_the_reader(tmp_path):
    problem = OfflineWelfare(sensing_market(tasks=6, workers=24, seed=1))
    pyomo_model = model(problem)
    (task, workers), _ = next(iter(pyomo_model.contract.items()))
    assert problem.set_violations(task, tuple(map(int, workers.split("+")))) == []
    pyomo_model.write(str(tmp_path / "model.lp"), io_options={"symbolic_solver_labels": True})
    assert "one_task_per_worker" in (tmp_path / "model.lp").read_text()


def test_the_description_carries_the_numbers_of_the_market():
    problem = OfflineWelfare(sensing_market(tasks=6, workers=24, seed=1, service="required"))
    text = statement(problem).describe(problem)
    assert "6 tasks, 24 workers" in text
    assert "each task takes one set" in text


def test_integer_objectives_never_lower_a_bound():
    rng = np.random.default_rng(0)
    for largest in (1e-3, 1.0, 1e9):
        values = rng.uniform(-largest, largest, 50)
        coefficients, scale, error = cp_sat_statement.integer_objective(values, chosen=3)
        rounded = np.array(coefficients) / scale
        assert (rounded >= values).all()
        assert (rounded - values <= error / 3).all()
        assert max(map(abs, coefficients)) <= 10**7
    assert cp_sat_statement.integer_objective(np.zeros(2), 1)[0] == [0, 0]


def test_a_problem_without_a_statement_says_which_module_is_missing():
    class Unstated(Problem):
        name = "unstated"

    Unstated.__abstractmethods__ = frozenset()
    with pytest.raises(InputError, match=r"write mcsopt\.models\.unstated"):
        statement(Unstated())


def test_integer_objectives_of_the_least_doubles_are_finite():
    coefficients, scale, _ = cp_sat_statement.integer_objective(np.array([5e-324, 0.0, -5e-324]), 2)
    assert scale == 2.0**1023
    assert coefficients == [1, 0, 0]
