"""Certified optimality gaps: how far is a heuristic's plan from the best there is, and why believe that number.

Names are loaded on first use, so that ``import mcsopt`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcsopt import data, heuristics, models, privacy, problems, solvers, verification
    from mcsopt.models import model
    from mcsopt.result import Assurance, Result, Status, Termination
    from mcsopt.solvers import solve
    from mcsopt.verification import Certificate, certify, certify_equilibrium, verify

_HOME = {
    "Assurance": "mcsopt.result",
    "Certificate": "mcsopt.verification",
    "Result": "mcsopt.result",
    "Status": "mcsopt.result",
    "Termination": "mcsopt.result",
    "certify": "mcsopt.verification",
    "certify_equilibrium": "mcsopt.verification",
    "model": "mcsopt.models",
    "solve": "mcsopt.solvers",
    "verify": "mcsopt.verification",
}
_PACKAGES = ("data", "heuristics", "models", "privacy", "problems", "solvers", "verification")

__all__ = [
    "Assurance",
    "Certificate",
    "Result",
    "Status",
    "Termination",
    "certify",
    "certify_equilibrium",
    "data",
    "heuristics",
    "model",
    "models",
    "privacy",
    "problems",
    "solve",
    "solvers",
    "verification",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _PACKAGES:
        return importlib.import_module(f"mcsopt.{name}")
    raise AttributeError(f"module 'mcsopt' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
