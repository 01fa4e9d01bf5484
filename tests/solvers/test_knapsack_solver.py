from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from mcsopt import tolerances
from mcsopt.data.knapsacks import FAMILIES, knapsack
from mcsopt.problems import Knapsack, KnapsackInstance, Packing
from mcsopt.result import Assurance, Result, Status, Termination
from mcsopt.seeds import generator
from mcsopt.solvers import knapsack as solver
from mcsopt.solvers.knapsack import solve
from mcsopt.solvers.registry import Settings

CERTIFIED_GAP = 1e-10


def problem_of(weight: object, value: object, capacity: float) -> Knapsack:
    return Knapsack(KnapsackInstance(np.asarray(weight, float), np.asarray(value, float), capacity))


def by_dynamic_program(weight: list[int], value: list[int], capacity: int) -> int:
    best = [0] * (capacity + 1)
    for w, v in zip(weight, value, strict=True):
        for room in range(capacity, w - 1, -1):
            best[room] = max(best[room], best[room - w] + v)
    return best[capacity]


def by_enumeration(problem: Knapsack) -> Fraction:
    """Best value over all subsets, in rationals."""
    items = range(problem.instance.num_items)
    weight = [Fraction(w) for w in problem.instance.weight.tolist()]
    value = [Fraction(v) for v in problem.instance.value.tolist()]
    sums = [(Fraction(0), Fraction(0))]
    for item in items:
        sums += [(w + weight[item], v + value[item]) for w, v in sums]
    limit = Fraction(problem.instance.capacity) + Fraction(tolerances.MONEY)
    return max(v for w, v in sums if w <= limit)


def derived_bound(problem: Knapsack, tree: list[int]) -> Fraction | None:
    """Largest Dantzig bound over the leaves of an evidence tree, in rationals; asserts that it is a tree."""
    instance = problem.instance
    weight = [Fraction(w) for w in instance.weight.tolist()]
    value = [Fraction(v) for v in instance.value.tolist()]
    limit = Fraction(instance.capacity) + Fraction(tolerances.MONEY)
    order = sorted(range(len(weight)), key=lambda j: -value[j] / weight[j] if weight[j] else -math.inf)
    bounds: list[Fraction] = []
    entries = iter(tree)
    waiting: list[dict[int, bool]] = [{}]
    while waiting:
        fixed = waiting.pop()
        entry = next(entries)
        if entry >= 0:
            assert entry not in fixed
            waiting += [{**fixed, entry: False}, {**fixed, entry: True}]
            continue
        assert entry == -1
        room = limit - sum(weight[j] for j, taken in fixed.items() if taken)
        if room < 0:
            continue
        bound = sum((value[j] for j, taken in fixed.items() if taken), Fraction(0))
        for j in order:
            if j not in fixed:
                part = min(Fraction(1), room / weight[j]) if weight[j] else Fraction(1)
                bound += part * value[j]
                room -= part * weight[j]
        bounds.append(bound)
    assert next(entries, None) is None
    return max(bounds, default=None)


def assert_sound(problem: Knapsack, result: Result) -> None:
    """The packing fits, and the evidence proves the bound stated, not less and hardly more."""
    assert result.feasible
    assert result.assurance is Assurance.FLOAT
    assert result.evidence is not None
    assert result.evidence["kind"] == "dantzig-tree"
    derived = derived_bound(problem, result.evidence["tree"])
    assert derived is not None
    assert derived <= Fraction(result.dual_bound)
    assert result.dual_bound <= float(derived) * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_an_integer_dynamic_program(seed: int) -> None:
    rng = generator(seed)
    for _ in range(100):
        n = int(rng.integers(0, 40))
        weight, value = rng.integers(0, 30, n).tolist(), rng.integers(0, 30, n).tolist()
        capacity = int(rng.integers(0, 1 + sum(weight)))
        result = solve(problem_of(weight, value, capacity), Settings())
        assert result.status is Status.PROVED
        assert result.objective == by_dynamic_program(weight, value, capacity)


@pytest.mark.kernel
def test_agrees_with_enumeration_and_proves_it() -> None:
    rng = generator(1)
    for _ in range(60):
        problem = Knapsack.random_small(rng)
        result = solve(problem, Settings())
        assert result.status is Status.PROVED
        assert result.termination is Termination.FINISHED
        assert result.objective == pytest.approx(float(by_enumeration(problem)), rel=CERTIFIED_GAP)
        assert result.gap is not None
        assert result.gap <= CERTIFIED_GAP
        assert_sound(problem, result)


@pytest.mark.parametrize("weights", ["decimal", "huge", "tied"])
def test_real_weights_with_exact_ties(weights: str) -> None:
    """Capacities that a packing meets exactly, or misses by the tolerance and a little."""
    rng = generator(7)
    for _ in range(60):
        n = int(rng.integers(1, 11))
        weight = np.round(rng.uniform(0, 10, n), 1)
        if weights == "huge":
            weight = np.round(weight * 1e9) + 0.5
        value = weight.copy() if weights == "tied" else np.round(rng.uniform(0, 10, n), 1)
        inside = rng.random(n) < 0.5
        exact = math.fsum(weight[inside].tolist())
        for shift in (0.0, -0.5e-9, -1.5e-9):
            problem = problem_of(weight, value, max(0.0, exact + shift))
            result = solve(problem, Settings())
            assert result.objective == pytest.approx(float(by_enumeration(problem)), rel=CERTIFIED_GAP)
            assert_sound(problem, result)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("weight", "value", "capacity", "items"),
    [
        ([], [], 5, ()),
        ([1, 2], [0, 0], 5, ()),
        ([0, 0, 1], [3, 0, 2], 0, (0,)),
        ([5, 6], [9, 9], 4, ()),
        ([5, 1, 6], [900, 2, 800], 4, (1,)),
        ([1, 2, 3], [1, 2, 3], 100, (0, 1, 2)),
        ([2, 2, 2], [3, 3, 3], 4, None),
        ([1e-300, 3], [1, 4], 3, None),
        ([0, 0], [0, 0], 0, ()),
    ],
)
def test_special_cases(weight: list[float], value: list[float], capacity: float, items: tuple[int, ...] | None) -> None:
    problem = problem_of(weight, value, capacity)
    result = solve(problem, Settings())
    assert result.status is Status.PROVED
    assert result.objective == by_enumeration(problem)
    if items is not None:
        assert result.solution.items == items
    assert_sound(problem, result)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_evidence_of_every_family(family: str) -> None:
    problem = Knapsack(knapsack(30, family, 3))
    assert_sound(problem, solve(problem, Settings(), node_limit=2000))


