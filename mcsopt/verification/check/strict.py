"""Strict reading of untrusted JSON: every departure from the format is a `Refused` that names the place."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 60
"""Deepest nesting read: the format needs five levels, ``created_by`` is free."""


class Refused(ValueError):
    """A certificate that is not accepted; the message is the one-line reason."""


class OutOfTime(Refused):
    """The time limit was hit before the certificate was decided."""


@dataclass
class Run:
    """Time and work of one check.

    Parameters
    ----------
    time_limit : float, optional
        Seconds, >= 0, from construction; None: none.
    threads : int
        Threads that compiled code may use; what is derived does not depend on them.
    """

    time_limit: float | None = None
    threads: int = 1
    work: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def anew(self) -> Run:
        """Return a run on the same clock whose work is counted from zero."""
        return Run(self.time_limit, self.threads, started=self.started)

    def tick(self) -> None:
        """Raise `OutOfTime` if the time limit has passed."""
        if self.time_limit is not None and time.monotonic() - self.started >= self.time_limit:
            raise OutOfTime(f"time limit of {self.time_limit:g} s hit before the certificate was decided")

    def count(self, what: str, amount: int = 1) -> None:
        """Add `amount` to the work called `what`."""
        self.work[what] = self.work.get(what, 0) + amount


def show(value: Any) -> str:
    """Return a short, printable description of any JSON value."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(int(value)) if abs(value) < 10**30 else "an integer of more than 30 digits"
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, str):
        return ascii(value[:40]) + ("..." if len(value) > 40 else "")
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else f"of type {type(value).__name__}"


def read_json(text: Any) -> Any:
    """Parse JSON text; duplicate keys, NaN and infinities, too deep nesting and broken syntax are refused."""
    if not isinstance(text, str):
        raise Refused(f"the certificate is {show(text)}, not text")
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except Refused:
        raise
    except RecursionError:
        raise Refused("the text is nested too deeply") from None
    except ValueError as fault:
        raise Refused(f"the text is not JSON: {str(fault)[:120]}") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = _first_repeat([key for key, _ in pairs])
    if twice is not None:
        raise Refused(f"the key {show(pairs[twice][0])} appears twice in one object")
    return dict(pairs)


def _first_repeat(items: Sequence[Any]) -> int | None:
    """Return the first position whose item stands before it as well; None if all are distinct."""
    if len(set(items)) == len(items):
        return None
    seen: set[Any] = set()
    for position, item in enumerate(items):
        if item in seen:
            return position
        seen.add(item)
    return None


def _no_constant(name: str) -> Any:
    raise Refused(f"the text holds {name}, which is no number")


def require_json(document: Any) -> None:
    """Refuse anything but finite JSON values, text keys and moderate nesting, wherever it stands."""
    pending: list[tuple[Any, str, int]] = [(document, "", 0)]
    seen: set[int] = set()
    while pending:
        value, path, depth = pending.pop()
        if isinstance(value, (dict, list)):
            # Each container is read once: a document built in Python may hold itself.
            if id(value) in seen:
                continue
            seen.add(id(value))
            if depth > MAX_DEPTH:
                raise Refused(f"{path[:60]}... is nested too deeply")
        if isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(key, str):
                    raise Refused(f"{path or 'the certificate'} has a key that is {show(key)}, not text")
                _visit(item, f"{path}.{key}" if path else key, depth, pending)
        elif isinstance(value, list):
            for position, item in enumerate(value):
                if (type(item) is not int and type(item) is not float) or not -math.inf < item < math.inf:
                    _visit(item, f"{path}[{position}]", depth, pending)
        else:
            _visit(value, path, depth, pending)


def _visit(value: Any, path: str, depth: int, pending: list[tuple[Any, str, int]]) -> None:
    if isinstance(value, (dict, list)):
        pending.append((value, path, depth + 1))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(f"{ascii(path)[1:-1]} is {show(value)}, not a finite number")
    elif value is not None and not isinstance(value, (bool, int, str)):
        raise Refused(f"{ascii(path)[1:-1]} is {show(value)}, not a JSON value")


