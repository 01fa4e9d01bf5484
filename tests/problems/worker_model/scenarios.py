"""The worker model a second time, in plain Python: draws, and every combination of delays one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np

from mcsopt.problems.worker_model import Legs


def leg(**changes):
    """Return a leg: two hops of up to two slots' delay, two slots of sensing, a transmission of 0.6 to 0.9 slots."""
    values = {
        "travel": 2,
        "sensing": 2,
        "opening": 3,
        "closing": 9,
        "delay_law": law_of(2, 0.3, 1, 2),
        "travel_cost": 0.8,
        "sensing_cost": 0.5,
        "delay_cost": 0.3,
        "transmission_cost": 0.4,
        "load": 5.0,
        "power": 0.5,
        "lowest_channel": 100.0,
        "highest_channel": 400.0,
    }
    return Legs(**(values | changes))


def combinations(slots, chance, shortest, longest):
    """Yield every combination of the delays of single slots, as its total and its probability."""
    lengths = range(shortest, longest + 1)
    outcomes = [(0, 1 - chance), *((k, chance / len(lengths)) for k in lengths)]
    for each in itertools.product(outcomes, repeat=slots):
        yield sum(k for k, _ in each), math.prod(chance for _, chance in each)


def law_of(slots, chance, shortest, longest):
    law = [0.0] * (slots * longest + 1)
    for total, probability in combinations(slots, chance, shortest, longest):
        law[total] += probability
    return law


def transmission(one, channel):
    return float(one.load) / math.log2(1 + float(one.power) * channel)


def outcome(one, depart, delay, channel, payment, compensation, deadline="delivered"):
    """Return what one scenario brings: completed, utility (10)'s way, utility (9)'s way, departures either way."""
    begin = max(depart + int(one.travel) + delay, int(one.opening))
    sensed = begin + int(one.sensing)
    sent = sensed + transmission(one, channel)
    completed = (sent if deadline == "delivered" else sensed) <= int(one.closing)
    moving = float(one.travel_cost) + delay * float(one.delay_cost)
    serving = float(one.sensing_cost) + transmission(one, channel) * float(one.transmission_cost)
    reward = payment if completed else -compensation
    given_up = sensed > int(one.closing)
    arrival = depart + int(one.travel) + delay
    leaving = math.ceil(sent)
    return {
        "completed": completed,
        "conservative": reward - moving - serving,
        "realized": reward - moving - (0.0 if given_up else serving),
        "performed": leaving,
        "given-up": arrival if given_up else leaving,
        "transmission": transmission(one, channel),
    }


def channels(one, number=20_001):
    """Return the midpoints of equal parts of the channel's range."""
    low, high = float(one.lowest_channel), float(one.highest_channel)
    return low + (np.arange(number) + 0.5) / number * (high - low)


def mean_over_scenarios(one, value, parts=2001):
    """Return the mean of ``value(delay, channel)`` over all delays and a fine division of the channel's range."""
    total = 0.0
    for delay, chance in enumerate(one.delay_law.tolist()):
        if chance:
            total += chance * float(np.mean([value(delay, g) for g in channels(one, parts)]))
    return total


def drawn(one, rng, number):
    """Return draws of delays and channels."""
    delays = rng.choice(one.delay_law.shape[-1], size=number, p=one.delay_law)
    return delays, rng.uniform(float(one.lowest_channel), float(one.highest_channel), number)


def within_four_errors(sample, expected):
    error = np.std(sample, ddof=1) / math.sqrt(len(sample))
    return abs(np.mean(sample) - expected) <= 4 * error + 1e-12
