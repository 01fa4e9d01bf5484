from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket
from mcsopt.verification import check
from mcsopt.verification.check import contracts, offline_welfare, price_tree
from mcsopt.verification.check.strict import Run
from tests.verification.check.check_oracle import (
    ROUNDING,
    certificate,
    derive_tree,
    exact_leaf_bound,
    feasible_sets,
    leaves,
    optimum,
    price_by,
    random_leaf,
    random_tree,
)


def draw(seed: int) -> tuple[np.random.Generator, OfflineWelfare]:
    rng = np.random.default_rng(seed)
    return rng, OfflineWelfare.random_small(rng)


def small(**changes: Any) -> OfflineWelfare:
    """Return two tasks and three workers who always arrive; any one worker meets the demand, two are affordable."""
    data: dict[str, Any] = {
        "budget": [2.0, 2.0], "demand": [1.0, 1.0], "redundancy": [0.5, 0.5], "arrival": [1.0, 1.0, 1.0],
        "pair_task": [0, 0, 0, 1, 1, 1], "pair_worker": [0, 1, 2, 0, 1, 2], "payment": [1.0] * 6, "cost": [1.0] * 6,
        "quality": [4.0, 2.0, 1.0, 4.0, 2.0, 1.0], "quality_weight": 1.0,
    }  # fmt: skip
    return OfflineWelfare(SensingMarket(**{**data, **changes}))


