"""Certify a plan: find a bound with evidence, let the checker derive it, and seal both into a certificate."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mcsopt import tolerances
from mcsopt.errors import BackendFault, InputError, TooLarge
from mcsopt.problems import Problem, require_problem
from mcsopt.result import Result, Status, Termination, conclude, earned_status, is_proved, relative_gap
from mcsopt.solvers import solve, solver, solvers_of
from mcsopt.verification import check
from mcsopt.verification.certificate import Certificate, load_documents, plain_document
from mcsopt.verification.regret import Regret, best_deviation
from mcsopt.versions import versions


@dataclass(frozen=True)
class Bound:
    """A bound that the checker has derived, and where it came from.

    Attributes
    ----------
    result : Result
        The run whose evidence was used.
    derivation : check.Derivation
        What the checker derived from it.
    optimum : float or None
        The optimal value, if a known solution meets the derived bound.
    faults : tuple of str
        What backends claimed and the evidence refutes.
    """

    result: Result
    derivation: check.Derivation
    optimum: float | None
    faults: tuple[str, ...] = ()


def find_bound(
    problem: Problem[Any],
    *,
    solver_name: str | None = None,
    time_limit: float | None = 60.0,
    start: Any = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    gap: float = 0.0,
) -> Bound:
    """Find a bound on the optimum, with evidence that the checker accepts.

    Parameters
    ----------
    problem : Problem
    solver_name : str, optional
        A solver without evidence of its own (a backend) is heard, and held against the evidence of another.
    time_limit : float, optional
        Wall-clock seconds of each solver that is asked.
    start : solution, optional
        A good solution, if one is known.
    seed : int
    progress : callable, optional
    gap : float
        Relative gap at which the solvers may stop, see `mcsopt.solvers.solve`.

    Returns
    -------
    Bound

    Raises
    ------
    TooLarge
        If no solver with evidence takes the problem.
    BackendFault
        If the checker refuses the evidence.
    """
    faults: list[str] = []
    heard: Result | None = None
    ask = partial(solve, problem, time_limit=time_limit, start=start, seed=seed, progress=progress, gap=gap)
    if solver_name is not None and not solver(solver_name, problem.name).evidence:
        try:
            heard = ask(solver=solver_name)
        except BackendFault as fault:
            faults.append(str(fault))
        solver_name = None
        if heard is not None and heard.feasible:
            ask = partial(ask, start=heard.solution)
    interrupted = heard is not None and heard.termination is Termination.INTERRUPTED
    if interrupted:
        ask = partial(ask, time_limit=0.0)  # whoever pressed Ctrl-C does not want to wait for another solver
    result = _with_evidence(problem, solver_name, ask)
    if interrupted:
        result = replace(result, termination=Termination.INTERRUPTED)
    if progress is not None:
        progress("checking the bound")
    try:
        derivation = _derived(problem, result)
    except BackendFault as fault:
        # What was found in no time has the simplest evidence; if that is refused as well, nothing is left to say.
        faults.append(str(fault))
        if result.feasible:
            ask = partial(ask, start=result.solution)
        result = _with_evidence(problem, solver_name, partial(ask, time_limit=0.0))
        derivation = _derived(problem, result)
    if heard is not None:
        faults.extend(_contradictions(heard, result, derivation))
    return Bound(result, derivation, optimum_of(result, derivation.dual_bound), tuple(faults))


def optimum_of(best: Result, dual_bound: float | None) -> float | None:
    """Return the value of the best known solution if it meets the bound, else None; `BackendFault` if it beats it."""
    value = best.objective if best.feasible else None
    return value if is_proved(relative_gap(value, dual_bound, best.problem.sense)) else None


def _derived(problem: Problem[Any], result: Result) -> check.Derivation:
    """Let the checker derive what the evidence of a result proves."""
    if result.evidence is None:
        raise BackendFault(result.method, "brings no evidence, although it is registered to")
    try:
        return check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence)
    except check.Refused as refusal:
        raise BackendFault(result.method, f"the checker refuses its evidence: {refusal}") from refusal


def _with_evidence(problem: Problem[Any], name: str | None, ask: Callable[..., Result]) -> Result:
    """Return the result of the solver asked for, or of the first one with evidence that takes the size."""
    if name is not None:
        return ask(solver=name)
    refusals: list[TooLarge] = []
    candidates = [candidate.name for candidate in solvers_of(problem.name) if candidate.evidence]
    for candidate in candidates:
        try:
            result = ask(solver=candidate)
            said = (result.message, *(f"stronger method declined: {refusal}" for refusal in refusals))
            return replace(result, message="; ".join(filter(None, said)))
        except TooLarge as error:
            refusals.append(error)
        except KeyboardInterrupt:
            # Interrupted before it had anything: the last resort gives a valid bound at once.
            return replace(ask(solver=candidates[-1], time_limit=0.0), termination=Termination.INTERRUPTED)
    raise refusals[-1] if refusals else TooLarge(f"no solver brings evidence for {problem.name}")


def _contradictions(heard: Result, result: Result, derivation: check.Derivation) -> list[str]:
    """Return what a backend said that the evidence, or the solution found with it, refutes."""
    found, name = [], heard.method
    best = result.objective if result.feasible else None
    if heard.status is Status.INFEASIBLE and best is not None:
        found.append(f"{name}: claims infeasibility, but a solution worth {best!r} exists")
    if heard.feasible and derivation.infeasible:
        found.append(f"{name}: returned a solution, but the evidence proves that none exists")
    if heard.dual_bound is not None and best is not None:
        beyond = heard.dual_bound - best if heard.problem.sense == "min" else best - heard.dual_bound
        if beyond > tolerances.REEVALUATION * max(1.0, abs(best)):
            found.append(f"{name}: claims the bound {heard.dual_bound!r}, but a solution worth {best!r} exists")
    return found


def seal(problem: Problem[Any], plan: Result, bound: Bound) -> Certificate:
    """Join a plan and a derived bound into a certificate.

    A plan that breaks a constraint is not certified: the certificate then holds the bound alone, and
    ``certificate.plan.violations`` says what is broken.

    Raises
    ------
    BackendFault
        If the checker refuses the outcome: the plan beats the bound, or feasibility and proved infeasibility meet.
    """
    began = time.perf_counter()
    derivation = bound.derivation
    feasible = plan.feasible
    objective = plan.objective if feasible else None
    gap = relative_gap(objective, derivation.dual_bound, problem.sense)
    if derivation.infeasible and feasible:
        raise BackendFault(plan.method, "is feasible, yet the evidence proves that no plan is")
    status = earned_status(gap, feasible=feasible, infeasible=derivation.infeasible)
    document = plain_document(problem, plan) | {
        "dual_bound": None if derivation.infeasible else derivation.dual_bound,
        "gap": gap,
        "status": status.value,
        "arithmetic": derivation.arithmetic,
        "evidence": bound.result.evidence,
        "created_by": {"plan": plan.method, "bound": bound.result.method, "seed": plan.seed, "versions": versions()},
    }
    verdict = check.check(document, derivation=derivation)
    if not verdict.accepted:
        raise BackendFault("checker", f"refuses the certificate of {plan.method}: {verdict.reason}")
    return Certificate(
        document=document, plan=plan, bound=bound.result, optimum=bound.optimum, faults=bound.faults,
        deviation=_deviation(problem, plan) if feasible else None,
        seconds={**plan.seconds, **bound.result.seconds, "seal": time.perf_counter() - began},
    )  # fmt: skip


def _deviation(problem: Problem[Any], plan: Result) -> Regret | None:
    """Return the best deviation; if the search is interrupted or too large, unknown rather than no certificate."""
    try:
        return best_deviation(problem, plan.solution)
    except (KeyboardInterrupt, TooLarge):
        return None


def result_of(problem: Problem[Any], plan: Any) -> Result:
    """Return a plan, given as `certify` takes it, as a result; `InputError` if it does not fit the problem.

    A `Result` may have been made by hand: its solution is evaluated anew.
    """
    if not isinstance(plan, Result):
        return conclude(problem, "plan", problem.as_solution(plan))
    if plan.problem is not problem and _question(plan.problem) != _question(problem):
        what = f"is {plan.method}'s for another instance, problem or option"
        raise InputError("plan", what, "certify it with its own problem")
    if plan.solution is None:
        return plan
    solution = problem.as_solution(plan.solution)
    return replace(plan, objective=problem.evaluate(solution), violations=problem.violations(solution))


def _question(problem: Problem[Any]) -> tuple[str, dict[str, str], str]:
    return problem.name, problem.options, problem.instance.digest()


def certify(
    problem: Problem[Any],
    plan: Any,
    *,
    solver: str | None = None,
    time_limit: float | None = 60.0,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Certificate:
    """Certify how far a plan is from the best there is.

    Parameters
    ----------
    problem : Problem
    plan : Result, solution or mapping
        A heuristic's result, a solution of the problem's type, or the keys of a solution file.
    solver : str, optional
        Where the bound comes from; None: the strongest method with evidence that takes the size.
    time_limit : float, optional
        Wall-clock seconds for the bound; 0 still gives a valid one.
    seed : int
        Seed of a randomized solver.
    progress : callable, optional
        Called now and then with a line of text.

    Returns
    -------
    Certificate
        Its ``gap`` is relative to a bound that the checker re-derived from the instance.

    Raises
    ------
    InputError
        For a plan that does not fit the problem, or a result about another one.

    Examples
    --------
    >>> from mcsopt.problems import Knapsack, KnapsackInstance, Packing
    >>> problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))
    >>> certificate = certify(problem, Packing([1]))
    >>> certificate.status.value, round(certificate.gap, 4), certificate.optimum
    ('BOUNDED', 0.4444, 9.0)
    """
    require_problem(problem)
    result = result_of(problem, plan)
    start = result.solution if result.feasible else None
    bound = find_bound(problem, solver_name=solver, time_limit=time_limit, start=start, seed=seed, progress=progress)
    return seal(problem, result, bound)


def verify(
    certificate: Certificate | dict[str, Any] | str | Path,
    *,
    instance_digest: str | None = None,
    time_limit: float | None = None,
) -> check.Verdict:
    """Check a certificate with code that trusts neither its author nor the rest of mcsopt.

    Parameters
    ----------
    certificate : Certificate, dict or path
        A file with several certificates is accepted only if each is; the first refusal is returned.
    instance_digest : str, optional
        Digest the certificate's instance must have: pins whose market it is.
    time_limit : float, optional
        Wall-clock seconds; a check that runs out refuses.

    Returns
    -------
    check.Verdict

    Raises
    ------
    InputError
        If a file cannot be read as JSON.
    """
    if isinstance(certificate, Certificate):
        documents = [dict(certificate.document)]
    elif isinstance(certificate, (str, Path)):
        documents = load_documents(certificate)
    elif isinstance(certificate, dict):
        documents = [certificate]
    else:
        raise InputError(
            "certificate", f"is a {type(certificate).__name__}", "give a Certificate, its document or a path"
        )
    verdicts = [check.check(d, instance_digest=instance_digest, time_limit=time_limit) for d in documents]
    return next((verdict for verdict in verdicts if not verdict.accepted), verdicts[-1])
