"""One vocabulary for exact and heuristic runs: what was found, what was shown, and why the run stopped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mcsopt import tolerances
from mcsopt.display import percent, plain, small_table, small_text
from mcsopt.errors import BackendFault, NoSolution

if TYPE_CHECKING:
    from mcsopt.problems.base import Problem, Violation


class Sense(StrEnum):
    """Direction of optimisation."""

    MAX = "max"
    MIN = "min"

    def better(self, a: float, b: float) -> bool:
        """Whether objective `a` is strictly better than `b`."""
        return a > b if self is Sense.MAX else a < b


class Status(StrEnum):
    """What a run has shown about the problem."""

    PROVED = "PROVED"
    """A feasible solution and a valid bound within a relative gap of 1e-7."""
    BOUNDED = "BOUNDED"
    """A feasible solution and a valid bound, further apart."""
    FEASIBLE = "FEASIBLE"
    """A feasible solution, no bound."""
    INFEASIBLE = "INFEASIBLE"
    """No feasible solution exists."""
    UNKNOWN = "UNKNOWN"
    """No feasible solution found, none excluded."""


class Assurance(StrEnum):
    """Whose word the bound (or the infeasibility) rests on."""

    CHECKED = "checked"
    """Re-derived from the instance by the certificate checker. Only `mcsopt.verification` grants this."""
    FLOAT = "float"
    """Derived by our own code in floating point."""
    BACKEND = "backend"
    """A solver's word."""


class Termination(StrEnum):
    """Why a run stopped."""

    FINISHED = "finished"
    TIME = "time"
    NODES = "nodes"
    ROUNDS = "rounds"
    GAP = "gap"
    """Within the relative gap that was asked for, short of a proof."""
    INTERRUPTED = "interrupted"


def relative_gap(objective: float | None, dual_bound: float | None, sense: Sense) -> float | None:
    """Return the relative gap between an objective and a bound.

    ``|dual_bound - objective| / max(|dual_bound|, |objective|)``, 0 if both are 0. A bound that the objective
    beats within rounding (relative 1e-7) counts as met.

    Parameters
    ----------
    objective, dual_bound : float or None
        Primal value and proven bound; the bound is above the objective for `Sense.MAX`, below for `Sense.MIN`.
    sense : Sense
        Direction of optimisation.

    Returns
    -------
    float or None
        The gap, >= 0; None if either number is unknown.

    Raises
    ------
    BackendFault
        If the objective beats the bound by more than rounding, so that the bound is false; or if one of the
        numbers is NaN or infinite: what is unknown is None.

    Examples
    --------
    >>> relative_gap(80.0, 100.0, Sense.MAX)
    0.2
    >>> relative_gap(80.0, None, Sense.MAX) is None
    True
    """
    if objective is None or dual_bound is None:
        return None
    if not math.isfinite(objective) or not math.isfinite(dual_bound):
        raise BackendFault("bound", f"objective {objective!r} and bound {dual_bound!r} are no finite numbers")
    scale = max(abs(objective), abs(dual_bound))
    if scale == 0:
        return 0.0
    if sense.better(objective, dual_bound):
        if abs(objective - dual_bound) > tolerances.PROVED_GAP * scale:
            raise BackendFault("bound", f"a feasible solution worth {objective!r} beats the bound {dual_bound!r}")
        return 0.0
    return abs(dual_bound - objective) / scale


def is_proved(gap: float | None) -> bool:
    """Whether a gap is small enough, at most 1e-7, for the solution to count as optimal."""
    return gap is not None and gap <= tolerances.PROVED_GAP


def earned_status(gap: float | None, *, feasible: bool, infeasible: bool) -> Status:
    """Return what has been shown: of a solution's feasibility, of its gap, or that none is feasible."""
    if infeasible:
        return Status.INFEASIBLE
    if not feasible:
        return Status.UNKNOWN
    if gap is None:
        return Status.FEASIBLE
    return Status.PROVED if is_proved(gap) else Status.BOUNDED


@dataclass(frozen=True)
class TraceStep:
    """One accepted step of a heuristic.

    Attributes
    ----------
    round : int
        Round in which the step was taken, from 0.
    mover : int
        Index of the player (task, worker, device, ...) that moved.
    potential : float
        Objective, or the heuristic's estimate of it, after the step.
    """

    round: int
    mover: int
    potential: float


