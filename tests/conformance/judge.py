"""An independent judge of certificates: is the CLAIM true, whatever the evidence says?

Truth comes from `mcsopt.problems` (objective, constraints) and from brute force (the optimum, deviations); nothing of
the checker is used, and evidence is looked at only where it holds the claim itself, an equilibrium regret. So the
judge can say which certificates must not be accepted; a certificate whose claim is true may still be refused, because
its evidence does not prove it.
"""

from __future__ import annotations

import hashlib
import json
import math
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import AssignmentProblem, Problem, problem_types
from tests.conformance import deviations
from tests.conformance.suite import truth

KEYS = {
    "format", "problem", "options", "instance", "digest", "solution", "objective", "dual_bound", "gap", "status",
    "arithmetic", "evidence", "created_by",
}  # fmt: skip
GIVEN = {
    "PROVED": {"solution", "objective", "dual_bound", "gap", "evidence"},
    "BOUNDED": {"solution", "objective", "dual_bound", "gap", "evidence"},
    "FEASIBLE": {"solution", "objective"},
    "INFEASIBLE": {"evidence"},
    "UNKNOWN": set(),
}
"""What is not null, by status; an UNKNOWN certificate may hold a bound with its evidence."""

PROVED_GAP = 1e-7
RECORDED = 1.01e-9
"""Allowed deviation of recorded numbers, 1e-9 with a little room for the judge's own rounding."""
BEATEN = 1e-11
"""A bound that the optimum beats by more than this, relative to max(1, |optimum|), is false: brute force adds a few
dozen doubles, so its own rounding is far below."""


class Claim(StrEnum):
    """What the judge found."""

    TRUE = "true"
    FALSE = "false"
    UNDECIDED = "undecided"


class Judgement(NamedTuple):
    """The finding, and why."""

    claim: Claim
    reason: str


class _False(Exception):
    """The claim is false."""


def judge(document: Any) -> Judgement:
    """Judge a certificate document; UNDECIDED where brute force or the doubles give out."""
    try:
        with np.errstate(all="ignore"):
            _judge(document)
    except _False as finding:
        return Judgement(Claim.FALSE, str(finding))
    except (TooLarge, OverflowError) as limit:
        return Judgement(Claim.UNDECIDED, str(limit))
    return Judgement(Claim.TRUE, "")


