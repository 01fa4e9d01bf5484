"""Which pairs may be contracted at all: payment covers cost (25b), mismatch risk within its cap (25h)."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

import numpy as np

from mcsopt.verification.check.rounding import MONEY, NEAR, RISK
from mcsopt.verification.check.strict import Run

NO, YES, TIE = 0, 1, 2
DIGITS = 50
"""Decimal digits to which e^eps is enclosed when the risk of a pair is within 1e-10 of its cap."""


def covers_cost(payment: np.ndarray, cost: np.ndarray, run: Run) -> np.ndarray:
    """Return, per pair, whether ``p >= c - 1e-9``, shape (P,), bool; decided in rationals within 1e-10."""
    margin = (payment - cost) + float(MONEY)
    covered = margin >= 0
    for pair in np.flatnonzero(np.abs(margin) <= NEAR):
        run.count("rational decisions")
        covered[pair] = Fraction(float(payment[pair])) >= Fraction(float(cost[pair])) - MONEY
    return covered


def ratio_risk(prior: np.ndarray, num_tasks: int) -> np.ndarray:
    """Return the mismatch risk ``(1 - phi) / I`` of each pair, in doubles."""
    return np.asarray((1.0 - prior) / max(num_tasks, 1))


def within_ratio_cap(prior: np.ndarray, num_tasks: int, cap: float, run: Run) -> np.ndarray:
    """Return, per pair, YES or NO to ``(1 - phi) / I <= rho2 + 1e-12``; decided in rationals within 1e-10."""
    excess = ratio_risk(prior, num_tasks) - cap
    answer = np.where(excess <= float(RISK), YES, NO)
    for pair in np.flatnonzero(np.abs(excess) <= NEAR):
        run.count("rational decisions")
        exact = (1 - Fraction(float(prior[pair]))) / num_tasks <= Fraction(cap) + RISK
        answer[pair] = YES if exact else NO
    return answer


def pair_risk(prior: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
    """Return the posterior refusal of each pair, in doubles.

    ``(1-phi)(1-p) / (phi p + (1-phi)(1-p))`` with ``p = e^eps/(1+e^eps)``, divided by ``1 - p`` throughout:
    ``(1-phi) / (phi e^eps + 1 - phi)``.
    """
    refusal = 1.0 - prior
    return np.asarray(refusal / (prior * np.exp(np.minimum(epsilon, 700.0)) + refusal))


def within_pair_cap(prior: np.ndarray, epsilon: np.ndarray, cap: float, run: Run) -> np.ndarray:
    """Return, per pair, YES, NO or TIE to posterior refusal ``<= rho2 + 1e-12``.

    The doubles err by less than 1e-14, so they decide beyond 1e-10 of the cap; closer by, and where e^eps
    leaves the doubles, an outward-rounded interval for e^eps decides, and TIE is what it leaves undecided.
    """
    excess = pair_risk(prior, epsilon) - cap
    answer = np.where(excess <= float(RISK), YES, NO)
    for pair in np.flatnonzero((np.abs(excess) <= NEAR) | (epsilon > 700.0)):
        answer[pair] = _decide_pair(float(prior[pair]), float(epsilon[pair]), cap, run)
    return answer


def _decide_pair(prior: float, epsilon: float, cap: float, run: Run) -> int:
    phi, limit = Fraction(prior), Fraction(cap) + RISK
    if phi == 0 or phi == 1:
        run.count("rational decisions")
        return YES if 1 - phi <= limit else NO
    run.count("interval decisions")
    if epsilon > 1e5:
        # phi >= 2^-1074, so phi e^eps > 10^40000 and the risk is below any cap > 0.
        return YES
    # Decimal's exp is correctly rounded; one unit more on either side encloses e^eps whatever the rounding
    # did.
    middle = Context(prec=DIGITS, Emax=999999, Emin=-999999).exp(Decimal(epsilon))
    step = Fraction(middle) * Fraction(1, 10 ** (DIGITS - 1))
    # 1 - phi <= limit (phi e + 1 - phi) increases in e = e^eps.
    low, high = (
        limit * (phi * odds + 1 - phi) - (1 - phi) for odds in (Fraction(middle) - step, Fraction(middle) + step)
    )
    if low >= 0:
        return YES
    if high < 0:
        return NO
    run.count("undecided ties")
    return TIE
