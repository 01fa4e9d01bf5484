from __future__ import annotations

import numpy as np
import pytest

from mcsopt.kernels.subset_program import best_split, fill
from mcsopt.problems import CoalitionStructure
from mcsopt.problems.coalition_game import block_of, mask_of
from mcsopt.problems.coalition_structure import every_partition
from mcsopt.seeds import generator

pytestmark = pytest.mark.kernel


def oracle(worth: np.ndarray, members: int) -> float:
    """Return the best partition of a set by trying all."""
    players = block_of(members)
    return max(
        float(sum(worth[mask_of(players[k] for k in block)] for block in partition.blocks))
        for partition in every_partition(len(players))
    )


@pytest.mark.parametrize("seed", range(25))
def test_every_entry_is_the_best_partition_of_its_set(seed: int) -> None:
    game = CoalitionStructure.random_small(generator(seed)).instance
    n, worth = game.players, game.worth
    best = np.zeros(1 << (n - 1))
    for highest in range(n - 1):
        middle = (3 << highest) // 2
        fill(worth, best, highest, middle, 2 << highest)  # any order of the pieces
        fill(worth, best, highest, 1 << highest, middle)
    for members in range(1, 1 << (n - 1)):
        assert best[members] == pytest.approx(oracle(worth, members), abs=1e-12)
    for members in range(1, 1 << n):
        total, coalition = best_split(worth, best, members.bit_length() - 1, members)
        assert total == pytest.approx(oracle(worth, members), abs=1e-12)
        if total == -np.inf:
            assert coalition == 0
        else:
            rest = members ^ coalition
            assert coalition & ~members == 0
            assert coalition.bit_length() == members.bit_length()
            assert worth[coalition] + (best[rest] if rest else 0.0) == total


def test_of_equals_the_larger_mask_is_taken() -> None:
    assert best_split(np.array([-np.inf, 1.0, 1.0, 2.0]), np.array([0.0, 1.0]), 1, 3) == (2.0, 3)
