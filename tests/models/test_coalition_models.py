from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from ortools.sat.python import cp_model
from pyomo.contrib.solver.common.factory import SolverFactory
from scipy.optimize import minimize

from mcsopt.errors import TooLarge
from mcsopt.models import cp_sat_statement, statement
from mcsopt.models.central_coalition import build_pyomo_nonlinear
from mcsopt.models.stable_coalition import MARGIN, NEAR, Conditions, exclude_cp_sat, exclude_pyomo, near_tie
from mcsopt.models.wide_sums import BASE, WideSum
from mcsopt.problems import CentralCoalition, Coalition, DataCoalition, PrivateCoalition, Problem, StableCoalition
from mcsopt.result import Sense

BACKEND = 1e-6
"""Relative error of a backend's objective."""
SPEC = DataCoalition([1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], 0.25, 1.0)
HIGHS = {
    "mip_rel_gap": 0.0, "mip_abs_gap": 1e-9, "mip_feasibility_tolerance": 1e-9,
    "primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9,
}  # fmt: skip


def options(model: pyo.ConcreteModel) -> dict[str, Any]:
    return {**HIGHS, **getattr(model, "highs_options", {})}


def every(problem: Problem[Any]) -> list[Any]:
    """Return every solution, with the levels of Lemma 1 where there are any."""
    data = problem.instance
    sets = [m for k in range(2, data.num_players + 1) for m in itertools.combinations(range(data.num_players), k)]
    if isinstance(problem, StableCoalition):
        return [Coalition(m) for m in sets]
    return [PrivateCoalition((), ()), *(PrivateCoalition(m, data.assigned_privacy(m)) for m in sets)]


def optimum(problem: Problem[Any]) -> float | None:
    return min((problem.evaluate(s) for s in every(problem) if not problem.violations(s)), default=None)


def by_highs(problem: Problem[Any]) -> tuple[Any, float | None]:
    """Return the solution of the Pyomo statement and its objective there; None twice if it is infeasible."""
    stated = statement(problem)
    model = stated.build_pyomo(problem)
    while True:
        results = SolverFactory("highs").solve(
            model, solver_options=options(model), load_solutions=False, raise_exception_on_nonoptimal_result=False
        )
        if results.incumbent_objective is None:
            assert "infeasible" in results.termination_condition.name.lower()
            return None, None
        results.solution_loader.load_vars()
        plan = stated.read_pyomo(problem, model)
        if not isinstance(problem, StableCoalition) or not near_tie(problem, plan):
            return plan, pyo.value(model.social_cost) * model.objective_unit
        exclude_pyomo(model, plan)


def by_cp_sat(problem: Problem[Any]) -> tuple[Any, float | None, float]:
    """Return the solution of the CP-SAT statement, its bound, and the error the statement admits to."""
    stated = statement(problem).build_cp_sat(problem)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    while True:
        status = solver.solve(stated.model)
        if status == cp_model.INFEASIBLE:
            return None, None, stated.error
        assert status == cp_model.OPTIMAL
        solution = statement(problem).read_cp_sat(problem, stated, solver)
        if not isinstance(problem, StableCoalition) or not near_tie(problem, solution):
            return solution, solver.best_objective_bound / stated.scale, stated.error
        exclude_cp_sat(stated, solution)


def tied(seed: int, notion: str) -> StableCoalition:
    """Draw a problem; two in three at a variance where a coalition is on a tie, to within a rounding."""
    rng = np.random.default_rng(seed)
    problem = StableCoalition(StableCoalition.random_small(rng).instance, notion)
    data = problem.instance
    members = tuple(sorted(rng.choice(data.num_players, int(rng.integers(2, data.num_players + 1)), replace=False)))
    ends = [data.variance, problem.stay_variance(members), problem.entry_variance(members)]
    variance = ends[seed % 3] if np.isfinite(ends[seed % 3]) else data.variance
    variance = float(np.nextafter(variance, rng.choice([0.0, variance, np.inf])))
    return StableCoalition(DataCoalition(data.cost, variance, data.alpha), notion)


@pytest.mark.parametrize("notion", ["nash", "robust"])
@pytest.mark.parametrize("seed", range(30))
def test_the_stable_statements_agree_with_brute_force(seed: int, notion: str) -> None:
    problem = tied(seed, notion)
    best = optimum(problem)
    plan, worth = by_highs(problem)
    checked, bound, error = by_cp_sat(problem)
    if best is None:
        assert plan is None
        assert checked is None
        return
    assert problem.violations(plan) == ()
    assert problem.evaluate(plan) == pytest.approx(best, rel=BACKEND)
    assert worth == pytest.approx(best, rel=BACKEND)
    assert problem.violations(checked) == ()
    assert best <= problem.evaluate(checked) <= best + error
    assert best - error <= bound <= best
    assert error <= 1e-5 * best


