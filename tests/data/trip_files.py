"""Small files of taxi trips, in the layouts that are read."""

from __future__ import annotations

import gzip
from pathlib import Path

PORTAL = (
    "Trip ID,Taxi ID,Trip Start Timestamp,Trip Seconds,Trip Miles,Pickup Community Area,"
    "Dropoff Community Area,"
    "Pickup Centroid Latitude,Pickup Centroid Longitude,Dropoff Centroid Latitude,Dropoff Centroid Longitude,"
    "Dropoff Centroid  Location"
)
LOWER = (
    "pickup_community_area,fare,trip_start_timestamp,pickup_latitude,pickup_longitude,dropoff_latitude,"
    "dropoff_longitude,trip_miles,trip_seconds,dropoff_community_area"
)
PLACE = {"plat": "41.90", "plon": "-87.63", "dlat": "41.95", "dlon": "-87.66"}
GOOD = {
    "taxi": "a",
    "start": "05/14/2014 08:15:00 AM",
    "seconds": "600",
    "miles": "2.5",
    "area": "8",
    "to": "6",
} | PLACE


def portal_row(**cells: str) -> str:
    c = GOOD | cells
    miles = f'"{c["miles"]}"' if "," in c["miles"] else c["miles"]
    places = f"{c['plat']},{c['plon']},{c['dlat']},{c['dlon']}"
    return f"id,{c['taxi']},{c['start']},{c['seconds']},{miles},{c['area']},{c['to']},{places},POINT (-87 41)"


def lower_row(**cells: str) -> str:
    c = GOOD | {"start": "1400055300"} | cells
    miles = f'"{c["miles"]}"' if "," in c["miles"] else c["miles"]
    places = f"{c['plat']},{c['plon']},{c['dlat']},{c['dlon']}"
    return f"{c['area']},9.5,{c['start']},{places},{miles},{c['seconds']},{c['to']}"


def write(path: Path, *lines: str, encoding: str = "latin-1") -> Path:
    text = ("\n".join(lines) + "\n").encode(encoding)
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
