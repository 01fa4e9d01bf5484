"""The checker of online recruitment, held to the ground truth and to exact brute force; planted errors are caught."""

from __future__ import annotations

import copy
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from mcsopt.data.online_markets import drawn_online_market
from mcsopt.problems import Assignment, OnlineMarket, OnlineRecruitment
from mcsopt.solvers import solve
from mcsopt.verification import certify, certify_equilibrium, check, verify
from mcsopt.verification.check import equilibrium
from mcsopt.verification.check import online_recruitment as checker
from mcsopt.verification.check.recruit_search import RecruitSearch
from mcsopt.verification.check.strict import Run
from tests.verification.check.check_oracle import (
    certificate,
    exact_leaf_bound,
    exact_recruits,
    leaves,
    optimum,
    random_leaf,
    random_tree,
    recruit_sets,
)

ROUNDING = Fraction(1, 10**9)


def draw(seed: int) -> tuple[np.random.Generator, OnlineRecruitment]:
    rng = np.random.default_rng(seed)
    return rng, OnlineRecruitment.random_small(rng)


def derive(problem: OnlineRecruitment, tree: Any, **limits: Any) -> check.Derivation:
    evidence = {"kind": "price-tree", "tree": tree}
    return check.derive(problem.name, problem.options, problem.instance.to_json(), evidence, **limits)


def parsed(problem: OnlineRecruitment) -> checker.Market:
    return checker.parse_instance(problem.instance.to_json(), problem.restore, Run())


def plan_of(market: checker.Market, plan: Assignment) -> list[list[int]]:
    document = {"format": "mcsopt-solution/1", "problem": checker.PROBLEM, "assignment": list(map(list, plan.sets))}
    return checker.parse_solution(market, document)


def random_plan(rng: np.random.Generator, problem: OnlineRecruitment) -> Assignment:
    market, share = problem.instance, rng.random()
    return Assignment(
        [j for j in market.pair_worker[market.pairs_of(i)] if rng.random() < share] for i in range(market.num_tasks)
    )


def broken(found: object) -> list[tuple[str, str]]:
    return sorted((v.constraint.split(" (")[0], v.where) for v in found)  # type: ignore[attr-defined]  # both kinds


