"""What the statements of worker paths share: which tasks can be reached, when, by which arcs, and times as integers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mcsopt import tolerances
from mcsopt.problems import WorkerPathInstance

MAX_DIGITS = 6
LARGEST_TIME = 10**7  # CP-SAT 9.15 has answered falsely with coefficients of 1e8
EXACT_TO = 0.1 * tolerances.TIME
"""Largest sum of the errors along a path of times written as decimals, a tenth of their tolerance."""
HAIR = 1e-6
"""Least part of an integer unit by which times are rounded outward: far above the rounding of doubles up to 1e7."""

Arc = tuple[int, int]
Level = tuple[float, float]
"""A profit, and the latest start for it."""


@dataclass(frozen=True)
class PathWindows:
    """Windows that no feasible path leaves by more than `slack`, and the arcs that fit between them.

    Attributes
    ----------
    instance : WorkerPathInstance
    earliest : array of float, shape (n,)
        No service starts earlier: the window opens, or no way is faster, waiting included; infinite where no way
        leads.
    deadline : array of float, shape (n,)
        No service starts later: the window closes, or the horizon is too near for the service and, with
        ``return_to_start``, the fastest way back.
    slack : float
        By how much a start may exceed a deadline: the tolerance of the problem, and the rounding of sums. It is kept
        apart, so that differences between deadlines are those of the data.
    """

    instance: WorkerPathInstance
    earliest: np.ndarray
    deadline: np.ndarray
    slack: float

    @classmethod
    def of(cls, place: WorkerPathInstance) -> PathWindows:
        """Derive the windows: the fastest way back through any nodes, then the earliest arrivals as Dijkstra does."""
        slack = 2 * tolerances.TIME + place.horizon * 2.0**-48
        deadline = np.minimum(place.latest, place.horizon - _fastest_way_home(place)) if place.return_to_start \
            else place.latest  # fmt: skip
        earliest = np.full(place.num_nodes, np.inf)
        earliest[0] = place.open[0]
        waiting = np.ones(place.num_nodes, dtype=bool)
        while np.isfinite(earliest[waiting]).any():
            node = int(np.argmin(np.where(waiting, earliest, np.inf)))
            waiting[node] = False
            start = np.maximum(earliest[node] + place.service[node] + place.travel[node], place.open)
            reached = waiting & (start <= deadline + slack)
            earliest[reached] = np.minimum(earliest, start)[reached]
        return cls(place, earliest, deadline, slack)

    @cached_property
    def tasks(self) -> list[int]:
        """Tasks that can be reached in time."""
        return [int(node) for node in np.flatnonzero(np.isfinite(self.earliest)) if node]

    @cached_property
    def arcs(self) -> list[Arc]:
        """Pairs of nodes that a feasible path can visit in a row; ``(i, 0)`` ends the path at task i."""
        arrive = (self.earliest + self.instance.service)[:, None] + self.instance.travel
        fits = arrive <= self.deadline + self.slack
        between = [(i, j) for i in (0, *self.tasks) for j in self.tasks if i != j and fits[i, j]]
        return between + [(i, 0) for i in self.tasks if self.earliest[i] <= self.end_by(i) + self.slack]

    def end_by(self, task: int) -> float:
        """Return until when service may start at the last task of a path."""
        place, deadline = self.instance, float(self.deadline[task])
        if not place.return_to_start:
            return deadline
        return min(deadline, place.horizon - float(place.service[task] + place.travel[task, 0]))

    def duration(self, arc: Arc) -> float:
        """Return the time from the start of service at i to the arrival at j."""
        return float(self.instance.service[arc[0]] + self.instance.travel[arc])

    def levels(self, task: int) -> list[Level]:
        """Return each profit that a task can yield, with the latest start for it; one level without a table."""
        table, opens = self.instance.tables[task], float(self.instance.open[task])
        deadline, found = float(self.deadline[task]), []
        for last in [*np.flatnonzero(np.diff(table) < 0).tolist(), len(table) - 1]:
            until = min(opens + last, deadline) if last < len(table) - 1 else deadline
            if until + self.slack >= self.earliest[task]:
                found.append((float(table[last]), until))
            if until == deadline:
                break
        return found


def _fastest_way_home(place: WorkerPathInstance) -> np.ndarray:
    """Return the least time from the start of service to being back, through whichever nodes, windows aside."""
    home: np.ndarray = place.service + place.travel[:, 0]
    home[0] = 0.0
    away = place.travel + place.service[:, None]
    for _ in range(place.num_nodes):
        better = np.minimum(home, (away + home[None, :]).min(axis=1))
        better[0] = 0.0
        if np.array_equal(better, home):
            break
        home = better
    return home


@dataclass(frozen=True)
class IntegerTimes:
    """Times as integers: exactly, or rounded so that every feasible path stays feasible.

    If all times are decimals of D <= 6 digits, to within errors that sum to a tenth of their tolerance along any path,
    then in units of ``10^-D`` the same paths are feasible: a start is at most ``close + 1e-9`` exactly if its integer
    is at most that of ``close``. Otherwise durations and openings are rounded down, and deadlines are not rounded
    towards the start: by induction the integer start at each node of a path is at most the start itself, so what is
    stated is a relaxation. It wrongly admits only paths that miss a window by at most `slack`.

    Attributes
    ----------
    origin : float
        The time that becomes 0.
    scale : float
        Units in one unit of time; the horizon is at most 1e7 of them.
    exact : bool
        Whether the same paths are feasible.
    hair : float
        Part of a unit by which is rounded further where not exact, above all errors of the doubles compared.
    """

    origin: float
    scale: float
    exact: bool
    hair: float

    @classmethod
    def of(cls, place: WorkerPathInstance) -> IntegerTimes:
        """Choose the units: the coarsest power of ten that is exact, else a power of two."""
        origin = float(place.open[0])
        span = float(place.horizon - origin)
        times = np.concatenate(
            [[span], place.open - origin, place.latest - origin, place.service, place.travel.ravel()]
        )
        times = times[np.abs(times) <= span]  # what exceeds the horizon excludes itself
        rounding = 0.0  # sums of integers are exact
        for digits in range(MAX_DIGITS + 1):
            scaled = times * 10.0**digits
            if span * 10.0**digits > LARGEST_TIME:
                break
            worst = float(np.max(np.abs(scaled - np.rint(scaled)))) / 10.0**digits
            if (2 * place.num_nodes + 2) * (worst + rounding) <= EXACT_TO:
                return cls(origin, 10.0**digits, True, 0.0)
            rounding = place.horizon * 2.0**-50
        scale = 2.0 ** min(float(np.floor(np.log2(LARGEST_TIME / max(span, 1e-300)))), 1000.0)
        return cls(origin, scale, False, max(HAIR, place.horizon * 2.0**-50 * scale))

    def duration(self, time: float) -> int:
        """Return a duration in units, never too long."""
        units = time * self.scale
        return round(units) if self.exact else max(0, math.floor(units - self.hair))

    def first(self, time: float) -> int:
        """Return a time before which nothing starts, in units, never too late."""
        return self.duration(max(0.0, time - self.origin))

    def last(self, time: float, slack: float) -> int:
        """Return a deadline that a start may exceed by `slack` in units, never too early."""
        units = (time - self.origin) * self.scale
        return round(units) if self.exact else math.floor(units + slack * self.scale + self.hair)

    def slack(self, nodes: int) -> float:
        """Return by how much a path through so many nodes that the integers admit may miss a window."""
        return tolerances.TIME if self.exact else (nodes + 2) * (1 + self.hair) / self.scale
