"""Backward induction of worker processes: against a transcription, the tabular solvers, and the law of departures."""

from dataclasses import replace

import numpy as np
import pytest

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.data.worker_processes import FROZEN, frozen_process, process_of, worker_process
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import FiniteMdp
from mcsopt.problems.finite_mdp import Policy
from mcsopt.problems.worker_model import MarketConstants, expected_utility, judge_path
from mcsopt.problems.worker_process import WorkerProcess, tabular
from mcsopt.solvers import solve
from mcsopt.solvers.worker_process import (
    BASELINES,
    always_abandon,
    forced_states,
    greedy_by_expectation,
    never_abandon,
    optimal,
    value_of,
)
from tests.problems.worker_process.transcription import best_value

pytestmark = pytest.mark.kernel

EXACT = 1e-9


def small(seed, deadline="delivered", **changes):
    """Return a process of a thousand states: three tasks, legs of few slots, long delays, so that some are missed."""
    process = worker_process(3, seed=seed, speed=1500.0)
    worker = replace(process.worker, longest_delay=6, delay_chance=0.5)
    return replace(process, worker=worker, constants=MarketConstants(deadline=deadline), **changes)


@pytest.mark.parametrize("deadline", ["delivered", "sensed"])
@pytest.mark.parametrize("seed", range(8))
def test_it_agrees_with_the_transcription(seed, deadline):
    process = small(seed, deadline, departure=seed % 3)
    assert optimal(process).value == pytest.approx(best_value(process), abs=1e-6)
    never = value_of(process, never_abandon(process)).value
    assert never == pytest.approx(best_value(process, rule=lambda *_: False), abs=1e-6)

    def late(task, left, slot):
        return left >= 1 and slot > process.tasks[task].opening

    rows = process.rows
    row, slot = rows.places(np.arange(process.num_states - 1))
    opening = np.array([task.opening for task in process.tasks])[rows.task[row]]
    decided = np.append((rows.left[row] >= 1) & (slot > opening), True)
    assert value_of(process, decided).value == pytest.approx(best_value(process, rule=late), abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_the_table_is_the_same_process(seed):
    process = small(seed)
    table = FiniteMdp(tabular(process))
    assert table.instance.num_states == process.num_states
    assert np.all(table.instance.next_state > table.instance.state)  # it ends
    best = optimal(process)
    solved = solve(table)
    assert solved.status.value == "PROVED"
    assert solved.objective == pytest.approx(best.value, abs=EXACT)
    for found in (best, *(value_of(process, make(process)) for make in BASELINES.values())):
        policy = Policy(found.actions)
        assert table.violations(policy) == ()
        assert table.evaluate(policy) == pytest.approx(found.value, abs=EXACT)
    rng = np.random.default_rng(seed)
    drawn = value_of(process, rng.integers(0, 2, process.num_states))
    assert table.evaluate(Policy(drawn.actions)) == pytest.approx(drawn.value, abs=EXACT)


@pytest.mark.parametrize("deadline", ["delivered", "sensed"])
@pytest.mark.parametrize("seed", range(5))
def test_never_to_abandon_is_the_path_judged_by_the_law_of_departures(seed, deadline):
    market, path = sensing_worker(6, seed=seed, constants=MarketConstants(deadline=deadline)), [0, 3, 1]
    process = process_of(market, path)
    legs, payments = market.path_legs(path), market.payments[path]
    judged = judge_path(legs, payments, 0.2 * payments, missed="given-up", deadline=deadline)
    value = value_of(process, never_abandon(process)).value
    assert value == pytest.approx(judged.exact, abs=EXACT)
    conservative = [
        float(law @ expected_utility(leg, np.arange(len(law)), p, 0.2 * p, deadline))
        for law, leg, p in zip(judged.departure_law, legs, payments, strict=True)
    ]
    assert optimal(process).value >= value >= sum(conservative) - EXACT


def test_one_task_is_worth_its_realized_utility_at_least_ten():
    for seed in range(10):
        market = sensing_worker(1, seed=seed)
        process, p = process_of(market, [0]), market.payments[0]
        value = value_of(process, never_abandon(process)).value
        assert value >= float(expected_utility(market.legs[0, 0], 0, p, 0.2 * p)) - EXACT


def test_baselines_never_beat_the_best():
    for seed in range(5):
        process = worker_process(3, seed=seed)
        best = optimal(process)
        assert value_of(process, best.decision).values.tolist() == best.values.tolist()
        for make in BASELINES.values():
            assert np.all(value_of(process, make(process)).values <= best.values + EXACT)
        assert value_of(process, always_abandon(process)).value == pytest.approx(-process.compensations.sum())


def test_where_greedy_continues_with_the_only_task_so_does_the_best():
    # Greedy is blind to abandoning later, which only adds to what continuing is worth.
    process = worker_process(1, seed=3)
    greedy, best = greedy_by_expectation(process), optimal(process).decision
    assert np.all(best[greedy == 0] == 0)


def test_greedy_looks_at_one_task_alone():
    process = worker_process(3, seed=1)
    alone = replace(process, tasks=process.tasks[:1], payments=process.payments[:1])
    same = slice(0, int(process.rows.offset[np.flatnonzero(process.rows.task > 0)[0]]))
    # The last slot of the longer list is later, no earlier one differs.
    row, slot = process.rows.places(np.arange(same.stop))
    number = alone.rows.state(row, slot)
    assert greedy_by_expectation(process)[same].tolist() == greedy_by_expectation(alone)[number].tolist()


@pytest.mark.parametrize(
    ("name", "states", "best", "never", "greedy"),
    [("15k", 14955, 18.976219724773532, 10.614207308907467, 12.27753122249918),
     ("60k", 59761, 15.537457189326016, 5.631550583013019, 9.717298096434867)],
)  # fmt: skip
def test_frozen_processes_stay_as_they_are(name, states, best, never, greedy):
    process = frozen_process(name)
    assert process.num_states == states
    found = [optimal(process).value, *(value_of(process, make(process)).value for make in BASELINES.values())]
    assert found == pytest.approx([best, never, -process.compensations.sum(), greedy], abs=1e-9)
    assert all(best - value >= 0.15 * best for value in found[1:])
    assert name in FROZEN


def test_forced_states_are_those_that_the_table_lets_abandon_only():
    process = small(7)
    table = tabular(process)
    only = [len(table.choices.of(state)) == 1 for state in range(process.num_states - 1)]
    assert forced_states(process)[:-1].tolist() == only
    assert any(only)


def test_bad_decisions_are_named():
    process = small(0)
    with pytest.raises(InputError, match=r"decision: has shape \(3,\)"):
        value_of(process, [0, 1, 0])
    wrong = np.zeros(process.num_states)
    wrong[4] = 2
    with pytest.raises(InputError, match=r"decision\[4\]: is 2.0"):
        value_of(process, wrong)


def test_too_many_states_are_refused_before_memory_is_taken():
    with pytest.raises(TooLarge, match="more than 100,000 states at task 3 of 30; take fewer"):
        _ = replace(worker_process(30, seed=0, speed=300.0), most_states=100_000).num_states
    with pytest.raises(TooLarge, match="more than 30 states at task 0 of 1"):
        _ = replace(worker_process(1, seed=0), most_states=30).num_states
    with pytest.raises(TooLarge, match="states; a table is made of up to 1,000,000"):
        tabular(worker_process(4, seed=1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ()}, "tasks: is empty"),
        ({"payments": [1.0]}, r"payments: has shape \(1,\)"),
        ({"payments": [1.0, -1.0, 2.0]}, "payments: is "),
        ({"payments": [1.0, np.nan, 2.0]}, "payments: is "),
        ({"departure": -1}, "departure: is -1"),
        ({"departure": 1.5}, "departure: is 1.5"),
    ],
)
def test_bad_processes_are_named(changes, message):
    with pytest.raises(InputError, match=message):
        replace(worker_process(3, seed=0), **changes)


def test_a_worker_at_its_task_and_tasks_at_one_place():
    process = worker_process(3, seed=0)
    here = [replace(task, x=process.worker.x, y=process.worker.y) for task in process.tasks]
    still = WorkerProcess(process.worker, tuple(here), process.payments, departure=2)
    assert len(still.rows) == 4  # one row a task, and the end
    assert optimal(still).value == pytest.approx(best_value(still), abs=1e-6)