@dataclass(frozen=True, repr=False)
class Result:
    """What one run of a solver or heuristic returned. Build it with :func:`conclude`.

    Attributes
    ----------
    problem : Problem
        The problem that was asked.
    method : str
        Name of the solver or heuristic.
    solution : object or None
        The decision, in the problem's solution type.
    objective : float or None
        Value of `solution` by ``problem.evaluate``; never the method's own word.
    dual_bound : float or None
        Proven bound on the optimum; None if unknown.
    violations : tuple of Violation
        Constraints that `solution` breaks; empty for a feasible one.
    status, assurance, termination
        See :class:`Status`, :class:`Assurance`, :class:`Termination`.
    seconds : Mapping[str, float]
        Wall-clock seconds by phase.
    seed : int or None
        Seed of the run; None if it draws no random numbers.
    trace : tuple of TraceStep
        Accepted steps of a heuristic, in order.
    evidence : Mapping or None
        Material from which the checker re-derives the bound (``evidence`` of a certificate).
    message : str
        What a person should know: a limit that was hit, constraints in conflict.
    """

    problem: Problem[Any]
    method: str
    solution: Any
    objective: float | None
    dual_bound: float | None
    violations: tuple[Violation, ...]
    status: Status
    assurance: Assurance | None
    termination: Termination
    seconds: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    trace: tuple[TraceStep, ...] = ()
    evidence: Mapping[str, Any] | None = None
    message: str = ""

    @property
    def feasible(self) -> bool:
        """Whether the result holds a solution that breaks no constraint."""
        return self.solution is not None and not self.violations

    @property
    def gap(self) -> float | None:
        """Relative gap (:func:`relative_gap`); None without a feasible solution or without a bound."""
        if not self.feasible:
            return None
        return relative_gap(self.objective, self.dual_bound, self.problem.sense)

    def require_solution(self) -> Any:
        """Return the solution, or raise `NoSolution` saying why there is none."""
        if self.solution is None:
            raise NoSolution(f"{self.method} holds no solution ({self.status}): {self.message or 'none found'}")
        return self.solution

    def __repr__(self) -> str:
        return small_text("Result", self._shown())

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        return small_table("Result", self._shown())

    def _shown(self) -> dict[str, object]:
        whose = f" ({self.assurance})" if self.assurance else ""
        return {
            "problem": f"{self.problem.name} ({self.problem.sense}imise)",
            "method": self.method,
            "status": self.status.value,
            "objective": plain(self.objective),
            "bound": plain(self.dual_bound) + (whose if self.dual_bound is not None else ""),
            "gap": percent(self.gap),
            "stopped": self.termination.value,
            "seconds": f"{math.fsum(self.seconds.values()):.3f}",
            **({} if self.seed is None else {"seed": self.seed}),
            **({} if not self.violations else {"violations": len(self.violations), "first": self.violations[0]}),
            **({} if not self.message else {"message": self.message}),
        }


def conclude(
    problem: Problem[Any],
    method: str,
    solution: Any,
    *,
    dual_bound: float | None = None,
    assurance: Assurance | None = None,
    infeasible: bool = False,
    termination: Termination = Termination.FINISHED,
    seconds: Mapping[str, float] | None = None,
    seed: int | None = None,
    trace: tuple[TraceStep, ...] = (),
    evidence: Mapping[str, Any] | None = None,
    message: str = "",
) -> Result:
    """Re-evaluate an answer by the problem's own ground truth and give it the status it has earned.

    Parameters
    ----------
    problem : Problem
        The problem that was asked.
    method : str
        Name of the solver or heuristic.
    solution : object or None
        Its answer; objective and violations are recomputed here.
    dual_bound : float, optional
        Its bound.
    assurance : Assurance, optional
        Whose word the bound or the infeasibility is; needed with either.
    infeasible : bool, default False
        Whether the method claims that no feasible solution exists.
    termination, seconds, seed, trace, evidence, message
        As in :class:`Result`.

    Returns
    -------
    Result

    Raises
    ------
    BackendFault
        If the claims contradict each other: a feasible solution beside a claim of infeasibility, or one that
        beats the bound.
    """
    objective = None
    violations: tuple[Violation, ...] = ()
    if solution is not None:
        objective = problem.evaluate(solution)
        violations = problem.violations(solution)
    feasible = solution is not None and not violations
    if infeasible and feasible:
        raise BackendFault(method, f"claims infeasibility, yet a feasible solution worth {objective!r} exists")
    try:
        gap = relative_gap(objective, dual_bound, problem.sense) if feasible else None
    except BackendFault as fault:
        raise BackendFault(method, fault.fault) from None
    claims_something = infeasible or dual_bound is not None
    return Result(
        problem=problem,
        method=method,
        solution=solution,
        objective=objective,
        dual_bound=dual_bound,
        violations=violations,
        status=earned_status(gap, feasible=feasible, infeasible=infeasible),
        assurance=assurance if claims_something else None,
        termination=termination,
        seconds=dict(seconds or {}),
        seed=seed,
        trace=trace,
        evidence=evidence,
        message=message,
    )
