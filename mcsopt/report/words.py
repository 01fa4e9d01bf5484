"""What a certificate proves, and what it does not, in sentences."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Any

from mcsopt import tolerances
from mcsopt.display import number
from mcsopt.problems import Problem
from mcsopt.result import Result, Sense, Status
from mcsopt.verification import Certificate

VISIBLE = 5e-5
"""Smaller gains would be printed as none; rounding makes them of nothing."""

EVIDENCE = {
    "budget-prices": "one price per budget: by weak duality no plan is worth more",
    "price-tree": "worker prices at the leaves of a tree of cases that leaves no plan out",
    "dantzig-tree": "a tree of cases, each bounded by filling the knapsack with fractions of items",
    "closed-form": "a formula, which the checker evaluates anew",
    "cell-bounds": "cells that cover every coalition, each with a bound or without any stable one",
    "label-bounds": "one price per task and a claim: the checker searches the partial paths that could exceed it",
    "subset-program": "the earliest end of every set of tasks, which the checker computes anew",
    "value-function": "a value of every state, raised until no action of any state is worth more",
    "player-prices": "one price per player, raised until no coalition is worth more than its players",
    "subset-values": "the best partition of every set of players, which the checker computes anew",
    "equilibrium": "the best deviation of any one task, and that none gains more",
}


def per_cent(gap: float) -> str:
    """Return a gap for a sentence; what is not proved to be none never looks like it."""
    if tolerances.PROVED_GAP < gap < 5e-5:
        return f"{100 * gap:.1g} %"
    return f"{100 * gap:.2f} %"


def best_of(certificates: Sequence[Certificate]) -> Certificate | None:
    """Return the certificate of the best feasible plan, the first of equals; None if no plan is feasible."""
    best: Certificate | None = None
    for certificate in certificates:
        plan = certificate.plan
        if plan.feasible and (best is None or plan.problem.sense.better(_worth(plan), _worth(best.plan))):
            best = certificate
    return best


def _worth(plan: Result) -> float:
    assert plan.objective is not None
    return plan.objective


def verdict(certificates: Sequence[Certificate]) -> str:
    """Return what matters most about several plans, in a sentence or two."""
    best, first = best_of(certificates), certificates[0]
    if best is not None:
        return _count_equilibria(certificates) + shown_of(best)
    if first.status is Status.INFEASIBLE:
        return shown_of(first)
    return "No plan here keeps every constraint. " + _bound_alone(first)


def _count_equilibria(certificates: Sequence[Certificate]) -> str:
    """Return how many of several plans are equilibria, where that was the question."""
    asked = [c for c in certificates if c.bound is None and c.regret is not None]
    if len(asked) < 2:
        return ""
    found = sum(not certificate.regret for certificate in asked)
    return f"{found} of {len(asked)} plans {'is an equilibrium' if found == 1 else 'are equilibria'}. The best plan: "


def shown_of(certificate: Certificate) -> str:
    """Return what was shown of one plan."""
    plan, name = certificate.plan, certificate.plan.method
    if certificate.status is Status.INFEASIBLE:
        why = certificate.bound.message if certificate.bound is not None else ""
        answer = "No feasible solution exists; that is proved, and an answer like any other." \
            if plan.problem.asks_existence else "No feasible plan exists; that is proved."  # fmt: skip
        return answer + (f" ({why})" if why else "")
    if not plan.feasible:
        what = "holds no plan" if plan.solution is None else f"breaks {_count(plan.violations, 'constraint')}"
        return f"{name} {what}, so nothing is claimed of it. " + _bound_alone(certificate)
    worth = f"{name} {'is worth' if plan.problem.sense is Sense.MAX else 'costs'} {number(plan.objective)}"
    if certificate.gap is not None:
        return f"{worth}; {_against_bound(certificate)}"
    if certificate.regret is not None and certificate.document["evidence"] is not None:
        return f"{worth}. {_stability(certificate)}"
    return f"{worth}, and keeps every constraint; nothing else is claimed."


def _against_bound(certificate: Certificate) -> str:
    gap = certificate.gap
    assert gap is not None
    beyond = _none_beyond(certificate)
    if certificate.status is Status.PROVED:
        return f"{beyond}: it is optimal."
    if certificate.optimum is not None:
        return f"{beyond}, which a known plan attains: the gap to the optimum is {per_cent(gap)}."
    return f"{beyond}: the gap is at most {per_cent(gap)}."


def _stability(certificate: Certificate) -> str:
    deviation = certificate.deviation
    assert deviation is not None
    if not deviation.regret:
        return "No task gains anything by changing its own workers alone: a constrained Nash equilibrium (regret 0)."
    if deviation.task is None:
        return f"No task gains more than {deviation.regret:.3g} by changing its own workers alone."
    with_whom = "with workers " + ", ".join(map(str, deviation.workers)) if deviation.workers else "without workers"
    gain = number(deviation.regret) if deviation.regret > VISIBLE else f"{deviation.regret:.3g}"
    return f"Not an equilibrium: task {deviation.task} alone could gain {gain} {with_whom}; no task could gain more."


def _bound_alone(certificate: Certificate) -> str:
    if certificate.dual_bound is None:
        return ""
    return f"N{_none_beyond(certificate)[1:]}."


def _none_beyond(certificate: Certificate) -> str:
    better = "is worth more" if certificate.plan.problem.sense is Sense.MAX else "costs less"
    return f"no feasible plan {better} than {number(certificate.dual_bound)}"


def _count(things: Sequence[object], what: str) -> str:
    return f"{len(things):,} {what}{'' if len(things) == 1 else 's'}"


def why_believe(certificate: Certificate) -> str:
    """Return where the claim comes from, and who checked it in which arithmetic."""
    evidence = certificate.document["evidence"]
    if evidence is None:
        return "Nobody was asked for a bound; value and constraints were evaluated from the instance."
    kind = evidence["kind"]
    gloss = f" ({EVIDENCE[kind]})" if kind in EVIDENCE else ""
    bound = certificate.bound
    source = "" if bound is None else f"The evidence comes from {bound.method}"
    if bound is not None:
        seconds = math.fsum(bound.seconds.values())
        source += (f", {bound.message}" if bound.message else "") + f"; it took {seconds:.2f} s. "
    arithmetic = certificate.document["arithmetic"]
    return (
        f"{source}Evidence of kind {kind}{gloss}. A checker that shares no code with solvers and heuristics re-derived "
        f"the claim from the instance in this arithmetic: {arithmetic}."
    )


def how_to_check(certificate_file: str | None) -> str:
    """Return the command that checks the certificates."""
    return f"mcsopt verify {shlex.quote(certificate_file or 'FILE')}"


def not_shown(problem: Problem[Any], certificates: Sequence[Certificate]) -> list[str]:
    """Return what a reader might take for proved, and is not."""
    lines = ["That the instance describes the world: its numbers are taken as given."]
    if any(certificate.status is Status.BOUNDED and certificate.optimum is None for certificate in certificates):
        lines.append("That a gap is as large as it looks: a weak bound makes it larger, never smaller.")
    if any(c.document["evidence"] and c.document["evidence"]["kind"] == "equilibrium" for c in certificates):
        lines.append("How far an equilibrium is from the optimum: that takes a certificate of the gap.")
    if any(not certificate.plan.feasible for certificate in certificates) and not problem.asks_existence:
        lines.append("Anything about a plan that breaks a constraint.")
    if any(c.bound is not None and c.regret is not None for c in certificates):
        lines.append("The regret beside a gap: it was computed, but only a certificate of the equilibrium proves it.")
    lines.append("Running times: they are those of one machine, once.")
    return lines
