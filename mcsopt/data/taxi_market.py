"""Crowdsensing markets from Chicago taxi trips, after section 6.1 of the two-stage paper ("iParts")."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.data.trips import Trips, read_trips
from mcsopt.errors import InputError
from mcsopt.problems import SensingMarket
from mcsopt.seeds import generator

EARTH_RADIUS = 6_371.0088
"""Mean radius in km."""
KM_PER_MILE = 1.609344

ARRIVAL = (0.56, 0.96)
INTENT = 0.6
COST_WEIGHTS = (1.0, 1.0, 1.0)
"""Weights of the trip, the way to the task and the way from it; the paper does not give its own."""
MEDIAN_QUALITY = 16.0
"""Of the candidate pairs; at 10 only a quarter of the tasks have a set that meets the risk limit."""
FLOOR_SHARE = 0.25
"""Distances below this share of the median count as this share. Locations are published as centroids, so the
inverse of a short distance says nothing, and would give single pairs many times the quality of all others."""
MIN_SIDE = 1.0
"""Least width and height in km of the region in which tasks are drawn."""


@dataclass(frozen=True)
class ChicagoReport:
    """What became of a file of trips on its way to a market.

    Attributes
    ----------
    source : str
        The file.
    rows : int
        Rows read.
    rejected : Mapping[str, int]
        Unusable rows by cause.
    area : int
        Community area of the market.
    area_chosen : bool
        Whether the area was chosen for its number of trips, not asked for.
    trips_in_area : int
        Usable trips that start in it, among which the workers were sampled.
    tasks, workers, pairs : int
        Size of the market; `pairs` counts the candidate pairs.
    arrivals_from_presence : int
        Workers whose arrival probability comes from the presence of their taxi; that of the others was drawn.
    """

    source: str
    rows: int
    rejected: Mapping[str, int]
    area: int
    area_chosen: bool
    trips_in_area: int
    tasks: int
    workers: int
    pairs: int
    arrivals_from_presence: int

    def lines(self) -> tuple[str, ...]:
        """Return the report as lines for a person."""
        usable = self.rows - sum(self.rejected.values())
        drawn = self.workers - self.arrivals_from_presence
        return (
            f"{self.source}: {self.rows:,} rows, {usable:,} usable trips",
            *(f"  rejected: {count:,} {cause}" for cause, count in self.rejected.items()),
            f"community area {self.area}{' (most usable trips)' if self.area_chosen else ''}: "
            f"{self.trips_in_area:,} trips start there",
            f"market: {self.tasks:,} tasks, {self.workers:,} workers, {self.pairs:,} candidate pairs "
            f"of {self.tasks * self.workers:,}",
            f"arrival probabilities: {self.arrivals_from_presence:,} from presence, {drawn:,} drawn",
        )


def chicago(
    path: str | os.PathLike[str],
    *,
    tasks: int = 40,
    workers: int = 160,
    area: int | None = None,
    seed: int = 0,
) -> SensingMarket:
    """Read a file of taxi trips and draw a crowdsensing market from it.

    Parameters, guarantees and errors: :func:`mcsopt.data.trips.read_trips` and :func:`chicago_market`.
    """
    return chicago_with_report(path, tasks=tasks, workers=workers, area=area, seed=seed)[0]


def chicago_with_report(
    path: str | os.PathLike[str],
    *,
    tasks: int = 40,
    workers: int = 160,
    area: int | None = None,
    seed: int = 0,
) -> tuple[SensingMarket, ChicagoReport]:
    """Do as :func:`chicago`, and report what became of the rows of the file."""
    return _draw(read_trips(path), tasks, workers, area, seed)


def chicago_market(
    trips: Trips, *, tasks: int = 40, workers: int = 160, area: int | None = None, seed: int = 0
) -> SensingMarket:
    """Draw a crowdsensing market from taxi trips.

    Worker j is a trip sampled, without replacement, from those that start in the area; a taxi with several
    trips may be several workers. Places are projected onto a plane (equirectangular, about the area's mean
    pickup latitude). Tasks are uniform in the bounding box of the area's pickups; as these are centroids,
    often few, a side below 1 km is widened to 1 km about its middle. The south-west corner of this box is the
    origin.

    With ``t_j`` the length of the trip, ``a_ij`` the straight line from its start to task i and ``b_ij`` that
    from the task to its end, all in km:

    - cost ``c_ij = mu_j (t_j + a_ij + b_ij) + lambda_j / eps_j``; where the recorded length is 0 though the
      ends differ (one trip in five of the 2013-2016 sample), ``t_j`` is the straight line between them;
    - quality ``q_ij = K (theta_j / 50) / max(a_ij + b_ij, d_min)``, with ``d_min`` a quarter of the median of
      ``a + b`` over the candidate pairs, and the one constant K makes the median quality over them 16;
    - arrival ``pi_j``: the share of the file's days on which the taxi of the trip starts a usable trip,
      anywhere, clipped to [0.56, 0.96]; drawn from that range where the taxi or every day is unknown;
    - uniform: theta [45, 55], mu [0.2, 0.8] per km, lambda [1, 5], eps [0.1, 5], budget [200, 250], demand
      [20, 28], redundancy [0.05, 0.40], payment [40, 55] on a grid of 0.1, intent prior [0.3, 0.7];
      ``omega3 = 7``, ``rho1 = rho2 = 0.2``;
    - (i, j) is a candidate, and stored, if j reports an intent, with probability 0.6, and ``p_ij >= c_ij``.

    Parameters
    ----------
    trips : Trips
        Usable trips.
    tasks, workers : int
        Numbers of tasks and workers, >= 1.
    area : int, optional
        Community area, 1 to 77. None: the one in which most usable trips start; of equals, the lowest number.
    seed : int
        Any integer >= 0; the same arguments give the same market.

    Returns
    -------
    SensingMarket
        Positions in metres; a worker stands where its trip starts.

    Raises
    ------
    InputError
        For numbers out of range, an area without trips (the busiest are named), or fewer trips than workers.

    Notes
    -----
    Order of draws from ``generator(seed)``: the sample of trips; task x, task y, budget, demand, redundancy;
    theta, mu, lambda, eps, arrival (drawn also where presence replaces it); then, task by task, payment,
    intent and intent prior of every worker. A larger market with the same seed is another market, it does not
    contain the smaller. Time is O(tasks * workers), memory O(candidate pairs). Lengths are taken as
    recorded: one of 1,710 miles makes its worker nobody's candidate.

    References
    ----------
    Two-stage crowdsensing with private intent (iParts), section 6.1. The weights, the median, the floor, the
    ranges of phi and of intent, and the planar reading are ours.
    """
    return _draw(trips, tasks, workers, area, seed)[0]


@dataclass(frozen=True)
class Region:
    """The box in which tasks are drawn, and the projection onto it; km."""

    west: float
    south: float
    width: float
    height: float
    km_east: float
    km_north: float

    @classmethod
    def around(cls, latitude: np.ndarray, longitude: np.ndarray) -> Region:
        """Return the box around places given in degrees."""
        km_north = EARTH_RADIUS * np.pi / 180
        km_east = km_north * float(np.cos(np.radians(latitude.mean())))
        west, width = _side(longitude, km_east)
        south, height = _side(latitude, km_north)
        return cls(west, south, width, height, km_east, km_north)

    def project(self, latitude: np.ndarray, longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return east and north of the south-west corner, in km."""
        return (longitude - self.west) * self.km_east, (latitude - self.south) * self.km_north


