"""The statement of online recruitment against brute force, with near-ties that it wrongly admits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcsopt.errors import TooLarge
from mcsopt.models import model, online_recruitment
from mcsopt.problems import Assignment, OnlineMarket, OnlineRecruitment
from mcsopt.result import Result, Status
from mcsopt.solvers import cp_sat, highs, solve
from mcsopt.solvers.registry import Settings

BACKENDS = (highs, cp_sat)


def brute_force(problem: OnlineRecruitment) -> Any:
    """Return the best of all plans, None if none is feasible."""
    return solve(problem, solver="enumeration").solution


def answer(problem: OnlineRecruitment, backend: Any) -> Result:
    result: Result = backend.solve(problem, Settings())
    return result


@pytest.mark.parametrize("restore", ["optional", "max", "required"])
@pytest.mark.parametrize("backend", BACKENDS, ids=["highs", "cp-sat"])
def test_the_optimum_is_that_of_brute_force(restore: str, backend: Any) -> None:
    seen = set()
    for seed in range(30):
        problem = replace(OnlineRecruitment.random_small(np.random.default_rng(seed)), restore=restore)
        best, result = brute_force(problem), answer(problem, backend)
        seen.add(result.status is Status.INFEASIBLE)
        if best is None:
            assert result.status is Status.INFEASIBLE
        else:
            assert result.objective == pytest.approx(problem.evaluate(best), rel=1e-6)
            assert result.dual_bound is not None
            assert result.dual_bound >= problem.evaluate(best) - 1e-9
    assert seen == ({True, False} if restore == "required" else {False})


def one_task(**changes: Any) -> OnlineRecruitment:
    """One task that demands 20 of nobody; worker 0 is worth most, then 1, then 2."""
    data = {
        "budget": [50.0], "demand": [20.0], "redundancy": [0.0], "arrival": [1.0] * 3, "pair_task": [0] * 3,
        "pair_worker": [0, 1, 2], "payment": [50.0, 50.0, 50.0], "cost": [0.0, 5.0, 10.0], "quality": [20.0] * 3,
        "base_quality_sum": [0.0], "base_count": [0],
    }  # fmt: skip
    return OnlineRecruitment(OnlineMarket(**(data | changes)))


@pytest.mark.parametrize("backend", BACKENDS, ids=["highs", "cp-sat"])
@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, 0),
        ({"payment": [50.0 + 1e-9, 50.0, 50.0]}, 0),
        ({"payment": [50.0 + 4e-9, 50.0 + 2e-9, 50.0]}, 2),
        ({"quality": [20.0 - 1e-12, 20.0, 20.0]}, 0),
        ({"quality": [20.0 - 1e-9, 20.0 - 1e-11, 20.0]}, 2),
    ],
)
def test_near_ties_are_told_from_ties(backend: Any, changes: dict[str, Any], chosen: int) -> None:
    problem = one_task(**changes)
    result = answer(problem, backend)
    assert result.solution == Assignment([[chosen]])
    assert ("near-ties excluded" in result.message) == (chosen == 2)


def test_what_is_no_near_tie_is_a_fault_not_excluded():
    problem = one_task(payment=[51.0, 50.0, 50.0])
    assert not online_recruitment.near_tie(problem, Assignment([[0]]))
    assert not online_recruitment.near_tie(problem, Assignment([[1]]))
    assert not online_recruitment.near_tie(replace(problem, restore="required"), Assignment([[]]))


def test_numbers_that_nothing_allows_are_left_out():
    # Two recruits exceed the budget; none of 19 restores the demand.
    ways = online_recruitment.recruits(one_task(quality=[20.0, 19.0, 20.0]))
    assert [(way.count, way.worker.tolist()) for way in ways] == [(1, [0, 2])]
    assert online_recruitment.recruits(one_task(quality=[19.0, 19.0, 19.0])) == []


@pytest.mark.parametrize("backend", BACKENDS, ids=["highs", "cp-sat"])
def test_payments_of_nothing_and_a_market_without_unmet_tasks(backend: Any) -> None:
    free = one_task(payment=[0.0] * 3, cost=[0.0] * 3)
    assert answer(free, backend).solution == Assignment([[0, 1, 2]])
    met = one_task(base_quality_sum=[25.0], base_count=[1])
    assert answer(met, backend).solution == Assignment([[]])
    assert answer(replace(met, restore="required"), backend).feasible


def test_too_many_columns_are_refused(monkeypatch):
    monkeypatch.setattr(online_recruitment, "MAX_COLUMNS", 2)
    with pytest.raises(TooLarge, match="more than 2 triples of task, worker and number"):
        model(one_task())
    assert "no solver takes this statement" in online_recruitment.describe(one_task())


@pytest.mark.parametrize(
    ("objective", "restore", "says"),
    [
        ("increment", "optional", ["S[i] + q[i,j]", "- Q^base[i]", "count[i,k] <= 1", "3 triples"]),
        ("recruits", "required", ["((q[i,j] recruited) / (1 + (k - 1) zeta[i]))", "count[i,k] =  1"]),
        ("increment", "max", ["- c[i,j] recruited + 152 count[i,k]"]),
    ],
)
def test_the_description_says_what_is_asked(objective: str, restore: str, says: list[str]) -> None:
    told = online_recruitment.describe(replace(one_task(objective=objective), restore=restore))
    for words in says:
        assert words in told
