from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mcsopt.kernels import few_items
from mcsopt.kernels import knapsack as kernel
from mcsopt.seeds import generator

pytestmark = pytest.mark.kernel

TOLERANCE = 1e-9
ROUNDING = 1e-12


def enumerated(weight: np.ndarray, value: np.ndarray, capacity: float) -> float:
    """Best value over all subsets."""
    subsets = np.array(list(product((0, 1), repeat=len(weight))), dtype=float).reshape(2 ** len(weight), len(weight))
    return float((subsets @ value)[subsets @ weight <= capacity].max())


def draw(rng: np.random.Generator, kind: int) -> tuple[np.ndarray, np.ndarray, float]:
    n = int(rng.integers(0, 11))
    if kind == 0:  # payments of a task's candidates
        return np.round(rng.uniform(40, 55, n), 1), rng.uniform(0, 60, n), float(rng.integers(200, 251))
    if kind == 1:  # exact ties, weightless items
        return rng.integers(0, 5, n) * 1.0, rng.integers(0, 5, n) * 1.0, float(rng.integers(0, 15))
    if kind == 2:  # values follow weights, some are negative
        weight = rng.uniform(1, 10, n)
        return weight, weight + rng.uniform(-3, 1, n), float(rng.uniform(0, 40))
    return rng.uniform(0, 10, n), rng.uniform(0, 10, n), float(rng.uniform(0, 12))


@pytest.mark.parametrize("kind", range(4))
def test_best_subset_agrees_with_enumeration(kind: int) -> None:
    rng = generator(kind)
    for _ in range(30):
        weight, value, capacity = draw(rng, kind)
        chosen = np.full(len(weight), 9, np.uint8)
        best = few_items.best_subset(weight, value, capacity + TOLERANCE, chosen)
        assert best == pytest.approx(enumerated(weight, value, capacity + TOLERANCE), abs=ROUNDING)
        assert set(chosen.tolist()) <= {0, 1}
        assert value @ chosen == pytest.approx(best, abs=ROUNDING)
        assert weight @ chosen <= capacity + TOLERANCE


def test_best_subset_of_similar_items_is_proved_by_number_of_items() -> None:
    # Of 20 items of weight 45, four fit in 224: the Dantzig bound would allow most of a fifth.
    value = np.linspace(1, 2, 20)
    chosen = np.zeros(20, np.int8)
    assert few_items.best_subset(np.full(20, 45.0), value, 224.0, chosen) == pytest.approx(value[-4:].sum())
    assert np.flatnonzero(chosen).tolist() == [16, 17, 18, 19]


def test_best_subset_needs_the_tolerance_in_the_capacity() -> None:
    # 0.4 + 0.9 + 1.6 is the double above 2.9, while 2.9 - 0.9 - 0.4 - 1.6 is 0.
    weight, value = np.array([0.9, 0.4, 1.6, 5.0]), np.array([1.0, 1.0, 1.0, 9.0])
    chosen = np.zeros(4, np.int8)
    assert few_items.best_subset(weight, value, 2.9, chosen) == 2.0
    assert few_items.best_subset(weight, value, 2.9 + TOLERANCE, chosen) == 3.0
    assert chosen.tolist() == [1, 1, 1, 0]


def state(room: float, base: float, split: int, n: int) -> tuple[np.ndarray, ...]:
    reals, counts = np.zeros(kernel.NUM_REALS), np.zeros(kernel.NUM_COUNTS, np.int64)
    reals[kernel.ROOM], reals[kernel.BASE], reals[kernel.CEILING] = room, base, -np.inf
    counts[kernel.LEFT], counts[kernel.RIGHT] = split - 1, split
    return (
        reals,
        counts,
        np.empty(n + 1, np.int64),
        np.empty(n + 1, np.int8),
        np.empty((n + 1, 3)),
        np.empty(n, np.int64),
    )


