"""A library of instances with certified optima, shipped with the package, for those who test heuristics.

From tiny to the scale of the papers, hard and infeasible cases included. Each entry holds the best known plan with
its certificate, from which anybody can derive the optimum (or the bound) again, and how it was made.

>>> case = entry("knapsack/by-hand-three")
>>> case.status, case.optimum, case.solution().items
('PROVED', 9.0, (0, 1))
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import NoneType
from typing import Any

from mcsopt.data.files import instance_from_json
from mcsopt.data.library_recipes import SIZES, make_instance
from mcsopt.data.library_storage import CERTIFICATE, SOLUTION, place, read_document, read_index
from mcsopt.errors import InputError, shown
from mcsopt.problems import Problem, problem_type

_REMEDY = "write the index with mcsopt library build"

PREFIX = "library:"
"""What stands before the name of an entry where a command takes an instance."""


def shipped() -> Traversable:
    """Return the folder of the library that comes with the package."""
    return files("mcsopt.data") / "library_files"


@dataclass(frozen=True)
class Entry:
    """One instance with the best that is known of it.

    Attributes
    ----------
    name : str
        Unique: problem, then what it is, ``"offline-welfare/default-40x160-s0"``.
    problem_name : str
        Name of the problem.
    options : Mapping[str, str]
        Options of the problem.
    size : {"tiny", "small", "medium", "large"}
        Grade: within reach of brute force; of a second; of a minute; beyond that, and not in CI.
    tags : tuple of str
        What is special: ``"hard"``, ``"infeasible"``, ``"required-service"``, ``"ties"``, ...
    status : {"PROVED", "BOUNDED", "INFEASIBLE"}
        What is known of the best known solution.
    objective : float or None
        Value of the best known solution; None if none exists.
    dual_bound : float or None
        Bound on the optimum, derived by the checker; None if there is no solution.
    instance_digest : str
        Digest of the instance.
    certificate_digest : str or None
        Digest of the canonical text of the shipped certificate; None if it is too large to ship.
    made : Mapping
        ``kind`` and ``arguments`` of the generator (kind "by-hand": the instance itself), ``solver``, ``time_limit``,
        ``termination``, its ``message``, ``seconds`` and ``versions``; ``solver_bound`` is the solver's own word, which
        may be closer than `dual_bound` where its evidence is too long to keep, and is checked by nobody.
    folder : Traversable
        Where the documents lie: the package's own folder, or one that ``mcsopt library build`` has written.
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
    folder: Traversable = field(default_factory=shipped, repr=False, compare=False)

    @property
    def optimum(self) -> float | None:
        """The optimal value; None unless proved."""
        return self.objective if self.status == "PROVED" else None

    def problem(self) -> Problem[Any]:
        """Return the problem, built anew from the shipped certificate, or else by the generator.

        Raises
        ------
        InputError
            If the instance is not the one of the index.
        """
        document = self.certificate()
        if document is None:
            instance = make_instance(self.made["kind"], self.made["arguments"])
        else:
            instance = instance_from_json(document.get("instance"))
        if instance.digest() != self.instance_digest:
            raise InputError(
                PREFIX + self.name,
                f"has an instance with digest {instance.digest()} instead of {self.instance_digest}",
                "install mcsopt again, with the versions of constraints.txt",
            )
        # Every problem is a dataclass; its base class is none.
        # Every problem is a dataclass, which the type of its class does not say.
        problem: Problem[Any] = problem_type(self.problem_name)(instance, **self.options)  # type: ignore[call-arg]
        return problem

    def solution(self) -> Any | None:
        """Return the best known solution, in the problem's type; None if no solution exists."""
        document = self.certificate()
        found = self._document(SOLUTION) if document is None else document.get("solution")
        return None if found is None else self.problem().parse_solution(found)

    def certificate(self) -> dict[str, Any] | None:
        """Return the shipped certificate as it is, unchecked; None if it is too large to ship."""
        return None if self.certificate_digest is None else read_document(place(self.folder, self.name, CERTIFICATE))

    def _document(self, what: str) -> dict[str, Any] | None:
        file = place(self.folder, self.name, what)
        return read_document(file) if file.is_file() else None

    def to_json(self) -> dict[str, Any]:
        """Return the entry as it stands in the index."""
        shown = {key: getattr(self, "problem_name" if key == "problem" else key) for key in _TYPES}
        return shown | {"tags": list(self.tags)}


_NUMBER = (int, float, NoneType)
_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "problem": str,
    "options": dict,
    "size": str,
    "tags": list,
    "status": str,
    "objective": _NUMBER,
    "dual_bound": _NUMBER,
    "instance_digest": str,
    "certificate_digest": (str, NoneType),
    "made": dict,
}
"""Keys of an entry in the index, and what JSON they hold."""


def read_library(folder: Traversable) -> tuple[Entry, ...]:
    """Return the entries of a library in another folder, one that ``mcsopt library build`` has written.

    Raises
    ------
    InputError
        If its index is missing or malformed.
    """
    return tuple(_entry(document, folder) for document in read_index(folder))


def _entry(document: Mapping[str, Any], folder: Traversable) -> Entry:
    where = f"entry {shown(document.get('name'))}"
    if set(document) != set(_TYPES):
        raise InputError(where, "lacks keys or has unknown ones", f"give {', '.join(_TYPES)}", str(folder))
    for key, kind in _TYPES.items():
        if not isinstance(document[key], kind):
            raise InputError(f"{where}.{key}", f"is {shown(document[key])}", _REMEDY, str(folder))
    if document["size"] not in SIZES:
        raise InputError(f"{where}.size", f"is {shown(document['size'])}", f"use {', '.join(SIZES)}", str(folder))
    values = {key: value for key, value in document.items() if key != "problem"}
    values["tags"] = tuple(document["tags"])
    return Entry(**values, problem_name=document["problem"], folder=folder)


def entries(
    problem: str | None = None, *, size: str | Sequence[str] | None = None, tag: str | None = None
) -> tuple[Entry, ...]:
    """Return the entries of the library by name, or those that fit.

    Parameters
    ----------
    problem : str, optional
        Name of a problem.
    size : str or sequence of str, optional
        One or several of ``"tiny"``, ``"small"``, ``"medium"``, ``"large"``.
    tag : str, optional
        A tag that the entries must have.

    Raises
    ------
    InputError
        For an unknown problem, size or tag.

    Examples
    --------
    >>> {case.size for case in entries("knapsack", size="tiny")}
    {'tiny'}
    """
    found = every = read_library(shipped())
    if problem is not None:
        problem_type(problem)
        found = tuple(one for one in found if one.problem_name == problem)
    if size is not None:
        sizes = (size,) if isinstance(size, str) else tuple(size)
        for grade in sizes:
            if grade not in SIZES:
                raise InputError("size", f"is {shown(grade)}", f"use one of {', '.join(SIZES)}")
        found = tuple(one for one in found if one.size in sizes)
    if tag is not None:
        known = sorted({own for one in every for own in one.tags})
        if tag not in known:
            raise InputError("tag", f"is {shown(tag)}", f"use one of {', '.join(known)}")
        found = tuple(one for one in found if tag in one.tags)
    return found


def entry(name: str) -> Entry:
    """Return the entry called `name`, ``library:`` before it or not; `InputError` lists near matches."""
    name = name.removeprefix(PREFIX)
    known = {one.name: one for one in read_library(shipped())}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        remedy = f"did you mean {', '.join(near)}?" if near else "see mcsopt library list"
        raise InputError("library", f"has no entry {shown(name)}", remedy)
    return known[name]
