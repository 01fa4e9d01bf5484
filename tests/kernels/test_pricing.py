"""The best worker sets at given prices, held to the listing of all sets by the ground truth."""

import dataclasses
import itertools

import numpy as np
import pytest

from mcsopt.data import sensing_market
from mcsopt.errors import TooLarge
from mcsopt.kernels import priced_sets
from mcsopt.kernels.priced_sets import Cuts, Pricer
from mcsopt.problems import OfflineWelfare, SensingMarket

pytestmark = pytest.mark.kernel


def brute_force(problem, task, price, cuts, usable, valued=True):
    """Return (reduced value, members) of every feasible nonempty set, the best first."""
    market = problem.instance
    where = market.pairs_of(task)
    workers = market.pair_worker[where][usable[where]].tolist()
    found = []
    for size in range(1, len(workers) + 1):
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
    rng = np.random.default_rng([7, seed])
    problem = OfflineWelfare.random_small(rng)
    market = problem.instance
    price = rng.uniform(0, 15, market.num_workers) * (rng.random(market.num_workers) < 0.7)
    rows = market.num_workers + market.num_tasks
    count = int(rng.integers(0, 12)) if rows >= 3 else 0
    triples = np.array([np.sort(rng.choice(rows, 3, replace=False)) for _ in range(count)], dtype=np.int64)
    weights = rng.uniform(0, 20, count) * (rng.random(count) < 0.8)
    usable = rng.random(market.num_pairs) < 0.8 if seed % 3 == 0 else np.ones(market.num_pairs, dtype=bool)
    return problem, price, Cuts(triples.reshape(-1, 3), weights), usable


@pytest.mark.parametrize("seed", range(40))
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


@pytest.mark.parametrize("seed", range(15))
def test_a_listing_has_every_set_above_the_floor(seed):
    problem, price, cuts, usable = question(seed)
    floor = np.linspace(-10, 20, problem.instance.num_tasks)
    found = Pricer(problem).best(price, count=5000, cuts=cuts, usable=usable, floor=floor, listing=True)
    for task in range(problem.instance.num_tasks):
        expected = {m for value, m in brute_force(problem, task, price, cuts, usable) if value > floor[task]}
        assert {found.sets.workers(k) for k in range(*found.sets.task_start[task : task + 2])} == expected


def test_answers_do_not_depend_on_the_threads_or_on_earlier_questions():
    problem = OfflineWelfare(sensing_market(tasks=12, workers=40, seed=3))
    rng = np.random.default_rng(0)
    one, several = Pricer(problem, threads=1), Pricer(problem, threads=3)
    for _ in range(3):
        price = rng.uniform(0, 20, 40)
        a, b = one.best(price, count=7, floor=5.0), several.best(price, count=7, floor=5.0)
        assert a.reduced.tolist() == b.reduced.tolist()
        assert a.sets.worker.tolist() == b.sets.worker.tolist()
        assert a.nodes.tolist() == b.nodes.tolist()


def test_only_the_tasks_asked_for_are_priced():
    problem = OfflineWelfare(sensing_market(tasks=6, workers=20, seed=0))
    found = Pricer(problem).best(np.zeros(20), tasks=[4, 1], floor=-1.0)
    assert set(found.sets.task.tolist()) <= {1, 4}
    assert all(found.best[[0, 2, 3, 5]] == -1.0)
    assert not found.nodes[[0, 2, 3, 5]].any()


def test_beyond_so_many_cuts_only_the_dearest_count(monkeypatch):
    monkeypatch.setattr(priced_sets, "MAX_CUTS", 1)
    problem, price, _, usable = question(1)
    task, rows = 0, [0, 1, problem.instance.num_workers]
    cuts = Cuts(np.array([rows, rows]), np.array([3.0, 5.0]))
    found = Pricer(problem).best(price, count=500, cuts=cuts)
    dearest = Cuts(np.array([rows]), np.array([5.0]))
    expected = [value for value, _ in brute_force(problem, task, price, dearest, usable)]
    assert found.reduced[: found.sets.task_start[1]].tolist() == pytest.approx(expected, abs=1e-9)


