"""The parts of a certificate that all problems share: common keys, digest, status and gap."""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import pkgutil
from types import ModuleType
from typing import Any

import mcsopt.verification.check as package
from mcsopt.verification.check import strict
from mcsopt.verification.check.strict import Refused, Run
from mcsopt.verification.check.verdict import Derivation, Verdict

FORMAT = "mcsopt-certificate/1"
INSTANCE_FORMAT = "mcsopt-instance/1"
SOLUTION_FORMAT = "mcsopt-solution/1"
KEYS = (
    "format",
    "problem",
    "options",
    "instance",
    "digest",
    "solution",
    "objective",
    "dual_bound",
    "gap",
    "status",
    "arithmetic",
    "evidence",
    "created_by",
)
STATUSES = ("PROVED", "BOUNDED", "FEASIBLE", "INFEASIBLE", "UNKNOWN")
PROVED_GAP = 1e-7
"""Relative gap up to which a plan is proved optimal, and up to which it may beat the bound by rounding."""
RECORDED = 1e-9
"""Allowed deviation of a recorded number, relative to max(1, magnitude); absolute for the gap. An objective whose terms
have one sign (``ONE_SIGN`` of the checker) cannot cancel: it is held to its own magnitude, however small."""


def checker_of(problem: Any) -> ModuleType:
    """Return the module of this package that checks a problem: its name with "_" for "-"."""
    modules = {info.name for info in pkgutil.iter_modules(package.__path__)}
    name = problem.replace("-", "_") if isinstance(problem, str) else ""
    if name in modules:
        module = importlib.import_module(f"{package.__name__}.{name}")
        if getattr(module, "PROBLEM", None) == problem:
            return module
    raise Refused(f"problem is {strict.show(problem)}, which this checker does not know")


