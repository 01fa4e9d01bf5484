"""Planted changes for the worse are caught in every repetition, equal versions in none."""

import pytest

from benchmarks.planted_changes import greedy_losing_a_task, optional, random_order, set_change
from benchmarks.regression_acceptance import caught_by_plugin, caught_by_regress, false_alarms
from mcsopt.data import library

REPETITIONS = 20
MARKETS = {
    "greedy_losing_a_task": ["offline-welfare/default-4x12-s1", "offline-welfare/default-5x20-s2"],
    "random_order": ["offline-welfare/default-5x20-s2", "offline-welfare/default-10x40-s1"],
}


@pytest.mark.parametrize("worse", [True, False])
@pytest.mark.parametrize("name", MARKETS)
def test_regress_tells_a_planted_change_from_noise(name, worse):
    caught = caught_by_regress(name, REPETITIONS, worse=worse, entries=MARKETS[name], runs=50)
    assert caught == (REPETITIONS if worse else 0)


@pytest.mark.parametrize("worse", [True, False])
def test_the_plugin_tells_a_planted_change_from_noise(worse):
    caught = caught_by_plugin("greedy_losing_a_task", REPETITIONS, worse=worse, size="tiny")
    assert caught == (REPETITIONS if worse else 0)


def test_the_versions_differ_only_by_what_is_planted():
    problem = library.entry("offline-welfare/default-10x40-s0").problem()
    assert optional(problem)
    for heuristic in (greedy_losing_a_task, random_order):
        plans = {}
        for worse in (False, True):
            set_change(3, worse=worse)
            plans[worse] = [heuristic(problem, seed=seed) for seed in range(20)]
            assert not any(problem.violations(plan) for plan in plans[worse])
            assert plans[worse] == [heuristic(problem, seed=seed) for seed in range(20)]
        set_change()
        assert plans[True] != plans[False]
        assert any(a == b for a, b in zip(plans[False], plans[True], strict=True))


def test_pure_noise_is_flagged_no_more_often_than_the_level_says():
    assert 0 < false_alarms(4000, 0.05) <= 0.05 + 4 * (0.05 * 0.95 / 4000) ** 0.5
