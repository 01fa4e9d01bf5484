"""Prices before the linear program: what each step claims is a bound, and the optimum does not depend on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcsopt.data import sensing_market
from mcsopt.problems import OfflineWelfare
from mcsopt.solvers import branch_and_price, solve
from mcsopt.solvers.column_generation import ColumnGeneration
from mcsopt.solvers.price_descent import STEPS, descend
from mcsopt.verification import check


def root_of(problem):
    market = problem.instance
    usable, served = np.ones(market.num_pairs, dtype=bool), problem.obliged
    generation = ColumnGeneration(problem)
    return generation, generation.priced(np.zeros(market.num_workers), usable, served), usable, served


@pytest.mark.parametrize("service", ["optional", "required"])
def test_each_step_bounds_the_program_and_the_last_ones_closely(service):
    market = sensing_market(tasks=10, workers=40, seed=8)
    problem = OfflineWelfare(replace(market, service=service, demand=0.3 * market.demand))
    generation, free, usable, served = root_of(problem)
    before = len(generation.pool)
    answers = list(descend(generation, free, usable, served))
    assert 1 < len(answers) <= STEPS
    assert len(generation.pool) > before
    value = generation.pool.solve().objective
    settled = generation.solve(usable, served, free)
    best = min(answer.bound for answer in answers)
    assert settled.bound * (1 - 1e-9) <= best
    assert value <= best * (1 + 1e-9)
    assert best - settled.bound < 0.25 * (free.bound - settled.bound)
    for answer in answers:
        assert (answer.price >= 0).all()
        assert answer.bound == pytest.approx(generation.priced(answer.price, usable, served).bound, rel=1e-12)


def test_where_nothing_is_worth_anything_there_is_no_step():
    market = sensing_market(tasks=3, workers=9, seed=0)
    generation, free, usable, served = root_of(OfflineWelfare(replace(market, cost=market.payment + 1.0)))
    assert free.bound == 0
    assert list(descend(generation, free, usable, served)) == []


def test_prices_that_every_worker_meets_end_it():
    # One task, and all who help it: each is in its best set once, as soon as prices are low enough.
    market = sensing_market(tasks=1, workers=2, seed=0)
    generation, free, usable, served = root_of(OfflineWelfare(market))
    assert len(list(descend(generation, free, usable, served))) < STEPS


@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_does_not_depend_on_it(monkeypatch, seed):
    problem = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=seed, variant="hard"))
    plain = solve(problem)
    monkeypatch.setattr(branch_and_price, "_FLOOD", 0.0)
    descended = []
    monkeypatch.setattr(branch_and_price, "descend", lambda *words: descended.append(words) or descend(*words))
    found = solve(problem)
    assert descended
    assert found.objective == pytest.approx(plain.objective, rel=1e-12)
    derivation = check.derive(problem.name, problem.options, problem.instance.to_json(), found.evidence)
    assert derivation.dual_bound == pytest.approx(plain.dual_bound, rel=1e-7)


def test_time_up_during_the_steps_leaves_a_valid_bound(monkeypatch):
    problem = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=0, variant="hard"))
    optimum = solve(problem).objective
    monkeypatch.setattr(branch_and_price, "_FLOOD", 0.0)
    stopped = solve(problem, time_limit=0)
    derivation = check.derive(problem.name, problem.options, problem.instance.to_json(), stopped.evidence)
    assert optimum <= derivation.dual_bound
