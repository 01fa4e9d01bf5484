"""Files of trips are read as written: each bad row is counted by cause, each useless file refused in one line."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mcsopt.data.trips import read_trips
from mcsopt.errors import InputError
from tests.data.trip_files import LOWER, PLACE, PORTAL, lower_row, portal_row, write

BAD = [
    ("missing pickup location", {"plat": ""}),
    ("missing pickup location", {"plon": "NaN", "dlat": "", "miles": "x"}),
    ("missing drop-off location", {"dlon": "  "}),
    ("missing drop-off location", {"dlat": "", "miles": "-1"}),
    ("unreadable number", {"miles": "1,5"}),
    ("unreadable number", {"miles": "12,34.5"}),
    ("unreadable number", {"plat": "41.9N"}),
    ("unreadable number", {"plat": "\xff\xfe"}),
    ("unreadable number", {"area": "eight"}),
    ("unreadable number", {"seconds": "0x10"}),
    ("missing pickup community area", {"area": ""}),
    ("no such community area", {"area": "78"}),
    ("no such community area", {"area": "8.5"}),
    ("no such community area", {"to": "0"}),
    ("coordinates outside Chicago's neighbourhood", {"plat": "-87.63", "plon": "41.9"}),
    ("coordinates outside Chicago's neighbourhood", {"dlat": "0", "dlon": "0"}),
    ("coordinates outside Chicago's neighbourhood", {"dlat": "inf"}),
    ("missing trip length", {"miles": ""}),
    ("negative or non-finite trip length", {"miles": "-0.1"}),
    ("negative or non-finite trip length", {"miles": "inf"}),
    ("negative or non-finite trip length", {"miles": "1e999"}),
    ("negative or non-finite trip duration", {"seconds": "-60"}),
    ("unreadable trip start", {"start": "yesterday"}),
    ("unreadable trip start", {"start": "02/30/2014 08:15:00 AM"}),
    ("unreadable trip start", {"start": "13/01/2014"}),
    ("unreadable trip start", {"start": "1400055300000"}),
]
SCHEMAS = [pytest.param(PORTAL, portal_row, id="portal"), pytest.param(LOWER, lower_row, id="lower-case")]


@pytest.mark.parametrize(("header", "row"), SCHEMAS)
@pytest.mark.parametrize("name", ["trips.csv", "trips.csv.gz"])
def test_bad_rows_are_counted_by_their_first_cause(tmp_path: Path, name: str, header: str, row: Any) -> None:
    short, long = row().rpartition(",")[0], row() + ",extra"
    lines = [row(), *(row(**cells) for _, cells in BAD), short, long, row()]
    trips = read_trips(write(tmp_path / name, header, *lines))
    expected: dict[str, int] = {"wrong number of cells": 2}
    for cause, _ in BAD:
        expected[cause] = expected.get(cause, 0) + 1
    assert trips.rejected == expected
    assert trips.rows == len(lines)
    assert len(trips) == 2
    assert trips.source == str(tmp_path / name)


@pytest.mark.parametrize(("header", "row"), SCHEMAS)
def test_cells_are_read_as_written(tmp_path: Path, header: str, row: Any) -> None:
    trips = read_trips(
        write(tmp_path / "t.csv", header, row(), row(miles="1,234.5", to="", seconds=""), row(area="77"))
    )
    assert trips.rejected == {}
    np.testing.assert_array_equal(trips.miles, [2.5, 1234.5, 2.5])
    np.testing.assert_array_equal(trips.seconds, [600, np.nan, 600])
    np.testing.assert_array_equal(trips.pickup_area, [8, 8, 77])
    np.testing.assert_array_equal(trips.dropoff_area, [6, 0, 6])
    for column, text in zip(("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude"),
                            PLACE.values(), strict=True):  # fmt: skip
        np.testing.assert_array_equal(getattr(trips, column), float(text))
    assert trips.day is not None
    np.testing.assert_array_equal(trips.day, np.datetime64("2014-05-14"))
    with pytest.raises(ValueError, match="read-only"):
        trips.miles[0] = 1


def test_header_names_match_whatever_their_case_and_spacing(tmp_path: Path) -> None:
    header = PORTAL.upper().replace("PICKUP CENTROID LATITUDE", "  pickup_centroid  Latitude ")
    path = write(tmp_path / "t.csv", "", "\ufeff" + header, portal_row(), encoding="utf-8")
    assert len(read_trips(path)) == 1
    path = write(tmp_path / "crlf.csv", "\ufeff" + PORTAL + "\r", portal_row() + "\r", encoding="utf-8")
    assert len(read_trips(path)) == 1


@pytest.mark.parametrize(
    "start",
    ["05/14/2014 08:15:00 AM", "5/14/2014 23:59", "05/14/2014", "2014-05-14T08:15:00",
     "2014-05-14T08:15:00.000", "2014-05-14 08:15:00 UTC",
     "2014-05-14T23:15:00-05:00", "1400055300", "1400055300.0"],
)  # fmt: skip
def test_start_times_give_their_day(tmp_path: Path, start: str) -> None:
    trips = read_trips(write(tmp_path / "t.csv", PORTAL, portal_row(start=start), portal_row(start="")))
    assert trips.day is not None
    assert trips.day[0] == np.datetime64("2014-05-14")
    assert np.isnat(trips.day[1])


def test_taxi_codes_are_equal_for_equal_ids(tmp_path: Path) -> None:
    ids = ["a", "b", "a ", "", "  ", "c", "b"]
    trips = read_trips(write(tmp_path / "t.csv", PORTAL, *(portal_row(taxi=taxi) for taxi in ids)))
    assert trips.taxi is not None
    a, b, a2, none, blank, c, b2 = trips.taxi.tolist()
    assert (a, b, none, blank) == (a2, b2, -1, -1)
    assert len({a, b, c, -1}) == 4


def test_optional_columns_may_be_absent(tmp_path: Path) -> None:
    header = "pickup_community_area,trip_miles,pickup_latitude,pickup_longitude,dropoff_latitude,dropoff_longitude"
    trips = read_trips(write(tmp_path / "t.csv", header, "8,1,41.9,-87.6,41.9,-87.7"))
    assert trips.taxi is None
    assert trips.day is None
    assert np.isnan(trips.seconds).all()
    assert trips.dropoff_area.tolist() == [0]


def bigquery_table(**changes: Any) -> dict[str, Any]:
    return {
        "unique_key": ["k1", "k2", "k3"],
        "taxi_id": ["a", None, "a"],
        "trip_start_timestamp": [datetime.datetime(2014, 5, 14, 8, 15), None, datetime.datetime(2014, 5, 15)],
        "trip_seconds": [60.0, None, 120.0],
        "trip_miles": [0.5, 1.5, 2.5],
        "pickup_community_area": [8.0, 8.0, 6.0],
        "dropoff_community_area": [8.0, None, 6.0],
        "pickup_latitude": [41.9, 41.91, 41.95],
        "pickup_longitude": [-87.6, -87.61, -87.65],
        "dropoff_latitude": [41.92, 41.93, None],
        "dropoff_longitude": [-87.6, -87.62, -87.6],
    } | changes


DAYS = pa.array([datetime.date(2014, 5, 14), None, datetime.date(2014, 5, 15)])
UTC = pa.array(bigquery_table()["trip_start_timestamp"], pa.timestamp("us", "UTC"))


@pytest.mark.parametrize(
    "changes",
    [{}, {"trip_start_timestamp": UTC}, {"trip_start_timestamp": DAYS},
     {"trip_start_timestamp": [1400055300, None, 1400112000]}, {"trip_miles": ["0.5", "1.5", "2.5"]},
     {"taxi_id": [7, None, 7]}, {"pickup_community_area": [8, 8, 6]}],
)  # fmt: skip
def test_parquet_of_bigquery_is_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    pq.write_table(pa.table(bigquery_table(**changes)), tmp_path / "t.parquet")
    trips = read_trips(tmp_path / "t.parquet")
    assert (trips.rows, trips.rejected) == (3, {"missing drop-off location": 1})
    assert trips.miles.tolist() == [0.5, 1.5]
    assert trips.pickup_area.tolist() == [8, 8]
    assert trips.dropoff_area.tolist() == [8, 0]
    assert trips.taxi is not None
    assert trips.day is not None
    assert trips.taxi[0] >= 0
    assert trips.taxi[1] == -1
    assert trips.day[0] == np.datetime64("2014-05-14")
    assert np.isnat(trips.day[1])


@pytest.mark.parametrize("bad", [1400055300000, -1])
def test_numbers_that_are_no_unix_seconds_are_unreadable_starts(tmp_path: Path, bad: int) -> None:
    table = pa.table(bigquery_table(trip_start_timestamp=[bad, 1400055300, None], dropoff_latitude=[41.9] * 3))
    pq.write_table(table, tmp_path / "t.parquet")
    trips = read_trips(tmp_path / "t.parquet")
    assert trips.rejected == {"unreadable trip start": 1}
    assert trips.day is not None
    assert trips.day[0] == np.datetime64("2014-05-14")
    assert np.isnat(trips.day[1])


def test_content_decides_what_a_file_is(tmp_path: Path) -> None:
    pq.write_table(pa.table(bigquery_table()), tmp_path / "trips.csv")
    assert len(read_trips(tmp_path / "trips.csv")) == 2
    zipped = write(tmp_path / "a.csv.gz", PORTAL, portal_row()).rename(tmp_path / "zipped.csv")
    assert len(read_trips(zipped)) == 1
    plain = write(tmp_path / "plain.csv", PORTAL, portal_row()).rename(tmp_path / "plain.csv.gz")
    assert len(read_trips(plain)) == 1


def broken_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Every file that cannot be used, with what its error must say."""
    write(folder / "whole.csv.gz", PORTAL, *(portal_row(taxi=str(k)) for k in range(500)))
    truncated, garbage, parquet = (
        folder / "truncated.csv.gz",
        folder / "garbage.csv",
        folder / "broken.parquet",
    )
    truncated.write_bytes((folder / "whole.csv.gz").read_bytes()[:-40])
    garbage.write_bytes(bytes(range(1, 256)) * 2000)
    parquet.write_bytes(b"PAR1 no more")
    (folder / "empty.csv").touch()
    (folder / "renamed.parquet").write_text(PORTAL)
    listed = folder / "listed.parquet"
    pq.write_table(pa.table(bigquery_table(trip_miles=[[1.0], [2.0], [3.0]])), listed)
    twice = PORTAL.replace("Trip ID", "trip_miles")
    unusable = [portal_row(plat=""), portal_row(dlat=""), portal_row(plat="")]
    return {
        "missing": (folder / "nowhere.csv", "does not exist"),
        "directory": (folder, "is a directory"),
        "empty": (folder / "empty.csv", "is empty"),
        "blank": (write(folder / "blank.csv", "", "  ", ""), "has no header"),
        "headless": (write(folder / "headless.csv", portal_row(), portal_row()), "first line holds numbers"),
        "unknown": (
            write(folder / "unknown.csv", "city,Trip Miles,weather", "a,1,b"),
            r"pickup_latitude or pickup_centroid_latitude; .*found are city, trip_miles, weather;",
        ),
        "wide": (write(folder / "wide.csv", ",".join(f"c{k}" for k in range(99))), r"c29, \.\.\.;"),
        "repeated": (write(folder / "twice.csv", twice, portal_row()), "names trip_miles 2 times"),
        "rowless": (write(folder / "rowless.csv", PORTAL), "ends after its header"),
        "unusable": (
            write(folder / "unusable.csv", PORTAL, *unusable),
            r"none of 3 is usable \(2 missing pickup location, 1 missing drop-off location\)",
        ),
        "truncated": (truncated, "cannot be read"),
        "garbage": (garbage, "of no known taxi schema"),
        "broken parquet": (parquet, "cannot be read"),
        "renamed": (folder / "renamed.parquet", "cannot be read"),
        "listed": (listed, "column trip_miles: is of type list"),
    }


@pytest.mark.parametrize(
    "case",
    ["missing", "directory", "empty", "blank", "headless", "unknown", "wide", "repeated", "rowless",
     "unusable", "truncated", "garbage", "broken parquet", "renamed", "listed"],
)  # fmt: skip
def test_unusable_files_are_refused_in_one_line_naming_the_file(tmp_path: Path, case: str) -> None:
    path, message = broken_files(tmp_path)[case]
    with pytest.raises(InputError, match=message) as caught:
        read_trips(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()
    assert caught.value.file == str(path)
