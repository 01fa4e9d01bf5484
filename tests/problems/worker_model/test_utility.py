"""Completion, utility and risks against all scenarios, against draws, and by their monotonicity."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import (
    completion_chance,
    expected_cost,
    expected_realized_utility,
    expected_utility,
    failure_risk,
    utility_risk,
)
from tests.problems.worker_model.scenarios import drawn, leg, mean_over_scenarios, outcome, within_four_errors

LEGS = {
    "usual": leg(),
    "late": leg(opening=0, closing=6, sensing=2),
    "tight": leg(closing=6, load=6.0),
    "dear": leg(transmission_cost=3.0, delay_cost=1.5),
    "never": leg(closing=4),
}
CASES = [(name, depart, deadline) for name in LEGS for depart in (0, 1, 3) for deadline in ("delivered", "sensed")]
PAYMENT, COMPENSATION, LEAST = 4.0, 0.8, 0.01


@pytest.mark.parametrize(("name", "depart", "deadline"), CASES)
def test_everything_is_that_of_all_scenarios(name, depart, deadline):
    one = LEGS[name]

    def mean(what):
        return mean_over_scenarios(
            one, lambda k, g: what(outcome(one, depart, k, g, PAYMENT, COMPENSATION, deadline)), parts=1001
        )

    # A division into 1001 parts puts the deadline off by at most half a part in each delay.
    assert completion_chance(one, depart, deadline) == pytest.approx(mean(lambda o: o["completed"]), abs=6e-4)
    expected = mean(lambda o: o["conservative"])
    assert expected_utility(one, depart, PAYMENT, COMPENSATION, deadline) == pytest.approx(expected, abs=3e-3)
    realized = mean(lambda o: o["realized"])
    got = expected_realized_utility(one, depart, PAYMENT, COMPENSATION, deadline)
    assert got == pytest.approx(realized, abs=3e-3)
    risk = mean(lambda o: o["realized"] < LEAST)
    assert utility_risk(one, depart, PAYMENT, LEAST, deadline) == pytest.approx(risk, abs=6e-4)
    assert expected_cost(one) == pytest.approx(
        mean(lambda o: -o["conservative"] + (PAYMENT if o["completed"] else -COMPENSATION)), rel=1e-6
    )


@pytest.mark.parametrize("name", LEGS)
def test_everything_is_what_draws_say(name):
    one, rng = LEGS[name], np.random.default_rng(7)
    rows = [outcome(one, 1, int(k), g, PAYMENT, COMPENSATION) for k, g in zip(*drawn(one, rng, 20_000), strict=True)]

    def sample(key):
        return np.array([row[key] for row in rows], dtype=float)

    assert within_four_errors(sample("completed"), completion_chance(one, 1))
    assert within_four_errors(sample("conservative"), expected_utility(one, 1, PAYMENT, COMPENSATION))
    assert within_four_errors(sample("realized"), expected_realized_utility(one, 1, PAYMENT, COMPENSATION))
    assert within_four_errors(sample("realized") < LEAST, utility_risk(one, 1, PAYMENT, LEAST))
    assert within_four_errors(sample("transmission"), one.mean_transmission)


def test_the_three_scenarios_of_appendix_b1():
    # Two hops of one slot, one slot of sensing, four slots to the deadline; a delay takes one slot, nothing is sent.
    chance = 0.2
    law = [(1 - chance) ** 2, 2 * chance * (1 - chance), chance**2]
    one = leg(travel=2, sensing=1, opening=0, closing=4, delay_law=law, load=0.0)
    scenarios_in_time = (1 - chance) ** 2 + chance * (1 - chance) + (1 - chance) * chance
    for deadline in ("delivered", "sensed"):
        assert completion_chance(one, 0, deadline) == pytest.approx(scenarios_in_time, abs=1e-15)
        assert completion_chance(one, 1, deadline) == pytest.approx((1 - chance) ** 2, abs=1e-15)
        assert completion_chance(one, 2, deadline) == 0.0


def test_a_leg_worked_by_hand():
    # No delay; begins at 3, senses until 5, one slot left: log2(1 + g) >= 2, g >= 3, on [2, 4] half of the time.
    one = leg(travel=1, delay_law=[1.0], closing=6, load=2.0, power=1.0, lowest_channel=2.0, highest_channel=4.0,
              transmission_cost=1.0)  # fmt: skip
    assert completion_chance(one, 0) == 0.5
    assert completion_chance(one, 0, "sensed") == 1.0
    # li(5) - li(3) = 1.4710..., so E[ttr] = 2 * ln2 / 2 * that.
    grid = 3 + (np.arange(200_000) + 0.5) / 100_000
    mean = 2 * np.mean(1 / np.log2(grid))
    assert one.mean_transmission == pytest.approx(mean, rel=1e-9)
    # Cost 0.8 + 0.5 + ttr; paid 2.21, u >= 0.01 iff ttr <= 0.9: g >= 2^(2/0.9) - 1.
    needed = 2 ** (2 / 0.9) - 1
    assert utility_risk(one, 0, 2.21, 0.01) == pytest.approx(1 - (4 - needed) / 2, abs=1e-9)
    assert utility_risk(one, 0, 9.0, 0.01) == 0.5 == failure_risk(one, 0)


@settings(max_examples=30)
@given(st.integers(0, 200), st.booleans())
def test_departures_later_are_never_better(seed, sensed):
    market, departs = sensing_worker(4, seed=seed), np.arange(0, 90)
    deadline = "sensed" if sensed else "delivered"
    legs, p = market.legs[..., None], market.payments[:, None]
    completed = completion_chance(legs, departs, deadline)
    risk = utility_risk(legs, departs, p, LEAST, deadline)
    conservative = expected_utility(legs, departs, p, 0.2 * p, deadline)
    realized = expected_realized_utility(legs, departs, p, 0.2 * p, deadline)
    assert np.all(np.diff(completed) <= 1e-12)
    assert np.all(np.diff(conservative) <= 1e-9)
    assert np.all(np.diff(risk) >= -1e-12)
    assert np.all(risk >= failure_risk(legs, departs, deadline) - 1e-12)  # R1 >= R2
    assert np.all(realized >= conservative)
    assert np.all(utility_risk(legs, departs, p + 1, LEAST, deadline) <= risk + 1e-12)


def test_columns_and_single_legs_agree():
    market = sensing_worker(5, seed=3)
    legs, p = market.legs, market.payments
    many = utility_risk(legs, 4, p, LEAST)
    assert many.shape == (6, 5)
    for i, j in ((0, 0), (2, 4), (5, 1)):
        assert utility_risk(legs[i, j], 4, p[j], LEAST) == pytest.approx(many[i, j], abs=1e-14)
    assert expected_cost(legs[0])[2] == pytest.approx(float(expected_cost(legs[0, 2])))


def test_money_that_does_not_depend_on_the_channel():
    free = leg(transmission_cost=0.0, delay_law=[1.0], closing=99)
    # Costs 0.8 + 0.5: exactly u_min is left at 1.31.
    assert utility_risk(free, 0, [1.30, 1.31, 1.32], 0.01).tolist() == [1.0, 0.0, 0.0]
    certain = leg(lowest_channel=200.0, highest_channel=200.0, delay_law=[1.0], closing=99)
    exact = 1.3 + 0.4 * 5.0 / math.log2(101) + 0.01
    assert utility_risk(certain, 0, [exact - 1e-6, exact], 0.01).tolist() == [1.0, 0.0]


def test_conservative_and_realized_differ_by_what_giving_up_saves():
    one = LEGS["late"]
    given_up = sum(p for k, p in enumerate(one.delay_law) if max(1 + 2 + k, 0) + 2 > 6)
    assert given_up > 0.05
    difference = expected_realized_utility(one, 1, 4.0, 0.8) - expected_utility(one, 1, 4.0, 0.8)
    assert difference == pytest.approx(given_up * (0.5 + 0.4 * one.mean_transmission))


def test_arguments_that_are_refused():
    with pytest.raises(InputError, match="least_utility: is 0"):
        utility_risk(leg(), 0, 4.0, 0.0)
    with pytest.raises(InputError, match="deadline: is 'soon'; use one of 'delivered', 'sensed'"):
        completion_chance(leg(), 0, "soon")
