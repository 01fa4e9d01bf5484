"""Markets before their workers report: shapes, ranges, and which pairs the platform sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcsopt.data.markets import sensing_market
from mcsopt.data.private_markets import MEDIAN_QUALITY, private_market
from mcsopt.data.taxi_private import chicago_private_market
from mcsopt.data.trips import read_trips
from mcsopt.errors import InputError
from tests.real_trips import SAMPLE, needs_trips

RANGES = {
    "budget": (200, 250), "demand": (20, 28), "redundancy": (0.05, 0.40), "arrival": (0.56, 0.96),
    "privacy_coefficient": (1, 5), "payment": (40, 55), "prior": (0.3, 0.7),
}  # fmt: skip


def in_range(market) -> None:
    for name, (low, high) in RANGES.items():
        column = getattr(market, name)
        assert low <= column.min() < column.max() <= high, name
    weight = market.flip_weight * market.num_tasks
    assert weight.min() >= 0.9
    assert weight.max() <= 1.1
    payable = market.payment >= market.execution_cost
    assert np.median(market.quality[payable]) == pytest.approx(MEDIAN_QUALITY)


def test_drawn_numbers_keep_the_ranges_of_the_paper():
    in_range(private_market(tasks=30, workers=90, seed=2))


@needs_trips
def test_markets_of_trips_keep_them_too():
    trips = read_trips(SAMPLE)
    market = chicago_private_market(trips, tasks=20, workers=60, seed=2)
    in_range(market)
    again = chicago_private_market(trips, tasks=20, workers=60, seed=2)
    assert np.array_equal(market.quality, again.quality)


def test_the_numbers_are_not_those_of_the_market_without_privacy():
    assert not np.isin(private_market(seed=0).budget, sensing_market(seed=0).budget).any()


def test_the_platform_sees_reported_pairs_whose_payment_covers_the_cost():
    """Worker 0 has no budget; the privacy cost of worker 1 is beyond every payment."""
    market = private_market(tasks=5, workers=20, seed=1)
    epsilon = np.full(20, 2.0)
    epsilon[:2] = np.nan, 0.01
    reports = np.random.default_rng(0).random((20, 5)) < 0.7
    seen = market.reported(reports, epsilon)
    wanted = {
        (i, j)
        for i in range(5)
        for j in range(1, 20)
        if reports[j, i]
        and market.payment[i, j] >= market.execution_cost[i, j] + market.privacy_coefficient[j] / epsilon[j]
    }
    assert set(zip(seen.pair_task.tolist(), seen.pair_worker.tolist(), strict=True)) == wanted
    assert not {0, 1} & {j for _, j in wanted}
    cost = market.cost(epsilon)[seen.pair_task, seen.pair_worker]
    np.testing.assert_array_equal(seen.cost, cost)
    assert np.isnan(market.cost(epsilon)[:, 0]).all()


def test_true_intents_cost_what_the_work_costs():
    market = private_market(tasks=3, workers=6, seed=0)
    np.testing.assert_allclose(market.cost(np.full(6, np.inf)), market.execution_cost, atol=1e-9)


@pytest.mark.parametrize(("name", "shape"), [("quality", (4, 3)), ("worker_x", (5,)), ("task_x", (4,))])
def test_columns_of_another_shape_are_refused(name, shape):
    market = private_market(tasks=3, workers=4, seed=0)
    with pytest.raises(InputError, match=f"{name}: has shape"):
        replace(market, **{name: np.ones(shape)})


def test_reports_of_another_shape_are_refused():
    market = private_market(tasks=3, workers=4, seed=0)
    with pytest.raises(InputError, match=r"reports: has shape \(3, 4\); give 4 x 3"):
        market.reported(np.ones((3, 4)), np.ones(4))


@pytest.mark.parametrize(("tasks", "workers"), [(0, 4), (3, 0)])
def test_empty_markets_are_refused(tasks, workers):
    with pytest.raises(InputError, match="give an integer >= 1"):
        private_market(tasks=tasks, workers=workers)
