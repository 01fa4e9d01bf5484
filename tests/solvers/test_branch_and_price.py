"""Branch and bound over worker sets: the evidence it leaves is what the checker re-derives."""

import re
import time

import highspy
import numpy as np
import pytest

from mcsopt.data import sensing_market
from mcsopt.errors import TooLarge
from mcsopt.heuristics import greedy
from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket
from mcsopt.result import Assurance, Status, Termination
from mcsopt.solvers import branch_and_price, solve
from mcsopt.solvers.column_generation import ColumnGeneration
from mcsopt.solvers.column_lp import ColumnLp
from mcsopt.verification import check
from tests.data.assignment_cases import drawn


def derived(problem, result):
    return check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence)


def branching_problem():
    return OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))


def test_optimum_equals_brute_force_and_the_checker_derives_the_same_bound():
    rng = np.random.default_rng(0)
    statuses = set()
    for _ in range(30):
        problem = OfflineWelfare.random_small(rng)
        best, reference = solve(problem, solver="branch-and-price"), solve(problem, solver="enumeration")
        statuses.add(best.status)
        assert best.status == reference.status
        if best.status is Status.PROVED:
            assert best.objective == pytest.approx(reference.objective, abs=1e-9)
            assert derived(problem, best).dual_bound == pytest.approx(best.dual_bound, rel=1e-11, abs=1e-9)
        else:
            assert derived(problem, best).infeasible
    assert statuses == {Status.PROVED, Status.INFEASIBLE}


def test_a_market_with_a_root_gap_is_branched_on_and_proved(monkeypatch):
    monkeypatch.setattr("mcsopt.solvers.column_generation.MAX_CUTS", 0)
    problem = branching_problem()
    best = solve(problem, solver="branch-and-price")
    assert best.status is Status.PROVED
    assert best.assurance is Assurance.FLOAT
    assert any("split" in node for node in best.evidence["tree"])
    assert derived(problem, best).dual_bound == pytest.approx(best.objective, rel=1e-7)


def test_no_split_gives_the_node_back(monkeypatch):
    # Once a worker has one task left, "he serves it, or nobody" takes nothing away: the search went on for ever.
    given_back = []
    branch = branch_and_price._Search._branch

    def watched(search, node):
        branch(search, node)
        for child in node.children:
            given_back.append(np.array_equal(child.usable, node.usable) and np.array_equal(child.served, node.served))

    monkeypatch.setattr(branch_and_price._Search, "_branch", watched)
    problem = OfflineWelfare(drawn(3, 9, "max", seed=5).market())
    best = solve(problem, solver="branch-and-price", time_limit=60)
    assert given_back
    assert not any(given_back)
    assert (best.status, best.objective) == (Status.PROVED, solve(problem, solver="highs").objective)
    assert derived(problem, best).dual_bound == pytest.approx(best.objective, rel=1e-7)


def test_an_early_stop_leaves_a_valid_bound_with_evidence():
    problem = branching_problem()
    optimum = solve(problem, solver="branch-and-price").objective
    stopped = solve(problem, solver="branch-and-price", time_limit=0)
    assert stopped.termination is Termination.TIME
    assert stopped.objective >= greedy(problem).objective
    assert optimum <= derived(problem, stopped).dual_bound == pytest.approx(stopped.dual_bound, rel=1e-11)


def test_interruption_keeps_the_best_so_far(monkeypatch):
    problem = branching_problem()

    def interrupt(line):
        if "nodes" in line or "checking" in line:
            raise KeyboardInterrupt

    monkeypatch.setattr("mcsopt.solvers.branch_and_price._REPORT_EVERY", 0.0)
    stopped = solve(problem, solver="branch-and-price", progress=interrupt)
    assert stopped.termination is Termination.INTERRUPTED
    assert stopped.feasible
    assert derived(problem, stopped).dual_bound >= stopped.objective


