from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsopt.data.decision_processes import decision_process
from mcsopt.errors import InputError
from mcsopt.heuristics import double_dqn, dqn, dqn_network
from mcsopt.heuristics.dqn import IMPROVED, learn, network_policy
from mcsopt.heuristics.dqn_network import Layers, device_of, drawn_weights
from mcsopt.heuristics.dqn_replay import Transitions
from mcsopt.heuristics.dqn_simulator import TableSimulator
from mcsopt.heuristics.dqn_training import DqnSettings, _Training, train
from mcsopt.heuristics.dqn_weights import save_network
from mcsopt.problems import DecisionProcess, FiniteMdp
from mcsopt.result import Status, Termination
from mcsopt.seeds import generator
from mcsopt.solvers import solve
from tests.heuristics.test_dqn_simulator import chain

LEARNERS = (dqn, double_dqn)
SMALL = DqnSettings(hidden=(16,), batch=32, warm_up=200, checkpoints=5)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_chain_is_learned_exactly(learner) -> None:
    problem = chain(6, 5)
    result = learner(problem, steps=400, seed=1)
    assert result.objective == solve(problem).objective == 1.0
    assert result.status is Status.FEASIBLE
    assert result.trace[-1].potential == 1.0
    assert [step.potential for step in result.trace] == sorted(step.potential for step in result.trace)


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("seed", range(4))
def test_learned_policies_are_near_the_optimum_and_never_beyond(learner, seed: int) -> None:
    horizon = [None, 4][seed % 2]
    problem = FiniteMdp(decision_process(states=12, actions=3, horizon=horizon, discount=0.8, seed=seed))
    best = solve(problem)
    result = learner(problem, steps=600, seed=seed)
    assert result.feasible
    assert 0.93 * best.dual_bound <= result.objective <= best.dual_bound * (1 + 1e-9)


@pytest.mark.parametrize("improved", [False, True])
def test_the_same_seed_gives_the_same_curve(improved: bool) -> None:
    problem = FiniteMdp(decision_process(states=15, seed=2))
    first, second, other = (learn(problem, seed=seed, improved=improved, steps=60, device="cpu") for seed in (3, 3, 4))
    assert [(c.step, c.transitions, c.value) for c in first.curve] == [
        (c.step, c.transitions, c.value) for c in second.curve
    ]
    assert (first.network.weight[0] == second.network.weight[0]).all()
    assert not (first.network.weight[-1] == other.network.weight[-1]).all()


def test_the_best_checkpoint_is_kept_and_its_network_gives_its_policy(tmp_path: Path) -> None:
    problem = FiniteMdp(decision_process(states=15, seed=5))
    learned = learn(problem, steps=120, seed=0)
    assert learned.value == max(c.value for c in learned.curve)
    assert learned.curve[-1].step == 120
    assert learned.value == problem.evaluate(problem.policy(learned.choice))
    save_network(learned.network, tmp_path / "q.net", actions=learned.actions)
    assert network_policy(problem, tmp_path / "q.net") == problem.policy(learned.choice)


def test_features_in_place_of_numbers(tmp_path: Path) -> None:
    problem = chain(6, 5)
    features = np.eye(6)[:, :5]
    learned = learn(problem, steps=300, features=features)
    assert learned.value == 1.0
    assert (learned.network.num_codes, learned.network.num_features) == (0, 5)
    save_network(learned.network, tmp_path / "q.net", actions=learned.actions)
    assert network_policy(problem, tmp_path / "q.net", features) == problem.policy(learned.choice)
    with pytest.raises(InputError, match=r"q\.net.*has 0 states told by number, the process 6"):
        network_policy(problem, tmp_path / "q.net")
    with pytest.raises(InputError, match="has 5 features, the process 4"):
        network_policy(problem, tmp_path / "q.net", features[:, :4])
    other = FiniteMdp(decision_process(states=6, actions=2))
    with pytest.raises(InputError, match="has other actions"):
        network_policy(other, tmp_path / "q.net", features)


def batch_of(training: _Training) -> Transitions:
    return training._replay.of(np.arange(training._replay.count))


@pytest.mark.parametrize("lookahead", [1, 3])
def test_rewards_are_summed_over_the_steps_ahead_and_not_beyond_the_end(lookahead: int) -> None:
    problem = chain(5, None, discount=0.5)
    settings = replace(SMALL, lookahead=lookahead, exploration=0.5, last_exploration=0.5, episodes=3)
    training = _Training(TableSimulator(problem), settings, 100, 7, "cpu")
    training.play()
    rows = batch_of(training)
    assert len(rows.state) >= 150
    for state, action, reward, after, factor in zip(
        rows.state, rows.action, rows.reward, rows.next_state, rows.factor, strict=True
    ):
        if action == 1:  # to the end, worth nothing
            assert (reward, after, factor) == (0.0, 4, 0.0)
            continue
        left = 4 - int(state)
        if factor > 0:
            assert (reward, factor) == (0.0, 0.5**lookahead)
            assert after == state + lookahead < 4
        else:
            assert after == 4
            assert reward in ((0.5 ** (left - 1), 0.0) if left <= lookahead else (0.0,))


def test_a_long_episode_is_left_but_goes_on_being_worth_something() -> None:
    problem = FiniteMdp(decision_process(states=5, terminal=0.0))
    training = _Training(TableSimulator(problem), replace(SMALL, longest_episode=3), 10, 0, "cpu")
    training.play()
    assert (batch_of(training).factor == np.float32(0.95)).all()
    assert (training._age < 3).all()