def test_the_sample_holds_problems_without_a_stable_coalition() -> None:
    assert sum(optimum(tied(seed, "nash")) is None for seed in range(30)) >= 3


@pytest.mark.parametrize("seed", range(20))
def test_the_central_statements_agree_with_brute_force(seed: int) -> None:
    problem = CentralCoalition.random_small(np.random.default_rng(seed))
    best = optimum(problem)
    assert best is not None
    plan, worth = by_highs(problem)
    assert problem.evaluate(plan) == pytest.approx(best, rel=BACKEND)
    assert worth == pytest.approx(best, rel=BACKEND)
    checked, bound, error = by_cp_sat(problem)
    assert bound is not None
    assert best * (1 - 1e-12) <= problem.evaluate(checked) <= best + error
    assert best - error <= bound <= best * (1 + 1e-12)
    assert error <= 1e-5 * best


def test_nobody_joins_where_privacy_costs_too_much() -> None:
    for problem, empty in (
        (CentralCoalition(DataCoalition([1.0, 2.0, 1e6], 1e-3, 0.0)), PrivateCoalition((), ())),
        (StableCoalition(DataCoalition([1.0, 2.0, 1e6], 1e-3, 0.0)), None),
    ):
        assert by_highs(problem)[0] == empty
        assert by_cp_sat(problem)[0] == empty


@pytest.mark.parametrize("seed", range(6))
def test_the_nonlinear_statement_has_the_closed_form_as_its_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = DataCoalition(rng.uniform(0.5, 5, 3), float(rng.uniform(0.5, 10)), float(rng.uniform(-1, 1)))
    problem = CentralCoalition(data)
    model = build_pyomo_nonlinear(problem)
    found = []
    for who in [(), *(m for k in (2, 3) for m in itertools.combinations(range(3), k))]:
        for i in range(3):
            model.join[i].set_value(int(i in who))
        model.formed.set_value(int(bool(who)))
        assert model.two_members.expr()
        assert model.no_members.expr()

        def cost(log_eps: np.ndarray, who: tuple[int, ...] = who) -> float:
            for i, x in zip(who, log_eps, strict=True):
                model.eps[i].set_value(float(np.exp(x)))
            return float(pyo.value(model.social_cost))

        # Convex in the logarithms of the levels.
        worth = (
            minimize(cost, np.zeros(len(who)), method="BFGS", options={"gtol": 1e-9}).fun if who else cost(np.zeros(0))
        )
        levels = data.assigned_privacy(who) if who else []
        assert worth == pytest.approx(problem.evaluate(PrivateCoalition(who, levels)), rel=1e-9)
        found.append(worth)
    assert min(found) == pytest.approx(optimum(problem), rel=1e-9)
    model.join[0].set_value(1), model.join[1].set_value(0), model.join[2].set_value(0)
    assert not model.two_members.expr()


def test_conditions_are_those_of_the_truth() -> None:
    for seed in range(60):
        problem = StableCoalition.random_small(np.random.default_rng(seed))
        at, data = Conditions.of(problem), problem.instance
        unit = data.variance * (1 + 1e-12)
        root = np.cbrt(data.cost**2 / 2) / unit
        members = tuple(sorted(np.random.default_rng(seed).choice(data.num_players, 2, replace=False)))
        total, top = root[list(members)].sum(), root[list(members)].max()
        assert (total + 2 * top) / at.stay[2] * unit == pytest.approx(problem.stay_variance(members), rel=1e-12)
        if data.num_players > 2:
            out = min(root[i] for i in range(data.num_players) if i not in members)
            left = total + at.weight[2] * out + (2 * max(top, out) if problem.stability == "robust" else 0)
            assert left / at.entry[2] * unit == pytest.approx(problem.entry_variance(members), rel=1e-12)


