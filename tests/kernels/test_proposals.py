"""Sampled estimates against a plain transcription of (15) and (22)."""

import numpy as np
import pytest

from mcsopt.kernels.proposals import sampled_value
from mcsopt.problems.offline_welfare import expected_quality, quality_risk

pytestmark = pytest.mark.kernel


def test_sample_estimates_equal_the_plain_average():
    rng = np.random.default_rng(0)
    for size in range(1, 6):
        quality, cost = rng.uniform(0, 30, size), rng.uniform(0, 10, size)
        arrived = rng.random((size, 50)) < 0.7
        count = arrived.sum(axis=0)
        delivered = np.where(count > 0, quality @ arrived / (1 + (np.maximum(count, 1) - 1) * 0.3), 0.0)
        value, risk = sampled_value(quality, cost, arrived, 0.3, 20.0, 7.0)
        assert value == pytest.approx(np.mean(7 * delivered - cost @ arrived))
        assert risk == np.mean(delivered < 20.0)


def test_sample_estimates_approach_the_exact_values():
    rng = np.random.default_rng(1)
    quality, arrival = np.array([15.0, 12.0, 18.0]), np.array([0.9, 0.7, 0.8])
    arrived = rng.random((3, 4000)) < arrival[:, None]
    value, risk = sampled_value(quality, np.zeros(3), arrived, 0.3, 20.0, 1.0)
    assert value == pytest.approx(expected_quality(quality, arrival, 0.3), rel=0.02)
    assert risk == pytest.approx(quality_risk(quality, arrival, 0.3, 20.0), abs=0.03)
