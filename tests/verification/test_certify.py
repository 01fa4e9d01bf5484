"""Bounds, certificates and regret, joined."""

import importlib
import json
from dataclasses import replace

import numpy as np
import pytest

from mcsopt import certify, verify
from mcsopt.data import sensing_market
from mcsopt.errors import InputError, TooLarge
from mcsopt.heuristics import aspire_off, greedy
from mcsopt.problems import Knapsack, KnapsackInstance, OfflineWelfare, Packing
from mcsopt.result import Assurance, Status, Termination
from mcsopt.solvers import backend, solve
from mcsopt.verification import certification
from mcsopt.verification.regret import Regret, best_deviation
from tests.conformance import deviations


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


def test_regret_equals_brute_force():
    rng = np.random.default_rng(0)
    positive = 0
    for _ in range(60):
        small = OfflineWelfare.random_small(rng)
        for plan in (greedy(small).solution, aspire_off(small).solution, small.empty_solution()):
            if not small.violations(plan):
                found = best_deviation(small, plan)
                assert found.regret == pytest.approx(deviations.regret(small, plan), abs=1e-9)
                if found.task is None:
                    assert (found.regret, found.workers) == (0.0, ())
                    continue
                positive += 1
                assert not small.set_violations(found.task, found.workers)
                assert found.workers in set(deviations.choices(small, plan, found.task))
                assert deviations.gain_of(small, plan, found.task, found.workers) == found.regret
    assert positive > 10


def test_the_optimum_has_no_regret(problem):
    assert best_deviation(problem, solve(problem).solution) == Regret(0.0, None, ())


def test_regret_is_unknown_where_the_search_is_too_large_or_there_is_no_game(problem, monkeypatch):
    knapsack = Knapsack(KnapsackInstance([3.0], [4.0], 7.5))
    assert best_deviation(knapsack, Packing([0])) is None
    monkeypatch.setattr("mcsopt.kernels.priced_sets.MAX_NODES", 1)
    with pytest.raises(TooLarge, match="takes more than 1 nodes"):
        best_deviation(problem, problem.empty_solution())
    assert certify(problem, problem.empty_solution(), solver="linear-bound").regret is None


def test_plans_may_be_mappings_and_must_be_of_this_market(problem):
    certificate = certify(problem, {"assignment": [[]] * 10}, time_limit=0)
    assert certificate.objective == 0.0
    other = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=9))
    with pytest.raises(InputError, match="greedy's for another instance"):
        certify(problem, greedy(other))
    with pytest.raises(InputError, match=r"is of type int; give Assignment\(\.\.\.\) or a mapping"):
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

    monkeypatch.setattr("mcsopt.verification.certification.best_deviation", interrupt)
    certificate = certify(problem, greedy(problem), time_limit=0)
    assert certificate.regret is None
    assert verify(certificate).accepted


def test_a_method_without_a_word_of_its_own_leaves_no_loose_semicolon(problem, monkeypatch):
    def declines(problem, settings):
        raise TooLarge("too many tasks")

    monkeypatch.setattr("mcsopt.solvers.branch_and_price.solve", declines)
    solver = importlib.import_module("mcsopt.solvers.linear_bound")
    original = solver.solve
    monkeypatch.setattr(solver, "solve", lambda *asked: replace(original(*asked), message=""))
    certificate = certify(problem, greedy(problem))
    assert certificate.bound.message == "stronger method declined: too many tasks"


def test_who_interrupts_a_backend_does_not_wait_for_another_solver(problem, monkeypatch):
    asked = []

    def record(*args, **settings):
        asked.append(settings)
        return solve(*args, **settings)

    def struck(name, search, time_limit):
        raise KeyboardInterrupt

    monkeypatch.setattr(certification, "solve", record)
    monkeypatch.setattr(backend, "_searched", struck)
    certificate = certify(problem, greedy(problem), solver="highs")
    assert [(given["solver"], given["time_limit"]) for given in asked][1:] == [("branch-and-price", 0.0)]
    assert certificate.bound.termination is Termination.INTERRUPTED
    assert verify(certificate).accepted