def _side(degrees: np.ndarray, km_per_degree: float) -> tuple[float, float]:
    """Return the lower end in degrees and the length in km of a side of the box, widened if need be."""
    low, high = float(degrees.min()), float(degrees.max())
    length = (high - low) * km_per_degree
    if length >= MIN_SIDE:
        return low, length
    return (low + high) / 2 - MIN_SIDE / 2 / km_per_degree, MIN_SIDE


@dataclass(frozen=True)
class TripWorkers:
    """The sampled trips as workers: places and lengths in km."""

    start: tuple[np.ndarray, np.ndarray]
    end: tuple[np.ndarray, np.ndarray]
    trip: np.ndarray
    theta: np.ndarray
    mu: np.ndarray
    privacy_coefficient: np.ndarray
    privacy_budget: np.ndarray
    arrival: np.ndarray
    from_presence: int

    @property
    def privacy_cost(self) -> np.ndarray:
        """``lambda_j / eps_j``, money."""
        return self.privacy_coefficient / self.privacy_budget

    def distances(self, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the straight lines from each trip's start to a place, and from the place to its end; km."""
        there = np.hypot(x - self.start[0], y - self.start[1])
        return there, np.hypot(x - self.end[0], y - self.end[1])

    def execution_cost(self, there: np.ndarray, back: np.ndarray) -> np.ndarray:
        """Return ``mu_j`` times the weighted sum of the trip, the way to the task and the way from it."""
        weight_trip, weight_there, weight_back = COST_WEIGHTS
        return np.asarray(self.mu * (weight_trip * self.trip + weight_there * there + weight_back * back))


def _draw(trips: Trips, tasks: int, workers: int, area: int | None, seed: int) -> tuple[SensingMarket, ChicagoReport]:
    tasks, workers = whole_count("tasks", tasks), whole_count("workers", workers)
    used, inside = trips_inside(trips, area, workers)
    region = Region.around(trips.pickup_latitude[inside], trips.pickup_longitude[inside])
    rng = generator(seed)
    chosen = inside[rng.choice(len(inside), size=workers, replace=False)]
    task_x, task_y = rng.uniform(0, region.width, tasks), rng.uniform(0, region.height, tasks)
    budget, demand = rng.uniform(200, 250, tasks), rng.uniform(20, 28, tasks)
    redundancy = rng.uniform(0.05, 0.40, tasks)
    pool = draw_workers(rng, trips, chosen, region)
    market = SensingMarket(
        budget=budget,
        demand=demand,
        redundancy=redundancy,
        arrival=pool.arrival,
        privacy_budget=pool.privacy_budget,
        task_x=1000 * task_x,
        task_y=1000 * task_y,
        worker_x=1000 * pool.start[0],
        worker_y=1000 * pool.start[1],
        **_draw_pairs(rng, task_x, task_y, pool),
    )
    report = ChicagoReport(
        source=trips.source,
        rows=trips.rows,
        rejected=trips.rejected,
        area=used,
        area_chosen=area is None,
        trips_in_area=len(inside),
        tasks=tasks,
        workers=workers,
        pairs=market.num_pairs,
        arrivals_from_presence=pool.from_presence,
    )
    return market, report


def trips_inside(trips: Trips, area: int | None, workers: int) -> tuple[int, np.ndarray]:
    """Return the area used and the positions of the trips that start there; `InputError` if they are too few."""
    used = choose_area(trips, area)
    inside = np.flatnonzero(trips.pickup_area == used)
    if len(inside) < workers:
        raise InputError(
            "workers",
            f"is {workers}, community area {used} has {len(inside)} usable trips",
            f"ask for at most {len(inside)}, or another area",
            trips.source or None,
        )
    return used, inside


def draw_workers(rng: np.random.Generator, trips: Trips, chosen: np.ndarray, region: Region) -> TripWorkers:
    """Return the workers that stand for the chosen trips."""
    start = region.project(trips.pickup_latitude[chosen], trips.pickup_longitude[chosen])
    end = region.project(trips.dropoff_latitude[chosen], trips.dropoff_longitude[chosen])
    recorded = trips.miles[chosen] * KM_PER_MILE
    straight = np.hypot(end[0] - start[0], end[1] - start[1])
    size = len(chosen)
    theta, mu = rng.uniform(45, 55, size), rng.uniform(0.2, 0.8, size)
    privacy_coefficient, privacy_budget = rng.uniform(1, 5, size), rng.uniform(0.1, 5, size)
    drawn, presence = rng.uniform(*ARRIVAL, size), _presence(trips, chosen)
    known = ~np.isnan(presence)
    return TripWorkers(
        start=start,
        end=end,
        trip=np.where(recorded > 0, recorded, straight),
        theta=theta,
        mu=mu,
        privacy_coefficient=privacy_coefficient,
        privacy_budget=privacy_budget,
        arrival=np.where(known, np.clip(presence, *ARRIVAL), drawn),
        from_presence=int(np.count_nonzero(known)),
    )


def _draw_pairs(rng: np.random.Generator, task_x: np.ndarray, task_y: np.ndarray, pool: TripWorkers) -> dict[str, Any]:
    """Return the columns of the candidate pairs, by task and worker."""
    workers = len(pool.mu)
    found = []
    # Task by task: the whole matrix of tasks and workers is never in memory.
    for x, y in zip(task_x, task_y, strict=True):
        payment = np.round(rng.uniform(40, 55, workers), 1)
        willing = rng.random(workers) < INTENT
        prior = rng.uniform(0.3, 0.7, workers)
        there, back = pool.distances(x, y)
        cost = pool.execution_cost(there, back) + pool.privacy_cost
        worker = np.flatnonzero(willing & (payment >= cost))
        found.append((worker, payment[worker], cost[worker], prior[worker], (there + back)[worker]))
    worker, payment, cost, prior, distance = (np.concatenate(part) for part in zip(*found, strict=True))
    return {
        "pair_task": np.repeat(np.arange(len(found)), [len(part[0]) for part in found]),
        "pair_worker": worker,
        "payment": payment,
        "cost": cost,
        "quality": _quality(pool.theta[worker], distance),
        "intent_prior": prior,
    }


def whole_count(field: str, value: int) -> int:
    """Return an integer >= 1; `InputError` for anything else."""
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if count < 1 or isinstance(value, bool):
        raise InputError(field, f"is {value!r}", "give an integer >= 1")
    return count


def choose_area(trips: Trips, area: int | None) -> int:
    """Return the area asked for if trips start there, or the busiest one."""
    counts = np.bincount(trips.pickup_area)
    if not counts.any():
        raise InputError("trips", "are none", "give at least one usable trip", trips.source or None)
    busiest = np.argsort(-counts, kind="stable")
    if area is None:
        return int(busiest[0])
    used = whole_count("area", area)
    if used >= len(counts) or not counts[used]:
        named = ", ".join(f"{place} ({counts[place]:,} trips)" for place in busiest[:5] if counts[place])
        raise InputError("area", f"{used} has no usable trips", f"the busiest areas are {named}", trips.source or None)
    return used


def _presence(trips: Trips, chosen: np.ndarray) -> np.ndarray:
    """Return, per sampled trip, the share of the file's days on which its taxi starts one; NaN if unknown."""
    if trips.taxi is None or trips.day is None or np.isnat(trips.day).all():
        return np.full(len(chosen), np.nan)
    dated = ~np.isnat(trips.day)
    days, day = np.unique(trips.day[dated], return_inverse=True)
    taxi, mine = trips.taxi[dated].astype(np.int64), trips.taxi[chosen].astype(np.int64)
    relevant = np.isin(taxi, mine)
    # One number per (taxi, day), so that the trips of one day count once.
    present = np.unique(taxi[relevant] * len(days) + day[relevant]) // len(days)
    count = np.searchsorted(present, mine, side="right") - np.searchsorted(present, mine, side="left")
    return np.where(mine >= 0, count / len(days), np.nan)


def _quality(theta: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return the quality of the candidate pairs, inverse to their distance in km."""
    if not distance.size:
        return distance
    relative = relative_quality(theta, distance, float(np.median(distance)))
    return np.asarray(MEDIAN_QUALITY / np.median(relative) * relative)


def relative_quality(theta: np.ndarray, distance: np.ndarray, median: float) -> np.ndarray:
    """Return ``theta / 50`` over the distance, which counts as a quarter of the median at least; unscaled."""
    # The metre keeps the quotient finite even where every trip is a point and every task on it.
    return np.asarray(theta / 50 / np.maximum(distance, max(FLOOR_SHARE * median, 0.001)))