@pytest.mark.parametrize("seed", range(150))
def test_objective_and_violations_equal_those_of_the_problem(seed: int) -> None:
    rng, problem = draw(seed)
    market = parsed(problem)
    assert market.bonus == problem.restoration_weight
    assert market.unmet == problem.instance.unmet.tolist()
    for _ in range(5):
        plan = random_plan(rng, problem)
        pairs = plan_of(market, plan)
        assert checker.objective_of(market, pairs) == pytest.approx(problem.evaluate(plan), rel=1e-12, abs=1e-11)
        mine, theirs = checker.violations_of(market, pairs, Run()), problem.violations(plan)
        assert broken(mine) == broken(theirs)
        amounts = {(v.constraint.split(" (")[0], v.where): v.amount for v in theirs}
        for breach in mine:
            assert breach.amount == pytest.approx(amounts[breach.constraint, breach.where], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_values_lie_within_their_error_bound(seed: int) -> None:
    rng, problem = draw(1000 + seed)
    market = parsed(problem)
    for i, pairs in enumerate(market.possible_pairs()):
        if not len(pairs):
            continue
        task = market.recruiter(i, pairs)
        members = sorted(rng.permutation(task.size)[: int(rng.integers(1, 6))].tolist())
        welfare, paid, restored = exact_recruits(problem, i, tuple(int(j) for j in task.workers[members]))
        value, error = task.value(np.array([members]))
        exact = welfare + Fraction(problem.restoration_weight)
        assert task.exact_value(members) == exact
        assert abs(Fraction(float(value[0])) - exact) <= Fraction(float(error[0]))
        assert error[0] <= 1e-12 * (abs(value[0]) + 1000)
        assert task.affordable(members) == paid
        assert task.restores(members) == restored


@pytest.mark.parametrize("seed", range(100))
def test_bounds_equal_an_exact_leaf_bound_and_never_fall_below_the_optimum(seed: int) -> None:
    rng, problem = draw(seed)
    sets = [recruit_sets(problem, i) for i in range(problem.instance.num_tasks)]
    best = optimum(problem, sets)
    for depth in range(4):
        tree = random_tree(rng, problem.instance.num_tasks, problem.instance.num_workers, depth)
        exact = [exact_leaf_bound(problem, sets, leaf, path) for leaf, path in leaves(tree)]
        known = [bound for bound in exact if bound is not None]
        derived = derive(problem, tree)
        assert derived.infeasible == (not known)
        if derived.dual_bound is None:
            assert best is None
            continue
        assert 0 <= Fraction(derived.dual_bound) - max(known) <= ROUNDING
        assert best is None or derived.dual_bound >= best[0]
        verdict = check.check(certificate(problem, best and best[1], {"kind": "price-tree", "tree": tree}))
        assert verdict.accepted, verdict.reason


def claim_emptiness(seed: int) -> str:
    """Claim every leaf of a random tree empty, hold the outcome against brute force, and return it."""
    rng, problem = draw(seed)
    market = problem.instance
    tree: list[Any] = random_tree(rng, market.num_tasks, market.num_workers, int(rng.integers(0, 4)))
    tree = [
        node if "split" in node else random_leaf(rng, market.num_workers, 1, True, market.num_tasks) for node in tree
    ]
    sets = [recruit_sets(problem, i) for i in range(market.num_tasks)]
    sums = [exact_leaf_bound(problem, sets, leaf, path) for leaf, path in leaves(tree)]
    try:
        derived = derive(problem, tree)
    except check.Refused as refusal:
        assert any(bound is not None and bound > -ROUNDING for bound in sums)
        return str(refusal)
    assert derived.infeasible
    assert all(bound is None or bound < 0 for bound in sums)
    assert optimum(problem, sets) is None
    return "empty"


def test_emptiness_is_accepted_only_where_no_plan_is_left() -> None:
    outcomes = [claim_emptiness(5000 + seed) for seed in range(300)]
    refused = [outcome for outcome in outcomes if outcome != "empty"]
    assert 0 < len(refused) < len(outcomes)
    assert all("is claimed empty" in outcome for outcome in refused)


@pytest.mark.parametrize("restore", ["optional", "max", "required"])
def test_evidence_of_the_solver_is_accepted_and_without_some_prices_proves_no_less(restore: str) -> None:
    problem = OnlineRecruitment(drawn_online_market(tasks=10, workers=40, seed=4, contracted=0.3), restore=restore)
    sealed = certify(problem, solve(problem).solution or problem.empty_solution())
    assert verify(sealed).accepted
    (leaf, *_rest) = [node for node in sealed.document["evidence"]["tree"] if "split" not in node]
    if sealed.document["status"] == "INFEASIBLE":
        return
    for k in range(len(leaf["worker"])):
        forged = copy.deepcopy(sealed.document)
        for node in forged["evidence"]["tree"]:
            if "price" in node and k < len(node["price"]):
                node["price"][k] *= 0.5
        verdict = check.check(forged)
        assert not verdict.accepted
        assert derive(problem, forged["evidence"]["tree"]).dual_bound >= sealed.document["objective"]


def test_many_equal_workers_need_not_be_told_apart() -> None:
    """Sixty workers of one kind: over five million sets of five are all worth the same."""
    market = drawn_online_market(tasks=1, workers=4, seed=1, contracted=0.0)
    data: dict[str, Any] = {f.name: getattr(market, f.name) for f in market.FIELDS}
    data |= {
        "arrival": np.ones(60), "pair_task": np.zeros(60, dtype=np.int64), "pair_worker": np.arange(60),
        "payment": np.full(60, 40.1), "cost": np.full(60, 10.3), "quality": np.full(60, 16.7), "intent_prior": None,
        "privacy_budget": None, "worker_x": None, "worker_y": None, "budget": np.array([210.0]),
    }  # fmt: skip
    problem = OnlineRecruitment(OnlineMarket(**data))
    for restore in ("optional", "required"):
        asked = OnlineRecruitment(problem.instance, restore=restore)
        best = max(asked.set_value(0, tuple(range(k))) for k in range(1, 6))
        derived = derive(asked, [{"worker": [0, 1], "price": [1.0, 0.0]}])
        assert derived.dual_bound is not None
        assert best + 1 <= derived.dual_bound <= best + 1 + 1e-9
        assert derived.work["sets examined"] < 20_000
        with pytest.raises(check.Refused, match="claimed empty"):
            derive(asked, [{"worker": [0, 1], "farkas": [1.0, 0.0]}])


def test_answers_agree_with_and_without_a_floor() -> None:
    rng = np.random.default_rng(2)
    for seed in range(40):
        _, problem = draw(seed)
        market = parsed(problem)
        for i, pairs in enumerate(market.possible_pairs()):
            task = market.recruiter(i, pairs)
            price, banned = rng.uniform(0, 30, task.size), rng.random(task.size) < 0.2
            free = RecruitSearch(task).best(price, banned, True, -math.inf, Run())
            floored = RecruitSearch(task).best(price, banned, True, 0.0, Run())
            assert floored == pytest.approx(max(free, 0.0), abs=1e-9)


# Equilibria --------------------------------------------------------------------------------------------------------


def exact_regret(problem: OnlineRecruitment, plan: Assignment) -> Fraction:
    """The regret by all feasible sets of own and idle workers, in rationals."""
    regret = Fraction(0)
    for task, own in enumerate(plan.sets):
        taken = {j for other, workers in enumerate(plan.sets) if other != task for j in workers}
        sets = recruit_sets(problem, task)
        values = [value for members, value in sets.items() if taken.isdisjoint(members)]
        if not problem.obliged[task]:
            values.append(Fraction(0))
        current = sets[own] if own else Fraction(0)
        regret = max([regret, *(value - current for value in values)])
    return regret


@pytest.mark.parametrize("seed", range(60))
def test_the_regret_equals_exact_brute_force(seed: int) -> None:
    rng, problem = draw(seed)
    best = solve(problem, solver="branch-and-price")
    plans = [problem.empty_solution(), *([best.solution] if best.feasible else [])]
    plans += [random_plan(rng, problem) for _ in range(5)]
    for plan in plans:
        if problem.violations(plan):
            continue
        sealed = certify_equilibrium(problem, plan)
        truth = exact_regret(problem, plan)
        assert sealed.regret is not None
        assert truth <= Fraction(sealed.regret) <= truth + ROUNDING
        assert (sealed.regret == 0) == (truth == 0)
        assert verify(sealed).accepted


def test_a_regret_that_is_too_small_or_a_deviation_not_open_is_refused() -> None:
    problem = OnlineRecruitment(drawn_online_market(tasks=8, workers=32, seed=6, contracted=0.0))
    honest = certify_equilibrium(problem, problem.empty_solution())
    assert honest.regret is not None
    assert honest.regret > 1
    for change in (
        {"regret": 0.0},
        {"regret": honest.regret * 1.01},
        {"task": None, "workers": [], "regret": 0.0},
        {"workers": honest.document["evidence"]["workers"][:1]},
    ):
        forged = copy.deepcopy(honest.document)
        forged["evidence"] |= change
        assert not check.check(forged).accepted


def test_of_too_many_ties_doubles_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equilibrium, "TIES", 0)
    monkeypatch.setattr("mcsopt.verification.check.recruit_response.TIES", 0)
    market = OnlineMarket(
        budget=[60.0], demand=[10.0], redundancy=[0.2], arrival=[1.0, 1.0], pair_task=[0, 0], pair_worker=[0, 1],
        payment=[50.0, 50.0], cost=[10.0, 10.0], quality=[12.0, 12.0], base_quality_sum=[0.0], base_count=[0],
    )  # fmt: skip
    sealed = certify_equilibrium(OnlineRecruitment(market), Assignment([[0]]))
    assert sealed.regret is not None
    assert 0 <= sealed.regret <= 1e-10


