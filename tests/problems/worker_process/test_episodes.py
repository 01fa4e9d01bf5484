"""Episodes: their returns are realized utilities, path by path, and their means the exact values."""

from dataclasses import replace

import numpy as np
import pytest

from mcsopt.data.worker_processes import frozen_process, worker_process
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import MarketConstants
from mcsopt.problems.worker_process import Episodes
from mcsopt.solvers.worker_process import BASELINES, optimal, value_of
from tests.problems.worker_process.transcription import realized_utility


@pytest.mark.parametrize("deadline", ["delivered", "sensed"])
@pytest.mark.parametrize("abandons", [0.0, 0.05, 0.3, 1.0])
def test_the_return_is_the_realized_utility_path_by_path(abandons, deadline):
    for seed in range(6):
        process = replace(worker_process(4, seed=seed, speed=900.0), constants=MarketConstants(deadline=deadline))
        rng, episodes = np.random.default_rng(seed), Episodes(process, 50, seed=seed)
        traces = [[] for _ in range(50)]
        while not episodes.done.all():
            running, decided = ~episodes.done, rng.random(50) < abandons
            step = episodes.step(decided)
            for k in np.flatnonzero(running):
                traces[k].append((bool(decided[k]), int(step.delay[k]), float(step.transmission[k])))
        earned = [realized_utility(process, trace) for trace in traces]
        assert episodes.returns.tolist() == pytest.approx(earned, abs=1e-9)
        assert abandons < 1 or episodes.returns.tolist() == pytest.approx([-process.compensations.sum()] * 50)


@pytest.mark.parametrize("name", ["best", *BASELINES])
def test_means_are_the_exact_values(name):
    process = frozen_process("15k")
    found = optimal(process) if name == "best" else value_of(process, BASELINES[name](process))
    episodes = Episodes(process, 20_000, seed=3)
    while not episodes.done.all():
        episodes.step(found.decision[episodes.state])
    error = episodes.returns.std() / np.sqrt(20_000)
    assert abs(episodes.returns.mean() - found.value) <= 4 * error + 1e-9


def test_one_episode_does_not_disturb_another():
    process = worker_process(3, seed=1)
    alone, beside = Episodes(process, 2, seed=5), Episodes(process, 2, seed=5)
    for _ in range(20):
        alone.step([0, 0])
        beside.step([0, 1])
    assert (alone.row[0], alone.slot[0], alone.returns[0]) == (beside.row[0], beside.slot[0], beside.returns[0])
    assert alone.row[1] != beside.row[1]


def test_reset_begins_anew():
    process = worker_process(2, seed=1)
    episodes = Episodes(process, 3, seed=5)
    first = [episodes.step([0, 0, 0]).reward.tolist() for _ in range(5)]
    episodes.reset([True, False, False])
    assert episodes.state[0] == 0
    assert episodes.returns[0] == 0
    assert all(episodes.state[1:] > 0)
    episodes.reset(seed=5)
    assert [episodes.step([0, 0, 0]).reward.tolist() for _ in range(5)] == first


def test_an_ended_episode_stays_and_earns_nothing():
    process = worker_process(2, seed=1)
    episodes = Episodes(process, 1)
    for _ in range(2):
        episodes.step([1])
    step = episodes.step([0])
    assert step.done.tolist() == [True]
    assert step.reward.tolist() == [0.0]
    assert episodes.state.tolist() == [process.num_states - 1]
    assert not (step.abandoned | step.travelled | step.served).any()


def test_no_episodes_are_refused():
    with pytest.raises(InputError, match="count: is 0"):
        Episodes(worker_process(1, seed=0), 0)
