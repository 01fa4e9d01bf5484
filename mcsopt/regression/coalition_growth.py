"""How social cost and variance grow with the number of players, beside Theorems 1-4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

QUANTITIES = (
    "central_cost",
    "central_variance",
    "stable_cost",
    "stable_variance",
    "price_cost",
    "price_variance",
)


def theory_exponent(quantity: str, alpha: float) -> float:
    """Return the exponent of n that Theorems 1-4 give a quantity in regime alpha (away from -1/2 and 1/2).

    Theorem 1 (central): below alpha = 1/2 cost ``2(alpha+1)/3``, variance ``(2 alpha-1)/3``; above 1 and 0. Theorem 2
    (stable): below -1/2 cost ``(2 alpha+4)/3``, variance ``(2 alpha+1)/3``; above 1 and 0. Theorems 3, 4 (prices):
    ``2/3`` up to -1/2, ``(1 - 2 alpha)/3`` up to 1/2, then 0.
    """
    if quantity.startswith("price"):
        return 2 / 3 if alpha <= -0.5 else max(0.0, (1 - 2 * alpha) / 3)
    pooled = alpha < 0.5 if quantity.startswith("central") else alpha < -0.5
    if quantity == "central_cost":
        return 2 * (alpha + 1) / 3 if pooled else 1.0
    if quantity == "central_variance":
        return (2 * alpha - 1) / 3 if pooled else 0.0
    if quantity == "stable_cost":
        return (2 * alpha + 4) / 3 if pooled else 1.0
    if quantity == "stable_variance":
        return (2 * alpha + 1) / 3 if pooled else 0.0
    raise ValueError(f"no theorem is about {quantity!r}")


@dataclass(frozen=True)
class Growth:
    """One fitted exponent.

    Attributes
    ----------
    quantity, alpha, stability
        What was fitted, in which regime and notion.
    fitted : float
        Slope of log quantity over log n, least squares over the upper half of the sizes.
    theory : float
        :func:`theory_exponent`.
    shows_from : int or None
        Least n from which every local slope stays within 0.05 of the theory; None if it never does.
    """

    quantity: str
    alpha: float
    stability: str
    fitted: float
    theory: float
    shows_from: int | None


def growth_exponents(rows: Sequence[Mapping[str, Any]], *, tolerance: float = 0.05) -> list[Growth]:
    """Fit exponents to the rows of a sweep over players and alpha.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of :func:`mcsopt.regression.coalition_sweep.sweep`; several rows with the same players are averaged.
    tolerance : float
        How close a local slope must stay to count as showing the theorem.

    Returns
    -------
    list of Growth
        By alpha, notion and quantity.
    """
    found = []
    for alpha, stability in sorted({(row["alpha"], row["stability"]) for row in rows}):
        group = [row for row in rows if (row["alpha"], row["stability"]) == (alpha, stability)]
        sizes = sorted({row["players"] for row in group})
        if len(sizes) < 3:
            continue
        for quantity in QUANTITIES:
            means = [np.mean([row[quantity] for row in group if row["players"] == n]) for n in sizes]
            x, y = np.log(sizes), np.log(means)
            half = len(sizes) // 2
            theory = theory_exponent(quantity, alpha)
            off = np.flatnonzero(np.abs(np.diff(y) / np.diff(x) - theory) > tolerance)
            first = int(off[-1]) + 1 if len(off) else 0
            found.append(
                Growth(quantity, alpha, stability, float(np.polyfit(x[half:], y[half:], 1)[0]), theory,
                       int(sizes[first]) if first < len(sizes) - 1 else None)
            )  # fmt: skip
    return found
