"""The sign-flip test: known values, agreement of its two ways, and its level on pure noise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsopt.commands.arguments import LEAST_ALPHA
from mcsopt.regression import sign_flips
from mcsopt.regression.sign_flips import DRAWS, pairs_needed, sign_flip_test


def by_definition(differences):
    whole = sum(differences)
    signs = itertools.product((1, -1), repeat=len(differences))
    return np.mean([sum(s * d for s, d in zip(sign, differences, strict=True)) >= whole for sign in signs])


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([], 1.0),
        ([0.0, 0.0], 1.0),
        ([1.0], 0.5),
        ([-1.0], 1.0),
        ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 2**-7),
        ([1.0, 0.0, 1.0, 0.0, 1.0], 0.125),
        ([2.0, 1.0, -1.0], 0.375),
        ([1.0, -1.0], 0.75),
    ],
)
def test_known_values(differences, p):
    assert sign_flip_test(differences).p == p
    assert sign_flip_test(differences).exact


@given(st.lists(st.integers(-9, 9), max_size=8))
def test_every_assignment_of_signs_is_counted(differences):
    assert sign_flip_test(differences).p == by_definition(differences)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8), st.sampled_from([0.1, 1 / 3, 1e-9]))
def test_rounding_makes_no_p_value_smaller(differences, scale):
    scaled = [scale * difference for difference in differences]
    assert sign_flip_test(scaled).p == by_definition(differences)


def test_drawn_assignments_agree_with_all_of_them(monkeypatch):
    rng = np.random.default_rng(1)
    for shift in (0.0, 0.3, 0.6):
        differences = rng.normal(shift, 1, 14).tolist()
        exact = sign_flip_test(differences)
        with monkeypatch.context() as patch:
            patch.setattr(sign_flips, "MOST_EXACT", 0)
            drawn = sign_flip_test(differences)
        assert (exact.exact, drawn.exact) == (True, False)
        assert drawn.p == pytest.approx(exact.p, abs=5 * np.sqrt(exact.p / DRAWS) + 1 / DRAWS)


def test_many_differences_are_drawn_and_the_same_every_time():
    differences = [0.1] * 30 + [-0.1] * 5 + [0.0] * 9
    found = sign_flip_test(differences)
    assert not found.exact
    assert found == sign_flip_test(differences)
    assert sign_flip_test([1.0] * 40).p == 1 / (DRAWS + 1) < LEAST_ALPHA


@pytest.mark.parametrize("alpha", [0.5, 0.3, 0.05, 0.01, 1e-3, LEAST_ALPHA])
def test_so_many_pairs_reach_a_level_and_one_less_does_not(alpha):
    needed = pairs_needed(alpha)
    assert sign_flip_test([1.0] * needed).p < alpha
    assert needed == 1 or sign_flip_test([1.0] * (needed - 1)).p >= alpha


@pytest.mark.parametrize("kind", ["skewed", "coin", "spread by instance"])
def test_pure_noise_is_flagged_at_most_as_often_as_the_level_says(kind):
    """Both versions draw from one distribution; 4,000 trials, the bound four standard errors above the level."""
    rng, trials, alpha = np.random.default_rng(7), 4000, 0.05
    flagged = 0
    for _ in range(trials):
        if kind == "skewed":
            runs = rng.exponential(1, (2, 12)) ** 3
        elif kind == "coin":
            runs = rng.integers(0, 2, (2, 12)).astype(float)
        else:
            runs = rng.gamma(np.arange(1, 13) / 6, 1, (2, 12))
        flagged += sign_flip_test(runs[1] - runs[0]).p < alpha
    assert flagged / trials <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / trials)
