"""Branch and price over sets of recruits: the optimum, and evidence that the checker takes."""

import re

import numpy as np
import pytest

from mcsopt.data.online_markets import drawn_online_market
from mcsopt.problems import Assignment, OnlineMarket, OnlineRecruitment
from mcsopt.result import Assurance, Status, Termination
from mcsopt.solvers import solve
from mcsopt.solvers.column_lp import ColumnLp
from mcsopt.verification import check


def derived(problem, result):
    return check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence)


def drawn(tasks=12, workers=60, seed=3, restore="optional", **choices):
    return OnlineRecruitment(drawn_online_market(tasks=tasks, workers=workers, seed=seed, **choices), restore=restore)


@pytest.mark.parametrize("block", range(4))
def test_optimum_equals_brute_force_and_the_checker_derives_the_same_bound(block):
    statuses = set()
    for seed in range(50):
        problem = OnlineRecruitment.random_small(np.random.default_rng([block, seed]))
        best, reference = solve(problem, solver="branch-and-price"), solve(problem, solver="enumeration")
        statuses.add(best.status)
        assert best.status == reference.status
        if best.status is Status.PROVED:
            assert best.objective == pytest.approx(reference.objective, rel=1e-9, abs=1e-9)
            assert derived(problem, best).dual_bound == pytest.approx(best.dual_bound, rel=1e-11, abs=1e-9)
        else:
            assert derived(problem, best).infeasible
    assert statuses == {Status.PROVED, Status.INFEASIBLE}


def crowd(budgets, qualities, demand=10.0, restore="required", **changes):
    """Unmet tasks without contracts that all want the same workers, at 50 each and a cost of 10."""
    tasks, workers = len(budgets), len(qualities)
    pair_task, pair_worker = np.divmod(np.arange(tasks * workers), workers)
    data = {
        "budget": budgets, "demand": [demand] * tasks, "redundancy": [0.2] * tasks, "arrival": [1.0] * workers,
        "pair_task": pair_task, "pair_worker": pair_worker, "payment": np.full(tasks * workers, 50.0),
        "cost": np.full(tasks * workers, 10.0), "quality": np.tile(qualities, tasks), "quality_weight": 1.0,
        "base_quality_sum": [0.0] * tasks, "base_count": [0] * tasks,
    }  # fmt: skip
    return OnlineRecruitment(OnlineMarket(**(data | changes)), restore=restore)


def test_a_known_optimum():
    """Two tasks want workers of 30, 24 and 12, at 10 each."""
    problem = crowd([100.0, 100.0], [30.0, 24.0, 12.0], restore="optional")
    best = solve(problem, solver="branch-and-price")
    # 30 - 10 and 24 - 10 by one worker each; with the third, 42 / 1.2 - 20 = 15 or 36 / 1.2 - 20 = 10, it is less.
    assert best.objective == pytest.approx(34.0)
    assert best.status is Status.PROVED
    assert best.assurance is Assurance.FLOAT
    assert derived(problem, best).dual_bound == pytest.approx(34.0)


def test_the_most_tasks_are_restored_first():
    """One task alone would take both workers for 2 * 9 / 1.2 - 2 = 13; restoring two tasks costs welfare."""
    market = crowd([100.0, 100.0], [9.0, 9.0], demand=5.0).instance
    data = {f.name: getattr(market, f.name) for f in market.FIELDS}
    data |= {"cost": np.array([1.0, 1.0, 20.0, 20.0])}
    welfare = solve(OnlineRecruitment(OnlineMarket(**data)), solver="branch-and-price")
    assert sum(map(bool, welfare.solution.sets)) == 1
    most = solve(OnlineRecruitment(OnlineMarket(**data), restore="max"), solver="branch-and-price")
    assert all(most.solution.sets)
    assert most.status is Status.PROVED


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (crowd([100.0, 100.0], [12.0]), "tasks 0, 1 compete for workers 0"),
        (crowd([100.0, 40.0], [12.0, 12.0]), r"task 1's budget 40 pays none of its 2 candidates \(52b\)"),
        (
            crowd([60.0], [7.0, 7.0]),
            r"task 0 has 2 candidates but no set within its budget 60 \(52b\)",
        ),
        (crowd([60.0], [12.0], cost=[70.0]), r"task 0 has no candidate worker whose payment covers the cost \(52c\)"),
    ],
)
def test_infeasibility_is_proved_and_explained(problem, reason):
    result = solve(problem, solver="branch-and-price")
    assert result.status is Status.INFEASIBLE
    assert derived(problem, result).infeasible
    assert result.message.startswith("restoration is required")
    assert re.search(reason, result.message)


