"""What PRIMER asks of a budget: a cap on the distortion and a floor under the inference error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsopt import tolerances
from mcsopt.privacy.randomized_response import flips_of


@dataclass(frozen=True, eq=False)
class Requirements:
    """The two constraints of PRIMER for workers j = 1..J with independent intents, and their inverses.

    Both sides are monotone in eps. With ``t = 1 / (1 + e^eps)`` the distortion ``flip_cost * t`` falls, and so does the
    inference error ``g(t) = sum_i omega_i min(m_ij, t)``, concave and piecewise linear in t. So the budgets that meet
    both are an interval.

    Parameters
    ----------
    doubt : array of float, shape (J, I)
        ``m_ij = min(phi_ij, 1 - phi_ij)``, in [0, 1/2].
    weight : array of float, shape (I,)
        ``omega_i >= 0``.
    flip_cost : array of float, shape (J,)
        ``gamma_j * I >= 0``: the distortion if every entry were flipped.
    cap, floor : array of float, shape (J,)
        ``Q_max`` and ``beta0``.

    Notes
    -----
    A constraint holds if its violation is at most 1e-12 (`tolerances.RISK`) in units of the flip probability, that is,
    times `flip_cost` and times the sum of weights. So a budget at an end of the interval is inside, whatever way its
    exponential was rounded.
    """

    doubt: np.ndarray
    weight: np.ndarray
    flip_cost: np.ndarray
    cap: np.ndarray
    floor: np.ndarray

    @property
    def num_workers(self) -> int:
        """Number of workers J."""
        return len(self.doubt)

    @property
    def cap_slack(self) -> np.ndarray:
        """By how much the distortion may pass the cap."""
        return tolerances.RISK * self.flip_cost

    @property
    def floor_slack(self) -> float:
        """By how much the inference error may miss the floor."""
        return tolerances.RISK * float(self.weight.sum())

    def of(self, workers: np.ndarray) -> Requirements:
        """Return the requirements of some workers only."""
        return Requirements(
            self.doubt[workers], self.weight, self.flip_cost[workers], self.cap[workers], self.floor[workers]
        )

    def distortion(self, epsilon: np.ndarray) -> np.ndarray:
        """Return ``Q_loss`` of each worker at its budget (1)-(2)."""
        return self.flip_cost * flips_of(epsilon)

    def inference_error(self, epsilon: np.ndarray) -> np.ndarray:
        """Return ``xi`` of each worker at its budget (6)."""
        return np.minimum(self.doubt, flips_of(epsilon)[:, None]) @ self.weight

    def caps_kept(self, epsilon: np.ndarray) -> np.ndarray:
        """Return for each worker whether the distortion at its budget keeps the cap (25e)."""
        return self.distortion(epsilon) <= self.cap + self.cap_slack

    def floors_kept(self, epsilon: np.ndarray) -> np.ndarray:
        """Return for each worker whether the inference error at its budget keeps the floor (25f)."""
        return self.inference_error(epsilon) >= self.floor - self.floor_slack

    def least_budget(self, cap: np.ndarray) -> np.ndarray:
        """Return the least eps >= 0 whose distortion is at most `cap`: ``ln(flip_cost / cap - 1)``."""
        with np.errstate(over="ignore"):
            share = np.divide(cap, self.flip_cost, out=np.full(self.num_workers, 0.5), where=self.flip_cost > 0)
        return _budget(np.minimum(share, 0.5))

    def largest_budget(self, floor: np.ndarray) -> np.ndarray:
        """Return the largest eps whose inference error is at least `floor`, minus infinity if there is none.

        g is inverted on the piece between two neighbouring values of `doubt` where it reaches the floor.
        """
        order = np.argsort(self.doubt, axis=1, kind="stable")
        m, omega = np.take_along_axis(self.doubt, order, axis=1), self.weight[order]
        # Behind entry k: what the doubts before it contribute, and the weight of those not yet reached.
        reached = np.cumsum(omega * m, axis=1) - omega * m
        slope = np.cumsum(omega[:, ::-1], axis=1)[:, ::-1]
        enough = reached + slope * m >= floor[:, None]
        piece = np.argmax(enough, axis=1)[:, None]
        missing = floor - np.take_along_axis(reached, piece, axis=1)[:, 0]
        rise = np.take_along_axis(slope, piece, axis=1)[:, 0]
        flip = np.divide(missing, rise, out=np.zeros(self.num_workers), where=rise > 0)
        flip = np.clip(flip, 0.0, np.take_along_axis(m, piece, axis=1)[:, 0])
        return np.where(floor <= 0, np.inf, np.where(enough.any(axis=1), _budget(flip), -np.inf))


def _budget(flip: np.ndarray) -> np.ndarray:
    """Return ``eps = ln(1 / t - 1)``, the budget whose flip probability is t in [0, 1/2]."""
    with np.errstate(divide="ignore"):
        return np.log1p(-flip) - np.log(flip)
