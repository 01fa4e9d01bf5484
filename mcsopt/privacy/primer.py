"""PRIMER (Algorithm 1): the smallest budget whose reports are useful enough and whose intents are safe enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError, shown
from mcsopt.privacy import inputs
from mcsopt.privacy.obstacles import Obstacle, find_obstacles, shorten
from mcsopt.privacy.requirements import Requirements

METHODS = ("scan", "exact")
MAX_GRID = 100_000
"""Most grid points of a scan; `method="exact"` needs none."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What PRIMER finds for each worker.

    Parameters
    ----------
    epsilon : array of float, shape (J,)
        ``eps_j*``; NaN: INFEASIBLE, the worker opts out of reporting.
    distortion, inference_error : array of float, shape (J,)
        ``Q_loss`` (1) and ``xi`` (6) at that budget; NaN likewise.
    low, high : array of float, shape (J,)
        Ends of the interval of budgets in the range that meet both constraints; ``low > high``: none does.
    obstacles : tuple of Obstacle
        For each INFEASIBLE worker, by index: which constraint stands in the way, and by how much.
    """

    epsilon: np.ndarray
    distortion: np.ndarray
    inference_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    obstacles: tuple[Obstacle, ...]

    @property
    def feasible(self) -> np.ndarray:
        """Mask of the workers with a budget, shape (J,)."""
        return ~np.isnan(self.epsilon)

    def require_someone(self) -> Calibration:
        """Return the calibration itself, or raise one `InputError` that says why all workers are INFEASIBLE."""
        if self.feasible.any():
            return self
        raise InputError(
            "workers",
            f"none of the {len(self.epsilon)} can keep both the distortion cap and the inference-error floor:"
            f" {shorten(self.obstacles)}",
            "raise the cap, lower the floor, or widen the range of budgets",
        )


def primer(
    prior: Any,
    *,
    distortion_cap: Any,
    error_floor: Any,
    flip_weight: Any = None,
    weight: Any = None,
    lowest: Any = 0.1,
    highest: Any = 5.0,
    step: float = 0.05,
    method: str = "scan",
) -> Calibration:
    """Calibrate the privacy budgets of all workers (Algorithm 1, PRIMER).

    For each worker the smallest ``eps`` in ``[lowest, highest]`` with

        Q_loss(eps) = gamma_j I t <= distortion_cap    and    xi(eps) = sum_i omega_i min(phi_ij, 1 - phi_ij, t)
                                                                      >= error_floor,

    where ``t = 1 / (1 + e^eps)`` and intents are independent. Both fall with eps, so the feasible budgets are an
    interval: on the left the reports are useless, on the right the intents are guessed.

    Parameters
    ----------
    prior : array of float, shape (J, I) or (I,)
        ``phi_ij = Pr(b_ij = 1)`` in [0, 1]; a vector is one worker.
    distortion_cap : float or array of float, shape (J,)
        ``Q_max >= 0`` of (25e), in the unit of `flip_weight`.
    error_floor : float or array of float, shape (J,)
        ``beta0 >= 0`` of (7), in the unit of `weight`.
    flip_weight : float or array of float, shape (J,), optional
        ``gamma_j >= 0``; by default ``1/I``: the distortion is the expected share of flipped entries.
    weight : array of float, shape (I,), optional
        ``omega_i >= 0``, not all zero; by default ``1/I`` each.
    lowest, highest : float or array of float, shape (J,)
        Range of budgets, ``0 < lowest <= highest``, finite.
    step : float
        Distance of grid points > 0, for ``method="scan"``.
    method : {"scan", "exact"}
        ``"scan"``, the letter of Algorithm 1: the first of the grid points ``lowest + n * step``, computed so and never
        accumulated, that meets both constraints; an interval narrower than the step may hold none. ``"exact"``: the
        left end of the interval.

    Returns
    -------
    Calibration
        With NaN for INFEASIBLE workers, and the reason of each. Nothing is raised if all are; `require_someone` does.

    Raises
    ------
    InputError
        For entries out of range, shapes that do not fit, or a step that makes more than 100,000 grid points.

    Notes
    -----
    Guarantee (Proposition 3): at each budget returned both constraints hold within 1e-12 in units of t. The same slack
    decides what is inside, so a grid point at an end of the interval is taken however its exponential was rounded. A
    last grid point that passes `highest` by less than 1e-9 of a step counts, as `highest` itself.

    Algorithm 1 as printed accumulates ``eps + step``: in floating point a step below half a unit in the last place
    never ends, whatever Proposition 2 says, and sums of steps drift. Neither can happen here.

    Examples
    --------
    >>> found = primer([[0.5, 0.4], [0.05, 0.1]], distortion_cap=0.35, error_floor=0.3)
    >>> found.epsilon.tolist()
    [0.65, nan]
    >>> print(found.obstacles[0])
    worker 1: even at the lowest budget 0.1 the inference error is 0.225 below its floor 0.3
    >>> exact = primer([0.5, 0.4], distortion_cap=0.35, error_floor=0.3, method="exact")
    >>> [round(float(number[0]), 4) for number in (exact.epsilon, exact.low, exact.high)]
    [0.619, 0.619, 0.8473]

    References
    ----------
    iParts, Algorithm 1, (1)-(9), (25)-(26), Propositions 2 and 3.
    """
    wanted = _requirements(prior, distortion_cap, error_floor, flip_weight, weight)
    bottom, top = _range(lowest, highest, wanted.num_workers)
    if method not in METHODS:
        raise InputError("method", f"is {shown(method)}", f"use one of {', '.join(map(repr, METHODS))}")
    low = np.maximum(bottom, wanted.least_budget(wanted.cap))
    high = np.minimum(top, wanted.largest_budget(wanted.floor))
    epsilon = _exact(wanted, bottom, top) if method == "exact" else _scan(wanted, bottom, top, step)
    return Calibration(
        epsilon=epsilon,
        distortion=wanted.distortion(epsilon),
        inference_error=wanted.inference_error(epsilon),
        low=low,
        high=high,
        obstacles=find_obstacles(wanted, np.flatnonzero(np.isnan(epsilon)), bottom, top),
    )


def _exact(wanted: Requirements, bottom: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Return the left end of each interval; if rounding leaves it outside, the nearest budget that has slack."""
    least = np.maximum(bottom, wanted.least_budget(wanted.cap + wanted.cap_slack))
    largest = np.minimum(top, wanted.largest_budget(wanted.floor - wanted.floor_slack))
    left = np.maximum(bottom, wanted.least_budget(wanted.cap))
    return np.where(least <= largest, np.clip(left, least, np.maximum(least, largest)), np.nan)


