"""Instance and solution files: JSON, and Parquet of the same columns for large instances."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcsopt.errors import InputError, naming, shown
from mcsopt.problems import Problem, instance_types
from mcsopt.problems.fields import INSTANCE_FORMAT, Instance, check_format


@dataclass(frozen=True)
class _Misfit:
    """Stands where the text has something that is no finite number."""

    words: str


def read_json(path: str | Path, what: str) -> Any:
    """Read a JSON file strictly: no NaN, no infinities, no repeated keys.

    Parameters
    ----------
    path : str or Path
    what : str
        What the file should hold, for messages: "an instance", "a certificate".

    Raises
    ------
    InputError
        If the file is missing, a directory, empty, not UTF-8, truncated or not JSON.
    """
    return parse_json(read_text(path, what), path, what)


def parse_json(text: str, path: str | Path, what: str) -> Any:
    """Read JSON text as `read_json` reads a file; `path` is for messages."""
    try:
        with naming(path):
            return _parse(text)
    except json.JSONDecodeError as error:
        cut = error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip())
        raise InputError(
            f"line {error.lineno}, column {error.colno}",
            f"{'is cut off' if cut and error.msg != 'Extra data' else 'is not JSON'} ({error.msg})",
            f"give {what} as valid JSON",
            str(path),
        ) from None
    except RecursionError:
        raise InputError("", "nests too deeply", f"give {what} as flat JSON", str(path)) from None


def _parse(text: str) -> Any:
    misfits: list[_Misfit] = []

    def misfit(words: str) -> _Misfit:
        misfits.append(_Misfit(words))
        return misfits[-1]

    def integer(digits: str) -> Any:
        return int(digits) if len(digits) < 1000 else misfit(f"an integer of {len(digits)} digits")

    try:
        document = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=misfit)
    except (json.JSONDecodeError, InputError):
        raise
    except ValueError:  # Python refuses to read integers of thousands of digits; this time they are let stand
        document = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=misfit, parse_int=integer)
    if misfits:
        place, found = next(_misplaced(document, ""))
        raise InputError(place, f"is {found.words}", "give a finite number")
    return document


def _misplaced(value: Any, path: str) -> Iterator[tuple[str, _Misfit]]:
    if isinstance(value, _Misfit):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _misplaced(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _misplaced(item, f"{path}[{index}]")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        left = list(found)
        repeated = next(key for place, (key, _) in enumerate(pairs) if place == len(left) or left[place] != key)
        raise InputError(repeated, "occurs twice", "keep one")
    return found


def read_text(path: str | Path, what: str, form: str = "JSON") -> str:
    """Read a text file of `what` in `form`; `InputError` if it is missing, a directory, empty or not UTF-8."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # some editors put a byte order mark first
    except FileNotFoundError:
        raise InputError("", "does not exist", f"give the path of {what}", str(path)) from None
    except IsADirectoryError:
        raise InputError("", "is a directory", f"give the path of {what}", str(path)) from None
    except UnicodeDecodeError:
        raise InputError("", "is not UTF-8 text", f"give {what} as {form}", str(path)) from None
    except OSError as error:
        raise InputError(
            "", f"cannot be read ({error.strerror})", f"give a readable file with {what}", str(path)
        ) from None
    if not text.strip():
        raise InputError("", "is empty", f"give {what}", str(path))
    return text


def check_writable(path: str | Path) -> None:
    """Raise `InputError` where no file could be written: to ask before the work, not after it."""
    target = Path(path)
    remedy = "give the path of a file in a folder that exists"
    if not str(path):
        raise InputError("output", "is an empty path", remedy)
    # os.path, because pathlib raises where a folder may not be looked into.
    if os.path.isdir(target):
        raise InputError("", "is a directory", remedy, str(path))
    if not os.path.isdir(target.parent):
        raise InputError("", f"cannot be written: there is no folder {target.parent}", "create it first", str(path))
    places = [target] if os.path.exists(target) else []
    if not _is_direct(target):
        # Where the file grows that takes its place.
        places.append(Path(os.path.realpath(target)).parent if os.path.islink(target) else target.parent)
    for place in places:
        if not os.access(place, os.W_OK):
            raise InputError("", f"cannot be written: no permission for {place}", remedy, str(path))


