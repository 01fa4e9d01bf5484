"""Workers, tasks, channels and constants are checked, frozen, and give legs."""

import dataclasses

import numpy as np
import pytest

from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.errors import InputError
from mcsopt.problems.worker_model import Channel, MarketConstants, legs_to
from tests.problems.worker_model.scenarios import leg

DRAWN = sensing_worker(3, seed=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sensing_cost": -0.1}, "sensing_cost: is -0.1; give a number >= 0"),
        ({"speed": 0.0}, "speed: is 0.0; give a number > 0"),
        ({"delay_chance": 1.5}, r"delay_chance: is 1.5; give a number in \[0, 1\]"),
        ({"delay_chance": float("nan")}, "delay_chance: is nan"),
        ({"shortest_delay": 0}, "shortest_delay: is 0; give an integer >= 1"),
        ({"longest_delay": 2.5}, "longest_delay: is 2.5, not an integer"),
        ({"shortest_delay": 9}, "longest_delay: is 8, below shortest_delay 9; exchange them"),
    ],
)
def test_workers_out_of_range(changes, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(DRAWN.worker, **changes)


def test_other_things_out_of_range():
    with pytest.raises(InputError, match="closing: is 2, below opening"):
        dataclasses.replace(DRAWN.tasks[0], closing=2)
    with pytest.raises(InputError, match="highest: is 1, below lowest 2; exchange them"):
        Channel(2.0, 1.0)
    with pytest.raises(InputError, match="lowest: is 0"):
        Channel(0.0, 1.0)
    with pytest.raises(InputError, match="deadline: is 'soon'; use one of 'delivered', 'sensed'"):
        MarketConstants(deadline="soon")
    with pytest.raises(InputError, match="least_utility: is 0"):
        MarketConstants(least_utility=0)
    assert MarketConstants().with_deadline("sensed").deadline == "sensed"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"travel_cost": [0.1, -2.0]}, "travel_cost: is -2.0; give numbers >= 0"),
        ({"power": 0.0}, "power: is 0.0; give numbers > 0"),
        ({"delay_law": [0.5, 0.4]}, "delay_law: does not sum to 1"),
        ({"delay_law": 1.0}, "delay_law: does not sum to 1"),
        ({"lowest_channel": 500.0}, "highest_channel: is below lowest_channel"),
        ({"travel": [1, 2], "sensing": [1, 2, 3]}, "legs: have columns of unequal lengths"),
    ],
)
def test_legs_out_of_range(changes, message):
    with pytest.raises(InputError, match=message):
        leg(**changes)


def test_legs_are_those_of_the_participants():
    worker, tasks, constants = DRAWN.worker, DRAWN.tasks, DRAWN.constants
    legs = legs_to(worker, tasks, constants, [Channel(10.0, 20.0), Channel(1.0, 1.0), DRAWN.channel])
    for k, task in enumerate(tasks):
        travel = int(np.ceil(np.hypot(task.x - worker.x, task.y - worker.y) / worker.speed))
        assert legs.travel[k] == travel
        assert legs.travel_cost[k] == pytest.approx(travel * worker.travel_cost)
        assert legs.sensing[k] == np.ceil(task.bits / worker.bits_per_slot)
        # d / (W log2(1 + e g)) seconds, at omegaJ a joule.
        seconds = task.bits / (2e6 * np.log2(1 + worker.transmit_power * 20.0))
        cost = 0.01 * worker.transmit_power * seconds
        assert legs.load[k] / np.log2(1 + worker.transmit_power * 20.0) * 60.0 == pytest.approx(seconds)
        assert legs.transmission_cost[k] * seconds / 60.0 == pytest.approx(cost)
    assert legs.highest_channel.tolist() == [20.0, 1.0, 400.0]
    assert not legs.travel_cost.flags.writeable
    with pytest.raises(InputError, match="channel: has length 1; give one, or one for each of 3 tasks"):
        legs_to(worker, tasks, constants, [DRAWN.channel])


def test_some_of_the_legs():
    legs = DRAWN.legs
    assert legs.shape == (4, 3)
    assert legs[1].shape == (3,)
    assert legs[:, 2].shape == (4,)
    assert legs[..., None].shape == (4, 3, 1)
    assert legs[1, 2].delay_law.shape == legs.delay_law.shape[2:]
    assert legs[1, 2].travel == legs.travel[1, 2]
    assert all(legs.travel[i + 1, i] == 0 for i in range(3))
    nowhere = legs_to(DRAWN.worker, [], DRAWN.constants, DRAWN.channel)
    assert nowhere.shape == (0,)
