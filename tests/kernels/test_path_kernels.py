"""The kernels of worker paths, held to the problem's own truth."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.kernels import path_bounds, path_labels
from mcsopt.kernels.path_map import time_grid
from mcsopt.problems import Route, WorkerPath
from mcsopt.solvers import solve
from mcsopt.solvers.path_subsets import Program, place_of, takes
from tests.solvers.path_cases import drawn

pytestmark = pytest.mark.kernel


def test_paths_are_worth_what_the_problem_says() -> None:
    feasible = 0
    for seed in range(60):
        problem = drawn(seed, most=7)
        place, rng = place_of(problem.instance), np.random.default_rng(seed)
        for _ in range(10):
            path = rng.permutation(problem.instance.num_tasks)[: rng.integers(1, 5)] + 1
            value = path_bounds.value_of(place, path, len(path))
            if problem.violations(Route(path)):
                assert value == -1.0
            else:
                feasible += len(path) > 1
                assert value == pytest.approx(problem.evaluate(Route(path)))
    assert feasible > 20


def test_any_prices_bound_every_path() -> None:
    for seed in range(40):
        problem = drawn(seed, most=6)
        best = solve(problem, solver="enumeration").objective
        assert best is not None
        place, rng = place_of(problem.instance), np.random.default_rng(seed)
        grid = time_grid(place, 60)
        worth, then = np.empty((2, len(grid.node))), np.empty((2, len(grid.node)), np.int64)
        for scale in (0.0, 1.0, 5.0):
            price = rng.uniform(0, scale, problem.instance.num_nodes)
            assert path_bounds.relax(place, grid, price, worth, then) >= best - 1e-9


def test_better_prices_lower_the_bound_and_paths_found_on_the_way_are_feasible() -> None:
    lowered = 0
    for seed in range(15):
        problem = drawn(seed, most=9)
        place, n = place_of(problem.instance), problem.instance.num_nodes
        price, path = np.zeros(n), np.zeros(n, np.int64)
        grid = time_grid(place, 100)
        first, *_ = path_bounds.improve_prices(place, grid, price, 1, path, 0, 0.0)
        last, size, value = path_bounds.improve_prices(place, grid, price, 30, path, 0, 0.0)
        assert last <= first
        lowered += last < first - 1e-9
        route = Route(path[:size].tolist())
        assert not problem.violations(route)
        assert value == pytest.approx(problem.evaluate(route))
        assert value <= last + 1e-9
    assert lowered


def test_what_is_out_of_reach_is_never_reached() -> None:
    for seed in range(20):
        problem = drawn(seed, most=5)
        place = place_of(problem.instance)
        for route in problem.every_solution():
            if len(route.nodes) < 2 or problem.violations(route):
                continue
            starts = problem.starts(route)
            for k, node in enumerate(route.nodes[:-1]):
                passed = int(np.sum(place.limits[node] < starts[k]))
                later = sum(1 << after for after in route.nodes[k + 1 :])
                assert not int(place.barred[node, passed, 0]) & later


def searched(problem: WorkerPath, room: int, quota: int) -> tuple[float, list[int], int]:
    """Search labels without prices and from nothing; return profit and path of the best, and the last state."""
    place, n = place_of(problem.instance), problem.instance.num_nodes
    grid = time_grid(place, 50)
    worth, then = np.empty((2, len(grid.node))), np.empty((2, len(grid.node)), np.int64)
    price = np.zeros(n)
    path_bounds.relax(place, grid, price, worth, then)
    guide = path_labels.Guide(price, grid, worth, then)
    labels, seats = path_labels.new_labels(room, 1), path_labels.new_seats(room, 1, n)
    buckets, counts = np.empty(32, np.int32), np.zeros(path_labels.NUM_COUNTS, np.int64)
    counts[path_labels.BEST] = path_labels.NONE
    reals = np.array([0.0, 0.0, -1e-12])
    path_labels.plant(place, guide, labels, buckets, counts)
    state = path_labels.search(place, guide, labels, seats, buckets, reals, counts, quota)
    path = np.empty(n, np.int64)
    size = path_labels.path_of(labels, counts[path_labels.BEST], path)
    return float(reals[path_labels.VALUE]), path[:size].tolist(), state


def test_labels_find_the_best_path() -> None:
    for seed in range(25):
        problem = drawn(seed, most=6)
        value, path, state = searched(problem, 4096, 10**6)
        assert state == path_labels.DONE
        assert value == pytest.approx(solve(problem, solver="enumeration").objective)
        assert not problem.violations(Route(path))
        assert value == pytest.approx(problem.evaluate(Route(path)))


def test_labels_stop_where_room_or_quota_ends() -> None:
    problem = drawn(4, most=10)
    assert searched(problem, problem.instance.num_nodes, 10**6)[2] == path_labels.FULL
    assert searched(problem, 4096, 1)[2] == path_labels.PAUSED


def test_sets_find_the_best_path() -> None:
    for seed in range(25):
        problem = drawn(seed, most=6, tables=False)
        assert takes(problem.instance)
        program = Program(place_of(problem.instance))
        while program.advance():
            pass
        assert program.value == pytest.approx(solve(problem, solver="enumeration").objective)
        assert not problem.violations(program.route())
        assert problem.evaluate(program.route()) == pytest.approx(program.value)