def _is_direct(path: Path) -> bool:
    """Whether a path is a pipe, a device or the like, which is written itself, not replaced."""
    return os.path.exists(path) and not os.path.isfile(path)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give the path of a file beside `path` that takes its place in the end, whole or not at all.

    What is no regular file (a pipe, ``/dev/null``) is written directly. `InputError` if the place cannot be written.
    """
    check_writable(path)
    target = Path(path)
    direct = _is_direct(target)
    if not direct:
        target = Path(os.path.realpath(target))  # a link stays a link
    # No other thread, process or machine that shares the folder may write the same file.
    partial = target if direct else target.with_name(f".{os.getpid()}-{secrets.token_hex(8)}.partial")
    try:
        yield partial
        if not direct:
            partial.replace(target)
    except OSError as error:
        raise InputError(
            "", f"cannot be written ({error.strerror or error})", "give a writable path", str(path)
        ) from None
    finally:
        if not direct:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all; `InputError` if the place cannot be written."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def instance_from_json(document: Any) -> Instance:
    """Build an instance of whatever kind the JSON object names; `InputError` if it is malformed."""
    if not isinstance(document, Mapping):
        raise InputError("", "is not a JSON object", f"write one with format {INSTANCE_FORMAT!r}")
    check_format(document, INSTANCE_FORMAT)
    kind, kinds = document.get("kind"), instance_types()
    if not isinstance(kind, str) or kind not in kinds:
        what = f"is {shown(kind)}" if "kind" in document else "is missing"
        raise InputError("kind", what, f"use one of {', '.join(sorted(kinds))}")
    return kinds[kind].from_json(document)


def read_instance(path: str | Path) -> Instance:
    """Read an instance file, ``.json`` or ``.parquet``.

    Raises
    ------
    InputError
        Naming file, field, index, value and remedy.
    """
    document = _read_parquet(path) if str(path).lower().endswith(".parquet") else read_json(path, "an instance")
    with naming(path):
        return instance_from_json(document)


def write_instance(instance: Instance, path: str | Path) -> None:
    """Write an instance file; the ending ``.parquet`` chooses Parquet, anything else JSON."""
    document = instance.to_json()
    if str(path).lower().endswith(".parquet"):
        _write_parquet(document, path)
    else:
        write_text(path, json.dumps(document, allow_nan=False) + "\n")


def read_solution(problem: Problem[Any], path: str | Path) -> Any:
    """Read a solution file of `problem`; `InputError` names file, field, index, value and remedy."""
    document = read_json(path, "a solution")
    with naming(path):
        return problem.parse_solution(document)


def write_solution(problem: Problem[Any], solution: Any, path: str | Path) -> None:
    """Write a solution file."""
    write_text(path, json.dumps(problem.solution_document(solution), allow_nan=False) + "\n")


def is_trips_parquet(path: str | Path) -> bool:
    """Whether a file is readable Parquet, but no instance of ours: then a table of trips, if anything."""
    import pyarrow.parquet as pq

    try:
        return not {"format", "kind"} <= set(pq.read_schema(path).names)
    except Exception:  # pyarrow raises errors of many kinds at what is no Parquet
        return False  # whoever reads it next says what is wrong with it


def _write_parquet(document: Mapping[str, Any], path: str | Path) -> None:
    """Write one row; columns of a group are lists, named ``group.key`` as in the JSON file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    row: dict[str, Any] = {}
    for key, value in document.items():
        row |= {f"{key}.{name}": column for name, column in value.items()} if isinstance(value, dict) else {key: value}
    with replacing(path) as partial:
        pq.write_table(pa.table({name: [value] for name, value in row.items()}), partial)


def _read_parquet(path: str | Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    file = Path(path)
    if not os.path.isfile(file) or not file.stat().st_size:
        what = "is empty" if os.path.isfile(file) else "is a directory" if os.path.isdir(file) else "does not exist"
        raise InputError("", what, "give the path of an instance", str(path))
    try:
        # Not pq.read_table, which makes columns of folder names such as seed=3.
        with pq.ParquetFile(file) as parquet:
            table = parquet.read()
    except Exception as error:  # pyarrow raises many types on a damaged file
        reason = str(error).strip().partition("\n")[0]
        remedy = "write it again with mcsopt generate, or fetch the trips again"
        raise InputError("", f"is damaged or no Parquet ({reason})", remedy, str(path)) from None
    if table.num_rows != 1 or not {"format", "kind"} <= set(table.column_names):
        remedy = "an instance has one row with columns format and kind; write it with mcsopt generate"
        raise InputError("", f"has {table.num_rows} rows and is no instance", remedy, str(path))
    pairs = list(zip(table.column_names, (column[0].as_py() for column in table.columns), strict=True))
    groups: dict[str, list[tuple[str, Any]]] = {}
    for name, value in pairs:
        group, _, key = name.partition(".")
        if key:
            groups.setdefault(group, []).append((key, value))
    plain = [(name, value) for name, value in pairs if not name.partition(".")[2]]
    with naming(path):
        return _no_repeats([*plain, *((group, _no_repeats(columns)) for group, columns in groups.items())])
