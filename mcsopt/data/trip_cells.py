"""Cells of a table of taxi trips as numbers, days and codes, with bad cells flagged instead of fatal.

Text columns come as codes into their distinct values; only the distinct values are parsed.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mcsopt.errors import InputError

# Commas only where they separate thousands: "1,234.5" is a number, the decimal comma of "1,5" is not.
_NUMBER = r"^[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$|^[+-]?(?i:inf|infinity)$"
_MISSING = r"^$|^(?i:nan)$"
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?: ?UTC|Z|[+-]\d{2}:?\d{2})?)?$"
_DATES = (
    r"^(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})" + _TIME,
    r"^(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})" + _TIME,
)
_UNIX_SECONDS = r"^(?P<seconds>\d{1,10})(?:\.0*)?$"
_LAST_SECOND = 4_102_444_800
"""Start of the year 2100: what lies beyond is milliseconds, not seconds."""


def numbers(column: pa.ChunkedArray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a column as doubles, NaN where missing or unreadable, and which entries are unreadable.

    Missing is null, blank or NaN. Thousands separators are understood.

    Raises
    ------
    InputError
        If the column (called `name`) holds neither numbers nor text.
    """
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = np.asarray(column.cast(pa.float64(), safe=False).to_numpy())
        return values, np.zeros(len(values), dtype=bool)
    row_codes, texts = _encode(column, name)
    readable = pc.match_substring_regex(texts, pattern=_NUMBER)
    plain = pc.if_else(readable, pc.replace_substring(texts, ",", ""), pa.scalar(None, pa.string()))
    known = pc.fill_null(plain.cast(pa.float64()), np.nan)
    bad = ~(_flags(readable) | _flags(pc.match_substring_regex(texts, pattern=_MISSING)))
    # The code -1 of a null picks the entry appended last.
    return np.append(np.asarray(known), np.nan)[row_codes], np.append(bad, False)[row_codes]


def days(column: pa.ChunkedArray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the day of each time, NaT where missing or unreadable, and which entries are unreadable.

    Text may be ``05/14/2014 08:15:00 AM``, ISO 8601 or Unix seconds; numbers are Unix seconds. Time zones are
    not converted: the city publishes local time, also where a file calls it UTC.

    Raises
    ------
    InputError
        If the column (called `name`) holds neither times nor numbers nor text.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        values = np.asarray(column.cast(pa.date32(), safe=False).to_numpy()).astype("datetime64[D]")
        return values, np.zeros(len(values), dtype=bool)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        seconds, _ = numbers(column, name)
        values = _day_of_seconds(seconds)
        return values, np.isnat(values) & ~np.isnan(seconds)
    row_codes, texts = _encode(column, name)
    known = _day_of_seconds(_part(pc.extract_regex(texts, pattern=_UNIX_SECONDS), "seconds"))
    for pattern in _DATES:
        found = pc.extract_regex(texts, pattern=pattern)
        known = np.where(np.isnat(known), _day_of_calendar(*(_part(found, p) for p in ("year", "month", "day"))), known)
    bad = np.isnat(known) & ~_flags(pc.match_substring_regex(texts, pattern=_MISSING))
    return np.append(known, np.datetime64("NaT"))[row_codes], np.append(bad, False)[row_codes]


def codes(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Return an integer per entry, equal for equal texts (but for outer blanks), -1 where null or blank."""
    kind = column.type
    if pa.types.is_integer(kind):
        column = column.cast(pa.string())
    row_codes, texts = _encode(column, name)
    # Distinct texts may coincide once trimmed, and the blank one is no id.
    merged = texts.dictionary_encode()
    ids = np.asarray(merged.indices, dtype=np.int64)
    ids[_flags(pc.equal(pc.binary_length(texts), 0))] = -1
    return np.append(ids, -1)[row_codes]


def _encode(column: pa.ChunkedArray, name: str) -> tuple[np.ndarray, pa.Array]:
    """Return a code per row, -1 if null, and the distinct texts, trimmed, that the codes point to."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        raise InputError(f"column {name}", f"is of type {column.type}", "store it as text or as plain numbers")
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    column = column.unify_dictionaries()
    chunks = [np.asarray(pc.fill_null(chunk.indices, -1), dtype=np.int64) for chunk in column.chunks]
    texts = column.chunk(0).dictionary.cast(pa.string()) if column.num_chunks else pa.array([], pa.string())
    return np.concatenate([np.empty(0, dtype=np.int64), *chunks]), pc.ascii_trim_whitespace(texts)


def _flags(values: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=bool)


def _part(found: pa.StructArray, part: str) -> np.ndarray:
    """Return a named group of digits as doubles, NaN where the pattern did not match."""
    return np.asarray(pc.fill_null(pc.struct_field(found, part).cast(pa.float64()), np.nan))


def _day_of_seconds(seconds: np.ndarray) -> np.ndarray:
    sound = (seconds >= 0) & (seconds < _LAST_SECOND)
    whole = np.where(sound, seconds, 0) // 86_400
    return np.where(sound, whole.astype(np.int64).astype("datetime64[D]"), np.datetime64("NaT"))


def _day_of_calendar(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return the day of a date; NaT for NaN and for dates like 30 February, which C libraries let pass."""
    sound = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    year, month, day = (np.where(sound, part, 1).astype(np.int64) for part in (year, month, day))
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (day - 1)
    return np.where(sound & (date.astype("datetime64[M]") == first), date, np.datetime64("NaT"))
