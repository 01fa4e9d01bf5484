"""Random alterations of a JSON document: any number, index, string, list or key, anywhere in it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Path = tuple[str | int, ...]
Alteration = Callable[[Any, np.random.Generator], Any]

UNCHANGED = object()
"""What an alteration returns where it does not apply."""


def sites(document: Any, path: Path = ()) -> list[Path]:
    """Return the path of every value in a document, the document itself first."""
    found = [path]
    inner: Sequence[tuple[str | int, Any]] = ()
    if isinstance(document, dict):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document))
    for key, value in inner:
        found.extend(sites(value, (*path, key)))
    return found


def at(document: Any, path: Path) -> Any:
    """Return the value at a path."""
    for key in path:
        document = document[key]
    return document


def replaced(document: Any, path: Path, value: Any) -> Any:
    """Return a deep copy of a document with the value at a path replaced."""
    if not path:
        return copy.deepcopy(value)
    document = copy.deepcopy(document)
    at(document, path[:-1])[path[-1]] = copy.deepcopy(value)
    return document


def spelled(path: Path) -> str:
    """Return a path as a reader writes it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".") or "document"


def altered(
    document: Any,
    rng: np.random.Generator,
    words: Sequence[str] = (),
    others: Sequence[Any] = (),
    within: Sequence[str] = (),
) -> tuple[Any, str]:
    """Return a copy of a document with one alteration, and what was done.

    Parameters
    ----------
    document : JSON value
    rng : numpy.random.Generator
    words : sequence of str
        Strings that may be put in place of another.
    others : sequence of JSON value
        Documents of the same form, from which the value at the same path may be transplanted.
    within : sequence of str
        Keys of the outermost object to stay within, if it has one of them; empty: anywhere.

    Notes
    -----
    The key of the outermost object is drawn first, then a place under it: short parts are hit as often as long ones.
    """
    while True:
        every = sites(document)
        top = [path for path in every if len(path) == 1]
        path: Path = ()
        wanted = [path for path in top if path[0] in within]
        if wanted or (top and rng.random() < 0.95):
            top = wanted or top
            under = top[rng.integers(len(top))][0]
            below = [path for path in every if path and path[0] == under]
            depth = rng.integers(1, max(len(path) for path in below) + 1)
            deep = [path for path in below if len(path) == depth]
            path = deep[rng.integers(len(deep))]
        changed, what = _altered_at(document, path, rng, words, others)
        if changed is not UNCHANGED:
            return changed, f"{spelled(path)}: {what}"


def _altered_at(
    document: Any, path: Path, rng: np.random.Generator, words: Sequence[str], others: Sequence[Any]
) -> tuple[Any, str]:
    value = at(document, path)
    if others and rng.random() < 0.1:
        return _transplanted(document, path, others[int(rng.integers(len(others)))])
    if isinstance(value, str) and words and rng.random() < 0.5:
        word = words[int(rng.integers(len(words)))]
        return (UNCHANGED, "") if word == value else (replaced(document, path, word), f"word {word!r}")
    if _is_number(value) and rng.random() < 0.15:
        numbers = [other for other in (at(document, p) for p in sites(document)) if _is_number(other)]
        value, new = at(document, path), numbers[rng.integers(len(numbers))]
        return (UNCHANGED, "") if new == value else (replaced(document, path, new), f"a number from elsewhere, {new!r}")
    choices = _choices(value)
    alteration = choices[rng.integers(len(choices))]
    try:
        new = alteration(copy.deepcopy(value), rng)
    except OverflowError:  # an integer beyond the doubles, from an earlier alteration
        return UNCHANGED, ""
    if new is UNCHANGED or (type(new) is type(value) and new == value):
        return UNCHANGED, ""
    return replaced(document, path, new), alteration.__name__.strip("_").replace("_", " ")


