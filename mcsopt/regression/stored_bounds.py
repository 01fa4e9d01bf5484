"""A bound that was proved earlier: the checker derives it anew from the evidence of a stored certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcsopt.errors import InputError, shown
from mcsopt.problems import Problem
from mcsopt.result import Assurance, conclude
from mcsopt.verification import Bound, check
from mcsopt.verification.certification import optimum_of


def stored_bound(problem: Problem[Any], document: Mapping[str, Any]) -> Bound:
    """Return the bound that a certificate's evidence proves about `problem`.

    Nothing the certificate records is believed: its evidence is held against the problem's own instance.

    Parameters
    ----------
    problem : Problem
    document : Mapping
        A certificate, as stored in a file or by :meth:`mcsopt.data.library.Entry.certificate`.

    Returns
    -------
    Bound
        With the certificate's plan, re-evaluated, as the best known one; for `mcsopt.verification.seal`.

    Raises
    ------
    InputError
        If the certificate is about another instance or an equilibrium, holds no evidence, or the checker refuses it.
    """
    remedy = "give the certificate of a gap on this very instance, or none: then a bound is found"
    evidence = document.get("evidence")
    if not isinstance(evidence, Mapping) or evidence.get("kind") == "equilibrium":
        what = "holds no evidence" if evidence is None else "is about no bound"
        raise InputError("certificate", what, remedy)
    if document.get("digest") != problem.instance.digest():
        raise InputError("certificate", f"is about the instance {shown(document.get('digest'))}", remedy)
    try:
        derivation = check.derive(problem.name, problem.options, problem.instance.to_json(), evidence)
    except check.Refused as refusal:
        raise InputError("certificate", f"is refused by the checker: {refusal}", remedy) from refusal
    plan = document.get("solution")
    result = conclude(
        problem, _method(document), None if plan is None else problem.parse_solution(plan),
        dual_bound=derivation.dual_bound, infeasible=derivation.infeasible, assurance=Assurance.CHECKED,
        evidence=evidence, message="stored certificate",
    )  # fmt: skip
    return Bound(result, derivation, optimum_of(result, derivation.dual_bound))


def _method(document: Mapping[str, Any]) -> str:
    made = document.get("created_by")
    return str(made.get("bound", "stored")) if isinstance(made, Mapping) else "stored"
