"""Whether delivered quality meets a demand: one comparison, decided in rationals where doubles cannot tell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from mcsopt import tolerances


def demand_slack(qualities: Iterable[float], count: int, redundancy: float, demand: float) -> Fraction:
    """Return ``sum of q - Q^D (1 + (n - 1) zeta) + 1e-12``, exactly; the demand is met iff it is >= 0.

    Parameters
    ----------
    qualities : iterable of float
        Terms of the sum of single-shot qualities; a term may be a sum already.
    count : int
        n >= 0, how many workers deliver them.
    redundancy, demand : float
        ``zeta`` in [0, 1) and ``Q^D >= 0``.
    """
    total = sum((Fraction(float(q)) for q in qualities), Fraction(0))
    needed = Fraction(float(demand)) * (1 + (count - 1) * Fraction(float(redundancy)))
    return total - needed + Fraction(str(tolerances.QUALITY))


def demand_missed(qualities: Sequence[float], count: int, redundancy: float, demand: float) -> float:
    """Return by how much the sum of qualities misses what the demand asks of so many workers; 0 if it meets it.

    Parameters are those of :func:`demand_slack`. The amount is ``Q^D (1 + (n - 1) zeta) - sum of q``, in quality.
    """
    needed = demand * (1 + (count - 1) * redundancy)
    short = math.fsum([needed, *(-q for q in qualities)])
    # Only the three operations of `needed` round, and the subtraction.
    if abs(short - tolerances.QUALITY) > 1e-15 * needed + 1e-24:
        return short if short > tolerances.QUALITY else 0.0
    return short if demand_slack(qualities, count, redundancy, demand) < 0 else 0.0


def demands_met(quality_sum: np.ndarray, count: np.ndarray, redundancy: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Return, for each of many tasks, whether its sum of qualities meets its demand; see :func:`demand_slack`.

    Parameters
    ----------
    quality_sum, redundancy, demand : array of float, shape (I,)
    count : array of int, shape (I,)
        Where it is 0, so is the quality delivered, and only a demand of at most ``1e-12 / (1 - zeta)`` is met.

    Returns
    -------
    array of bool, shape (I,)
    """
    needed = demand * (1 + (count - 1) * redundancy)
    slack = quality_sum - needed + tolerances.QUALITY
    met = slack >= 0
    for i in np.flatnonzero(np.abs(slack) <= 1e-15 * (quality_sum + needed) + 1e-24):
        met[i] = demand_slack([quality_sum[i]], int(count[i]), redundancy[i], demand[i]) >= 0
    return np.asarray(met)
