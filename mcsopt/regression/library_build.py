"""Make the library again, and check it: the shipped numbers are nobody's word."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mcsopt.data.files import replacing, write_text
from mcsopt.data.library import LIBRARY_FORMAT, SIZES, Entry, certificate_digest, file_of, read_index
from mcsopt.data.library.recipes import RECIPES, Recipe
from mcsopt.errors import InputError
from mcsopt.problems import Problem, problem_type
from mcsopt.result import relative_gap
from mcsopt.verification import Certificate, find_bound, seal, verify
from mcsopt.versions import versions

AGREEMENT = 1e-6
"""Relative: how far an optimum that is made again may lie from the shipped one."""


def make(recipe: Recipe, *, time_limit: float | None = None) -> tuple[Entry, Certificate]:
    """Make one entry: draw the instance, bound it, and let the checker derive the bound.

    Parameters
    ----------
    recipe : Recipe
    time_limit : float, optional
        Seconds for the bound; default: the recipe's.

    Returns
    -------
    Entry, Certificate
    """
    question: Any = problem_type(recipe.problem_name)
    problem: Problem[Any] = question(recipe.instance(), **recipe.options)
    began = time.perf_counter()
    bound = find_bound(problem, time_limit=recipe.time_limit if time_limit is None else time_limit)
    seconds = time.perf_counter() - began
    certificate = seal(problem, bound.result, bound)
    document = dict(certificate.document)
    made = recipe.describe() | {"solver": bound.result.method, "seconds": round(seconds, 2), "versions": versions()}
    entry = Entry(
        name=recipe.name, problem_name=recipe.problem_name, options=problem.options, size=recipe.size,
        tags=recipe.tags, status=certificate.status.value, objective=certificate.objective,
        dual_bound=certificate.dual_bound, instance_digest=problem.instance.digest(),
        certificate_digest=certificate_digest(document) if recipe.shipped else None, made=made,
    )  # fmt: skip
    return entry, certificate


def faults_of(entry: Entry) -> list[str]:
    """Return what is wrong with an entry; nothing, if each of its numbers stands in a certificate that verifies.

    Of an entry without a certificate only the instance is checked: see :func:`contradictions` for its numbers.
    """
    try:
        problem = entry.problem()
    except (InputError, OSError, TypeError, ValueError) as error:  # a missing, cut or foreign file, options of another
        return [f"the instance cannot be read: {error}"]
    found = []
    recipe = RECIPES.get(entry.name)
    if recipe is None or not recipe.describe().items() <= entry.made.items():
        found.append("the recipe is not the one in the index")
    elif recipe.instance().digest() != entry.instance_digest:
        found.append("the recipe makes another instance")
    document = entry.certificate()
    if document is None:
        return found
    if certificate_digest(document) != entry.certificate_digest:
        found.append("the certificate is not the one that the index names")
    verdict = verify(document, instance_digest=entry.instance_digest)
    if not verdict.accepted:
        found.append(f"the checker refuses the certificate: {verdict.reason}")
    told = (entry.problem_name, dict(entry.options), entry.status, entry.objective, entry.dual_bound)
    keys = ("problem", "options", "status", "objective", "dual_bound")
    if told != tuple(document[key] for key in keys):
        found.append(f"the index says {told}, the certificate {tuple(document[key] for key in keys)}")
    if problem.options != dict(entry.options):
        found.append(f"the options are {dict(entry.options)}, the problem has {problem.options}")
    return found


def contradictions(old: Entry, new: Entry) -> list[str]:
    """Return how two makings of one entry contradict each other: two optima apart, or a bound below a solution."""
    if old.instance_digest != new.instance_digest:
        return [f"{old.name}: another instance was made"]
    if "INFEASIBLE" in (old.status, new.status):
        return [] if old.status == new.status else [f"{old.name}: {old.status} before, {new.status} now"]
    sense = problem_type(old.problem_name).sense
    found = []
    for bound, objective in ((old.dual_bound, new.objective), (new.dual_bound, old.objective)):
        if bound is not None and objective is not None and sense.better(objective, bound):
            beyond = abs(objective - bound) / max(abs(objective), abs(bound))
            if beyond > AGREEMENT:
                found.append(f"{old.name}: a solution worth {objective!r} beats the bound {bound!r}")
    if old.optimum is not None and new.optimum is not None:
        gap = abs(old.optimum - new.optimum) / max(1.0, abs(old.optimum))
        if gap > AGREEMENT:
            found.append(f"{old.name}: optimum {old.optimum!r} before, {new.optimum!r} now")
    return found


def build(
    recipes: Iterable[Recipe],
    folder: str | Path,
    *,
    known: Sequence[Entry] = (),
    time_limit: float | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> list[Entry]:
    """Make entries, and write index and certificates to a folder, after each entry anew: an interruption loses one.

    Parameters
    ----------
    recipes : iterable of Recipe
    folder : path
        Made if need be; entries of an index already there are kept, unless made again.
    known : sequence of Entry
        Entries of before: where both are certified the better bound or solution stays in `known`, not here.
    time_limit : float, optional
        Seconds for each bound.
    report : callable
        Called with a line for each entry.

    Returns
    -------
    list of Entry
        Those made.

    Raises
    ------
    InputError
        If an entry contradicts what is known of it; nothing of it is written.
    """
    folder = Path(folder)
    before = {entry.name: entry for entry in known}
    index = folder / "index.json"
    kept = _read(index)
    made: list[Entry] = []
    for recipe in recipes:
        report(f"making {recipe.name}")
        entry, certificate = make(recipe, time_limit=time_limit)
        if recipe.name in before and (found := contradictions(before[recipe.name], entry)):
            raise InputError(recipe.name, "; ".join(found), "one of the two is wrong: find out which")
        if recipe.shipped:
            write_certificate(certificate, folder / file_of(recipe.name))
        kept[entry.name] = entry
        made.append(entry)
        write_text(index, _index_text(kept.values()))
        gap = relative_gap(entry.objective, entry.dual_bound, problem_type(entry.problem_name).sense)
        report(f"{entry.name}: {entry.status}" + ("" if not gap else f", gap {100 * gap:.4f} %"))
    return made


def _read(index: Path) -> dict[str, Entry]:
    return read_index(index.read_text(encoding="utf-8")) if index.exists() else {}


def write_certificate(certificate: Certificate, path: Path) -> None:
    """Write a certificate, packed; the same certificate gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(certificate.document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    with replacing(path) as partial:
        partial.write_bytes(gzip.compress(text.encode(), mtime=0))


def _index_text(found: Iterable[Entry]) -> str:
    """Return an index that reads well in a diff: one entry after the other, sorted."""
    ordered = sorted(found, key=lambda entry: (entry.problem_name, SIZES.index(entry.size), entry.name))
    documents: list[dict[str, Any]] = [asdict(entry) for entry in ordered]
    return json.dumps({"format": LIBRARY_FORMAT, "entries": documents}, indent=1, allow_nan=False) + "\n"
