"""What chance decides: the same for the same seed, within its ranges, and in the frequencies it should have."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.data.private_markets import private_market
from mcsopt.errors import InputError
from mcsopt.simulation import draw_scenario
from mcsopt.simulation.scenario import DOWNLINK, TASK_POWER, UPLINK, WORKER_POWER
from tests.simulation.small_scenarios import scenario


def test_the_same_seed_draws_the_same_and_another_seed_another():
    first, again, other = scenario(3), scenario(3), scenario(4)
    for name in ("intents", "reports", "later_reports", "arrived", "uplink", "downlink", "worker_power", "task_power"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


def test_the_draws_do_not_repeat_those_of_the_market_or_of_each_other():
    found = scenario(0, tasks=6, workers=60)
    assert not np.array_equal(found.reports, found.later_reports)
    assert not np.array_equal(found.reports, found.intents)
    assert abs(np.corrcoef(found.uplink.ravel(), found.market.payment.ravel())[0, 1]) < 0.15


def test_intents_reports_and_arrivals_come_as_often_as_they_should():
    """Within 4 standard errors of their expectation, over all entries of one large market (seed fixed)."""
    found = draw_scenario(private_market(tasks=50, workers=400, seed=1), seed=1)
    market, epsilon = found.market, found.calibration.epsilon
    flip = (1 / (1 + np.exp(epsilon)))[:, None] * np.ones((1, 50))

    def near(draws: np.ndarray, chance: np.ndarray) -> bool:
        spread = np.sqrt((chance * (1 - chance)).sum())
        return bool(abs(draws.sum() - chance.sum()) < 4 * spread)

    assert near(found.intents, market.prior.T)
    assert near(found.reports != found.intents, flip)
    assert near(found.later_reports != found.intents, flip)
    assert near(found.arrived, market.arrival)


def test_messages_cost_what_the_paper_says():
    found = scenario(0, tasks=20, workers=60)
    for drawn, (low, high) in (
        (found.uplink, UPLINK), (found.downlink, DOWNLINK), (found.worker_power, WORKER_POWER),
        (found.task_power, TASK_POWER),
    ):  # fmt: skip
        assert low <= drawn.min() < drawn.max() <= high


def test_workers_without_a_budget_report_nothing():
    found = scenario(1, tasks=8, workers=60, error_floor=0.345)
    able = found.calibration.feasible
    assert 0 < able.sum() < 60
    assert not found.reports[~able].any()
    assert not found.later_reports[~able].any()
    market = found.market.reported(found.reports, found.calibration.epsilon)
    assert able[market.pair_worker].all()


def test_requirements_that_nobody_meets_are_refused_with_their_reasons():
    with pytest.raises(InputError, match=r"workers: none of the 14 can keep both the distortion cap .* worker 0"):
        scenario(0, distortion_cap=0.01)


@pytest.mark.parametrize("search", ["scan", "exact"])
def test_every_budget_meets_both_requirements(search):
    found = draw_scenario(private_market(tasks=10, workers=40, seed=2), seed=2, search=search)
    able = found.calibration.feasible
    flip = 1 / (1 + np.exp(found.calibration.epsilon[able]))
    prior = found.market.prior.T[able]
    assert np.all(found.market.flip_weight[able] * 10 * flip <= 0.35 + 1e-9)
    assert np.all(np.minimum(np.minimum(prior, 1 - prior), flip[:, None]).mean(axis=1) >= 0.30 - 1e-9)
