"""Every solver on random small problems of every type it declares, held to the ground truth and to brute force."""

from __future__ import annotations

import pytest

from mcsopt import tolerances
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import Problem
from mcsopt.result import Assurance, Result, Status, Termination, relative_gap
from mcsopt.solvers import Solver, solve, solvers_of
from mcsopt.solvers import solver as solver_named
from tests.conformance.suite import (
    ORACLE,
    PROBLEMS,
    SOLVERS,
    draws,
    evidence_solvers,
    exact_solvers,
    plans,
    truth,
    worse,
)

DRAWS = 20
AGREEMENT = 1e-6
"""Relative: solvers add up in another order, and HiGHS to its own tolerances."""
STATED = 1e-5
"""Gap within which a backend that has finished must be: CP-SAT's objective is rounded to integers."""


def answers(name: str, solver: Solver, count: int = DRAWS, **settings: object) -> list[tuple[Problem, Result]]:
    """Return the answers to random small problems; a solver may refuse some of them, not all."""
    found, refusals = [], []
    for problem in draws(name, count):
        try:
            found.append((problem, solve(problem, solver=solver.name, **settings)))  # type: ignore[arg-type]  # keywords by name
        except (TooLarge, InputError) as refusal:
            refusals.append(str(refusal))
    assert found, f"{solver.name} refuses every draw of {name}: {refusals[0]}"
    return found


def assert_consistent(problem: Problem, solver: Solver, result: Result) -> None:
    """Numbers, status, assurance and evidence fit together, and the ground truth."""
    assert result.problem is problem
    assert result.method == solver.name
    if result.solution is None:
        assert result.objective is None
        assert result.violations == ()
    else:
        assert result.objective == problem.evaluate(result.solution)
        assert result.violations == problem.violations(result.solution)
        assert result.violations == ()
    infeasible = result.status is Status.INFEASIBLE
    earned = {
        (False, False): Status.UNKNOWN,
        (False, True): Status.UNKNOWN,
        (True, False): Status.FEASIBLE,
        (True, True): Status.BOUNDED,
    }[result.feasible, result.dual_bound is not None]
    gap = relative_gap(result.objective, result.dual_bound, problem.sense)
    if gap is not None and gap <= tolerances.PROVED_GAP:
        earned = Status.PROVED
    assert result.status is (Status.INFEASIBLE if infeasible else earned)
    assert result.gap == gap
    assert (result.assurance is None) == (result.dual_bound is None and not infeasible)
    assert result.assurance is not Assurance.CHECKED
    assert (result.evidence is not None) == solver.evidence
    assert all(seconds >= 0 for seconds in result.seconds.values())
    assert_true(problem, result)


def assert_true(problem: Problem, result: Result) -> None:
    """The bound is not beaten by the optimum, and infeasibility is not claimed falsely."""
    best = truth(problem).optimum
    if best is None:
        assert not result.feasible
    else:
        assert result.status is not Status.INFEASIBLE
        if result.dual_bound is not None:
            assert not worse(problem, result.dual_bound, best, 1e-9)


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_has_a_brute_force_and_evidence(name: str) -> None:
    assert ORACLE in [solver.name for solver in solvers_of(name)]
    assert evidence_solvers(name)


@pytest.mark.parametrize(("name", "method"), SOLVERS)
def test_answers_are_consistent_and_true(name: str, method: str) -> None:
    solver = solver_named(method, name)
    for problem, result in answers(name, solver):
        assert_consistent(problem, solver, result)
        assert result.termination is Termination.FINISHED


@pytest.mark.parametrize("name", PROBLEMS)
def test_exact_solvers_agree_with_brute_force(name: str) -> None:
    for solver in exact_solvers(name):
        for problem, result in answers(name, solver):
            best = truth(problem).optimum
            if best is None:
                assert result.status is Status.INFEASIBLE, solver.name
                continue
            assert result.objective is not None
            assert result.gap is not None
            assert result.gap <= STATED
            # With a stated tolerance the objective may lack it; without one, nothing.
            stated = abs((result.dual_bound or 0.0) - result.objective) if result.status is Status.BOUNDED else 0.0
            assert abs(result.objective - best) <= AGREEMENT * max(1.0, abs(best)) + stated, solver.name


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_preferred_solver_proves_its_answer(name: str) -> None:
    preferred = solvers_of(name)[0]
    assert preferred.evidence
    assert {result.status for _, result in answers(name, preferred)} <= {Status.PROVED, Status.INFEASIBLE}


def test_some_problem_is_infeasible() -> None:
    assert any(truth(problem).optimum is None for name in PROBLEMS for problem in draws(name, DRAWS))


@pytest.mark.parametrize(("name", "method"), SOLVERS)
def test_a_time_limit_of_zero_still_bounds(name: str, method: str) -> None:
    solver = solver_named(method, name)
    for problem, result in answers(name, solver, time_limit=0.0):
        assert_consistent(problem, solver, result)
        if not problem.violations(problem.empty_solution()):
            assert result.feasible
        if solver.evidence:
            assert result.dual_bound is not None or result.status is Status.INFEASIBLE


@pytest.mark.parametrize(("name", "method"), SOLVERS)
@pytest.mark.parametrize("time_limit", [None, 0.0])
def test_a_start_is_accepted_and_never_lost(name: str, method: str, time_limit: float | None) -> None:
    solver = solver_named(method, name)
    for problem in draws(name, 6):
        for start in plans(problem):
            try:
                result = solve(problem, solver=method, start=start, time_limit=time_limit)
            except (TooLarge, InputError):
                continue
            assert_consistent(problem, solver, result)
            if not problem.violations(start):
                assert result.objective is not None
                assert not worse(problem, result.objective, problem.evaluate(start), 1e-6)


@pytest.mark.parametrize(("name", "method"), SOLVERS)
def test_the_same_seed_gives_the_same_answer(name: str, method: str) -> None:
    solver = solver_named(method, name)
    first, second = (answers(name, solver, 8, seed=5) for _ in range(2))
    for (_, a), (_, b) in zip(first, second, strict=True):
        assert (a.status, a.solution, a.objective, a.dual_bound) == (b.status, b.solution, b.objective, b.dual_bound)
        assert a.evidence == b.evidence
