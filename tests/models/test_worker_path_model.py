from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.models import write_model
from mcsopt.models.path_windows import IntegerTimes, PathWindows
from mcsopt.models.worker_path import (
    build_cp_sat,
    build_pyomo,
    describe,
    exclude_cp_sat,
    exclude_pyomo,
    near_tie,
    read_pyomo,
)
from mcsopt.problems import Route, WorkerPath, WorkerPathInstance
from mcsopt.result import Status
from mcsopt.seeds import generator
from mcsopt.solvers import solve

BACKENDS = ("highs", "cp-sat")
BACKEND_ROUNDING = 1e-6


def problem_of(
    profit: Any, opened: Any, close: Any, service: Any, travel: Any, back: bool = False, horizon: float = 100.0
) -> WorkerPath:
    return WorkerPath(WorkerPathInstance(profit, opened, close, service, travel, back, horizon))


def line(gaps: list[float], close: list[float], **kwargs: Any) -> WorkerPath:
    """Return tasks worth 1, 2, ... in a row, so many gaps apart, without service."""
    x = np.concatenate([[0.0], np.cumsum(gaps)])
    n = len(x)
    return problem_of(np.arange(n), np.zeros(n), [0.0, *close], np.zeros(n), np.abs(x[:, None] - x), **kwargs)


def drawn(count: int, seed: int) -> list[WorkerPath]:
    rng = generator(seed)
    return [WorkerPath.random_small(rng) for _ in range(count)]


def optimum(problem: WorkerPath) -> float:
    found = solve(problem, solver="enumeration").objective
    assert found is not None
    return found


def test_both_statements_agree_with_enumeration() -> None:
    for problem in drawn(60, 1):
        best = optimum(problem)
        for backend in BACKENDS:
            result = solve(problem, solver=backend)
            assert result.objective is not None
            assert result.dual_bound is not None
            assert problem.violations(result.solution) == ()
            assert result.dual_bound >= best - 1e-9
            error = 0.0 if backend == "highs" else len(problem.instance.open) * 2e-6 * max(1.0, best)
            assert best - error - BACKEND_ROUNDING <= result.objective <= best + BACKEND_ROUNDING


def test_windows_hold_every_feasible_path() -> None:
    for problem in drawn(60, 2):
        windows = PathWindows.of(problem.instance)
        for route in itertools.islice(problem.every_solution(), 400):
            if problem.violations(route):
                continue
            nodes = (0, *route.nodes, 0) if route.nodes else ()
            assert set(itertools.pairwise(nodes)) <= set(windows.arcs)
            for node, start in zip(route.nodes, problem.starts(route), strict=True):
                assert windows.earliest[node] <= start <= windows.deadline[node] + windows.slack
                profit = problem.instance.profit_at(node, start)
                assert max(worth for worth, until in windows.levels(node) if start <= until + windows.slack) == profit
            if route.nodes:
                assert problem.starts(route)[-1] <= windows.end_by(route.nodes[-1]) + windows.slack


def test_windows_shrink_to_what_can_be_reached_by_any_way() -> None:
    # From 0 to 2 through 1 is faster than straight; 3 is too far, the way back from 2 leads through 1.
    travel = [[0, 2, 9, 50], [2, 0, 3, 50], [9, 3, 0, 50], [50, 50, 50, 0]]
    windows = PathWindows.of(problem_of([0, 1, 1, 1], [0, 4, 0, 0], [99] * 4, [1] * 4, travel, True, 20).instance)
    assert windows.earliest.tolist() == [0, 4, 8, np.inf]
    assert windows.deadline[1:3].tolist() == [17, 13]
    assert windows.tasks == [1, 2]
    assert (2, 0) in windows.arcs
    assert windows.end_by(2) == 10