def canonical_digest(instance: Any) -> str:
    """Return ``"sha256:..."`` over the canonical JSON text of an instance (or of any JSON value).

    Keys sorted, no spaces, every number as Python writes the double it denotes (-0.0 as 0.0), everything else
    as it stands.

    Parameters
    ----------
    instance : dict
        JSON object of an instance file.

    Raises
    ------
    Refused
        If it is not made of finite JSON values.
    """
    strict.require_json(instance)
    try:
        text = json.dumps(_doubles(instance), sort_keys=True, separators=(",", ":"))
    except (RecursionError, OverflowError, ValueError) as fault:
        raise Refused(f"the instance has no canonical text: {type(fault).__name__}") from None
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _doubles(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_doubles(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # Adding zero turns -0.0 into 0.0.
        return float(value) + 0.0
    return value


def parse_problem(checker: ModuleType, options: Any, instance: Any, run: Run) -> Any:
    """Read options and instance by the problem's checker."""
    _require(instance, "instance", format=INSTANCE_FORMAT, kind=checker.KIND)
    return checker.parse_instance(instance, checker.parse_options(options), run)


def _require(value: Any, name: str, **wanted: str) -> None:
    """Refuse anything but an object with these values."""
    if not isinstance(value, dict):
        raise Refused(f"{name} is {strict.show(value)}, not an object")
    for key, expected in wanted.items():
        if value.get(key) != expected:
            raise Refused(f"{name}.{key} is {strict.show(value.get(key))} instead of {expected!r}")


def derive(problem: Any, options: Any, instance: Any, evidence: Any, run: Run) -> Derivation:
    """Return what the evidence proves about the instance, reading everything strictly."""
    checker = checker_of(problem)
    asked = parse_problem(checker, options, instance, run)
    bound = _derive_bound(checker, asked, evidence, run)
    subject = canonical_digest([problem, options, instance, evidence])
    return Derivation(bound, bound is None, checker.ARITHMETIC, dict(run.work), subject)


def _derive_bound(checker: ModuleType, asked: Any, evidence: Any, run: Run) -> float | None:
    run.tick()
    _require(evidence, "evidence")
    bound: float | None = checker.derive_bound(asked, evidence, run)
    return bound


def derive_regret(problem: Any, options: Any, instance: Any, solution: Any, evidence: Any, run: Run) -> Derivation:
    """Return the equilibrium regret of a plan, given evidence that lacks it, reading everything strictly."""
    checker = checker_of(problem)
    asked = parse_problem(checker, options, instance, run)
    plan = _read_plan(checker, asked, solution, run)
    _require_plan_evidence(checker, evidence)
    run.tick()
    regret = checker.derive_regret(asked, plan, evidence, run)
    subject = canonical_digest([problem, options, instance, solution, evidence])
    return Derivation(None, False, checker.ARITHMETIC, dict(run.work), subject, regret)


def _require_plan_evidence(checker: ModuleType, evidence: Any) -> None:
    _require(evidence, "evidence")
    kind = getattr(checker, "PLAN_EVIDENCE", None)
    if kind is None or evidence.get("kind") != kind:
        raise Refused(f"evidence is given, of kind {strict.show(evidence.get('kind'))}, which FEASIBLE does not allow")


def _read_plan(checker: ModuleType, asked: Any, solution: Any, run: Run) -> Any:
    """Read a plan, and refuse one that breaks a constraint."""
    _require(solution, "solution", format=SOLUTION_FORMAT, problem=checker.PROBLEM)
    plan = checker.parse_solution(asked, solution)
    broken = checker.violations_of(asked, plan, run)
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        raise Refused(f"the solution is infeasible: {broken[0]}{more}")
    return plan


class Examination:
    """One certificate under examination; what has been recomputed survives a refusal."""

    def __init__(self, run: Run, known: Derivation | None = None) -> None:
        self.run, self.known = run, known
        self.objective: float | None = None
        self.dual_bound: float | None = None
        self.gap: float | None = None
        self.status: str | None = None
        self.regret: float | None = None
        self.arithmetic = ""

    def verdict(self, accepted: bool, reason: str) -> Verdict:
        """Return the verdict with everything recomputed so far."""
        numbers = (self.objective, self.dual_bound, self.gap)
        return Verdict(accepted, reason, *numbers, self.status, self.arithmetic, dict(self.run.work), self.regret)

    def examine(self, document: Any, pinned: str | None) -> str:
        """Check a certificate and return what was verified; `Refused` says what is wrong."""
        self.run.tick()
        strict.require_json(document)
        certificate = strict.entries(document, "the certificate", KEYS)
        if certificate["format"] != FORMAT:
            raise Refused(f"format is {strict.show(certificate['format'])}; this checker reads {FORMAT!r}")
        status = strict.one_of(certificate["status"], "status", STATUSES)
        if not isinstance(certificate["arithmetic"], str):
            raise Refused(f"arithmetic is {strict.show(certificate['arithmetic'])}, not text")
        if not isinstance(certificate["created_by"], dict):
            raise Refused(f"created_by is {strict.show(certificate['created_by'])}, not an object")
        checker = checker_of(certificate["problem"])
        asked = parse_problem(checker, certificate["options"], certificate["instance"], self.run)
        _check_digest(certificate, pinned)
        _check_presence(certificate, status)
        plan = None
        if certificate["solution"] is not None:
            plan = self._check_solution(checker, asked, certificate)
        infeasible = False
        if certificate["evidence"] is not None and status == "FEASIBLE":
            self._check_regret(checker, asked, plan, certificate)
        elif certificate["evidence"] is not None:
            infeasible = self._check_evidence(checker, asked, certificate)
        self.arithmetic = checker.ARITHMETIC
        self._check_status(status, infeasible)
        self._check_gap(certificate["gap"])
        return self._summary()

    def _check_solution(self, checker: ModuleType, asked: Any, certificate: dict[str, Any]) -> Any:
        plan = _read_plan(checker, asked, certificate["solution"], self.run)
        self.objective = objective = checker.objective_of(asked, plan)
        recorded = strict.number(certificate["objective"], "objective")
        floor = 0.0 if getattr(checker, "ONE_SIGN", False) else 1.0
        if abs(recorded - objective) > RECORDED * max(floor, abs(objective)):
            raise Refused(f"objective is recorded as {recorded!r}, but the solution is worth {objective!r}")
        return plan

    def _check_evidence(self, checker: ModuleType, asked: Any, certificate: dict[str, Any]) -> bool:
        subject = [certificate[key] for key in ("problem", "options", "instance", "evidence")]
        if self.known is not None and self.known.subject == canonical_digest(subject):
            bound = self.known.dual_bound
            for what, amount in self.known.work.items():
                self.run.count(what, amount)
        else:
            bound = _derive_bound(checker, asked, certificate["evidence"], self.run)
        self.dual_bound = bound
        recorded = certificate["dual_bound"]
        if bound is None:
            if recorded is not None:
                raise Refused("dual_bound is recorded, but the evidence proves that no feasible plan exists")
            return True
        if recorded is None:
            raise Refused(f"dual_bound is null: the evidence does not prove infeasibility, only the bound {bound!r}")
        sign = 1.0 if checker.SENSE == "max" else -1.0
        claimed = strict.number(recorded, "dual_bound")
        excess = sign * (claimed - bound)
        if excess < 0:
            raise Refused(f"dual_bound is recorded as {claimed!r}, but the evidence only proves {bound!r}")
        if excess > RECORDED * max(1.0, abs(bound)):
            raise Refused(f"dual_bound is recorded as {claimed!r}, off the {bound!r} that the evidence proves")
        if self.objective is not None:
            self.gap = _gap(self.objective, bound, sign)
        return False

    def _check_regret(self, checker: ModuleType, asked: Any, plan: Any, certificate: dict[str, Any]) -> None:
        """Hold the recorded equilibrium regret against the derived one."""
        _require_plan_evidence(checker, certificate["evidence"])
        evidence = dict(certificate["evidence"])
        if "regret" not in evidence:
            raise Refused("evidence lacks the key 'regret'")
        claimed = strict.number(evidence.pop("regret"), "evidence.regret", strict.NONNEGATIVE)
        subject = [certificate[key] for key in ("problem", "options", "instance", "solution")]
        if self.known is not None and self.known.subject == canonical_digest([*subject, evidence]):
            regret = math.inf if self.known.regret is None else self.known.regret
            for what, amount in self.known.work.items():
                self.run.count(what, amount)
        else:
            self.run.tick()
            regret = checker.derive_regret(asked, plan, evidence, self.run)
        if claimed < regret:
            raise Refused(f"regret is recorded as {claimed!r}, but one player alone can gain up to {regret!r}")
        if claimed > regret + RECORDED * max(1.0, regret):
            raise Refused(f"regret is recorded as {claimed!r}, but no player alone can gain more than {regret!r}")
        self.regret = regret

    def _check_status(self, recorded: str, infeasible: bool) -> None:
        if infeasible:
            if self.objective is not None:
                raise Refused("the evidence claims that no feasible plan exists, yet the solution is one")
            self.status = "INFEASIBLE"
        elif self.objective is None:
            self.status = "UNKNOWN"
        elif self.gap is None:
            self.status = "FEASIBLE"
        else:
            self.status = "PROVED" if self.gap <= PROVED_GAP else "BOUNDED"
        if recorded != self.status:
            earned = f"{self.status} (gap {self.gap:.3g})" if self.gap is not None else self.status
            raise Refused(f"status is recorded as {recorded}, but what was verified earns {earned}")

    def _check_gap(self, recorded: Any) -> None:
        if self.gap is None:
            return
        claimed = strict.number(recorded, "gap")
        if abs(claimed - self.gap) > RECORDED:
            raise Refused(f"gap is recorded as {claimed!r}, but it is {self.gap!r}")

    def _summary(self) -> str:
        effort = ", ".join(f"{amount} {what}" for what, amount in sorted(self.run.work.items()))
        searched = f" ({effort})" if effort else ""
        if self.status == "INFEASIBLE":
            return f"INFEASIBLE: the evidence proves that no feasible plan exists{searched}"
        if self.status == "UNKNOWN":
            known = (
                "nothing is claimed" if self.dual_bound is None else f"no plan; bound {self.dual_bound!r} re-derived"
            )
            return f"UNKNOWN: {known}{searched}"
        plan = f"{self.status}: the plan keeps every constraint and is worth {self.objective!r}"
        if self.status == "FEASIBLE":
            stable = ""
            if self.regret is not None:
                gain = f"more than {self.regret!r}" if self.regret else "anything"
                stable = f"; no player gains {gain} by deviating alone"
                stable += "" if self.regret else ": a constrained Nash equilibrium"
            return f"{plan}{stable}; no bound is claimed{searched}"
        return f"{plan}; bound {self.dual_bound!r} re-derived, gap {self.gap:.3g}{searched}"


def _gap(objective: float, bound: float, sign: float) -> float:
    """Return the relative gap; a plan that beats the bound by more than rounding refutes it."""
    scale = max(abs(objective), abs(bound))
    if scale == 0:
        return 0.0
    # Divided first: the difference of two doubles may overflow.
    gap = sign * (bound / scale - objective / scale)
    if gap < -PROVED_GAP:
        raise Refused(f"the plan, worth {objective!r}, beats the bound {bound!r}: one of them is false")
    return max(0.0, gap)  # in this order: of two zeros the first is taken, and a minimisation's is -0.0


def _check_digest(certificate: dict[str, Any], pinned: str | None) -> None:
    digest = canonical_digest(certificate["instance"])
    if certificate["digest"] != digest:
        raise Refused(f"digest is {strict.show(certificate['digest'])}, but that of the instance is {digest}")
    if pinned is not None and pinned != digest:
        raise Refused(f"the certificate is about another instance: its digest is {digest}, {pinned} is asked for")


def _check_presence(certificate: dict[str, Any], status: str) -> None:
    """Refuse numbers where the status allows none, and their absence where it needs them."""
    wanted = {
        "PROVED": ("solution", "objective", "dual_bound", "gap", "evidence"),
        "BOUNDED": ("solution", "objective", "dual_bound", "gap", "evidence"),
        "FEASIBLE": ("solution", "objective"),
        "INFEASIBLE": ("evidence",),
        "UNKNOWN": (),
    }[status]
    if status == "UNKNOWN" and not (certificate["dual_bound"] is None and certificate["evidence"] is None):
        wanted = ("dual_bound", "evidence")
    for key in ("solution", "objective", "dual_bound", "gap", "evidence"):
        if key in wanted and certificate[key] is None:
            raise Refused(f"{key} is null, which the status {status} does not allow")
        # Evidence beside FEASIBLE is about the plan alone; which kind that may be is decided where it is read.
        if key not in (*wanted, "evidence" if status == "FEASIBLE" else "") and certificate[key] is not None:
            raise Refused(f"{key} is given, which the status {status} does not allow")
