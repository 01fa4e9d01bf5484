"""Dynamics against the definitions: where they stop nobody wants to move, and they stop or cycle."""

import itertools

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.heuristics.coalition_dynamics import _Burdens, entry_exit_dynamics, greedy_coalition
from mcsopt.problems import Coalition, DataCoalition, StableCoalition
from mcsopt.result import Status, Termination


def draw(seed, count):
    rng = np.random.default_rng(seed)
    return [StableCoalition.random_small(rng) for _ in range(count)]


def test_closed_form_burdens_equal_the_definitions():
    for problem in draw(0, 40):
        data, table = problem.instance, _Burdens(problem)
        for k in range(2, data.num_players + 1):
            for members in itertools.islice(itertools.combinations(range(data.num_players), k), 5):
                inside = np.zeros(data.num_players, dtype=bool)
                inside[list(members)] = True
                assert table.social_cost(inside) == pytest.approx(problem.evaluate(Coalition(members)), rel=1e-12)
                wants_out = (table.leaving(inside) > -np.inf).any()
                wants_in = (table.entering(inside) > -np.inf).any()
                broken = {v.constraint.split(" ")[0] for v in problem.violations(Coalition(members))}
                assert wants_out == ("no" in broken)
                assert wants_in == ("nobody" in broken)


@pytest.mark.parametrize("start", ["all", "cheapest", "random"])
def test_where_it_stops_the_coalition_is_stable_or_empty(start):
    outcomes = set()
    for problem in draw(1, 60):
        result = entry_exit_dynamics(problem, start=start, seed=3)
        if result.termination is Termination.FINISHED:
            assert result.feasible or not result.solution.members
            outcomes.add(bool(result.solution.members))
        else:
            assert "cycle" in result.message
    assert outcomes == {True, False}


def test_near_ties_fall_as_the_problem_says():
    """A burden at which the coalition is unstable by less than 1e-12 of sigma^2 was taken for a tie."""
    data = DataCoalition([1.0, 1.0], 1.0, 0.0)
    # Both stay from sigma^2 = stay on; 1e-12 below it is a tie, 1.5e-12 below it is none.
    stay = StableCoalition(data).stay_variance((0, 1))
    for below, stable in ((0.5e-12, True), (1.5e-12, False)):
        problem = StableCoalition(DataCoalition(data.cost, stay * (1 - below), 0.0))
        assert (not problem.violations(Coalition((0, 1)))) == stable
        assert entry_exit_dynamics(problem).feasible == stable
        assert bool(entry_exit_dynamics(problem).solution.members) == stable


def test_a_cycle_is_detected():
    """A cycle of Nash entry and exit: no coalition is Nash-stable here (sigma = 0.4, the spec's nine players)."""
    cost = np.array([2.2, 5.4, 7.0, 11, 30, 33, 34, 36, 38]) * 1e-4
    problem = StableCoalition(DataCoalition(cost, 0.16, 1.0))
    result = entry_exit_dynamics(problem, start="cheapest")
    assert result.termination is Termination.ROUNDS
    assert result.message.startswith("cycle of ")
    assert result.status is Status.UNKNOWN
    assert result.violations


def test_greedy_reaches_downward_closed_coalitions():
    stable = 0
    for problem in draw(2, 60):
        result = greedy_coalition(problem)
        members = list(result.solution.members)
        inside, table = np.zeros(problem.instance.num_players, dtype=bool), _Burdens(problem)
        order = np.argsort(problem.instance.cost, kind="stable")
        inside[order[:2]] = True
        for player in order[2:]:
            if table.entering(inside)[player] == -np.inf:
                break
            inside[player] = True
        assert members == np.flatnonzero(inside).tolist()
        cost = problem.instance.cost
        outside = np.delete(cost, members)
        assert not len(outside) or cost[members].max() <= outside.min()
        stable += result.feasible
    assert stable > 5


def test_given_start_same_seed_and_limits():
    problem = draw(3, 1)[0]
    assert entry_exit_dynamics(problem, start=[0, 1]).trace == entry_exit_dynamics(problem, start=[1, 0]).trace
    assert entry_exit_dynamics(problem, start="random", seed=5) is not None
    first, second = (entry_exit_dynamics(problem, start="random", seed=5) for _ in range(2))
    assert first.trace == second.trace
    assert entry_exit_dynamics(problem, max_rounds=0).termination is Termination.ROUNDS
    with pytest.raises(InputError, match="start: is 'nobody'"):
        entry_exit_dynamics(problem, start="nobody")
    with pytest.raises(InputError, match=r"members\[0\]: is 99"):
        entry_exit_dynamics(problem, start=[99])
    with pytest.raises(InputError, match="max_rounds"):
        entry_exit_dynamics(problem, max_rounds=-1)


def test_many_players():
    rng = np.random.default_rng(4)
    problem = StableCoalition(DataCoalition(rng.lognormal(-5, 1, 100_000), 0.5, 0.5), "robust")
    assert greedy_coalition(problem).solution is not None
    assert entry_exit_dynamics(problem, max_rounds=3).termination is Termination.ROUNDS
