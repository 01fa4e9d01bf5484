"""Validated, frozen columns of numbers: the one place where instance data is checked, read and written.

An instance type lists its fields once (name in Python, place in the JSON file, admissible range); construction,
reading, writing and the digest follow from that list.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mcsopt.errors import InputError, shown

LARGEST = 1e100
"""Largest magnitude of a number: products and sums of a few stay far from overflow. The checker's limit too."""
LARGEST_INTEGER = 2**62

INSTANCE_FORMAT = "mcsopt-instance/1"


@dataclass(frozen=True)
class Field:
    """One field of an instance.

    Parameters
    ----------
    name : str
        Attribute of the Python type.
    path : str
        Place in the JSON file: ``"key"`` or ``"group.key"``. Columns of one group have equal lengths.
    low, high : float
        Admissible range of every number, ends included unless `open_low` / `open_high`.
    integer : bool
        Whether the numbers are indices or counts.
    scalar : bool
        A single number instead of a column.
    optional : bool
        Whether the field may be absent (None).
    choices : tuple of str
        If given, the field is a scalar string, one of these.
    """

    name: str
    path: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    integer: bool = False
    scalar: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Group of the file the column belongs to, or the empty string."""
        return self.path.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Name in the file, within the group."""
        return self.path.rpartition(".")[2]

    @property
    def range_text(self) -> str:
        """The admissible range in words."""
        what = "an integer" if self.integer else "a number"
        largest = "2^62" if self.integer else f"{self.limit:g}"
        if math.isfinite(self.low) and math.isfinite(self.high):
            ends = "(" if self.open_low else "[", ")" if self.open_high else "]"
            return f"give {what} in {ends[0]}{self.low:g}, {self.high:g}{ends[1]}"
        if math.isfinite(self.low):
            return f"give {what} {'>' if self.open_low else '>='} {self.low:g}, at most {largest}"
        return f"give {what} from -{largest} to {largest}"

    @property
    def limit(self) -> float:
        """Largest magnitude of a number, whatever the range says."""
        return LARGEST_INTEGER if self.integer else LARGEST

    def check(self, value: Any) -> Any:
        """Return `value` as a read-only array or a plain scalar, or raise `InputError` naming the bad entry."""
        if value is None:
            if self.optional:
                return None
            raise InputError(self.path, "is missing or null", "add it")
        if self.choices:
            if value not in self.choices:
                raise InputError(self.path, f"is {shown(value)}", f"use one of {', '.join(map(repr, self.choices))}")
            return value
        array = self._as_array([value] if self.scalar else value)
        self._check_range(array)
        if self.scalar:
            return int(array[0]) if self.integer else float(array[0])
        array.setflags(write=False)
        return array

    def to_json(self, value: Any) -> Any:
        """Return a value that `check` has passed as JSON."""
        return value.tolist() if isinstance(value, np.ndarray) else value

    @property
    def column(self) -> bool:
        """Whether it is a column: one number for each row of its group."""
        return not self.scalar and not self.choices

    def _as_array(self, value: Any) -> np.ndarray:
        if not (isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iuf"):
            self._check_items(value)
        array = np.array(value, dtype=None if self.integer else np.float64)
        if not self.integer:
            # Adding zero turns -0.0 into 0.0, so that equal instances have equal digests.
            return array + 0.0
        if array.dtype.kind == "f":
            self._refuse(array, np.isfinite(array) & (array != np.floor(array)), ", not an integer")
            self._refuse(array, ~(np.abs(array) <= self.limit))
        else:
            self._refuse(array, array > self.limit)
        return array.astype(np.int64)

    def _check_items(self, value: Any) -> None:
        """Refuse what is no list of numbers, and integers that numpy would not take as such."""
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, (Sequence, np.ndarray)):
            raise InputError(self.path, f"is {shown(value)}", "give a list of numbers")
        for index, item in enumerate(value):
            if isinstance(item, bool) or not isinstance(item, (int, float, np.integer, np.floating)):
                raise InputError(self._at(index), f"is {shown(item)}, not a number", self.range_text)
            if isinstance(item, int) and abs(item) > self.limit:
                raise InputError(self._at(index), f"is {shown(item)}", self.range_text)

    def _check_range(self, array: np.ndarray) -> None:
        below = array <= self.low if self.open_low else array < self.low
        above = array >= self.high if self.open_high else array > self.high
        self._refuse(array, below | above | (array > self.limit) | (array < -self.limit) | np.isnan(array))

    def _refuse(self, array: np.ndarray, bad: np.ndarray, what: str = "") -> None:
        if bad.any():
            index = int(np.flatnonzero(bad)[0])
            raise InputError(self._at(index), f"is {shown(array[index])}{what}", self.range_text)

    def _at(self, index: int) -> str:
        return self.path if self.scalar else f"{self.path}[{index}]"


