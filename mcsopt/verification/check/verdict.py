"""What the checker hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Verdict:
    """Outcome of checking one certificate.

    Attributes
    ----------
    accepted : bool
        Whether every claim of the certificate was re-derived.
    reason : str
        One line: what was verified, or why the certificate is refused.
    objective, dual_bound, gap : float or None
        As recomputed, not as recorded; None where there is none or the refusal came first.
    status : str or None
        The status earned by the recomputed numbers; None if the refusal came first.
    arithmetic : str
        Which arithmetic decided; empty if the refusal came first.
    work : Mapping[str, int]
        How much was searched: leaves, sets examined, decisions in rationals, and so on.
    regret : float or None
        The most that one player could gain by deviating alone, rounded up, where that is what the evidence is about.
    """

    accepted: bool
    reason: str
    objective: float | None = None
    dual_bound: float | None = None
    gap: float | None = None
    status: str | None = None
    arithmetic: str = ""
    work: Mapping[str, int] = field(default_factory=dict)
    regret: float | None = None


@dataclass(frozen=True)
class Derivation:
    """What evidence proves about an instance.

    Attributes
    ----------
    dual_bound : float or None
        The bound, rounded outward; None if no feasible plan exists.
    infeasible : bool
        Whether the evidence proves that no feasible plan exists.
    arithmetic : str
        Which arithmetic decided.
    work : Mapping[str, int]
        How much was searched.
    subject : str
        Digest of problem, options, instance and evidence: what was derived is about these and no others.
    regret : float or None
        Where the evidence is about a plan (whose digest is in `subject`, too): its equilibrium regret, rounded up.
    """

    dual_bound: float | None
    infeasible: bool
    arithmetic: str
    work: Mapping[str, int] = field(default_factory=dict)
    subject: str = ""
    regret: float | None = None


class Breach(NamedTuple):
    """One broken constraint: its name, where, and by how much (a double, for the reader)."""

    constraint: str
    where: str
    amount: float

    def __str__(self) -> str:
        return f"{self.constraint} broken at {self.where} by {self.amount:.6g}"
