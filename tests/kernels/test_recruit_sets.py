"""Exact pricing of recruits: held to brute force over the ground truth, with prices, cuts and bans."""

import dataclasses
import itertools

import numpy as np
import pytest

from mcsopt.data.online_markets import drawn_online_market
from mcsopt.errors import TooLarge
from mcsopt.kernels import priced_sets
from mcsopt.kernels.priced_sets import Cuts, Pricer
from mcsopt.problems import OnlineRecruitment

pytestmark = pytest.mark.kernel


def brute_force(problem, task, price, cuts, usable, valued=True):
    """Return (reduced value, members) of every feasible nonempty set, the best first."""
    market = problem.instance
    where = market.pairs_of(task)
    workers = market.pair_worker[where][usable[where] & problem.candidate[where]].tolist()
    found = []
    cheapest = np.cumsum(np.sort(market.payment[where]))
    for size in range(1, len(workers) + 1):
        if cheapest[size - 1] > market.budget[task] + 1e-6:
            break  # no set of so many can be paid
        for members in itertools.combinations(workers, size):
            if problem.set_violations(task, members):
                continue
            rows = {*members, market.num_workers + task}
            fines = sum(y for cut, y in zip(cuts.rows, cuts.weight, strict=True) if len(rows.intersection(cut)) >= 2)
            value = problem.set_value(task, members) if valued else 0.0
            found.append((value - sum(price[list(members)]) - fines, members))
    return sorted(found, reverse=True)


def question(seed):
    """Draw a small market with prices, cuts and allowed pairs."""
    rng = np.random.default_rng([11, seed])
    problem = OnlineRecruitment.random_small(rng)
    market = problem.instance
    price = rng.uniform(0, 60, market.num_workers) * (rng.random(market.num_workers) < 0.7)
    rows = market.num_workers + market.num_tasks
    count = int(rng.integers(0, 12)) if rows >= 3 else 0
    triples = np.array([np.sort(rng.choice(rows, 3, replace=False)) for _ in range(count)], dtype=np.int64)
    cuts = Cuts(triples.reshape(-1, 3), rng.uniform(0, 40, count) * (rng.random(count) < 0.8))
    usable = rng.random(market.num_pairs) < 0.8 if seed % 3 == 0 else np.ones(market.num_pairs, dtype=bool)
    return problem, price, cuts, usable


@pytest.mark.parametrize("seed", range(60))
def test_the_best_sets_are_those_of_brute_force(seed):
    problem, price, cuts, usable = question(seed)
    for valued in (True, False):
        found = Pricer(problem, threads=1 + seed % 2).best(price, count=4, cuts=cuts, usable=usable, valued=valued)
        for task in range(problem.instance.num_tasks):
            expected = brute_force(problem, task, price, cuts, usable, valued)[:4]
            here = range(*found.sets.task_start[task : task + 2])
            assert [found.reduced[k] for k in here] == pytest.approx([value for value, _ in expected], abs=1e-9)
            assert found.best[task] == (found.reduced[here[0]] if expected else -np.inf)
            for k in here:
                workers = found.sets.workers(k)
                assert not problem.set_violations(task, workers)
                if valued:
                    assert found.sets.value[k] == pytest.approx(problem.set_value(task, workers), abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_a_listing_has_every_set_above_the_floor(seed):
    problem, price, cuts, usable = question(seed)
    floor = np.linspace(-10, 40, problem.instance.num_tasks)
    found = Pricer(problem).best(price, count=5000, cuts=cuts, usable=usable, floor=floor, listing=True)
    for task in range(problem.instance.num_tasks):
        expected = {m for value, m in brute_force(problem, task, price, cuts, usable) if value > floor[task]}
        assert {found.sets.workers(k) for k in range(*found.sets.task_start[task : task + 2])} == expected


def crowd(candidates, budget, demand, seed=0):
    """Draw one unmet task with many candidates."""
    rng = np.random.default_rng(seed)
    market = drawn_online_market(tasks=1, workers=4, seed=1, contracted=0.0)
    return OnlineRecruitment(dataclasses.replace(
        market, budget=np.array([budget]), demand=np.array([demand]), arrival=np.ones(candidates),
        pair_task=np.zeros(candidates, dtype=np.int64), pair_worker=np.arange(candidates),
        payment=np.round(rng.uniform(40, 55, candidates), 1), cost=rng.uniform(0, 40, candidates),
        quality=rng.uniform(8, 20, candidates), intent_prior=None, privacy_budget=None, worker_x=None, worker_y=None,
        base_quality_sum=np.zeros(1), base_count=np.zeros(1, dtype=np.int64),
    ))  # fmt: skip


@pytest.mark.parametrize("demand", [0.5, 30.0, 45.0, 60.0])
def test_limits_that_bind_are_searched_exactly(demand):
    problem = crowd(18, budget=185.0, demand=demand)
    price = np.random.default_rng(1).uniform(0, 30, 18)
    usable = np.ones(18, dtype=bool)
    found = Pricer(problem).best(price, count=6)
    expected = brute_force(problem, 0, price, Cuts.none(), usable)[:6]
    assert found.reduced.tolist() == pytest.approx([value for value, _ in expected], abs=1e-9)


def test_a_demand_out_of_reach_of_the_budget_is_seen_without_a_search():
    # The dearest are the best: four of those reach the demand, but the budget pays for no such four.
    problem = crowd(60, budget=170.0, demand=60.5)
    market = problem.instance
    problem = OnlineRecruitment(dataclasses.replace(market, payment=40 + (market.quality - 8), redundancy=np.zeros(1)))
    assert np.sort(market.quality)[-4:].sum() > 60.5
    found = Pricer(problem).best(np.zeros(60))
    assert len(found.sets) == 0
    assert found.nodes[0] == 0


def test_too_large_questions_are_refused(monkeypatch):
    problem = crowd(30, budget=200.0, demand=1.0)
    with pytest.raises(TooLarge, match="online-recruitment by exact pricing: task 0 has more than 2 sets to list"):
        Pricer(problem).best(np.zeros(30), count=2, listing=True)
    monkeypatch.setattr(priced_sets, "MAX_NODES", 3)
    with pytest.raises(TooLarge, match="task 0 takes more than 3 nodes; use solver 'highs'"):
        Pricer(problem).best(np.zeros(30), count=10)


def test_sets_that_rounding_lets_in_are_settled_by_the_ground_truth():
    """Budgets and demands on the very sums of payments and qualities, in large units."""
    rng = np.random.default_rng(5)
    for _ in range(80):
        problem = crowd(6, 1.0, 1.0, seed=int(rng.integers(2**31)))
        market = problem.instance
        payment = np.round(market.payment, 1) * 1e3
        quality = np.round(market.quality, 1) * 1e4
        chosen = rng.permutation(6)[:3]
        problem = OnlineRecruitment(dataclasses.replace(
            market, payment=payment, quality=quality, budget=np.array([payment[chosen].sum()]),
            demand=np.array([quality[chosen].sum() / 1.2]), redundancy=np.array([0.1]),
        ))  # fmt: skip
        found = Pricer(problem).best(np.zeros(6), count=3)
        expected = brute_force(problem, 0, np.zeros(6), Cuts.none(), np.ones(6, dtype=bool))[:3]
        assert found.reduced.tolist() == pytest.approx([value for value, _ in expected], rel=1e-12)
