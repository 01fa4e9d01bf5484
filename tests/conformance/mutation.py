"""The mutation harness: forge certificates in every way that can be drawn, and see which the checker accepts.

A mutant changes one or several places of a certificate. A forger would then put the rest in order, so mutants are
re-sealed: digest, objective, gap and status are recomputed ("sealed"), or the bound as well, from whatever evidence
there now is ("derived"): these get past the first checks and try the deeper ones.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import Problem, problem_types
from mcsopt.verification import certify, certify_equilibrium, check
from mcsopt.verification.check.document import checker_of
from mcsopt.verification.regret import best_deviation
from tests.conformance.alterations import altered
from tests.conformance.judge import PROVED_GAP, Claim, Judgement, digest_of, judge, read_problem
from tests.conformance.suite import draw, draws, evidence_solvers, infeasible_solution, plans, truth

Document = dict[str, Any]
Checker = Callable[[Any], check.Verdict]

SEALS = ("none", "sealed", "derived")
DEEP = ("instance", "options", "solution", "evidence", "dual_bound")
"""Parts after whose change the rest can be put in order; resealing undoes a change of the others."""


@dataclass(frozen=True)
class Mutant:
    """A forged certificate, and what was done to it."""

    document: Any
    what: str
    seal: str


@dataclass
class Tally:
    """What came of a run of mutants.

    Attributes
    ----------
    counts : Counter
        Mutants by claim and outcome: ``"false refused"``, ``"true accepted"``, ...
    false_accepted : list
        The forgeries that went through: there must be none.
    crashes : list
        Documents at which the checker raised instead of refusing: there must be none.
    deep : int
        False re-sealed mutants whose digest is right, so that only the deeper checks can refuse them.
    """

    counts: Counter[str] = field(default_factory=Counter)
    false_accepted: list[tuple[Mutant, Judgement]] = field(default_factory=list)
    crashes: list[tuple[Mutant, Exception]] = field(default_factory=list)
    deep: int = 0

    @property
    def total(self) -> int:
        """Mutants examined."""
        return sum(self.counts.values())

    @property
    def false(self) -> int:
        """Mutants whose claim is false."""
        return sum(n for what, n in self.counts.items() if what.startswith("false"))

    def __str__(self) -> str:
        parts = ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items()))
        worst = "; ".join(f"{m.what} ({m.seal}): {j.reason}" for m, j in self.false_accepted[:5])
        crashed = "; ".join(f"{m.what} ({m.seal}): {error!r}" for m, error in self.crashes[:5])
        return parts + (f"; ACCEPTED: {worst}" if worst else "") + (f"; CRASHED: {crashed}" if crashed else "")


def run(
    certificates: Sequence[Document], count: int, seed: int = 0, checker: Checker = check.check, weary: float = math.inf
) -> Tally:
    """Forge `count` mutants of certificates of one problem and hold the checker's verdicts against the judge's.

    Parameters
    ----------
    certificates : sequence of dict
        Accepted certificates.
    count : int
    seed : int
    checker : callable
        The checker on trial: takes a document, returns a `Verdict`.
    weary : float
        Stop early after so many forgeries went through (to try bad checkers).
    """
    tally = Tally()
    for mutant in mutants(certificates, count, np.random.default_rng(seed)):
        judgement = judge(mutant.document)
        try:
            verdict = checker(mutant.document)
        except Exception as error:
            tally.crashes.append((mutant, error))
            continue
        tally.counts[f"{judgement.claim} {'accepted' if verdict.accepted else 'refused'}"] += 1
        if judgement.claim is not Claim.FALSE:
            continue
        if verdict.accepted:
            tally.false_accepted.append((mutant, judgement))
            if len(tally.false_accepted) >= weary:
                break
        if mutant.seal != "none" and _has_right_digest(mutant.document):
            tally.deep += 1
    return tally


def mutants(certificates: Sequence[Document], count: int, rng: np.random.Generator) -> Iterator[Mutant]:
    """Yield `count` mutants: three in four altered somewhere, the others forged with intent."""
    words = _words()
    for _ in range(count):
        document = certificates[int(rng.integers(len(certificates)))]
        if rng.random() < 0.25:
            forgery = FORGERIES[rng.integers(len(FORGERIES))]
            forged, what = forgery(copy.deepcopy(document), rng), forgery.__name__.strip("_").replace("_", " ")
            yield Mutant(forged, what, "none")
            continue
        whats, parts = [], set()
        within = DEEP if rng.random() < 0.6 else ()
        for _ in range(int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05]))):
            if isinstance(document, dict):
                document, what = altered(document, rng, words, certificates, within)
                whats.append(what)
                parts.add(what.partition(":")[0].partition(".")[0].partition("[")[0])
        seal = str(rng.choice(SEALS, p=[0.2, 0.4, 0.4])) if parts <= set(DEEP) else "none"
        yield Mutant(resealed(document, seal, frozenset(parts)), "; ".join(whats), seal)


def resealed(document: Document, seal: str, changed: frozenset[str] = frozenset()) -> Document:
    """Return the document with everything recomputed that a forger can, as far as it is well-formed.

    Parameters
    ----------
    document : dict
    seal : {"none", "sealed", "derived"}
    changed : set of str
        Parts that carry the forgery: not recomputed.
    """
    if seal == "none":
        return document
    document = dict(document)
    try:
        document["digest"] = digest_of(document["instance"])
        problem = read_problem(document)
        with np.errstate(all="ignore"):
            if document["solution"] is not None:
                document["objective"] = problem.evaluate(problem.parse_solution(document["solution"]))
        if seal == "derived" and is_game(document["problem"]) and has_regret(document):
            if "evidence" not in changed:
                _derive_regret(document, problem)
        elif seal == "derived" and document["evidence"] is not None and "dual_bound" not in changed:
            _derive_bound(document)
        _settle(document, problem)
    except (InputError, TooLarge, OverflowError, ValueError, TypeError):
        pass  # too broken to be put in order: as far as it got
    return document


def _derive_bound(document: Document) -> None:
    """Record whatever the evidence now proves, and drop the plan where that is infeasibility."""
    derivation = check.derive(*(document[key] for key in ("problem", "options", "instance", "evidence")))
    document["dual_bound"] = derivation.dual_bound
    if derivation.infeasible:
        document |= {"solution": None, "objective": None, "gap": None, "status": "INFEASIBLE"}


def _derive_regret(document: Document, problem: Problem[Any]) -> None:
    """Record the regret of the plan as it now is, the deviation left as it stands."""
    solution = problem.parse_solution(document["solution"])
    if not problem.violations(solution):
        found = best_deviation(problem, solution)
        assert found is not None
        document["evidence"] = document["evidence"] | {"regret": found.regret}


def _settle(document: Document, problem: Problem[Any]) -> None:
    """Set gap and status to what the recorded objective and bound earn."""
    objective, bound = document["objective"], document["dual_bound"]
    if objective is None or bound is None:
        return
    scale = max(abs(objective), abs(bound))
    gap = (bound - objective) / scale if scale else 0.0
    gap = max(0.0, gap if problem.sense == "max" else -gap)
    document |= {"gap": gap, "status": "PROVED" if gap <= PROVED_GAP else "BOUNDED"}


def is_game(name: Any) -> bool:
    """Whether the checker takes equilibrium certificates of a problem."""
    try:
        return hasattr(checker_of(name), "PLAN_EVIDENCE")
    except check.Refused:  # no checker: `test_complete` says so, and the other problems' tests are collected
        return False


def has_regret(document: Any) -> bool:
    """Whether a document is about an equilibrium."""
    evidence = document["evidence"]
    return isinstance(evidence, dict) and evidence.get("kind") == "equilibrium"


def _has_right_digest(document: Any) -> bool:
    try:
        return bool(document["digest"] == digest_of(document["instance"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return False


def _words() -> list[str]:
    """Return every word of the format that stands for a choice."""
    types = problem_types().values()
    choices = [word for cls in types for values in cls.OPTIONS.values() for word in values]
    fields = [word for cls in types for one in cls.instance_type.FIELDS for word in one.choices]
    statuses = ["PROVED", "BOUNDED", "FEASIBLE", "INFEASIBLE", "UNKNOWN"]
    return sorted({*choices, *fields, *statuses, *problem_types()})


# Forgeries with intent --------------------------------------------------------------------------------------------


def _claims_its_plan_optimal(document: Document, rng: np.random.Generator) -> Document:
    return document | {"dual_bound": document["objective"], "gap": 0.0, "status": "PROVED"}


def _claims_a_tighter_bound(document: Document, rng: np.random.Generator) -> Document:
    objective, bound = document["objective"] or 0.0, document["dual_bound"]
    if bound is None:
        return document | {"dual_bound": objective}
    share = rng.choice([1e-9, 1e-8, 1e-6, 1e-3, 0.1, 0.5, 0.9]).item()
    tighter = bound - share * (bound - objective if bound != objective else max(1.0, abs(bound)))
    if document["objective"] is None:
        return document | {"dual_bound": tighter}
    scale = max(abs(objective), abs(tighter))
    gap = abs(tighter - objective) / scale if scale else 0.0
    return document | {"dual_bound": tighter, "gap": gap, "status": "PROVED" if gap <= PROVED_GAP else "BOUNDED"}


def _claims_the_bound_as_its_value(document: Document, rng: np.random.Generator) -> Document:
    return document | {"objective": document["dual_bound"], "gap": 0.0, "status": "PROVED"}


def _claims_infeasibility(document: Document, rng: np.random.Generator) -> Document:
    nothing = dict.fromkeys(("solution", "objective", "dual_bound", "gap"))
    return document | nothing | {"status": "INFEASIBLE"}


def _hides_its_plan(document: Document, rng: np.random.Generator) -> Document:
    bound = document["dual_bound"]
    if bound is not None:
        bound -= rng.choice([0.0, 1e-10, 1e-6, 0.1]).item() * max(1.0, abs(bound))
    return document | {"solution": None, "objective": None, "gap": None, "status": "UNKNOWN", "dual_bound": bound}


def _drops_the_evidence(document: Document, rng: np.random.Generator) -> Document:
    return document | {"evidence": None}


def _claims_no_bound(document: Document, rng: np.random.Generator) -> Document:
    return document | {"evidence": None, "dual_bound": None, "gap": None, "status": "FEASIBLE"}


def _claims_another_gap(document: Document, rng: np.random.Generator) -> Document:
    return document | {"gap": (document["gap"] or 0.0) + rng.choice([-1e-3, -1e-8, 1e-8, 1e-3]).item()}


def _swaps_objective_and_bound(document: Document, rng: np.random.Generator) -> Document:
    return document | {"objective": document["dual_bound"], "dual_bound": document["objective"]}


def _holds_a_broken_plan(document: Document, rng: np.random.Generator) -> Document:
    """A plan that breaks a constraint, in order otherwise."""
    problem = read_problem(document)
    broken = infeasible_solution(problem, rng)
    if broken is None or document["dual_bound"] is None:
        return document
    objective = problem.evaluate(broken)
    forged = document | {"solution": problem.solution_document(broken), "objective": objective}
    _settle(forged, problem)
    return forged


def _claims_an_equilibrium(document: Document, rng: np.random.Generator) -> Document:
    evidence = {"kind": "equilibrium", "regret": 0.0, "task": None, "workers": []}
    return document | {"evidence": evidence, "dual_bound": None, "gap": None, "status": "FEASIBLE"}


def _misstates_its_regret(document: Document, rng: np.random.Generator) -> Document:
    if not has_regret(document):
        return _claims_an_equilibrium(document, rng)
    regret = document["evidence"]["regret"]
    wrong = regret * rng.choice([0.0, 0.5, 1 - 1e-8, 1 + 1e-6, 2.0]).item() if regret else 1e-6
    return document | {"evidence": document["evidence"] | {"regret": wrong}}


def _deviates_to_anothers_workers(document: Document, rng: np.random.Generator) -> Document:
    if not has_regret(document):
        return _claims_an_equilibrium(document, rng)
    served = [workers for workers in document["solution"]["assignment"] if workers]
    if not served:
        return document
    workers = served[int(rng.integers(len(served)))]
    return document | {"evidence": document["evidence"] | {"task": 0, "workers": workers}}


FORGERIES: list[Callable[[Document, np.random.Generator], Document]] = [
    _claims_its_plan_optimal, _claims_a_tighter_bound, _claims_the_bound_as_its_value, _claims_infeasibility,
    _hides_its_plan, _drops_the_evidence, _claims_no_bound, _claims_another_gap, _swaps_objective_and_bound,
    _holds_a_broken_plan, _claims_an_equilibrium, _misstates_its_regret, _deviates_to_anothers_workers,
]  # fmt: skip


# What is forged ---------------------------------------------------------------------------------------------------


def certificates(name: str, instances: int, seed: int = 0) -> list[Document]:
    """Return honest certificates of random small problems: every plan, every evidence, closed and open trees,
    equilibria and what is none.

    Among the problems is an infeasible one, if the first few dozen draws hold any.
    """
    problems = [draw(name, seed + k) for k in range(instances)]
    problems += itertools.islice((p for p in draws(name, 60, seed) if truth(p).optimum is None), 1)
    found = []
    for problem in problems:
        for plan in plans(problem):
            for solver in evidence_solvers(name):
                for time_limit in (None, 0.0):
                    found.append(dict(certify(problem, plan, solver=solver.name, time_limit=time_limit).document))
        if is_game(name):
            feasible = [plan for plan in plans(problem) if not problem.violations(plan)]
            found += [dict(certify_equilibrium(problem, plan).document) for plan in feasible]
    for document in found[:: max(1, len(found) // 4)]:
        # A plan alone, without evidence.
        if document["solution"] is not None and not has_regret(document):
            found.append(_claims_no_bound(document, np.random.default_rng(0)))
    return found