def test_time_limit_zero_gives_the_greedy_packing_and_the_root_bound() -> None:
    problem = Knapsack(knapsack(50, "weakly-correlated", 1))
    result = solve(problem, Settings(time_limit=0))
    assert result.termination is Termination.TIME
    assert result.status is Status.BOUNDED
    assert result.evidence == {"kind": "dantzig-tree", "tree": [-1]}
    assert result.solution.items
    assert_sound(problem, result)


def test_node_limit_leaves_a_tree_cut_at_its_open_nodes() -> None:
    problem = Knapsack(knapsack(40, "weakly-correlated", 1))
    whole = solve(problem, Settings())
    size = len(whole.evidence["tree"])
    cut_trees = 0
    for nodes in range(0, size, max(1, size // 40)):
        result = solve(problem, Settings(), node_limit=nodes)
        assert result.termination is Termination.NODES
        assert whole.objective <= result.dual_bound
        assert_sound(problem, result)
        cut_trees += len(result.evidence["tree"]) > 1
    assert cut_trees


def test_start_is_the_first_incumbent_if_it_fits() -> None:
    problem = Knapsack(knapsack(50, "weakly-correlated", 1))
    best = solve(problem, Settings()).solution
    again = solve(problem, Settings(start=best, time_limit=0))
    assert again.solution == best
    too_heavy = Packing(range(50))
    assert solve(problem, Settings(start=too_heavy, time_limit=0)).solution != too_heavy
    poor = solve(problem, Settings(start=Packing([]), time_limit=0))
    assert poor.solution.items


class Impatient:
    """Hears lines of progress, and presses Ctrl-C at one of them."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if len(self.lines) == self.patience:
            raise KeyboardInterrupt


def test_interruption_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "CHUNK", 10)
    monkeypatch.setattr(solver, "REPORT_SECONDS", 0.0)
    impatient = Impatient(3)
    problem = Knapsack(knapsack(200, "weakly-correlated", 1))
    result = solve(problem, Settings(progress=impatient))
    assert result.termination is Termination.INTERRUPTED
    assert len(impatient.lines) == 3
    assert_sound(problem, result)


def solve_keeping(monkeypatch: pytest.MonkeyPatch, problem: Knapsack, longest: int) -> Result:
    monkeypatch.setattr(solver, "LONGEST_TREE", longest)
    return solve(problem, Settings())


def test_tree_too_long_to_keep_gives_a_shorter_one_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Knapsack(knapsack(200, "uncorrelated", 7))
    whole = solve(problem, Settings())
    size = len(whole.evidence["tree"])
    shorter = solve_keeping(monkeypatch, problem, size - 1)
    assert 1 < len(shorter.evidence["tree"]) < size
    # Far too short a limit: the evidence is a tree cut off, and still honest.
    cut = solve_keeping(monkeypatch, problem, 10)
    proven = []
    for result in (shorter, cut):
        assert result.status is Status.PROVED
        assert result.termination is Termination.FINISHED
        assert result.objective == whole.objective
        assert result.gap is not None
        assert result.gap <= CERTIFIED_GAP
        assert "too long" in result.message
        derived = derived_bound(problem, result.evidence["tree"])
        assert derived is not None
        assert derived > result.dual_bound
        proven.append((float(derived) - result.objective) / float(derived))
    assert proven[0] <= tolerances.PROVED_GAP < proven[1]


def test_shorter_tree_that_proves_as_much_needs_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Knapsack(knapsack(200, "uncorrelated", 4))
    size = len(solve(problem, Settings()).evidence["tree"])
    result = solve_keeping(monkeypatch, problem, size - 1)
    assert result.message == ""
    assert len(result.evidence["tree"]) < size
    assert_sound(problem, result)


def test_interruption_of_the_second_search_keeps_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "LONGEST_TREE", 10)
    impatient = Impatient(2)
    result = solve(Knapsack(knapsack(300, "uncorrelated", 2)), Settings(progress=impatient))
    assert result.termination is Termination.INTERRUPTED
    assert result.status is Status.PROVED


def test_large_instances_are_proved() -> None:
    for family in ("uncorrelated", "weakly-correlated"):
        result = solve(Knapsack(knapsack(10_000, family, 2)), Settings())
        assert result.status is Status.PROVED
        assert result.gap is not None
        assert result.gap <= CERTIFIED_GAP


def test_same_answer_every_time() -> None:
    problem = Knapsack(knapsack(300, "weakly-correlated", 9))
    first, second = solve(problem, Settings()), solve(problem, Settings())
    assert first.solution == second.solution
    assert first.evidence == second.evidence
