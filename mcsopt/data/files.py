"""Instance and solution files: JSON, and Parquet of the same columns for large instances."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcsopt.errors import InputError
from mcsopt.problems import Problem, instance_types
from mcsopt.problems.fields import INSTANCE_FORMAT, Instance


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
    text = read_text(path, what)
    try:
        return json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        end = "is cut off" if error.pos >= len(text.rstrip()) - 1 else "is not JSON"
        raise InputError(
            f"line {error.lineno}, column {error.colno}",
            f"{end} ({error.msg})",
            f"give {what} as valid JSON",
            str(path),
        ) from None
    except InputError as error:
        raise error.in_file(str(path)) from None
    except RecursionError:
        raise InputError("", "nests too deeply", f"give {what} as flat JSON", str(path)) from None


def read_text(path: str | Path, what: str) -> str:
    """Read a text file; `InputError` if it is missing, a directory, empty or not UTF-8."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("", "does not exist", f"give the path of {what}", str(path)) from None
    except IsADirectoryError:
        raise InputError("", "is a directory", f"give the path of {what}", str(path)) from None
    except UnicodeDecodeError:
        raise InputError("", "is not UTF-8 text", f"give {what} as JSON", str(path)) from None
    except OSError as error:
        raise InputError(
            "", f"cannot be read ({error.strerror})", f"give a readable file with {what}", str(path)
        ) from None
    if not text.strip():
        raise InputError("", "is empty", f"give {what}", str(path))
    return text


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all; `InputError` if the place cannot be written."""
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True) if partial.is_file() else None
        raise InputError("", f"cannot be written ({error.strerror})", "give a writable path", str(path)) from None


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise InputError(repeated, "occurs twice", "keep one")
    return found


def _no_constant(name: str) -> Any:
    raise InputError("", f"holds {name}, which is not a JSON number", "give finite numbers")


def instance_from_json(document: Any) -> Instance:
    """Build an instance of whatever kind the JSON object names; `InputError` if it is malformed."""
    if not isinstance(document, Mapping):
        raise InputError("", "is not a JSON object", f"write one with format {INSTANCE_FORMAT!r}")
    if document.get("format") != INSTANCE_FORMAT:
        raise InputError("format", f"is {document.get('format')!r}", f"this version reads {INSTANCE_FORMAT!r}")
    kind, kinds = document.get("kind"), instance_types()
    if not isinstance(kind, str) or kind not in kinds:
        raise InputError("kind", f"is {kind!r}", f"use one of {', '.join(sorted(kinds))}")
    return kinds[kind].from_json(document)


def read_instance(path: str | Path) -> Instance:
    """Read an instance file, ``.json`` or ``.parquet``.

    Raises
    ------
    InputError
        Naming file, field, index, value and remedy.
    """
    document = _read_parquet(path) if str(path).endswith(".parquet") else read_json(path, "an instance")
    try:
        return instance_from_json(document)
    except InputError as error:
        raise error.in_file(str(path)) from None


def write_instance(instance: Instance, path: str | Path) -> None:
    """Write an instance file; the ending ``.parquet`` chooses Parquet, anything else JSON."""
    document = instance.to_json()
    if str(path).endswith(".parquet"):
        _write_parquet(document, path)
    else:
        write_text(path, json.dumps(document, allow_nan=False) + "\n")


def read_solution(problem: Problem[Any], path: str | Path) -> Any:
    """Read a solution file of `problem`; `InputError` names file, field, index, value and remedy."""
    document = read_json(path, "a solution")
    try:
        return problem.parse_solution(document)
    except InputError as error:
        raise error.in_file(str(path)) from None


def write_solution(problem: Problem[Any], solution: Any, path: str | Path) -> None:
    """Write a solution file."""
    write_text(path, json.dumps(problem.solution_document(solution), allow_nan=False) + "\n")


def is_instance_parquet(path: str | Path) -> bool:
    """Whether a Parquet file is an instance of ours rather than a table of trips."""
    import pyarrow.parquet as pq

    try:
        return {"format", "kind"} <= set(pq.read_schema(path).names)
    except Exception:
        return False  # whoever reads it next says what is wrong with it


def _write_parquet(document: Mapping[str, Any], path: str | Path) -> None:
    """Write one row; columns of a group are lists, named ``group.key`` as in the JSON file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    row: dict[str, Any] = {}
    for key, value in document.items():
        row |= (
            {f"{key}.{inner}": column for inner, column in value.items()}
            if isinstance(value, Mapping)
            else {key: value}
        )
    try:
        pq.write_table(pa.table({name: [value] for name, value in row.items()}), path)
    except OSError as error:
        raise InputError("", f"cannot be written ({error})", "give a writable path", str(path)) from None


def _read_parquet(path: str | Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    if not Path(path).is_file():
        raise InputError("", "does not exist or is no file", "give the path of an instance", str(path))
    try:
        table = pq.read_table(path)
    except Exception as error:  # pyarrow raises many types on a damaged file
        raise InputError("", f"is not Parquet ({error})", "give an instance as Parquet", str(path)) from None
    if table.num_rows != 1 or not {"format", "kind"} <= set(table.column_names):
        remedy = "an instance has one row with columns format and kind; write it with mcsopt generate"
        raise InputError("", f"has {table.num_rows} rows and is no instance", remedy, str(path))
    document: dict[str, Any] = {}
    for name, value in table.to_pylist()[0].items():
        group, _, key = name.partition(".")
        if key:
            document.setdefault(group, {})[key] = value
        else:
            document[name] = value
    return document
