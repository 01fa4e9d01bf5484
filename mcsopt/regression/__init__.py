"""Gaps guarded in CI: assertions and the pytest plugin, comparisons with a baseline, sweeps.

Names are loaded on first use: every run of pytest in an environment with mcsopt imports this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcsopt.regression.assertions import assert_certified_gap, assert_equilibrium, assert_feasible

__all__ = ["assert_certified_gap", "assert_equilibrium", "assert_feasible"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from mcsopt.regression import assertions

        return getattr(assertions, name)
    raise AttributeError(f"module 'mcsopt.regression' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
