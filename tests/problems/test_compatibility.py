"""Divergences against the definition; which coalitions follow from them; bad distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.problems.coalition_game import block_of
from mcsopt.problems.compatibility import (
    SMOOTHING,
    admits_as_printed,
    compatible_pairs,
    divergences,
    feasible_coalitions,
)
from mcsopt.seeds import generator


def by_definition(p: list[float], q: list[float], smoothing: float) -> float:
    k = len(p)
    smooth = [[(x + smoothing) / (1 + k * smoothing) for x in law] for law in (p, q)]
    return math.fsum(a * math.log(a / b) for a, b in zip(*smooth, strict=True))


@pytest.mark.parametrize("smoothing", [SMOOTHING, 0.5, 0.0])
def test_divergences_are_those_of_the_definition(smoothing):
    laws = generator(3).dirichlet(np.ones(4), 5)
    found = divergences(laws, smoothing)
    for i in range(5):
        for j in range(5):
            assert found[i, j] == pytest.approx(by_definition(laws[i].tolist(), laws[j].tolist(), smoothing), abs=1e-14)


def test_smoothing_keeps_what_nobody_has_seen_possible():
    apart = [[1.0, 0.0], [0.0, 1.0]]
    assert np.isinf(divergences(apart, 0.0)[0, 1])
    assert divergences(apart)[0, 1] == pytest.approx(math.log(1.001 / 0.001) * 1.0 / 1.002)
    assert (divergences(apart).diagonal() == 0).all()


def test_pairs_must_agree_both_ways():
    divergence = np.array([[0.0, 0.1, 0.1], [0.9, 0.0, 0.2], [0.1, 0.2, 0.0]])
    pairs = compatible_pairs(divergence, 0.2)
    assert pairs.tolist() == [[True, False, True], [False, True, True], [True, True, True]]
    # As printed the order decides: 0 may join 1, 1 may not join 0.
    assert admits_as_printed(divergence, 0.2, 0, [1])
    assert not admits_as_printed(divergence, 0.2, 1, [0])
    assert admits_as_printed(divergence, 0.2, 2, [0, 1])


@pytest.mark.parametrize("seed", range(10))
def test_feasible_coalitions_have_compatible_pairs_only(seed):
    rng = generator(seed)
    n = int(rng.integers(1, 7))
    pairs = rng.random((n, n)) < 0.6
    pairs = np.triu(pairs, 1) | np.triu(pairs, 1).T
    for mask, feasible in enumerate(feasible_coalitions(pairs).tolist()):
        block = block_of(mask)
        assert feasible == all(pairs[i, j] for i in block for j in block if i != j)


@pytest.mark.parametrize(
    ("distributions", "complaint"),
    [
        ([[0.5, 0.4]], r"distributions\[0\]: sums to 0.9; give probabilities that sum to 1"),
        ([[0.5, 0.5], [1.5, -0.5]], r"distributions\[1\]\[0\]: is 1.5"),
        ([[0.5, math.nan]], r"distributions\[0\]\[1\]: is nan"),
        ([[0.5, 0.5], [1.0]], "distributions: are no table"),
        ([], "distributions: are no table"),
    ],
)
def test_bad_distributions(distributions, complaint):
    with pytest.raises(InputError, match=complaint):
        divergences(distributions)


def test_bad_arguments():
    with pytest.raises(InputError, match="smoothing: is -1"):
        divergences([[1.0]], -1)
    with pytest.raises(InputError, match="threshold: is nan"):
        compatible_pairs(np.zeros((1, 1)), math.nan)
    with pytest.raises(InputError, match="symmetric"):
        feasible_coalitions([[True, True], [False, True]])
    with pytest.raises(InputError, match="for 25 players"):
        feasible_coalitions(np.ones((25, 25), bool))
