"""The file of memoized reports, format ``mcsopt-reports/1``: read strictly, written whole and durably, one writer.

A JSON object:

- ``format``: ``"mcsopt-reports/1"``
- ``market``: digest of the market the reports belong to
- ``num_tasks``: entries of a report
- ``simulated``: whether the noise came from a seed; such a file is never continued with secure noise, nor the other
  way round
- ``entries``: one object for each worker and epoch, sorted by them: ``worker``, ``epoch``, ``epsilon`` and ``report``,
  a string of ``0`` and ``1``, task 0 first; null once the worker has gone on to a later epoch. Entries are never
  removed: they are the ledger.
- ``digest``: of all the rest, as that of an instance; a file that was cut, edited or damaged is refused

True intents are not in it: the file tells no more than the platform has heard.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from mcsopt.data.files import check_writable, read_json, replacing
from mcsopt.errors import InputError, naming, shown
from mcsopt.privacy import inputs
from mcsopt.problems.fields import LARGEST, canonical_digest, check_format

REPORTS_FORMAT = "mcsopt-reports/1"

_KEYS = ("format", "market", "num_tasks", "simulated", "entries", "digest")
_ENTRY_KEYS = ("worker", "epoch", "epsilon", "report")
_DAMAGED = "the file was edited or damaged: restore it, and do not report anew for epochs that were answered"


@dataclass(frozen=True)
class Entry:
    """The permanent report of a worker for an epoch; `report` None once a later epoch has begun."""

    worker: int
    epoch: int
    epsilon: float
    report: str | None

    def bits(self) -> np.ndarray:
        """Return the report as an array of ``uint8``."""
        return np.frombuffer((self.report or "").encode(), dtype=np.uint8) - ord("0")


@dataclass(frozen=True)
class ReportFile:
    """The content of a file, entries by worker and epoch."""

    market: str
    num_tasks: int
    simulated: bool
    entries: Mapping[tuple[int, int], Entry]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        document: dict[str, Any] = {
            "format": REPORTS_FORMAT,
            "market": self.market,
            "num_tasks": self.num_tasks,
            "simulated": self.simulated,
            "entries": [vars(self.entries[key]) for key in sorted(self.entries)],
        }
        return document | {"digest": canonical_digest(document)}


def read_reports(path: str | Path) -> ReportFile:
    """Read a file of reports; `InputError` names the file and what is wrong with it."""
    document = read_json(path, "a file of reports")
    with naming(path):
        if not isinstance(document, Mapping):
            raise InputError("", "is not a JSON object", f"give a file of format {REPORTS_FORMAT!r}")
        check_format(document, REPORTS_FORMAT)
        _keys(document, _KEYS, "")
        content = _content(document)
        if document["digest"] != canonical_digest({key: document[key] for key in document if key != "digest"}):
            raise InputError("digest", "does not match the content", _DAMAGED)
        return content


def write_reports(content: ReportFile, path: str | Path) -> None:
    """Write a file whole or not at all, and see it to the disk before returning: a report once told stays."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8") as file:
        json.dump(content.to_json(), file, allow_nan=False, separators=(",", ":"))
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    _see_to_disk(Path(os.path.realpath(path)).parent)


def _see_to_disk(folder: Path) -> None:
    """Make the renaming itself durable, where the system has such a notion for folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def lock(path: str | Path) -> IO[str]:
    """Return the open lock file ``.NAME.lock`` beside `path`, held until it is closed or the process ends.

    Raises
    ------
    InputError
        If somebody else, in this process or another, has it; or the place cannot be written.
    """
    check_writable(path)
    target = Path(os.path.realpath(path))  # two links to one file have one lock
    try:
        import fcntl
    except ImportError:
        raise InputError(
            "", "cannot be locked on this system", "keep reports on a system with POSIX file locks", str(path)
        ) from None
    try:
        file = target.with_name(f".{target.name}.lock").open("a", encoding="utf-8")
    except OSError as error:
        raise InputError("", f"cannot be locked ({error.strerror})", "give a writable path", str(path)) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InputError(
            "", "is in use: somebody else is reporting from it", "end that first, one writer at a time", str(path)
        ) from None
    return file


def _content(document: Mapping[str, Any]) -> ReportFile:
    num_tasks = inputs.integer(document["num_tasks"], "num_tasks", 1)
    if not isinstance(document["entries"], list):
        raise InputError("entries", f"is {shown(document['entries'])}", "give a list")
    if not isinstance(document["simulated"], bool):
        raise InputError("simulated", f"is {shown(document['simulated'])}", "give true or false")
    if not isinstance(document["market"], str):
        raise InputError("market", f"is {shown(document['market'])}", "give the digest of a market")
    entries: dict[tuple[int, int], Entry] = {}
    for index, item in enumerate(document["entries"]):
        entry = _entry(item, f"entries[{index}]", num_tasks)
        if (entry.worker, entry.epoch) in entries:
            raise InputError(f"entries[{index}]", "repeats a worker and epoch", _DAMAGED)
        entries[entry.worker, entry.epoch] = entry
    _check_discarded(entries.values())
    return ReportFile(document["market"], num_tasks, document["simulated"], entries)


def _entry(item: Any, place: str, num_tasks: int) -> Entry:
    if not isinstance(item, Mapping):
        raise InputError(place, f"is {shown(item)}", "give an object")
    _keys(item, _ENTRY_KEYS, f"{place}.")
    epsilon, report = item["epsilon"], item["report"]
    if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or not 0 < epsilon <= LARGEST:
        raise InputError(f"{place}.epsilon", f"is {shown(epsilon)}", f"give a number > 0, at most {LARGEST:g}")
    if report is not None and (not isinstance(report, str) or len(report) != num_tasks or set(report) - {"0", "1"}):
        raise InputError(
            f"{place}.report", f"is {shown(report)}", f"give a string of {num_tasks} zeros and ones, or null"
        )
    worker, epoch = (inputs.integer(item[key], f"{place}.{key}", 0) for key in ("worker", "epoch"))
    return Entry(worker, epoch, float(epsilon), report)


def _check_discarded(entries: Iterable[Entry]) -> None:
    """Refuse a file in which a worker's report is kept for other epochs than the last."""
    last: dict[int, int] = {}
    for entry in entries:
        last[entry.worker] = max(entry.epoch, last.get(entry.worker, 0))
    for entry in entries:
        if (entry.report is None) != (entry.epoch < last[entry.worker]):
            place = f"report of worker {entry.worker}, epoch {entry.epoch}"
            raise InputError(place, "must be there for the last epoch, and for no other", _DAMAGED)


def _keys(document: Mapping[str, Any], wanted: tuple[str, ...], prefix: str) -> None:
    for key in wanted:
        if key not in document:
            raise InputError(f"{prefix}{key}", "is missing", "add it")
    for key in document:
        if key not in wanted:
            raise InputError(f"{prefix}{key}", "is not a known field", f"known here: {', '.join(wanted)}")
