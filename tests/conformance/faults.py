"""The fault harness: solvers that lie, crash or hang, registered for a moment, and what became of each lie.

`BACKEND_FAULTS` corrupt the word of a backend behind `mcsopt.solvers.backend.run_guarded`; `EVIDENCE_FAULTS` corrupt
the result of our own solvers with evidence. Both are made from the problem's own ground truth, so they fit any problem.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcsopt.errors import BackendFault
from mcsopt.problems import Problem
from mcsopt.result import Assurance, Result, Status, conclude
from mcsopt.solvers import Settings, Solver, backend, registry, solve, solver
from mcsopt.solvers.backend import BackendAnswer, run_guarded
from mcsopt.verification import Certificate, certify, verify
from tests.conformance.alterations import altered
from tests.conformance.judge import Claim, judge
from tests.conformance.suite import (
    Truth,
    infeasible_solution,
    suboptimal_solution,
    truth,
    worse,
    worsened,
)

TIME_LIMIT = 60.0
GRACE = 0.1 - TIME_LIMIT
"""Hung a tenth of a second after the search began, and not before it began, however slow the machine."""
SLIGHTLY = 1e-5
"""Relative; ten times the tolerance to which a backend's numbers are believed."""


@dataclass(frozen=True)
class Case:
    """A problem with what a liar needs: its optimum, a poor solution and an infeasible one (None: there is none)."""

    problem: Problem[Any]
    truth: Truth
    poor: Any
    broken: Any

    @classmethod
    def of(cls, problem: Problem[Any], seed: int = 0) -> Case:
        """Find poor and infeasible solutions by a random walk."""
        rng = np.random.default_rng(seed)
        return cls(problem, truth(problem), suboptimal_solution(problem, rng), infeasible_solution(problem, rng))

    @property
    def optimum(self) -> float:
        """The optimal value of a feasible problem."""
        assert self.truth.optimum is not None
        return self.truth.optimum

    @property
    def feasible(self) -> bool:
        """Whether a feasible solution exists."""
        return self.truth.optimum is not None


@dataclass(frozen=True)
class Fault:
    """One lie of a backend.

    Attributes
    ----------
    name : str
    lie : callable
        Makes the answer; may raise or hang instead.
    needs : callable
        Whether the lie is one on this case.
    word : str
        What the complaint must mention.
    """

    name: str
    lie: Callable[[Case], BackendAnswer]
    needs: Callable[[Case], bool]
    word: str


def _truthful(case: Case) -> BackendAnswer:
    return BackendAnswer(solution=case.truth.solution, objective=case.optimum, dual_bound=case.optimum)


def _bound_of_its_own_solution(relative: float) -> Callable[[Case], BackendAnswer]:
    def lie(case: Case) -> BackendAnswer:
        bound = worsened(case.problem, case.optimum, relative)
        return dataclasses.replace(_truthful(case), dual_bound=bound)

    return lie


def _bound_alone(relative: float) -> Callable[[Case], BackendAnswer]:
    def lie(case: Case) -> BackendAnswer:
        return BackendAnswer(dual_bound=worsened(case.problem, case.optimum, relative), finished=False)

    return lie


def _impossible_bound(case: Case) -> BackendAnswer:
    sign = -1.0 if case.problem.sense == "max" else 1.0
    return BackendAnswer(dual_bound=sign * math.inf, finished=False)


def _false_optimal(case: Case) -> BackendAnswer:
    value = case.problem.evaluate(case.poor)
    return BackendAnswer(solution=case.poor, objective=value, dual_bound=value)


def _optimal_without_a_bound(case: Case) -> BackendAnswer:
    return BackendAnswer(solution=case.poor, objective=case.problem.evaluate(case.poor))


def _infeasible_solution(case: Case) -> BackendAnswer:
    value = case.problem.evaluate(case.broken)
    return BackendAnswer(solution=case.broken, objective=value, dual_bound=value)


def _wrong_objective(relative: float) -> Callable[[Case], BackendAnswer]:
    def lie(case: Case) -> BackendAnswer:
        objective = worsened(case.problem, case.optimum, -relative)
        return dataclasses.replace(_truthful(case), objective=objective, dual_bound=objective)

    return lie


def _crash(error: BaseException) -> Callable[[Case], BackendAnswer]:
    def lie(case: Case) -> BackendAnswer:
        raise error

    return lie


_released = threading.Event()
"""Set when the trial is over, so that hanging threads end."""


def _hang(case: Case) -> BackendAnswer:
    _released.wait(60)
    return BackendAnswer(finished=False)


def _nonsense(case: Case) -> Any:
    return None


def _always(case: Case) -> bool:
    return True


def _feasible(case: Case) -> bool:
    return case.feasible


def _has_poor(case: Case) -> bool:
    return case.poor is not None


def _has_broken(case: Case) -> bool:
    return case.broken is not None


