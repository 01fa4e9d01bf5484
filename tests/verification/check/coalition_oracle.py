"""Certificates of coalitions built by hand, random problems with exact ties, and brute force."""

from __future__ import annotations

import copy
import itertools
from functools import lru_cache
from typing import Any

import numpy as np

from mcsopt.problems import Coalition, DataCoalition, Problem, StableCoalition
from mcsopt.verification import check
from mcsopt.verification.check import coalition
from mcsopt.verification.check.strict import Refused

SPEC = DataCoalition([1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], 0.25, 1.0)


def evidence_of(bound: float | None) -> dict[str, Any]:
    return {"kind": "cell-bounds", "bound": bound}


def derive(problem: Problem[Any], evidence: dict[str, Any]) -> check.Derivation:
    return check.derive(problem.name, problem.options, problem.instance.to_json(), evidence)


def proves(problem: StableCoalition, bound: float | None) -> bool:
    """Whether the checker accepts a bound, or with None that no stable coalition exists."""
    try:
        return derive(problem, evidence_of(bound)).infeasible == (bound is None)
    except Refused:
        return False


def certificate(problem: Problem[Any], plan: Any, evidence: dict[str, Any] | None) -> dict[str, Any]:
    objective = None if plan is None else problem.evaluate(plan)
    derivation = None if evidence is None else derive(problem, evidence)
    bound = None if derivation is None else derivation.dual_bound
    gap = None if objective is None or bound is None else max(0.0, (objective - bound) / max(objective, abs(bound)))
    status = "UNKNOWN" if plan is None else "FEASIBLE"
    if gap is not None:
        status = "PROVED" if gap <= 1e-7 else "BOUNDED"
    if derivation is not None and derivation.infeasible:
        status = "INFEASIBLE"
    return {
        "format": "mcsopt-certificate/1", "problem": problem.name, "options": problem.options,
        "instance": problem.instance.to_json(), "digest": problem.instance.digest(),
        "solution": None if plan is None else problem.solution_document(plan), "objective": objective,
        "dual_bound": bound, "gap": gap, "status": status, "arithmetic": "as derived", "evidence": evidence,
        "created_by": {"by": "hand"},
    }  # fmt: skip


def with_variance(problem: StableCoalition, variance: float) -> StableCoalition:
    data = problem.instance
    return StableCoalition(DataCoalition(data.cost, variance, data.alpha), problem.stability)


def players_of(data: DataCoalition) -> coalition.Players:
    return coalition.parse_players(data.to_json())


def all_coalitions(n: int) -> list[tuple[int, ...]]:
    return [members for k in range(2, n + 1) for members in itertools.combinations(range(n), k)]


def optimum(problem: StableCoalition) -> tuple[float, Coalition] | None:
    """Return the cheapest stable coalition by trying all, by the problem's own truth."""
    found = [Coalition(members) for members in all_coalitions(problem.instance.num_players)]
    stable = [(problem.evaluate(s), s.members) for s in found if not problem.violations(s)]
    if not stable:
        return None
    worth, members = min(stable)
    return worth, Coalition(members)


@lru_cache
def random_problem(seed: int) -> StableCoalition:
    """Draw a small problem; every other one has a variance at which a coalition is exactly on a tie."""
    rng = np.random.default_rng(seed)
    problem = StableCoalition.random_small(rng)
    if seed % 2:
        n = problem.instance.num_players
        members = tuple(sorted(rng.choice(n, int(rng.integers(2, n + 1)), replace=False).tolist()))
        tie = problem.stay_variance(members)
        if rng.random() < 0.5 and len(members) < n:
            tie = problem.entry_variance(members)
        problem = with_variance(problem, float(np.nextafter(tie, rng.choice([0.0, tie, np.inf]))))
    return problem


def spread(rng: np.random.Generator) -> tuple[coalition.Players, str]:
    """Draw up to 13 players in clusters, at a variance near those at which the k cheapest stay."""
    n, alpha = int(rng.integers(9, 14)), float(rng.uniform(-1, 1))
    profile = rng.integers(3)
    if profile == 0:
        cost = rng.choice([0.002, 0.015], n) * rng.uniform(0.97, 1.03, n)
    elif profile == 1:
        cost = rng.choice([0.002, 0.01, 0.03], n) * (1 + rng.choice([1e-3, 1e-7, 0.0]) * rng.uniform(-1, 1, n))
    else:
        cost = 0.001 * rng.uniform(1.05, 1.6) ** np.arange(n)
    a, p = coalition.roots(coalition.Players(cost, 1.0, alpha))
    k = int(rng.integers(2, n + 1))
    stay = (p[k] + 2 * a[k - 1]) * k ** ((2 * alpha + 1) / 3) / (k - 1)
    variance = float(stay * rng.choice([1.0, rng.uniform(0.95, 1.05), rng.uniform(1, 2)]))
    return coalition.Players(cost, variance, alpha), str(rng.choice(["nash", "robust"]))


def best_by_claims(players: coalition.Players, notion: str) -> float | None:
    """Return the least social cost of a stable coalition over all 2^n sets, by Claims 5 and 6."""
    a, n = np.cbrt(players.cost**2 / 2), players.number
    sets = np.arange(2**n)
    inside = (sets[:, None] >> np.arange(n)) & 1 == 1
    k = np.maximum(inside.sum(axis=1), 1)
    total = np.where(inside, a, 0).sum(axis=1)
    largest, out = np.where(inside, a, 0).max(axis=1), np.where(inside, np.inf, a).min(axis=1)
    e, t = (2 * players.alpha + 1) / 3, players.variance * (1 + 1e-12)
    stable = (k > 1) & (total + 2 * largest <= t * (k - 1) / k**e)
    if notion == "nash":
        stable &= 3 * out * (k + 1) ** (e + 1) + total * k ** (e + 1) > k * (k + 1) * t
    else:
        stable &= total + out + 2 * np.maximum(largest, out) > t * k / (k + 1) ** e
    cost = (n + 1 - k) * players.variance + (k + 2) * k**e * total / k
    return float(cost[stable].min()) if stable.any() else None


def altered(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a copy with entries replaced: "a__b" stands for the entry b of a."""
    document = copy.deepcopy(document)
    for path, value in changes.items():
        *outer, last = path.split("__")
        place = document
        for key in outer:
            place = place[key]
        place[last] = value
    if any(path.startswith("instance") for path in changes):
        document["digest"] = check.canonical_digest(document["instance"])
    return document
