"""Finished seeds of an experiment in one file, a line each: kept as they finish, and not computed again."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mcsopt.data.files import check_writable, read_text
from mcsopt.errors import InputError

FORMAT = "mcsopt-simulation/1"
Key = tuple[str, int, int, int]
"""Kind of rows, tasks, workers, seed."""


class RunStore:
    """A file of JSON lines: what the experiment is, then the rows of each finished job.

    Parameters
    ----------
    path : path-like
        Made if it is not there.
    experiment : Mapping
        What all rows depend on but size and seed: policy, source. Rows of another experiment are never mixed in.
    resume : bool
        Whether to go on where the file stops. Without it, a file that is there is refused.

    Raises
    ------
    InputError
        If the file is there and not to be resumed, is of another experiment, is damaged, or is being written by another
        process; it stays as it is. A last line cut short, by a crash or a full disk, is no damage: its job is done
        again.
    """

    def __init__(self, path: str | Path, experiment: Mapping[str, Any], *, resume: bool = False) -> None:
        self.path = Path(path)
        self.rows: dict[Key, list[dict[str, Any]]] = {}
        head = {"format": FORMAT, **experiment}
        if not self.path.exists():
            check_writable(self.path)
            self._write(json.dumps(head, allow_nan=False) + "\n", "x")
            self._lock()
            return
        if not resume:
            raise InputError("", "is there already", "give --resume to go on, or another folder", str(self.path))
        self._lock()
        if not self.path.stat().st_size:  # the disk was full before the first line
            self._write(json.dumps(head, allow_nan=False) + "\n", "a")
        self._read(head)

    def _lock(self) -> None:
        """Keep others from writing while this store is there; nothing where the system has no such locks."""
        try:
            import fcntl
        except ImportError:  # pragma: no cover - Windows
            return
        held = os.open(self.path, os.O_RDONLY)
        self.release = weakref.finalize(self, os.close, held)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise InputError("", "is being written by another process", "wait until it ends, or give another folder",
                             str(self.path)) from None  # fmt: skip
        except OSError:  # a file system without locks
            self.release()

    def _read(self, head: Mapping[str, Any]) -> None:
        text = read_text(self.path, "a file of simulation runs")
        lines = text.split("\n")
        whole, rest = lines[:-1], lines[-1]
        if not whole:
            raise self._damaged(1)
        found = self._parse(whole[0], 1)
        if found != json.loads(json.dumps(head)):
            different = [name for name in {**head, **found} if head.get(name) != found.get(name)]
            name = different[0] if different else "format"
            raise InputError(
                name, f"is {found.get(name)!r}, asked for is {head.get(name)!r}",
                "give another folder: runs of different experiments are not mixed", str(self.path),
            )  # fmt: skip
        for number, line in enumerate(whole[1:], start=2):
            entry = self._parse(line, number)
            try:
                key = (str(entry["kind"]), int(entry["tasks"]), int(entry["workers"]), int(entry["seed"]))
                self.rows[key] = list(entry["rows"])
            except (KeyError, TypeError, ValueError):
                raise self._damaged(number) from None
        if rest:
            # The line that was being written when the last run ended: cut it off.
            with self.path.open("r+", encoding="utf-8") as file:
                file.truncate(len(text.encode()) - len(rest.encode()))

    def _parse(self, line: str, number: int) -> dict[str, Any]:
        try:
            entry = json.loads(line)
        except ValueError:
            raise self._damaged(number) from None
        if not isinstance(entry, dict):
            raise self._damaged(number)
        return entry

    def _damaged(self, number: int) -> InputError:
        return InputError(f"line {number}", "is no line of such a file", "give another folder, or remove the file",
                          str(self.path))  # fmt: skip

    def add(self, key: Key, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keep the rows of a finished job; they are on the disk when this returns."""
        kind, tasks, workers, seed = key
        self.rows[key] = [dict(row) for row in rows]
        entry = {"kind": kind, "tasks": tasks, "workers": workers, "seed": seed, "rows": self.rows[key]}
        self._write(json.dumps(entry, allow_nan=False) + "\n", "a")

    def _write(self, line: str, mode: str) -> None:
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError("", f"cannot be written: {error.strerror}", "make room, or give another folder",
                             str(self.path)) from None  # fmt: skip
