"""Forged certificates are refused, and the harness that says so would notice a checker that accepts them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from mcsopt.verification import check
from mcsopt.verification.check import document as checking
from tests.conformance.judge import Claim, judge
from tests.conformance.mutation import certificates, has_regret, is_game, run
from tests.conformance.suite import PROBLEMS

MUTANTS = 600
INSTANCES = 12


@pytest.fixture(scope="module", params=PROBLEMS)
def honest(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return certificates(request.param, INSTANCES)


def test_honest_certificates_are_true_and_accepted(honest: list[dict[str, Any]]) -> None:
    for document in honest:
        assert judge(document).claim is Claim.TRUE
        verdict = check.check(document)
        assert verdict.accepted, verdict.reason


def test_no_mutant_whose_claim_is_false_is_accepted(honest: list[dict[str, Any]]) -> None:
    tally = run(honest, MUTANTS, seed=1)
    assert not tally.false_accepted, str(tally)
    assert not tally.crashes, str(tally)
    # The run has seen what it is meant to see.
    assert tally.total == MUTANTS, str(tally)
    assert tally.false >= MUTANTS // 2, str(tally)
    assert tally.deep >= MUTANTS // 10, str(tally)
    assert tally.counts["true accepted"] > 0, str(tally)
    assert tally.counts["undecided accepted"] == 0, str(tally)


# A checker that trusts where it should look ------------------------------------------------------------------------


def _accept_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(check, "check", lambda document: check.Verdict(True, "looks fine"))


def _skip_the_digest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checking, "_check_digest", lambda certificate, pinned: None)


def _believe_the_bound(patch: pytest.MonkeyPatch) -> None:
    """The evidence is derived, but the recorded bound is not held against it."""
    derive: Callable[..., float | None] = checking._derive_bound

    def believing(examination: Any, checker: ModuleType, asked: Any, certificate: dict[str, Any]) -> bool:
        derived = derive(checker, asked, certificate["evidence"], examination.run)
        examination.dual_bound = certificate["dual_bound"]
        if examination.dual_bound is not None and examination.objective is not None:
            sign = 1.0 if checker.SENSE == "max" else -1.0
            examination.gap = checking._gap(examination.objective, examination.dual_bound, sign)
        return derived is None

    patch.setattr(checking.Examination, "_check_evidence", believing)


def _believe_the_gap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checking.Examination, "_check_gap", lambda examination, recorded: None)


def _believe_the_plan(patch: pytest.MonkeyPatch) -> None:
    """Constraints are not looked at."""
    find = checking.checker_of

    class Blind:
        def __init__(self, module: ModuleType) -> None:
            self._module = module

        def __getattr__(self, name: str) -> Any:
            return (lambda *_: ()) if name == "violations_of" else getattr(self._module, name)

    patch.setattr(checking, "checker_of", lambda problem: Blind(find(problem)))


def _believe_infeasibility(patch: pytest.MonkeyPatch) -> None:
    """A claim of infeasibility is taken at its word."""
    derive: Callable[..., bool] = checking.Examination._check_evidence

    def believing(examination: Any, checker: ModuleType, asked: Any, certificate: dict[str, Any]) -> bool:
        if certificate["status"] == "INFEASIBLE":
            return True
        return derive(examination, checker, asked, certificate)

    patch.setattr(checking.Examination, "_check_evidence", believing)


def _believe_the_regret(patch: pytest.MonkeyPatch) -> None:
    """The recorded regret is not held against the deviations there are."""
    patch.setattr(checking.Examination, "_check_regret", lambda *_: None)


SABOTAGE = [
    _accept_everything, _skip_the_digest, _believe_the_bound, _believe_the_gap, _believe_the_plan,
    _believe_infeasibility,
]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in PROBLEMS if is_game(name)])
def test_a_checker_that_believes_in_equilibria_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = certificates(name, INSTANCES)
    equilibria = [document for document in found if has_regret(document)]
    assert {document["evidence"]["regret"] > 0 for document in equilibria} == {True, False}
    tally = run(equilibria, MUTANTS // 2, seed=2)
    assert not tally.false_accepted, str(tally)
    assert not tally.crashes, str(tally)
    assert tally.counts["true accepted"] > 0, str(tally)
    _believe_the_regret(monkeypatch)
    assert run(equilibria, MUTANTS, seed=2, checker=check.check, weary=1).false_accepted


@pytest.mark.parametrize("sabotage", SABOTAGE, ids=lambda f: f.__name__.strip("_"))
def test_a_bad_checker_is_noticed(
    honest: list[dict[str, Any]], sabotage: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    assert run(honest, 4 * MUTANTS, seed=1, checker=check.check, weary=1).false_accepted
