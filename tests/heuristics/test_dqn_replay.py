from __future__ import annotations

import numpy as np
import pytest

from mcsopt.heuristics.dqn_replay import LEAST_ERROR, PrioritizedReplay, Transitions
from mcsopt.seeds import generator

pytestmark = pytest.mark.kernel


def rows(first: int, n: int) -> Transitions:
    number = np.arange(first, first + n)
    return Transitions(number, number % 3, number * 0.5, number + 1, np.ones(n))


def test_entries_are_drawn_in_proportion_to_their_errors() -> None:
    memory = PrioritizedReplay(capacity=6, alpha=0.7)
    memory.add(rows(0, 6))
    error = np.array([0.0, -1.0, 2.0, 0.5, -4.0, 0.1])
    memory.learned(np.arange(6), error)
    wanted = (np.abs(error) + LEAST_ERROR) ** 0.7
    wanted /= wanted.sum()
    assert memory.probability(np.arange(6)) == pytest.approx(wanted, rel=1e-12)
    rng, drawn = generator(1), np.zeros(6)
    for _ in range(2000):
        places, _ = memory.sample(10, 1.0, rng)
        drawn += np.bincount(places, minlength=6)
    assert drawn / drawn.sum() == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_weights_correct_the_bias(beta: float) -> None:
    memory = PrioritizedReplay(capacity=8, alpha=1.0)
    memory.add(rows(0, 5))
    error = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    memory.learned(np.arange(5), error)
    places, weights = memory.sample(200, beta, generator(2))
    p = (error + LEAST_ERROR) / (error + LEAST_ERROR).sum()
    brute = np.array([(5 * p[place]) ** -beta for place in places])
    assert weights == pytest.approx(brute / brute.max(), rel=1e-12)
    assert weights.max() == 1.0


def test_a_full_correction_makes_the_mean_that_of_drawing_all_alike() -> None:
    memory = PrioritizedReplay(capacity=4, alpha=1.0)
    memory.add(rows(0, 4))
    memory.learned(np.arange(4), np.array([0.1, 1.0, 3.0, 0.4]))
    worth, rng, total, weight = np.array([5.0, -1.0, 2.0, 10.0]), generator(3), 0.0, 0.0
    for _ in range(4000):
        places, _ = memory.sample(4, 1.0, rng)
        share = 1 / memory.probability(places)
        total, weight = total + float((share * worth[places]).sum()), weight + float(share.sum())
    assert total / weight == pytest.approx(worth.mean(), abs=0.15)


def test_the_oldest_make_room_and_the_new_come_first() -> None:
    memory = PrioritizedReplay(capacity=4, alpha=1.0)
    memory.add(rows(0, 3))
    memory.learned(np.arange(3), np.array([9.0, 0.0, 0.0]))
    memory.add(rows(3, 3))
    assert memory.count == 4
    assert sorted(memory.of(np.arange(4)).state.tolist()) == [2, 3, 4, 5]
    fresh = memory.probability(np.array([3, 0, 1]))
    assert fresh == pytest.approx(np.full(3, (9 + LEAST_ERROR) / memory.tree[1]))
    got = memory.of(np.array([0]))
    assert (got.state[0], got.action[0], got.reward[0], got.next_state[0], got.factor[0]) == (4, 1, 2.0, 5, 1.0)
