"""Assertions of heuristics: what passes, what fails and with which words."""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace

import numpy as np
import pytest

import mcsopt.regression
from mcsopt.data import data_coalition, knapsack, sensing_market
from mcsopt.data.files import instance_from_json
from mcsopt.errors import BackendFault, InputError
from mcsopt.heuristics import aspire_off, best_response, greedy
from mcsopt.problems import (
    Assignment,
    CentralCoalition,
    DataCoalition,
    Knapsack,
    KnapsackInstance,
    OfflineWelfare,
    Packing,
    StableCoalition,
)
from mcsopt.regression import assert_certified_gap, assert_equilibrium, assert_feasible, assertions
from mcsopt.result import Status, Termination, conclude
from mcsopt.solvers import solve
from mcsopt.verification import certify
from tests.commands.running import impossible
from tests.regression.small_library import SmallEntry

MARKET = OfflineWelfare(sensing_market(tasks=8, workers=32, seed=6))
CROWDED = Assignment(MARKET.instance.pair_worker[MARKET.instance.pairs_of(task)][:4] for task in range(8))
SACK = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(assertions, "_bounds", {})


def message(assertion, *arguments, **options):
    with pytest.raises(AssertionError) as caught:
        assertion(*arguments, **options)
    return str(caught.value)


def test_the_gap_is_that_of_the_certificate():
    plan = aspire_off(MARKET)
    certificate = assert_certified_gap(MARKET, plan, max_gap=0.30)
    assert certificate.gap == certify(MARKET, plan).gap
    assert assert_certified_gap(SACK, Packing([0, 1]), max_gap=0).gap == 0
    assert assert_certified_gap(SACK, {"items": [0, 1]}, max_gap=0).status is Status.PROVED


def test_a_wider_gap_names_every_number():
    text = message(assert_certified_gap, MARKET, greedy(MARKET), max_gap=0.01)
    certificate = certify(MARKET, greedy(MARKET))
    assert text.startswith("the certified gap of greedy on offline-welfare exceeds max_gap\n")
    for number in (certificate.objective, certificate.dual_bound, certificate.gap, 0.01):
        assert repr(number) in text
    assert "the optimum: by branch-and-price, re-derived by the checker" in text
    assert "worst violation  none" in text
    assert MARKET.instance.digest() in text
    assert "undecided" not in text


def test_a_bound_too_weak_to_decide_is_said_to_be():
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=1))
    text = message(assert_certified_gap, problem, greedy(problem), max_gap=1e-3, time_limit=0.0)
    assert "no plan beats it: by" in text
    assert "undecided        the bound is too weak to decide: the best known plan, worth" in text
    assert "more time for it may help" in text


def test_a_bound_without_a_known_plan_decides_nothing_either():
    sack = Knapsack(knapsack(items=12, seed=3))
    document = dict(certify(sack, solve(sack)).document) | {"solution": None}
    text = message(assert_certified_gap, sack, Packing([]), max_gap=0.5, bound=document)
    assert "the bound is too weak to decide: no plan is known" in text


def test_an_infeasible_plan_has_no_gap():
    text = message(assert_certified_gap, SACK, Packing([0, 1, 2]), max_gap=1)
    assert text.startswith("the plan of plan is infeasible for knapsack\n  worst violation  ")
    assert "broken at" in text


def test_where_no_plan_exists_the_message_says_so():
    market = OfflineWelfare(instance_from_json(impossible("poor")))
    text = message(assert_certified_gap, market, Assignment([[], []]), max_gap=1)
    assert text.endswith("proved: there is no feasible plan")


def test_a_run_without_a_plan_fails():
    market = OfflineWelfare(instance_from_json(impossible("poor")))
    nothing = solve(market)
    assert nothing.solution is None
    for assertion, options in ((assert_certified_gap, {"max_gap": 1}), (assert_feasible, {}), (assert_equilibrium, {})):
        assert message(assertion, market, nothing, **options).startswith("branch-and-price holds no plan (INFEASIBLE)")


def none_stable():
    rng = np.random.default_rng(0)
    for _ in range(1000):
        problem = StableCoalition.random_small(rng)
        if solve(problem).status is Status.INFEASIBLE:
            return problem
    raise AssertionError("every coalition drawn has a stable one")


def test_none_exists_is_an_answer_where_that_is_the_question():
    problem = none_stable()
    for answer in (solve(problem), {"members": []}):
        certificate = assert_certified_gap(problem, answer, max_gap=0)
        assert (certificate.status, certificate.gap) == (Status.INFEASIBLE, None)
    assert "infeasible for stable-coalition" in message(assert_certified_gap, problem, {"members": [0, 1]}, max_gap=0)


def test_none_exists_is_no_answer_where_one_does():
    problem = StableCoalition(data_coalition(6, seed=1))
    best = solve(problem)
    assert best.feasible
    assert assert_certified_gap(problem, best, max_gap=0).status is Status.PROVED
    assert "infeasible" in message(assert_certified_gap, problem, {"members": []}, max_gap=1)
    nothing = conclude(problem, "h", None, message="gave up")
    assert message(assert_certified_gap, problem, nothing, max_gap=1) == "h holds no plan (UNKNOWN): gave up"
    with pytest.raises(AssertionError, match="at least two members"):
        assert_feasible(problem, {"members": []})


