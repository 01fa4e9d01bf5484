"""Reading Chicago taxi trips: three public schemas, every unusable row counted by its cause."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mcsopt.data import trip_cells
from mcsopt.errors import InputError

LATITUDES = (41.0, 43.0)
LONGITUDES = (-89.0, -87.0)
"""Degrees; the city and its airports lie well inside, swapped or zero coordinates well outside."""

NUM_AREAS = 77
"""Community areas of Chicago, numbered from 1."""

# Alternative normalised names of each column: lower-case and BigQuery first, then the city's portal.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "pickup_latitude": ("pickup_latitude", "pickup_centroid_latitude"),
    "pickup_longitude": ("pickup_longitude", "pickup_centroid_longitude"),
    "dropoff_latitude": ("dropoff_latitude", "dropoff_centroid_latitude"),
    "dropoff_longitude": ("dropoff_longitude", "dropoff_centroid_longitude"),
    "pickup_area": ("pickup_community_area",),
    "miles": ("trip_miles",),
    "dropoff_area": ("dropoff_community_area",),
    "seconds": ("trip_seconds",),
    "taxi": ("taxi_id",),
    "start": ("trip_start_timestamp",),
}
_OPTIONAL = frozenset({"dropoff_area", "seconds", "taxi", "start"})

_HEAD = 1 << 20
"""Bytes within which the header must end."""


@dataclass(frozen=True, eq=False)
class Trips:
    """Usable taxi trips as parallel read-only arrays, in the order of the file; duplicates are trips too.

    Attributes
    ----------
    pickup_latitude, pickup_longitude, dropoff_latitude, dropoff_longitude : array of float, shape (N,)
        Degrees, in [41, 43] and [-89, -87]. The city publishes centroids of census tracts or community areas,
        never addresses.
    pickup_area, dropoff_area : array of int, shape (N,)
        Community area, 1 to 77; a drop-off area of 0 is unknown.
    miles : array of float, shape (N,)
        Trip length in miles, finite and >= 0. Zero is common, also between different places.
    seconds : array of float, shape (N,)
        Trip duration in seconds, >= 0; NaN where unknown.
    taxi : array of int, shape (N,), or None
        Code of the taxi, equal for equal ids; -1 where the id is missing. None: the file has no taxi ids.
    day : array of datetime64[D], shape (N,), or None
        Day on which the trip started, as the file tells time; NaT where unknown. None: the file has no start
        times.
    rows : int
        Rows of the file, usable or not.
    rejected : Mapping[str, int]
        Number of unusable rows by cause. A row counts once, under the first cause that applies, so
        ``rows == len(trips) + sum(rejected.values())``.
    source : str
        Name of the file, for messages.
    """

    pickup_latitude: np.ndarray
    pickup_longitude: np.ndarray
    dropoff_latitude: np.ndarray
    dropoff_longitude: np.ndarray
    pickup_area: np.ndarray
    dropoff_area: np.ndarray
    miles: np.ndarray
    seconds: np.ndarray
    taxi: np.ndarray | None
    day: np.ndarray | None
    rows: int
    rejected: Mapping[str, int]
    source: str = ""

    def __post_init__(self) -> None:
        for column in fields(self):
            value = getattr(self, column.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __len__(self) -> int:
        return len(self.miles)


def read_trips(path: str | os.PathLike[str]) -> Trips:
    """Read the taxi trips of a CSV, gzipped CSV or Parquet file.

    Three public schemas are recognised by their header, whatever the case and spacing of its names: the CSV
    of Chicago's data portal ("Pickup Centroid Latitude", "Trip Start Timestamp" as ``05/14/2014 08:15:00 AM``
    or ISO), the lower-case CSV of teaching samples (``pickup_latitude``, Unix seconds, no taxi ids) and
    BigQuery's Parquet. Needed are both locations, the pickup community area and the trip miles; the drop-off
    community area, trip seconds, taxi id and start time are used where present.

    Parameters
    ----------
    path : path-like
        The content decides between Parquet, gzip and text.

    Returns
    -------
    Trips
        The usable rows, and the number of the others by cause. Missing means empty or NaN. Causes, in the
        order in which they are tried: wrong number of cells (CSV); missing pickup location; missing drop-off
        location; unreadable number; missing pickup community area; no such community area; coordinates
        outside Chicago's neighbourhood; missing trip length; negative or non-finite trip length; negative or
        non-finite trip duration; unreadable trip start.

    Raises
    ------
    InputError
        If the file is missing, a directory, empty, damaged, without a header or of an unknown schema, or if
        no row of it is usable.

    Notes
    -----
    Linear in the size of the file, without a Python loop over rows. Text columns are held as codes into their
    distinct values, so a row takes a few bytes a column while it is read.
    """
    file = Path(path)
    source = os.fspath(path)
    try:
        magic = _magic(file)
        if magic == b"PAR1" or file.suffix.lower() == ".parquet":
            columns, malformed = _read_parquet(file), 0
        else:
            columns, malformed = _read_csv(file, "gzip" if magic[:2] == b"\x1f\x8b" else None)
        return _clean(columns, malformed, source)
    except InputError as error:
        raise error.in_file(source) from None
    except (pa.ArrowException, OSError, csv.Error) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError("", f"cannot be read ({reason})", "check the file, or fetch it again", source) from None


def _magic(file: Path) -> bytes:
    if not file.exists():
        raise InputError("", "does not exist", "give the path of a taxi trip file (.csv, .csv.gz or .parquet)")
    if file.is_dir():
        raise InputError("", "is a directory", "give the path of one file in it")
    with file.open("rb") as stream:
        magic = stream.read(4)
    if not magic:
        raise InputError("", "is empty", "give a file with a header and trips")
    return magic


def _choose_columns(names: Sequence[str]) -> dict[str, int]:
    """Return where each column stands in a header, or raise `InputError` with those needed and found."""
    normalised = ["_".join(name.replace("_", " ").lower().split()) for name in names]
    chosen: dict[str, int] = {}
    missing = []
    for column, aliases in _COLUMNS.items():
        places = [place for place, name in enumerate(normalised) if name in aliases]
        if len(places) > 1:
            raise InputError("header", f"names {aliases[0]} {len(places)} times", "keep one of these columns")
        if places:
            chosen[column] = places[0]
        elif column not in _OPTIONAL:
            missing.append(" or ".join(aliases))
    if missing:
        found = ", ".join(normalised[:30]) + (", ..." if len(normalised) > 30 else "")
        # What is no taxi file may hold anything, and a terminal must survive the message.
        found = "".join(letter if letter.isprintable() else "?" for letter in found[:600])
        raise InputError(
            "header",
            f"is of no known taxi schema: columns {'; '.join(missing)} are missing, found are {found}",
            "give a CSV of Chicago's data portal, a lower-case CSV or BigQuery's Parquet",
        )
    return chosen


def _read_parquet(file: Path) -> dict[str, pa.ChunkedArray]:
    names = pq.read_schema(file).names
    chosen = _choose_columns(names)
    encoded = [names[chosen["taxi"]]] if "taxi" in chosen else None
    with pq.ParquetFile(file, read_dictionary=encoded) as parquet:
        table = parquet.read(columns=[names[place] for place in chosen.values()])
    return {column: table.column(names[place]) for column, place in chosen.items()}


def _read_csv(file: Path, compression: str | None) -> tuple[dict[str, pa.ChunkedArray], int]:
    """Return the columns as dictionary-encoded text, and how many rows have too few or too many cells."""
    with pa.input_stream(file, compression=compression) as stream:
        lines = re.split("\r\n|\r|\n", stream.read(_HEAD).decode("utf-8-sig", "replace"))
    blank = next((place for place, line in enumerate(lines) if line.strip()), None)
    if blank is None:
        raise InputError("", "has no header", "give a file whose first line names its columns")
    names = next(csv.reader([lines[blank]]))
    if any(_is_number(name) for name in names):
        raise InputError("header", "is missing, the first line holds numbers", "name the columns in the first line")
    chosen = _choose_columns(names)
    if not any(line.strip() for line in lines[blank + 1 :]):
        raise InputError("rows", "are missing, the file ends after its header", "give a file with located trips")
    malformed: list[int] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        malformed.append(row.actual_columns)
        return "skip"

    # Columns go by position: names may repeat, and the header's line is skipped with all that precedes it.
    keys = [str(place) for place in range(len(names))]
    wanted = {column: keys[place] for column, place in chosen.items()}
    text = pa.dictionary(pa.int32(), pa.string())
    with pa.input_stream(file, compression=compression) as stream:
        table = pa.csv.read_csv(
            stream,
            read_options=pa.csv.ReadOptions(column_names=keys, skip_rows=blank + 1),
            parse_options=pa.csv.ParseOptions(invalid_row_handler=skip),
            convert_options=pa.csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(wanted.values(), text),
                include_columns=list(wanted.values()),
            ),
        )
    return {column: table.column(key) for column, key in wanted.items()}, len(malformed)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _clean(columns: dict[str, pa.ChunkedArray], malformed: int, source: str) -> Trips:
    """Return the usable rows of the columns; the others are counted under the first cause that applies."""
    height = len(columns["miles"])
    unknown = np.full(height, np.nan), np.zeros(height, dtype=bool)
    numeric = {
        column: trip_cells.numbers(columns[column], aliases[0]) if column in columns else unknown
        for column, aliases in _COLUMNS.items()
        if column not in ("taxi", "start")
    }
    value = {column: pair[0] for column, pair in numeric.items()}
    missing = {column: np.isnan(pair[0]) & ~pair[1] for column, pair in numeric.items()}
    day, bad_start = None, unknown[1]
    if "start" in columns:
        day, bad_start = trip_cells.days(columns["start"], _COLUMNS["start"][0])
    causes = {
        "missing pickup location": missing["pickup_latitude"] | missing["pickup_longitude"],
        "missing drop-off location": missing["dropoff_latitude"] | missing["dropoff_longitude"],
        "unreadable number": np.logical_or.reduce([pair[1] for pair in numeric.values()]),
        "missing pickup community area": missing["pickup_area"],
        "no such community area": ~_is_area(value["pickup_area"])
        | ~(_is_area(value["dropoff_area"]) | missing["dropoff_area"]),
        "coordinates outside Chicago's neighbourhood": ~_nearby(value),
        "missing trip length": missing["miles"],
        "negative or non-finite trip length": ~((value["miles"] >= 0) & np.isfinite(value["miles"])),
        "negative or non-finite trip duration": (value["seconds"] < 0) | np.isinf(value["seconds"]),
        "unreadable trip start": bad_start,
    }
    rejected = {"wrong number of cells": malformed} if malformed else {}
    usable = np.ones(height, dtype=bool)
    for cause, applies in causes.items():
        count = int(np.count_nonzero(usable & applies))
        if count:
            rejected[cause] = count
        usable &= ~applies
    if not usable.any():
        counts = ", ".join(f"{count} {cause}" for cause, count in rejected.items()) or "it has no rows"
        raise InputError("rows", f"none of {height + malformed} is usable ({counts})", "give a file with located trips")
    for column in ("pickup_area", "dropoff_area"):
        value[column] = np.nan_to_num(value[column][usable]).astype(np.int64)
    return Trips(
        pickup_area=value.pop("pickup_area"),
        dropoff_area=value.pop("dropoff_area"),
        taxi=trip_cells.codes(columns["taxi"], _COLUMNS["taxi"][0])[usable] if "taxi" in columns else None,
        day=None if day is None else day[usable],
        rows=height + malformed,
        rejected=rejected,
        source=source,
        **{column: values[usable] for column, values in value.items()},
    )


def _is_area(value: np.ndarray) -> np.ndarray:
    return np.asarray((value >= 1) & (value <= NUM_AREAS) & (value == np.floor(value)))


def _nearby(value: dict[str, np.ndarray]) -> np.ndarray:
    inside = np.ones(len(value["miles"]), dtype=bool)
    for end in ("pickup", "dropoff"):
        for coordinate, (low, high) in (("latitude", LATITUDES), ("longitude", LONGITUDES)):
            degrees = value[f"{end}_{coordinate}"]
            inside &= (degrees >= low) & (degrees <= high)
    return inside
