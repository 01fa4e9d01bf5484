"""Make the entries of the library anew: draw, solve, certify, verify, and hold them against what is shipped."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcsopt import tolerances
from mcsopt.data.library import Entry, read_library
from mcsopt.data.library_recipes import Recipe
from mcsopt.data.library_storage import CERTIFICATE, INDEX, SOLUTION, packed, write_document, write_index
from mcsopt.errors import BackendFault, InputError
from mcsopt.problems import problem_type
from mcsopt.problems.fields import canonical_digest
from mcsopt.regression.library_verify import faults
from mcsopt.result import Result, Sense, Termination
from mcsopt.verification import Certificate, find_bound, seal
from mcsopt.versions import versions

MAX_CERTIFICATE, MAX_SOLUTION = 600_000, 60_000
"""Compressed bytes up to which a certificate, or else a solution, is shipped."""


@dataclass(frozen=True)
class Built:
    """One entry made anew.

    Attributes
    ----------
    recipe : Recipe
    entry : Entry or None
        The entry, written and verified; None if it was refused.
    refusals : tuple of str
        Why it was refused: it contradicts what is known, or nothing was shown.
    """

    recipe: Recipe
    entry: Entry | None
    refusals: tuple[str, ...] = ()


def build(
    recipes: Iterable[Recipe],
    folder: Path,
    *,
    known: Iterable[Entry] = (),
    time_limit: float | None = 60.0,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Built]:
    """Make entries and write them to a folder, each as soon as it is finished.

    Parameters
    ----------
    recipes : iterable of Recipe
    folder : Path
        An existing folder; entries of a library in it stay unless made anew.
    known : iterable of Entry
        What is known already: an entry that contradicts it is refused and not written.
    time_limit : float, optional
        Seconds of the solver for each entry.
    progress : callable, optional
        Called with a line of text now and then.

    Yields
    ------
    Built
        One for each recipe.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C; what was yielded is in the folder, whole.
    InputError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        what = f"names {folder}, which is no folder and cannot be made one ({error.strerror})"
        raise InputError("--output", what, "give a folder, or a new one in a folder that exists") from None
    present = {entry.name: entry for entry in read_library(folder)} if (folder / INDEX).exists() else {}
    before = {entry.name: entry for entry in known}
    for recipe in recipes:
        if progress is not None:
            progress(recipe.name)
        try:
            entry, content, what = _make(recipe, folder, time_limit)
        except BackendFault as fault:
            yield Built(recipe, None, (str(fault),))
            continue
        refusals = contradictions(entry, before[recipe.name]) if recipe.name in before else []
        refusals = refusals or _faults_of_draft(entry, folder, content, what)
        if refusals:
            yield Built(recipe, None, tuple(refusals))
            continue
        write_document(folder, entry.name, what, content)
        present[entry.name] = entry
        write_index(folder, (one.to_json() for one in present.values()))
        yield Built(recipe, entry)


def _faults_of_draft(entry: Entry, folder: Path, content: bytes, what: str) -> list[str]:
    """Verify what is about to be written as a stranger would, read back from a file."""
    with TemporaryDirectory(prefix=".", dir=folder) as draft:
        write_document(Path(draft), entry.name, what, content)
        return faults(replace(entry, folder=Path(draft)))


def _make(recipe: Recipe, folder: Path, time_limit: float | None) -> tuple[Entry, bytes, str]:
    """Return the entry of a recipe, and its packed document with the kind of that."""
    problem, began = recipe.problem(), time.perf_counter()
    bound = find_bound(problem, time_limit=time_limit)
    if bound.result.termination is Termination.INTERRUPTED:
        raise KeyboardInterrupt  # the solver kept its best so far; an entry is finished or there is none
    certificate = seal(problem, bound.result, bound)
    seconds = time.perf_counter() - began
    if certificate.status.value not in ("PROVED", "BOUNDED", "INFEASIBLE"):
        raise BackendFault(bound.result.method, f"found no solution in {seconds:.1f} s, and no proof that none is")
    document, what = dict(certificate.document), CERTIFICATE
    content = packed(document)
    if len(content) > MAX_CERTIFICATE:
        document, what = document["solution"], SOLUTION
        content = packed(document)
        if len(content) > MAX_SOLUTION:
            raise BackendFault(bound.result.method, f"needs {len(content):,} bytes for its solution: too large to ship")
    entry = _entry(recipe, folder, certificate, _made(recipe, bound.result, time_limit, seconds))
    if what == CERTIFICATE:
        # Of the text that is written, not of the object: what is no JSON yet may become another type.
        entry = replace(entry, certificate_digest=canonical_digest(json.loads(json.dumps(document))))
    return entry, content, what


def _entry(recipe: Recipe, folder: Path, certificate: Certificate, made: dict[str, Any]) -> Entry:
    return Entry(
        name=recipe.name,
        problem_name=recipe.problem_name,
        options=dict(certificate.document["options"]),
        size=recipe.size,
        tags=recipe.tags,
        status=certificate.status.value,
        objective=certificate.objective,
        dual_bound=certificate.dual_bound,
        instance_digest=certificate.document["digest"],
        certificate_digest=None,
        made=made,
        folder=folder,
    )


def _made(recipe: Recipe, result: Result, time_limit: float | None, seconds: float) -> dict[str, Any]:
    return {
        "kind": recipe.kind,
        "arguments": dict(recipe.arguments),
        "solver": result.method,
        "time_limit": time_limit,
        "termination": result.termination.value,
        "message": result.message,
        "solver_bound": result.dual_bound,
        "seconds": round(seconds, 2),
        "versions": versions(),
    }


def contradictions(new: Entry, old: Entry) -> list[str]:
    """Return what two entries of one name say that cannot both be true, to a relative 1e-6.

    Parameters
    ----------
    new, old : Entry

    Returns
    -------
    list of str
        Empty if they agree. A better solution or a closer bound is no contradiction.
    """
    if (new.instance_digest, dict(new.options)) != (old.instance_digest, dict(old.options)):
        return [
            f"is about instance {new.instance_digest} {dict(new.options)}, "
            f"not {old.instance_digest} {dict(old.options)}"
        ]
    if (new.status == "INFEASIBLE") != (old.status == "INFEASIBLE"):
        return [f"is {new.status}, and known as {old.status}"]
    sense, found = problem_type(new.problem_name).sense, []
    if new.optimum is not None and old.optimum is not None and not _same(new.optimum, old.optimum):
        found.append(f"the optimum is {new.optimum!r}, and known as {old.optimum!r}")
    if _beats(new.objective, old.dual_bound, sense):
        found.append(f"a solution worth {new.objective!r} beats the known bound {old.dual_bound!r}")
    if _beats(old.objective, new.dual_bound, sense):
        found.append(f"the known solution worth {old.objective!r} beats the bound {new.dual_bound!r}")
    return found


def _beats(objective: float | None, bound: float | None, sense: Sense) -> bool:
    if objective is None or bound is None or not sense.better(objective, bound):
        return False
    return not _same(objective, bound)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=tolerances.SAME_OPTIMUM)
