"""Quality and its risk against all scenarios, against draws, and in cases worked by hand."""

import itertools
import math

import numpy as np
import pytest

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import (
    InverseAge,
    completion_chance,
    expected_quality,
    quality_reached,
    quality_risk_bounds,
    sensing_age,
)
from tests.problems.worker_model.scenarios import drawn, leg, mean_over_scenarios, outcome, within_four_errors

LEGS = [leg(), leg(opening=0, closing=6), leg(closing=6, load=6.0), leg(closing=4)]
QUALITY = InverseAge(1.5)


class Halving:
    """Another reading of (14): the quality halves with every slot of age."""

    def at(self, age):
        return 2.0**-age

    def oldest(self, quality):
        return -np.log2(quality)


def delivered(one, depart, delay, channel, quality, deadline="delivered"):
    """Return the quality of a scenario, its average age summed over the sensed slots (13)."""
    what = outcome(one, depart, delay, channel, 0.0, 0.0, deadline)
    slots = range(1, int(one.sensing) + 1)
    age = sum(len(slots) - k + 1 + what["transmission"] for k in slots) / len(slots)
    return float(quality.at(age)) if what["completed"] else 0.0


def test_the_age_is_that_of_slots_one_by_one():
    for sensing in range(1, 8):
        assert sensing_age(sensing) == sum(sensing - k + 1 for k in range(1, sensing + 1)) / sensing


@pytest.mark.parametrize("quality", [QUALITY, Halving()])
@pytest.mark.parametrize("deadline", ["delivered", "sensed"])
@pytest.mark.parametrize("number", range(len(LEGS)))
def test_quality_is_that_of_all_scenarios(number, deadline, quality):
    one = LEGS[number]
    mean = mean_over_scenarios(one, lambda k, g: delivered(one, 1, k, g, quality, deadline), parts=1001)
    assert expected_quality(one, 1, quality, deadline) == pytest.approx(mean, abs=6e-4)
    for level in (0.1, 0.5, 0.62, 0.68, 5.0):
        share = mean_over_scenarios(one, lambda k, g, q=level: delivered(one, 1, k, g, quality, deadline) >= q, 1001)
        assert quality_reached(one, 1, level, quality, deadline) == pytest.approx(share, abs=6e-4)


def test_columns_and_single_legs_agree():
    legs = sensing_worker(3, seed=2).legs
    many = expected_quality(legs, 5, QUALITY)
    assert many.shape == (4, 3)
    single = expected_quality(legs[2, 1], 5, QUALITY)
    assert single.shape == ()
    assert single == pytest.approx(many[2, 1], abs=1e-14)


def test_the_bounds_hold_what_draws_say():
    rng, demanded = np.random.default_rng(11), 1.2
    legs, departs = [leg(), leg(opening=0, closing=6), leg(closing=7, load=6.0)], [1, 1, 0]
    total = np.zeros(20_000)
    for one, depart in zip(legs, departs, strict=True):
        pairs = zip(*drawn(one, rng, len(total)), strict=True)
        total += [delivered(one, depart, int(k), g, QUALITY) for k, g in pairs]
    lower, upper = quality_risk_bounds(legs, departs, demanded, QUALITY)
    assert 0.05 < lower <= upper < 0.95
    assert upper - lower < 0.01
    assert within_four_errors(total < demanded, (lower + upper) / 2)


def test_finer_grids_close_the_bounds_and_keep_their_sides():
    drawn_ones = [sensing_worker(1, seed=seed) for seed in (3, 8)]
    legs = [one.legs[0, 0] for one in drawn_ones]
    bounds = [quality_risk_bounds(legs, [0, 0], 0.45, QUALITY, steps=steps) for steps in (1, 10, 100, 1000)]
    for (a, b), (c, d) in itertools.pairwise(bounds):
        assert a <= c + 2e-12
        assert d <= b + 2e-12
    assert bounds[-1][1] - bounds[-1][0] < 0.02


def test_one_worker_has_its_risk_in_closed_form():
    one = leg()
    for demanded in (0.3, 0.55, 0.62, 0.65, 2.0):
        lower, upper = quality_risk_bounds([one], [1], demanded, QUALITY, steps=50)
        exact = 1 - quality_reached(one, 1, demanded, QUALITY)
        assert lower - 1e-12 <= exact <= upper + 1e-12
        assert upper == pytest.approx(float(exact), abs=1e-11)  # the demand is a point of the grid


def test_two_certain_workers():
    # No delay, one channel: quality 1.5 / (1.5 + ttr) or nothing.
    one = leg(delay_law=[1.0], lowest_channel=100.0, highest_channel=100.0)
    each = 1.5 / (1.5 + 5.0 / math.log2(51))
    assert completion_chance(one, 0) == 1.0
    assert quality_risk_bounds([one, one], [0, 0], 2 * each * 0.999, QUALITY)[1] <= 2e-12
    assert quality_risk_bounds([one, one], [0, 0], 2 * each * 1.01, QUALITY)[0] >= 1 - 2e-12
    assert quality_risk_bounds([], [], 0.5, QUALITY)[0] >= 1 - 2e-12
    assert quality_risk_bounds([], [], 0.0, QUALITY) == (0.0, 0.0)


def test_arguments_that_are_refused():
    with pytest.raises(InputError, match="departs: has length 2; give one for each of 1 workers"):
        quality_risk_bounds([leg()], [0, 1], 0.5, QUALITY)
    with pytest.raises(InputError, match="steps: is 0"):
        quality_risk_bounds([leg()], [0], 0.5, QUALITY, steps=0)