# Bad input ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("tasks", "base_count", 0), 1.5, "base_count[0] is 1.5, not an integer"),
        (("tasks", "base_count", 0), -1, "base_count[0] is -1"),
        (("tasks", "base_quality_sum", 0), -1.0, "base_quality_sum[0] is -1.0"),
        (("tasks", "redundancy", 0), 1.0, "redundancy[0] is 1.0"),
        (("objective",), "welfare", "instance.objective"),
        (("quality_risk",), 2.0, "instance.quality_risk"),
        (("service",), "perhaps", "instance.service"),
        (("quality_weight",), 0.0, "instance.quality_weight"),
        (("pairs", "worker", 1), 0, "repeats the pair"),
        (("surplus",), 1, "unknown key"),
    ],
)
def test_malformed_instances_are_refused(path: tuple[Any, ...], value: Any, reason: str) -> None:
    problem = OnlineRecruitment(drawn_online_market(tasks=4, workers=16, seed=0))
    document = problem.instance.to_json()
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if reason == "repeats the pair":
        document["pairs"]["task"][1] = document["pairs"]["task"][0]
        document["pairs"]["worker"][0] = 0
    with pytest.raises(check.Refused) as caught:
        check.derive(problem.name, problem.options, document, {"kind": "price-tree", "tree": []})
    assert reason in str(caught.value)


def test_quality_that_nobody_delivered_is_refused() -> None:
    problem = OnlineRecruitment(drawn_online_market(tasks=4, workers=16, seed=0, contracted=0.0))
    document = problem.instance.to_json()
    document["tasks"]["base_quality_sum"][2] = 3.0
    with pytest.raises(check.Refused, match=r"base_quality_sum\[2\] is not 0, but nobody arrived"):
        check.derive(problem.name, problem.options, document, {"kind": "price-tree", "tree": []})


@pytest.mark.parametrize("options", [{}, {"restore": "never"}, {"restore": "max", "mismatch": "pair"}])
def test_malformed_options_are_refused(options: dict[str, Any]) -> None:
    problem = OnlineRecruitment(drawn_online_market(tasks=4, workers=16, seed=0))
    with pytest.raises(check.Refused, match="options"):
        check.derive(problem.name, options, problem.instance.to_json(), {"kind": "price-tree", "tree": []})


def test_the_clock_is_looked_at() -> None:
    problem = OnlineRecruitment(drawn_online_market(tasks=10, workers=40, seed=4))
    with pytest.raises(check.OutOfTime):
        derive(problem, [{"worker": [], "price": []}], time_limit=0)
