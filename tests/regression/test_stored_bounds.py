"""A stored certificate is believed in nothing: its evidence is derived anew, about this very instance."""

from __future__ import annotations

import pytest

from mcsopt.data import knapsack, sensing_market
from mcsopt.errors import InputError
from mcsopt.heuristics import best_response, density_greedy
from mcsopt.problems import Knapsack, OfflineWelfare
from mcsopt.regression.stored_bounds import stored_bound
from mcsopt.result import Assurance
from mcsopt.solvers import solve
from mcsopt.verification import certify, certify_equilibrium, seal
from tests.commands.running import changed

PROBLEM = Knapsack(knapsack(items=12, seed=3))


@pytest.fixture(scope="module")
def document():
    return dict(certify(PROBLEM, solve(PROBLEM)).document)


def test_the_bound_is_the_one_proved_and_seals_other_plans(document):
    found = stored_bound(PROBLEM, document)
    best = solve(PROBLEM).objective
    assert found.derivation.dual_bound == document["dual_bound"]
    assert found.optimum == found.result.objective == best
    assert found.result.assurance is Assurance.CHECKED
    certificate = seal(PROBLEM, density_greedy(PROBLEM), found)
    assert certificate.gap == pytest.approx(1 - density_greedy(PROBLEM).objective / best, abs=1e-9)


def test_recorded_numbers_are_not_believed(document):
    lying = changed(document, {("dual_bound",): 1.0, ("objective",): 1.0, ("status",): "PROVED", ("gap",): 0.0})
    assert stored_bound(PROBLEM, lying).derivation.dual_bound == document["dual_bound"]


def test_without_a_plan_the_optimum_is_unknown(document):
    found = stored_bound(PROBLEM, changed(document, {("solution",): None, ("created_by",): None}))
    assert (found.optimum, found.result.method) == (None, "stored")
    assert found.derivation.dual_bound == document["dual_bound"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({("evidence",): None}, "certificate: holds no evidence"),
        ({("digest",): "sha256:0"}, "certificate: is about the instance 'sha256:0'"),
        ({("evidence", "kind"): "prices"}, "certificate: is refused by the checker"),
        ({("solution", "items"): [99]}, r"items\[0\]: is 99"),
    ],
)
def test_what_proves_nothing_about_the_instance_is_refused(document, changes, message):
    with pytest.raises(InputError, match=message):
        stored_bound(PROBLEM, changed(document, changes))


def test_an_equilibrium_is_no_bound():
    problem = OfflineWelfare(sensing_market(tasks=4, workers=16, seed=0))
    certificate = certify_equilibrium(problem, best_response(problem))
    with pytest.raises(InputError, match="is about no bound"):
        stored_bound(problem, certificate.document)