@pytest.mark.parametrize("problem", [CentralCoalition(SPEC), StableCoalition(SPEC), StableCoalition(SPEC, "robust")])
def test_statements_can_be_read_and_exported(problem: Problem[Any], tmp_path: Any) -> None:
    text = statement(problem).describe(problem)
    assert "Here: 6 players, costs 0.0018 to 0.017, sigma^2 = 0.25, alpha = 1." in text
    assert ("counted[j]" in text) == (problem.options.get("stability") == "robust")
    assert "{" not in text.replace("{0,1}", "")
    model = statement(problem).build_pyomo(problem)
    model.write(str(tmp_path / "model.lp"), io_options={"symbolic_solver_labels": True})
    assert "member(" in (tmp_path / "model.lp").read_text()
    assert "member[0,2]" in str(statement(problem).build_cp_sat(problem).model)


@pytest.mark.parametrize(("cls", "other"), [(CentralCoalition, "central"), (StableCoalition, "stable-coalition")])
def test_too_many_players_are_refused(cls: Any, other: str) -> None:
    problem = cls(DataCoalition(np.full(301, 0.01), 1.0, 0.0))
    for build in (statement(problem).build_pyomo, statement(problem).build_cp_sat):
        with pytest.raises(TooLarge, match=f"301 players; .* up to 300: use solver '{other}'"):
            build(problem)


def test_integer_objectives_of_a_minimisation_are_rounded_down() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, 50)
    coefficients, scale, error = cp_sat_statement.integer_objective(values, 3, Sense.MIN)
    rounded = np.array(coefficients) / scale
    assert (rounded <= values).all()
    assert (values - rounded <= error / 3).all()


def test_near_ties_end_as_the_ground_truth_says() -> None:
    problem = StableCoalition(SPEC)
    members = (0, 1, 2, 3)
    for end, inside in ((problem.stay_variance(members), 1), (problem.entry_variance(members), -1)):
        for relative in (1e-14, 1e-11, 1e-9, MARGIN / 2, 2 * MARGIN, 2 * NEAR):
            for side in (inside, -inside):
                shifted = StableCoalition(DataCoalition(SPEC.cost, end * (1 + side * relative), 1.0))
                stable = not shifted.violations(Coalition(members))
                assert stable == (side == inside) or relative < 1e-12
                assert near_tie(shifted, Coalition(members)) == (not stable and relative < NEAR)
                assert (problem_plan(shifted) == members) == stable, (end, side * relative)


def test_what_is_excluded_is_gone_and_nothing_else() -> None:
    problem = StableCoalition(SPEC)
    best, second = Coalition((0, 1, 2, 3)), Coalition((0, 1, 2, 4))
    model = statement(problem).build_pyomo(problem)
    stated = statement(problem).build_cp_sat(problem)
    for expected, gone in ((second, best), (None, second)):
        exclude_pyomo(model, gone)
        exclude_cp_sat(stated, gone)
        results = SolverFactory("highs").solve(
            model, solver_options=options(model), load_solutions=False, raise_exception_on_nonoptimal_result=False
        )
        solver = cp_model.CpSolver()
        status = solver.solve(stated.model)
        if expected is None:
            assert results.incumbent_objective is None
            assert status == cp_model.INFEASIBLE
        else:
            results.solution_loader.load_vars()
            assert statement(problem).read_pyomo(problem, model) == expected
            assert statement(problem).read_cp_sat(problem, stated, solver) == expected


def problem_plan(problem: StableCoalition) -> tuple[int, ...] | None:
    """Return the members that both statements agree on."""
    plan, checked = by_highs(problem)[0], by_cp_sat(problem)[0]
    assert plan == checked
    return None if plan is None else plan.members


@pytest.mark.parametrize("seed", range(40))
def test_wide_sums_compare_as_exact_integers_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coefficients = rng.uniform(0, 1, 4)
    chosen = rng.random(4) < 0.6
    total = float(coefficients[chosen].sum())
    for least in (False, True):
        for relative in (0.0, -1e-15, 1e-15, -1e-11, 1e-11, -1e-6, 1e-6, -0.5, 0.5):
            limit = total * (1 + relative)
            model = cp_model.CpModel()
            variables = [model.new_bool_var("") for _ in coefficients]
            when = model.new_bool_var("")
            wide = WideSum(model, variables, coefficients, 4)
            assert wide.scale * coefficients.max() == pytest.approx(BASE**2)
            (wide.at_least if least else wide.at_most)(limit, when)
            for variable, one in zip(variables, chosen, strict=True):
                model.add(variable == int(one))
            model.maximize(when)
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = 1
            assert solver.solve(model) == cp_model.OPTIMAL
            # Rounded outward: what misses the limit by a few units is admitted too.
            excess = (limit - total if least else total - limit) * wide.scale
            assert solver.boolean_value(when) or excess > wide.error
            assert not solver.boolean_value(when) or excess < 3 * wide.error