@pytest.mark.parametrize("path", ["listed", "searched", "compiled"])
@pytest.mark.parametrize("seed", range(60))
def test_bounds_equal_an_exact_leaf_bound_and_never_fall_below_the_optimum(
    seed: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, problem = draw(seed)
    price_by(path, monkeypatch)
    sets = [feasible_sets(problem, i) for i in range(problem.instance.num_tasks)]
    best = optimum(problem, sets)
    for depth in range(4):
        tree = random_tree(rng, problem.instance.num_tasks, problem.instance.num_workers, depth)
        exact = [exact_leaf_bound(problem, sets, leaf, path) for leaf, path in leaves(tree)]
        known = [bound for bound in exact if bound is not None]
        derived = derive_tree(problem, tree, threads=1 + seed % 2)
        assert derived.infeasible == (not known)
        if derived.dual_bound is None:
            assert best is None
            continue
        assert 0 <= Fraction(derived.dual_bound) - max(known) <= ROUNDING
        assert best is None or derived.dual_bound >= best[0]
        assert derived.work["leaves"] == len(exact)
        assert path == "searched" or "tasks searched" not in derived.work
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
    sets = [feasible_sets(problem, i) for i in range(market.num_tasks)]
    sums = [exact_leaf_bound(problem, sets, leaf, path) for leaf, path in leaves(tree)]
    try:
        derived = derive_tree(problem, tree)
    except check.Refused as refusal:
        # At most rounding away from zero: those that are clearly below are never refused.
        assert any(bound is not None and bound > -ROUNDING for bound in sums)
        return str(refusal)
    assert derived.infeasible
    assert all(bound is None or bound < 0 for bound in sums)
    assert optimum(problem, sets) is None
    verdict = check.check(certificate(problem, None, {"kind": "price-tree", "tree": tree}))
    assert (verdict.accepted, verdict.status) == (True, "INFEASIBLE")
    return "empty"


@pytest.mark.parametrize(
    ("path", "first"), [*(("listed", 5000 + 50 * block) for block in range(6)), ("compiled", 7000), ("compiled", 7050)]
)
def test_emptiness_is_accepted_only_where_no_plan_is_left(
    path: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    price_by(path, monkeypatch)
    outcomes = [claim_emptiness(first + seed) for seed in range(50)]
    refused = [outcome for outcome in outcomes if outcome != "empty"]
    assert 0 < len(refused) < len(outcomes)
    assert all("is claimed empty" in outcome for outcome in refused)


def test_farkas_prices_prove_that_one_worker_cannot_serve_two_tasks() -> None:
    two = small(
        pair_task=[0, 1], pair_worker=[0, 0], payment=[1.0, 1.0], cost=[1.0, 1.0], quality=[4.0, 4.0], arrival=[1.0],
        service="required",
    )  # fmt: skip
    assert derive_tree(two, [{"worker": [0], "farkas": [1.0]}]).infeasible
    with pytest.raises(check.Refused, match=r"tree\[0\] is claimed empty, but its prices only prove 0, which is not"):
        derive_tree(two, [{"worker": [0], "farkas": [0.0]}])
    # A plan exists as soon as service is optional: then no prices can prove the leaf empty.
    free = OfflineWelfare(SensingMarket.from_json({**two.instance.to_json(), "service": "optional"}))
    with pytest.raises(check.Refused, match="claimed empty"):
        derive_tree(free, [{"worker": [0], "farkas": [1.0]}])
    # Emptied by its splits, a leaf needs no prices.
    tree = [{"split": "served", "task": 0}, {"worker": [], "farkas": []}, {"worker": [0], "farkas": [2.0]}]
    assert derive_tree(two, tree).infeasible


def test_a_farkas_sum_within_rounding_of_zero_proves_nothing() -> None:
    # Two tasks and two workers: whatever the prices, equal ones sum to exactly what the two tasks must take.
    market = small(
        pair_task=[0, 0, 1, 1], pair_worker=[0, 1, 0, 1], payment=[1.0] * 4, cost=[1.0] * 4,
        quality=[4.0, 4.0, 4.0, 4.0], arrival=[1.0, 1.0], service="required",
    )  # fmt: skip
    for price in (0.1, 1.0, 1e6):
        with pytest.raises(check.Refused, match="claimed empty"):
            derive_tree(market, [{"worker": [0, 1], "farkas": [price, price]}])


def test_a_hand_made_tree_proves_the_optimum() -> None:
    problem = small()
    sets = [feasible_sets(problem, i) for i in range(2)]
    best = optimum(problem, sets)
    assert best is not None
    # Worker 0 serves one task for 3 and any further worker adds nothing there; worker 1 serves the other for 1.
    assert best[0] == 4
    root = derive_tree(problem, [{"worker": [0, 1], "price": [2.0, 0.0]}])
    assert root.dual_bound == pytest.approx(4.0, abs=1e-12)
    verdict = check.check(
        certificate(problem, best[1], {"kind": "price-tree", "tree": [{"worker": [0, 1], "price": [2.0, 0.0]}]})
    )
    assert (verdict.accepted, verdict.status) == (True, "PROVED")


def test_a_market_without_worthwhile_sets_is_proved_with_a_bound_of_exactly_zero() -> None:
    problem = small(quality=[0.5, 0.3, 0.2, 0.9, 0.5, 0.4], demand=[0.1, 0.1])
    evidence = {"kind": "price-tree", "tree": [{"worker": [], "price": []}]}
    verdict = check.check(certificate(problem, Assignment([(), ()]), evidence))
    assert (verdict.accepted, verdict.status, verdict.dual_bound) == (True, "PROVED", 0.0)


@pytest.mark.parametrize("seed", range(40))
def test_each_side_of_each_split_allows_exactly_its_sets(seed: int) -> None:
    rng, problem = draw(900 + seed)
    market, run = problem.instance, Run()
    sets = [feasible_sets(problem, i) for i in range(market.num_tasks)]
    asked = offline_welfare.parse_instance(market.to_json(), problem.mismatch, run)
    tasks = [asked.task(i, pairs) for i, pairs in enumerate(offline_welfare.possible_pairs(asked))]
    walk = price_tree.Walk(contracts.sides(tasks, 1, run), market.num_workers, [asked.required] * len(tasks), run)
    drawn = random_leaf(rng, market.num_workers, 60, tasks=market.num_tasks)
    (leaf,) = price_tree.parse([drawn], market.num_tasks, market.num_workers)
    assert isinstance(leaf, price_tree.Leaf)
    before = walk.leaf_bound(leaf)
    splits = [(i, j) for i in range(market.num_tasks) for j in (None, *range(market.num_workers))]
    for i, j in splits:
        split = {"split": "served", "task": i} if j is None else {"split": "pair", "task": i, "worker": j}
        for side in (0, 1):
            walk.apply(price_tree.Split(i, j), bool(side), 1)
            bound, exact = walk.leaf_bound(leaf), exact_leaf_bound(problem, sets, drawn, [(split, side)])
            if exact is None:
                assert bound == -math.inf
            else:
                assert 0 <= Fraction(bound) - exact <= ROUNDING
            walk.apply(price_tree.Split(i, j), bool(side), -1)
    assert walk.leaf_bound(leaf) == before


def test_answers_are_remembered_between_leaves() -> None:
    leaf = {"worker": [0], "price": [2.0]}
    tree = [{"split": "pair", "task": 0, "worker": 2}, leaf, leaf]
    work = derive_tree(small(), tree).work
    # Task 0: free of worker 2, then all; task 1: all, then without worker 2.
    assert work["sets priced anew"] == 4
    same = derive_tree(small(), [{"split": "served", "task": 0}, leaf, leaf]).work
    assert same["sets priced anew"] == 2


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ([], "ends early: 1 more subtrees"),
        ([{"split": "served", "task": 0}, {"worker": [], "price": []}], "ends early: 1 more"),
        ([{"worker": [], "price": []}] * 2, r"tree\[1\] stands after the end"),
        ([{"split": "served", "task": 2}], "task is 2, not an index from 0 to 1"),
        ([{"split": "served", "task": True}], "task is true, not an integer"),
        ([{"split": "served", "task": 0, "worker": 0}], "unknown key 'worker'"),
        ([{"split": "pair", "task": 0}], "lacks the key 'worker'"),
        ([{"split": "pair", "task": 0, "worker": 3}], "worker is 3, not an index from 0 to 2"),
        ([{"split": "pair", "task": 0, "worker": 1.0}], "worker is 1.0, not an integer"),
        ([{"split": "both", "task": 0}], "split is 'both', not 'served' or 'pair'"),
        ([{"worker": [0, 0], "price": [1, 1]}], r"worker\[1\] repeats 0"),
        ([{"worker": [0], "price": []}], "price has 0 entries instead of 1"),
        ([{"worker": [0], "price": [-1]}], r"price\[0\] is -1, outside \[0, 1e\+100\]"),
        ([{"worker": [0], "price": ["1"]}], r"price\[0\] is '1', not a number"),
        ([{"worker": [0], "price": [1], "farkas": [1]}], "unknown key 'price'"),
        ([{"worker": [0], "farkas": [-0.5]}], r"farkas\[0\] is -0.5"),
        ([{"price": []}], "lacks the key 'worker'"),
        ([[]], r"tree\[0\] is a list of 0, not an object"),
        (None, "tree is null, not a list"),
    ],
)
def test_malformed_trees_are_refused(tree: Any, reason: str) -> None:
    with pytest.raises(check.Refused, match=reason):
        derive_tree(small(), tree)


