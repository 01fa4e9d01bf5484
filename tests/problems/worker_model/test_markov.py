"""The paper's Markov tests accept what they should refuse, and refuse what they should accept."""

import numpy as np

from mcsopt.problems.worker_model import markov_accepts


def test_a_law_that_violates_passes():
    outcomes, least, cap = np.array([-1.0, 2.0]), 0.01, 0.3
    assert np.mean(outcomes < least) == 0.5 > cap
    assert markov_accepts(outcomes.mean(), least, cap)


def test_a_law_that_keeps_the_cap_fails():
    # 1 in 9 of 10 cases, -20 else: risk 0.1, and a mean below 0.
    assert not markov_accepts(0.9 * 1.0 + 0.1 * -20.0, 0.01, 0.3)


def test_for_utilities_at_least_zero_it_is_a_lower_bound_of_the_risk():
    rng = np.random.default_rng(3)
    for _ in range(200):
        law, least = rng.exponential(size=6), rng.uniform(0.1, 2)
        assert 1 - law.mean() / least <= np.mean(law < least) + 1e-12
        # So a refusal is right there, and an acceptance may be wrong.
        cap = rng.uniform(0, 1)
        assert markov_accepts(law.mean(), least, cap) or np.mean(law < least) > cap


def test_the_threshold():
    assert markov_accepts([0.699, 0.7, 0.701], 1.0, 0.3).tolist() == [False, True, True]
