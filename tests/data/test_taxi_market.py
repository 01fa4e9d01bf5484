"""Chicago trips become markets: each number follows from its formula."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcsopt.data.taxi_market import chicago, chicago_market, chicago_with_report
from mcsopt.data.trips import Trips
from mcsopt.errors import InputError
from mcsopt.problems import OfflineWelfare
from mcsopt.seeds import generator
from tests.data.trip_files import PORTAL, portal_row, write
from tests.real_trips import BIGQUERY, SAMPLE, needs_trips


def make_trips(size: int = 60, seed: int = 5, **changes: Any) -> Trips:
    """Trips from two areas of random places, a third of them with a recorded length of 0."""
    rng = generator(seed)
    columns: dict[str, Any] = {
        "pickup_latitude": rng.uniform(41.88, 41.92, size),
        "pickup_longitude": rng.uniform(-87.66, -87.62, size),
        "dropoff_latitude": rng.uniform(41.80, 42.00, size),
        "dropoff_longitude": rng.uniform(-87.90, -87.60, size),
        "pickup_area": np.where(np.arange(size) % 4 == 0, 6, 8),
        "dropoff_area": np.full(size, 32),
        "miles": np.where(np.arange(size) % 3 == 0, 0.0, rng.uniform(0.5, 12, size)),
        "seconds": np.full(size, 600.0),
        "taxi": None,
        "day": None,
        "rows": size,
        "rejected": {},
    }
    return Trips(**(columns | changes))


def test_distances_on_the_plane_agree_with_the_sphere() -> None:
    # Pickups all over the city, so that the projection is tested where it is worst.
    rng = generator(3)
    size = 150
    latitude, longitude = rng.uniform(41.65, 42.02, size), rng.uniform(-87.91, -87.53, size)
    trips = make_trips(size, pickup_latitude=latitude, pickup_longitude=longitude, pickup_area=np.full(size, 8))
    market = chicago_market(trips, tasks=1, workers=size)
    chosen = generator(0).choice(size, size=size, replace=False)
    phi, lam = np.radians(latitude[chosen]), np.radians(longitude[chosen])
    half = (
        np.sin((phi[:, None] - phi) / 2) ** 2
        + np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    )
    sphere = 2 * 6_371_008.8 * np.arcsin(np.sqrt(half))
    assert market.worker_x is not None
    assert market.worker_y is not None
    plane = np.hypot(market.worker_x[:, None] - market.worker_x, market.worker_y[:, None] - market.worker_y)
    np.testing.assert_allclose(plane, sphere, rtol=0.005, atol=1e-3)
    assert market.worker_x.min() == pytest.approx(0, abs=1e-6)
    assert market.worker_y.min() == pytest.approx(0, abs=1e-6)


def test_costs_and_qualities_follow_from_the_formulas_pair_by_pair() -> None:
    # Every other trip ends where it starts, so that some distances lie below the floor.
    loose, still = make_trips(), np.arange(60) % 2 == 0
    trips = make_trips(
        dropoff_latitude=np.where(still, loose.pickup_latitude, loose.dropoff_latitude),
        dropoff_longitude=np.where(still, loose.pickup_longitude, loose.dropoff_longitude),
    )
    tasks, workers = 7, 30
    market = chicago_market(trips, tasks=tasks, workers=workers, seed=11)
    rng = generator(11)  # replays the documented order of draws
    inside = np.flatnonzero(trips.pickup_area == 8)
    chosen = inside[rng.choice(len(inside), size=workers, replace=False)]
    south, west = trips.pickup_latitude[inside].min(), trips.pickup_longitude[inside].min()
    north = 6371.0088 * math.pi / 180
    east = north * math.cos(math.radians(float(trips.pickup_latitude[inside].mean())))
    width = (trips.pickup_longitude[inside].max() - west) * east
    height = (trips.pickup_latitude[inside].max() - south) * north
    tx, ty = rng.uniform(0, width, tasks), rng.uniform(0, height, tasks)
    budget, demand, zeta = (rng.uniform(low, high, tasks) for low, high in ((200, 250), (20, 28), (0.05, 0.40)))
    theta, mu, lam, eps, pi = (
        rng.uniform(low, high, workers) for low, high in ((45, 55), (0.2, 0.8), (1, 5), (0.1, 5), (0.56, 0.96))
    )
    expected = []
    for i in range(tasks):
        payment = np.round(rng.uniform(40, 55, workers), 1)
        intent, phi = rng.random(workers), rng.uniform(0.3, 0.7, workers)
        for j, trip in enumerate(chosen):
            start = (
                (trips.pickup_longitude[trip] - west) * east,
                (trips.pickup_latitude[trip] - south) * north,
            )
            end = (
                (trips.dropoff_longitude[trip] - west) * east,
                (trips.dropoff_latitude[trip] - south) * north,
            )
            length = trips.miles[trip] * 1.609344 or math.dist(start, end)
            a, b = math.dist(start, (tx[i], ty[i])), math.dist((tx[i], ty[i]), end)
            cost = mu[j] * (length + a + b) + lam[j] / eps[j]
            if intent[j] < 0.6 and payment[j] >= cost:
                expected.append((i, j, payment[j], cost, phi[j], a + b))
    assert len(expected) > 50
    task, worker, payment, cost, phi, distance = (np.array(part) for part in zip(*expected, strict=True))
    np.testing.assert_array_equal(market.pair_task, task)
    np.testing.assert_array_equal(market.pair_worker, worker)
    np.testing.assert_array_equal(market.payment, payment)
    np.testing.assert_allclose(market.cost, cost, rtol=1e-12)
    np.testing.assert_array_equal(market.intent_prior, phi)
    for found, drawn in ((market.budget, budget), (market.demand, demand), (market.redundancy, zeta),
                         (market.arrival, pi), (market.privacy_budget, eps)):  # fmt: skip
        np.testing.assert_array_equal(found, drawn)
    floor = np.median(distance) / 4
    assert 0 < np.count_nonzero(distance < floor) < len(distance) / 4
    constant = market.quality * np.maximum(distance, floor) / (theta[worker.astype(int)] / 50)
    np.testing.assert_allclose(constant, constant[0], rtol=1e-9)
    assert np.median(market.quality) == pytest.approx(16, rel=1e-12)
    assert market.task_x is not None
    assert market.task_y is not None
    np.testing.assert_allclose(market.task_x, 1000 * tx)
    np.testing.assert_allclose(market.task_y, 1000 * ty)


def test_a_box_of_coinciding_centroids_is_widened_to_a_kilometre() -> None:
    size = 40
    trips = make_trips(
        size,
        pickup_latitude=np.full(size, 41.9),
        pickup_longitude=np.where(np.arange(size) % 2, -87.63, -87.60),
        pickup_area=np.full(size, 8),
    )
    market = chicago_market(trips, tasks=300, workers=size)
    width = 1000 * 0.03 * 6371.0088 * math.pi / 180 * math.cos(math.radians(41.9))
    assert market.task_x is not None
    assert market.task_y is not None
    assert market.worker_x is not None
    assert market.worker_y is not None
    np.testing.assert_allclose(market.worker_y, 500, rtol=1e-6)
    np.testing.assert_allclose(np.unique(market.worker_x.round(3)), [0, width], atol=1e-2)
    assert 0 <= market.task_y.min() < 20
    assert 980 < market.task_y.max() <= 1000
    assert 0.95 * width < market.task_x.max() <= width


def test_trips_and_tasks_at_one_point_leave_every_number_finite() -> None:
    size = 5
    same = {name: np.full(size, value) for name, value in zip(
        ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude"),
        (41.9, -87.6, 41.9, -87.6), strict=True)}  # fmt: skip
    market = chicago_market(make_trips(size, pickup_area=np.full(size, 8), **same), tasks=3, workers=size)
    assert np.isfinite(market.quality).all()
    assert market.num_pairs > 0


def test_arrival_is_the_presence_of_the_taxi_where_it_is_known() -> None:
    # Ten days; taxi 0 starts a trip on 8 (twice on one), taxi 1 on all, taxi 2 on one; one trip has no taxi.
    day = np.array([*range(8), 0, *range(10), 3, 4], dtype="datetime64[D]")
    taxi = np.array([0] * 9 + [1] * 10 + [2, -1])
    area = np.where(np.arange(21) % 2 == 0, 6, 8)  # presence counts the trips in other areas too
    trips = make_trips(21, day=day, taxi=taxi, pickup_area=area)
    expected = {0: 0.8, 1: 0.96, 2: 0.56}
    for place in (6, 8):
        inside = np.flatnonzero(area == place)
        market = chicago_market(trips, tasks=2, workers=len(inside), area=place)
        chosen = inside[generator(0).choice(len(inside), size=len(inside), replace=False)]
        drawn = chicago_market(make_trips(21, pickup_area=area), tasks=2, workers=len(inside), area=place)
        for worker, trip in enumerate(chosen):
            assert market.arrival[worker] == expected.get(int(taxi[trip]), drawn.arrival[worker])


def test_arrival_is_drawn_where_no_day_is_known() -> None:
    undated = make_trips(taxi=np.arange(60), day=np.full(60, "NaT", dtype="datetime64[D]"))
    market, plain = (chicago_market(trips, tasks=2, workers=10) for trips in (undated, make_trips()))
    assert market.digest() == plain.digest()
    assert (market.arrival >= 0.56).all()
    assert (market.arrival <= 0.96).all()


def test_days_of_undated_trips_do_not_count() -> None:
    day = np.array(["2014-05-14", "2014-05-15", "NaT", "NaT"], dtype="datetime64[D]")
    trips = make_trips(4, taxi=np.array([0, 1, 0, 1]), day=day, pickup_area=np.full(4, 8))
    # Each taxi is seen on one of two days.
    np.testing.assert_array_equal(chicago_market(trips, tasks=1, workers=4).arrival, 0.56)


def test_the_busiest_area_is_taken_and_the_lowest_of_equals(tmp_path: Path) -> None:
    rows = [portal_row(area=area) for area in ("9", "7", "7", "9", "12")]
    path = write(tmp_path / "t.csv", PORTAL, *rows, portal_row(plat="", area="12"), portal_row(plat="", area="12"))
    market, report = chicago_with_report(path, tasks=2, workers=2)
    assert (report.area, report.area_chosen, report.trips_in_area) == (7, True, 2)
    assert (report.rows, report.rejected) == (7, {"missing pickup location": 2})
    assert (report.tasks, report.workers, report.pairs) == (2, 2, market.num_pairs)
    assert report.arrivals_from_presence == 2
    text = "\n".join(report.lines())
    assert f"{path}: 7 rows, 5 usable" in text
    assert "2 missing pickup location" in text
    assert "area 7 (most usable trips): 2 trips" in text
    assert f"2 tasks, 2 workers, {market.num_pairs} candidate pairs of 4" in text
    assert "2 from presence, 0 drawn" in text
    asked = chicago_with_report(path, tasks=2, workers=2, area=9)[1]
    assert (asked.area, asked.area_chosen) == (9, False)
    assert "most usable" not in "\n".join(asked.lines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"area": 77},
            r"area: 77 has no usable trips; the busiest areas are 8 \(45 trips\), 6 \(15 trips\)$",
        ),
        ({"area": 7}, "area: 7 has no usable trips"),
        ({"area": 0}, "area: is 0; give an integer >= 1"),
        ({"area": "8"}, "area: is '8'; give an integer"),
        ({"workers": 46}, "workers: is 46, community area 8 has 45 usable trips; ask for at most 45"),
        ({"workers": 0}, "workers: is 0; give an integer >= 1"),
        ({"tasks": 0}, "tasks: is 0; give an integer >= 1"),
        ({"tasks": 2.5}, "tasks: is 2.5; give an integer"),
        ({"tasks": True}, "tasks: is True; give an integer"),
        ({"seed": -1}, "seed: -1 is negative"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        chicago_market(make_trips(), **({"tasks": 2, "workers": 4} | arguments))


def test_errors_about_the_trips_name_their_file(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", PORTAL, portal_row())
    for arguments, field in (({"workers": 2}, "workers"), ({"area": 3, "workers": 1}, "area")):
        with pytest.raises(InputError) as caught:
            chicago(path, tasks=1, **arguments)
        assert str(caught.value).startswith(f"{path}: {field}: ")


def test_no_trips_are_refused() -> None:
    with pytest.raises(InputError, match="give at least one usable trip"):
        chicago_market(make_trips(0), tasks=1, workers=1)


def test_the_same_seed_gives_the_same_market() -> None:
    trips = make_trips()
    digests = [chicago_market(trips, tasks=5, workers=20, seed=seed).digest() for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


def test_a_market_without_candidates_is_a_market() -> None:
    # A trip of 10,000 miles costs more than any payment.
    market = chicago_market(make_trips(miles=np.full(60, 1e4)), tasks=3, workers=10)
    assert (market.num_tasks, market.num_workers, market.num_pairs) == (3, 10, 0)


@needs_trips
def test_the_public_sample_gives_a_sensible_market() -> None:
    market, report = chicago_with_report(SAMPLE, seed=0)
    assert report.rows == 15_002
    assert report.rejected == {"missing pickup location": 2, "missing drop-off location": 481}
    assert (report.area, report.trips_in_area) == (8, 4838)
    assert (market.num_tasks, market.num_workers) == (40, 160)
    assert report.arrivals_from_presence == 0
    assert market.rational().all()
    assert np.median(market.quality) == pytest.approx(16)
    assert market.quality.max() <= 4 * 16 * 55 / 45
    # Every task alone could be served: its three candidates of greatest expected quality meet the risk.
    problem = OfflineWelfare(market)
    for task in range(market.num_tasks):
        pairs = market.pairs_of(task)
        worth = market.quality[pairs] * market.arrival[market.pair_worker[pairs]]
        best = sorted(market.pair_worker[pairs][np.argsort(-worth)[:3]].tolist())
        assert problem.set_risk(task, best) <= market.quality_risk


@needs_trips
def test_the_bigquery_rows_give_a_market_with_presence() -> None:
    market, report = chicago_with_report(BIGQUERY, tasks=3, workers=2, area=32)
    assert report.rows == 20
    assert report.rejected == {"missing pickup location": 1}
    assert report.arrivals_from_presence == 2
    # Nobody starts a trip on more than one of the days of the file.
    assert market.arrival.tolist() == [0.56, 0.56]
