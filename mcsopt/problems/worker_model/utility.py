"""A worker's completion, cost, utility and risks on a leg, exactly, for given slots of departure: (5)-(12).

Every function takes `Legs` of shape S and `depart`, integers of a shape that broadcasts with S; the law of the delay is
summed, and given the delay the channel's uniform law is integrated in closed form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mcsopt import tolerances
from mcsopt.errors import InputError, shown
from mcsopt.problems.worker_model.channel import is_atom, transmitted_within
from mcsopt.problems.worker_model.legs import Legs
from mcsopt.problems.worker_model.participants import DEADLINES, Deadline


def completion_chance(legs: Legs, depart: ArrayLike, deadline: Deadline = "delivered") -> np.ndarray:
    """Return ``E[completed] = sum_k Pr(td = k) Pr(ttr <= te - K - max(t0 + n + k, tb))`` (8).

    It never rises with `depart`. Under ``deadline="sensed"`` the transmission may end after the window, and the second
    factor is 1 or 0.

    Examples
    --------
    Two hops with an even chance of one slot's delay each, one slot of sensing, no transmission, four slots left:
    all but the case of two delays is in time (Appendix B.1).

    >>> legs = Legs(travel=2, sensing=1, opening=0, closing=4, delay_law=[0.25, 0.5, 0.25], travel_cost=2.0,
    ...             sensing_cost=1.0, delay_cost=1.0, transmission_cost=0.0, load=0.0, power=0.5, lowest_channel=100.0,
    ...             highest_channel=400.0)
    >>> float(completion_chance(legs, 0))
    0.75
    """
    each = transmitted_within_per_delay(legs, slots_allowed(legs, depart, deadline))
    return _probability(np.sum(legs.delay_law * each, axis=-1))


def failure_risk(legs: Legs, depart: ArrayLike, deadline: Deadline = "delivered") -> np.ndarray:
    """Return ``R2 = Pr(not completed)`` (12)."""
    return 1.0 - completion_chance(legs, depart, deadline)


def expected_cost(legs: Legs) -> np.ndarray:
    """Return ``E[c] = cm n + cs K + cd E[td] + omegaJ e slot_s E[ttr]`` (6), (37), of a leg and service in full."""
    moving = legs.travel_cost + legs.delay_cost * legs.mean_delay
    return np.asarray(moving + legs.sensing_cost + legs.transmission_cost * legs.mean_transmission)


def expected_utility(
    legs: Legs, depart: ArrayLike, payment: ArrayLike, compensation: ArrayLike, deadline: Deadline = "delivered"
) -> np.ndarray:
    """Return (10), ``E[completed] p - E[c] - (1 - E[completed]) q``: a failure costs as much as a service.

    That is the paper's conservative sunk cost; it is exact for a worker that performs a missed task all the same. It
    never exceeds `expected_realized_utility` and never rises with `depart`.
    """
    completed = completion_chance(legs, depart, deadline)
    return np.asarray(completed * payment - expected_cost(legs) - (1 - completed) * compensation)


def expected_realized_utility(
    legs: Legs, depart: ArrayLike, payment: ArrayLike, compensation: ArrayLike, deadline: Deadline = "delivered"
) -> np.ndarray:
    """Return the expectation of (9), whose sunk cost is what was spent.

    **Reading:** the worker learns the delay while it travels; where sensing could not end inside the window, it gives
    the task up on arrival, with travel and delay paid and the compensation due. The channel shows after sensing:
    a late delivery costs in full. So it exceeds (10) by ``Pr(given up) (cs K + omegaJ e slot_s E[ttr])``.
    """
    given_up = np.sum(legs.delay_law * (slots_left(legs, depart) < 0), axis=-1)
    saved = legs.sensing_cost + legs.transmission_cost * legs.mean_transmission
    return np.asarray(expected_utility(legs, depart, payment, compensation, deadline) + given_up * saved)


def utility_risk(
    legs: Legs,
    depart: ArrayLike,
    payment: ArrayLike,
    least_utility: float,
    deadline: Deadline = "delivered",
) -> np.ndarray:
    """Return ``R1 = Pr(u < u_min)`` (11) for ``u_min > 0``.

    A failure leaves at most 0, so R1 >= R2, and neither compensation nor sunk cost matters. Given the delay, u falls
    with the time of the transmission: the risk is the channel's tail beyond the sooner of deadline and the last slot
    that pays. R1 never rises with the payment, and never falls with `depart`.
    """
    if not least_utility > 0:
        raise InputError("least_utility", f"is {shown(least_utility)}", "give a number > 0")
    certain = np.asarray(payment) - least_utility - legs.travel_cost - legs.sensing_cost
    room = certain[..., None] - legs.delay_cost[..., None] * np.arange(legs.delay_law.shape[-1])
    price = legs.transmission_cost[..., None]
    atom = is_atom(legs.load, legs.lowest_channel, legs.highest_channel)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        paying = np.where(atom, room + tolerances.MONEY, room) / price
    paying = np.where(price > 0, paying, np.where(room >= -tolerances.MONEY, np.inf, -np.inf))
    good = transmitted_within_per_delay(legs, np.minimum(paying, slots_allowed(legs, depart, deadline)))
    return _probability(1.0 - np.sum(legs.delay_law * good, axis=-1))


def slots_left(legs: Legs, depart: ArrayLike) -> np.ndarray:
    """Return ``te - K - max(t0 + n + k, tb)`` for each delay k, the slots left when sensing ends, shape S + (M,)."""
    arrival = (np.asarray(depart) + legs.travel)[..., None] + np.arange(legs.delay_law.shape[-1])
    return np.asarray((legs.closing - legs.sensing)[..., None] - np.maximum(arrival, legs.opening[..., None]))


def slots_allowed(legs: Legs, depart: ArrayLike, deadline: Deadline) -> np.ndarray:
    """Return how long a transmission may take for the task to count as completed, for each delay; may be infinite."""
    if deadline not in DEADLINES:
        raise InputError("deadline", f"is {shown(deadline)}", f"use one of {', '.join(map(repr, DEADLINES))}")
    left = slots_left(legs, depart)
    return left if deadline == "delivered" else np.where(left >= 0, np.inf, -np.inf)


def transmitted_within_per_delay(legs: Legs, slots: np.ndarray) -> np.ndarray:
    """Return ``Pr(ttr <= slots)`` for slots of shape S + (M,)."""
    columns = (legs.load, legs.power, legs.lowest_channel, legs.highest_channel)
    return transmitted_within(slots, *(column[..., None] for column in columns))


def _probability(value: np.ndarray) -> np.ndarray:
    """Return a probability without the last digit by which a sum may leave [0, 1]."""
    return np.clip(value, 0.0, 1.0)
