"""Metrics, recomputed from the raw market by loops, and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcsopt.problems import OfflineWelfare
from mcsopt.simulation import METHODS, Policy, execute, measure, method
from mcsopt.simulation.execution import stage_plan
from mcsopt.simulation.metrics import delivered_quality, mismatch_risks, quality_risks
from tests.simulation.small_scenarios import scenario


def by_loops(run) -> dict[str, float]:
    """Section 6.3, (15), (21), (43)-(45), task by task and worker by worker."""
    market = run.scenario.market
    value = paid = spent = letter = met = 0.0
    for i in range(market.num_tasks):
        base, extra = list(run.served[i]), list(run.recruited[i])

        def quality(workers: list[int], i: int = i) -> float:
            if not workers:
                return 0.0
            return sum(market.quality[i, j] for j in workers) / (1 + (len(workers) - 1) * market.redundancy[i])

        final = quality(base + extra)
        value += 7.0 * final
        met += final >= market.demand[i]
        for j in base + extra:
            paid += market.payment[i, j]
            spent += run.cost[i, j]
        letter += 7.0 * (quality(base) + quality(extra))
    return {"SW": value - spent, "TU": value - paid, "WU": paid - spent, "SW_letter": letter - spent,
            "TCR": met / market.num_tasks}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_welfare_is_that_of_the_definitions(seed):
    drawn = scenario(seed, tasks=5, workers=22)
    for one in METHODS:
        run = execute(drawn, one)
        found = measure(run)
        for name, value in by_loops(run).items():
            assert found[name] == pytest.approx(value, rel=1e-12, abs=1e-9), (one.name, name)
        assert found["SW"] == pytest.approx(found["TU"] + found["WU"])


def test_the_letter_counts_quality_twice_where_recruits_join_contracts():
    """So it exceeds the welfare delivered: a worker beside another adds less than alone."""
    for seed in range(40):
        run = execute(scenario(seed, tasks=5, workers=22), method("iParts"))
        joined = any(a and b for a, b in zip(run.served, run.recruited, strict=True))
        found = measure(run)
        assert (found["SW_letter"] > found["SW"] + 1e-9) == joined
        if joined:
            return
    pytest.fail("no recruit joined a contract in 40 seeds")


def test_what_is_planned_is_the_expectation_of_what_contracts_bring():
    """Over 4,000 drawn arrivals the mean welfare of offline contracts is the planned one, within 4 standard errors."""
    drawn = scenario(0, tasks=4, workers=16)
    run = execute(drawn, method("ConOff"))
    plan, rng = stage_plan(run.plan), np.random.default_rng(0)
    values = []
    for _ in range(4000):
        come = rng.random(16) < drawn.market.arrival
        served = tuple(tuple(j for j in workers if come[j]) for workers in plan.sets)
        values.append(by_loops(replace(run, served=served))["SW"])
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - measure(run)["planned"]) < 4 * error


def test_risks_are_the_true_ones_whatever_the_method_believed():
    broken = 0
    for seed in range(6):
        run = execute(scenario(seed, tasks=5, workers=22), method("iParts(NoR)"))
        found, problem = measure(run), OfflineWelfare(run.market)
        plan = stage_plan(run.plan)
        true = {i: problem.set_risk(i, workers) for i, workers in enumerate(plan.sets) if workers}
        assert quality_risks(run) == true
        assert found["over_risk"] == sum(risk > 0.2 + 1e-12 for risk in true.values())
        broken += found["over_risk"]
        seen = OfflineWelfare(run.plan.problem.instance)
        assert all(seen.set_risk(i, workers) <= 0.2 + 1e-12 for i, workers in enumerate(plan.sets) if workers)
    assert broken  # believing that qualities add up breaks the limit in truth


def test_mismatch_risks_are_those_of_definition_and_of_bayes():
    run = execute(scenario(2, tasks=5, workers=22), method("iParts"))
    market, epsilon = run.scenario.market, run.scenario.calibration.epsilon
    ratio, pair = mismatch_risks(run), mismatch_risks(run, pair=True)
    assert ratio
    for (i, j), risk in ratio.items():
        assert risk == pytest.approx((1 - market.prior[i, j]) / 5)
    for (i, j), risk in pair.items():
        keep = 1 / (1 + np.exp(-epsilon[j]))
        one = market.prior[i, j] * keep + (1 - market.prior[i, j]) * (1 - keep)
        assert risk == pytest.approx((1 - market.prior[i, j]) * (1 - keep) / one)
    assert set(mismatch_risks(execute(run.scenario, method("iParts(NoP)"))).values()) == {0.0}


def test_the_pair_risk_is_how_often_a_contracted_intent_is_false():
    """Over 60 scenarios the share of contracts with a false intent is the mean posterior, within 4 standard errors."""
    chance, false = [], []
    for seed in range(60):
        run = execute(scenario(seed, tasks=5, workers=22), method("iParts"))
        for (i, j), risk in mismatch_risks(run, pair=True).items():
            chance.append(risk)
            false.append(not run.scenario.intents[j, i])
    spread = np.sqrt(sum(p * (1 - p) for p in chance))
    assert abs(sum(false) - sum(chance)) < 4 * spread
    assert np.mean(chance) > 0.2  # the limit that the ratio keeps so easily


def test_nobody_anywhere_has_no_risk_to_report():
    run = execute(scenario(0), method("ConOn"), Policy())
    found = measure(run)
    assert found["QRisk"] is found["PRisk_max"] is None
    assert found["planned"] == found["over_risk"] == 0


def test_broken_payments_would_be_counted():
    run = execute(scenario(0), method("iParts"))
    assert measure(run)["over_budget"] == measure(run)["below_cost"] == 0
    poor = replace(run, scenario=replace(run.scenario, market=replace(run.scenario.market, budget=np.full(4, 1.0))))
    assert measure(poor)["over_budget"] == sum(bool(a or b) for a, b in zip(run.served, run.recruited, strict=True)) > 0
    dear = replace(run, cost=run.cost + 100.0)
    assert measure(dear)["below_cost"] == sum(map(len, run.served)) + sum(map(len, run.recruited))


def test_quality_by_hand():
    run = execute(scenario(0), method("ConOff"))
    market = run.scenario.market
    found = delivered_quality(run, [(0, 1), (2,), (), ()])
    assert found[0] == pytest.approx((market.quality[0, 0] + market.quality[0, 1]) / (1 + market.redundancy[0]))
    assert found[1:].tolist() == [market.quality[1, 2], 0.0, 0.0]
