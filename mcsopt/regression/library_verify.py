"""Whether an entry of the library is what its index says, by the checker that trusts nobody."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mcsopt import tolerances
from mcsopt.data.library import Entry
from mcsopt.errors import McsoptError
from mcsopt.problems.fields import canonical_digest
from mcsopt.verification import check


def faults(entry: Entry) -> list[str]:
    """Return what is wrong with an entry, in words; nothing if all holds.

    With a certificate: its digest is that of the index, it is about the instance of the index, the checker accepts
    it, and problem, options, status, objective and bound are the same in both. Without one (a large entry): the
    generator draws the instance of the index, and the solution breaks no constraint and has the objective recorded;
    the bound can only be had again by building the entry.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    list of str
    """
    try:
        document = entry.certificate()
        found = [] if document is None else list(_certificate_faults(entry, document))
        return found or list(_solution_faults(entry))
    except McsoptError as error:
        return [str(error)]


def _certificate_faults(entry: Entry, document: dict[str, Any]) -> Iterator[str]:
    digest = canonical_digest(document)
    if digest != entry.certificate_digest:
        yield f"the certificate has digest {digest} instead of {entry.certificate_digest}"
    verdict = check.check(document, instance_digest=entry.instance_digest)
    if not verdict.accepted:
        yield f"the checker refuses the certificate: {verdict.reason}"
    recorded = {
        "problem": entry.problem_name,
        "options": dict(entry.options),
        "status": entry.status,
        "objective": entry.objective,
        "dual_bound": entry.dual_bound,
        "digest": entry.instance_digest,
    }
    for key, value in recorded.items():
        if document.get(key) != value:
            yield f"{key} is {value!r} in the index and {document.get(key)!r} in the certificate"


def _solution_faults(entry: Entry) -> Iterator[str]:
    """Hold the solution against the problem's own ground truth, which is not the checker's code."""
    problem, solution = entry.problem(), entry.solution()
    if solution is None or entry.objective is None:
        if solution is not None or entry.objective is not None or entry.status != "INFEASIBLE":
            yield f"status {entry.status}, but the solution is {'absent' if solution is None else 'there'}"
        return
    for violation in problem.violations(solution):
        yield f"the solution is infeasible: {violation}"
    value = problem.evaluate(solution)
    if not math.isclose(value, entry.objective, rel_tol=tolerances.NEAR_TIE):
        yield f"the solution is worth {value!r}, and {entry.objective!r} in the index"
