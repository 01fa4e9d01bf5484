"""The subset program and the prices of players: optimal, bounded when cut short, honest where nothing can be done."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.data import coalition_game
from mcsopt.data.coalition_games import VALUES
from mcsopt.problems import CoalitionGame, CoalitionStructure, Partition
from mcsopt.problems.coalition_game import subset_sums
from mcsopt.result import Status, Termination
from mcsopt.seeds import generator
from mcsopt.solvers import Settings, player_prices, solve, subset_program
from mcsopt.solvers.player_prices import PriceProgram, fair_shares, raised
from mcsopt.solvers.subset_program import SubsetProgram
from mcsopt.verification import certify, verify


def best(problem: CoalitionStructure) -> float:
    return max(problem.evaluate(p) for p in problem.every_solution() if not problem.violations(p))


@pytest.mark.parametrize("threshold", [None, 0.3])
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("players", [1, 3, 7])
def test_families_against_brute_force(players, values, threshold):
    problem = CoalitionStructure(coalition_game(players, values, seed=players, threshold=threshold))
    result = solve(problem)
    assert result.status is Status.PROVED
    assert result.objective == pytest.approx(best(problem), rel=1e-12, abs=1e-12)


def test_evidence_is_prices_where_they_prove_it_and_the_table_elsewhere():
    core = CoalitionStructure(CoalitionGame(3, [0, 1, 1, 3, 1, 3, 3, 6]))
    assert solve(core).evidence == {"kind": "player-prices", "price": pytest.approx([2, 2, 2])}
    # Any two of three gain 1: halves of all three pairs are worth 3/2.
    majority = CoalitionStructure(CoalitionGame(3, [0, 0, 0, 1, 0, 1, 1, 1]))
    result = solve(majority)
    assert (result.objective, result.dual_bound, result.evidence) == (1.0, 1.0, {"kind": "subset-values"})
    short = solve(majority, time_limit=0)
    assert (short.termination, short.status, short.objective) == (Termination.TIME, Status.BOUNDED, 0.0)
    assert short.dual_bound == pytest.approx(1.5)


@pytest.mark.parametrize("seed", range(20))
def test_prices_pay_for_every_coalition(seed):
    rng = generator(seed)
    game = CoalitionStructure.random_small(rng).instance
    if not game.may_form.any():
        return
    program = PriceProgram(game)
    assert program.solve(math.inf, lambda line: None)
    for prices in (fair_shares(game), program.best, raised(game, rng.normal(size=game.players))):
        assert (subset_sums(prices.price)[1:] >= game.worth[1:] - 1e-12).all()
        assert prices.bound >= math.fsum(prices.price) - 1e-12
    assert program.best.bound <= fair_shares(game).bound


def test_the_least_prices_are_those_of_the_relaxation():
    # A core: nothing is worth more than its share in the whole.
    program = PriceProgram(CoalitionGame(3, [0, 1, 1, 3, 1, 3, 3, 6]))
    program.solve(math.inf, lambda line: None)
    assert program.best.bound == pytest.approx(6)
    assert program.chosen == Partition([[0, 1, 2]])


def test_a_deadline_between_rounds_keeps_the_bound_so_far():
    program = PriceProgram(coalition_game(8, seed=1))
    before = program.best.bound
    assert not program.solve(-math.inf, lambda line: None)
    assert program.best.bound == before


def test_a_linear_program_that_fails_leaves_the_bound_so_far(monkeypatch):
    class Nothing:
        x = None

    monkeypatch.setattr(player_prices, "linprog", lambda *_, **__: Nothing())
    problem = CoalitionStructure(coalition_game(6, seed=1))
    assert solve(problem).objective == pytest.approx(best(problem))


def test_rounds_run_out(monkeypatch):
    monkeypatch.setattr(player_prices, "_MOST_ROUNDS", 1)
    problem = CoalitionStructure(coalition_game(6, seed=1))
    result = solve(problem)
    assert result.status is Status.PROVED
    assert result.objective == pytest.approx(best(problem))


def test_the_table_stops_between_pieces(monkeypatch):
    monkeypatch.setattr(subset_program, "SPLITS", 8)
    monkeypatch.setattr(subset_program, "REPORT_SECONDS", 0.0)
    lines: list[str] = []
    problem = CoalitionStructure(coalition_game(6, seed=2))
    table = SubsetProgram(problem)
    assert table.solve(math.inf, Settings(progress=lines.append))
    assert table.done
    assert "piece" in lines[-1]
    partition, value = table.partition()
    assert partition is not None
    assert problem.evaluate(partition) == pytest.approx(value) == pytest.approx(best(problem))
    assert not SubsetProgram(problem).solve(-math.inf, Settings())


def test_a_start_is_kept_when_time_is_up():
    problem = CoalitionStructure(CoalitionGame(3, [0, 0, 0, 1, 0, 1, 1, 1]))
    result = solve(problem, start=Partition([[0, 2], [1]]), time_limit=0)
    assert result.solution == Partition([[0, 2], [1]])


@pytest.mark.parametrize(
    ("feasible", "why"),
    [
        ([1, 0, 0, 0, 0, 0, 0, 0], "no coalition may form"),
        ([1, 1, 0, 0, 0, 1, 0, 0], "player 1 is in no coalition that may form"),
        ([1, 0, 0, 1, 0, 1, 1, 0], "no choice of coalitions that may form holds every player once"),
    ],
)
def test_why_there_is_no_partition(feasible, why):
    problem = CoalitionStructure(CoalitionGame(3, np.arange(8), feasible))
    for solver in ("subset-program", "highs", "cp-sat", "enumeration"):
        result = solve(problem, solver=solver)
        assert (result.status, result.message) == (Status.INFEASIBLE, why)


def test_sums_that_cancel_are_exact_where_the_grid_allows():
    exact = SubsetProgram(CoalitionStructure(CoalitionGame(2, [0, 0.5, -0.5, 3.25])))
    assert exact.rounding() == 0.0
    assert SubsetProgram(CoalitionStructure(CoalitionGame(2, np.zeros(4)))).rounding() == 0.0
    rounded = SubsetProgram(CoalitionStructure(CoalitionGame(2, [0, 0.1, 0.7, 1e-300])))
    assert 0 < rounded.rounding() < 1e-14


@pytest.mark.parametrize("players", [5, 14])
def test_where_nobody_gains_by_anybody_zero_is_proved(players):
    value = -generator(players).random(1 << players)
    value[0], value[1 << np.arange(players)] = 0, 0
    problem = CoalitionStructure(CoalitionGame(players, value))
    for time_limit in (None, 0.0):
        result = solve(problem, time_limit=time_limit)
        assert (result.status, result.objective, result.dual_bound) == (Status.PROVED, 0.0, 0.0)
        certificate = certify(problem, result)
        assert certificate.status is Status.PROVED
        assert verify(certificate).accepted


@pytest.mark.parametrize("scale", [1e-290, 1e-8, 1e8, 1e99])
def test_values_of_any_magnitude(scale):
    game = coalition_game(5, seed=3)
    problem = CoalitionStructure(CoalitionGame(5, game.value * scale))
    for solver in ("subset-program", "highs"):
        result = solve(problem, solver=solver)
        assert result.objective == pytest.approx(best(problem), rel=1e-9, abs=0)
    assert verify(certify(problem, solve(problem))).accepted


def test_thirteen_players_and_more_are_proved_and_verified():
    for players, values in ((13, "normal"), (14, "superadditive"), (14, "distance")):
        problem = CoalitionStructure(coalition_game(players, values, seed=1))
        result = solve(problem)
        certificate = certify(problem, result)
        assert certificate.status is Status.PROVED
        assert verify(certificate).accepted
