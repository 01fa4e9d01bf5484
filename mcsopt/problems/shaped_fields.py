"""Fields that are no column of numbers: yes or no, a square matrix, a number or a table for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.errors import InputError, shown
from mcsopt.problems.fields import Field


@dataclass(frozen=True)
class Flag(Field):
    """Yes or no: ``true`` or ``false`` in the file."""

    scalar: bool = True

    def check(self, value: Any) -> bool:
        """Return `value`; `InputError` for anything but True and False."""
        if not isinstance(value, (bool, np.bool_)):
            what = "is missing or null" if value is None else f"is {shown(value)}"
            raise InputError(self.path, what, "give true or false")
        return bool(value)


@dataclass(frozen=True)
class Square(Field):
    """A square matrix, as a list of rows; as many as its group has rows."""

    @property
    def column(self) -> bool:
        """A matrix is none."""
        return False

    def check(self, value: Any) -> np.ndarray:
        """Return `value` as a read-only array of shape (n, n); `InputError` names the bad row or entry."""
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "iuf":
            matrix = np.array(value, dtype=np.float64) + 0.0
        else:
            rows = [self._row(row, k) for k, row in enumerate(_rows(self, value))]
            for k, row in enumerate(rows):
                if len(row) != len(rows):
                    raise InputError(f"{self.path}[{k}]", f"has length {len(row)}, there are {len(rows)} rows",
                                     "give a square matrix")  # fmt: skip
            matrix = np.array(rows, dtype=np.float64).reshape(len(rows), len(rows))
        if matrix.shape[0] != matrix.shape[1]:
            raise InputError(self.path, f"has {matrix.shape[0]} rows of {matrix.shape[1]}", "give a square matrix")
        for k, row in enumerate(matrix):
            Field(self.path, f"{self.path}[{k}]", low=self.low, high=self.high).check(row)
        matrix.setflags(write=False)
        return matrix

    def _row(self, row: Any, k: int) -> np.ndarray:
        path = f"{self.path}[{k}]"
        checked: np.ndarray = Field(self.path, path, low=self.low, high=self.high).check(_rows(self, row, path))
        return checked


@dataclass(frozen=True)
class Tables(Field):
    """For each row a number, or a list of numbers; a list of one number is that number."""

    @property
    def column(self) -> bool:
        """A table is none, even where it happens to hold numbers only."""
        return False

    def check(self, value: Any) -> np.ndarray | tuple[np.ndarray, ...]:
        """Return one array if every row has a single number, else a tuple of arrays, all read-only."""
        rows = _rows(self, value)
        tables = [self._table(row, k) for k, row in enumerate(rows)]
        if all(len(table) == 1 for table in tables):
            column = np.array([table[0] for table in tables], dtype=np.float64)
            column.setflags(write=False)
            return column
        return tuple(tables)

    def _table(self, row: Any, k: int) -> np.ndarray:
        listed = _is_list(row)
        column = Field(self.path, f"{self.path}[{k}]" if listed else self.path, low=self.low, high=self.high)
        try:
            table: np.ndarray = column.check(row if listed else [row])
        except InputError as error:
            # A number alone is told by its place in the outer list, where a list of one has index 0.
            where = error.field if listed else f"{self.path}[{k}]"
            raise InputError(where, error.problem, error.remedy) from None
        if not len(table):
            raise InputError(f"{self.path}[{k}]", "is an empty list", "give a number, or a list of numbers")
        return table

    def to_json(self, value: Any) -> list[Any]:
        """Return numbers, and lists where there is more than one."""
        if isinstance(value, np.ndarray):
            listed: list[Any] = value.tolist()
            return listed
        return [table.tolist() if len(table) > 1 else float(table[0]) for table in value]


def _rows(field: Field, value: Any, path: str = "") -> Sequence[Any]:
    """Return a list given as such; `InputError` for anything else."""
    if value is None:
        raise InputError(path or field.path, "is missing or null", "add it")
    if not _is_list(value):
        raise InputError(path or field.path, f"is {shown(value)}", "give a list")
    rows: Sequence[Any] = value
    return rows


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)
