"""The library: instances with certified optima, or the best bound known, each with its certificate and its recipe.

Every entry but the large ones comes with the whole certificate, so its numbers need not be believed:
``mcsopt library verify`` derives each of them anew, and ``mcsopt library build`` makes them again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from mcsopt.data.files import instance_from_json
from mcsopt.data.library.recipes import RECIPES, Recipe
from mcsopt.errors import InputError
from mcsopt.problems import Problem, problem_type

__all__ = [
    "LIBRARY_FORMAT",
    "SIZES",
    "Entry",
    "Recipe",
    "certificate_digest",
    "entries",
    "entry",
    "file_of",
    "read_index",
]

LIBRARY_FORMAT = "mcsopt-library/1"
SIZES = ("tiny", "small", "medium", "large")
"""tiny: brute force takes it; small: proved in a second; medium: in a minute, or nearly so; large: only bounded, or too
large to ship, and left to ``make acceptance``."""


@dataclass(frozen=True)
class Entry:
    """One instance of the library.

    Attributes
    ----------
    name : str
        ``"problem/instance"``, unique.
    problem_name : str
    options : Mapping of str to str
        Options of the problem.
    size : str
        One of `SIZES`.
    tags : tuple of str
        What is special: ``"hard"``, ``"required-service"``, ``"infeasible"``, ``"ties"``, ...
    status : str
        PROVED, BOUNDED, or INFEASIBLE, as in the certificate.
    objective : float or None
        Value of the best solution known.
    dual_bound : float or None
        Bound that the checker derived: no solution is better.
    instance_digest : str
        Digest of the instance.
    certificate_digest : str or None
        Digest of the certificate document; None where it is too large to be shipped.
    made : Mapping
        How to make it again: the recipe's ``generator`` and ``arguments`` (or ``by_hand``), the bound's ``solver``, its
        ``seconds`` and the ``versions``.
    """

    name: str
    problem_name: str
    options: Mapping[str, str]
    size: str
    tags: tuple[str, ...]
    status: str
    objective: float | None
    dual_bound: float | None
    instance_digest: str
    certificate_digest: str | None
    made: Mapping[str, Any]

    @property
    def optimum(self) -> float | None:
        """The optimal value; None if unproved, or if there is no solution."""
        return self.objective if self.status == "PROVED" else None

    def problem(self) -> Problem[Any]:
        """Return the problem, its instance from the certificate or, if none is shipped, from the recipe.

        Raises
        ------
        InputError
            If the instance is not the one that the index names.
        """
        document = self.certificate()
        instance = instance_from_json(document["instance"]) if document else RECIPES[self.name].instance()
        if instance.digest() != self.instance_digest:
            what = f"is {instance.digest()}, the index says {self.instance_digest}"
            raise InputError(f"instance of {self.name}", what, "install mcsopt anew, or build the library again")
        question: Any = problem_type(self.problem_name)
        problem: Problem[Any] = question(instance, **self.options)
        return problem

    def solution(self) -> Any | None:
        """Return the best solution known; None if there is none, or if no certificate is shipped."""
        document = self.certificate()
        if document is None or document["solution"] is None:
            return None
        return self.problem().parse_solution(document["solution"])

    def certificate(self) -> dict[str, Any] | None:
        """Return the shipped certificate, a document that `mcsopt.verify` takes; None if none is shipped."""
        if self.certificate_digest is None:
            return None
        packed = files(__name__).joinpath(*file_of(self.name).split("/")).read_bytes()
        document: dict[str, Any] = json.loads(gzip.decompress(packed))
        return document


def file_of(name: str) -> str:
    """Return where the certificate of an entry lies, relative to the library's folder."""
    return f"certificates/{name}.json.gz"


def certificate_digest(document: Mapping[str, Any]) -> str:
    """Return ``"sha256:..."`` over the canonical text of a certificate: keys sorted, no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def read_index(text: str) -> dict[str, Entry]:
    """Read the index of a library, by name."""
    document = json.loads(text)
    if document.get("format") != LIBRARY_FORMAT:
        raise InputError("format", f"is {document.get('format')!r}", f"{LIBRARY_FORMAT!r} is needed")
    found = [Entry(**(fields | {"tags": tuple(fields["tags"])})) for fields in document["entries"]]
    return {entry.name: entry for entry in found}


@cache
def _index() -> dict[str, Entry]:
    return read_index(files(__name__).joinpath("index.json").read_text(encoding="utf-8"))


def entries(
    problem: str | None = None, *, size: str | Sequence[str] | None = None, tag: str | None = None
) -> tuple[Entry, ...]:
    """Return the entries of the library, by problem and size, the smallest first.

    Parameters
    ----------
    problem : str, optional
        Only those of this problem.
    size : str or sequence of str, optional
        Only those of these sizes, see `SIZES`.
    tag : str, optional
        Only those with this tag.

    Raises
    ------
    InputError
        For a problem or a size that does not exist.

    Examples
    --------
    >>> [entry.name for entry in entries("knapsack", size="tiny", tag="by-hand")]
    ['knapsack/textbook', 'knapsack/zero-capacity']
    """
    if problem is not None:
        problem_type(problem)
    sizes: Iterable[str] = SIZES if size is None else (size,) if isinstance(size, str) else size
    for wanted in sizes:
        if wanted not in SIZES:
            raise InputError("size", f"is {wanted!r}", f"use one of {', '.join(SIZES)}")
    found = [
        entry
        for entry in _index().values()
        if problem in (None, entry.problem_name) and entry.size in sizes and (tag is None or tag in entry.tags)
    ]
    return tuple(sorted(found, key=lambda entry: (entry.problem_name, SIZES.index(entry.size))))


def entry(name: str) -> Entry:
    """Return the entry called `name`; `InputError` names those that read alike.

    Examples
    --------
    >>> entry("knapsack/textbook").optimum
    9.0
    """
    if name not in _index():
        near = get_close_matches(name, _index(), n=3, cutoff=0.5)
        remedy = f"did you mean {', '.join(near)}?" if near else "see 'mcsopt library list'"
        raise InputError("library", f"has no entry {name!r}", remedy)
    return _index()[name]
