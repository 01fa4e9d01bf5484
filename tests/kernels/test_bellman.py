from __future__ import annotations

import numpy as np
import pytest

from mcsopt.kernels.bellman import sweep
from mcsopt.problems import FiniteMdp
from mcsopt.seeds import generator

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("seed", range(30))
def test_a_sweep_is_bellmans_equation(seed: int) -> None:
    rng = generator(seed)
    data = FiniteMdp.random_small(rng).instance
    table, after = data.choices, rng.normal(size=data.num_states)
    values, choice = np.empty(data.num_states), np.full(data.num_states, -1)
    sweep(
        table.first_choice, table.first_outcome, table.next_state, table.probability, table.expected_reward,
        data.discount, after, values, choice,
    )  # fmt: skip
    for state in range(data.num_states):
        worth = {}
        for row in np.flatnonzero(data.state == state):
            gain = data.probability[row] * (data.reward[row] + data.discount * after[data.next_state[row]])
            worth[int(data.action[row])] = worth.get(int(data.action[row]), 0.0) + gain
        if not worth:
            assert (values[state], choice[state]) == (0.0, -1)
        else:
            assert values[state] == pytest.approx(max(worth.values()), abs=1e-12)
            assert worth[int(table.action[choice[state]])] == pytest.approx(max(worth.values()), abs=1e-12)


def test_of_equals_the_choice_that_stands_is_kept() -> None:
    first_choice, first_outcome = np.array([0, 3]), np.array([0, 1, 2, 3])
    for kept, chosen in ((-1, 0), (0, 0), (1, 1), (2, 0)):
        values, choice = np.empty(1), np.array([kept])
        sweep(
            first_choice, first_outcome, np.zeros(3, np.int64), np.ones(3), np.array([2.0, 2.0, 1.0]), 0.5, np.zeros(1),
            values, choice,
        )  # fmt: skip
        assert (values[0], choice[0]) == (2.0, chosen)
