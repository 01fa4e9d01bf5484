"""States: numbered in the order of time, every place reached exactly once, tables of features."""

import numpy as np
import pytest

from mcsopt.data.worker_processes import frozen_process, worker_process
from mcsopt.problems.worker_process import Episodes, feature_names, features, tabular
from mcsopt.problems.worker_process.tabular import most_steps
from tests.problems.worker_process.transcription import travel_slots


def test_numbers_and_places_are_inverse():
    process = worker_process(3, seed=2, speed=1500.0)
    states = np.arange(process.num_states)
    row, slot = process.rows.places(states)
    assert process.rows.state(row, slot).tolist() == states.tolist()
    assert process.rows.state(row, slot + 500).tolist() == (process.rows.offset[row + 1] - 1).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_places_with_the_slots_left_from_there(seed):
    process = worker_process(3, seed=seed, speed=700.0)
    rows = process.rows
    for row in range(len(rows) - 1):
        task = int(rows.task[row])
        assert rows.left[row] == travel_slots(process, rows.x[row], rows.y[row], task)
        for after in (rows.onward[row], rows.abandon[row]):
            assert after > row
        gone = rows.abandon[row]
        if gone != rows.end:  # the next leg begins here
            assert (rows.x[gone], rows.y[gone]) == pytest.approx((rows.x[row], rows.y[row]))
            assert rows.task[gone] == task + 1
        if rows.left[row]:
            assert rows.left[rows.onward[row]] == rows.left[row] - 1
    assert (rows.left[rows.end], rows.task[rows.end]) == (0, 3)


def test_slots_begin_where_the_worker_may_be():
    process = worker_process(3, seed=2, speed=1500.0)
    table, rows = tabular(process), process.rows
    reached = np.zeros(process.num_states, dtype=bool)
    reached[0] = True
    for state in range(process.num_states - 1):
        if reached[state]:
            for choice in table.choices.of(state):
                for place in table.choices.outcomes(choice):
                    reached[table.choices.next_state[place]] = True
    assert reached[rows.offset[:-1]].all()
    assert reached[rows.offset[1:] - 1].all()
    assert reached.mean() > 0.95


def test_no_episode_is_longer_than_the_table_allows():
    process = worker_process(3, seed=4)
    episodes, steps = Episodes(process, 2000, seed=1), 0
    while not episodes.done.all():
        episodes.step(np.zeros(2000))
        steps += 1
    assert steps <= most_steps(process)


def test_features_are_scaled_and_tell_states_apart():
    process = frozen_process("15k")
    row, slot = process.rows.places(np.arange(process.num_states))
    table = features(process, row, slot)
    assert table.dtype == np.float32
    assert table.shape == (process.num_states, len(feature_names(process)))
    assert np.abs(table).max() <= 1
    assert len(np.unique(table, axis=0)) == process.num_states


def test_features_of_known_states():
    process = worker_process(2, seed=1)
    names, span, rows = feature_names(process), process.last_slot, process.rows
    at_first = int(np.flatnonzero(rows.left == 0)[0])
    start, waits, end = (
        dict(zip(names, features(process, [row], [slot])[0].tolist(), strict=True))
        for row, slot in ((0, 0), (at_first, 9), (rows.end, span))
    )
    away = travel_slots(process, process.worker.x, process.worker.y, 0)
    assert start["left"] == start["distance 0"] == pytest.approx(away / span)
    assert (start["ahead 0"], start["ahead 1"], start["open 1"], start["at task"]) == (1, 0, 1, 0)
    assert start["slack 0"] == pytest.approx((process.services.latest[0] - away) / span)
    assert start["payment 0"] == pytest.approx(process.payments[0] / process.payments.max())
    assert (waits["at task"], waits["distance 0"], waits["slot"]) == (1, 0, pytest.approx(9 / span))
    assert waits["opening 0"] == pytest.approx((process.tasks[0].opening - 9) / span)
    assert end["ended"] == 1
    assert [end[f"{name} {task}"] for name in ("open", "slack", "payment") for task in (0, 1)] == [0] * 6
