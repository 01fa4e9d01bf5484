"""What a task gets from its workers: age of information, the law of the quality, and the risk of too little (13)-(17).

The formula of (14) is lost. **Reading** (the weakest reconstruction, so it can be replaced): ``Q_i = sum_j completed_ij
* kappa / A_ij`` with the average age ``A = (K + 1)/2 + ttr`` of the data, born at the beginning of their slots (13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.problems.worker_model.channel import mean_of_transmission
from mcsopt.problems.worker_model.legs import Legs
from mcsopt.problems.worker_model.participants import Deadline
from mcsopt.problems.worker_model.utility import slots_allowed, transmitted_within_per_delay


class QualityOfAge(Protocol):
    """A smooth, positive quality that falls with the average age of information, and its inverse."""

    def at(self, age: np.ndarray) -> np.ndarray:
        """Return the quality of data of an average age, in slots."""

    def oldest(self, quality: np.ndarray) -> np.ndarray:
        """Return the largest age that gives at least a quality > 0."""


@dataclass(frozen=True)
class InverseAge:
    """``scale / age``."""

    scale: float = 1.0

    def at(self, age: np.ndarray) -> np.ndarray:
        """See `QualityOfAge`."""
        return self.scale / age

    def oldest(self, quality: np.ndarray) -> np.ndarray:
        """See `QualityOfAge`."""
        return self.scale / quality


def sensing_age(sensing: ArrayLike) -> np.ndarray:
    """Return ``(K + 1) / 2``, the average age of the data when K slots of sensing end: K, K - 1, ..., 1."""
    return (np.asarray(sensing) + 1) / 2


def expected_quality(
    legs: Legs, depart: ArrayLike, quality: QualityOfAge, deadline: Deadline = "delivered"
) -> np.ndarray:
    """Return ``E[completed * quality(A)]``, exact for the delays, by quadrature (to rounding) over the channel."""
    law = legs.delay_law
    age = sensing_age(legs.sensing)[..., None, None]
    columns = (legs.load, legs.power, legs.lowest_channel, legs.highest_channel)
    allowed = slots_allowed(legs, depart, deadline)
    each = mean_of_transmission(
        lambda slots: quality.at(age + slots), allowed, *(column[..., None] for column in columns)
    )
    return np.asarray(np.sum(law * each, axis=-1))


def quality_reached(
    legs: Legs, depart: ArrayLike, level: ArrayLike, quality: QualityOfAge, deadline: Deadline = "delivered"
) -> np.ndarray:
    """Return ``Pr(completed * quality(A) >= level)`` for levels > 0: the channel decides both factors at once."""
    fresh = quality.oldest(np.asarray(level, dtype=float)) - sensing_age(legs.sensing)
    within = transmitted_within_per_delay(legs, np.minimum(fresh[..., None], slots_allowed(legs, depart, deadline)))
    return np.asarray(np.sum(legs.delay_law * within, axis=-1))


def quality_risk_bounds(
    legs: Sequence[Legs],
    departs: Sequence[int],
    demanded: float,
    quality: QualityOfAge,
    *,
    deadline: Deadline = "delivered",
    steps: int = 2000,
) -> tuple[float, float]:
    """Return bounds of ``R_i = Pr(Q_i < Qd_i)`` (17) for a task served by independent workers.

    The quality of every worker is rounded down to a grid of `steps` steps from 0 to Qd, and up; the sums of either are
    convolved. Rounded down, Q misses the demand more often, so that this risk is an upper bound; rounded up, a lower
    one.

    Parameters
    ----------
    legs : sequence of Legs of shape ()
        One leg of each worker.
    departs : sequence of int
        Its slot of departure.
    demanded : float
        ``Qd``.
    steps : int
        The bounds close as ``number of workers / steps``; work grows with its square.

    Returns
    -------
    lower, upper : float
        In [0, 1]; 1e-12 (`tolerances.RISK`) wider than computed, for the rounding of sums.
    """
    if len(legs) != len(departs):
        raise InputError("departs", f"has length {len(departs)}", f"give one for each of {len(legs)} workers")
    if steps < 1:
        raise InputError("steps", f"is {steps}", "give an integer >= 1")
    if demanded <= tolerances.QUALITY:
        return 0.0, 0.0
    levels = demanded * np.arange(1, steps + 1) / steps
    down, up = np.eye(1, steps + 1)[0], np.eye(1, steps + 1)[0]
    for leg, depart in zip(legs, departs, strict=True):
        reached = quality_reached(leg[None], depart, levels, quality, deadline)
        positive = float(quality_reached(leg, depart, np.finfo(float).tiny, quality, deadline))
        down = _sum_of(down, _steps_of(np.concatenate([[1.0], reached])))
        up = _sum_of(up, _steps_of(np.concatenate([[1.0, positive], reached[:-1]])))
    lower, upper = up[:-1].sum() - tolerances.RISK, down[:-1].sum() + tolerances.RISK
    return float(np.clip(lower, 0.0, 1.0)), float(np.clip(upper, 0.0, 1.0))


def _steps_of(reached: np.ndarray) -> np.ndarray:
    """Return the law on the grid from the chances to reach each of its points; the last point holds all beyond."""
    return np.asarray(-np.diff(reached, append=0.0))


def _sum_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the law of a sum, all from the last point of the grid on in that point."""
    law = np.convolve(first, second)
    law[len(first) - 1] = law[len(first) - 1 :].sum()
    return law[: len(first)]
