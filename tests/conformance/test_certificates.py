"""What `certify` writes, `verify` accepts; and its claim is true by the judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcsopt.errors import TooLarge
from mcsopt.result import Assurance, Status
from mcsopt.solvers import solvers_of
from mcsopt.verification import certify, verify
from tests.conformance.judge import Claim, judge
from tests.conformance.suite import EVIDENCE, PROBLEMS, draw, draws, plans, truth

DRAWS = 15


@pytest.mark.parametrize("time_limit", [60.0, 0.0])
@pytest.mark.parametrize(("name", "method"), EVIDENCE)
def test_every_certificate_is_accepted_and_true(name: str, method: str, time_limit: float) -> None:
    for problem in draws(name, DRAWS):
        for plan in plans(problem):
            certificate = certify(problem, plan, solver=method, time_limit=time_limit)
            verdict = verify(certificate)
            assert verdict.accepted, verdict.reason
            assert judge(dict(certificate.document)).claim is Claim.TRUE
            assert certificate.faults == ()
            assert certificate.assurance is Assurance.CHECKED
            # A plan that breaks a constraint is never certified.
            assert (certificate.objective is None) == bool(problem.violations(plan))


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_default_proves_the_optimum_or_that_there_is_none(name: str) -> None:
    for problem in draws(name, DRAWS):
        best = truth(problem)
        if best.optimum is None:
            certificate = certify(problem, problem.empty_solution())
            assert certificate.status is Status.INFEASIBLE
        else:
            certificate = certify(problem, best.solution)
            assert certificate.status is Status.PROVED
            assert certificate.optimum == pytest.approx(best.optimum, rel=1e-7)
        assert verify(certificate).accepted


def test_the_draws_include_proofs_of_infeasibility() -> None:
    assert any(truth(problem).optimum is None for name in PROBLEMS for problem in draws(name, DRAWS))


@pytest.mark.parametrize("name", PROBLEMS)
def test_backends_are_heard_and_checked(name: str) -> None:
    backends = [solver.name for solver in solvers_of(name) if not solver.evidence]
    for problem in draws(name, 5):
        for backend in backends:
            try:
                certificate = certify(problem, problem.empty_solution(), solver=backend)
            except (TooLarge, ValueError):
                continue
            assert certificate.faults == ()
            assert verify(certificate).accepted


@pytest.mark.parametrize("name", PROBLEMS)
def test_files_are_accepted_and_pinned_to_their_instance(name: str, tmp_path: Path) -> None:
    # Seeds of two instances that differ.
    problem = draw(name, 0)
    other = next(p for p in draws(name, 20, seed=1) if p.instance.digest() != problem.instance.digest())
    path = tmp_path / "certificate.json"
    certify(problem, problem.empty_solution()).save(path)
    assert verify(path, instance_digest=problem.instance.digest()).accepted
    assert not verify(path, instance_digest=other.instance.digest()).accepted
    # Numbers survive the text exactly.
    document = json.loads(path.read_text())
    assert document["instance"] == problem.instance.to_json()
