import pytest

from mcsopt.errors import InputError
from mcsopt.problems import Knapsack, KnapsackInstance, Packing


def test_value_weight_and_tolerance():
    problem = Knapsack(KnapsackInstance([0.1, 0.2, 5.0], [1.0, 2.0, 4.0], 0.3))
    # 0.1 + 0.2 exceeds 0.3 in doubles by 5e-17: within the tolerance.
    assert problem.violations(Packing([0, 1])) == ()
    assert problem.evaluate(Packing([0, 1])) == 3.0
    (broken,) = problem.violations(Packing([0, 2]))
    assert broken.amount == pytest.approx(4.8)


def test_solution_files_are_read_strictly():
    problem = Knapsack(KnapsackInstance([1.0, 2.0], [1.0, 2.0], 3.0))
    document = {"format": "mcsopt-solution/1", "problem": "knapsack", "items": [1, 0]}
    assert problem.parse_solution(document) == Packing([0, 1])
    with pytest.raises(InputError, match=r"items\[1\]: repeats item 1"):
        problem.parse_solution(document | {"items": [1, 1]})
