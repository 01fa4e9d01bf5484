from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from mcsopt.problems import Knapsack, KnapsackInstance, Packing
from mcsopt.verification import check
from mcsopt.verification.check import knapsack as checker
from mcsopt.verification.check.strict import Run
from tests.verification.check.check_oracle import certificate, knapsack_optimum, knapsack_tree_bound, random_item_tree


def draw(seed: int) -> tuple[np.random.Generator, Knapsack]:
    rng = np.random.default_rng(seed)
    return rng, Knapsack.random_small(rng)


def parsed(problem: Knapsack) -> checker.Items:
    return checker.parse_instance(problem.instance.to_json(), None, Run())


@pytest.mark.parametrize("seed", range(100))
def test_objective_and_violations_equal_those_of_the_problem(seed: int) -> None:
    rng, problem = draw(seed)
    items = parsed(problem)
    for _ in range(10):
        plan = Packing(np.flatnonzero(rng.random(problem.instance.num_items) < rng.random()))
        assert checker.objective_of(items, plan.items) == problem.evaluate(plan)
        mine, theirs = checker.violations_of(items, plan.items, Run()), problem.violations(plan)
        assert [b.constraint for b in mine] == [v.constraint for v in theirs]
        assert [b.amount for b in mine] == pytest.approx([v.amount for v in theirs], rel=1e-12)


@pytest.mark.parametrize("seed", range(100))
def test_tree_bounds_equal_a_greedy_relaxation_and_never_fall_below_the_optimum(seed: int) -> None:
    rng, problem = draw(seed)
    best, chosen = knapsack_optimum(problem)
    for depth in (0, 1, 3, 6):
        tree = random_item_tree(rng, list(range(problem.instance.num_items)), depth)
        bound = check.derive("knapsack", {}, problem.instance.to_json(), {"kind": "dantzig-tree", "tree": tree})
        exact = knapsack_tree_bound(problem, tree)
        assert bound.dual_bound is not None
        assert Fraction(bound.dual_bound) >= exact >= best
        assert math.nextafter(bound.dual_bound, -1) < exact or bound.dual_bound == exact
        document = certificate(problem, Packing(chosen), {"kind": "dantzig-tree", "tree": tree})
        verdict = check.check(document)
        assert verdict.accepted, verdict.reason
        assert verdict.work["leaves"] == tree.count(-1)


def test_a_full_tree_proves_the_optimum() -> None:
    problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))
    tree = [0, 1, 2, -1, -1, 2, -1, -1, 1, 2, -1, -1, 2, -1, -1]
    verdict = check.check(certificate(problem, Packing([0, 1]), {"kind": "dantzig-tree", "tree": tree}))
    assert (verdict.accepted, verdict.status, verdict.dual_bound, verdict.gap) == (True, "PROVED", 9.0, 0.0)
    assert verdict.arithmetic == "rational"


def test_weightless_items_count_whatever_the_room() -> None:
    problem = Knapsack(KnapsackInstance([0.0, 2.0, 0.0], [5.0, 1.0, 0.0], 0.0))
    bound = check.derive("knapsack", {}, problem.instance.to_json(), {"kind": "dantzig-tree", "tree": [1, -1, -1]})
    assert bound.dual_bound == 5.0


def test_no_items() -> None:
    problem = Knapsack(KnapsackInstance([], [], 1.0))
    assert check.check(certificate(problem, Packing([]), {"kind": "dantzig-tree", "tree": [-1]})).status == "PROVED"


def test_efficiency_is_compared_exactly() -> None:
    # Rounded to doubles the efficiencies of the first two items are equal; exactly, the second is the better one.
    weight = [1.0, 1.0 - 2.0**-53, 3.0]
    value = [1.0 - 2.0**-53, 1.0 - 2.0**-52, 1.0]
    order = checker.FreeItems(parsed(Knapsack(KnapsackInstance(weight, value, 1.5)))).order
    exact = [Fraction(v) / Fraction(w) for v, w in zip(value, weight, strict=True)]
    assert value[0] / weight[0] == value[1] / weight[1]
    assert [exact[j] for j in order] == sorted(exact, reverse=True)


@pytest.mark.parametrize("excess", [0.0, 1e-9, 1.0000000000000001e-9 * (1 + 1e-15), 2e-9])
def test_the_capacity_slack_is_the_rational_one(excess: float) -> None:
    items = parsed(Knapsack(KnapsackInstance([excess], [1.0], 0.0)))
    allowed = Fraction(excess) <= Fraction(1, 10**9)
    assert (checker.violations_of(items, [0], Run()) == ()) == allowed


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ([], "ends early: 1 more"),
        ([0, -1], "ends early: 1 more"),
        ([-1, -1], r"tree\[1\] stands after the end"),
        ([0, 0, -1, -1, -1], r"tree\[1\] branches a second time on item 0"),
        ([1, -1, 1, -1, -1], r"tree\[2\] branches a second time on item 1"),
        ([2, -1, -1], r"tree\[0\] is 2, not an item from 0 to 1 or -1"),
        ([-2], "is -2, not an item"),
        ([True, -1, -1], "is true, not an item"),
        ([0.0, -1, -1], "is 0.0, not an item"),
        (["0", -1, -1], "is '0', not an item"),
        ({"0": 1}, "is an object, not a list"),
    ],
)
def test_malformed_trees_are_refused(tree: object, reason: str) -> None:
    instance = Knapsack(KnapsackInstance([1.0, 2.0], [1.0, 3.0], 2.0)).instance.to_json()
    with pytest.raises(check.Refused, match=reason):
        check.derive("knapsack", {}, instance, {"kind": "dantzig-tree", "tree": tree})


def test_deep_trees_are_walked_without_recursion() -> None:
    size = 5000
    rng = np.random.default_rng(0)
    instance = KnapsackInstance(rng.uniform(1, 10, size), rng.uniform(1, 10, size), 3 * size)
    tree = [*range(size), *[-1] * (size + 1)]
    verdict = check.check(certificate(Knapsack(instance), Packing([]), {"kind": "dantzig-tree", "tree": tree}))
    assert verdict.accepted
    assert verdict.work["leaves"] == size + 1


def derive_root(weight: list[float], value: list[float]) -> tuple[Knapsack, float | None]:
    problem = Knapsack(KnapsackInstance(weight, value, 1e90))
    evidence = {"kind": "dantzig-tree", "tree": [-1]}
    return problem, check.derive("knapsack", {}, problem.instance.to_json(), evidence).dual_bound


def test_extreme_numbers_are_exact_or_refused() -> None:
    problem, bound = derive_root([5e-324, 1e100], [1.0, 3.0])
    assert bound is not None
    assert Fraction(math.nextafter(bound, 0)) < knapsack_tree_bound(problem, [-1]) <= Fraction(bound)
    too_large = problem.instance.to_json() | {"value": [1.0, 1e101]}
    with pytest.raises(check.Refused, match=r"value\[1\] is 1e\+101, outside"):
        check.derive("knapsack", {}, too_large, {"kind": "dantzig-tree", "tree": [-1]})