def test_the_bound_is_found_once(monkeypatch):
    calls = []
    find = assertions.find_bound
    monkeypatch.setattr(assertions, "find_bound", lambda *a, **k: calls.append(k["time_limit"]) or find(*a, **k))
    for _ in range(3):
        assert_certified_gap(Knapsack(knapsack(items=9, seed=1)), {"items": []}, max_gap=1)
    assert calls == [60.0]
    assert_certified_gap(Knapsack(knapsack(items=9, seed=2)), {"items": []}, max_gap=1)
    assert_certified_gap(Knapsack(knapsack(items=9, seed=2)), {"items": []}, max_gap=1, time_limit=0.0)
    assert calls == [60.0, 60.0, 0.0]


def test_options_of_a_problem_are_told_apart():
    players = data_coalition(6, seed=1)
    for stability in ("nash", "robust"):
        problem = StableCoalition(players, stability=stability)
        assert assert_certified_gap(problem, solve(problem), max_gap=0).document["options"] == {"stability": stability}
    assert len(assertions._bounds) == 2


@pytest.mark.parametrize("form", ["entry", "certificate", "document"])
def test_a_stored_bound_is_derived_anew_and_once(monkeypatch, form):
    monkeypatch.setattr(assertions, "find_bound", None)
    sack = Knapsack(knapsack(items=12, seed=3))
    certificate = certify(sack, Packing([]))
    entry = SmallEntry("knapsack/x", lambda: sack)
    source = {"entry": entry, "certificate": certificate, "document": certificate.document}[form]
    derived, stored = [], assertions.stored_bound
    monkeypatch.setattr(assertions, "stored_bound", lambda *a: derived.append(a) or stored(*a))
    for _ in range(2):
        assert assert_certified_gap(sack, solve(sack), max_gap=0, bound=source).gap == 0
    assert len(derived) == 1


def test_an_entry_without_a_certificate_has_its_bound_found():
    entry = SmallEntry("knapsack/x", lambda: SACK, certified=False)
    assert assert_certified_gap(SACK, Packing([0, 1]), max_gap=0, bound=entry).gap == 0


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((SACK, Packing([0])), {"max_gap": -1}, "max_gap: is -1; give a relative gap >= 0"),
        ((SACK, Packing([0])), {"max_gap": float("nan")}, "max_gap: is nan"),
        ((SACK, Packing([0])), {"max_gap": 1, "bound": 3}, "bound: is a int; give a library entry"),
        ((SACK, Packing([0])), {"max_gap": 1, "bound": {}}, "certificate: holds no evidence"),
        ((SACK, 3), {"max_gap": 1}, "solution: is of type int"),
        ((SACK, greedy(MARKET)), {"max_gap": 1}, "plan: is greedy's for another instance"),
    ],
)
def test_misuse_is_no_failed_assertion(arguments, options, text):
    with pytest.raises(InputError, match=text):
        assert_certified_gap(*arguments, **options)


def test_a_false_bound_is_a_fault_and_no_failed_assertion(monkeypatch):
    sack = Knapsack(knapsack(items=9, seed=1))
    proved = assertions.find_bound(sack)
    assert_certified_gap(sack, {"items": []}, max_gap=1)
    key = next(iter(assertions._bounds))
    low = type(proved.derivation)(**vars(proved.derivation) | {"dual_bound": 1.0})
    assertions._bounds[key] = type(proved)(proved.result, low, None)
    with pytest.raises(BackendFault, match="beats the bound"):
        assert_certified_gap(sack, solve(sack), max_gap=1)


def test_feasible_plans_are_returned_evaluated():
    result = assert_feasible(SACK, Packing([0, 1]))
    assert (result.objective, result.feasible) == (9.0, True)


def test_the_worst_violation_is_named_first_and_the_rest_counted():
    broken = MARKET.violations(CROWDED)
    assert len(broken) > 4
    text = message(assert_feasible, MARKET, CROWDED)
    worst = max(broken, key=lambda violation: violation.amount)
    assert f"worst violation  {worst}\n" in text
    assert text.endswith(f"and              {len(broken) - 4} more violations")
    assert text.count("\n") == 5


def test_an_equilibrium_passes_and_what_is_none_names_the_deviation():
    assert assert_equilibrium(MARKET, best_response(MARKET)).regret == 0
    plan = aspire_off(MARKET)
    found = mcsopt.certify_equilibrium(MARKET, plan).deviation
    text = message(assert_equilibrium, MARKET, plan)
    assert text.startswith("the plan of aspire-off is no equilibrium of offline-welfare\n")
    assert f"regret     {found.regret!r}, tolerance 1e-09" in text
    assert f"task {found.task} gains it alone, with workers {', '.join(map(str, found.workers))}" in text
    assert assert_equilibrium(MARKET, plan, tolerance=found.regret).regret == found.regret
    assert "infeasible" in message(assert_equilibrium, MARKET, CROWDED)


