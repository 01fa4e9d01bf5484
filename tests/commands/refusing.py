"""Run commands that must be refused, among files that must survive it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.running import KNAPSACK, MARKET, PLAN, Outcome, run, write

HEADER = (
    "pickup_community_area,trip_start_timestamp,pickup_latitude,pickup_longitude,dropoff_latitude,dropoff_longitude,"
    "trip_miles,trip_seconds,dropoff_community_area\n"
)
TRIP = "8,1400055300,41.90,-87.63,41.95,-87.66,2.5,600,6\n"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *argv: object) -> str:
    """Run a command that must be refused, and return its one line."""
    before = contents(folder)
    outcome: Outcome = run(capsys, *argv)
    assert outcome.status == 2, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("mcsopt: ")
    assert outcome.err.count("\n") == 1
    assert outcome.err[:-1].isprintable()
    assert "; " in outcome.err  # a remedy follows
    assert "Traceback" not in outcome.err
    assert contents(folder) == before
    return outcome.err


def furnish(folder: Path) -> Path:
    """Put a good file of each sort into a folder, and one that an output could replace."""
    write(folder / "market.json", MARKET)
    write(folder / "knapsack.json", KNAPSACK)
    write(folder / "plan.json", PLAN)
    write(folder / "out.json", "what was here before")
    for name in ("folder.json", "folder.csv", "folder.parquet"):
        (folder / name).mkdir()
    return folder
