"""Walking, scheduling, inserting: compiled code against the problem's own words."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt import tolerances
from mcsopt.data.worker_paths import worker_path
from mcsopt.kernels.path_search import (
    CONTROLS,
    best_insertion,
    improve,
    lost,
    new_candidates,
    new_tour,
    recreate,
    ruin,
    schedule,
)
from mcsopt.kernels.worker_paths import INFEASIBLE, Place, collected, place_of
from mcsopt.problems import Route, WorkerPath

pytestmark = pytest.mark.kernel


def orders(seed: int, count: int) -> list[tuple[WorkerPath, Place, np.ndarray]]:
    """Return small problems, each with a random order of some of its tasks, feasible or not."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(count):
        problem = WorkerPath.random_small(rng)
        tasks = rng.permutation(np.arange(1, problem.instance.num_nodes))
        found.append((problem, place_of(problem.instance), tasks[: rng.integers(0, len(tasks) + 1)]))
    return found


def feasible(seed: int, count: int) -> list[tuple[WorkerPath, Place, np.ndarray]]:
    return [case for case in orders(seed, count) if not case[0].violations(Route(case[2].tolist()))]


def value(problem: WorkerPath, path: list[int]) -> float:
    """Profit of a path; minus infinity if it breaks a constraint."""
    route = Route(path)
    return -np.inf if problem.violations(route) else problem.evaluate(route)


def test_a_walk_collects_what_the_problem_says() -> None:
    broken = 0
    for problem, place, path in orders(0, 400):
        expected = value(problem, path.tolist())
        broken += expected < 0
        assert collected(place, path, len(path)) == (INFEASIBLE if expected < 0 else pytest.approx(expected, rel=1e-12))
    assert 100 < broken < 350


def test_latest_starts_are_where_delay_begins_to_break_something() -> None:
    tested = 0
    for problem, place, path in feasible(1, 400):
        tour, size = new_tour(problem.instance.num_tasks), len(path)
        tour.path[:size] = path
        schedule(place, tour, size, new_candidates(place).limit)
        assert tour.start[:size].tolist() == pytest.approx(problem.starts(Route(path.tolist())), abs=1e-12)
        for k in range(size):
            for late, broken in ((tour.latest[k] - 1e-6, False), (tour.latest[k] + 1e-6, True)):
                if late >= tour.start[k]:
                    assert too_late(problem, path[k:].tolist(), late) is broken
                    tested += 1
    assert tested > 100


def too_late(problem: WorkerPath, rest: list[int], start: float) -> bool:
    """Whether a path whose first service starts late breaks a constraint from there on."""
    place, limit = problem.instance, tolerances.TIME
    for k, node in enumerate(rest):
        done = start + place.service[node]
        if start > place.close[node] + limit or done > place.horizon + limit:
            return True
        if k + 1 < len(rest):
            start = max(done + place.travel[node, rest[k + 1]], place.open[rest[k + 1]])
    return bool(place.return_to_start and done + place.travel[rest[-1], 0] > place.horizon + limit)


def test_the_loss_is_the_profit_that_falls_away() -> None:
    positive = 0
    for problem, place, path in feasible(2, 600):
        tour, size, shape = new_tour(problem.instance.num_tasks), len(path), problem.instance
        tour.path[:size] = path
        schedule(place, tour, size, new_candidates(place).limit)
        for k in range(size):
            arrival = now = tour.start[k] + 1.0
            expected = 0.0
            for j in range(k, size):
                now = max(now, shape.open[path[j]])
                expected += shape.profit_at(path[j], tour.start[j]) - shape.profit_at(path[j], now)
                if j + 1 < size:
                    now += shape.service[path[j]] + shape.travel[path[j], path[j + 1]]
            assert lost(place, tour, size, k, arrival) == pytest.approx(expected, abs=1e-12)
            positive += expected > 0
    assert positive > 20


def test_an_insertion_is_feasible_and_gains_and_none_is_overlooked() -> None:
    outcomes = {True: 0, False: 0}
    for problem, place, path in feasible(3, 400):
        tour, candidates, size = new_tour(problem.instance.num_tasks), new_candidates(place), len(path)
        tour.path[:size], candidates.inside[path] = path, True
        schedule(place, tour, size, candidates.limit)
        before, nodes = problem.evaluate(Route(path.tolist())), path.tolist()
        gains = {
            (task, k): value(problem, [*nodes[:k], task, *nodes[k:]]) - before
            for task in range(1, problem.instance.num_nodes) if task not in nodes for k in range(size + 1)
        }  # fmt: skip
        task, position = best_insertion(place, tour, size, candidates)
        outcomes[task > 0] += 1
        if task < 0:
            assert max(gains.values(), default=0.0) <= 1e-9
        else:
            assert gains[task, position] > 0
    assert min(outcomes.values()) > 20


def test_recreating_leaves_nothing_to_insert() -> None:
    for problem, place, path in feasible(4, 200):
        tour, candidates = new_tour(problem.instance.num_tasks), new_candidates(place)
        tour.path[: len(path)] = path
        size = recreate(place, tour, len(path), candidates)
        found = tour.path[:size].tolist()
        assert [node for node in found if node in path] == path.tolist()
        assert value(problem, found) >= value(problem, path.tolist())
        assert best_insertion(place, tour, size, candidates) == (-1, -1)


def test_ruins_drop_neighbours_or_tasks_anywhere_in_order() -> None:
    rng, path, kept = np.random.default_rng(5), np.arange(1, 13), np.empty(12, dtype=np.int64)
    kinds = set()
    for _ in range(200):
        draws = rng.random(CONTROLS + 13)
        size = ruin(path, 12, draws, kept)
        left = kept[:size].tolist()
        assert left == sorted(left)
        gone = sorted(set(path.tolist()) - set(left))
        neighbours = not gone or gone == list(range(gone[0], gone[-1] + 1))
        assert neighbours or draws[0] >= 0.6
        assert len(gone) <= 6 or draws[0] >= 0.6
        kinds.add(neighbours)
    assert kinds == {True, False}
    assert ruin(path, 0, rng.random(CONTROLS + 13), kept) == 0


@pytest.mark.parametrize("options", [{}, {"tables": True, "return_to_start": True}, {"integer": True}])
def test_improving_never_makes_worse(options: dict[str, bool]) -> None:
    rng = np.random.default_rng(6)
    for seed in range(4):
        problem = WorkerPath(worker_path(tasks=15, window=0.4, seed=seed, **options))
        place, path, size, profit = place_of(problem.instance), np.zeros(15, dtype=np.int64), 0, 0.0
        for _ in range(3):
            size = improve(place, path, size, rng.random((10, CONTROLS + 16)), 0.05)
            found = value(problem, path[:size].tolist())
            assert found >= profit
            profit = found
        assert profit > 0
