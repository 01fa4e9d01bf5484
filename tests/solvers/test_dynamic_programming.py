from __future__ import annotations

import numpy as np
import pytest

from mcsopt.data.decision_processes import decision_process
from mcsopt.problems import DecisionProcess, FiniteMdp, Policy
from mcsopt.result import Status, Termination
from mcsopt.seeds import generator
from mcsopt.solvers import dynamic_programming, solve
from mcsopt.solvers.dynamic_programming import METHOD


@pytest.mark.parametrize("seed", range(80))
def test_agrees_with_every_policy(seed: int) -> None:
    problem = FiniteMdp.random_small(generator(seed))
    result = solve(problem)
    best = max(problem.evaluate(policy) for policy in problem.every_solution())
    assert result.status is Status.PROVED
    assert result.objective == pytest.approx(best, abs=1e-12)
    assert result.dual_bound >= best


@pytest.mark.parametrize("horizon", [None, 1, 7])
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_the_linear_program(horizon: int | None, seed: int) -> None:
    problem = FiniteMdp(decision_process(states=60, actions=3, successors=3, horizon=horizon, discount=0.97, seed=seed))
    own, stated = solve(problem), solve(problem, solver="highs")
    assert own.status is Status.PROVED
    assert stated.objective == pytest.approx(own.objective, rel=1e-8)


def test_a_horizon_needs_a_policy_by_step() -> None:
    # Stay for 1, or leave for 1.5: leave at the end only.
    problem = FiniteMdp(DecisionProcess(2, 0, [0, 0], [0, 1], [0, 1], [1.0, 1.0], [1.0, 1.5], 1.0, 3))
    result = solve(problem)
    assert (result.objective, result.dual_bound) == (3.5, 3.5)
    assert result.solution == Policy([[0, -1], [0, -1], [1, -1]])
    assert [problem.evaluate(Policy([action, -1])) for action in (0, 1)] == [3.0, 1.5]


@pytest.mark.parametrize("horizon", [None, 50])
def test_what_a_limit_leaves_is_a_policy_and_a_bound(horizon: int | None) -> None:
    problem = FiniteMdp(decision_process(states=200, horizon=horizon, discount=0.99))
    best = solve(problem)
    for limit in (0.0, 1e-4):
        result = solve(problem, time_limit=limit)
        assert result.objective <= best.objective * (1 + 1e-12)
        assert result.dual_bound >= best.objective * (1 - 1e-12)
    assert solve(problem, time_limit=0.0).termination is Termination.TIME
    kept = solve(problem, time_limit=0.0, start=best.solution)
    assert kept.objective == best.objective


def test_backward_induction_stopped_midway_continues_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = FiniteMdp(decision_process(states=30, horizon=20, discount=0.9))
    clock = iter(np.arange(0, 1000, 0.25))
    monkeypatch.setattr(dynamic_programming.time, "perf_counter", lambda: float(next(clock)))
    lines: list[str] = []
    result = solve(problem, solver=METHOD, time_limit=3.0, progress=lines.append)
    monkeypatch.undo()
    best = solve(problem)
    assert result.termination is Termination.TIME
    assert result.status is Status.BOUNDED
    assert best.objective <= result.dual_bound < solve(problem, time_limit=0.0).dual_bound
    assert len({tuple(step) for step in (result.evidence or {})["value"][:8]}) == 1
    assert any("of 20 steps" in line for line in lines)


def test_discounts_near_one_are_bounded_honestly() -> None:
    for rest, status in ((1e-6, Status.PROVED), (1e-11, Status.BOUNDED)):
        result = solve(FiniteMdp(decision_process(states=40, discount=1 - rest, terminal=0.0)))
        assert result.status is status
        assert result.gap < 1e-3
        assert result.termination is Termination.FINISHED


def test_gives_up_after_so_many_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamic_programming, "ROUNDS", 1)
    monkeypatch.setattr(dynamic_programming, "MOST_SWEEPS", 1)
    problem = FiniteMdp(decision_process(states=100, discount=0.99))
    result = solve(problem)
    assert result.termination is Termination.ROUNDS
    assert result.status is Status.BOUNDED
