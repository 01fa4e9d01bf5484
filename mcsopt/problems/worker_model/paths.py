"""A worker's path: slots of departure as planned, and as chance has them; what it earns by either.

A leg that leaves at t0 ends at ``max(t0 + n + td, tb) + K + ttr``. The plan puts means in and rounds up to a slot; its
utility, the sum of (10) over planned departures, is a **surrogate**. Chance leaves early or late and passes it on: the
expectation of a function of a sum is not the function of expectations. Here the law of every departure is carried
along, exactly.

**Reading:** departures are at whole slots, as in the plan: a worker leaves at the first slot that begins when its
transmission has ended, so the next t0 is ``max(t0 + n + td, tb) + K + ceil(ttr)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mcsopt.errors import InputError, shown
from mcsopt.problems.worker_model.legs import Legs, slots_up
from mcsopt.problems.worker_model.participants import Deadline
from mcsopt.problems.worker_model.utility import completion_chance, expected_realized_utility, expected_utility

Missed = Literal["performed", "given-up"]
"""**Reading:** what becomes of a task that cannot be in time. ``"performed"``: it is sensed and sent all the same,
late, paid for in full, and the worker goes on afterwards; on single legs that is (10). ``"given-up"``: where sensing
could not end inside the window, the worker goes on at once on arrival; on single legs that is (9). A late transmission
shows too late to be given up."""


@dataclass(frozen=True, eq=False)
class PathJudgement:
    """A given path under planned and under propagated departures, leg by leg.

    Parameters
    ----------
    planned_departure : array of int, shape (L,)
        Of each leg, by the plan.
    departure_law : tuple of L arrays
        ``departure_law[l][t]`` is the chance that leg l leaves at slot t.
    surrogate_utility, utility : array of float, shape (L,)
        Expected utility of each leg at the planned departure, by (10), and exactly.
    surrogate_completion, completion : array of float, shape (L,)
        Chance of completion, likewise.
    """

    planned_departure: np.ndarray
    departure_law: tuple[np.ndarray, ...]
    surrogate_utility: np.ndarray
    utility: np.ndarray
    surrogate_completion: np.ndarray
    completion: np.ndarray

    @property
    def surrogate(self) -> float:
        """The planned utility of the path: what a gap certified on planned times is about."""
        return float(self.surrogate_utility.sum())

    @property
    def exact(self) -> float:
        """The expected utility of the path when delays propagate."""
        return float(self.utility.sum())


def planned_departure(legs: Legs, depart: ArrayLike) -> np.ndarray:
    """Return when the next leg leaves by the plan, ``ceil(max(t0 + n + E[td], tb) + K + E[ttr])``."""
    begin = np.maximum(np.asarray(depart) + legs.travel + legs.mean_delay, legs.opening)
    return slots_up(begin + legs.sensing + legs.mean_transmission)


def next_departure_law(leg: Legs, depart_law: np.ndarray, missed: Missed = "performed") -> np.ndarray:
    """Return the law of the next slot of departure, given the law of this leg's.

    Parameters
    ----------
    leg : Legs of shape ()
    depart_law : array of float
        Entry t: the chance to leave at slot t.

    Returns
    -------
    array of float
        Sums to what `depart_law` sums to, but for rounding.
    """
    arrival = np.concatenate([np.zeros(int(leg.travel)), np.convolve(depart_law, leg.delay_law)])
    at = np.arange(len(arrival))
    begin = np.maximum(at, int(leg.opening))
    late = begin + int(leg.sensing) > int(leg.closing)
    goes_on = late if _is_given_up(missed) else np.zeros_like(late)
    service = _service_law(leg)
    performed = np.bincount(begin[~goes_on], arrival[~goes_on], minlength=1)
    law = np.convolve(performed, service)
    after = np.where(goes_on, arrival, 0.0)
    length = max(len(law), len(after))
    return np.trim_zeros(np.pad(law, (0, length - len(law))) + np.pad(after, (0, length - len(after))), "b")


def judge_path(
    legs: Sequence[Legs],
    payments: Sequence[float],
    compensations: Sequence[float],
    *,
    missed: Missed = "performed",
    deadline: Deadline = "delivered",
    start: int = 0,
) -> PathJudgement:
    """Judge a path by planned and by propagated departures.

    Parameters
    ----------
    legs : sequence of Legs of shape (), length L
        From each place to the next, the first from where the worker is at slot `start`.
    payments, compensations : sequence of float, length L
        ``p`` and ``q`` of each task's contract.

    Returns
    -------
    PathJudgement

    Notes
    -----
    A leg's delays and channel are independent of its departure, so its expected utility given the departure is that of
    a single leg, and the path's is the sum over legs and departures: exact up to rounding. Both may err in both
    directions; neither bounds the other.
    """
    if not len(legs) == len(payments) == len(compensations):
        raise InputError(
            "payments", f"has length {len(payments)}", f"give payment and compensation of {len(legs)} legs"
        )
    single = expected_realized_utility if _is_given_up(missed) else expected_utility
    planned, laws = [start], [np.eye(1, start + 1, start)[0]]
    rows = []
    for leg, payment, compensation in zip(legs, payments, compensations, strict=True):
        depart, law = planned[-1], laws[-1]
        slots = np.flatnonzero(law)
        rows.append(
            (
                float(expected_utility(leg, depart, payment, compensation, deadline)),
                float(law[slots] @ single(leg, slots, payment, compensation, deadline)),
                float(completion_chance(leg, depart, deadline)),
                float(law[slots] @ completion_chance(leg, slots, deadline)),
            )
        )
        planned.append(int(planned_departure(leg, depart)))
        laws.append(next_departure_law(leg, law, missed))
    columns = np.array(rows, dtype=float).reshape(-1, 4).T
    departures = np.array(planned[: len(legs)], dtype=np.int64)
    return PathJudgement(departures, tuple(laws[: len(legs)]), columns[0], columns[1], columns[2], columns[3])


def _service_law(leg: Legs) -> np.ndarray:
    """Return the law of ``K + ceil(ttr)``."""
    most = int(slots_up(leg.longest_transmission))
    within = leg[None].transmitted_within(np.arange(most + 1))
    within[-1] = 1.0
    return np.concatenate([np.zeros(int(leg.sensing)), np.diff(within, prepend=0.0)])


def _is_given_up(missed: Missed) -> bool:
    if missed not in ("performed", "given-up"):
        raise InputError("missed", f"is {shown(missed)}", "use 'performed' or 'given-up'")
    return missed == "given-up"
