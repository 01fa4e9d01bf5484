"""The set-packing program held to the Pyomo model on the same columns, its cuts to the definition."""

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest

from mcsopt.data import sensing_market
from mcsopt.kernels.worker_sets import feasible_sets
from mcsopt.models.offline_welfare import build_pyomo
from mcsopt.problems import OfflineWelfare
from mcsopt.solvers.column_lp import ColumnLp
from mcsopt.solvers.subset_row import violated


def filled(problem):
    program = ColumnLp(problem)
    program.add(feasible_sets(problem))
    return program


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_program_is_the_relaxation_of_the_pyomo_model(seed):
    problem = OfflineWelfare(sensing_market(tasks=6, workers=22, seed=seed))
    model = build_pyomo(problem)
    pyo.TransformationFactory("core.relax_integer_vars").apply_to(model)
    pyo.SolverFactory("appsi_highs").solve(model)
    program = filled(problem)
    solution = program.solve()
    assert solution.objective == pytest.approx(pyo.value(model.welfare), rel=1e-9)
    # Strong duality: the prices and thresholds prove the same number.
    assert solution.price.sum() + solution.threshold.sum() == pytest.approx(solution.objective, rel=1e-9)


def test_columns_are_added_once():
    problem = OfflineWelfare(sensing_market(tasks=4, workers=14, seed=1))
    sets = feasible_sets(problem)
    program = ColumnLp(problem)
    assert program.add(sets) == len(sets) == len(program)
    assert program.add(sets) == 0


def test_a_node_allows_only_its_pairs_and_serves_its_tasks():
    problem = OfflineWelfare(sensing_market(tasks=5, workers=24, seed=2))
    market, program = problem.instance, filled(problem)
    free = program.solve().objective
    usable = np.random.default_rng(0).random(market.num_pairs) < 0.5
    program.restrict(usable, np.zeros(5, dtype=bool))
    restricted = program.solve()
    assert restricted.objective < free
    used = program.shares(restricted.weights)
    assert not used[~usable].any()
    best, everything = None, np.ones(market.num_pairs, dtype=bool)
    for served in itertools.product([False, True], repeat=5):
        program.restrict(everything, np.array(served))
        solution = program.solve()
        if solution is None:
            assert program.least_unserved(np.array(served)).objective > 1e-9
            continue
        shares = np.bincount(program.task, solution.weights, minlength=5)
        assert shares[list(served)] == pytest.approx(1.0)
        best = max(best or 0, solution.objective)
    assert best == pytest.approx(free, rel=1e-9)


def violation(program, weights, cut):
    total = 0.0
    for column in range(len(weights)):
        rows = {*program.workers[column], program.num_workers + int(program.task[column])}
        total += weights[column] * (len(rows.intersection(cut)) // 2)
    return total - 1


def test_violated_cuts_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    seen = 0
    for seed in range(8):
        program = filled(OfflineWelfare(sensing_market(tasks=4, workers=12, seed=seed)))
        if not len(program):
            continue
        weights = np.zeros(len(program))
        weights[rng.choice(len(program), min(7, len(program)), replace=False)] = 0.5
        rows = program.num_workers + program.num_tasks
        found = violated(*program.support(weights), np.zeros((0, 3), dtype=np.int64))
        amounts = {cut: violation(program, weights, cut) for cut in itertools.combinations(range(rows), 3)}
        largest = max(amounts.values())
        assert (largest > 0.03) == (len(found) > 0)
        for cut in map(tuple, found.tolist()):
            assert amounts[cut] > 0.03
        if len(found):
            assert amounts[tuple(found[0])] == pytest.approx(largest)
            again = violated(*program.support(weights), found)
            assert not set(map(tuple, again.tolist())) & set(map(tuple, found.tolist()))
            seen += 1
    assert seen >= 3


def test_cuts_hold_for_old_and_new_columns_and_cut_off_no_plan():
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))
    program = filled(problem)
    before = program.solve()
    late = ColumnLp(problem)
    cuts = violated(*program.support(before.weights), program.cuts)
    assert len(cuts)
    program.add_cuts(cuts)
    late.add_cuts(cuts)
    late.add(feasible_sets(problem))
    after, other = program.solve(), late.solve()
    assert 1099.2949 < after.objective < before.objective  # the optimum is 1099.2950
    assert after.objective == pytest.approx(other.objective, rel=1e-9)
    for cut in cuts.tolist():
        assert violation(program, after.weights, cut) <= 1e-7
    fines = after.cuts.weight.sum()
    assert after.price.sum() + after.threshold.sum() + fines == pytest.approx(after.objective, rel=1e-9)