BACKEND_FAULTS: tuple[Fault, ...] = (
    Fault("a bound slightly beaten by its solution", _bound_of_its_own_solution(SLIGHTLY), _feasible, "bound"),
    Fault("a bound grossly beaten by its solution", _bound_of_its_own_solution(0.5), _feasible, "bound"),
    Fault("a slightly wrong bound alone", _bound_alone(SLIGHTLY), _feasible, "bound"),
    Fault("a grossly wrong bound alone", _bound_alone(2.0), _feasible, "bound"),
    Fault("an impossible infinite bound", _impossible_bound, _feasible, "bound"),
    Fault("a NaN bound", lambda case: dataclasses.replace(_truthful(case), dual_bound=math.nan), _feasible, "bound"),
    Fault("a NaN bound alone", lambda case: BackendAnswer(dual_bound=math.nan, finished=False), _always, "bound"),
    Fault("a false OPTIMAL", _false_optimal, _has_poor, "bound"),
    Fault("a false OPTIMAL without a bound", _optimal_without_a_bound, _has_poor, "bound"),
    Fault("an infeasible solution", _infeasible_solution, _has_broken, "infeasible solution"),
    Fault("a solution of no kind", lambda case: BackendAnswer(solution="nonsense"), _always, "solution"),
    Fault("a slightly wrong objective", _wrong_objective(SLIGHTLY), _feasible, "objective"),
    Fault("a grossly wrong objective", _wrong_objective(2.0), _feasible, "objective"),
    Fault("a NaN objective", lambda case: dataclasses.replace(_truthful(case), objective=math.nan), _feasible,
          "objective"),
    Fault("a false INFEASIBLE", lambda case: BackendAnswer(infeasible=True), _feasible, "infeasib"),
    Fault("INFEASIBLE beside a solution", lambda case: dataclasses.replace(_truthful(case), infeasible=True), _feasible,
          "infeasib"),
    Fault("finished with nothing", lambda case: BackendAnswer(), _always, "finished"),
    Fault("a crash", _crash(RuntimeError("segmentation of thought")), _always, "crashed: RuntimeError"),
    Fault("running out of memory", _crash(MemoryError()), _always, "crashed: MemoryError"),
    Fault("leaving the process", _crash(SystemExit(3)), _always, "crashed: SystemExit"),
    Fault("an answer of no kind", _nonsense, _always, "crashed"),
    Fault("a hang", _hang, _always, "hangs"),
)  # fmt: skip


class Scripted:
    """A search that does what it is told."""

    def __init__(self, call: Callable[[], BackendAnswer]) -> None:
        self.call = call

    def solve(self, time_limit: float | None) -> BackendAnswer:
        """Return what the script does."""
        return self.call()

    def stop(self) -> None:
        """Do not listen."""


@dataclass(frozen=True)
class FaultyBackend(Solver):
    """A backend that lies about one case, behind the guard that every backend of ours is behind."""

    case: Case | None = None
    fault: Fault | None = None

    @classmethod
    def of(cls, case: Case, fault: Fault) -> FaultyBackend:
        """Return the backend that tells this lie about this case."""
        name = "faulty " + fault.name
        return cls(name, (case.problem.name,), __name__, "lies", case=case, fault=fault)

    def solve(self, problem: Problem[Any], settings: Settings) -> Result:
        """Run the lie under guard."""
        case, fault = self.case, self.fault
        assert case is not None
        assert fault is not None
        return run_guarded(problem, self.name, lambda: Scripted(lambda: fault.lie(case)), settings)


# Our own solvers with evidence ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FaultyEvidence(Solver):
    """One of our solvers with evidence, whose result is corrupted on its way out."""

    honest: str = ""
    lie: Callable[[Result, np.random.Generator], Result] = field(default=lambda result, rng: result)
    seed: int = 0

    @classmethod
    def of(cls, problem: Problem[Any], honest: str, lie: str, seed: int = 0) -> FaultyEvidence:
        """Return the named solver with the named lie."""
        name = f"faulty {honest} with {lie}"
        return cls(name, (problem.name,), __name__, "lies", evidence=True, honest=honest, lie=EVIDENCE_FAULTS[lie],
                   seed=seed)  # fmt: skip

    def solve(self, problem: Problem[Any], settings: Settings) -> Result:
        """Run the honest solver and corrupt its result."""
        result = solver(self.honest, problem.name).solve(problem, settings)
        return dataclasses.replace(self.lie(result, np.random.default_rng(self.seed)), method=self.name)


def _tighter_claim(result: Result, rng: np.random.Generator) -> Result:
    """Claim the solution optimal, on evidence that proves only what it proves."""
    return dataclasses.replace(result, dual_bound=result.objective, status=Status.PROVED)


def _beaten_claim(result: Result, rng: np.random.Generator) -> Result:
    bound = None if result.dual_bound is None else worsened(result.problem, result.dual_bound, 0.3)
    return dataclasses.replace(result, dual_bound=bound)


