"""Certify an equilibrium: how much the player with most to gain could gain alone, derived by the checker."""

from __future__ import annotations

import time
from typing import Any

from mcsopt.errors import BackendFault, InputError, TooLarge
from mcsopt.problems import Problem, require_problem
from mcsopt.result import Result
from mcsopt.verification import check
from mcsopt.verification.certificate import Certificate, plain_document
from mcsopt.verification.certification import result_of
from mcsopt.verification.regret import Regret, best_deviation

_ROUNDING = 1e-9
"""Smaller gains are not worth naming a deviation; the checker allows as much."""


def plain_certificate(problem: Problem[Any], plan: Result) -> Certificate:
    """Return the certificate of a plan alone, without evidence; of nothing, if the plan breaks a constraint."""
    return Certificate(document=plain_document(problem, plan), plan=plan, bound=None, seconds=plan.seconds)


def certify_equilibrium(problem: Problem[Any], plan: Any, *, time_limit: float | None = None) -> Certificate:
    """Certify the equilibrium regret of a plan: that no player gains more by deviating alone.

    The regret of a plan is ``max_i max_A v_i(A) - v_i(A_i)`` over the tasks i and the sets A that the others leave
    them: feasible sets of their own and the idle candidates, or nobody where service is optional. Regret 0 makes the
    plan a constrained Nash equilibrium (36). How far it is from the optimum is another question: see `certify`.

    Parameters
    ----------
    problem : Problem
        A game: offline-welfare.
    plan : Result, solution or mapping
        As for `certify`.
    time_limit : float, optional
        Wall-clock seconds of the checker, which goes through the deviations of every player anew.

    Returns
    -------
    Certificate
        Status FEASIBLE, evidence of kind ``equilibrium``; ``certificate.regret`` is the checker's, rounded up, and
        exactly 0 for an equilibrium. ``certificate.deviation`` says who gains it and how. A plan that breaks a
        constraint is not certified: UNKNOWN, without a solution.

    Raises
    ------
    InputError
        If the problem is no game, or the plan does not fit it.
    TooLarge
        If the deviations are too many, or the time limit was hit.
    BackendFault
        If the checker finds a better deviation than we did.

    Examples
    --------
    >>> from mcsopt.data import sensing_market
    >>> from mcsopt.heuristics import best_response
    >>> from mcsopt.problems import OfflineWelfare
    >>> problem = OfflineWelfare(sensing_market(tasks=8, workers=32, seed=6))
    >>> certify_equilibrium(problem, best_response(problem)).regret
    0.0
    """
    require_problem(problem)
    result = result_of(problem, plan)
    began = time.perf_counter()
    if not result.feasible:
        return plain_certificate(problem, result)
    found = best_deviation(problem, result.solution)
    if found is None:
        raise InputError("problem", f"{problem.name} is no game", "certify the gap of the plan instead")
    if found.regret <= _ROUNDING:
        found = Regret(found.regret, None, ())
    document = plain_document(problem, result)
    deviation = {"kind": "equilibrium", "task": found.task, "workers": list(found.workers)}
    try:
        derivation = check.derive_regret(
            problem.name, document["options"], document["instance"], document["solution"], deviation,
            time_limit=time_limit,
        )  # fmt: skip
    except check.OutOfTime as refusal:
        raise TooLarge(f"equilibrium of {problem.name}: {refusal}") from refusal
    except check.Refused as refusal:
        raise BackendFault("regret", f"the checker refuses its deviation: {refusal}") from refusal
    assert derivation.regret is not None
    document |= {
        "arithmetic": derivation.arithmetic,
        "evidence": deviation | {"regret": derivation.regret},
    }
    verdict = check.check(document, derivation=derivation)
    if not verdict.accepted:
        raise BackendFault("checker", f"refuses the equilibrium certificate of {result.method}: {verdict.reason}")
    return Certificate(
        document=document, plan=result, bound=None, deviation=Regret(derivation.regret, found.task, found.workers),
        seconds={**result.seconds, "equilibrium": time.perf_counter() - began},
    )  # fmt: skip