def _scan(wanted: Requirements, bottom: np.ndarray, top: np.ndarray, step: Any) -> np.ndarray:
    """Try the grid points of all workers side by side; who has lost the floor is done, because it only sinks."""
    points = grid_points(bottom, top, step)
    epsilon, searching, at = np.full(wanted.num_workers, np.nan), np.arange(wanted.num_workers), wanted
    n = 0
    while searching.size:
        trial = np.minimum(bottom[searching] + n * float(step), top[searching])
        useful, safe = at.caps_kept(trial), at.floors_kept(trial)
        epsilon[searching[useful & safe]] = trial[useful & safe]
        n += 1
        left = ~useful & safe & (n < points[searching])
        if not left.all():
            searching = searching[left]
            at = wanted.of(searching)
    return epsilon


def grid_points(bottom: np.ndarray, top: np.ndarray, step: Any) -> np.ndarray:
    """Return the number of grid points ``bottom + n * step`` up to `top` for each worker; at most 100,000."""
    size = inputs.numbers(step, "step", open_low=True)
    if size.ndim:
        raise InputError("step", f"has shape {size.shape}", "give one number")
    with np.errstate(over="ignore"):  # infinitely many, for the least of steps
        points = np.floor((top - bottom) / size + tolerances.GRID_STEP) + 1
    if points.max(initial=0) > MAX_GRID:
        raise InputError(
            "step", f"{shown(float(size))} makes {points.max():.3g} grid points, more than {MAX_GRID}",
            "take a larger step, or method='exact'",
        )  # fmt: skip
    return points.astype(np.int64)


def _requirements(prior: Any, cap: Any, floor: Any, flip_weight: Any, weight: Any) -> Requirements:
    phi = inputs.matrix(inputs.probabilities(prior, "prior"), "prior")
    workers, tasks = phi.shape
    each = _for_each(workers)
    return Requirements(
        doubt=np.minimum(phi, 1.0 - phi),
        weight=inputs.task_weights(weight, tasks),
        flip_cost=each(1.0 / tasks if flip_weight is None else flip_weight, "flip_weight") * tasks,
        cap=each(cap, "distortion_cap"),
        floor=each(floor, "error_floor"),
    )


def _range(lowest: Any, highest: Any, workers: int) -> tuple[np.ndarray, np.ndarray]:
    bottom = inputs.per_worker(inputs.budgets(lowest, "lowest", infinite=False), workers, "lowest")
    top = inputs.per_worker(inputs.budgets(highest, "highest", infinite=False), workers, "highest")
    crossed = np.flatnonzero(bottom > top)
    if crossed.size:
        worker = int(crossed[0])
        place = f"highest[{worker}]" if np.ndim(highest) else "highest"
        raise InputError(place, f"is {shown(top[worker])}, below lowest, {shown(bottom[worker])}", "swap the two")
    return bottom, top


def _for_each(workers: int) -> Callable[[Any, str], np.ndarray]:
    return lambda value, field: inputs.per_worker(inputs.numbers(value, field), workers, field)
