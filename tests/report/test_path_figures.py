"""Pictures of paths: what is drawn is what is there."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest

from mcsopt.data import worker_path, worker_path_positions
from mcsopt.errors import InputError
from mcsopt.problems import Route, WorkerPath, WorkerPathInstance
from mcsopt.report import path_comparison, path_map, path_schedule
from mcsopt.report.path_figures import laid_out
from mcsopt.report.pictures import of_plan, overview
from mcsopt.report.sections import instance_facts, results
from mcsopt.result import Assurance, conclude
from mcsopt.verification import Certificate
from mcsopt.verification.certificate import plain_document

TRAVEL = [[0, 3, 4, 9], [3, 0, 5, 9], [4, 5, 0, 9], [9, 9, 9, 0]]
SMALL = WorkerPath(
    WorkerPathInstance([0, 1, 2, 4], [0, 6, 0, 0], [30, 20, 12, 5], [0, 2, 1, 1], TRAVEL, True, 30)
)  # fmt: skip
NEAR = WorkerPath(worker_path(tasks=5, seed=0))
NOWHERE = WorkerPath(WorkerPathInstance([0], [0], [1], [0], [[0]], False, 1))


def drawn(figure: mpl.figure.Figure) -> set[str]:
    """Draw a figure whole and return the texts in it."""
    for kind in ("png", "svg"):
        figure.savefig(io.BytesIO(), format=kind)
    return {text.get_text() for text in figure.findobj(mpl.text.Text)} - {""}


def legend(figure: mpl.figure.Figure) -> set[str]:
    return {text.get_text() for legend in figure.legends for text in legend.get_texts()}


def bars(figure: mpl.figure.Figure, label: str) -> list[tuple[float, float]]:
    """Return from when to when the bars of a legend's entry last."""
    group = next(c for c in figure.axes[0].containers if c.get_label() == label)
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in group]


def test_a_map_shows_the_tasks_and_their_order():
    positions = worker_path_positions(tasks=8, seed=2)
    problem = WorkerPath(worker_path(tasks=8, window=1.0, return_to_start=True, seed=2))
    figure = path_map(problem, Route([5, 2, 7]), positions)
    assert {"1", "2", "3"} <= drawn(figure)
    assert legend(figure) == {"start", "visited (3)", "not visited (5)"}
    way, back = figure.axes[0].lines
    assert way.get_xydata().tolist() == positions[[0, 5, 2, 7]].tolist()
    assert back.get_xydata().tolist() == positions[[7, 0]].tolist()
    assert not figure.axes[0].get_xlabel()


def test_a_map_without_positions_says_so():
    assert "no positions given: laid out by travel times, true" in drawn(path_map(NEAR, Route([1])))
    lopsided = WorkerPath(WorkerPathInstance([0, 1, 1], [0] * 3, [9] * 3, [0] * 3, [[0, 1, 9], [1, 0, 1], [9, 1, 0]],
                                             False, 9))  # fmt: skip
    assert "laid out by travel times, off by" in " ".join(drawn(path_map(lopsided, Route([1]))))
    with pytest.raises(InputError, match=r"positions: has shape \(2, 2\); give x and y of 4 nodes"):
        path_map(SMALL, Route([]), np.zeros((2, 2)))


