"""The surrogate for `worker-path`: a relaxation of the planned problem, by trying every path of both."""

import itertools

import numpy as np
import pytest

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import (
    admissible,
    expected_utility,
    path_surrogate,
    planned_departure,
)


def planned_value(market, path):
    """Return the planned utility of a path, None if a leg breaks a cap."""
    total, depart = 0.0, 0
    for one, task in zip(market.path_legs(path), path, strict=True):
        p = market.payments[task]
        if not admissible(one, depart, p, market.constants):
            return None
        total += float(expected_utility(one, depart, p, 0.2 * p, market.constants.deadline))
        depart = int(planned_departure(one, depart))
    return total


def relaxed_value(surrogate, path):
    """Return the profit of a path by the rules of `worker-path`, None if a service begins too late."""
    total, place, time = 0.0, 0, 0
    for node in (task + 1 for task in path):
        begin = max(time + surrogate.travel[place, node], surrogate.open[node])
        time = begin + surrogate.service[node]
        if begin > surrogate.close[node] or time > surrogate.horizon:
            return None
        total += surrogate.profit[node][begin - surrogate.open[node]]
        place = node
    return total


def all_paths(num_tasks):
    for length in range(num_tasks + 1):
        for path in itertools.permutations(range(num_tasks), length):
            yield list(path)


def test_every_planned_path_is_one_of_the_relaxation_and_worth_no_more():
    admitted = 0
    for seed in range(12):
        market = sensing_worker(4, seed=seed)
        surrogate = market.surrogate()
        for path in all_paths(4):
            planned = planned_value(market, path)
            if planned is not None:
                relaxed = relaxed_value(surrogate, path)
                assert relaxed is not None
                assert relaxed >= planned - 1e-9
                admitted += len(path) > 1
    assert admitted > 10


def test_the_columns_are_those_of_an_instance():
    market = sensing_worker(7, seed=9)
    columns = market.surrogate().columns()
    assert columns["return_to_start"] is False
    assert columns["profit"][0].tolist() == [0.0]
    for table, first, last in zip(columns["profit"], columns["open"], columns["close"], strict=True):
        assert len(table) == last - first + 1
        assert np.all(np.diff(table) <= 0)
        assert np.all(table >= 0)
    assert columns["travel"].shape == (8, 8)
    for name in ("open", "close", "service", "travel"):
        assert columns[name].dtype.kind == "i"
    assert np.all(columns["close"] + columns["service"] <= columns["horizon"])
    assert columns["open"][1:].tolist() == [task.opening for task in market.tasks]


def test_a_task_that_keeps_no_cap_cannot_be_reached():
    market = sensing_worker(2, seed=0)
    surrogate = path_surrogate(market.legs, [0.0, 0.0], 0.2, market.constants)
    assert [table.tolist() for table in surrogate.profit] == [[0.0]] * 3
    assert np.all(surrogate.travel == surrogate.horizon + 1)
    assert all(relaxed_value(surrogate, path) is None for path in all_paths(2) if path)


def test_no_tasks():
    empty = sensing_worker(0, seed=4).surrogate()
    assert (len(empty.profit), empty.travel.shape, empty.horizon) == (1, (1, 1), 100)


def test_shapes_that_are_refused():
    market = sensing_worker(2, seed=0)
    with pytest.raises(InputError, match=r"payments: has shape \(1,\), legs \(3, 2\)"):
        path_surrogate(market.legs, [1.0], 0.2, market.constants)
    with pytest.raises(InputError, match=r"payments: has shape \(2,\), legs \(2, 2\)"):
        path_surrogate(market.legs[:2], [1.0, 1.0], 0.2, market.constants)
