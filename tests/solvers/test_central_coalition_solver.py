from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.problems import CentralCoalition, DataCoalition, PrivateCoalition
from mcsopt.problems.data_coalition import random_players
from mcsopt.result import Assurance, Status
from mcsopt.seeds import generator
from mcsopt.solvers import solve
from mcsopt.solvers.central_coalition import social_costs


def test_every_size_costs_what_its_burdens_add_up_to() -> None:
    rng = generator(0)
    for _ in range(30):
        players = random_players(rng)
        order, cost = social_costs(players)
        assert (np.diff(players.cost[order]) >= 0).all()
        assert cost[0] == players.num_players * players.variance
        for k in range(2, players.num_players + 1):
            members = order[:k].tolist()
            expected = players.social_cost(members, players.assigned_privacy(members))
            assert cost[k] == pytest.approx(expected, rel=1e-13)


def test_levels_and_members_cannot_be_improved() -> None:
    """Nothing near the answer is cheaper: other levels, another member, one more, one less."""
    rng = generator(1)
    for _ in range(40):
        problem = CentralCoalition.random_small(rng)
        result = solve(problem, solver="central")
        assert result.status is Status.PROVED
        assert result.assurance is Assurance.FLOAT
        assert result.evidence == {"kind": "closed-form"}
        assert result.dual_bound is not None
        assert result.objective is not None
        assert result.dual_bound <= result.objective * (1 + 1e-15)
        least = result.objective * (1 - 1e-12)
        n, members = problem.instance.num_players, set(result.solution.members)
        for _ in range(20):
            other = members ^ set(rng.integers(0, n, 2).tolist())
            if len(other) == 1:
                continue
            best = problem.instance.assigned_privacy(sorted(other))
            levels = np.array(best) * np.exp(rng.normal(0, 0.1, len(best)))
            for privacy in (best, levels.tolist()):
                assert problem.evaluate(PrivateCoalition(sorted(other), privacy)) >= least


def test_the_empty_coalition_is_chosen_when_every_other_is_dearer() -> None:
    result = solve(CentralCoalition(DataCoalition([1.0, 1.0, 2.0], 0.01, 1.0)))
    assert result.solution.members == ()
    assert result.objective == pytest.approx(0.03)
    assert result.status is Status.PROVED


def test_a_tie_with_the_empty_coalition_keeps_two_members() -> None:
    # SC_c(2) = sigma^2 + 3 * 2^((2 alpha - 1)/3) (a_1 + a_2) equals 2 sigma^2.
    a = (0.01**2 / 2) ** (1 / 3)
    variance = 3 * 2 ** (1 / 3) * 2 * a
    result = solve(CentralCoalition(DataCoalition([0.01, 0.01], variance, 1.0)))
    assert result.solution.members == (0, 1)
    assert result.objective == pytest.approx(2 * variance)


def test_a_hundred_thousand_players_below_one_half_all_join() -> None:
    problem = CentralCoalition(DataCoalition(generator(2).uniform(0.001, 0.02, 100_000), 1.0, 0.0))
    result = solve(problem)
    assert len(result.solution.members) == 100_000
    assert result.gap is not None
    assert result.gap < 1e-12
    assert math.isfinite(result.objective or math.nan)
