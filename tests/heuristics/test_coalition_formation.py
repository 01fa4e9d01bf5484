"""Algorithm 4 as printed and repaired, on tables and on games of the whole partition; greedy merging."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mcsopt.data import coalition_game
from mcsopt.errors import InputError
from mcsopt.heuristics import coalition_formation, coalition_formation_printed, form_coalitions, greedy_merge
from mcsopt.problems import CoalitionGame, CoalitionStructure, Partition
from mcsopt.problems.partition_games import EqualSurplus, accepts, every_move, stable_partitions
from mcsopt.result import Status, Termination

PAIR = CoalitionGame(2, [0, 1, 1, 3])
"""Two who gain by being together: a transfer does it, and a third of the draws is one."""


@pytest.mark.parametrize("rule", ["pareto", "sum"])
@pytest.mark.parametrize("seed", range(6))
def test_the_repaired_algorithm_ends_at_a_stable_partition(seed, rule):
    problem = CoalitionStructure(coalition_game(6, "normal", seed, threshold=0.4 if seed % 2 else None))
    result = coalition_formation(problem, seed=seed, rule=rule)
    assert result.termination is Termination.FINISHED
    assert result.solution in stable_partitions(EqualSurplus(problem.instance), rule)
    potentials = [problem.evaluate(problem.empty_solution()), *(step.potential for step in result.trace)]
    assert all(after > before for before, after in pairwise(potentials))
    assert potentials[-1] == pytest.approx(result.objective)


def test_as_printed_it_ends_at_the_first_draw_that_fails():
    ends = [coalition_formation_printed(CoalitionStructure(PAIR), seed=seed) for seed in range(200)]
    met = sum(result.objective == 3.0 for result in ends)
    assert 200 / 3 - 25 < met < 200 / 3 + 25
    assert {len(result.trace) for result in ends} == {0, 1}
    assert all(coalition_formation(CoalitionStructure(PAIR), seed=seed).objective == 3.0 for seed in range(20))


@pytest.mark.parametrize("seed", range(40))
def test_as_printed_every_move_made_is_one_that_improves(seed):
    problem = CoalitionStructure(coalition_game(5, "superadditive", seed % 5))
    result = coalition_formation_printed(problem, seed=seed)
    game, partition = EqualSurplus(problem.instance), problem.empty_solution()
    for step in result.trace:
        reached = {
            move.after(partition)
            for move in every_move(partition)
            if accepts(game, partition, move)
            and problem.evaluate(move.after(partition)) == pytest.approx(step.potential)
        }
        assert len(reached) == 1
        (partition,) = reached
    assert partition == result.solution


def test_all_three_kinds_of_moves_are_made_as_printed():
    kinds = set()
    for seed in range(300):
        problem = CoalitionStructure(coalition_game(4, "normal", seed % 30))
        trace = coalition_formation_printed(problem, seed=seed, rule="sum").trace
        sizes = [0.0, *(step.potential for step in trace)]
        kinds.add(len(sizes))
    assert len(kinds) > 2  # runs of no move, of one, of more


def test_a_limit_on_moves():
    problem = CoalitionStructure(coalition_game(6, "superadditive", 0))
    result = coalition_formation(problem, max_rounds=1)
    assert (result.termination, len(result.trace)) == (Termination.ROUNDS, 1)


def test_any_start_and_any_payoffs():
    class Fewer:
        """Everybody is better off the fewer coalitions there are."""

        players = 4

        def may_form(self, block):
            return True

        def payoffs(self, partition):
            return [-float(len(partition.blocks))] * 4

    run = form_coalitions(Fewer(), seed=1, start=Partition([[0, 1], [2, 3]]))
    assert run.partition in (Partition([[0, 1, 2, 3]]), Partition([[0, 1], [2, 3]]))
    assert form_coalitions(Fewer(), seed=1).partition.blocks != ((0,), (1,), (2,), (3,))


def test_players_who_may_not_be_alone_are_brought_together():
    problem = CoalitionStructure(CoalitionGame(2, [0, 9, 9, 1], [1, 0, 0, 1]))
    for heuristic in (coalition_formation, greedy_merge):
        assert heuristic(problem).solution == Partition([[0, 1]])
    hopeless = CoalitionStructure(CoalitionGame(2, [0, 9, 9, 1], [1, 0, 1, 0]))
    for heuristic in (coalition_formation, greedy_merge):
        result = heuristic(hopeless)
        assert result.status is Status.UNKNOWN
        assert result.violations


def test_greedy_merging_by_hand():
    # 0 and 1 gain 2, then 2 joins for 1 more; 1 and 2 would gain 1.5.
    value = [0, 1, 1, 4, 1, 2, 3.5, 6]
    result = greedy_merge(CoalitionStructure(CoalitionGame(3, value)))
    assert result.solution == Partition([[0, 1, 2]])
    assert [(step.mover, step.potential) for step in result.trace] == [(0, 5.0), (0, 6.0)]
    stays = greedy_merge(CoalitionStructure(CoalitionGame(3, [*value[:7], 5.0])))
    assert stays.solution == Partition([[0, 1], [2]])
    assert greedy_merge(CoalitionStructure(CoalitionGame(1, [0, -1]))).solution == Partition([[0]])


def test_bad_options():
    problem = CoalitionStructure(CoalitionGame(2, np.zeros(4)))
    with pytest.raises(InputError, match="variant: is 'better'"):
        coalition_formation(problem, variant="better")
    with pytest.raises(InputError, match="rule: is 'none'"):
        coalition_formation(problem, rule="none")
    with pytest.raises(InputError, match="max_rounds: is -1"):
        coalition_formation(problem, max_rounds=-1)
