"""The compiled values, risks and feasible sets against the ground truth of `problems`."""

import itertools

import numpy as np
import pytest

from mcsopt.data import sensing_market
from mcsopt.errors import TooLarge
from mcsopt.kernels import worker_sets
from mcsopt.problems import OfflineWelfare
from mcsopt.problems import offline_welfare as truth

pytestmark = pytest.mark.kernel


def random_set(rng, size):
    quality = np.round(rng.uniform(0, 30, size)) if rng.random() < 0.5 else rng.uniform(0, 30, size)
    arrival = rng.choice([0.0, 0.5, 1.0], size) if rng.random() < 0.3 else rng.random(size)
    return quality, arrival, float(rng.choice([0.0, 0.25, 0.9])), float(np.round(rng.uniform(0, 30)))


def test_quality_and_risk_equal_the_ground_truth():
    rng = np.random.default_rng(0)
    for _ in range(200):
        quality, arrival, redundancy, demand = random_set(rng, int(rng.integers(0, 8)))
        assert worker_sets.expected_quality(quality, arrival, redundancy) == pytest.approx(
            truth.expected_quality(quality, arrival, redundancy), rel=1e-13, abs=1e-13
        )
        assert worker_sets.quality_risk(quality, arrival, redundancy, demand) == pytest.approx(
            truth.quality_risk(quality, arrival, redundancy, demand), abs=1e-14
        )


def brute_force(problem, task):
    """All feasible sets of a task with their values, by the ground truth."""
    market = problem.instance
    workers = market.pair_worker[market.pairs_of(task)].tolist()
    sets = (members for size in range(1, len(workers) + 1) for members in itertools.combinations(workers, size))
    return {members: problem.set_value(task, members) for members in sets if not problem.set_violations(task, members)}


def listed(problem, **options):
    sets = worker_sets.feasible_sets(problem, **options)
    return [
        {sets.workers(k): float(sets.value[k]) for k in range(sets.task_start[task], sets.task_start[task + 1])}
        for task in range(problem.instance.num_tasks)
    ]


def test_all_feasible_sets_are_listed_and_nothing_else():
    rng = np.random.default_rng(1)
    for _ in range(25):
        problem = OfflineWelfare.random_small(rng)
        for task, found in enumerate(listed(problem, undominated=False)):
            expected = brute_force(problem, task)
            assert found.keys() == expected.keys()
            assert found == pytest.approx(expected)


def test_every_set_left_out_as_dominated_has_a_listed_subset_worth_as_much():
    rng = np.random.default_rng(2)
    left_out = 0
    for _ in range(25):
        problem = OfflineWelfare.random_small(rng)
        for task, kept in enumerate(listed(problem)):
            for members, value in brute_force(problem, task).items():
                if members not in kept:
                    left_out += 1
                    assert any(set(other) < set(members) and kept[other] >= value - 1e-9 for other in kept)
    assert left_out > 0


def test_availability_restricts_the_pairs():
    problem = OfflineWelfare(sensing_market(tasks=3, workers=12, seed=1))
    available = problem.instance.pair_worker != 5
    for found in listed(problem, available=available):
        assert not any(5 in members for members in found)


def test_too_many_sets_are_refused_with_their_number():
    problem = OfflineWelfare(sensing_market(tasks=8, workers=40, seed=0))
    with pytest.raises(TooLarge, match=r"more than 10 sets to list \(up to .* within the budgets\)"):
        worker_sets.feasible_sets(problem, max_sets=10)
    with pytest.raises(TooLarge):
        worker_sets.feasible_sets(problem, max_work=5)


def test_affordable_sets_bound_the_count():
    rng = np.random.default_rng(3)
    for _ in range(10):
        problem = OfflineWelfare.random_small(rng)
        count = sum(len(brute_force(problem, task)) for task in range(problem.instance.num_tasks))
        assert count <= worker_sets.affordable_sets(problem)
