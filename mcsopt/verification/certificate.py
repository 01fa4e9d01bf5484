"""The certificate: what is claimed of a solution, and everything a stranger needs to check it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcsopt.display import percent, plain, small_table, small_text
from mcsopt.errors import InputError
from mcsopt.problems import Problem
from mcsopt.result import Assurance, Result, Status
from mcsopt.verification.regret import Regret
from mcsopt.versions import versions

CERTIFICATE_FORMAT = "mcsopt-certificate/1"


@dataclass(frozen=True, repr=False)
class Certificate:
    """A checked claim about one solution of one instance.

    Attributes
    ----------
    document : Mapping
        The JSON object, format ``mcsopt-certificate/1``; all a checker needs.
    plan : Result
        The run (or the user's plan) that was certified, with its violations.
    bound : Result or None
        The run that supplied the bound and its evidence; None if the certificate is about an equilibrium.
    optimum : float or None
        The optimal value, if it was proved.
    deviation : Regret or None
        The largest gain of any one player by deviating alone, and how, where the problem is a game and small enough.
    faults : tuple of str
        What backends claimed and the evidence refutes.
    """

    document: Mapping[str, Any]
    plan: Result
    bound: Result | None
    optimum: float | None = None
    deviation: Regret | None = None
    faults: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """What has been shown."""
        return Status(self.document["status"])

    @property
    def assurance(self) -> Assurance | None:
        """``checked`` where there is evidence: of a bound, of infeasibility, or of an equilibrium; None otherwise."""
        return Assurance.CHECKED if self.document["evidence"] is not None else None

    @property
    def objective(self) -> float | None:
        """Value of the solution; None without a feasible one."""
        value: float | None = self.document["objective"]
        return value

    @property
    def dual_bound(self) -> float | None:
        """The bound, as the checker derived it."""
        value: float | None = self.document["dual_bound"]
        return value

    @property
    def gap(self) -> float | None:
        """Relative gap between objective and bound; None without either."""
        value: float | None = self.document["gap"]
        return value

    @property
    def regret(self) -> float | None:
        """Equilibrium regret of the plan, 0 for a constrained Nash equilibrium; None if unknown or no game."""
        return None if self.deviation is None else self.deviation.regret

    def save(self, path: str | Path) -> None:
        """Write the certificate as JSON."""
        save_certificates([self], path)

    def __repr__(self) -> str:
        return small_text("Certificate", self._shown())

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        return small_table("Certificate", self._shown())

    def _shown(self) -> dict[str, object]:
        broken = self.plan.violations
        return {
            "problem": self.document["problem"],
            "plan": self.plan.method,
            "status": self.status.value,
            "objective": plain(self.objective),
            "bound": plain(self.dual_bound) + ("" if self.dual_bound is None else f" ({self.assurance})"),
            "gap": percent(self.gap),
            **({} if self.regret is None else {"regret": plain(self.regret)}),
            **({} if not broken else {"violations": len(broken), "first": broken[0]}),
            "instance": self.document["digest"][:19] + "…",
        }


def plain_document(problem: Problem[Any], plan: Result) -> dict[str, Any]:
    """Return the document of a certificate that claims a plan's value, if it is feasible, and nothing else."""
    return {
        "format": CERTIFICATE_FORMAT,
        "problem": problem.name,
        "options": problem.options,
        "instance": problem.instance.to_json(),
        "digest": problem.instance.digest(),
        "solution": problem.solution_document(plan.solution) if plan.feasible else None,
        "objective": plan.objective if plan.feasible else None,
        "dual_bound": None,
        "gap": None,
        "status": (Status.FEASIBLE if plan.feasible else Status.UNKNOWN).value,
        "arithmetic": "",
        "evidence": None,
        "created_by": {"plan": plan.method, "seed": plan.seed, "versions": versions()},
    }


def save_certificates(certificates: list[Certificate], path: str | Path) -> None:
    """Write one certificate as an object, several as a list; `InputError` if the place cannot be written."""
    from mcsopt.data.files import write_text

    documents = [dict(certificate.document) for certificate in certificates]
    write_text(path, json.dumps(documents[0] if len(documents) == 1 else documents, allow_nan=False) + "\n")


def load_documents(path: str | Path) -> list[dict[str, Any]]:
    """Read a certificate file as a list of documents, unchecked; `InputError` if it is no JSON."""
    from mcsopt.data.files import read_json

    content = read_json(path, "a certificate")
    documents = content if isinstance(content, list) else [content]
    if not documents:
        raise InputError("", "holds no certificate", "give a file with at least one", str(path))
    return documents
