"""Moves between partitions against their definition; stability and the best partition by brute force."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mcsopt.data import coalition_game
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import CoalitionGame, CoalitionStructure, Partition
from mcsopt.problems.coalition_game import Block
from mcsopt.problems.coalition_structure import every_partition
from mcsopt.problems.partition_games import (
    EqualSurplus,
    accepts,
    best_partition,
    every_move,
    stable_partitions,
)


def neighbours(partition: Partition, players: int) -> set[Partition]:
    """Return what transfers, swaps and splits lead to, by looking at every partition."""
    home = {player: k for k, block in enumerate(partition.blocks) for player in block}
    found = set()
    for player in range(players):
        others = [[p for p in block if p != player] for block in partition.blocks]
        found.add(Partition([*others, [player]]))
        found |= {Partition([*others[:k], [*others[k], player], *others[k + 1 :]]) for k in range(len(others))}
        for other in range(players):
            if home[player] != home[other]:
                trade = {player: other, other: player}
                found.add(Partition([[trade.get(p, p) for p in block] for block in partition.blocks]))
    return found - {partition}


@pytest.mark.parametrize("players", [1, 2, 3, 4, 5])
def test_moves_are_those_of_the_definition(players):
    for partition in every_partition(players):
        moves = list(every_move(partition))
        assert {move.after(partition) for move in moves} == neighbours(partition, players)
        for move in moves:
            assert set(move.left) <= set(partition.blocks)
            assert move.mover in {player for block in move.left for player in block}
            after = move.after(partition).blocks
            assert set(move.made) <= set(after)
            assert set(after) - set(partition.blocks) <= set(move.made)


def test_equal_surplus_by_hand():
    game = EqualSurplus(CoalitionGame(3, [0, 1, 2, 6, 0, 0, 0, 0]))
    assert game.payoffs(Partition([[0, 1], [2]])) == [2.5, 3.5, 0.0]
    assert game.payoffs(Partition([[0], [1], [2]])) == [1.0, 2.0, 0.0]
    barred = EqualSurplus(CoalitionGame(2, [0, 5, 7, 9], [1, 0, 1, 1]))
    assert barred.payoffs(Partition([[0, 1]])) == [1.0, 8.0]
    assert barred.payoffs(Partition([[0], [1]])) == [0.0, 7.0]


@pytest.mark.parametrize("seed", range(6))
def test_payoffs_add_up_to_the_value_of_the_partition(seed):
    problem = CoalitionStructure(coalition_game(5, "uniform", seed))
    game = EqualSurplus(problem.instance)
    for partition in every_partition(5):
        assert sum(game.payoffs(partition)) == pytest.approx(problem.evaluate(partition), abs=1e-12)


class Outsiders:
    """Payoffs that depend on the others: each gets how many coalitions there are beside its own, times its size."""

    players = 4

    def may_form(self, block: Block) -> bool:
        return len(block) < 4

    def payoffs(self, partition: Partition) -> Sequence[float]:
        size = {player: len(block) for block in partition.blocks for player in block}
        return [float((len(partition.blocks) - 1) * size[player]) for player in range(self.players)]


def test_what_others_do_may_count():
    # Everybody alone: 4 * 3 = 12. Two and two: 4 * 2 = 8. One pair: 2 * (2 * 2) + 2 * 2 = 12. Three and one: 10.
    best = best_partition(Outsiders())
    assert best is not None
    assert best[1] == 12.0
    assert stable_partitions(Outsiders(), "sum") == [p for p in every_partition(4) if len(p.blocks) > 2]


@pytest.mark.parametrize("rule", ["pareto", "sum"])
@pytest.mark.parametrize("seed", range(8))
def test_stable_partitions_are_those_that_no_neighbour_improves(rule, seed):
    game = EqualSurplus(coalition_game(5, "normal", seed, threshold=0.3 if seed % 2 else None))

    def improved(partition: Partition) -> bool:
        now = game.payoffs(partition)
        for other in neighbours(partition, 5):
            then = game.payoffs(other)
            touched = [p for block in partition.blocks if block not in other.blocks for p in block]
            allowed = all(game.may_form(block) for block in other.blocks)
            gains = sum(then) > sum(now) + 1e-9
            if allowed and gains and (rule == "sum" or all(then[p] >= now[p] - 1e-9 for p in touched)):
                return True
        return False

    formed = [p for p in every_partition(5) if all(map(game.may_form, p.blocks))]
    assert stable_partitions(game, rule) == [p for p in formed if not improved(p)]
    best = best_partition(game)
    assert best is not None
    assert best[0] in stable_partitions(game, rule)  # no partition is worth more, so no move improves
    assert set(stable_partitions(game, "sum")) <= set(stable_partitions(game, "pareto"))


def test_nothing_may_form():
    game = EqualSurplus(CoalitionGame(2, [0, 1, 2, 3], [1, 0, 1, 0]))
    assert best_partition(game) is None
    assert stable_partitions(game) == []


def test_a_player_who_may_not_be_alone_is_helped_at_any_price():
    game = EqualSurplus(CoalitionGame(2, [0, 1, 2, -9], [1, 0, 1, 1]))
    (move,) = every_move(Partition([[0], [1]]))
    assert accepts(game, Partition([[0], [1]]), move)


def test_rounding_is_no_improvement():
    value = np.zeros(8)
    value[[1, 2, 4]] = 0.1
    value[3] = 0.2 + 2**-54  # 0.1 + 0.1, and rounding
    game = EqualSurplus(CoalitionGame(3, value))
    alone = Partition([[0], [1], [2]])
    assert not any(accepts(game, alone, move) for move in every_move(alone))
    generous = EqualSurplus(CoalitionGame(3, np.where(np.arange(8) == 3, 0.2001, value)))
    assert any(accepts(generous, alone, move) for move in every_move(alone))


def test_bad_input():
    game = EqualSurplus(CoalitionGame(2, [0, 1, 2, 9]))
    with pytest.raises(InputError, match="rule: is 'greed'"):
        stable_partitions(game, "greed")
    with pytest.raises(TooLarge, match=r"12 players.*form_coalitions"):
        best_partition(EqualSurplus(CoalitionGame(12, np.zeros(4096))))