def test_a_good_start_is_kept_and_an_infeasible_one_ignored():
    problem = branching_problem()
    optimum = solve(problem, solver="branch-and-price")
    again = solve(problem, solver="branch-and-price", time_limit=0, start=optimum.solution)
    assert again.objective == optimum.objective
    everybody = Assignment([[int(problem.instance.pair_worker[problem.instance.pairs_of(i)][0])] for i in range(10)])
    assert problem.violations(everybody)
    assert solve(problem, solver="branch-and-price", start=everybody).objective == optimum.objective


def crowd(budgets, qualities, **changes):
    """Tasks that all want the same workers, who surely come."""
    tasks, workers = len(budgets), len(qualities)
    pair_task, pair_worker = np.divmod(np.arange(tasks * workers), workers)
    data = {
        "budget": budgets, "demand": [10.0] * tasks, "redundancy": [0.2] * tasks,
        "arrival": [1.0] * workers, "pair_task": pair_task, "pair_worker": pair_worker,
        "payment": np.full(tasks * workers, 50.0), "cost": np.full(tasks * workers, 10.0),
        "quality": np.tile(qualities, tasks), "service": "required",
    }  # fmt: skip
    return OfflineWelfare(SensingMarket(**(data | changes)))


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (crowd([100.0, 100.0], [12.0]), "tasks 0, 1 compete for workers 0"),
        (crowd([100.0, 40.0], [12.0, 12.0]), "task 1's budget 40 pays none of its 2 candidates"),
        (crowd([60.0], [7.0, 7.0]), r"task 0 has 2 candidates but no set within its budget 60 \(25c\)"),
        (crowd([60.0], [12.0], cost=[70.0]), "task 0 has no candidate worker whose payment covers the cost"),
    ],
)
def test_infeasibility_is_proved_and_explained(problem, reason):
    result = solve(problem, solver="branch-and-price")
    assert result.status is Status.INFEASIBLE
    assert derived(problem, result).infeasible
    assert re.search(reason, result.message)


def test_infeasibility_that_needs_branching():
    # Three tasks, each served by any two of three workers: fractionally half a set each is enough, in truth not.
    problem = crowd([100.0] * 3, [7.0] * 3)
    result = solve(problem, solver="branch-and-price")
    assert result.status is Status.INFEASIBLE
    assert derived(problem, result).infeasible


def test_infeasibility_that_no_root_prices_prove(monkeypatch):
    """Task 0 takes {0, 1} or {2, 3}, task 1 {0, 2} or {1, 3}: half of each fits, yet any two of them collide.

    Budgets rule out the other pairs of the strong worker, the demand those of the weak one.
    """
    monkeypatch.setattr("mcsopt.solvers.column_generation.MAX_CUTS", 0)
    strong, weak, even = (10.0, 60.0), (2.0, 20.0), (6.0, 40.0)
    roles = [strong, weak, even, even, strong, even, weak, even]
    problem = crowd(
        [80.0, 80.0], [0.0] * 4, demand=[12.0, 12.0], redundancy=[0.0, 0.0],
        quality=[q for q, _ in roles], payment=[p for _, p in roles],
    )  # fmt: skip
    result = solve(problem, solver="branch-and-price")
    assert result.status is Status.INFEASIBLE
    assert any(node.get("split") == "pair" for node in result.evidence["tree"])
    assert derived(problem, result).infeasible
    assert "not all at once" in result.message
    assert solve(problem, solver="enumeration").status is Status.INFEASIBLE


