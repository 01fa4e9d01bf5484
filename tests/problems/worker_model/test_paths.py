"""Paths under propagated delays: against every scenario, against draws, and where the plan errs either way."""

import itertools
import math

import numpy as np
import pytest

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import (
    expected_realized_utility,
    expected_utility,
    judge_path,
    next_departure_law,
    planned_departure,
)
from tests.problems.worker_model.scenarios import drawn, leg, outcome, within_four_errors


def certain(**changes):
    """Return a leg of one slot, held up for one half of the time, one slot of sensing, nothing to send."""
    values = {
        "travel": 1, "sensing": 1, "opening": 0, "closing": 50, "delay_law": [0.5, 0.5], "travel_cost": 0.0,
        "sensing_cost": 0.0, "delay_cost": 0.0, "transmission_cost": 0.0, "load": 0.0,
    }  # fmt: skip
    return leg(**(values | changes))


def test_the_plan_is_too_optimistic():
    # E[td] = 0.6: 1.6 slots of travel and one of sensing, planned departure 3; by chance it is 2, or 5: too late.
    first = certain(delay_law=[0.8, 0, 0, 0.2])
    second = certain(delay_law=[1.0], closing=5)
    judged = judge_path([first, second], [1.0, 10.0], [0.0, 0.0])
    assert judged.planned_departure.tolist() == [0, 3]
    assert judged.departure_law[1].tolist() == pytest.approx([0, 0, 0.8, 0, 0, 0.2])
    assert (judged.surrogate, judged.exact) == pytest.approx((11.0, 9.0))
    assert judged.completion.tolist() == pytest.approx([1.0, 0.8])
    assert judged.surrogate_completion.tolist() == [1.0, 1.0]


def test_the_plan_is_too_pessimistic():
    # E[td] = 0.5: planned departure 3; half of the time it is 2, and that is when the second task can be in time.
    judged = judge_path([certain(), certain(delay_law=[1.0], closing=4)], [1.0, 10.0], [0.0, 0.0])
    assert judged.planned_departure.tolist() == [0, 3]
    assert (judged.surrogate, judged.exact) == pytest.approx((1.0, 6.0))


def scenarios_of(legs, payments, compensations, missed):
    """Yield what each combination of delays brings on a path whose transmissions take one time."""
    key = "conservative" if missed == "performed" else "realized"
    for delays in itertools.product(*(range(one.delay_law.shape[-1]) for one in legs)):
        chance, total, depart = 1.0, 0.0, 0
        for one, delay, p, q in zip(legs, delays, payments, compensations, strict=True):
            what = outcome(one, depart, delay, float(one.lowest_channel), p, q)
            chance *= float(one.delay_law[delay])
            total += what[key]
            depart = what[missed]
        yield chance, total, depart


@pytest.mark.parametrize("missed", ["performed", "given-up"])
def test_a_path_is_that_of_all_scenarios(missed):
    same = {"lowest_channel": 150.0, "highest_channel": 150.0}
    legs = [leg(**same), leg(opening=8, closing=13, **same), leg(opening=0, closing=18, travel=1, **same), leg(**same)]
    payments, compensations = [4.0, 3.0, 5.0, 2.0], [0.8, 0.6, 1.0, 0.4]
    cases = list(scenarios_of(legs, payments, compensations, missed))
    judged = judge_path(legs, payments, compensations, missed=missed)
    assert sum(chance for chance, _, _ in cases) == pytest.approx(1)
    assert judged.exact == pytest.approx(sum(chance * total for chance, total, _ in cases), abs=1e-12)
    last = next_departure_law(legs[-1], judged.departure_law[-1], missed)
    expected = np.zeros(len(last))
    for chance, _, depart in cases:
        expected[depart] += chance
    assert last == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("missed", ["performed", "given-up"])
@pytest.mark.parametrize("deadline", ["delivered", "sensed"])
def test_a_path_is_what_draws_say(missed, deadline):
    market, rng = sensing_worker(8, seed=5), np.random.default_rng(2)
    path = np.argsort([task.opening for task in market.tasks])[:4].tolist()
    legs, payments = market.path_legs(path), market.payments[path]
    judged = judge_path(legs, payments, 0.2 * payments, missed=missed, deadline=deadline)
    key = "conservative" if missed == "performed" else "realized"
    number = 10_000
    total, depart = np.zeros(number), np.zeros(number, dtype=int)
    for step, (one, p) in enumerate(zip(legs, payments, strict=True)):
        assert within_four_errors(depart, np.arange(len(judged.departure_law[step])) @ judged.departure_law[step])
        delays, channels = drawn(one, rng, number)
        triples = zip(depart, delays, channels, strict=True)
        rows = [outcome(one, t, int(k), g, p, 0.2 * p, deadline) for t, k, g in triples]
        assert within_four_errors([row[key] for row in rows], judged.utility[step])
        assert within_four_errors([float(row["completed"]) for row in rows], judged.completion[step])
        total += [row[key] for row in rows]
        depart = np.array([row[missed] for row in rows])
    assert within_four_errors(total, judged.exact)
    assert abs(judged.exact - judged.surrogate) > 0.01


def test_laws_keep_their_mass_and_single_legs_their_value():
    for seed in range(5):
        market = sensing_worker(4, seed=seed)
        legs, p = market.path_legs([2, 0, 3, 1]), market.payments[[2, 0, 3, 1]]
        for missed, single in (("performed", expected_utility), ("given-up", expected_realized_utility)):
            judged = judge_path(legs, p, 0.2 * p, missed=missed)
            assert [law.sum() for law in judged.departure_law] == pytest.approx([1.0] * 4, abs=1e-12)
            assert judged.utility[0] == pytest.approx(float(single(legs[0], 0, p[0], 0.2 * p[0])))


def test_the_planned_departure():
    # max(0 + 2 + 0.9, 3) + 2 + E[ttr], rounded up.
    one = leg()
    assert one.mean_delay == pytest.approx(0.9)
    assert planned_departure(one, [0, 1, 5]).tolist() == [
        math.ceil(max(t + 2.9, 3) + 2 + float(one.mean_transmission)) for t in (0, 1, 5)
    ]
    assert planned_departure(certain(delay_law=[1.0]), 0) == 2  # whole already


def test_no_legs_and_a_later_start():
    assert judge_path([], [], []).exact == 0.0
    late = judge_path([certain(closing=4)], [1.0], [0.0], start=3)
    assert (late.planned_departure.tolist(), late.exact) == ([3], 0.0)


def test_arguments_that_are_refused():
    with pytest.raises(InputError, match="missed: is 'forgiven'; use 'performed' or 'given-up'"):
        judge_path([leg()], [1.0], [0.0], missed="forgiven")
    with pytest.raises(InputError, match="payments: has length 2; give payment and compensation of 1 legs"):
        judge_path([leg()], [1.0, 2.0], [0.0])
