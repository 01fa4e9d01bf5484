from __future__ import annotations

import numpy as np
import pytest

from mcsopt.data.decision_processes import decision_process
from mcsopt.errors import InputError, TooLarge
from mcsopt.heuristics import dqn_simulator
from mcsopt.heuristics.dqn_simulator import TableSimulator
from mcsopt.problems import DecisionProcess, FiniteMdp
from mcsopt.seeds import generator


def chain(n: int, horizon: int | None, discount: float = 1.0) -> FiniteMdp:
    """From each state on to the next, or back to the start; the end, which is terminal, pays 1."""
    state = np.repeat(np.arange(n - 1), 2)
    action = np.tile([3, 8], n - 1)
    after = np.where(action == 3, state + 1, n - 1)
    reward = ((action == 3) & (after == n - 1)).astype(float)
    return FiniteMdp(DecisionProcess(n, 0, state, action, after, np.ones(len(state)), reward, discount, horizon))


def test_steps_are_drawn_as_the_table_says() -> None:
    problem = FiniteMdp(decision_process(states=6, actions=2, successors=3, seed=4, terminal=0.3))
    simulator, data, rng = TableSimulator(problem), problem.instance, generator(1)
    n = 30_000
    state = int(np.flatnonzero(~data.terminal)[1])
    for rank, action in enumerate(simulator.actions):
        after, reward, over = simulator.step(np.full(n, state), np.full(n, rank), rng)
        rows = np.flatnonzero((data.state == state) & (data.action == action))
        for row in rows:
            share = float((after == data.next_state[row]).mean())
            assert share == pytest.approx(data.probability[row], abs=0.015)
            assert (reward[after == data.next_state[row]] == data.reward[row]).all()
        assert (over == data.terminal[after]).all()
        assert set(after.tolist()) <= set(data.next_state[rows].tolist())


def test_outcomes_of_probability_0_do_not_occur() -> None:
    data = DecisionProcess(3, 0, [0, 0, 0], [0, 0, 0], [0, 1, 2], [0.0, 1.0, 0.0], [0.0, 1.0, 2.0], 0.5)
    after, _, over = TableSimulator(FiniteMdp(data)).step(np.zeros(5000, int), np.zeros(5000, int), generator(0))
    assert (after == 1).all()
    assert over.all()


def test_the_step_is_told_only_where_it_matters() -> None:
    assert TableSimulator(chain(5, 4)).steps == 1  # every episode ends by itself
    assert TableSimulator(chain(5, 3)).steps == 3  # cut short
    assert TableSimulator(FiniteMdp(decision_process(horizon=7))).steps == 7  # states follow themselves
    assert TableSimulator(FiniteMdp(decision_process())).steps == 1  # no horizon


def test_a_horizon_ends_the_episode() -> None:
    simulator = TableSimulator(chain(5, 3))
    now, over = np.array([simulator.start]), np.array([False])
    for step in range(3):
        assert simulator.features(now)[0, -1] == pytest.approx(step / 3)
        assert simulator.codes(now)[0] == step
        now, _, over = simulator.step(now, np.array([0]), generator(0))
        assert over[0] == (step == 2)


def test_greedy_choices_and_their_value() -> None:
    problem = chain(4, 2)
    simulator = TableSimulator(problem)
    chosen = simulator.greedy(lambda codes, features: np.column_stack([codes + 1.0, 2 + features[:, 0]]))
    assert problem.policy(chosen).action == ((8, 3, 3, -1), (8, 8, 3, -1))
    assert simulator.value(chosen) == problem.evaluate(problem.policy(chosen))


def test_actions_that_a_state_lacks_are_not_chosen() -> None:
    data = DecisionProcess(3, 0, [0, 1, 1], [5, 2, 5], [1, 2, 2], [1.0] * 3, [0.0, 1.0, 0.0], 0.5)
    simulator = TableSimulator(FiniteMdp(data))
    assert simulator.allowed(np.arange(3)).tolist() == [[False, True], [True, True], [False, False]]
    chosen = simulator.greedy(lambda codes, features: np.tile([1.0, 0.0], (len(codes), 1)))
    assert simulator.problem.policy(chosen).action == (5, 2, -1)


def test_a_process_without_actions() -> None:
    problem = FiniteMdp(DecisionProcess(2, 0, [], [], [], [], [], 0.5))
    simulator = TableSimulator(problem)
    chosen = simulator.greedy(lambda codes, features: np.zeros((len(codes), 1)))
    assert problem.policy(chosen).action == (-1, -1)
    assert simulator.value(chosen) == 0.0


@pytest.mark.parametrize(
    ("features", "said"), [(np.zeros((4, 2)), "shape"), (np.zeros(5), "shape"), (np.full((5, 2), np.nan), "finite")]
)
def test_features_of_another_shape(features: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        TableSimulator(chain(5, 4), features)


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dqn_simulator, "MOST_CODES", 4)
    with pytest.raises(TooLarge, match="give features"):
        TableSimulator(chain(5, 4))
    monkeypatch.setattr(dqn_simulator, "MOST_SITUATIONS", 9)
    with pytest.raises(TooLarge, match="steps"):
        TableSimulator(chain(5, 3), np.zeros((5, 1)))
