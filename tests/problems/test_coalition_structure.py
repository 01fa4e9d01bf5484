"""Tables of coalition values, partitions, and which of them are feasible."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import CoalitionGame, CoalitionStructure, Partition, coalition_values
from mcsopt.problems.coalition_game import block_of, mask_of, subset_sums
from mcsopt.problems.coalition_structure import every_partition

THREE = [0.0, 1.0, 2.0, 2.5, 4.0, 7.0, 6.5, 7.25]
BELL = [1, 1, 2, 5, 15, 52, 203, 877]


def test_values_by_hand():
    problem = CoalitionStructure(CoalitionGame(3, THREE))
    assert problem.evaluate(Partition([[0], [1], [2]])) == 7.0
    assert problem.evaluate(Partition([[2, 0], [1]])) == 9.0
    assert problem.evaluate(Partition([[0, 1, 2]])) == 7.25
    assert problem.violations(Partition([[2, 0], [1]])) == ()
    assert problem.evaluate(Partition([])) == 0.0


def test_sums_are_correctly_rounded():
    game = CoalitionGame(3, [0.0, 1e100, 1.0, 0.0, -1e100, 0.0, 0.0, 0.0])
    assert CoalitionStructure(game).evaluate(Partition([[0], [1], [2]])) == 1.0


def test_each_constraint_broken_once():
    problem = CoalitionStructure(CoalitionGame(3, THREE, [1, 1, 1, 0, 1, 1, 1, 1]))
    missing, twice = Partition([[0], [2]]), Partition([[0, 2], [1], [2]])
    assert [(v.constraint, v.where) for v in problem.violations(missing)] == [
        ("each player in one coalition", "player 1")
    ]
    assert [(v.constraint, v.where) for v in problem.violations(twice)] == [
        ("each player in one coalition", "player 2")
    ]
    (broken,) = problem.violations(Partition([[0, 1], [2]]))
    assert (broken.constraint, broken.where, broken.amount) == ("coalition may form", "coalition [0, 1]", 1.0)


def test_a_partition_is_kept_in_order_and_without_empty_coalitions():
    assert Partition([[2], [], (1, 0)]).blocks == ((0, 1), (2,))
    assert Partition([[2], [1, 0]]) == Partition([[0, 1], [2]])


def test_partitions_are_all_there_once():
    for players, count in enumerate(BELL):
        found = [partition.blocks for partition in every_partition(players)]
        assert len(found) == len(set(found)) == count
        for blocks in found:
            assert sorted(player for block in blocks for player in block) == list(range(players))


def test_too_many_partitions_to_list():
    problem = CoalitionStructure(CoalitionGame(12, np.zeros(1 << 12)))
    with pytest.raises(TooLarge, match=r"12 players.*subset-program"):
        problem.every_solution()


def test_masks_and_sums():
    assert [mask_of(block_of(mask)) for mask in range(64)] == list(range(64))
    amounts = np.array([1.0, 2.0, 4.5])
    sums = [math.fsum(amounts[list(block_of(mask))]) for mask in range(8)]
    assert subset_sums(amounts).tolist() == sums


def test_a_game_from_a_function_of_the_members():
    met: list[tuple[int, ...]] = []

    def value(members: tuple[int, ...]) -> float:
        met.append(members)
        return sum(members) + 0.5

    game = coalition_values(value, 3, np.array([1, 1, 1, 0, 1, 1, 1, 1]))
    assert met == [(0,), (1,), (2,), (0, 2), (1, 2), (0, 1, 2)]
    assert game.value.tolist() == [0.0, 0.5, 1.5, 0.0, 2.5, 2.5, 3.5, 3.5]
    assert coalition_values(lambda members: 1, players=1).value.tolist() == [0.0, 1.0]


def test_a_function_that_returns_no_number():
    with pytest.raises(InputError, match=r"value\[2\].*nan"):
        coalition_values(lambda members: math.nan if members == (1,) else 0.0, 2)
    with pytest.raises(InputError, match=r"players.*25"):
        coalition_values(lambda members: 0.0, 25)
    with pytest.raises(InputError, match=r"players.*not an integer"):
        coalition_values(lambda members: 0.0, 2.5)  # type: ignore[arg-type]  # what is refused


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((2, [0, 1, 2]), r"value: has length 3 for 2 players; give 2\^2 = 4 numbers"),
        ((25, [0, 1]), r"players: is 25: tables go up to 24 players; .*form_coalitions"),
        ((0, [0]), "players: is 0"),
        ((1, [1, 1]), r"value\[0\]: is 1.0; nobody is worth 0"),
        ((1, [0, math.inf]), r"value\[1\]: is inf"),
        ((1, [0, 1], [0, 1]), r"feasible\[0\]: is 0"),
        ((1, [0, 1], [1, 2]), r"feasible\[1\]: is 2"),
        ((1, [0, 1], [1]), "feasible: has length 1"),
    ],
)
def test_bad_games_are_refused_in_one_line(arguments, complaint):
    with pytest.raises(InputError, match=complaint) as caught:
        CoalitionGame(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("partition", "complaint"),
    [
        (3, "partition: is 3; give a list of lists"),
        ([[0, 0]], r"partition\[0\]\[1\]: repeats player 0"),
        ([[0], [2]], r"partition\[1\]\[0\]: is 2; player indices go from 0 to 1"),
        ([0, 1], r"partition\[0\]: is 0"),
    ],
)
def test_bad_partitions_are_refused(partition, complaint):
    problem = CoalitionStructure(CoalitionGame(2, [0, 1, 1, 3]))
    with pytest.raises(InputError, match=complaint):
        problem.as_solution({"partition": partition})


def test_a_partition_survives_its_file():
    problem = CoalitionStructure(CoalitionGame(3, THREE))
    document = problem.solution_document(Partition([[2, 0], [1]]))
    assert document["partition"] == [[0, 2], [1]]
    assert problem.parse_solution(document) == Partition([[0, 2], [1]])


def test_infeasible_coalitions_have_no_worth():
    game = CoalitionGame(2, [0, 1, 2, 3], [1, 0, 1, 1])
    assert game.worth.tolist() == [-math.inf, -math.inf, 2.0, 3.0]
    assert game.may_form.tolist() == [False, False, True, True]
    assert game.size.tolist() == [0, 1, 1, 2]
    assert CoalitionGame.from_json(game.to_json()).digest() == game.digest()
