"""The law of delays against every combination of delay events."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsopt.problems.worker_model import delay_laws, mean_delay
from tests.problems.worker_model.scenarios import law_of


@given(st.integers(0, 4), st.floats(0, 1), st.integers(1, 3), st.integers(0, 2))
def test_the_law_is_that_of_all_combinations(slots, chance, shortest, more):
    laws = delay_laws(slots, chance, shortest, shortest + more)
    for n in range(slots + 1):
        expected = np.zeros(laws.shape[1])
        one = law_of(n, chance, shortest, shortest + more)
        expected[: len(one)] = one
        assert laws[n] == pytest.approx(expected, abs=1e-14)
        # E[td] = n a (bmin + bmax) / 2, (37)
        assert mean_delay(laws[n]) == pytest.approx(n * chance * (2 * shortest + more) / 2, abs=1e-12)


def test_long_trips_keep_their_mass():
    laws = delay_laws(40, 0.3, 1, 8)
    assert laws.sum(axis=1) == pytest.approx(np.ones(41), abs=1e-13)
