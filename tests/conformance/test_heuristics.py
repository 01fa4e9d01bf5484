"""Every heuristic on random small problems of every type it declares."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.heuristics.registry import load_heuristic
from mcsopt.problems import Problem
from mcsopt.result import Result, Status
from tests.conformance.suite import HEURISTICS, draw, draws, truth, worse

DRAWS = 40
SEEDS = st.integers(0, 2**32 - 1)


def assert_honest(problem: Problem, method: str, result: Result) -> None:
    """A plan is feasible, or says what it breaks; it claims no bound, and never beats the optimum."""
    assert result.problem is problem
    assert result.method == method
    assert result.objective == problem.evaluate(result.require_solution())
    assert result.violations == problem.violations(result.solution)
    assert result.status is (Status.UNKNOWN if result.violations else Status.FEASIBLE)
    assert result.dual_bound is None
    assert result.assurance is None
    assert result.evidence is None
    best = truth(problem).optimum
    if result.feasible:
        assert best is not None
        assert result.objective is not None
        assert not worse(problem, best, result.objective, 1e-9)


@pytest.mark.parametrize(("name", "method"), HEURISTICS)
@settings(max_examples=40, derandomize=True)
@given(instance=SEEDS, seed=SEEDS)
def test_plans_are_honest_and_never_better_than_the_optimum(name: str, method: str, instance: int, seed: int) -> None:
    problem = draw(name, instance)
    assert_honest(problem, method, load_heuristic(method, problem)(problem, seed=seed))


@pytest.mark.parametrize(("name", "method"), HEURISTICS)
@settings(max_examples=20, derandomize=True)
@given(instance=SEEDS, seed=SEEDS)
def test_the_same_seed_gives_the_same_run(name: str, method: str, instance: int, seed: int) -> None:
    problem = draw(name, instance)
    first, second = (load_heuristic(method, problem)(problem, seed=seed) for _ in range(2))
    assert first.solution == second.solution
    assert first.trace == second.trace
    assert first.termination == second.termination
    assert first.seed == second.seed == seed


@pytest.mark.parametrize(("name", "method"), HEURISTICS)
def test_some_plan_is_feasible_and_not_the_empty_one(name: str, method: str) -> None:
    results = (load_heuristic(method, problem)(problem, seed=0) for problem in draws(name, DRAWS))
    assert any(result.feasible and result.solution != result.problem.empty_solution() for result in results)
