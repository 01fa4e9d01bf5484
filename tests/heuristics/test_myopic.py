from __future__ import annotations

import numpy as np
import pytest

from mcsopt.data.decision_processes import decision_process
from mcsopt.heuristics import myopic, rollout
from mcsopt.problems import DecisionProcess, FiniteMdp, Policy
from mcsopt.seeds import generator


@pytest.mark.parametrize("seed", range(60))
def test_rollout_is_worth_at_least_the_myopic_policy(seed: int) -> None:
    problem = FiniteMdp.random_small(generator(seed))
    base, better = myopic(problem), rollout(problem)
    assert base.feasible
    assert better.feasible
    assert better.objective >= base.objective - 1e-12


@pytest.mark.parametrize("seed", range(20))
def test_myopic_takes_the_greatest_expected_reward(seed: int) -> None:
    data = FiniteMdp.random_small(generator(seed)).instance
    policy = myopic(FiniteMdp(data)).solution
    for state in range(data.num_states):
        worth = {
            int(a): float((data.probability * data.reward)[(data.state == state) & (data.action == a)].sum())
            for a in np.unique(data.action[data.state == state])
        }
        if worth:
            assert worth[policy.action[state]] == pytest.approx(max(worth.values()), abs=1e-12)
        else:
            assert policy.action[state] == -1


def test_a_trap_that_rollout_sees() -> None:
    # At once 2 and then nothing, or 1 and then 9.
    data = DecisionProcess(3, 0, [0, 0, 1], [0, 1, 0], [2, 1, 2], [1.0] * 3, [2.0, 1.0, 9.0], 0.5)
    for horizon, second in ((None, Policy([1, 0, -1])), (2, Policy([[1, 0, -1], [0, 0, -1]]))):
        problem = FiniteMdp(DecisionProcess.from_json(data.to_json() | {"horizon": horizon}))
        assert myopic(problem).solution == Policy([0, 0, -1])
        assert rollout(problem).solution == second
        assert rollout(problem).objective == 5.5


def test_rollout_by_step_has_a_policy_for_each() -> None:
    assert len(rollout(FiniteMdp(decision_process(horizon=5))).solution.steps) == 5
