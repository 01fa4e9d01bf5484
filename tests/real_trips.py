"""Where the real taxi trips lie, if they do: beside the checkout, as they are no part of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SAMPLE = SHARED / "chicago_taxi_2013_2016_sample.csv"
BIGQUERY = SHARED / "chicago_taxi_2020_bigquery_schema_20rows.parquet"
needs_trips = pytest.mark.skipif(
    not (SAMPLE.exists() and BIGQUERY.exists()), reason="the real taxi trips are not beside this checkout"
)
