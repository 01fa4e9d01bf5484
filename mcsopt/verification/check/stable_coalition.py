"""Stable data coalitions: the coalition by the burdens of Definitions 7 and 8, the bound by cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mcsopt.verification.check import coalition, stability, strict
from mcsopt.verification.check.coalition import Players
from mcsopt.verification.check.coalition_cells import Proof
from mcsopt.verification.check.strict import Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "stable-coalition"
KIND = coalition.KIND
SENSE = "min"
ONE_SIGN = True
ARITHMETIC = "doubles with error bounds outward, ties in 50 digits"


class Asked(NamedTuple):
    """Whose coalition, and which notion of stability."""

    players: Players
    notion: str


def parse_options(options: Any) -> str:
    """Read the notion of stability."""
    return strict.one_of(
        strict.entries(options, "options", ("stability",))["stability"], "options.stability", stability.NOTIONS
    )


def parse_instance(instance: Any, options: str, run: Run) -> Asked:
    """Read a ``data-coalition`` instance, its common keys already checked."""
    return Asked(coalition.parse_players(instance), options)


def parse_solution(asked: Asked, solution: dict[str, Any]) -> list[int]:
    """Read the members; the common keys are already checked."""
    strict.entries(solution, "solution", ("format", "problem", "members"))
    return strict.distinct_indices(solution["members"], "solution.members", asked.players.number)


def objective_of(asked: Asked, plan: Sequence[int]) -> float:
    """Return the social cost at the levels the members choose themselves."""
    level = stability.chosen_levels(asked.players, np.array(plan, dtype=np.int64), max(1, len(plan)))
    return coalition.social_cost(asked.players, plan, level)


def violations_of(asked: Asked, plan: Sequence[int], run: Run) -> tuple[Breach, ...]:
    """Return who leaves and who enters; see `stability`."""
    return stability.breaches(asked.players, asked.notion, plan, run)


def derive_bound(asked: Asked, evidence: dict[str, Any], run: Run) -> float | None:
    """Return the claimed bound B less 1e-12 of it once it is proved; None once it is proved that none is stable.

    See `coalition_cells` for the proof. ``{"kind": "cell-bounds", "bound": B}`` claims that every stable coalition
    costs at least B, ``"bound": null`` that there is none.
    """
    strict.one_of(evidence.get("kind"), "evidence.kind", ("cell-bounds",))
    strict.entries(evidence, "evidence", ("kind", "bound"))
    claimed = evidence["bound"]
    if claimed is not None:
        claimed = strict.number(claimed, "evidence.bound", coalition.BOUND)
    proof = Proof(asked.players, asked.notion, claimed, run)
    proof.verify()
    return proof.bound