def entries(value: Any, path: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `value` if it is an object with all the required keys and no unknown one."""
    if not isinstance(value, dict):
        raise Refused(f"{path} is {show(value)}, not an object")
    for key in required:
        if key not in value:
            raise Refused(f"{path} lacks the key {key!r}")
    for key in value:
        if key not in required and key not in optional:
            raise Refused(f"{path} has the unknown key {show(key)}")
    return value


def listed(value: Any, path: str, length: int | None = None) -> list[Any]:
    """Return `value` if it is a list, of `length` entries if that is given."""
    if not isinstance(value, list):
        raise Refused(f"{path} is {show(value)}, not a list")
    if length is not None and len(value) != length:
        raise Refused(f"{path} has {len(value)} entries instead of {length}")
    return value


@dataclass(frozen=True)
class Range:
    """Admissible range of a number, ends included unless declared open."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def holds(self, x: float) -> bool:
        """Whether `x` lies in the range."""
        below = x <= self.low if self.open_low else x < self.low
        above = x >= self.high if self.open_high else x > self.high
        return not (below or above)

    def __str__(self) -> str:
        left = "(" if self.open_low or math.isinf(self.low) else "["
        right = ")" if self.open_high or math.isinf(self.high) else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


LARGEST = 1e100
"""Largest magnitude of a number of an instance: products of a few stay far from overflow."""
ANY = Range()
POSITION = Range(-LARGEST, LARGEST)
NONNEGATIVE = Range(0.0, LARGEST)


def number(value: Any, path: str, within: Range = ANY) -> float:
    """Return `value` as a double if it is a finite number (no truth value) within the range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refused(f"{path} is {show(value)}, not a number")
    try:
        x = float(value)
    except OverflowError:
        raise Refused(f"{path} is {show(value)}, too large for a double") from None
    if not math.isfinite(x) or not within.holds(x):
        raise Refused(f"{path} is {show(value)}, outside {within}")
    return x


def numbers(value: Any, path: str, within: Range = ANY, length: int | None = None) -> list[float]:
    """Return a list of numbers within the range, as doubles."""
    return [number(item, f"{path}[{position}]", within) for position, item in enumerate(listed(value, path, length))]


def index(value: Any, path: str, size: int) -> int:
    """Return `value` if it is an integer from 0 to ``size - 1``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"{path} is {show(value)}, not an integer")
    if not 0 <= value < size:
        raise Refused(f"{path} is {show(value)}, not an index from 0 to {size - 1}")
    return int(value)


def indices(value: Any, path: str, size: int, length: int | None = None) -> list[int]:
    """Return a list of indices below `size`, repetitions allowed."""
    return [index(item, f"{path}[{position}]", size) for position, item in enumerate(listed(value, path, length))]


def distinct_indices(value: Any, path: str, size: int) -> list[int]:
    """Return a list of distinct indices below `size`."""
    found = indices(value, path, size)
    twice = _first_repeat(found)
    if twice is not None:
        raise Refused(f"{path}[{twice}] repeats {found[twice]}")
    return found


def one_of(value: Any, path: str, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is one of the allowed strings."""
    if not isinstance(value, str) or value not in allowed:
        raise Refused(f"{path} is {show(value)}, not {' or '.join(map(repr, allowed))}")
    return value


def preorder_shape(splits: list[bool], path: str) -> None:
    """Refuse a preorder list that is not exactly one binary tree; ``splits[k]``: node k has two children."""
    missing = 1
    for position, split in enumerate(splits):
        if missing == 0:
            raise Refused(f"{path}[{position}] stands after the end of the tree")
        missing += 1 if split else -1
    if missing:
        raise Refused(f"{path} ends early: {missing} more subtrees are needed")