def _transplanted(document: Any, path: Path, other: Any) -> tuple[Any, str]:
    try:
        value = at(other, path)
    except (KeyError, IndexError, TypeError):
        return UNCHANGED, ""
    if value == at(document, path):
        return UNCHANGED, ""
    return replaced(document, path, value), "transplanted from another document"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _choices(value: Any) -> list[Alteration]:
    if isinstance(value, dict):
        # Rows of parallel lists are what an object of lists is made of: draw them more often than broken keys.
        return [*_OBJECT, *3 * _ROWS] if _row_length(value) else _OBJECT
    if isinstance(value, list):
        return _LIST
    if isinstance(value, str):
        return _STRING
    return _NUMBER if _is_number(value) else _OTHER


# Numbers --------------------------------------------------------------------------------------------------------


def _one_more(x: float, rng: np.random.Generator) -> Any:
    return x + 1


def _one_less(x: float, rng: np.random.Generator) -> Any:
    return x - 1


def _sign_flipped(x: float, rng: np.random.Generator) -> Any:
    return -x


def _changed_by_a_millionth(x: float, rng: np.random.Generator) -> Any:
    return x * (1 + rng.choice([-1e-6, 1e-6]).item())


def _changed_by_a_billionth(x: float, rng: np.random.Generator) -> Any:
    return x * (1 + rng.choice([-1e-9, 1e-9]).item()) if x else rng.choice([-1e-9, 1e-9]).item()


def _next_double(x: float, rng: np.random.Generator) -> Any:
    return math.nextafter(x, rng.choice([-math.inf, math.inf]).item())


def _changed_by_some_per_cent(x: float, rng: np.random.Generator) -> Any:
    return x * rng.uniform(0.8, 1.2)


def _scaled(x: float, rng: np.random.Generator) -> Any:
    return x * rng.choice([0.0, 0.1, 0.5, 2.0, 10.0, 1e6]).item()


def _redrawn_index(x: float, rng: np.random.Generator) -> Any:
    return int(rng.integers(-1, 13))


def _extreme(x: float, rng: np.random.Generator) -> Any:
    return [math.nan, math.inf, -math.inf, 1e308, 5e-324, 10**400, 2**63, -0.0][rng.integers(8)]


def _other_type_for_number(x: float, rng: np.random.Generator) -> Any:
    whole = int(x) if isinstance(x, float) and math.isfinite(x) else float(x)
    return [str(x), None, bool(x), [x], {"value": x}, whole][rng.integers(6)]


_NUMBER: list[Alteration] = [
    _one_more, _one_less, _sign_flipped, _changed_by_a_millionth, _changed_by_a_billionth, _next_double,
    _changed_by_some_per_cent, _scaled, _redrawn_index, _extreme, _other_type_for_number,
]  # fmt: skip


# Strings and the rest -------------------------------------------------------------------------------------------


def _one_letter_changed(text: str, rng: np.random.Generator) -> Any:
    k = int(rng.integers(len(text) + 1))
    return text[:k] + "0abcdef-"[rng.integers(8)] + text[k + 1 :]


def _shortened(text: str, rng: np.random.Generator) -> Any:
    return text[:-1] if text else UNCHANGED


def _letter_case_changed(text: str, rng: np.random.Generator) -> Any:
    return text.swapcase()


def _other_type_for_text(text: str, rng: np.random.Generator) -> Any:
    return [None, 0, True, [text], {text: text}, ""][rng.integers(6)]


def _filled(value: Any, rng: np.random.Generator) -> Any:
    return [0.0, 1, "", [], {}, False, None][rng.integers(7)]


_STRING: list[Alteration] = [_one_letter_changed, _shortened, _letter_case_changed, _other_type_for_text]
_OTHER: list[Alteration] = [_filled]


# Lists ----------------------------------------------------------------------------------------------------------


def _entry_dropped(items: list[Any], rng: np.random.Generator) -> Any:
    if not items:
        return UNCHANGED
    del items[rng.integers(len(items))]
    return items


def _slice_dropped(items: list[Any], rng: np.random.Generator) -> Any:
    first, last = sorted(int(k) for k in rng.integers(0, len(items) + 1, 2))
    return items[:first] + items[last:]