def test_too_large_questions_are_refused(monkeypatch):
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))
    market = problem.instance
    with pytest.raises(TooLarge, match=r"task \d has more than 2 sets to list"):
        Pricer(problem).best(np.zeros(40), count=2, listing=True)
    monkeypatch.setattr(priced_sets, "MAX_NODES", 3)
    with pytest.raises(TooLarge, match=r"task \d takes more than 3 nodes"):
        Pricer(problem).best(np.zeros(40))
    data = {f.name: getattr(market, f.name) for f in market.FIELDS} | {"budget": np.array([200.0, 1e4] * 5)}
    with pytest.raises(TooLarge, match="the budget of task 1 pays for"):
        Pricer(OfflineWelfare(SensingMarket(**data)))


def test_a_set_that_rounding_lets_in_is_settled_by_the_ground_truth():
    """Budgets and demands on the very sums of payments and qualities, in large units."""
    rng = np.random.default_rng(5)
    for _ in range(60):
        problem = OfflineWelfare.random_small(rng)
        market = problem.instance
        if market.num_pairs < 3:
            continue
        payment = np.round(rng.uniform(40, 55, market.num_pairs), 1) * 1e3
        quality = np.round(rng.uniform(8, 24, market.num_pairs), 1) * 1e4
        budget = np.array([payment[market.pairs_of(i)][:3].sum() for i in range(market.num_tasks)])
        demand = np.array([quality[market.pairs_of(i)][:2].sum() for i in range(market.num_tasks)]) / 1.1
        problem = dataclasses.replace(problem, instance=dataclasses.replace(
            market, payment=payment, quality=quality, budget=budget, demand=demand, service="optional",
            redundancy=np.full(market.num_tasks, 0.1), arrival=np.full(market.num_workers, 1.0),
        ))  # fmt: skip
        usable = np.ones(market.num_pairs, dtype=bool)
        found = Pricer(problem).best(np.zeros(market.num_workers), count=3)
        for task in range(market.num_tasks):
            expected = brute_force(problem, task, np.zeros(market.num_workers), Cuts.none(), usable)[:3]
            here = range(*found.sets.task_start[task : task + 2])
            assert [found.reduced[k] for k in here] == pytest.approx([v for v, _ in expected], rel=1e-12)


def test_a_market_without_pairs_has_no_sets():
    market = SensingMarket(
        budget=[100.0], demand=[0.0], redundancy=[0.0], arrival=[], pair_task=[], pair_worker=[], payment=[], cost=[],
        quality=[],
    )  # fmt: skip
    found = Pricer(OfflineWelfare(market)).best(np.zeros(0), floor=-3.0)
    assert len(found.sets) == 0
    assert found.best.tolist() == [-3.0]


@pytest.mark.parametrize("arrival", [0.0, 1.0])
def test_sure_arrivals_and_demand_zero(arrival):
    rng = np.random.default_rng(1)
    market = SensingMarket(
        budget=[10.0, 10.0], demand=[0.0, 4.0], redundancy=[0.3, 0.0], arrival=np.full(5, arrival),
        pair_task=np.repeat([0, 1], 5), pair_worker=np.tile(np.arange(5), 2), payment=rng.uniform(2, 4, 10),
        cost=rng.uniform(0, 2, 10), quality=rng.uniform(1, 5, 10),
    )  # fmt: skip
    problem = OfflineWelfare(market)
    found = Pricer(problem).best(np.full(5, 0.5), count=50)
    for task in range(2):
        expected = brute_force(problem, task, np.full(5, 0.5), Cuts.none(), problem.candidate)
        here = range(*found.sets.task_start[task : task + 2])
        assert [found.reduced[k] for k in here] == pytest.approx([v for v, _ in expected], abs=1e-9)
