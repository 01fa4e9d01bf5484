import numpy as np
import pytest

from mcsopt.heuristics.density_greedy import density_greedy
from mcsopt.problems import Knapsack, KnapsackInstance
from mcsopt.solvers import solve


def test_at_least_half_the_optimum():
    rng = np.random.default_rng(0)
    for _ in range(50):
        problem = Knapsack.random_small(rng)
        assert density_greedy(problem).objective >= 0.5 * solve(problem, solver="enumeration").objective - 1e-9


def test_the_single_best_item_saves_the_guarantee():
    problem = Knapsack(KnapsackInstance([1.0, 100.0], [2.0, 100.0], 100.0))
    assert density_greedy(problem).solution.items == (1,)


@pytest.mark.parametrize("weight", [[], [5.0]])
def test_nothing_fits(weight):
    assert density_greedy(Knapsack(KnapsackInstance(weight, weight, 1.0))).objective == 0.0