def check_format(document: Mapping[str, Any], wanted: str) -> None:
    """Raise `InputError` unless the file says that it is in the format `wanted`."""
    if "format" not in document:
        raise InputError("format", "is missing", f"add it: this version reads {wanted!r}")
    if document["format"] != wanted:
        raise InputError("format", f"is {shown(document['format'])}", f"this version reads {wanted!r}")


class Instance:
    """Base of the frozen instance types: checks, files and digest follow from `FIELDS`.

    A subclass is a frozen dataclass whose attributes are the names in `FIELDS`, in any order; it calls
    :meth:`_check_fields` first in ``__post_init__`` and adds the checks that join several fields.
    """

    kind: ClassVar[str]
    FIELDS: ClassVar[tuple[Field, ...]]

    def _check_fields(self) -> None:
        lengths: dict[str, tuple[int, str]] = {}
        for field in self.FIELDS:
            value = field.check(getattr(self, field.name))
            object.__setattr__(self, field.name, value)
            if isinstance(value, np.ndarray):
                length, other = lengths.setdefault(field.group, (len(value), field.path))
                if len(value) != length:
                    raise InputError(
                        field.path, f"has length {len(value)}, {other} has {length}", "give lists of equal length"
                    )

    def to_json(self) -> dict[str, Any]:
        """Return the instance as the JSON object of an instance file; absent optional fields are left out."""
        document: dict[str, Any] = {"format": INSTANCE_FORMAT, "kind": self.kind}
        for field in self.FIELDS:
            value = getattr(self, field.name)
            if value is not None:
                place = document.setdefault(field.group, {}) if field.group else document
                place[field.key] = field.to_json(value)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Build the instance from the JSON object of an instance file.

        Raises
        ------
        InputError
            For unknown, missing or inadmissible fields, naming field, index, value and remedy.
        """
        groups = {field.group for field in cls.FIELDS if field.group}
        known = {field.path for field in cls.FIELDS} | {"format", "kind"}
        for key, value in document.items():
            if key in groups:
                if not isinstance(value, Mapping):
                    raise InputError(key, f"is {shown(value)}", "give an object with named lists")
                for inner in value:
                    if f"{key}.{inner}" not in known:
                        raise InputError(f"{key}.{inner}", "is not a known field", _known(cls, key))
            elif key not in known:
                raise InputError(key, "is not a known field", _known(cls, ""))
        places = {"": document} | {group: document.get(group, {}) for group in groups}
        return cls(**{field.name: places[field.group].get(field.key) for field in cls.FIELDS})

    def digest(self) -> str:
        """Return ``"sha256:..."`` over the canonical JSON text of the instance.

        Canonical: keys sorted, no spaces, every number written as Python's ``repr`` of the double it denotes.
        """
        return canonical_digest(self.to_json())


def canonical_digest(document: Any) -> str:
    """Return ``"sha256:..."`` over the canonical text of a JSON value, as `Instance.digest` does of an instance."""
    text = json.dumps(_numbers_as_doubles(document), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _known(cls: type[Instance], group: str) -> str:
    names = {field.key if field.group == group else field.group for field in cls.FIELDS if group in ("", field.group)}
    return f"known here: {', '.join(sorted(names))}"


def _numbers_as_doubles(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numbers_as_doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers_as_doubles(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return float(value) + 0.0  # adding zero turns -0.0 into 0.0