@pytest.mark.parametrize("double", [False, True])
def test_one_step_of_training_is_that_of_the_formula(double: bool) -> None:
    problem = FiniteMdp(decision_process(states=8, seed=1, terminal=0.3))
    training = _Training(TableSimulator(problem), replace(SMALL, double=double, alpha=1.0), 10, 0, "cpu")
    training.play()
    rows = batch_of(training)
    states = np.arange(8)
    simulator = training._simulator
    training._target = Layers(drawn_weights(8, 0, (16,), simulator.num_actions, generator(9)), "cpu")
    training._target.tensors[-2].data *= 10

    def worth(layers: Layers) -> np.ndarray:
        return layers.to_network().worth(states, simulator.features(states)) / layers.scale

    now, later = worth(training._layers), worth(training._target)
    judge = np.where(simulator.allowed(states), now if double else later, -np.inf)
    goal = rows.reward + rows.factor * later[rows.next_state, judge.argmax(axis=1)[rows.next_state]]
    error = np.abs(goal - now[rows.state, rows.action])
    training.learn()
    tree = training._replay.tree
    priority = tree[len(tree) // 2 :][: len(error)]
    changed = np.flatnonzero(priority != 1.0)
    assert len(changed) > 5
    assert priority[changed] == pytest.approx(error[changed] + 1e-3, rel=1e-3, abs=1e-5)


def test_the_target_is_renewed_now_and_then_or_follows() -> None:
    simulator = TableSimulator(chain(5, 4))
    for change, same in (({"target_every": 3}, [False, False, True, False]), ({"target_rate": 1.0}, [True] * 4)):
        training, found = _Training(simulator, replace(SMALL, **change), 1000, 0, "cpu"), []
        training.play()
        for _ in range(4):
            training.learn()
            pairs = zip(training._target.tensors, training._layers.tensors, strict=True)
            found.append(all(bool((a == b).all()) for a, b in pairs))
        assert found == same


class Stopped(TableSimulator):
    """Ctrl-C after so many steps of play."""

    left = 100

    def step(self, situations, actions, rng):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().step(situations, actions, rng)


@pytest.mark.parametrize("left", [0, 20, 100])
def test_ctrl_c_keeps_the_best(left: int) -> None:
    simulator = Stopped(chain(6, 5))
    simulator.left = left
    learned = train(simulator, SMALL, steps=1000, seed=0)
    assert learned.termination is Termination.INTERRUPTED
    assert learned.value == simulator.value(learned.choice) == max(c.value for c in learned.curve)


def test_ctrl_c_before_anything_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: _Training) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_Training, "judge", stop)
    result = dqn(chain(6, 5))
    assert result.termination is Termination.INTERRUPTED
    assert result.feasible
    assert (result.trace, result.message) == ((), "")


def test_limits() -> None:
    problem = chain(6, 5)
    result = dqn(problem, steps=10_000, time_limit=0.0)
    assert result.termination is Termination.TIME
    assert result.feasible
    lines: list[str] = []
    assert dqn(problem, steps=0, progress=lines.append).termination is Termination.FINISHED
    dqn(problem, steps=3, settings=SMALL, progress=lines.append)
    assert [line.split(",")[0] for line in lines] == ["dqn: step 1", "dqn: step 2", "dqn: step 3"]
    # A run that time stops between checkpoints is judged once more.
    assert learn(problem, steps=0).curve[-1].step == 0


def test_threads_are_restored_and_no_random_numbers_of_torch_are_used() -> None:
    usual, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(2)
    try:
        dqn(chain(4, 3), steps=3)
        assert torch.get_num_threads() == 2
        assert bool((torch.get_rng_state() == state).all())
    finally:
        torch.set_num_threads(usual)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"steps": -1}, "steps"), ({"steps": 1.5}, "steps"), ({"steps": True}, "steps"),
        ({"time_limit": -1.0}, "time_limit"), ({"time_limit": float("nan")}, "time_limit"),
        ({"device": "abacus"}, "device"), ({"device": "cuda:77"}, "device"), ({"seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_bad_arguments(how: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        dqn(chain(4, 3), **how)


@pytest.mark.parametrize(
    "change",
    [{"hidden": ()}, {"hidden": (0,)}, {"batch": 0}, {"episodes": 1.5}, {"alpha": 1.1}, {"beta": -0.1},
     {"learning_rate": 0.0}, {"last_rate": float("nan")}, {"lookahead": 0}],
)  # fmt: skip
def test_settings_out_of_range(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(change))):
        DqnSettings(**change)


def test_without_torch_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dqn_network, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs torch"):
        dqn(chain(4, 3))


def test_the_device_is_a_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_of("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of(None).type == "cpu"
    asked = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "zeros", lambda n, device: asked.append(device.type))
    assert device_of(None).type == "cuda"
    assert asked == ["cuda"]


def test_the_improved_settings_are_settings() -> None:
    assert replace(DqnSettings(), **IMPROVED) != DqnSettings()


@pytest.mark.parametrize("elsewhere", [[], [1]])
def test_where_the_start_is_terminal_there_is_nothing_to_learn(elsewhere: list[int]) -> None:
    n = len(elsewhere)
    process = DecisionProcess(2, 0, elsewhere, [0] * n, [0] * n, [1.0] * n, [5.0] * n, discount=0.5)
    found = dqn(FiniteMdp(process), steps=50)
    assert found.objective == 0.0
    assert found.solution == FiniteMdp(process).empty_solution()
