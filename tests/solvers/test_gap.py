"""A gap that is close enough: heeded, never overstated, and no licence where none is given."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from ortools.sat.python import cp_model

from mcsopt.data import knapsack, sensing_market
from mcsopt.data.online_markets import drawn_online_market
from mcsopt.errors import InputError
from mcsopt.problems import Knapsack, KnapsackInstance, OfflineWelfare, OnlineRecruitment
from mcsopt.result import Status, Termination, is_proved
from mcsopt.solvers import Settings, cp_sat, solve
from mcsopt.solvers.backend import BackendAnswer, run_guarded, without_near_ties
from mcsopt.verification import check, find_bound

BACKENDS = ("highs", "cp-sat")


def derived(problem, result):
    return check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence).dual_bound


def assert_close(problem, result, gap, optimum):
    """Within the gap, on the right sides of the optimum, and honest about how it ended."""
    assert result.gap <= gap
    assert result.objective <= optimum * (1 + 1e-9)
    assert optimum <= result.dual_bound * (1 + 1e-9)
    short = not is_proved(result.gap)
    assert result.termination is (Termination.GAP if short else Termination.FINISHED)
    assert result.status is (Status.BOUNDED if short else Status.PROVED)


@pytest.mark.parametrize("seed", range(3))
def test_branch_and_price_stops_within_it_and_the_checker_derives_the_bound(seed):
    problem = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=seed, variant="hard"))
    optimum = solve(problem).objective
    for gap in (0.3, 0.05, 0.01, 1e-4):
        close = solve(problem, gap=gap)
        assert_close(problem, close, gap, optimum)
        assert derived(problem, close) == pytest.approx(close.dual_bound, rel=1e-11)


def test_branch_and_price_stops_as_soon_as_it_may():
    problem = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=0, variant="hard"))
    proved, close = solve(problem), solve(problem, gap=0.05)
    assert len(proved.evidence["tree"]) > 1
    assert close.termination is Termination.GAP
    assert len(close.evidence["tree"]) == 1


def test_branch_and_price_in_the_tree(monkeypatch):
    # Without dives and cuts the root stays far from its plan: the nodes must heed the gap as well.
    monkeypatch.setattr("mcsopt.solvers.branch_and_price._SHARES", ())
    monkeypatch.setattr("mcsopt.solvers.column_generation.MAX_CUTS", 0)
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))
    proved = solve(problem)
    sizes = [len(proved.evidence["tree"])]
    for gap in (1e-3, 1e-2):
        close = solve(problem, gap=gap)
        assert_close(problem, close, gap, proved.objective)
        assert derived(problem, close) == pytest.approx(close.dual_bound, rel=1e-11)
        sizes.append(len(close.evidence["tree"]))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_without_a_gap_nothing_is_different():
    problem = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=0, variant="hard"))
    plain, none = solve(problem), solve(problem, gap=0.0)
    assert (plain.evidence, plain.solution, plain.termination) == (none.evidence, none.solution, none.termination)


@pytest.mark.parametrize("solver", BACKENDS)
def test_backends_stop_within_it(solver):
    terminations = set()
    for seed in range(3):
        problem = Knapsack(knapsack(items=40, seed=seed, integer=True))
        optimum = solve(problem).objective
        for gap in (0.2, 0.05, 0.0):
            close = solve(problem, solver=solver, gap=gap)
            assert_close(problem, close, max(gap, 1e-7), optimum)
            terminations.add(close.termination)
    assert Termination.FINISHED in terminations
    assert solver == "cp-sat" or Termination.GAP in terminations  # CP-SAT may prove all of them on its way


@pytest.mark.parametrize(("claimed", "termination"), [(9.0, Termination.FINISHED), (10.0, Termination.GAP)])
def test_what_cp_sat_calls_optimal_within_the_gap_is_not(claimed, termination):
    problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))

    def build():
        search = cp_sat._CpSatSearch(problem, 0, gap=0.2)
        assert search.solver.parameters.relative_gap_limit == 0.2
        real = search.solver
        real.solve(search.stated.model)
        scale = search.stated.scale
        search.solver = SimpleNamespace(
            parameters=real.parameters, solve=lambda model: cp_model.OPTIMAL, value=real.value,
            boolean_value=real.boolean_value, objective_value=9.0 * scale, best_objective_bound=claimed * scale,
        )  # fmt: skip
        return search

    found = run_guarded(problem, "cp-sat", build, Settings(gap=0.2))
    assert (found.objective, found.dual_bound, found.termination) == (9.0, claimed, termination)


def test_a_near_tie_within_the_gap_is_excluded_all_the_same():
    """An answer that a gap ended is no limit: the search goes on without the near-tie."""

    class Module:
        @staticmethod
        def near_tie(problem, solution):
            return solution == "tie"

    answers = iter([
        BackendAnswer(solution="tie", finished=False, limit=Termination.GAP),
        BackendAnswer(solution="sound", finished=False, limit=Termination.GAP),
    ])  # fmt: skip
    excluded = []
    found = without_near_ties(None, Module, lambda _: next(answers), excluded.append, None)
    assert (found.solution, found.limit, excluded) == ("sound", Termination.GAP, ["tie"])


@pytest.mark.parametrize("solver", [None, *BACKENDS])
def test_infeasibility_is_proved_whatever_the_gap(solver):
    poor = replace(sensing_market(tasks=3, workers=9, seed=0), service="required", budget=np.ones(3))
    found = solve(OfflineWelfare(poor), solver=solver, gap=0.5)
    assert (found.status, found.termination) == (Status.INFEASIBLE, Termination.FINISHED)


def test_who_proves_anyway_may():
    problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))
    assert solve(problem, gap=0.5).status is Status.PROVED


def test_bounds_with_evidence_heed_it_in_both_stages():
    hard = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=0, variant="hard"))
    repair = OnlineRecruitment(drawn_online_market(tasks=12, workers=48, seed=0))
    for problem in (hard, repair):
        optimum = solve(problem).objective
        found = find_bound(problem, gap=0.05)
        assert found.result.gap <= 0.05
        assert optimum <= found.derivation.dual_bound * (1 + 1e-9)
        assert found.derivation.dual_bound == pytest.approx(found.result.dual_bound, rel=1e-9)
    assert find_bound(hard, gap=0.05).optimum is None  # close is not proved


@pytest.mark.parametrize("gap", [-0.1, math.nan, math.inf])
def test_nonsense_is_refused(gap):
    with pytest.raises(InputError, match=r"gap: is .*relative gap >= 0"):
        Settings(gap=gap)
