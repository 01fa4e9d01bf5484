"""The certificate checker: re-derives every claim from the instance in the certificate, and trusts nobody.

It imports nothing else of mcsopt, only the standard library, numpy and, for large certificates, numba: sharing code
with what it judges would share the faults. A problem is checked by the module of this package that bears its name
("_" for "-"). Such a module offers ``PROBLEM`` (the name), ``KIND`` (of instance), ``SENSE`` ("max" or "min"),
``ARITHMETIC``, and

- ``parse_options(options)``, ``parse_instance(instance, options, run)``, ``parse_solution(asked, solution)``:
  strict reading;
- ``objective_of(asked, plan)`` and ``violations_of(asked, plan, run)``: the plan, recomputed;
- ``derive_bound(asked, evidence, run)``: the bound that the evidence proves, or None if no plan exists;
- ``ONE_SIGN`` (optional): True if all terms of the objective have the same sign;
- for a game also ``PLAN_EVIDENCE``, the kind of evidence that is about the plan alone, and ``derive_regret(asked, plan,
  evidence, run)``: the equilibrium regret of the plan, the evidence without its ``regret``.

Everything refuses by raising `Refused`, and nothing else.
"""

from __future__ import annotations

import os
from typing import Any

from mcsopt.verification.check import document as _document
from mcsopt.verification.check import strict as _strict
from mcsopt.verification.check.document import canonical_digest
from mcsopt.verification.check.strict import OutOfTime, Refused, Run
from mcsopt.verification.check.verdict import Breach, Derivation, Verdict

__all__ = [
    "Breach",
    "Derivation",
    "OutOfTime",
    "Refused",
    "Verdict",
    "canonical_digest",
    "check",
    "check_text",
    "derive",
    "derive_regret",
]


def check(
    document: Any,
    *,
    instance_digest: str | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    derivation: Derivation | None = None,
) -> Verdict:
    """Check one certificate.

    Parameters
    ----------
    document : dict
        JSON object of a certificate; anything else is refused, not raised.
    instance_digest : str, optional
        Digest of the instance that the certificate has to be about.
    time_limit : float, optional
        Seconds, >= 0; a certificate undecided by then is not accepted.
    threads : int, optional
        Threads, >= 1, that compiled code may use; None: one for each core. The verdict does not depend on them.
    derivation : Derivation, optional
        What :func:`derive` returned to this very caller, who then need not wait for it again. Used only if
        it is about the problem, instance and evidence of the certificate; the caller vouches for the rest.

    Returns
    -------
    Verdict
        Accepted only if every claim was re-derived: the plan keeps every constraint, the evidence proves the
        recorded bound, and digest, objective, gap and status match.

    Notes
    -----
    Feasibility and bounds are decided in rationals, or in doubles with error bounds added outward and every
    comparison within 1e-10 of its threshold decided in rationals; each module states its error bounds.

    Examples
    --------
    >>> check({"format": "mcsopt-certificate/1"}).reason
    "the certificate lacks the key 'problem'"
    """
    return _examine(document, instance_digest, _run(time_limit, threads), derivation)


def check_text(
    text: Any, *, instance_digest: str | None = None, time_limit: float | None = None, threads: int | None = None
) -> tuple[Verdict, ...]:
    """Check the text of a certificate file: one certificate or a list of them.

    Parameters
    ----------
    text : str
        JSON text; duplicate keys, NaN, infinities and broken syntax are refused.
    instance_digest, time_limit, threads
        As for :func:`check`; the time limit is for the whole file.

    Returns
    -------
    tuple of Verdict
        One verdict per certificate, in order, never empty: unreadable text and an empty list are one refusal.
    """
    run = _run(time_limit, threads)
    try:
        found = _strict.read_json(text)
    except Refused as refusal:
        return (Verdict(False, str(refusal)),)
    if not isinstance(found, list):
        return (_examine(found, instance_digest, run),)
    if not found:
        return (Verdict(False, "the list of certificates is empty"),)
    return tuple(_examine(item, instance_digest, run.anew()) for item in found)


def derive(
    problem: str,
    options: Any,
    instance: Any,
    evidence: Any,
    *,
    time_limit: float | None = None,
    threads: int | None = None,
) -> Derivation:
    """Return what evidence proves about an instance: the very number that a certificate has to record.

    Parameters
    ----------
    problem : str
        Name of the problem.
    options, instance, evidence : dict
        As they stand in a certificate.
    time_limit : float, optional
        Seconds, >= 0.
    threads : int, optional
        As for :func:`check`.

    Returns
    -------
    Derivation

    Raises
    ------
    Refused
        If something is malformed or the evidence is not valid; `OutOfTime` if the time limit was hit.
    """
    run = _run(time_limit, threads)
    _strict.require_json({"options": options, "instance": instance, "evidence": evidence})
    return _document.derive(problem, options, instance, evidence, run)


def derive_regret(
    problem: str, options: Any, instance: Any, solution: Any, evidence: Any, *, time_limit: float | None = None
) -> Derivation:
    """Return the equilibrium regret of a plan: the very number that a certificate has to record.

    Parameters
    ----------
    problem : str
        Name of the problem, a game.
    options, instance, solution : dict
        As they stand in a certificate.
    evidence : dict
        As there, without ``regret``: kind, and the deviation that gains most.
    time_limit : float, optional
        Seconds, >= 0.

    Returns
    -------
    Derivation
        Its ``regret`` is rounded up, and exactly 0 for an equilibrium.

    Raises
    ------
    Refused
        If something is malformed, the plan infeasible, the problem no game, or the deviation not open to its player or
        not the best; `OutOfTime` if the time limit was hit.
    """
    run = _run(time_limit, None)
    _strict.require_json({"options": options, "instance": instance, "solution": solution, "evidence": evidence})
    return _document.derive_regret(problem, options, instance, solution, evidence, run)


def _run(time_limit: float | None, threads: int | None) -> Run:
    return Run(time_limit, (os.cpu_count() or 1) if threads is None else threads)


def _examine(certificate: Any, instance_digest: str | None, run: Run, known: Derivation | None = None) -> Verdict:
    examination = _document.Examination(run, known)
    try:
        return examination.verdict(True, examination.examine(certificate, instance_digest))
    except Refused as refusal:
        return examination.verdict(False, str(refusal))
