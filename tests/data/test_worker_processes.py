"""Drawn processes: the same seed, the arguments, what is refused."""

import pytest

from mcsopt.data import sensing_workers
from mcsopt.data.worker_processes import frozen_process, process_of, worker_process
from mcsopt.errors import InputError


def test_the_same_seed_draws_the_same():
    one, other = worker_process(3, seed=5), worker_process(3, seed=5)
    assert (one.worker, one.tasks, one.payments.tolist()) == (other.worker, other.tasks, other.payments.tolist())
    assert worker_process(3, seed=6).worker != one.worker


def test_what_is_asked_replaces_what_is_drawn():
    drawn, changed = worker_process(3, seed=5), worker_process(3, seed=5, speed=321.0, delay_chance=0.0)
    assert (changed.worker.speed, changed.worker.delay_chance) == (321.0, 0.0)
    assert changed.tasks == drawn.tasks
    assert changed.num_states > 0


def test_the_path_follows_the_windows():
    middles = [task.opening + task.closing for task in worker_process(6, seed=0).tasks]
    assert middles == sorted(middles)


def test_a_path_of_a_market():
    market = sensing_workers.sensing_worker(4, seed=0)
    process = process_of(market, [2, 0])
    assert process.tasks == (market.tasks[2], market.tasks[0])
    assert process.payments.tolist() == market.payments[[2, 0]].tolist()
    assert process.compensations.tolist() == pytest.approx((0.2 * market.payments[[2, 0]]).tolist())


def test_bad_arguments_are_named():
    with pytest.raises(InputError, match="tasks: is 0; give a number >= 1"):
        worker_process(0)
    with pytest.raises(InputError, match="speed"):
        worker_process(1, speed=0.0)
    with pytest.raises(InputError, match="name: '20k' is not known; use one of 15k, 60k"):
        frozen_process("20k")
