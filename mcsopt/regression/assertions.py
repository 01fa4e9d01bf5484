"""Assertions for tests of heuristics: of the certified gap, of feasibility, of the equilibrium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcsopt import tolerances
from mcsopt.errors import InputError, one_line
from mcsopt.problems import Problem
from mcsopt.regression.stored_bounds import stored_bound
from mcsopt.result import Result, Status, Termination, relative_gap
from mcsopt.verification import Bound, Certificate, certify_equilibrium, find_bound, seal
from mcsopt.verification.certification import result_of
from mcsopt.verification.check import canonical_digest

if TYPE_CHECKING:
    from mcsopt.data.library import Entry

_NAMED = 3
"""Violations named in a message beside the worst."""

_bounds: dict[tuple[Any, ...], Bound] = {}


def assert_certified_gap(
    problem: Problem[Any],
    result: Any,
    *,
    max_gap: float,
    time_limit: float | None = 60.0,
    bound: Entry | Certificate | Mapping[str, Any] | None = None,
) -> Certificate:
    """Assert that a plan is feasible and loses at most `max_gap` of the best value, relative to a certified bound.

    Parameters
    ----------
    problem : Problem
    result : Result, solution or mapping
        As for `mcsopt.certify`: a heuristic's result, a solution, or the keys of a solution file.
    max_gap : float
        Relative gap, >= 0. What is proved optimal, a gap of at most 1e-7, always passes: 0 asks for just that.
    time_limit : float, optional
        Wall-clock seconds for a bound that has to be found.
    bound : Entry, Certificate or mapping, optional
        A library entry or a stored certificate of this very instance, whose evidence the checker derives anew. None:
        the bound is found, once for each problem and time limit in a session.

    Returns
    -------
    Certificate
        Of the plan; its ``gap`` is the number that was judged. Where none exists is an answer, is what `result` says,
        and is proved, the gap is None.

    Raises
    ------
    AssertionError
        With objective, bound and how it was proved, gap, `max_gap` and the worst violation. It says so if the bound
        is too weak to decide: if the best known plan misses `max_gap` as well.
    InputError
        If `result` or `bound` is about another instance, or `result` about another problem.
    TooLarge
        If no solver with evidence takes the problem.

    Examples
    --------
    >>> from mcsopt.problems import Knapsack, KnapsackInstance, Packing
    >>> problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))
    >>> assert_certified_gap(problem, Packing([0, 1]), max_gap=0.01).gap
    0.0
    """
    __tracebackhide__ = True
    if not max_gap >= 0:
        raise InputError("max_gap", f"is {max_gap!r}", "give a relative gap >= 0, for example 0.05")
    plan = result_of(problem, result)
    if plan.solution is None and not problem.asks_existence:
        raise AssertionError(_without_solution(plan))
    proved = _bound(problem, plan, time_limit, bound)
    if not plan.feasible:
        certificate = seal(problem, plan, proved)
        if problem.asks_existence and certificate.status is Status.INFEASIBLE and _says_none(problem, plan):
            return certificate
        none = "; proved: there is no feasible plan" if certificate.status is Status.INFEASIBLE else ""
        raise AssertionError(_infeasible(problem, plan) + none)
    certificate = seal(problem, plan, proved)
    if certificate.gap is None or certificate.gap > max(max_gap, tolerances.PROVED_GAP):
        raise AssertionError(_too_wide(problem, certificate, proved, max_gap))
    return certificate


def assert_feasible(problem: Problem[Any], result: Any) -> Result:
    """Assert that a plan breaks no constraint of the problem, by the problem's own ground truth.

    For a stable coalition that is its stability.

    Parameters
    ----------
    problem : Problem
    result : Result, solution or mapping
        As for `mcsopt.certify`.

    Returns
    -------
    Result
        The plan, evaluated.

    Raises
    ------
    AssertionError
        With the violation of the largest amount (each in its constraint's own unit), and how many more there are.
    InputError
        If `result` does not fit the problem.
    """
    __tracebackhide__ = True
    plan = result_of(problem, result)
    if plan.solution is None:
        raise AssertionError(_without_solution(plan))
    if not plan.feasible:
        raise AssertionError(_infeasible(problem, plan))
    return plan


def assert_equilibrium(problem: Problem[Any], result: Any, *, tolerance: float = tolerances.MONEY) -> Certificate:
    """Assert that no player of a game gains more than `tolerance` by deviating alone, as the checker derives it.

    Parameters
    ----------
    problem : Problem
        A game: offline-welfare, whose players are the tasks.
    result : Result, solution or mapping
        As for `mcsopt.certify`.
    tolerance : float
        Admissible regret, >= 0, in the objective's unit.

    Returns
    -------
    Certificate
        Of the equilibrium; see `mcsopt.certify_equilibrium`.

    Raises
    ------
    AssertionError
        With the regret, who gains it and how; or, for an infeasible plan, what it breaks.
    InputError
        If the problem is no game. A stable coalition is one to which `assert_feasible` holds.
    """
    __tracebackhide__ = True
    if not tolerance >= 0:
        raise InputError("tolerance", f"is {tolerance!r}", "give a regret >= 0, in the objective's unit")
    plan = assert_feasible(problem, result)
    try:
        certificate = certify_equilibrium(problem, plan)
    except InputError as error:
        if "is no game" not in error.problem:
            raise
        remedy = "use assert_feasible" + (", which is stability" if problem.name == "stable-coalition" else "")
        raise InputError("problem", error.problem, remedy) from None
    found = certificate.deviation
    assert found is not None
    if found.regret > tolerance:
        workers = f"workers {', '.join(map(str, found.workers))}" if found.workers else "no workers"
        raise AssertionError(
            f"the plan of {plan.method} is no equilibrium of {problem.name}\n"
            f"  regret     {found.regret!r}, tolerance {tolerance!r}\n"
            f"  deviation  task {found.task} gains it alone, with {workers}"
        )
    return certificate


def _bound(problem: Problem[Any], plan: Result, time_limit: float | None, source: Any) -> Bound:
    """Return the certified bound, derived once for each problem and source."""
    document = _document(source)
    about = (problem.name, tuple(sorted(problem.options.items())), problem.instance.digest())
    key = (*about, time_limit) if document is None else (*about, canonical_digest(document))
    if key not in _bounds:
        if document is None:
            start = plan.solution if plan.feasible else None
            found = find_bound(problem, time_limit=time_limit, start=start)
            if found.result.termination is Termination.INTERRUPTED:
                raise KeyboardInterrupt  # the solver kept its best so far; the tests are to stop
            _bounds[key] = found
        else:
            _bounds[key] = stored_bound(problem, document)
    return _bounds[key]


def _document(source: Any) -> Mapping[str, Any] | None:
    """Return the certificate that `bound` stands for; None if a bound has to be found."""
    if isinstance(source, Certificate):
        return source.document
    if source is None or isinstance(source, Mapping):
        return source if source is None else dict(source)
    if hasattr(source, "certificate"):
        document: Mapping[str, Any] | None = source.certificate()  # a large entry has none
        return document
    raise InputError("bound", f"is a {type(source).__name__}", "give a library entry, a certificate or its document")


def _says_none(problem: Problem[Any], plan: Result) -> bool:
    """Whether a plan is the answer that none exists."""
    return plan.status is Status.INFEASIBLE or plan.solution == problem.empty_solution()


def _without_solution(plan: Result) -> str:
    return one_line(f"{plan.method} holds no plan ({plan.status}): {plan.message or 'none found'}")


def _infeasible(problem: Problem[Any], plan: Result) -> str:
    if plan.solution is None:
        return _without_solution(plan)
    broken = sorted(plan.violations, key=lambda violation: -violation.amount)
    lines = [f"the plan of {plan.method} is infeasible for {problem.name}", f"  worst violation  {broken[0]}"]
    lines += [f"  and              {violation}" for violation in broken[1 : 1 + _NAMED]]
    if len(broken) > 1 + _NAMED:
        lines.append(f"  and              {len(broken) - 1 - _NAMED} more violations")
    return "\n".join(lines)


def _too_wide(problem: Problem[Any], certificate: Certificate, bound: Bound, max_gap: float) -> str:
    plan, found = certificate.plan, bound.result
    how = "the optimum" if bound.optimum is not None else "no plan beats it"
    lines = [
        f"the certified gap of {plan.method} on {problem.name} exceeds max_gap",
        f"  objective        {plan.objective!r}",
        f"  bound            {certificate.dual_bound!r}, {how}: by {found.method}, re-derived by the checker",
        f"  gap              {certificate.gap!r}",
        f"  max_gap          {max_gap!r}",
        "  worst violation  none",
        f"  instance         {problem.instance.digest()}",
    ]
    best = found.objective if found.feasible else None
    known = relative_gap(best, certificate.dual_bound, problem.sense)
    if known is None or known > max(max_gap, tolerances.PROVED_GAP):
        of_best = "no plan is known" if known is None else f"the best known plan, worth {best!r}, misses max_gap, too"
        lines.append(f"  undecided        the bound is too weak to decide: {of_best}; more time for it may help")
    return "\n".join(lines)
