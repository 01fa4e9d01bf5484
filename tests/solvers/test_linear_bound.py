import numpy as np
import pytest

from mcsopt.data import sensing_market
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Status, Termination
from mcsopt.solvers import linear_bound, solve
from mcsopt.verification import check


def derived(problem, result):
    return check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence).dual_bound


def test_the_bound_is_valid_and_the_checker_derives_it():
    rng = np.random.default_rng(0)
    for _ in range(30):
        problem = OfflineWelfare.random_small(rng)
        result, best = solve(problem, solver="linear-bound"), solve(problem, solver="enumeration")
        assert derived(problem, result) == pytest.approx(result.dual_bound, rel=1e-11, abs=1e-9)
        if best.status is Status.PROVED:
            assert result.dual_bound >= best.objective - 1e-9


def test_the_bound_equals_the_linear_program_where_redundancy_is_ignored():
    """Against an independent statement of the relaxation in scipy."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix, vstack

    problem = OfflineWelfare(sensing_market(tasks=6, workers=30, seed=2))
    market = problem.instance
    arrival = market.arrival[market.pair_worker]
    value = arrival * (7 * market.quality - market.cost)
    pairs = np.arange(market.num_pairs)
    rows = vstack([
        coo_matrix((market.payment, (market.pair_task, pairs)), shape=(market.num_tasks, len(pairs))),
        coo_matrix((np.ones(len(pairs)), (market.pair_worker, pairs)), shape=(market.num_workers, len(pairs))),
    ])  # fmt: skip
    limits = np.concatenate([market.budget, np.ones(market.num_workers)])
    reference = linprog(-value, A_ub=rows, b_ub=limits, bounds=(0, 1))
    assert solve(problem, solver="linear-bound").dual_bound == pytest.approx(-reference.fun, rel=1e-8)


def test_no_time_still_gives_a_bound_and_a_plan():
    problem = OfflineWelfare(sensing_market(tasks=6, workers=30, seed=2))
    quick, full = solve(problem, solver="linear-bound", time_limit=0), solve(problem, solver="linear-bound")
    assert quick.termination is Termination.TIME
    assert quick.status is Status.BOUNDED
    assert quick.dual_bound >= full.dual_bound


def test_subgradient_steps_approach_the_linear_program(monkeypatch):
    problem = OfflineWelfare(sensing_market(tasks=10, workers=50, seed=3))
    exact = solve(problem, solver="linear-bound").dual_bound
    at_zero = solve(problem, solver="linear-bound", time_limit=0).dual_bound
    monkeypatch.setattr(linear_bound, "_LP_PAIRS", 0)
    approached = solve(problem, solver="linear-bound")
    assert exact - 1e-6 <= approached.dual_bound <= exact + 0.1 * (at_zero - exact)
    assert derived(problem, approached) == pytest.approx(approached.dual_bound, rel=1e-11)


def test_a_market_without_candidates_is_bounded_by_zero():
    problem = OfflineWelfare(sensing_market(tasks=2, workers=0))
    result = solve(problem, solver="linear-bound")
    assert (result.status, result.objective, result.dual_bound) == (Status.PROVED, 0.0, 0.0)
