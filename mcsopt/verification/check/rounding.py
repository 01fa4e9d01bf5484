"""Rounding that errs on the safe side, and doubles as scaled integers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from mcsopt.verification.check.strict import Refused

UNIT = 2.0**-53
"""Unit roundoff u of doubles: a correctly rounded operation errs by at most u relative to its result."""
NEAR = 1e-10
"""Comparisons closer than this are decided in rationals."""
MONEY = Fraction(1, 10**9)
"""Slack of money and weight constraints."""
RISK = Fraction(1, 10**12)
"""Slack of probabilities."""
QUALITY = Fraction(1, 10**12)
"""Slack of delivered against demanded quality."""


def sum_up(terms: Iterable[float]) -> float:
    """Return the least double that is at least the exact sum of the terms; exact sums stay as they are."""
    terms = list(terms)
    try:
        total = math.fsum(terms)
        # fsum is correctly rounded, and a sum of doubles rounds to 0 only if it is 0: the sign is that of the
        # error.
        return math.nextafter(total, math.inf) if math.fsum([*terms, -total]) > 0 else total
    except OverflowError:
        raise Refused("a sum is too large for a double") from None


def round_up(value: Fraction) -> float:
    """Return the least double that is at least `value`."""
    x = nearest(value)
    return math.nextafter(x, math.inf) if Fraction(x) < value else x


def nearest(value: Fraction) -> float:
    """Return the double nearest to `value`."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        raise Refused("a number is too large for a double") from None


def scaled(values: Sequence[float]) -> tuple[list[int], int]:
    """Return integers ``n_j`` and a power of two d with ``values[j] = n_j / d``: doubles are dyadic."""
    ratios = [float(x).as_integer_ratio() for x in values]
    scale = max((d for _, d in ratios), default=1)
    return [n * (scale // d) for n, d in ratios], scale
