"""What the checks of `benchmarks.acceptance` are given, and what they yield."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table; `met` None: not judged, the measured text says why."""

    criterion: str
    target: str
    measured: str
    met: bool | None


@dataclass(frozen=True)
class Effort:
    """How much to do, and where to say how far it has got."""

    quick: bool
    report: Callable[[str], None]

    def size(self, full: int) -> int:
        """Return the number of cases: all, or a tenth of them."""
        return max(2, full // 10) if self.quick else full
