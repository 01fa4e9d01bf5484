"""Why PRIMER finds no budget for a worker: which constraint stands in the way, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mcsopt.privacy.requirements import Requirements

_SHOWN = 3


class Cause(StrEnum):
    """Which constraint no budget of the range keeps."""

    DISTORTION = "distortion"
    """Even at the highest budget the distortion passes its cap."""
    INFERENCE_ERROR = "inference-error"
    """Even at the lowest budget the inference error misses its floor."""
    BOTH = "both"
    """Each of the two."""
    CONFLICT = "conflict"
    """Each can be kept, but not by the same budget."""
    GRID = "grid"
    """Both can be kept, but by no grid point: the interval is narrower than the step."""


@dataclass(frozen=True)
class Obstacle:
    """Why one worker is INFEASIBLE; prints as one line.

    Parameters
    ----------
    worker : int
    cause : Cause
    excess : float
        By how much the distortion passes its cap, at `excess_at`; 0 if that does not stand in the way.
    excess_at : float
        The highest budget; for a conflict, the largest one that keeps the floor.
    shortfall : float
        By how much the inference error misses its floor, at `shortfall_at`; 0 if that does not stand in the way.
    shortfall_at : float
        The lowest budget; for a conflict, the smallest one that keeps the cap.
    cap, floor : float
        What was asked.
    """

    worker: int
    cause: Cause
    excess: float
    excess_at: float
    shortfall: float
    shortfall_at: float
    cap: float
    floor: float

    def __str__(self) -> str:
        return f"worker {self.worker}: {self.reason}"

    @property
    def reason(self) -> str:
        """The obstacle in words, without the worker."""
        over = f"the distortion is {self.excess:.3g} above its cap {self.cap:g}"
        short = f"the inference error is {self.shortfall:.3g} below its floor {self.floor:g}"
        if self.cause is Cause.DISTORTION:
            return f"even at the highest budget {self.excess_at:g} {over}"
        if self.cause is Cause.INFERENCE_ERROR:
            return f"even at the lowest budget {self.shortfall_at:g} {short}"
        if self.cause is Cause.BOTH:
            return (
                f"even at the highest budget {self.excess_at:g} {over}, at the lowest, {self.shortfall_at:g}, {short}"
            )
        if self.cause is Cause.CONFLICT:
            return (
                f"at {self.shortfall_at:.6g}, the smallest budget that keeps the cap, {short};"
                f" at {self.excess_at:.6g}, the largest that keeps the floor, {over}"
            )
        return (
            f"budgets from {self.shortfall_at:.6g} to {self.excess_at:.6g} keep cap and floor, but no grid point lies"
            " there (take a smaller step, or method='exact')"
        )


def find_obstacles(
    wanted: Requirements, workers: np.ndarray, bottom: np.ndarray, top: np.ndarray
) -> tuple[Obstacle, ...]:
    """Return the obstacle of each of `workers`, for whom no budget was found in ``[bottom, top]``."""
    asked, lowest, highest = wanted.of(workers), bottom[workers], top[workers]
    useless, unsafe = ~asked.caps_kept(highest), ~asked.floors_kept(lowest)
    shortfall_at = np.where(unsafe, lowest, np.clip(asked.least_budget(asked.cap), lowest, highest))
    excess_at = np.where(useless, highest, np.clip(asked.largest_budget(asked.floor), lowest, highest))
    excess = np.maximum(0.0, asked.distortion(excess_at) - asked.cap)
    shortfall = np.maximum(0.0, asked.floor - asked.inference_error(shortfall_at))
    fits = shortfall_at <= excess_at
    return tuple(
        Obstacle(
            worker=int(workers[k]),
            cause=_cause(bool(useless[k]), bool(unsafe[k]), bool(fits[k])),
            excess=float(excess[k]) if useless[k] or not unsafe[k] else 0.0,
            excess_at=float(excess_at[k]),
            shortfall=float(shortfall[k]) if unsafe[k] or not useless[k] else 0.0,
            shortfall_at=float(shortfall_at[k]),
            cap=float(asked.cap[k]),
            floor=float(asked.floor[k]),
        )
        for k in range(workers.size)
    )


def shorten(obstacles: Sequence[Obstacle]) -> str:
    """Return the first few obstacles on one line, and how many more there are."""
    more = f"; and {len(obstacles) - _SHOWN} more" if len(obstacles) > _SHOWN else ""
    return "; ".join(map(str, obstacles[:_SHOWN])) + more


def _cause(useless: bool, unsafe: bool, fits: bool) -> Cause:
    if useless and unsafe:
        return Cause.BOTH
    if useless or unsafe:
        return Cause.DISTORTION if useless else Cause.INFERENCE_ERROR
    return Cause.GRID if fits else Cause.CONFLICT
