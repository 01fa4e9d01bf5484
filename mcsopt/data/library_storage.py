"""How the library lies on disk: an index that reads well in a diff, and one compressed JSON document an entry."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mcsopt.data.files import parse_json, replacing, write_text
from mcsopt.errors import InputError, shown

INDEX = "index.json"
INDEX_FORMAT = "mcsopt-library/1"
CERTIFICATE, SOLUTION = "certificate", "solution"
"""Kinds of documents: the certificate, or, where that is too large to ship, the solution alone."""


def read_index(folder: Traversable) -> list[dict[str, Any]]:
    """Return the entries of an index as JSON objects; `InputError` if there is none or it is malformed."""
    file = folder / INDEX
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("", f"cannot be read ({error})", "give a folder with a library's index", str(file)) from None
    document = parse_json(text, str(file), "the index of a library")
    if not isinstance(document, dict) or document.get("format") != INDEX_FORMAT:
        raise InputError("format", "is missing or unknown", f"this version reads {INDEX_FORMAT!r}", str(file))
    found = document.get("entries")
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise InputError("entries", f"is {shown(found)}", "give a list of objects", str(file))
    return found


def write_index(folder: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write an index: entries by name, a key a line, so that a diff shows what has changed."""
    blocks = []
    for entry in sorted(entries, key=lambda entry: str(entry["name"])):
        lines = [f"  {json.dumps(key)}: {json.dumps(entry[key], sort_keys=True)}" for key in sorted(entry)]
        blocks.append("{\n" + ",\n".join(lines) + "\n}")
    write_text(folder / INDEX, f'{{"format": "{INDEX_FORMAT}", "entries": [\n' + ",\n".join(blocks) + "\n]}\n")


def place(folder: Traversable, name: str, what: str) -> Traversable:
    """Return where the document of an entry lies, whether there is one or not."""
    group, _, own = name.partition("/")
    return folder / group / f"{own}.{what}.json.gz"


def read_document(file: Traversable) -> dict[str, Any]:
    """Read a compressed JSON document; `InputError` if it is damaged or missing."""
    try:
        text = gzip.decompress(file.read_bytes()).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError("", f"cannot be read ({error})", "install mcsopt again", str(file)) from None
    document = parse_json(text, str(file), "a document of the library")
    if not isinstance(document, dict):
        raise InputError("", "is not a JSON object", "install mcsopt again", str(file))
    return document


def packed(document: Mapping[str, Any]) -> bytes:
    """Return a JSON document compressed: the same bytes for the same document, whatever time it is."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    stream = io.BytesIO()
    # Not gzip.compress, whose header depends on platform and version.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=stream, mtime=0) as compressed:
        compressed.write(text.encode())
    return stream.getvalue()


def write_document(folder: Path, name: str, what: str, content: bytes) -> None:
    """Write the packed document of an entry in place of what it had before, whole or not at all."""
    file = Path(str(place(folder, name, what)))
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        partial.write_bytes(content)
    other = SOLUTION if what == CERTIFICATE else CERTIFICATE
    Path(str(place(folder, name, other))).unlink(missing_ok=True)