def test_a_task_that_would_rather_have_nobody_is_named(monkeypatch):
    certificate = mcsopt.certify_equilibrium(MARKET, aspire_off(MARKET))
    alone = type(certificate)(**vars(certificate) | {"deviation": type(certificate.deviation)(2.0, 3, ())})
    monkeypatch.setattr(assertions, "certify_equilibrium", lambda *_: alone)
    assert "task 3 gains it alone, with no workers" in message(assert_equilibrium, MARKET, aspire_off(MARKET))


def test_a_problem_that_is_no_game_says_what_to_use():
    with pytest.raises(InputError, match=r"problem: knapsack is no game; use assert_feasible$"):
        assert_equilibrium(SACK, Packing([0]))
    stable = StableCoalition(data_coalition(6, seed=1))
    with pytest.raises(InputError, match=r"use assert_feasible, which is stability$"):
        assert_equilibrium(stable, solve(stable))


def test_other_bad_input_keeps_its_own_words(monkeypatch):
    def refuse(*_):
        raise InputError("task", "is 3", "give 2")

    monkeypatch.setattr(assertions, "certify_equilibrium", refuse)
    with pytest.raises(InputError, match="task: is 3; give 2"):
        assert_equilibrium(SACK, Packing([0]))


def test_tracebacks_end_in_the_test():
    for assertion, options in (
        (assert_certified_gap, {"max_gap": 0.0}),
        (assert_feasible, {}),
        (assert_equilibrium, {}),
    ):
        try:
            assertion(SACK, Packing([0, 1, 2]), **options)
        except AssertionError:
            frames = [frame for frame, _ in traceback.walk_tb(sys.exc_info()[2])]
        inner = [frame for frame in frames if frame.f_code.co_filename == assertions.__file__]
        assert inner
        assert all(frame.f_locals.get("__tracebackhide__") for frame in inner)


def test_the_package_hands_them_on():
    assert dir(mcsopt.regression) == sorted(mcsopt.regression.__all__)
    for name in mcsopt.regression.__all__:
        assert getattr(mcsopt.regression, name) is getattr(assertions, name)
    with pytest.raises(AttributeError, match="has no attribute 'assert_optimal'"):
        mcsopt.regression.assert_optimal  # noqa: B018  # the access is the test


PLAYERS = [2.2e-4, 5.4e-4, 7.0e-4, 11e-4, 30e-4, 33e-4]


def test_a_result_for_another_problem_or_option_is_refused_though_the_instance_is_the_same():
    players = DataCoalition(PLAYERS, 0.25, 1.0)
    nash, robust = (StableCoalition(players, stability=notion) for notion in ("nash", "robust"))
    for other in (solve(robust), solve(CentralCoalition(players))):
        for assertion, options in ((assert_certified_gap, {"max_gap": 1}), (assert_feasible, {})):
            with pytest.raises(InputError, match="for another instance, problem or option"):
                assertion(nash, other, **options)


@pytest.mark.parametrize(
    ("items", "claimed", "text"),
    [
        ([0], {"objective": 9.0}, "exceeds max_gap\n  objective        4.0"),
        ([0], {"objective": float("nan")}, "exceeds max_gap\n  objective        4.0"),
        ([0, 1, 2], {"violations": ()}, "infeasible for knapsack\n  worst violation  capacity"),
    ],
)
def test_a_result_made_by_hand_is_evaluated_anew(items, claimed, text):
    made = replace(conclude(SACK, "mine", Packing(items)), **claimed)
    assert text in message(assert_certified_gap, SACK, made, max_gap=0)


def test_violations_that_are_none_are_not_believed_either():
    broken = conclude(SACK, "mine", Packing([0, 1, 2])).violations
    made = replace(conclude(SACK, "mine", Packing([0, 1])), violations=broken)
    assert assert_certified_gap(SACK, made, max_gap=0).gap == 0
    assert assert_feasible(SACK, made).violations == ()


def test_a_run_that_found_nothing_has_not_said_that_none_exists():
    problem = none_stable()
    text = message(assert_certified_gap, problem, conclude(problem, "mine", None), max_gap=0)
    assert text == "mine holds no plan (UNKNOWN): none found; proved: there is no feasible plan"


@pytest.mark.parametrize("tolerance", [-1e-9, float("nan")])
def test_a_tolerance_that_nothing_exceeds_is_refused(tolerance):
    with pytest.raises(InputError, match="tolerance: is"):
        assert_equilibrium(MARKET, aspire_off(MARKET), tolerance=tolerance)


def test_an_interrupted_bound_stops_the_tests_and_is_not_kept(monkeypatch):
    proved = assertions.find_bound(SACK)
    stopped = replace(proved, result=replace(proved.result, termination=Termination.INTERRUPTED))
    monkeypatch.setattr(assertions, "find_bound", lambda *_, **__: stopped)
    with pytest.raises(KeyboardInterrupt):
        assert_certified_gap(SACK, Packing([0, 1]), max_gap=0)
    assert not assertions._bounds
