"""The law of transmissions against fine divisions of the channel's range, and at its ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsopt.problems.worker_model import (
    mean_transmission,
    mean_transmission_within,
    transmission_slots,
    transmitted_within,
)
from mcsopt.problems.worker_model.channel import mean_of_transmission

loads, powers, lows = st.floats(0.1, 10), st.floats(0.1, 2), st.floats(1, 200)
widths = st.sampled_from([1e-9, 1e-3, 0.00999, 0.0101, 0.5, 3.0, 50.0])  # relative; both sides of NARROW


@given(loads, powers, lows, widths)
def test_the_mean_is_that_of_a_fine_division(load, power, low, width):
    high = low * (1 + width)
    # The midpoint rule in ln g, where the function is smooth over decades.
    y = np.log(low) + (np.arange(4000) + 0.5) / 4000 * (np.log1p(width))
    density = np.exp(y) / np.exp(y).sum()
    times = transmission_slots(load, power, np.exp(y))
    assert mean_transmission(load, power, low, high) == pytest.approx(density @ times, rel=2e-6)
    assert mean_transmission(load, power, low, high) >= transmission_slots(load, power, (low + high) / 2) * (1 - 1e-12)


@given(loads, powers, lows, st.floats(0.02, 50.0))
def test_the_logarithmic_integral_and_quadrature_agree(load, power, low, width):
    high = low * (1 + width)
    by_quadrature = mean_of_transmission(lambda slots: slots, np.inf, load, power, low, high)
    assert mean_transmission(load, power, low, high) == pytest.approx(float(by_quadrature), rel=1e-11)


@given(loads, powers, lows, widths, st.floats(0, 1))
def test_the_chance_inverts_the_time(load, power, low, width, share):
    high = low * (1 + width)
    slots = transmission_slots(load, power, high - share * (high - low))
    got = transmitted_within(slots, load, power, low, high)
    assert got == pytest.approx(share, abs=1e-11 / width)


def test_no_time_is_never_enough_and_all_time_always():
    slots = np.array([-np.inf, -1.0, 0.0, 1e-9, np.inf])
    assert transmitted_within(slots, 5.0, 0.5, 100.0, 400.0).tolist() == [0, 0, 0, 0, 1]
    # A channel without spread: all or nothing; exactly on time is on time (log2(1 + 3) = 2).
    assert transmitted_within([0.99, 1.0, 1.01], 2.0, 1.0, 3.0, 3.0).tolist() == [0, 1, 1]
    # Nothing to send: on time as soon as there is no time missing.
    assert transmitted_within([-1.0, 0.0, 1.0], 0.0, 1.0, 3.0, 4.0).tolist() == [0, 1, 1]


@given(loads, powers, lows, st.floats(0.02, 20.0), st.floats(0, 1))
def test_partial_means_add_up_over_a_division(load, power, low, width, share):
    high = low * (1 + width)
    cut = low + share * (high - low)
    slots = transmission_slots(load, power, cut)
    part = mean_of_transmission(lambda t: 1 / (2 + t), slots, load, power, low, high)
    if share < 0.99:
        rest = mean_of_transmission(lambda t: 1 / (2 + t), np.inf, load, power, cut, high)
        assert part == pytest.approx(float(rest) * (1 - share), rel=1e-9)
    one = mean_of_transmission(lambda t: 1 / (2 + t), np.inf, load, power, 3.0, 3.0)
    assert one == pytest.approx(1 / (2 + load / np.log2(1 + 3 * power)))


@pytest.mark.parametrize("slots", [0.0, 0.4, 0.6, 0.75, 1.0, 2.0])
def test_the_mean_within_a_time_is_that_of_the_channels_that_suffice(slots):
    load, power, low, high = 6.0, 0.5, 100.0, 400.0
    found = mean_transmission_within(slots, load, power, low, high)
    gains = low + (np.arange(200_000) + 0.5) / 200_000 * (high - low)
    times = transmission_slots(load, power, gains)
    assert float(found) == pytest.approx(float(np.mean(np.where(times <= slots, times, 0.0))), abs=1e-5)
    whole = mean_transmission_within(100.0, load, power, low, high)
    assert float(whole) == pytest.approx(float(mean_transmission(load, power, low, high)), rel=1e-12)


def test_the_mean_within_a_time_of_one_time_only():
    assert mean_transmission_within([0.5, 1.0, 2.0], 2.0, 1.0, 3.0, 3.0).tolist() == [0.0, 1.0, 1.0]
    assert float(mean_transmission_within(1.0, 0.0, 1.0, 2.0, 3.0)) == 0.0
