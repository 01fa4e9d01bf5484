"""Randomized response: probabilities to the last digits, reports, snapshots."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.errors import InputError
from mcsopt.privacy import flip_probability, keep_probability, report, snapshots
from mcsopt.privacy.randomized_response import drawn_flip_probability
from tests.privacy.brute_force import exact_flip

BUDGETS = st.one_of(st.floats(1e-300, 1e-6), st.floats(1e-6, 50.0), st.floats(50.0, 700.0))
ULPS = 4 * 2.0**-52


@settings(max_examples=200, derandomize=True)
@given(BUDGETS)
def test_probabilities_are_right_to_the_last_digits(epsilon: float) -> None:
    flip = float(exact_flip(epsilon))
    assert float(flip_probability(epsilon)) == pytest.approx(flip, rel=ULPS)
    assert float(keep_probability(epsilon)) == pytest.approx(1.0 - flip, rel=ULPS)


@settings(max_examples=200, derandomize=True)
@given(st.one_of(BUDGETS, st.floats(700.0, 1e100)))
def test_the_bits_drawn_never_break_the_guarantee(epsilon: float) -> None:
    flip = Decimal(float(drawn_flip_probability(epsilon)))
    with localcontext() as context:
        context.prec = 60
        # Compared as logarithms, because e^1e100 is no number.
        assert ((1 - flip) / flip).ln() <= Decimal(epsilon)
    assert float(flip) <= max(float(flip_probability(epsilon)) * (1 + 2.0**-49), np.finfo(float).tiny)


@pytest.mark.parametrize("epsilon", [709.0, 745.2, 1e6])
def test_a_large_budget_is_not_infinite(epsilon: float) -> None:
    assert float(keep_probability(epsilon)) == 1.0
    assert float(drawn_flip_probability(epsilon)) > 0.0


def test_infinite_budgets_report_the_truth() -> None:
    bits = np.random.default_rng(0).integers(0, 2, (50, 20))
    assert (report(bits, math.inf) == bits).all()
    assert float(keep_probability(math.inf)) == 1.0
    assert float(flip_probability(math.inf)) == 0.0


def test_each_worker_has_a_budget() -> None:
    told = report(np.zeros((3, 40_000)), [0.5, math.inf, 2.0], simulated=0)
    assert told.dtype == np.uint8
    for row, epsilon in enumerate((0.5, math.inf, 2.0)):
        assert told[row].mean() == pytest.approx(float(flip_probability(epsilon)), abs=0.01)


def test_zeros_and_ones_are_flipped_alike_and_alone() -> None:
    bits = np.random.default_rng(1).integers(0, 2, (200, 200))
    flipped = report(bits, 1.0, simulated=1) != bits
    expected = float(flip_probability(1.0))
    for part in (flipped[bits == 0], flipped[bits == 1], flipped[:, :-1] & flipped[:, 1:], flipped[1:] & flipped[:-1]):
        wanted = expected if part.ndim == 1 else expected**2
        assert abs(part.mean() - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / part.size)


@pytest.mark.parametrize("bits", [[1, 0, 1], [[True, False], [False, True]], np.ones((2, 5)), np.ones((0, 4))])
def test_shapes_are_kept(bits: object) -> None:
    told = report(bits, 0.3)
    assert told.shape == np.shape(bits)
    assert set(np.unique(told)) <= {0, 1}


def test_the_same_seed_gives_the_same_report() -> None:
    bits = np.zeros((5, 30))
    assert (report(bits, 1.0, simulated=3) == report(bits, 1.0, simulated=3)).all()
    assert (report(bits, 1.0, simulated=3) != report(bits, 1.0, simulated=4)).any()
    rng = np.random.default_rng(0)
    assert (report(bits, 1.0, simulated=rng) != report(bits, 1.0, simulated=rng)).any()


def test_inputs_are_left_alone() -> None:
    bits = np.zeros((5, 30), dtype=np.uint8)
    report(bits, 1.0)
    assert not bits.any()


@pytest.mark.parametrize(("rounds", "length"), [(1, 1), (6, 1), (6, 2), (7, 3), (5, 9)])
def test_snapshots_repeat_within_an_epoch_only(rounds: int, length: int) -> None:
    seen = snapshots(np.zeros((4, 100)), 0.5, rounds, rounds_per_epoch=length, simulated=0)
    assert seen.shape == (rounds, 4, 100)
    for when in range(1, rounds):
        assert (seen[when] == seen[when - 1]).all() == (when % length != 0)


def test_snapshots_of_one_worker() -> None:
    assert snapshots([1, 0], math.inf, 3).tolist() == [[1, 0]] * 3


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan, "1", None, [0.5, 0.5], True])
def test_budgets_that_are_none(epsilon: object) -> None:
    with pytest.raises(InputError, match="epsilon"):
        report([[0, 1]], epsilon)


def test_an_infeasible_worker_is_to_be_left_out() -> None:
    with pytest.raises(InputError, match=r"epsilon\[1\]: is nan; leave out workers for whom PRIMER finds no budget"):
        report([[0, 1], [0, 1]], [1.0, math.nan])


@pytest.mark.parametrize("bits", [[0, 2], [0.5], "01", [[0, 1], [0]], 1, [[]], np.zeros((1, 1, 1)), [math.nan]])
def test_bits_that_are_none(bits: object) -> None:
    with pytest.raises(InputError, match="bits"):
        report(bits, 1.0)


@pytest.mark.parametrize("count", [0, -1, 1.0, True])
def test_counts_of_rounds(count: object) -> None:
    with pytest.raises(InputError, match="count"):
        snapshots([0, 1], 1.0, count)
    with pytest.raises(InputError, match="rounds_per_epoch"):
        snapshots([0, 1], 1.0, 1, rounds_per_epoch=count)
