"""Label setting and the program over sets of tasks, against enumeration, one another and known answers."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.data.worker_paths import worker_path
from mcsopt.errors import TooLarge
from mcsopt.problems import Route, WorkerPath, WorkerPathInstance
from mcsopt.result import Result, Status, Termination
from mcsopt.solvers import label_setting, path_subsets, solve
from mcsopt.verification import certify, check, verify
from tests.solvers.path_cases import drawn


def labels(problem: WorkerPath, **settings: object) -> Result:
    return solve(problem, solver="label-setting", **settings)  # type: ignore[arg-type]  # keywords by name


def derived(result: Result) -> float:
    problem = result.problem
    bound = check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence).dual_bound
    assert bound is not None
    return bound


def test_label_setting_is_enumeration_on_small_draws() -> None:
    for seed in range(1000):
        problem = WorkerPath.random_small(np.random.default_rng([3, seed]))
        if problem.instance.num_tasks > 5:
            continue
        best = solve(problem, solver="enumeration").objective
        found = labels(problem)
        assert found.status is Status.PROVED, seed
        assert found.objective == pytest.approx(best, abs=1e-9), seed


def test_label_setting_is_the_subset_program() -> None:
    tried = 0
    for seed in range(300):
        problem = drawn(seed, tables=False)
        found, other = labels(problem), solve(problem, solver="path-subsets")
        assert found.status is other.status is Status.PROVED, seed
        assert found.objective == pytest.approx(other.objective, abs=1e-9), seed
        tried += len(found.solution.nodes) > 2
    assert tried > 100


def test_tables_agree_with_enumeration() -> None:
    tried = 0
    for seed in range(400):
        problem = drawn(seed, most=6)
        if isinstance(problem.instance.profit, tuple):
            tried += 1
            best = solve(problem, solver="enumeration").objective
            assert labels(problem).objective == pytest.approx(best, abs=1e-9), seed
    assert tried > 50


def short_cut(returns: bool) -> WorkerPath:
    """Task 2, of no profit, makes task 1 (and the way home) reachable."""
    travel = np.full((3, 3), 10.0)
    travel[0, 2] = travel[2, 1] = travel[1, 2] = 1
    travel[1, 0] = 2
    return WorkerPath(WorkerPathInstance([0, 5, 0], [0] * 3, [4] * 3, [0] * 3, travel, returns, 4))


@pytest.mark.parametrize("returns", [False, True])
def test_a_task_of_no_profit_can_be_a_short_cut(returns: bool) -> None:
    found = labels(short_cut(returns))
    assert found.solution == Route([2, 1])
    assert (found.objective, found.dual_bound) == (5.0, 5.0)
    assert derived(found) == 5.0


def test_a_way_home_that_only_a_visited_task_offers_is_none() -> None:
    travel = np.full((3, 3), 10.0)
    travel[0, 2] = travel[2, 1] = travel[1, 2] = travel[2, 0] = 1
    problem = WorkerPath(WorkerPathInstance([0, 5, 1], [0] * 3, [9] * 3, [0] * 3, travel, True, 6))
    found = labels(problem)
    assert (found.objective, found.dual_bound) == (1.0, 1.0)
    assert derived(found) == 1.0


def test_trips_of_no_length_and_equal_tasks() -> None:
    n = 9
    problem = WorkerPath(WorkerPathInstance([0] + [1] * (n - 1), [0] * n, [5] * n, [0] * n, np.zeros((n, n)), True, 5))
    found = labels(problem)
    assert found.objective == found.dual_bound == derived(found) == n - 1


@pytest.mark.parametrize("options", [{}, {"tables": True}, {"integer": True}, {"return_to_start": True}])
@pytest.mark.parametrize(("tasks", "window"), [(50, 0.2), (20, 0.6)])
def test_generated_instances_are_proved_and_checked(tasks: int, window: float, options: dict[str, bool]) -> None:
    problem = WorkerPath(worker_path(tasks, window, seed=1, **options))
    found = labels(problem)
    assert found.status is Status.PROVED
    assert found.objective is not None
    assert derived(found) == pytest.approx(found.dual_bound, rel=1e-11)
    certificate = certify(problem, found.solution)
    assert certificate.status is Status.PROVED
    assert verify(certificate).accepted


def test_more_than_64_nodes() -> None:
    problem = WorkerPath(worker_path(90, 0.1, seed=2))
    found = labels(problem)
    assert found.status is Status.PROVED
    assert derived(found) == pytest.approx(found.dual_bound, rel=1e-11)


def test_a_hard_instance_of_few_tasks_goes_to_the_subset_program(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = WorkerPath(worker_path(10, 1.0, seed=3))
    expected = labels(problem).objective
    monkeypatch.setattr(label_setting, "EFFORTS", 3 * label_setting.EFFORTS[:1] + label_setting.EFFORTS[3:])
    found = labels(problem)
    assert found.evidence == {"kind": "subset-program"}
    assert found.status is Status.PROVED
    assert found.objective == pytest.approx(expected)
    assert derived(found) == pytest.approx(expected)


def test_ever_less_is_left_open_where_no_attempt_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = WorkerPath(worker_path(14, 0.8, seed=3))
    expected = labels(problem).objective
    monkeypatch.setattr(label_setting, "EFFORTS", label_setting.EFFORTS[:1])
    found = labels(problem)
    assert (found.status, found.termination) == (Status.PROVED, Termination.FINISHED)
    assert found.objective == pytest.approx(expected)


def test_with_the_memory_used_up_the_bound_is_what_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = WorkerPath(worker_path(30, 1.0, seed=1))
    monkeypatch.setattr(label_setting, "EFFORTS", label_setting.EFFORTS[:2])
    monkeypatch.setattr(label_setting, "MOST_BYTES", 68 * 40_000)
    found = labels(problem)
    assert (found.status, found.termination) == (Status.BOUNDED, Termination.NODES)
    assert derived(found) == pytest.approx(found.dual_bound, rel=1e-11)
    assert found.dual_bound > found.objective


def test_a_time_limit_keeps_start_and_bound() -> None:
    problem = WorkerPath(worker_path(40, 0.8, seed=0))
    first = labels(problem, time_limit=0.0)
    assert first.termination is Termination.TIME
    start = Route([1])
    assert not problem.violations(start)
    kept = labels(problem, time_limit=0.0, start=start)
    assert kept.objective >= problem.evaluate(start)
    assert derived(kept) == pytest.approx(kept.dual_bound, rel=1e-11)
    longer = labels(problem, time_limit=0.3)
    assert longer.dual_bound <= first.dual_bound


@pytest.mark.parametrize("scale", [1e9, 1e60])
def test_large_integer_profits_and_long_times(scale: float) -> None:
    drawn_one = worker_path(12, 0.4, integer=True, seed=4)
    profit = np.floor(drawn_one.profit * scale)
    times = [
        np.asarray(part) * scale for part in (drawn_one.open, drawn_one.close, drawn_one.service, drawn_one.travel)
    ]
    problem = WorkerPath(WorkerPathInstance(profit, *times, False, drawn_one.horizon * scale))
    found = labels(problem)
    assert found.status is Status.PROVED
    assert found.objective == pytest.approx(solve(problem, solver="path-subsets").objective, rel=1e-12)
    assert derived(found) == pytest.approx(found.dual_bound, rel=1e-11)


def test_too_many_tasks_are_refused() -> None:
    with pytest.raises(TooLarge, match="1000"):
        labels(WorkerPath(worker_path(1001, 0.1)))


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_setting, "REPORT_SECONDS", 0.0)
    lines: list[str] = []
    labels(WorkerPath(worker_path(20, 0.6, seed=1)), progress=lines.append)
    assert any("labels" in line for line in lines)


def test_the_subset_program_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(TooLarge, match="20 tasks"):
        solve(WorkerPath(worker_path(21, 0.2)), solver="path-subsets")
    with pytest.raises(TooLarge, match="one profit"):
        solve(WorkerPath(worker_path(5, 0.2, tables=True)), solver="path-subsets")


def test_the_subset_program_stops_between_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = WorkerPath(worker_path(8, 0.5))
    stopped = solve(problem, solver="path-subsets", time_limit=0.0, start=Route([1]))
    assert (stopped.termination, stopped.dual_bound) == (Termination.TIME, None)
    assert stopped.objective >= problem.evaluate(Route([1]))

    def strike(self: path_subsets.Program) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(path_subsets.Program, "advance", strike)
    assert solve(problem, solver="path-subsets").termination is Termination.INTERRUPTED
