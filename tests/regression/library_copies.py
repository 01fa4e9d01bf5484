"""Copies of parts of the shipped library, to plant errors in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from mcsopt.data.library import Entry, entry, read_library, shipped
from mcsopt.data.library_storage import CERTIFICATE, INDEX, packed, place, read_document, write_index


def copied(folder: Path, *names: str) -> Path:
    """Copy entries of the shipped library into a folder."""
    for name in names:
        for file in Path(str(shipped())).glob(f"{name}.*"):
            target = folder / file.relative_to(str(shipped()))
            target.parent.mkdir(exist_ok=True)
            shutil.copy(file, target)
    write_index(folder, [entry(name).to_json() for name in names])
    return folder


def with_index(folder: Path, name: str, **changes: Any) -> Entry:
    """Change keys of one entry of the index, and read the entry again."""
    document = json.loads((folder / INDEX).read_text())
    for one in document["entries"]:
        if one["name"] == name:
            one.update(changes)
    write_index(folder, document["entries"])
    return next(one for one in read_library(folder) if one.name == name)


def with_certificate(folder: Path, name: str, **changes: Any) -> Entry:
    """Change keys of one certificate, and read the entry."""
    file = Path(str(place(folder, name, CERTIFICATE)))
    file.write_bytes(packed(read_document(file) | changes))
    return next(one for one in read_library(folder) if one.name == name)
