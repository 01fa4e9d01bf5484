"""Solvers that lie, crash or hang never lead to a false certificate, and are named."""

from __future__ import annotations

import math

import pytest

from mcsopt.errors import BackendFault
from mcsopt.solvers import Settings, backend, solve
from mcsopt.solvers.backend import BackendAnswer
from mcsopt.verification import certification
from tests.conformance.faults import (
    BACKEND_FAULTS,
    EVIDENCE_FAULTS,
    Case,
    Fault,
    FaultyBackend,
    Scripted,
    evidence_trial,
    impatience,
    registered,
    trial,
)
from tests.conformance.suite import EVIDENCE, PROBLEMS, draws

CASES = 5
ENOUGH = 2


@pytest.fixture(scope="module", params=PROBLEMS)
def cases(request: pytest.FixtureRequest) -> list[Case]:
    """Cases on which each lie is one, at least twice over."""
    found: list[Case] = []
    for problem in draws(request.param, 120):
        missing = [f for f in BACKEND_FAULTS if sum(f.needs(known) for known in found) < ENOUGH]
        if len(found) >= CASES and not missing:
            break
        case = Case.of(problem)
        if len(found) < CASES or any(fault.needs(case) for fault in missing):
            found.append(case)
    return found


@pytest.mark.parametrize("fault", BACKEND_FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_every_fault_of_a_backend_is_caught_and_named(cases: list[Case], fault: Fault) -> None:
    fitting = [case for case in cases if fault.needs(case)][:CASES]
    assert len(fitting) >= ENOUGH
    for case in fitting:
        assert trial(case, fault) == []


def test_a_crash_is_a_fault_of_the_backend_not_of_the_caller(cases: list[Case]) -> None:
    crash = next(fault for fault in BACKEND_FAULTS if fault.name == "a crash")
    liar = FaultyBackend.of(cases[0], crash)
    with registered(liar), impatience(), pytest.raises(BackendFault, match="segmentation of thought") as caught:
        solve(cases[0].problem, solver=liar.name)
    assert caught.value.backend == liar.name


def test_an_infinite_bound_that_says_nothing_is_no_bound(cases: list[Case]) -> None:
    problem = cases[0].problem
    bound = math.inf if problem.sense == "max" else -math.inf
    answer = BackendAnswer(dual_bound=bound, finished=False)
    result = backend.run_guarded(problem, "mute", lambda: Scripted(lambda: answer), Settings())
    assert result.dual_bound is None
    assert result.assurance is None


@pytest.mark.parametrize("lie", EVIDENCE_FAULTS, ids=lambda lie: lie.replace(" ", "-"))
@pytest.mark.parametrize(("name", "method"), EVIDENCE)
def test_no_lie_of_a_solver_with_evidence_becomes_a_certificate(name: str, method: str, lie: str) -> None:
    for seed, problem in enumerate(draws(name, 6)):
        _, wrong = evidence_trial(Case(problem, Case.of(problem).truth, None, None), method, lie, seed)
        assert wrong == []


@pytest.mark.parametrize(("name", "method"), EVIDENCE)
def test_a_bound_tighter_than_its_evidence_is_not_certified(name: str, method: str) -> None:
    for problem in draws(name, 6):
        outcome, wrong = evidence_trial(Case.of(problem), method, "a bound tighter than its evidence")
        assert (outcome, wrong) == ("certified", [])


@pytest.mark.parametrize("name", ["a slightly wrong bound alone", "a false OPTIMAL"])
def test_a_guard_that_looks_away_is_noticed(cases: list[Case], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "_examine", lambda problem, name, answer: answer.dual_bound)
    monkeypatch.setattr(certification, "_contradictions", lambda *_: [])
    fault = next(fault for fault in BACKEND_FAULTS if fault.name == name)
    assert trial(next(case for case in cases if fault.needs(case)), fault)


def test_the_registry_is_as_before() -> None:
    with registered(FaultyBackend("liar", PROBLEMS, __name__, "lies")):
        pass
    with pytest.raises(ValueError, match="liar"):
        solve(next(draws(PROBLEMS[0], 1)), solver="liar")
