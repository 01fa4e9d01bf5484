"""The oracle itself, held to an exhaustive search written differently."""

import itertools

import numpy as np
import pytest

from mcsopt.data import default_instance, sensing_market
from mcsopt.errors import TooLarge
from mcsopt.problems import Assignment, CentralCoalition, Knapsack, KnapsackInstance, OfflineWelfare
from mcsopt.result import Status, Termination
from mcsopt.solvers import solve
from tests.conformance.suite import draws, truth


def every_plan(problem):
    market = problem.instance
    choices = [[-1, *market.pair_task[market.pair_worker == j].tolist()] for j in range(market.num_workers)]
    for owners in itertools.product(*choices):
        yield Assignment([[j for j, owner in enumerate(owners) if owner == i] for i in range(market.num_tasks)])


def test_offline_welfare_equals_the_best_of_all_plans():
    rng = np.random.default_rng(0)
    checked = 0
    while checked < 12:
        problem = OfflineWelfare.random_small(rng)
        if problem.instance.num_pairs > 12:
            continue
        checked += 1
        values = [problem.evaluate(plan) for plan in every_plan(problem) if not problem.violations(plan)]
        found = solve(problem, solver="enumeration")
        if values:
            assert found.objective == pytest.approx(max(values), abs=1e-9)
        else:
            assert found.solution is None


def test_knapsack_equals_the_best_of_all_packings():
    rng = np.random.default_rng(1)
    for _ in range(20):
        problem = Knapsack.random_small(rng)
        data = problem.instance
        packings = itertools.chain.from_iterable(
            itertools.combinations(range(data.num_items), k) for k in range(data.num_items + 1)
        )
        best = max(sum(data.value[list(p)]) for p in packings if sum(data.weight[list(p)]) <= problem.capacity)
        assert solve(problem, solver="enumeration").objective == pytest.approx(best)


def test_sizes_beyond_reach_are_refused():
    with pytest.raises(TooLarge, match="limited to 20 items"):
        solve(Knapsack(KnapsackInstance(np.ones(21), np.ones(21), 5.0)), solver="enumeration")
    with pytest.raises(TooLarge, match="limited to 12 candidate workers"):
        solve(OfflineWelfare(sensing_market(tasks=5, workers=40)), solver="enumeration")


@pytest.mark.parametrize("name", ["knapsack", "offline-welfare", "central-coalition", "stable-coalition"])
def test_without_time_it_keeps_the_start_and_claims_no_bound(name):
    problem = next(p for p in draws(name, 40) if truth(p).optimum is not None)
    result = solve(problem, solver="enumeration", time_limit=0.0, start=truth(problem).solution)
    assert (result.termination, result.status, result.dual_bound) == (Termination.TIME, Status.FEASIBLE, None)
    assert result.objective == truth(problem).optimum


def test_interrupted_it_keeps_the_best_so_far(monkeypatch):
    problem = CentralCoalition(default_instance("data-coalition"))
    best, tried = solve(problem, solver="enumeration").objective, itertools.count()
    evaluate = CentralCoalition.evaluate

    def struck(self, solution):
        if next(tried) == 30:
            raise KeyboardInterrupt
        return evaluate(self, solution)

    monkeypatch.setattr(CentralCoalition, "evaluate", struck)
    result = solve(problem, solver="enumeration")
    assert (result.termination, result.status, result.dual_bound) == (Termination.INTERRUPTED, Status.FEASIBLE, None)
    assert best <= result.objective < evaluate(problem, problem.empty_solution())


def test_a_run_cut_short_does_not_claim_infeasibility():
    problem = next(p for p in draws("offline-welfare", 200) if truth(p).optimum is None)
    result = solve(problem, solver="enumeration", time_limit=0.0)
    assert result.status is Status.UNKNOWN