def test_a_met_task_need_not_recruit_where_restoration_is_required():
    problem = crowd([100.0, 100.0], [12.0], base_quality_sum=[11.0, 0.0], base_count=[1, 0])
    best = solve(problem, solver="branch-and-price")
    assert best.solution.sets == ((), (0,))
    assert best.status is Status.PROVED


def collision():
    """Task 0 takes {0, 1} or {2, 3}, task 1 {0, 2} or {1, 3}: half of each fits, yet any two of them collide.

    Budgets rule out the other pairs of the strong worker, the demand those of the weak one.
    """
    strong, weak, even = (10.0, 60.0), (2.0, 20.0), (6.0, 40.0)
    roles = [strong, weak, even, even, strong, even, weak, even]
    return crowd(
        [80.0, 80.0], [0.0] * 4, demand=12.0, redundancy=[0.0, 0.0], quality=[q for q, _ in roles],
        payment=[p for _, p in roles],
    )  # fmt: skip


@pytest.mark.parametrize("restore", ["optional", "max", "required"])
def test_the_same_is_proved_with_branching_in_place_of_cuts(restore, monkeypatch):
    problems, splits = [drawn(20, 120, seed, restore, contracted=0.0) for seed in (0, 2)], 0
    problems += [OnlineRecruitment(collision().instance, restore=restore)]
    problems += [OnlineRecruitment.random_small(np.random.default_rng([3, seed])) for seed in range(60)]
    expected = [solve(problem, solver="branch-and-price") for problem in problems]
    monkeypatch.setattr("mcsopt.solvers.column_generation.MAX_CUTS", 0)
    for problem, known in zip(problems, expected, strict=True):
        best = solve(problem, solver="branch-and-price")
        splits += any("split" in node for node in best.evidence["tree"])
        assert best.status == known.status
        if best.status is Status.PROVED:
            assert best.objective == pytest.approx(known.objective, rel=1e-7)
            assert derived(problem, best).dual_bound == pytest.approx(best.objective, rel=1e-7)
    assert splits


def test_highs_finds_the_same():
    for restore in ("optional", "max"):
        problem = drawn(6, 24, 2, restore, contracted=0.3)
        best, reference = solve(problem, solver="branch-and-price"), solve(problem, solver="highs")
        assert best.status is reference.status is Status.PROVED
        assert best.objective == pytest.approx(reference.objective, rel=1e-6)


def test_an_early_stop_keeps_the_start_and_leaves_a_valid_bound():
    problem = drawn(contracted=0.0)
    best = solve(problem, solver="branch-and-price")
    stopped = solve(problem, solver="branch-and-price", time_limit=0, start=best.solution)
    assert stopped.termination is Termination.TIME
    assert stopped.objective == best.objective
    assert best.objective <= derived(problem, stopped).dual_bound == pytest.approx(stopped.dual_bound, rel=1e-11)
    everybody = Assignment([[0], *([] for _ in range(11))])
    if problem.violations(everybody):
        assert solve(problem, solver="branch-and-price", start=everybody).objective == best.objective


def test_an_interruption_anywhere_leaves_a_whole_tree(monkeypatch):
    problem = drawn(contracted=0.0)
    optimum = solve(problem, solver="branch-and-price").objective
    solve_node = ColumnLp.solve
    for last in range(8):
        calls = []

        def interrupted(self, deadline, last=last, calls=calls):
            calls.append(None)
            if len(calls) > last:
                raise KeyboardInterrupt
            return solve_node(self, deadline)

        monkeypatch.setattr(ColumnLp, "solve", interrupted)
        result = solve(problem, solver="branch-and-price")
        assert result.termination is Termination.INTERRUPTED
        assert optimum <= derived(problem, result).dual_bound == pytest.approx(result.dual_bound, rel=1e-11)
