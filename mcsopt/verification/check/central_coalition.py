"""The centrally chosen coalition, its bound by a closed form that is proved here.

For members S, |S| = k >= 2, the social cost is (Definitions 5 and 6; the noise of each member reaches all k)

    (n - k) sigma^2 + sigma^2 + sum_S [(2/k) / eps_i^2 + k^alpha c_i eps_i].

By the inequality of arithmetic and geometric means

    x / eps^2 + y eps / 2 + y eps / 2  >=  3 (x y^2 / 4)^(1/3),      x = 2/k,  y = k^alpha c,

so each bracket is at least ``3 k^((2 alpha - 1)/3) a_i``, ``a_i = (c_i^2 / 2)^(1/3)``, whatever eps, and their sum is
least for the k least costs:

    SC(k) = (n + 1 - k) sigma^2 + 3 k^((2 alpha - 1)/3) P_k,      P_k = sum of the k least a.

The empty coalition costs ``n sigma^2``. So no choice costs less than the least of these.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mcsopt.verification.check import coalition, strict
from mcsopt.verification.check.coalition import MODERATE, ROUNDING, Players
from mcsopt.verification.check.strict import Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "central-coalition"
KIND = coalition.KIND
SENSE = "min"
ONE_SIGN = True
ARITHMETIC = "doubles with error bounds outward"


class Plan(NamedTuple):
    """Members and their privacy levels, in the same order."""

    members: list[int]
    level: np.ndarray


def parse_options(options: Any) -> None:
    """Refuse any option: there is none."""
    strict.entries(options, "options", ())


def parse_instance(instance: Any, options: None, run: Run) -> Players:
    """Read a ``data-coalition`` instance, its common keys already checked."""
    return coalition.parse_players(instance)


def parse_solution(players: Players, solution: dict[str, Any]) -> Plan:
    """Read members and levels; the common keys are already checked."""
    strict.entries(solution, "solution", ("format", "problem", "members", "privacy"))
    members = strict.distinct_indices(solution["members"], "solution.members", players.number)
    level = strict.numbers(solution["privacy"], "solution.privacy", MODERATE, len(members))
    return Plan(members, np.array(level))


def objective_of(players: Players, plan: Plan) -> float:
    """Return the social cost, the sum of all burdens."""
    return coalition.social_cost(players, plan.members, plan.level)


def violations_of(players: Players, plan: Plan, run: Run) -> tuple[Breach, ...]:
    """Return that one alone is no coalition."""
    return (Breach("no member or two at least", "coalition", 1.0),) if len(plan.members) == 1 else ()


def derive_bound(players: Players, evidence: dict[str, Any], run: Run) -> float | None:
    """Return the least social cost over all sizes, less its rounding error."""
    strict.one_of(evidence.get("kind"), "evidence.kind", ("closed-form",))
    strict.entries(evidence, "evidence", ("kind",))
    n, variance = players.number, players.variance
    run.count("sizes", n)
    k = np.arange(2, n + 1)
    _, prefix = coalition.roots(players)
    cost = (n + 1 - k) * variance + 3 * k ** ((2 * players.alpha - 1) / 3) * prefix[k]
    return min(n * variance, float(cost.min())) * (1 - ROUNDING)
