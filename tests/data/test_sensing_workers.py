"""Drawn workers: the ranges said, the same seed, and what the specification found by simulation."""

import numpy as np
import pytest

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import MarketConstants, admissible, completion_chance, expected_cost


def test_the_same_seed_draws_the_same():
    one, other = sensing_worker(5, seed=3), sensing_worker(5, seed=3)
    assert (one.worker, one.tasks, one.payments.tolist()) == (other.worker, other.tasks, other.payments.tolist())
    assert sensing_worker(5, seed=4).worker != one.worker
    assert sensing_worker(2, seed=3).tasks == one.tasks[:2]


def test_it_asks_three_times_the_direct_trip_in_cents():
    market = sensing_worker(6, seed=2, constants=MarketConstants(deadline="sensed"))
    asked = 3 * expected_cost(market.legs[0])
    assert np.all((market.payments >= asked - 1e-9) & (market.payments < asked + 0.01))
    assert market.payments.tolist() == [round(100 * p) / 100 for p in market.payments]
    assert market.constants.deadline == "sensed"


def test_transmissions_and_risks_are_as_designed():
    slots, fine, completed = [], [], []
    for seed in range(60):
        market = sensing_worker(5, seed=seed)
        direct = market.legs[0]
        slots += [*direct.longest_transmission, *direct.mean_transmission]
        kept = admissible(direct, 0, market.payments, market.constants)
        fine += kept.tolist()
        completed += completion_chance(direct, 0)[kept].tolist()
    assert 0.5 < min(slots) < 0.7
    assert 1.2 < max(slots) < 1.6
    assert 0.7 < np.mean(fine) < 0.95
    assert np.mean(completed) > 0.95


def test_no_tasks_and_fewer():
    assert sensing_worker(0, seed=0).payments.shape == (0,)
    with pytest.raises(InputError, match="tasks: is -1; give a number >= 0"):
        sensing_worker(-1, seed=0)
