from __future__ import annotations

import numpy as np
import pytest

from mcsopt.kernels.priority_tree import change, find
from mcsopt.seeds import generator

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("seed", range(20))
def test_entries_are_found_where_the_running_sum_passes(seed: int) -> None:
    rng = generator(seed)
    size = int(rng.choice([1, 2, 8, 32]))
    tree, priority = np.zeros(2 * size), np.zeros(size)
    for _ in range(5):
        places = rng.integers(0, size, 6)
        new = rng.integers(0, 4, 6).astype(float)  # whole numbers: sums are exact, and some are 0
        change(tree, places, new)
        for place, value in zip(places, new, strict=True):
            priority[place] = value
        assert tree[1] == priority.sum()
        if tree[1]:
            targets = np.append(rng.random(50) * tree[1], [0.0, np.nextafter(tree[1], 0)])
            assert find(tree, targets).tolist() == np.searchsorted(np.cumsum(priority), targets, "right").tolist()


def test_rounding_never_finds_what_has_no_priority() -> None:
    tree = np.zeros(8)
    change(tree, np.array([0, 1]), np.array([0.1, 0.2]))
    # A target at or beyond the total, as rounding may make one.
    assert find(tree, np.array([tree[1], 2 * tree[1]])).tolist() == [1, 1]
