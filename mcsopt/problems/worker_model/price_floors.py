"""What a worker must ask at least, in whole cents: to lose nothing on average, and to keep its risk (23b)-(23c)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mcsopt import tolerances
from mcsopt.errors import InputError, shown
from mcsopt.problems.worker_model.legs import Legs
from mcsopt.problems.worker_model.participants import Deadline
from mcsopt.problems.worker_model.utility import completion_chance, expected_cost, failure_risk, utility_risk

FloorRule = Literal["rational", "printed"]


def cents_up(amount: ArrayLike) -> np.ndarray:
    """Return money in cents, rounded up; `tolerances.MONEY` above a whole cent is none, infinity stays."""
    return np.ceil((np.asarray(amount, dtype=float) - tolerances.MONEY) * 100)


def rational_floor(
    completed: ArrayLike, cost: ArrayLike, *, compensation: ArrayLike = 0.0, compensation_share: ArrayLike = 0.0
) -> np.ndarray:
    """Return the payment at which (10) is 0.

    That is ``(E[c] + (1 - E[completed]) q) / (E[completed] - share (1 - E[completed]))``.

    Parameters
    ----------
    completed, cost : array of float
        ``E[completed]`` and ``E[c]``.
    compensation : array of float
        ``q``, a fixed amount.
    compensation_share : array of float
        A part of q that grows with the payment: ``q = compensation + share * p``.

    Returns
    -------
    array of float
        Infinite where no payment suffices.

    Examples
    --------
    The printed floor is the cost, 5; at 6.5 the worker breaks even.

    >>> float(rational_floor(0.8, 5.0, compensation=1.0))
    6.5
    """
    completed = np.asarray(completed, dtype=float)
    per_unit = completed - np.asarray(compensation_share) * (1 - completed)
    needed = np.asarray(cost) + (1 - completed) * compensation
    return np.where(per_unit > 0, needed / np.where(per_unit > 0, per_unit, 1.0), np.inf)


def risk_floor(
    legs: Legs, depart: ArrayLike, risk_cap: float, least_utility: float, deadline: Deadline = "delivered"
) -> np.ndarray:
    """Return the least payment in whole cents with ``R1 <= rho2``, by bisection; infinite where R2 exceeds rho2."""
    slowest = legs.delay_cost * (legs.delay_law.shape[-1] - 1) + legs.transmission_cost * legs.longest_transmission
    ample = cents_up(legs.travel_cost + legs.sensing_cost + slowest + least_utility)
    possible = failure_risk(legs, depart, deadline) <= risk_cap + tolerances.RISK
    high = np.broadcast_to(ample + 1, possible.shape).copy()
    low = np.full(possible.shape, -1.0)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        kept = utility_risk(legs, depart, middle / 100, least_utility, deadline) <= risk_cap + tolerances.RISK
        high, low = np.where(kept, middle, high), np.where(kept, low, middle)
    return np.where(possible, high / 100, np.inf)


def price_floor(
    legs: Legs,
    depart: ArrayLike,
    risk_cap: float,
    least_utility: float,
    compensation_share: ArrayLike,
    *,
    rule: FloorRule = "rational",
    deadline: Deadline = "delivered",
) -> np.ndarray:
    """Return the least ask in money, whole cents: the larger of `risk_floor` and the rational or printed floor.

    ``rule="printed"`` is the paper's ``p >= E[c]`` (23b), which permits a negative expected utility.
    """
    if rule == "rational":
        covering = rational_floor(
            completion_chance(legs, depart, deadline), expected_cost(legs), compensation_share=compensation_share
        )
    elif rule == "printed":
        covering = expected_cost(legs)
    else:
        raise InputError("rule", f"is {shown(rule)}", "use 'rational' or 'printed'")
    return np.maximum(cents_up(covering) / 100, risk_floor(legs, depart, risk_cap, least_utility, deadline))
