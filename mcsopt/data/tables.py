"""Rows of numbers as CSV or Parquet, for whatever plots or reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcsopt.data.files import check_writable, replacing
from mcsopt.errors import InputError


def check_table(path: str | Path) -> None:
    """Raise `InputError` where no table can be written: another ending than ``.csv`` and ``.parquet``, or no place."""
    check_writable(path)
    if not str(path).endswith((".csv", ".parquet")):
        raise InputError("", "has an unknown ending", "name it .csv or .parquet", str(path))


def write_table(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write rows as ``.csv`` or ``.parquet``, whole or not at all; `InputError` for another ending or no rows.

    The columns are those of all rows, in the order in which they first occur; what a row lacks is empty.
    """
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    check_table(path)
    if not rows:
        raise InputError("rows", "are empty", "give at least one", str(path))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows])
    with replacing(path) as target:
        (pc.write_csv if str(path).endswith(".csv") else pq.write_table)(table, target)
