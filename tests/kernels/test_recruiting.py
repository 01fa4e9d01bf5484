"""The compiled recruiting of one task against brute force by the ground truth."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.data import drawn_online_market
from mcsopt.errors import TooLarge
from mcsopt.kernels import recruiting
from mcsopt.kernels.recruit_proposals import recruits_value
from mcsopt.kernels.recruiting import Recruiting
from mcsopt.problems import OnlineMarket, OnlineRecruitment

pytestmark = pytest.mark.kernel
SEEDS = st.integers(0, 2**32 - 1)


def by_brute_force(problem: OnlineRecruitment, task: int, usable: np.ndarray) -> float:
    """Return the value of the best feasible set of usable pairs, -inf if there is none."""
    where = problem.instance.pairs_of(task)
    workers = problem.instance.pair_worker[where][usable[where]].tolist()
    cheapest = np.cumsum(np.sort(problem.instance.payment[where]))
    most = int((cheapest <= problem.instance.budget[task] + 1e-6).sum())  # more cannot be paid, whoever they are
    sizes = range(1, min(most, len(workers)) + 1)
    sets = itertools.chain.from_iterable(itertools.combinations(workers, k) for k in sizes)
    feasible = (problem.set_value(task, members) for members in sets if not problem.set_violations(task, members))
    return max(feasible, default=-np.inf)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(SEEDS, st.sampled_from(["optional", "max"]), st.sampled_from([-np.inf, 0.0, 40.0]))
def test_the_best_set_of_a_task_is_that_of_brute_force(seed: int, restore: str, floor: float) -> None:
    rng = np.random.default_rng(seed)
    problem = replace(OnlineRecruitment.random_small(rng), restore=restore)
    market = problem.instance
    usable = rng.random(market.num_pairs) < 0.8
    tasks = range(market.num_tasks)
    found = dict(Recruiting(problem).better(tasks, np.full(market.num_tasks, floor), usable))
    for task in tasks:
        best = by_brute_force(problem, task, usable)
        if task in found:
            assert not problem.set_violations(task, found[task])
            assert problem.set_value(task, found[task]) == pytest.approx(best, abs=1e-9)
        else:
            assert best <= floor + 1e-9


def test_many_cheap_workers_against_a_scarce_demand():
    # Values, payments and qualities pull in different directions, so prices on both limits are needed.
    rng = np.random.default_rng(0)
    workers = 14
    market = OnlineMarket(
        budget=[150.0], demand=[30.0], redundancy=[0.2], arrival=np.ones(workers), pair_task=[0] * workers,
        pair_worker=np.arange(workers), payment=rng.uniform(20, 60, workers), cost=rng.uniform(0, 60, workers),
        quality=rng.uniform(5, 20, workers), base_quality_sum=[10.0], base_count=[1],
    )  # fmt: skip
    for demand in np.linspace(11, 33, 12):
        changed = {field.name: getattr(market, field.name) for field in market.FIELDS} | {"demand": [demand]}
        problem = OnlineRecruitment(OnlineMarket(**changed))
        usable = np.ones(workers, dtype=bool)
        found = dict(Recruiting(problem).better([0], np.array([-np.inf]), usable))
        best = by_brute_force(problem, 0, usable)
        assert (0 in found) == (best > -np.inf)
        if found:
            assert problem.set_value(0, found[0]) == pytest.approx(best, abs=1e-9)


def tied(demand: float, budget: float) -> OnlineRecruitment:
    return OnlineRecruitment(OnlineMarket(
        budget=[budget], demand=[demand], redundancy=[0.0], arrival=[1.0] * 4, pair_task=[0] * 4,
        pair_worker=[0, 1, 2, 3], payment=[0.1, 0.2, 0.15, 0.15], cost=[0.0, 0.0, 0.05, 0.05],
        quality=[0.1, 0.2, 0.15, 0.15], base_quality_sum=[0.0], base_count=[0],
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("demand", "budget", "feasible"),
    [
        (0.3, 0.3, True),  # 0.1 + 0.2 is not 0.3 in doubles
        (0.3 + 0.99e-12, 0.3, True),
        (0.3 + 1e-12, 0.3, None),  # ties of the tolerance, within rounding: the ground truth decides
        (0.3, 0.3 - 1e-9, None),
        (0.3 + 3e-12, 0.3, False),
        (0.3, 0.3 - 3e-9, False),
    ],
)
def test_thresholds_are_those_of_the_ground_truth(demand: float, budget: float, feasible: bool | None) -> None:
    problem = tied(demand, budget)
    found = dict(Recruiting(problem).better([0], np.array([-np.inf]), np.ones(4, dtype=bool)))
    best = by_brute_force(problem, 0, np.ones(4, dtype=bool))
    assert (best > -np.inf) == (0 in found)
    assert feasible in (None, 0 in found)
    if found:
        assert not problem.set_violations(0, found[0])
        assert problem.set_value(0, found[0]) == pytest.approx(best, abs=1e-9)


def test_a_search_that_grows_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(recruiting, "MAX_NODES", 2)
    problem = OnlineRecruitment(drawn_online_market(tasks=4, workers=60, seed=1, contracted=0.0))
    with pytest.raises(TooLarge, match="task 0 takes more than 2 nodes"):
        list(Recruiting(problem).better(range(4), np.zeros(4), np.ones(problem.instance.num_pairs, dtype=bool)))


@settings(max_examples=80, derandomize=True)
@given(SEEDS, st.sampled_from(["increment", "recruits"]))
def test_the_compiled_value_is_that_of_the_ground_truth(seed: int, objective: str) -> None:
    rng = np.random.default_rng(seed)
    problem = OnlineRecruitment.random_small(rng)
    problem = replace(problem, instance=replace(problem.instance, objective=objective), restore="optional")
    market = problem.instance
    for task in np.flatnonzero(market.unmet).tolist():
        workers = market.pair_worker[market.pairs_of(task)]
        if not len(workers):
            continue
        members = np.sort(rng.permutation(workers)[: rng.integers(1, len(workers) + 1)]).tolist()
        pairs = problem.pairs(task, members)
        restored, value = recruits_value(
            market.quality[pairs], market.cost[pairs], market.base_quality_sum[task], market.base_count[task],
            market.redundancy[task], market.demand[task], market.quality_weight, objective == "increment",
        )  # fmt: skip
        assert value == pytest.approx(problem.set_value(task, members), abs=1e-9)
        assert restored == (not [v for v in problem.set_violations(task, members) if "restored" in v.constraint])
