"""Plans from linear programs: feasible, worth what they claim, never above the bound."""

import time

import numpy as np
import pytest

from mcsopt.data import sensing_market
from mcsopt.kernels.worker_sets import feasible_sets
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Status
from mcsopt.solvers import solve
from mcsopt.solvers.branch_and_price import ColumnGeneration
from mcsopt.solvers.column_generation import NodeAnswer
from mcsopt.solvers.diving import dive, rounded
from mcsopt.solvers.restricted_master import best_of_pool


def root_of(problem, cuts=True):
    market = problem.instance
    usable = np.ones(market.num_pairs, dtype=bool)
    served = np.full(market.num_tasks, market.service == "required")
    generation = ColumnGeneration(problem)
    known = generation.priced(np.zeros(market.num_workers), usable, served)
    return generation, usable, served, generation.solve(usable, served, known)


@pytest.mark.parametrize("seed", range(4))
def test_plans_are_feasible_and_worth_what_they_claim(seed):
    problem = OfflineWelfare(sensing_market(tasks=20, workers=80, seed=seed, variant="hard"))
    generation, usable, served, answer = root_of(problem)
    assert answer.settled
    found = [rounded(generation, answer.weights, usable, served)]
    for share in (0.4, 0.1, 0.0):
        limits = {"cutoff": -np.inf, "deadline": np.inf}
        found.append(dive(generation, usable, served, answer, share=share, **limits))
        assert found[-1][0] >= 0.93 * answer.bound
    for value, plan in found:
        assert problem.violations(plan) == ()
        assert value == pytest.approx(problem.evaluate(plan), rel=1e-9)
        assert value <= answer.bound * (1 + 1e-9)


def test_a_dive_gives_up_where_nothing_better_is_left_or_no_time():
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))
    generation, usable, served, _ = root_of(problem)
    program = generation.pool.solve()
    half = NodeAnswer(program.price, np.inf, weights=np.full(len(program.weights), 0.5))
    assert dive(generation, usable, served, half, share=0.1, cutoff=-np.inf, deadline=np.inf) is not None
    assert dive(generation, usable, served, half, share=0.1, cutoff=1e9, deadline=np.inf) is None
    assert dive(generation, usable, served, half, share=0.1, cutoff=-np.inf, deadline=time.perf_counter()) is None


def test_the_best_of_a_whole_pool_is_the_optimum():
    seen = 0
    for seed in range(6):
        for service in ("optional", "required"):
            problem = OfflineWelfare(sensing_market(tasks=6, workers=24, seed=seed, service=service))
            best = solve(problem, solver="highs")
            if best.status is not Status.PROVED:
                continue
            generation, _, served, answer = root_of(problem)
            generation.pool.add(feasible_sets(problem))
            limits = {"seconds": 20.0}
            value, plan = best_of_pool(generation, answer, served, cutoff=best.objective * (1 - 1e-6), **limits)
            assert value == pytest.approx(best.objective, rel=1e-9)
            assert problem.violations(plan) == ()
            # Above the optimum there is nothing, and reduced costs leave out what cannot be in a better plan.
            nothing = best_of_pool(generation, answer, served, cutoff=best.objective * (1 + 1e-4), **limits)
            assert nothing is None or nothing[0] <= best.objective * (1 + 1e-9)
            seen += 1
    assert seen >= 6


def test_a_root_cut_short_still_ends_in_a_proof(monkeypatch):
    problem = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=3))
    expected = solve(problem, solver="branch-and-price").objective
    whole, calls = ColumnGeneration.solve, []

    def short(self, *args, **limits):
        calls.append(None)
        # The first call is the first look, the second is to solve the root: that one is not let finish either.
        return whole(self, *args, **limits | ({"rounds": 1} if len(calls) <= 2 else {}))

    monkeypatch.setattr(ColumnGeneration, "solve", short)
    result = solve(problem, solver="branch-and-price", time_limit=60)
    assert result.status is Status.PROVED
    assert len(calls) > 2
    assert result.objective == pytest.approx(expected, rel=1e-9)