def test_fully_served_tasks_are_branched_on_by_pairs(monkeypatch):
    """Three tasks want two of workers 0-2 each, and can each fall back on a dear worker of their own.

    The linear program gives every task half a pair and half its own worker; in truth one task gets a pair.
    """
    monkeypatch.setattr("mcsopt.solvers.column_generation.MAX_CUTS", 0)
    tasks, workers = np.divmod(np.arange(9), 3)
    shared, own = np.full(9, 8.0), np.full(3, 12.0)
    market = SensingMarket(
        budget=[100.0] * 3, demand=[11.0] * 3, redundancy=[0.0] * 3, arrival=[1.0] * 6,
        pair_task=[*tasks, 0, 1, 2], pair_worker=[*workers, 3, 4, 5], payment=[50.0] * 9 + [60.0] * 3,
        cost=[10.0] * 9 + [45.0] * 3, quality=[*shared, *own],
    )  # fmt: skip
    problem = OfflineWelfare(market)
    result = solve(problem, solver="branch-and-price")
    assert result.status is Status.PROVED
    assert any(node.get("split") == "pair" for node in result.evidence["tree"])
    assert result.objective == pytest.approx(solve(problem, solver="enumeration").objective)
    assert derived(problem, result).dual_bound == pytest.approx(result.objective, rel=1e-7)


def test_trouble_in_the_linear_program_costs_strength_not_truth(monkeypatch):
    optimum = solve(branching_problem(), solver="branch-and-price").objective
    monkeypatch.setattr(highspy.Highs, "getModelStatus", lambda self: highspy.HighsModelStatus.kUnknown)
    result = solve(branching_problem(), solver="branch-and-price")
    assert result.status is Status.BOUNDED
    assert result.dual_bound >= optimum
    assert derived(branching_problem(), result).dual_bound == pytest.approx(result.dual_bound, rel=1e-11)


def test_an_interruption_anywhere_leaves_a_whole_tree(monkeypatch):
    problem = branching_problem()
    optimum = solve(problem, solver="branch-and-price").objective
    solve_node = ColumnLp.solve
    for last in range(1, 12):
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


@pytest.mark.parametrize("scale", [1e-5, 1e4])
def test_the_unit_of_money_does_not_matter(scale):
    market = branching_problem().instance
    changes = {name: getattr(market, name) * scale for name in ("budget", "payment", "cost")}
    data = {f.name: getattr(market, f.name) for f in market.FIELDS}
    problem = OfflineWelfare(SensingMarket(**(data | changes | {"quality_weight": 7 * scale})))
    result = solve(problem, solver="branch-and-price")
    assert result.gap <= 1e-7
    assert result.objective == pytest.approx(scale * 1099.2949713, rel=1e-6)