def test_layouts_meet_distances_in_the_plane_and_say_how_far_they_miss_others():
    x, y = np.random.default_rng(1).uniform(0, 9, (2, 12))
    travel = np.hypot(x[:, None] - x, y[:, None] - y) + np.diag(np.full(12, 7.0))  # the diagonal means nothing
    places, error = laid_out(travel)
    again = np.hypot(*(places[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
    off_diagonal = ~np.eye(12, dtype=bool)
    assert again[off_diagonal] == pytest.approx(travel[off_diagonal])
    assert error < 1e-12
    # Four points at equal distances do not fit into the plane.
    _, error = laid_out(1 - np.eye(4))
    assert 0.05 < error < 0.5
    for travel in (np.zeros((3, 3)), np.zeros((1, 1))):
        places, error = laid_out(travel)
        assert not places.any()
        assert error == 0
    assert laid_out(np.array([[0.0, 2.0], [4.0, 0.0]]))[1] == pytest.approx(0)


def test_a_schedule_shows_windows_waiting_service_and_the_way_back():
    figure = path_schedule(SMALL, Route([1, 2]))
    assert {"1", "2", "0", "task, in order"} <= drawn(figure)
    assert bars(figure, "window") == [(6, 20), (0, 12)]
    assert bars(figure, "waiting") == [(3, 6), (13, 13)]
    travel, back = (lines.get_segments() for lines in figure.axes[0].collections)
    assert [segment[:, 0].tolist() for segment in travel] == [[0, 3], [8, 13]]
    assert [segment[:, 0].tolist() for segment in back] == [[14, 18]]
    # Task 2 closes at 12.
    assert bars(figure, "service") == [(6, 8)]
    assert bars(figure, "service, too late") == [(13, 14)]
    in_time = path_schedule(SMALL, Route([2, 1]))
    assert legend(in_time) == {"window", "travel", "waiting", "service", "horizon"}


def test_a_service_of_no_time_is_still_seen():
    problem = WorkerPath(WorkerPathInstance([0, 1], [0, 0], [9, 9], [0, 0], [[0, 1], [1, 0]], False, 10))
    ((begin, end),) = bars(path_schedule(problem, Route([1])), "service")
    assert begin == 1
    assert end > 1


def test_empty_cases():
    assert drawn(path_map(NOWHERE, Route([]))) == {"there are no tasks to visit"}
    assert drawn(path_schedule(SMALL, Route([]))) == {"the worker stays:\nthere is no time to draw"}
    assert drawn(path_comparison(NOWHERE, {"a": Route([])})) == {"there is nothing to compare"}
    assert legend(path_map(SMALL, Route([]))) == {"start", "not visited (3)"}


def test_a_long_path_keeps_its_height_and_its_labels_apart():
    n = 150
    travel = np.abs(np.arange(n)[:, None] - np.arange(n)).astype(float)
    problem = WorkerPath(WorkerPathInstance(np.arange(n), np.zeros(n), np.full(n, 999.0), np.zeros(n), travel, False,
                                            999))  # fmt: skip
    figure = path_schedule(problem, Route(range(1, n)))
    assert figure.get_figheight() < 15
    assert len(figure.axes[0].get_yticks()) <= 60
    assert "77" not in drawn(path_map(problem, Route(range(1, n))))


def test_two_paths_side_by_side():
    figure = path_comparison(SMALL, {"$eaco$": Route([2]), "optimal": Route([2, 1]), "late": Route([1, 2])})
    texts = drawn(figure)
    assert {"$eaco$\n2, 1 tasks", "optimal\n3, 2 tasks", "late\ninfeasible, 2 tasks"} <= texts
    given = path_comparison(SMALL, {"a": Route([2])}, positions=np.arange(8.0).reshape(4, 2))
    assert "no positions given" not in " ".join(drawn(given))


def certificate(path: Route, best: Route | None) -> Certificate:
    """Return what certifies a path, with a bound from a run that found another one."""
    plan = conclude(SMALL, "mine", path)
    value = 3.0
    bound = conclude(SMALL, "exact", best, dual_bound=value, assurance=Assurance.FLOAT)
    claimed = plain_document(SMALL, plan) | {"dual_bound": value, "gap": 1 - (plan.objective or 0) / value}
    return Certificate(claimed, plan, bound, optimum=value if best == Route([2, 1]) else None)


def test_a_report_draws_paths_and_the_better_one_beside():
    map_of, schedule = of_plan(SMALL, Route([1, 2]))
    assert map_of.label == "Map: 2 of 3 tasks visited, in the order start, 1, 2; 1 of its nodes are reached too late."
    assert "the horizon is 30" in schedule.label
    assert drawn(map_of.draw()) & drawn(schedule.draw())
    assert "in the order start only" in of_plan(SMALL, Route([]))[0].label
    beside = overview([certificate(Route([2]), Route([2, 1]))])[-1]
    assert beside.caption == "The best path here, and the optimal one."
    assert "mine visits 1 tasks worth 2.00, the optimal path 2 worth 3.00; 1 are on both" in beside.label
    assert "optimal\n3, 2 tasks" in drawn(beside.draw())
    assert overview([certificate(Route([1]), Route([2]))])[-1].caption.endswith("the best known (exact) one.")
    # Nothing is better, nothing was found, no path is feasible.
    for path, best in ((Route([2, 1]), Route([2, 1])), (Route([2]), None), (Route([1, 2]), Route([2, 1]))):
        assert len(overview([certificate(path, best)])) == 1
    assert "<svg" in results([certificate(Route([2]), Route([2, 1]))])


def test_a_report_says_whether_the_worker_returns():
    assert "return to start yes, horizon 30" in instance_facts(SMALL)
    assert "return to start no" in instance_facts(NOWHERE)
