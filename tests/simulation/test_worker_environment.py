"""The environment passes Gymnasium's own check, and is the process."""

import subprocess
import sys

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from mcsopt.data.worker_processes import frozen_process, worker_process
from mcsopt.errors import InputError
from mcsopt.problems.worker_process import Episodes
from mcsopt.simulation.worker_environment import WorkerEnvironment
from mcsopt.solvers.worker_process import never_abandon


@pytest.mark.parametrize("process", [frozen_process("15k"), worker_process(1, seed=0), worker_process(2, seed=1)])
def test_gymnasium_accepts_it(process):
    check_env(WorkerEnvironment(process), skip_render_check=True)


def test_an_episode_is_that_of_the_simulator():
    process = worker_process(2, seed=1)
    table, environment, episodes = never_abandon(process), WorkerEnvironment(process), Episodes(process, 1, seed=7)
    observation, info = environment.reset(seed=7)
    total, ended = 0.0, False
    while not ended:
        assert np.array_equal(observation, episodes.features()[0])
        assert info["action_mask"].tolist() == [int(not table[info["state"]]), 1]
        episodes.step(table[episodes.state])
        observation, reward, ended, truncated, info = environment.step(int(table[info["state"]]))
        assert not truncated
        total += reward
    assert total == episodes.returns[0]


def test_another_action_is_refused():
    environment = WorkerEnvironment(worker_process(1, seed=0))
    environment.reset()
    with pytest.raises(InputError, match="action: is 2; give 0 to continue"):
        environment.step(2)


def test_without_gymnasium_the_extra_is_named():
    script = """
import sys
sys.modules["gymnasium"] = None
try:
    import mcsopt.simulation.worker_environment
except ValueError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "gymnasium: is not installed; install mcsopt with its extra 'gym'\n"


def test_it_is_loaded_on_use_only():
    script = "import sys, mcsopt.simulation, mcsopt.problems.worker_process; print('gymnasium' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