def test_ties_at_large_qualities_are_settled_by_the_ground_truth():
    """Rounding at 1e5 exceeds the tolerance of 1e-12: what the kernel cannot tell, the ground truth decides."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        quality = np.round(rng.uniform(1e4, 1e5, 4), 1)
        zeta = float(rng.choice([0.1, 0.3]))
        demand = float(quality[:2].sum() / (1 + zeta))
        problem = crowd([100.0], [0.0] * 4, demand=[demand], redundancy=[zeta], service="optional")
        market = problem.instance
        data = {f.name: getattr(market, f.name) for f in market.FIELDS} | {"quality": quality}
        problem = OfflineWelfare(SensingMarket(**data))
        best, reference = solve(problem, solver="branch-and-price"), solve(problem, solver="enumeration")
        assert best.objective == pytest.approx(reference.objective, rel=1e-12)
        assert best.status is Status.PROVED


def test_cuts_spare_the_branching_and_stand_in_the_evidence():
    problem = branching_problem()
    best = solve(problem, solver="branch-and-price")
    assert best.status is Status.PROVED
    assert any("cut" in node for node in best.evidence["tree"])
    assert derived(problem, best).dual_bound == pytest.approx(best.objective, rel=1e-7)
    # Without their cuts the leaves prove less.
    tree = [{key: node[key] for key in node if key != "cut"} for node in best.evidence["tree"]]
    weaker = {"kind": "price-tree", "tree": tree}
    weaker = check.derive(problem.name, problem.options, problem.instance.to_json(), weaker)
    assert weaker.dual_bound > best.dual_bound * (1 + 1e-4)


def test_markets_of_a_dozen_tasks_are_proved_the_same_way_by_highs():
    for seed in range(6):
        for service in ("optional", "required"):
            problem = OfflineWelfare(sensing_market(tasks=6, workers=24, seed=seed, service=service))
            best, reference = solve(problem, solver="branch-and-price"), solve(problem, solver="highs")
            assert best.status == reference.status
            if best.status is Status.PROVED:
                assert best.objective == pytest.approx(reference.objective, rel=1e-6)
                assert derived(problem, best).dual_bound == pytest.approx(best.objective, rel=1e-7)
            else:
                assert derived(problem, best).infeasible


@pytest.mark.parametrize("quality", [1e6, 1e12])
def test_a_pair_that_is_no_candidate_does_not_set_the_scale(quality):
    market = branching_problem().instance
    data = {f.name: getattr(market, f.name) for f in market.FIELDS}
    data |= {"quality": market.quality.copy(), "cost": market.cost.copy()}
    data["quality"][3], data["cost"][3] = quality, market.payment[3] + 5
    result = solve(OfflineWelfare(SensingMarket(**data)), solver="branch-and-price")
    assert result.status is Status.PROVED


def test_arrivals_of_almost_nothing_are_solved_like_others():
    market = branching_problem().instance
    data = {f.name: getattr(market, f.name) for f in market.FIELDS}
    data |= {"arrival": market.arrival * 1e-9, "demand": np.zeros(market.num_tasks)}
    best = solve(OfflineWelfare(SensingMarket(**data)), solver="branch-and-price")
    assert best.status is Status.PROVED
    assert best.objective > 0


def test_a_slow_start_leaves_the_rest_of_the_time_to_the_root(monkeypatch):
    first = ColumnGeneration.priced

    def slow(self, *args):
        time.sleep(0.6)
        return first(self, *args)

    expected = solve(branching_problem(), solver="branch-and-price").objective
    monkeypatch.setattr(ColumnGeneration, "priced", slow)
    result = solve(branching_problem(), solver="branch-and-price", time_limit=60)
    assert result.objective == pytest.approx(expected)
    late = solve(branching_problem(), solver="branch-and-price", time_limit=0.3)
    assert late.termination is Termination.TIME
    assert late.dual_bound >= expected


def test_an_interruption_in_the_root_keeps_what_its_rounds_proved(monkeypatch):
    problem, lines = branching_problem(), []
    monkeypatch.setattr("mcsopt.solvers.branch_and_price._REPORT_EVERY", 0.0)

    def interrupt(line):
        lines.append(line)
        if len(lines) == 5:
            raise KeyboardInterrupt

    stopped = solve(problem, solver="branch-and-price", progress=interrupt)
    shown = float(lines[-1].rsplit("bound ", 1)[1])
    assert stopped.termination is Termination.INTERRUPTED
    assert stopped.dual_bound <= shown + 1e-6
    assert derived(problem, stopped).dual_bound == pytest.approx(stopped.dual_bound, rel=1e-11)


def test_pricing_that_takes_too_long_after_the_root_costs_plans_not_the_bound(monkeypatch):
    problem = OfflineWelfare(sensing_market(tasks=20, workers=80, seed=3, variant="hard"))

    def too_large(*args, **limits):
        raise TooLarge("planted")

    for where in ("dive", "best_of_pool"):
        monkeypatch.setattr(f"mcsopt.solvers.branch_and_price.{where}", too_large)
    monkeypatch.setattr("mcsopt.solvers.branch_and_price._FIRST_POOL", 1)
    result = solve(problem, solver="branch-and-price")
    assert result.status is Status.PROVED
    monkeypatch.setattr("mcsopt.solvers.infeasibility._conflict", too_large)
    result = solve(crowd([100.0, 100.0], [12.0]), solver="branch-and-price")
    assert result.message == "service is required, but no plan serves every task"


def test_the_same_market_gives_the_same_tree():
    first, second = (solve(branching_problem(), solver="branch-and-price") for _ in range(2))
    assert first.evidence == second.evidence
    assert first.solution == second.solution
