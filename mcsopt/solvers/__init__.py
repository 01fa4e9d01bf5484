"""How it is proved: one file per method, and a registry of who solves what."""

from __future__ import annotations

from mcsopt.solvers.dispatch import solve
from mcsopt.solvers.registry import Settings, Solver, solver, solvers, solvers_of

__all__ = ["Settings", "Solver", "solve", "solver", "solvers", "solvers_of"]