def test_deep_trees_are_walked_without_recursion() -> None:
    depth = 3000
    leaf = {"worker": [], "price": []}
    tree = [{"split": "pair", "task": 0, "worker": 0}] * depth + [leaf] * (depth + 1)
    assert derive_tree(small(), tree).work["leaves"] == depth + 1


def test_time_limit() -> None:
    with pytest.raises(check.OutOfTime, match="time limit of 0 s hit"):
        derive_tree(small(), [{"worker": [], "price": []}], time_limit=0)


def test_forgetting_answers_changes_nothing_but_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, problem = draw(7)
    tree = random_tree(rng, problem.instance.num_tasks, problem.instance.num_workers, 3)
    bound = derive_tree(problem, tree).dual_bound
    monkeypatch.setattr(price_tree, "REMEMBERED", 1)
    assert derive_tree(problem, tree).dual_bound == bound


def test_a_remembered_answer_with_values_is_not_taken_for_one_without() -> None:
    # Nobody wants worker 3, so both sides of the split ask the tasks the same question.
    problem = small(service="required", arrival=[1.0] * 4)
    split = {"split": "pair", "task": 0, "worker": 3}
    tree = [split, {"worker": [0, 1], "price": [2.0, 1.0]}, {"worker": [0, 1], "farkas": [2.0, 1.0]}]
    with pytest.raises(check.Refused, match=r"tree\[2\] is claimed empty, but its prices only prove 3, which is not"):
        derive_tree(problem, tree)


@pytest.mark.parametrize("path", ["listed", "searched"])
@pytest.mark.parametrize("short", [0.99e-9, 1.01e-9])
def test_budgets_are_decided_in_rationals_near_their_slack(
    short: float, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    price_by(path, monkeypatch)
    problem = small(budget=[2.0 - short, 0.0], redundancy=[0.0, 0.0])
    sets = [feasible_sets(problem, i) for i in range(2)]
    assert ((0, 1) in sets[0]) == (short < 1e-9)
    leaf = {"worker": [], "price": []}
    exact = exact_leaf_bound(problem, sets, leaf, [])
    derived = derive_tree(problem, [leaf])
    assert derived.dual_bound is not None
    assert exact is not None
    assert 0 <= Fraction(derived.dual_bound) - exact <= ROUNDING
    assert derived.work["rational decisions"] > 0
