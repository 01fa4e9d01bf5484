"""The ground truth itself, against rational enumeration of arrival patterns and against the definitions."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket
from mcsopt.problems.offline_welfare import expected_quality, quality_risk

rationals = st.fractions(min_value=0, max_value=1, max_denominator=16)
qualities = st.fractions(min_value=0, max_value=30, max_denominator=8)


def enumerated(quality, arrival, redundancy, demand):
    """E[Q] and Pr(Q < Q^D) in rationals, straight from (15) and (22)."""
    mean, risk = Fraction(0), Fraction(0)
    for pattern in itertools.product([0, 1], repeat=len(quality)):
        chance = Fraction(1)
        for arrived, p in zip(pattern, arrival, strict=True):
            chance *= p if arrived else 1 - p
        n = sum(pattern)
        total = sum((q for q, arrived in zip(quality, pattern, strict=True) if arrived), Fraction(0))
        delivered = total / (1 + (n - 1) * redundancy) if n else Fraction(0)
        mean += chance * delivered
        risk += chance if delivered < demand else 0
    return mean, risk


@given(
    workers=st.lists(st.tuples(qualities, rationals), max_size=6),
    redundancy=st.fractions(min_value=0, max_value=Fraction(15, 16), max_denominator=16),
    demand=qualities,
)
def test_quality_and_risk_equal_rational_enumeration(workers, redundancy, demand):
    # Denominators are powers of two or not: only doubles that are read exactly make ties exact.
    workers = [(Fraction(float(q)), Fraction(float(p))) for q, p in workers]
    redundancy, demand = Fraction(float(redundancy)), Fraction(float(demand))
    quality, arrival = [q for q, _ in workers], [p for _, p in workers]
    mean, _ = enumerated(quality, arrival, redundancy, demand)
    as_floats = np.array([float(q) for q in quality]), np.array([float(p) for p in arrival])
    assert expected_quality(*as_floats, float(redundancy)) == pytest.approx(float(mean), rel=1e-12, abs=1e-12)
    # The tolerance is part of the definition: a pattern within 1e-12 of the demand meets it.
    found = quality_risk(*as_floats, float(redundancy), float(demand))
    bounds = [float(enumerated(quality, arrival, redundancy, demand + shift)[1]) for shift in (-Fraction(1, 10**11), 0)]
    assert bounds[0] - 1e-12 <= found <= bounds[1] + 1e-12


def test_an_exact_tie_with_the_demand_meets_it():
    # 0.1 + 0.2 exceeds 0.3 in doubles, and 3 * 0.1 differs from 0.3: both within 1e-12, so both meet the demand.
    assert quality_risk(np.array([0.1, 0.2]), np.array([1.0, 1.0]), 0.0, 0.3) == 0.0
    assert quality_risk(np.array([0.1, 0.1, 0.1]), np.array([1.0, 1.0, 1.0]), 0.0, 0.3) == 0.0


def test_the_tolerance_of_the_demand_is_decided_in_rationals():
    one = np.array([1.0])
    assert quality_risk(np.array([20.0]), one, 0.25, 20.0 + 0.5e-12) == 0.0
    assert quality_risk(np.array([20.0]), one, 0.25, 20.0 + 4e-12) == 1.0


def test_risk_of_nobody_is_one_unless_nothing_is_demanded():
    nobody = np.zeros(0)
    assert quality_risk(nobody, nobody, 0.2, 5.0) == 1.0
    assert quality_risk(nobody, nobody, 0.2, 0.0) == 0.0


def test_sets_beyond_24_workers_are_refused_with_their_size():
    with pytest.raises(TooLarge, match=r"25 workers has 2\^25"):
        quality_risk(np.ones(25), np.ones(25), 0.1, 1.0)


def market(**changes) -> SensingMarket:
    data = {
        "budget": [100.0, 60.0], "demand": [10.0, 10.0], "redundancy": [0.5, 0.0], "arrival": [0.9, 0.8, 1.0],
        "pair_task": [0, 0, 0, 1, 1], "pair_worker": [0, 1, 2, 1, 2], "payment": [40.0, 50.0, 30.0, 55.0, 50.0],
        "cost": [10.0, 60.0, 5.0, 5.0, 5.0], "quality": [12.0, 20.0, 30.0, 9.0, 11.0], "quality_weight": 7.0,
    }  # fmt: skip
    return SensingMarket(**(data | changes))


def test_welfare_is_the_sum_over_tasks_of_weighted_quality_less_expected_cost():
    problem = OfflineWelfare(market())
    plan = Assignment([[0, 2], [1]])
    both = 0.9 * (12 + 30) / 1.5 + 0.1 * 30
    expected = 7 * both - 0.9 * 10 - 5 + 7 * 0.8 * 9 - 0.8 * 5
    assert problem.evaluate(plan) == pytest.approx(expected, rel=1e-14)
    assert problem.evaluate(problem.empty_solution()) == 0.0


def test_payments_cancel_out_of_the_welfare():
    plan = Assignment([[0, 2], [1]])
    assert OfflineWelfare(market(payment=[1.0] * 5)).evaluate(plan) == OfflineWelfare(market()).evaluate(plan)


@pytest.mark.parametrize(
    ("sets", "constraint", "amount"),
    [
        ([[1], []], "payment covers cost (25b)", 10.0),
        ([[0, 1, 2], []], "budget (25c)", 20.0),
        ([[2], [2]], "one task per worker (25a)", 1.0),
        ([[], [1]], "quality risk (25g)", 1.0 - 0.2),
    ],
)
def test_each_constraint_is_reported_with_its_amount(sets, constraint, amount):
    found = {v.constraint: v.amount for v in OfflineWelfare(market()).violations(Assignment(sets))}
    assert found[constraint] == pytest.approx(amount)


def test_service_required_is_a_constraint_and_optional_is_not():
    assert OfflineWelfare(market()).violations(Assignment([[], []])) == ()
    required = OfflineWelfare(market(service="required")).violations(Assignment([[2], []]))
    assert [(v.constraint, v.where) for v in required] == [("service required", "task 1")]


def test_mismatch_risk_ratio_and_pair():
    prior, budget = [0.3, 0.9, 0.5, 0.6, 1.0], [1.0, 2.0, 0.5]
    data = market(intent_prior=prior, privacy_budget=budget, mismatch_risk=0.3)
    ratio, pair = OfflineWelfare(data), OfflineWelfare(data, mismatch="pair")
    assert ratio.mismatch_risk == pytest.approx([(1 - phi) / 2 for phi in prior])
    for position, (phi, worker) in enumerate(zip(prior, [0, 1, 2, 1, 2], strict=True)):
        keep = np.exp(budget[worker]) / (1 + np.exp(budget[worker]))
        lie = (1 - phi) * (1 - keep)
        assert pair.mismatch_risk[position] == pytest.approx(lie / (phi * keep + lie), abs=1e-15)
    broken = [v for v in ratio.violations(Assignment([[0], []])) if v.constraint == "mismatch risk (25h)"]
    assert broken[0].amount == pytest.approx(0.35 - 0.3)
    assert OfflineWelfare(market()).mismatch_risk.tolist() == [0.0] * 5


def test_mismatch_ratio_never_binds_when_the_cap_is_at_least_one_over_the_tasks():
    rng = np.random.default_rng(0)
    data = market(intent_prior=rng.random(5), mismatch_risk=0.5)
    assert (OfflineWelfare(data).mismatch_risk <= 0.5).all()


def test_pair_mismatch_needs_privacy_budgets():
    with pytest.raises(InputError, match=r"workers\.privacy_budget: is missing"):
        OfflineWelfare(market(intent_prior=[0.5] * 5), mismatch="pair")


def test_a_worker_without_a_pair_is_refused_by_name():
    with pytest.raises(InputError, match="names worker 0, with whom task 1 has no pair"):
        OfflineWelfare(market()).evaluate(Assignment([[], [0]]))


def test_budget_and_cost_hold_to_a_billionth():
    # 0.1 + 0.2 > 0.3 in doubles, yet within the tolerance of money.
    data = market(budget=[0.3, 60.0], payment=[0.1, 50.0, 0.2, 55.0, 50.0], cost=[0.0] * 5)
    assert not [v for v in OfflineWelfare(data).violations(Assignment([[0, 2], []])) if "budget" in v.constraint]


def test_quality_may_fall_and_gains_may_rise_with_workers():
    """The remark below (15), "quality rises with more workers, with diminishing returns", is refuted.

    Adding quality q to n >= 1 arrivals of aggregate Q raises it iff q > zeta Q; and the gain can grow.
    """
    one = np.ones(3)
    falls = [expected_quality(np.array(q), one[: len(q)], 0.5) for q in ([10.0], [10.0, 1.0])]
    assert falls[1] < falls[0]
    steps = [expected_quality(np.array(q), one[: len(q)], 0.5) for q in ([10.0], [10.0, 5.0], [10.0, 5.0, 10.0])]
    assert steps[2] - steps[1] > steps[1] - steps[0]


def test_pairs_may_come_in_any_order_but_only_once():
    order = [3, 0, 4, 2, 1]
    data = market()
    shuffled = market(**{name: getattr(data, name)[order] for name in
                         ("pair_task", "pair_worker", "payment", "cost", "quality")})  # fmt: skip
    assert shuffled.digest() == data.digest()
    with pytest.raises(InputError, match=r"pairs\.task\[1\]: repeats the pair \(0, 0\)"):
        market(pair_task=[0, 0, 0, 1, 1], pair_worker=[0, 0, 2, 1, 2])


def test_a_broken_budget_is_named_whatever_the_size_of_the_set():
    crowd = {"arrival": np.full(25, 0.9), "pair_task": np.zeros(25, dtype=int), "pair_worker": np.arange(25)}
    pairs = {"payment": np.full(25, 40.0), "cost": np.zeros(25), "quality": np.ones(25)}
    problem = OfflineWelfare(market(**crowd, **pairs))
    assert [violation.constraint for violation in problem.set_violations(0, range(25))] == ["budget (25c)"]
