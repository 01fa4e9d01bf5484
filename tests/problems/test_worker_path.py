"""The truth of worker paths: schedules by hand, profits by start time, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mcsopt.data.files import instance_from_json
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import Route, WorkerPath, WorkerPathInstance

TRAVEL = [[0, 2, 2], [2, 0, 3], [9, 3, 0]]


def place(**changes: Any) -> WorkerPathInstance:
    """Two tasks; the second opens at 6; the way back from it is long."""
    fields: dict[str, Any] = {
        "profit": [0, 3, 5], "open": [1, 0, 6], "close": [1, 9, 7], "service": [0, 1, 1], "travel": TRAVEL,
        "return_to_start": False, "horizon": 9,
    }  # fmt: skip
    return WorkerPathInstance(**{**fields, **changes})


def test_starts_wait_for_the_window_and_follow_the_order() -> None:
    problem = WorkerPath(place())
    assert problem.starts(Route([1, 2])) == (3.0, 7.0)
    assert problem.evaluate(Route([1, 2])) == 8.0
    assert problem.violations(Route([1, 2])) == ()
    assert problem.starts(Route([2, 1])) == (6.0, 10.0)
    assert [(v.constraint, v.where, v.amount) for v in problem.violations(Route([2, 1]))] == [
        ("time window", "node 1", 1.0), ("horizon", "node 1", 2.0)]  # fmt: skip


def test_the_way_back_counts_only_when_it_is_asked_for() -> None:
    broken = WorkerPath(place(return_to_start=True)).violations(Route([2]))
    assert [(v.constraint, v.where, v.amount) for v in broken] == [("return to start", "node 2", 7.0)]
    assert WorkerPath(place(return_to_start=True)).violations(Route([])) == ()
    assert WorkerPath(place()).violations(Route([2])) == ()


def test_profits_by_integer_start_time() -> None:
    problem = WorkerPath(place(profit=[0, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [5, 2]]))
    assert problem.evaluate(Route([1, 2])) == 6.0 + 2.0  # starts at 3 and 7
    assert problem.evaluate(Route([2])) == 5.0
    assert problem.evaluate(Route([2, 1])) == 5.0 + 0.0  # late: infeasible, the last entry


def test_a_table_over_the_whole_horizon_is_cut_to_the_window() -> None:
    whole = place(profit=[0, 3, [9, 9, 9, 9, 9, 9, 5, 2, 1, 0]])
    assert whole.digest() == place(profit=[0, 3, [5, 2]]).digest()
    assert whole.to_json()["profit"] == [0.0, 3.0, [5.0, 2.0]]
    # A window that opens after the horizon cannot be served: what stands there does not matter, the length does.
    assert [len(t) for t in place(profit=[0, 3, [4] * 10], open=[1, 0, 12], close=[1, 9, 14]).tables] == [1, 1, 1]


def test_a_table_that_is_constant_is_a_number() -> None:
    assert place(profit=[0, 3, [5, 5]]).digest() == place().digest()


@pytest.mark.parametrize("seed", range(40))
def test_files_and_instances_say_the_same(seed: int) -> None:
    drawn = WorkerPath.random_small(np.random.default_rng(seed)).instance
    assert instance_from_json(json.loads(json.dumps(drawn.to_json()))).digest() == drawn.digest()


def test_every_order_of_every_choice_is_listed() -> None:
    assert len(list(WorkerPath(place()).every_solution())) == 1 + 2 + 2
    n = 11
    many = place(profit=[0] * n, open=[0] * n, close=[1] * n, service=[0] * n, travel=np.zeros((n, n)))
    with pytest.raises(TooLarge, match="10 tasks"):
        next(WorkerPath(many).every_solution())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"close": [1, 9, 5]}, r"close\[2\].* is 5, before the window opens at 6"),
        ({"travel": [[0, 2, 2], [2, 0, -3], [2, 3, 0]]}, r"travel\[1\]\[2\].* is -3"),
        ({"travel": [[0, 2], [2, 0]]}, "travel.* has length 2, profit has 3"),
        ({"travel": [[0, 2, 2], [2, 0], [2, 3, 0]]}, r"travel\[1\].* length 2"),
        ({"travel": np.zeros((2, 3))}, "travel.* 2 rows of 3"),
        ({"travel": [[0, 2, 2], 7, [2, 3, 0]]}, r"travel\[1\].* is 7"),
        ({"travel": None}, "travel.* is missing"),
        ({"profit": [0, 3, [2, 5]]}, r"profit\[2\]\[1\].* is 5, above 2"),
        ({"profit": [0, 3, [5, 4, 3]]}, r"profit\[2\].* has 3 entries.*from 6 to 7"),
        ({"profit": [0, 3, [5, -2]]}, r"profit\[2\]\[1\].* is -2"),
        ({"profit": [0, 3, -2]}, r"profit\[2\].* is -2"),
        ({"profit": [0, 3, []]}, r"profit\[2\].* empty"),
        ({"profit": [0, 3, "x"]}, r"profit\[2\].* 'x'"),
        ({"profit": [0, 3]}, "open.* has length 3, profit has 2"),
        ({"profit": [0, [3, 2]]}, "profit.* has length 2, open has 3"),
        ({"profit": [1, 3, 5]}, r"profit\[0\].* is 1"),
        ({"profit": [0, 3, [5, 2]], "service": [0, 0.5, 1]}, r"service\[1\].* is 0.5.* integer"),
        ({"profit": [0, 3, [5, 2]], "travel": [[0, 2, 2], [2, 0, 3.5], [2, 3, 0]]}, r"travel\[1\]\[2\].* is 3.5"),
        ({"profit": [0, 3, [5, 2]], "horizon": 9.5}, "horizon.* is 9.5"),
        ({"horizon": 0}, "horizon.* before the worker can leave"),
        ({"return_to_start": 1}, "return_to_start.* is 1.* true or false"),
        ({"return_to_start": None}, "return_to_start.* is missing"),
        ({"open": [], "close": [], "service": [], "profit": [], "travel": []}, "open.* is empty"),
    ],
)  # fmt: skip
def test_bad_input_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        place(**changes)


@pytest.mark.parametrize(
    ("path", "message"), [([0], r"path\[0\].* the start"), ([1, 1], "repeats node 1"), ([3], "is 3")]
)
def test_bad_paths_are_named(path: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        WorkerPath(place()).as_solution({"path": path})


def test_the_order_of_a_path_is_kept() -> None:
    assert WorkerPath(place()).as_solution([2, 1]).nodes == (2, 1)