def _infeasible_claim(result: Result, rng: np.random.Generator) -> Result:
    return conclude(
        result.problem, result.method, None, infeasible=True, assurance=Assurance.FLOAT, evidence=result.evidence
    )


def _other_numbers(result: Result, rng: np.random.Generator) -> Result:
    """Redraw every real number of the evidence: wrong prices."""

    def redrawn(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: redrawn(item) for key, item in value.items()}
        if isinstance(value, list):
            return [redrawn(item) for item in value]
        return value * rng.uniform(0, 2) if isinstance(value, float) else value

    return dataclasses.replace(result, evidence=redrawn(result.evidence))


def _missing_leaf(result: Result, rng: np.random.Generator) -> Result:
    """Drop the last entry of every outer list of the evidence: a leaf, a price."""
    evidence = {key: item[:-1] if isinstance(item, list) else item for key, item in (result.evidence or {}).items()}
    return dataclasses.replace(result, evidence=evidence)


def _altered_evidence(result: Result, rng: np.random.Generator) -> Result:
    evidence, _ = altered(copy.deepcopy(dict(result.evidence or {})), rng)
    return _tighter_claim(dataclasses.replace(result, evidence=evidence), rng)


def _no_evidence(result: Result, rng: np.random.Generator) -> Result:
    return dataclasses.replace(result, evidence=None)


EVIDENCE_FAULTS: dict[str, Callable[[Result, np.random.Generator], Result]] = {
    "a bound tighter than its evidence": _tighter_claim,
    "a bound beaten by solutions": _beaten_claim,
    "a false INFEASIBLE": _infeasible_claim,
    "wrong prices": _other_numbers,
    "a missing leaf": _missing_leaf,
    "altered evidence": _altered_evidence,
    "no evidence": _no_evidence,
}


# Trials -----------------------------------------------------------------------------------------------------------


@contextmanager
def registered(*solvers: Solver) -> Iterator[None]:
    """Let the registry know more solvers, for a moment."""
    before = registry.SOLVERS
    registry.SOLVERS = (*before, *solvers)
    registry.solvers.cache_clear()
    try:
        yield
    finally:
        registry.SOLVERS = before
        registry.solvers.cache_clear()


@contextmanager
def impatience() -> Iterator[None]:
    """Let a backend count as hung soon after its limit, and end the hanging ones afterwards."""
    before = backend._GRACE
    backend._GRACE = GRACE
    _released.clear()
    try:
        yield
    finally:
        backend._GRACE = before
        _released.set()


def trial(case: Case, fault: Fault) -> list[str]:
    """Let a backend tell a lie to `solve` and to `certify`; return what went wrong, nothing if it was caught and named.

    A `solve` without complaint is in order only if it did not come to be believed: then `certify` must name the fault.
    """
    liar = FaultyBackend.of(case, fault)
    limit = TIME_LIMIT if fault.word == "hangs" else None
    wrong: list[str] = []
    with registered(liar), impatience():
        try:
            solve(case.problem, solver=liar.name, time_limit=limit)
        except BackendFault as caught:
            wrong += _complaints(liar, fault, [str(caught)])
        certificate = certify(case.problem, case.problem.empty_solution(), solver=liar.name, time_limit=limit)
    wrong += _complaints(liar, fault, list(certificate.faults))
    return wrong + _falsehoods(certificate, case)


def evidence_trial(case: Case, honest: str, lie: str, seed: int = 0) -> tuple[str, list[str]]:
    """Let a solver of ours lie to `certify`; return the outcome and what went wrong.

    In order is a certificate whose claim is true, or a `BackendFault` that names the solver.
    """
    liar = FaultyEvidence.of(case.problem, honest, lie, seed)
    with registered(liar):
        try:
            certificate = certify(case.problem, case.problem.empty_solution(), solver=liar.name)
        except BackendFault as caught:
            return "refused", [] if liar.name in str(caught) else [f"{caught} does not name {liar.name}"]
    return "certified", _falsehoods(certificate, case)


def _complaints(liar: Solver, fault: Fault, texts: list[str]) -> list[str]:
    named = [text for text in texts if text.startswith(liar.name) and fault.word in text.removeprefix(liar.name)]
    return [] if named else [f"{liar.name} on {fault.word!r}: not named in {texts}"]


def _falsehoods(certificate: Certificate, case: Case) -> list[str]:
    """Return what is false in a certificate: by the checker, by the judge, and in what it says beside the document."""
    found = []
    verdict = verify(certificate)
    if not verdict.accepted:
        found.append(f"the certificate is refused: {verdict.reason}")
    judgement = judge(dict(certificate.document))
    if judgement.claim is not Claim.TRUE:
        found.append(f"the certificate is {judgement.claim}: {judgement.reason}")
    optimum = certificate.optimum
    if optimum is not None and (not case.feasible or worse(case.problem, optimum, case.optimum, 1e-6)):
        found.append(f"the optimum is given as {optimum!r}, it is {case.truth.optimum!r}")
    return found
