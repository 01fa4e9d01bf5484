"""Least payments: break-even, risk by a search over all cents, rounding up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import (
    cents_up,
    completion_chance,
    expected_cost,
    expected_utility,
    failure_risk,
    price_floor,
    rational_floor,
    risk_floor,
    utility_risk,
)
from tests.problems.worker_model.scenarios import leg


def test_the_printed_floor_loses_money():
    # Completion 0.8, cost 5, compensation 1: at the printed floor 5 the worker expects 4 - 5 - 0.2.
    assert rational_floor(0.8, 5.0, compensation=1.0) == 6.5
    assert pytest.approx(-1.2) == 0.8 * 5.0 - 5.0 - 0.2 * 1.0
    assert pytest.approx(0, abs=1e-12) == 0.8 * 6.5 - 5.0 - 0.2 * 1.0


@given(st.floats(0.2, 1), st.floats(0, 50), st.floats(0, 0.2))
def test_with_a_share_the_worker_breaks_even(completed, cost, share):
    price = rational_floor(completed, cost, compensation_share=share)
    assert completed * price - cost - (1 - completed) * share * price == pytest.approx(0, abs=1e-9)


def test_no_payment_makes_up_for_a_compensation_that_grows_with_it():
    assert rational_floor([0.0, 1 / 6, 0.2], 5.0, compensation_share=0.2)[0] == np.inf
    assert rational_floor(0.1, 5.0, compensation_share=0.2) == np.inf


def test_cents_are_rounded_up_but_not_for_rounding_errors():
    assert cents_up([6.5, 6.5 + 1e-10, 6.5 + 1e-7, 6.501, 0.1 + 0.2, np.inf]).tolist() == [
        650,
        650,
        651,
        651,
        30,
        np.inf,
    ]


@settings(max_examples=25)
@given(st.integers(0, 300), st.integers(0, 30), st.sampled_from(["delivered", "sensed"]))
def test_the_risk_floor_is_the_first_of_all_cents(seed, depart, deadline):
    leg = sensing_worker(1, seed=seed).legs[0, 0]
    floor = risk_floor(leg, depart, 0.3, 0.01, deadline)
    if failure_risk(leg, depart, deadline) > 0.3:
        assert floor == np.inf
        return
    prices = np.arange(0, 6000) / 100
    kept = utility_risk(leg, depart, prices, 0.01, deadline) <= 0.3
    assert floor == prices[np.argmax(kept)]
    assert kept[-1]


@settings(max_examples=25)
@given(st.integers(0, 300))
def test_the_floor_is_what_both_ask(seed):
    legs = sensing_worker(4, seed=seed).legs[0]
    floor = price_floor(legs, 0, 0.3, 0.01, 0.2)
    printed = price_floor(legs, 0, 0.3, 0.01, 0.2, rule="printed")
    assert np.all(printed <= floor)
    for k in np.flatnonzero(np.isfinite(floor)):
        p = floor[k]
        assert p == round(100 * p) / 100
        assert utility_risk(legs[k], 0, p, 0.01) <= 0.3 + 1e-12
        assert expected_utility(legs[k], 0, p, 0.2 * p) >= -1e-9
        # A cent less breaks one of the two.
        less = p - 0.01
        assert utility_risk(legs[k], 0, less, 0.01) > 0.3 or expected_utility(legs[k], 0, less, 0.2 * less) < 0
        assert printed[k] >= expected_cost(legs[k]) - 1e-9


def test_a_floor_that_risk_sets_and_one_that_cost_sets():
    one = leg(closing=99)
    assert completion_chance(one, 0) == pytest.approx(1.0)
    # Never late, so risk is cost alone: at cap 1 everything goes, at cap 0 the dearest case must pay.
    cheap, dear = (price_floor(one, 0, cap, 0.01, 0.2) for cap in (1.0, 0.0))
    assert cheap == cents_up(expected_cost(one)) / 100
    worst = 0.8 + 0.5 + 4 * 0.3 + 0.4 * float(one.longest_transmission)
    assert dear == cents_up(worst + 0.01) / 100 > cheap


def test_an_unknown_rule_is_refused():
    with pytest.raises(InputError, match="rule: is 'kind'; use 'rational' or 'printed'"):
        price_floor(leg(), 0, 0.3, 0.01, 0.2, rule="kind")
