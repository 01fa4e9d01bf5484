from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.data import coalition_game, default_instance, generate
from mcsopt.data.coalition_games import VALUES
from mcsopt.errors import InputError
from mcsopt.heuristics import coalition_formation, greedy_merge
from mcsopt.problems import CoalitionStructure
from mcsopt.problems.coalition_game import block_of
from mcsopt.solvers import solve


@pytest.mark.parametrize("values", VALUES)
def test_families_are_drawn_as_described(values: str) -> None:
    game = coalition_game(12, values, seed=3)
    size, value = game.size[1:].astype(float), game.value[1:]
    assert game.feasible is None
    if values == "uniform":
        assert (value >= 0).all()
        assert (value <= size).all()
        assert np.mean(value / size) == pytest.approx(0.5, abs=0.02)
    elif values == "normal":
        standard = (value - size) / np.sqrt(size)
        assert np.mean(standard) == pytest.approx(0, abs=0.05)
        assert np.std(standard) == pytest.approx(1, abs=0.05)
    elif values == "superadditive":
        alone = game.value[1 << np.arange(12)]
        assert 1.2 < game.value[-1] / alone.sum() < 1.9  # 1.55, and noise
        assert np.mean(value / size) == pytest.approx(1 + 0.05 * 5, abs=0.15)
    else:
        assert (game.value[1 << np.arange(12)] == 0).all()
        for mask in (37, 2049, 4095):
            pairs = [game.value[1 << i | 1 << j] for i in block_of(mask) for j in block_of(mask) if i < j]
            assert game.value[mask] == pytest.approx(math.fsum(pairs))
        assert game.value[game.size == 2].max() <= 0.35


def test_unlike_players_may_not_share_a_coalition() -> None:
    game = coalition_game(10, "normal", seed=0, threshold=0.35)
    assert game.feasible is not None
    pairs = game.feasible[game.size == 2]
    assert 0 < pairs.sum() < len(pairs)
    assert game.feasible[game.size == 1].all()
    share = np.mean([coalition_game(10, seed=s, threshold=0.35).may_form[3] for s in range(200)])
    assert 0.55 < share < 0.85  # about 70 % of pairs pass
    assert coalition_game(10, "normal", seed=0).value.tolist() == game.value.tolist()


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match="values: is 'cubic'; use one of normal"):
        coalition_game(values="cubic")
    with pytest.raises(InputError, match="players: is 25; give a number from 1 to 24"):
        coalition_game(25)
    with pytest.raises(InputError, match=r"threshold: is -0\.1"):
        coalition_game(4, threshold=-0.1)
    with pytest.raises(InputError, match="--values: is 'cubic'"):
        generate("coalition-structure", {"values": "cubic"})


def test_the_default_tells_heuristics_apart() -> None:
    problem = CoalitionStructure(default_instance("coalition-structure"))
    worth = [solve(problem).objective, greedy_merge(problem).objective, coalition_formation(problem).objective]
    assert worth[0] == worth[1] > worth[2]