def _entry_repeated(items: list[Any], rng: np.random.Generator) -> Any:
    if not items:
        return UNCHANGED
    k = int(rng.integers(len(items)))
    return [*items[: k + 1], copy.deepcopy(items[k]), *items[k + 1 :]]


def _entries_swapped(items: list[Any], rng: np.random.Generator) -> Any:
    if len(items) < 2:
        return UNCHANGED
    a, b = rng.choice(len(items), 2, replace=False)
    items[a], items[b] = items[b], items[a]
    return items


def _entry_inserted(items: list[Any], rng: np.random.Generator) -> Any:
    new = copy.deepcopy(items[rng.integers(len(items))]) if items and rng.random() < 0.5 else int(rng.integers(-1, 13))
    items.insert(int(rng.integers(len(items) + 1)), new)
    return items


def _reversed(items: list[Any], rng: np.random.Generator) -> Any:
    return items[::-1]


def _entry_moved_to_a_neighbour(items: list[Any], rng: np.random.Generator) -> Any:
    lists = [k for k, item in enumerate(items) if isinstance(item, list)]
    full = [k for k in lists if items[k]]
    if not full:
        return UNCHANGED
    source, target = full[rng.integers(len(full))], lists[rng.integers(len(lists))]
    items[target].append(items[source].pop(int(rng.integers(len(items[source])))))
    return items


def _all_numbers_scaled(items: list[Any], rng: np.random.Generator) -> Any:
    if not any(isinstance(item, float) for item in items):
        return UNCHANGED
    factor = rng.choice([0.0, 0.5, 0.99, 1.01, 2.0]).item()
    return [item * factor if isinstance(item, float) else item for item in items]


def _other_type_for_list(items: list[Any], rng: np.random.Generator) -> Any:
    return [None, {}, dict.fromkeys(map(str, range(len(items)))), 0, [items], []][rng.integers(6)]


_LIST: list[Alteration] = [
    _entry_dropped, _slice_dropped, _entry_repeated, _entries_swapped, _entry_inserted, _reversed,
    _entry_moved_to_a_neighbour, _all_numbers_scaled, _other_type_for_list,
]  # fmt: skip


# Objects --------------------------------------------------------------------------------------------------------


def _key_deleted(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    if not entries:
        return UNCHANGED
    del entries[list(entries)[rng.integers(len(entries))]]
    return entries


def _key_added(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    entries["extra"] = [0.0, None, "x", [0], {}][rng.integers(5)]
    return entries


def _key_renamed(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    if not entries:
        return UNCHANGED
    key = list(entries)[rng.integers(len(entries))]
    entries[key + "s"] = entries.pop(key)
    return entries


def _values_exchanged(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    if len(entries) < 2:
        return UNCHANGED
    a, b = (list(entries)[k] for k in rng.choice(len(entries), 2, replace=False))
    entries[a], entries[b] = entries[b], entries[a]
    return entries


def _other_type_for_object(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    return [None, [], {}, list(entries.values()), 0][rng.integers(5)]


def _row_length(entries: dict[str, Any]) -> int:
    lengths = {len(value) for value in entries.values() if isinstance(value, list)}
    return lengths.pop() if len(lengths) == 1 else 0


def _row_dropped(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    row = int(rng.integers(_row_length(entries)))
    for value in entries.values():
        if isinstance(value, list):
            del value[row]
    return entries


def _row_repeated(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    row = int(rng.integers(_row_length(entries)))
    for value in entries.values():
        if isinstance(value, list):
            value.append(copy.deepcopy(value[row]))
    return entries


def _rows_swapped(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    a, b = (int(row) for row in rng.integers(0, _row_length(entries), 2))
    for value in entries.values():
        if isinstance(value, list):
            value[a], value[b] = value[b], value[a]
    return entries


_OBJECT: list[Alteration] = [_key_deleted, _key_added, _key_renamed, _values_exchanged, _other_type_for_object]
_ROWS: list[Alteration] = [_row_dropped, _row_repeated, _rows_swapped]