def test_search_in_pieces_walks_the_same_tree() -> None:
    rng = generator(5)
    weight, value = rng.uniform(1, 10, 12), rng.uniform(1, 10, 12)
    order = np.argsort(-value / weight)
    weight, value = weight[order], value[order]
    efficiency = np.append(value / weight, 0.0)
    split = 6
    room = 3.0
    walks = []
    for budget in (1, 3, 10**6):
        tree = np.zeros(10_000, np.int64)
        arrays = state(room, value[:split].sum(), split, 12)
        calls = 0
        while not arrays[1][kernel.DONE]:
            kernel.search(weight, value, efficiency, split, *arrays, tree, budget)
            calls += 1
        size = arrays[1][kernel.TREE_SIZE]
        assert arrays[1][kernel.NODES] == size
        assert calls == -(-size // budget)
        walks.append((arrays[0][kernel.BEST], tree[:size].tolist()))
    assert walks[0] == walks[1] == walks[2]
    best = walks[0][0] + value[:split].sum()
    assert best == pytest.approx(enumerated(weight, value, weight[:split].sum() + room), abs=ROUNDING)


def test_search_stops_recording_at_the_end_of_the_tree_but_counts_on() -> None:
    weight, value = np.array([2.0, 3.0, 4.0]), np.array([4.0, 5.0, 6.0])
    arrays = state(0.5, 4.0, 1, 3)
    tree = np.zeros(2, np.int64)
    kernel.search(weight, value, np.append(value / weight, 0.0), 1, *arrays, tree, 1000)
    assert arrays[1][kernel.TREE_SIZE] > len(tree)
    assert arrays[1][kernel.DONE] == 1


def test_room_is_exact_where_doubles_are_not() -> None:
    # 2^53 + 1 + 1 - 2^53 - 2 is 0; plain doubles lose both ones and leave -2.
    high, low = float(2**53), 0.0
    for term in (1.0, 1.0, -float(2**53), -2.0):
        high, low = kernel._add(high, low, term)
    assert (high, low) == (0.0, 0.0)


def test_fill_takes_what_still_fits() -> None:
    added = np.empty(4, np.int64)
    count = kernel.fill(np.array([9.0, 5.0, 3.0, 2.0]), 1, 5.5, 0.0, added)
    assert added[:count].tolist() == [1]
    count = kernel.fill(np.array([9.0, 5.0, 3.0, 2.0]), 2, 5.0, 0.0, added)
    assert added[:count].tolist() == [2, 3]


def test_taken_first_swaps_the_children_of_dropped_items_only() -> None:
    leaf = kernel.LEAF
    # Item 1 is right of the split (taken first), item 0 left of it (dropped first).
    tree = np.array([1, 0, leaf, 2, leaf, leaf, leaf])
    assert kernel.taken_first(tree, 1).tolist() == [1, 0, 2, leaf, leaf, leaf, leaf]
    assert kernel.taken_first(np.array([leaf]), 0).tolist() == [leaf]


def test_leaf_bound_is_the_dantzig_bound() -> None:
    weight, value = np.array([2.0, 4.0, 4.0]), np.array([4.0, 6.0, 4.0])
    # Break solution {0}, 3 left: three quarters of item 1.
    assert kernel.leaf_bound(weight, value, 1, 3.0, 0.0, np.array([kernel.LEAF])) == pytest.approx(4.5)
    # Item 1 taken: 1 too heavy, so half of item 0 goes; not taken: three quarters of item 2.
    branched = np.array([1, kernel.LEAF, kernel.LEAF])
    assert kernel.leaf_bound(weight, value, 1, 3.0, 0.0, branched) == pytest.approx(max(6 - 2, 3.0))
    # No item left that could go: the leaf is empty.
    assert kernel.leaf_bound(weight, value, 0, 1.0, 0.0, np.array([0, kernel.LEAF, kernel.LEAF])) < 2.0
