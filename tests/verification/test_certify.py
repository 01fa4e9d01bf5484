"""Bounds, certificates and regret, joined."""

import json

import numpy as np
import pytest

from mcsopt import certify, verify
from mcsopt.data import sensing_market
from mcsopt.errors import InputError
from mcsopt.heuristics import aspire_off, greedy
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.result import Assurance, Status
from mcsopt.solvers import solve
from mcsopt.verification.regret import equilibrium_regret


@pytest.fixture(scope="module")
def problem():
    return OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))


def test_a_certificate_holds_the_gap_and_the_optimum(problem, tmp_path):
    plan = aspire_off(problem)
    certificate = certify(problem, plan)
    optimum = solve(problem, solver="highs").objective
    assert certificate.optimum == pytest.approx(optimum)
    assert certificate.gap == pytest.approx(1 - plan.objective / optimum)
    assert (certificate.status, certificate.assurance) == (Status.BOUNDED, Assurance.CHECKED)
    path = tmp_path / "certificate.json"
    certificate.save(path)
    assert verify(path).accepted
    assert verify(certificate).accepted
    assert verify(json.loads(path.read_text())).accepted
    assert verify(certificate, instance_digest=problem.instance.digest()).accepted
    assert not verify(certificate, instance_digest="sha256:0").accepted
    assert f"{100 * certificate.gap:.4f}" in certificate._repr_html_()


@pytest.mark.parametrize("solver", [None, "branch-and-price", "linear-bound", "highs", "cp-sat"])
def test_every_solver_leads_to_a_checked_certificate(problem, solver):
    certificate = certify(problem, greedy(problem), solver=solver)
    assert certificate.assurance is Assurance.CHECKED
    assert certificate.faults == ()
    assert verify(certificate).accepted


def test_an_infeasible_plan_is_not_certified_but_the_bound_is(problem):
    plan = greedy(problem, screen=False)
    assert plan.violations
    certificate = certify(problem, plan)
    assert certificate.status is Status.UNKNOWN
    assert certificate.objective is None
    assert certificate.document["solution"] is None
    assert certificate.dual_bound is not None
    assert certificate.plan.violations == plan.violations
    assert verify(certificate).accepted


def test_no_time_still_certifies(problem):
    certificate = certify(problem, problem.empty_solution(), time_limit=0)
    assert certificate.status is Status.BOUNDED
    assert certificate.optimum is None
    assert verify(certificate).accepted


def test_verify_refuses_what_is_no_certificate():
    with pytest.raises(InputError, match="is a int"):
        verify(3)


def brute_regret(problem, plan):
    """The best feasible deviation of each task, by trying every subset of its own and the idle candidates."""
    import itertools

    market = problem.instance
    owner = {j: i for i, members in enumerate(plan.sets) for j in members}
    regret = 0.0
    for task, members in enumerate(plan.sets):
        free = [int(j) for j in market.pair_worker[market.pairs_of(task)] if owner.get(int(j), task) == task]
        sets = itertools.chain.from_iterable(itertools.combinations(free, k) for k in range(len(free) + 1))
        values = [problem.set_value(task, s) if s else 0.0 for s in sets if not problem.set_violations(task, sorted(s))]
        current = problem.set_value(task, members) if members else 0.0
        regret = max([regret, *(value - current for value in values)])
    return regret


def test_regret_equals_brute_force():
    rng = np.random.default_rng(0)
    positive = 0
    for _ in range(25):
        small = OfflineWelfare.random_small(rng)
        for plan in (greedy(small).solution, small.empty_solution()):
            if not small.violations(plan):
                found = equilibrium_regret(small, plan)
                positive += found > 0
                assert found == pytest.approx(brute_regret(small, plan), abs=1e-9)
    assert positive > 3


def test_the_optimum_has_no_regret(problem):
    assert equilibrium_regret(problem, solve(problem).solution) == pytest.approx(0.0, abs=1e-9)


def test_regret_is_unknown_where_the_search_is_too_large_or_there_is_no_game(monkeypatch, problem):
    monkeypatch.setattr("mcsopt.verification.regret._MAX_WORK", 3)
    assert equilibrium_regret(problem, problem.empty_solution()) is None
    assert equilibrium_regret(problem, Assignment([[]] * 10)) is None


def test_plans_may_be_mappings_and_must_be_of_this_market(problem):
    certificate = certify(problem, {"assignment": [[]] * 10}, time_limit=0)
    assert certificate.objective == 0.0
    other = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=9))
    with pytest.raises(InputError, match="greedy's for another instance"):
        certify(problem, greedy(other))
    with pytest.raises(InputError, match="is a int; give a Assignment or a mapping"):
        certify(problem, 5)
    start = greedy(problem)
    assert solve(problem, start=start, time_limit=0).objective >= start.objective


def test_a_stronger_method_that_declined_is_named(monkeypatch):
    monkeypatch.setattr("mcsopt.kernels.priced_sets.MAX_NODES", 3)
    large = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=1))
    certificate = certify(large, large.empty_solution(), time_limit=5)
    assert certificate.bound.method == "linear-bound"
    assert "stronger method declined: offline-welfare by exact pricing" in certificate.bound.message


def test_an_interrupted_search_for_regret_loses_nothing(problem, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("mcsopt.verification.certification.equilibrium_regret", interrupt)
    certificate = certify(problem, greedy(problem), time_limit=0)
    assert certificate.regret is None
    assert verify(certificate).accepted