def digest_of(instance: Any) -> str:
    """Return the digest by its definition: canonical JSON text with every number written as a double."""

    def doubles(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: doubles(item) for key, item in value.items()}
        if isinstance(value, list):
            return [doubles(item) for item in value]
        return value if value is None or isinstance(value, (bool, str)) else float(value) + 0.0

    text = json.dumps(doubles(instance), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def read_problem(document: Any) -> Problem[Any]:
    """Return the problem that a certificate asks; `InputError` if it asks none."""
    cls = problem_types().get(document["problem"]) if isinstance(document["problem"], str) else None
    if cls is None:
        raise InputError("problem", "is not known", "ask a known one")
    instance, options = document["instance"], document["options"]
    if not isinstance(options, dict) or set(options) != set(cls.OPTIONS):
        raise InputError("options", "are not those of the problem", "give them all")
    if not isinstance(instance, dict) or instance.get("format") != "mcsopt-instance/1":
        raise InputError("instance.format", "is another", "use format 1")
    if instance.get("kind") != cls.instance_type.kind:
        raise InputError("instance.kind", "is another", "use the problem's")
    return cls(cls.instance_type.from_json(instance), **options)  # type: ignore[call-arg]  # every problem is a dataclass


def _judge(document: Any) -> None:
    _require(isinstance(document, dict) and set(document) == KEYS, "malformed: not the keys of a certificate")
    _require(_is_json(document), "malformed: not finite JSON values")
    _require(document["format"] == "mcsopt-certificate/1", "malformed: format")
    _require(isinstance(document["arithmetic"], str), "malformed: arithmetic")
    _require(isinstance(document["created_by"], dict), "malformed: created_by")
    try:
        problem = read_problem(document)
    except InputError as error:
        raise _False(f"malformed: {error}") from None
    _require(document["digest"] == digest_of(document["instance"]), "digest is another instance's")
    _require(isinstance(document["status"], str) and document["status"] in GIVEN, "malformed: status")
    _judge_presence(document)
    objective = None
    if document["solution"] is not None:
        objective = _judge_solution(problem, document)
    if document["status"] == "FEASIBLE" and document["evidence"] is not None:
        _judge_regret(problem, document)
    _judge_bound(problem, document, objective)


def _judge_presence(document: dict[str, Any]) -> None:
    """Hold what is null against the status, and the kinds of what is not."""
    given = {key for key in GIVEN["PROVED"] if document[key] is not None}
    bound_alone = document["status"] == "UNKNOWN" and given == {"dual_bound", "evidence"}
    equilibrium = document["status"] == "FEASIBLE" and given == {*GIVEN["FEASIBLE"], "evidence"}
    fits = bound_alone or equilibrium or given == GIVEN[document["status"]]
    _require(fits, "malformed: the status needs other keys")
    for key in given & {"objective", "dual_bound", "gap"}:
        number = document[key]
        _require(isinstance(number, (int, float)) and not isinstance(number, bool), f"malformed: {key}")
        _require(abs(number) <= 1.7e308, f"malformed: {key} is no double")
    _require(document["evidence"] is None or isinstance(document["evidence"], dict), "malformed: evidence")


def _judge_solution(problem: Problem[Any], document: dict[str, Any]) -> float:
    try:
        solution = problem.parse_solution(document["solution"])
    except InputError as error:
        raise _False(f"malformed solution: {error}") from None
    broken = problem.violations(solution)
    _require(not broken, f"infeasible: {broken[0] if broken else ''}")
    objective = problem.evaluate(solution)
    slack = RECORDED * max(1.0, abs(objective))
    _require(abs(document["objective"] - objective) <= slack, f"the solution is worth {objective!r}")
    return objective


def _judge_regret(problem: Problem[Any], document: dict[str, Any]) -> None:
    """Hold the regret, and the deviation said to gain it, against brute force."""
    evidence = document["evidence"]
    _require(isinstance(problem, AssignmentProblem), "malformed: no game")
    assert isinstance(problem, AssignmentProblem)
    _require(set(evidence) == {"kind", "regret", "task", "workers"}, "malformed: not the keys of an equilibrium")
    _require(evidence["kind"] == "equilibrium", "malformed: evidence of another kind")
    claimed, task, workers = evidence["regret"], evidence["task"], evidence["workers"]
    _require(isinstance(claimed, (int, float)) and not isinstance(claimed, bool) and claimed >= 0, "malformed: regret")
    _require(isinstance(workers, list) and all(type(j) is int for j in workers), "malformed: workers")
    plan = problem.parse_solution(document["solution"])
    regret = deviations.regret(problem, plan)
    scale = max(1.0, abs(regret))
    _require(claimed >= regret - BEATEN * scale, f"the regret is {regret!r}")
    _require(claimed <= regret + RECORDED * scale, f"the regret is only {regret!r}")
    if task is None:
        _require(not workers and regret <= RECORDED * scale, "somebody gains, and is not named")
        return
    _require(type(task) is int and 0 <= task < problem.instance.num_tasks, "malformed: task")
    members = tuple(sorted(workers))
    _require(members in set(deviations.choices(problem, plan, task)), "the deviation is not open to its task")
    _require(not problem.set_violations(task, members), "the deviation is infeasible")
    gain = deviations.gain_of(problem, plan, task, members)
    _require(gain >= regret - RECORDED * scale, f"the deviation gains only {gain!r}")


def _judge_bound(problem: Problem[Any], document: dict[str, Any], objective: float | None) -> None:
    status, bound = document["status"], document["dual_bound"]
    if status != "INFEASIBLE" and bound is None:
        return
    optimum = truth(problem).optimum
    if status == "INFEASIBLE":
        _require(optimum is None, f"not infeasible: the optimum is {optimum!r}")
        return
    sign = 1.0 if problem.sense == "max" else -1.0
    if optimum is not None:
        beaten = sign * (optimum - bound)
        _require(beaten <= BEATEN * max(1.0, abs(optimum)), f"the bound is beaten by the optimum {optimum!r}")
    if objective is not None:
        _judge_gap(document, sign * objective, sign * bound)


def _judge_gap(document: dict[str, Any], objective: float, bound: float) -> None:
    """Hold gap and status against the numbers, maximising; the recorded bound may exceed the proven one by 1e-9."""
    gaps = [_gap(objective, b) for b in (bound, bound - RECORDED * max(1.0, abs(bound)))]
    low, high = min(gaps) - 2 * RECORDED, max(gaps) + 2 * RECORDED
    _require(low <= document["gap"] <= high, f"the gap is {gaps[0]!r}")
    earned = {"PROVED"} if high <= PROVED_GAP else {"BOUNDED"} if low > PROVED_GAP else {"PROVED", "BOUNDED"}
    _require(document["status"] in earned, f"the gap {gaps[0]!r} earns {' or '.join(sorted(earned))}")


def _gap(objective: float, bound: float) -> float:
    scale = max(abs(objective), abs(bound))
    return max(0.0, bound / scale - objective / scale) if scale else 0.0


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int, str))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _False(otherwise)
