"""Find the instance a command names: a file of ours, a library entry, a table of taxi trips, the embedded default."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from mcsopt.data.files import instance_from_json, is_trips_parquet, read_instance
from mcsopt.data.library import PREFIX, entry
from mcsopt.errors import InputError
from mcsopt.problems.fields import Instance


def default_instance(kind: str) -> Instance:
    """Return the embedded default instance of a kind, a small one that every method handles.

    Examples
    --------
    >>> default_instance("sensing-market").num_tasks
    10
    """
    import json

    resource = files("mcsopt.data") / f"default-{kind}.json"
    if not resource.is_file():
        raise InputError("INSTANCE", f"is missing and kind {kind!r} has no default", "give an instance file")
    return instance_from_json(json.loads(resource.read_text(encoding="utf-8")))


def load_instance(
    path: str | Path | None,
    kind: str,
    *,
    tasks: int = 40,
    workers: int = 160,
    area: int | None = None,
    seed: int = 0,
) -> tuple[Instance, list[str]]:
    """Return the instance a path stands for, and lines that a person should read about how it was made.

    Parameters
    ----------
    path : str or Path or None
        An instance file (``.json``, ``.parquet``), ``library:NAME`` for an entry of the library, a table of Chicago
        taxi trips (``.csv``, ``.csv.gz``, BigQuery ``.parquet``), or None for the embedded default of `kind`.
    kind : str
        Kind of instance the problem takes.
    tasks, workers, area, seed
        Market drawn from taxi trips; see `mcsopt.data.chicago`.

    Raises
    ------
    InputError
        If the file cannot be used, or holds another kind of instance.
    """
    if path is None:
        return default_instance(kind), [f"instance: embedded default {kind}"]
    lines: list[str] = []
    instance: Any
    if str(path).startswith(PREFIX):
        instance, lines = _library_instance(str(path))
    elif is_trips(path):
        if kind != "sensing-market":
            raise InputError(
                "", "stands for a table of taxi trips", f"this problem takes an instance of kind {kind!r}", str(path)
            )
        from mcsopt.data.taxi_market import chicago_with_report

        instance, report = chicago_with_report(path, tasks=tasks, workers=workers, area=area, seed=seed)
        lines = list(report.lines())
    else:
        instance = read_instance(path)
    if instance.kind != kind:
        raise InputError("kind", f"is {instance.kind!r}", f"this problem takes {kind!r}", str(path))
    return instance, lines


def _library_instance(name: str) -> tuple[Instance, list[str]]:
    """Return the instance of an entry, and what is known of it: of the entry's own problem and options."""
    case = entry(name)
    known = "no feasible solution" if case.objective is None else f"best known {case.objective:,.4f}"
    asked = " ".join([case.problem_name, *(f"{option}={value}" for option, value in case.options.items())])
    return case.problem().instance, [f"instance: library entry {case.name}, {asked}: {case.status}, {known}"]


def options_of_entry(path: str | Path | None, problem_name: str) -> dict[str, str]:
    """Return the options that a library entry asks its own problem with; none for any other path or problem."""
    if not str(path).startswith(PREFIX):
        return {}
    case = entry(str(path))
    return dict(case.options) if case.problem_name == problem_name else {}


def read_named(path: str | Path) -> Instance:
    """Return the instance of a file, or of ``library:NAME``; `InputError` as the two raise it."""
    return _library_instance(str(path))[0] if str(path).startswith(PREFIX) else read_instance(path)


def is_trips(path: str | Path) -> bool:
    """Whether a path stands for a table of taxi trips: by its ending, Parquet by its columns."""
    name = str(path).lower()
    return name.endswith((".csv", ".csv.gz")) or (name.endswith(".parquet") and is_trips_parquet(path))