def test_levels_are_the_distinct_profits_within_reach() -> None:
    place = problem_of([0, [5, 5, 3, 3, 0, 0]], [0, 2], [9, 7], [0, 1], [[0, 3], [3, 0]], False, 7).instance
    # The start is at 3 at the earliest, at 6 at the latest.
    assert PathWindows.of(place).levels(1) == [(5, 3), (3, 5), (0, 6)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_nobody_walks_in_a_circle_that_takes_no_time(backend: str) -> None:
    # Both 1 and 2, or 3: nobody who is at 3 can reach the others in time.
    travel = np.full((4, 4), 30.0)
    travel[1, 2] = travel[2, 1] = 0
    problem = problem_of([0, 9, 9, 20], [0] * 4, [40] * 4, [0] * 4, travel, horizon=40)
    assert solve(problem, solver=backend).objective == 20
    wider = problem_of([0, 9, 9, 20], [0] * 4, [60] * 4, [0] * 4, travel, horizon=60)
    assert solve(wider, solver=backend).objective == 38


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_tasks_or_any_within_reach_the_worker_stays(backend: str) -> None:
    for problem in (
        problem_of([0], [0], [0], [0], [[0]]),
        problem_of([0, 1], [0, 0], [0, 1], [0, 0], [[0, 2], [2, 0]]),
        problem_of([0, 1], [0, 0], [9, 9], [0, 0], [[0, 2], [2, 0]], True, 3),
    ):
        result = solve(problem, solver=backend)
        assert (result.status, result.objective, result.solution) == (Status.PROVED, 0, Route(()))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("late", [2e-9, 1e-7, 1e-6])
def test_a_path_that_is_late_by_little_is_excluded(backend: str, late: float) -> None:
    # Sevenths, so that no integers are exact; task 2 is in time by way of task 1, and missed by way of 3 and 1.
    travel = [[0, 0.05, 1, 1 / 7], [1, 0, 2 / 7, 1], [1, 1, 0, 1], [1, 1 / 7, 1, 0]]
    problem = problem_of([0, 1, 2, 4], [0] * 4, [0, 1, 1 / 7 + 1 / 7 + 2 / 7 - late, 1], [0] * 4, travel)
    assert near_tie(problem, Route([3, 1, 2]))
    result = solve(problem, solver=backend)
    assert result.status is Status.PROVED
    assert result.objective == optimum(problem) == 5
    assert backend != "cp-sat" or "1 near-ties excluded" in result.message


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tolerance_is_granted_at_each_window(backend: str) -> None:
    gaps = [0.1, 0.2, 0.3, 0.7]
    close = [float(time) - 0.9 * tolerances.TIME for time in np.cumsum(gaps)]
    problem = line(gaps, close, horizon=1.3)
    assert problem.violations(Route([1, 2, 3, 4])) == ()
    assert solve(problem, solver=backend).objective == 10


@pytest.mark.parametrize("backend", BACKENDS)
def test_clock_times_far_from_zero(backend: str) -> None:
    moment = 1.7e9
    for small in drawn(12, 5):
        place = small.instance
        later = problem_of(place.profit, place.open + moment, place.close + moment, place.service, place.travel,
                           place.return_to_start, place.horizon + moment)  # fmt: skip
        best = optimum(later)
        result = solve(later, solver=backend)
        assert result.objective == pytest.approx(best, rel=1e-5)
        assert result.dual_bound is not None
        assert result.dual_bound >= best - 1e-9


def test_near_ties_are_near() -> None:
    problem = line([1 / 7, 2 / 7], [1.0, 3 / 7 - 1e-6])
    assert near_tie(problem, Route([1, 2]))
    assert not near_tie(problem, Route([1]))
    assert not near_tie(problem, Route([2, 1])) or problem.violations(Route([2, 1]))
    assert not near_tie(line([1 / 7, 2 / 7], [1.0, 0.4]), Route([1, 2]))
    # Integers and decimals leave no room for ties.
    assert not near_tie(line([1, 2], [9.0, 2.0]), Route([1, 2]))
    assert not near_tie(line([0.1, 0.2], [9.0, 0.29]), Route([1, 2]))


def test_what_is_excluded_is_every_path_that_begins_so() -> None:
    problem = line([1.0, 1.0, 1.0], [9.0, 1.5, 9.0])
    model, stated = build_pyomo(problem), build_cp_sat(problem)
    assert (1, 2) not in model.arc
    reach = line([1.0, 1.0, 1.0], [9.0, 9.0, 2.5])
    model, stated = build_pyomo(reach), build_cp_sat(reach)
    before = len(stated.model.proto.constraints)
    late = problem_of(reach.instance.profit, reach.instance.open, [0, 9.0, 1.5, 9.0], reach.instance.service,
                      reach.instance.travel)  # fmt: skip
    model.asked = late
    exclude_pyomo(model, Route([1, 2]))
    assert str(model.excluded[1].body) == "arc[0,1] + arc[1,2]"
    assert pyo.value(model.excluded[1].upper) == 1
    exclude_cp_sat(stated, Route([1, 2]))
    assert len(stated.model.proto.constraints) == before + 1


def test_a_late_return_excludes_the_whole_path() -> None:
    problem = line([1.0, 1.0], [9.0, 9.0], back=True, horizon=4.0)
    model = build_pyomo(problem)
    model.asked = line([1.0, 1.0], [9.0, 9.0], back=True, horizon=3.0)
    exclude_pyomo(model, Route([1, 2]))
    assert str(model.excluded[1].body) == "arc[0,1] + arc[1,2] + arc[2,0]"


def integer_times(times: list[float], horizon: float) -> IntegerTimes:
    n = len(times)
    return IntegerTimes.of(problem_of(np.zeros(n), np.zeros(n), times, np.zeros(n), np.zeros((n, n)), False,
                                      horizon).instance)  # fmt: skip


def test_integer_times_are_the_coarsest_that_are_exact() -> None:
    assert integer_times([0, 3, 4], 9) == IntegerTimes(0, 1, True, 0)
    assert integer_times([0, 0.3, 4], 9).scale == 10
    assert integer_times([0, 0.123456], 9).scale == 10**6
    assert not integer_times([0, 0.1234567], 9).exact
    assert not integer_times([0, 0.123456], 90).exact  # too many units
    assert integer_times([0, 12345678901], 9) == IntegerTimes(0, 1, True, 0)  # the horizon comes first
    large = integer_times([0, 1e9], 1e9)
    assert not large.exact
    assert large.scale * 1e9 <= 1e7
    assert integer_times([0, 0], 0).exact


def test_integer_times_relax_every_feasible_path() -> None:
    rng = generator(7)
    for problem in drawn(40, 6):
        times, place = IntegerTimes.of(problem.instance), problem.instance
        windows = PathWindows.of(place)
        for _ in range(20):
            route = Route(1 + rng.permutation(place.num_tasks)[: rng.integers(0, place.num_tasks + 1)])
            here, now, inside = 0, 0, True
            for node in route.nodes:
                now = max(now + times.duration(windows.duration((here, node))), times.first(float(place.open[node])))
                inside &= now <= times.last(float(windows.deadline[node]), windows.slack)
                here = node
            if place.return_to_start and route.nodes:
                inside &= now <= times.last(windows.end_by(here), windows.slack)
            broken = problem.violations(route)
            assert inside or broken
            if inside:
                assert all(v.amount <= times.slack(len(route.nodes)) + windows.slack for v in broken)


def test_cp_sat_refuses_tables_over_too_many_integers() -> None:
    problem = problem_of([0, [3, 2]], [0, 5], [0, 6], [0, 0], [[0, 1], [1, 0]], False, 1e8)
    with pytest.raises(InputError, match="use solver 'highs'") as caught:
        build_cp_sat(problem)
    assert caught.value.field == "horizon"
    assert solve(problem, solver="highs").objective == 3


def test_unsolved_pyomo_model_reads_as_empty() -> None:
    problem = line([1.0], [9.0])
    assert read_pyomo(problem, build_pyomo(problem)) == Route(())


def test_describe_states_the_numbers_and_the_return() -> None:
    problem = line([1.0, 1.0, 60.0], [9.0, 9.0, 9.0], back=True, horizon=12.0)
    text = describe(problem)
    assert "3 tasks, 2 within reach, 6 arcs, horizon 12." in text
    assert "when to leave j at the latest to be back in time" in text
    assert "back in time" not in describe(line([1.0], [9.0]))


def test_the_model_is_linear_and_can_be_written(tmp_path: Any) -> None:
    write_model(line([1.0, 2.0], [9.0, 9.0]), tmp_path / "path.lp")
    assert "arc" in (tmp_path / "path.lp").read_text()
