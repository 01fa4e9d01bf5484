"""Players who may pool their data, as the checkers of coalitions read them: burdens, and sums of roots.

``sigma^2`` is the variance, n the number of players. In a coalition S of size k >= 2 with levels ``eps_i``, member i
bears ``sigma^2/k + (2/k^2) sum_S 1/eps_j^2 + c_i k^alpha eps_i`` and an outsider ``sigma^2`` (Definition 5).

Rounding
--------
Costs and variance lie in [1e-100, 1e100], so nothing here overflows or is denormal. A cube root and a power
``k^x``, ``|x| <= 3``, are right to 5e-15 relative for n <= 1e6 (one unit or two of the function, and the rounding of x
times ln k); `root` is right to 1e-15; prefix sums of roots are the exact sums of these doubles, rounded once; other
sums are correctly rounded (fsum) or of a few terms. Terms are positive throughout. So burdens, social costs and every
side of a condition are right to `ROUNDING` = 1e-13 relative, with much to spare.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from mcsopt.verification.check import strict
from mcsopt.verification.check.rounding import scaled
from mcsopt.verification.check.strict import Range, Refused

KIND = "data-coalition"
ROUNDING = 1e-13
"""Relative error of everything computed in doubles; see above."""
MODERATE = Range(1e-100, 1e100)
BOUND = Range(-1e300, 1e300)
"""Range of a bound on the social cost."""
MOST_PLAYERS = 10**6


@dataclass(frozen=True)
class Players:
    """Costs in the order of the instance, variance and regime.

    Attributes
    ----------
    cost : array of float, shape (n,)
    variance : float
    alpha : float
    """

    cost: np.ndarray
    variance: float
    alpha: float

    @property
    def number(self) -> int:
        """Number of players n."""
        return len(self.cost)


def parse_players(instance: Any) -> Players:
    """Read a ``data-coalition`` instance, its common keys already checked."""
    document = strict.entries(instance, "instance", ("format", "kind", "cost", "variance", "alpha"))
    cost = strict.numbers(document["cost"], "instance.cost", MODERATE)
    if not 2 <= len(cost) <= MOST_PLAYERS:
        raise Refused(f"instance.cost has {len(cost)} entries, not 2 to {MOST_PLAYERS:,}")
    variance = strict.number(document["variance"], "instance.variance", MODERATE)
    alpha = strict.number(document["alpha"], "instance.alpha", Range(-1.0, 1.0))
    return Players(np.array(cost), variance, alpha)


def noise(level: np.ndarray) -> float:
    """Return ``sum 1/eps^2``, correctly rounded but for the rounding of each term."""
    return math.fsum((1.0 / (level * level)).tolist())


def social_cost(players: Players, members: Sequence[int], level: np.ndarray) -> float:
    """Return the sum of all burdens (Definition 6); ``n sigma^2`` for the empty coalition."""
    k = len(members)
    outside = (players.number - k) * players.variance
    if k == 0:
        return outside
    pooled = players.variance / k + 2.0 / k**2 * noise(level)
    burden = pooled + players.cost[list(members)] * float(k) ** players.alpha * level
    return math.fsum([outside, *burden.tolist()])


def roots(players: Players) -> tuple[np.ndarray, np.ndarray]:
    """Return ``a = (c^2 / 2)^(1/3)`` in ascending order, and the sums of the k smallest for k = 0..n."""
    root = np.sort(np.cbrt(players.cost) ** 2 * 0.5 ** (1 / 3))
    whole, scale = scaled(root.tolist())
    return root, np.array([0.0, *(total / scale for total in accumulate(whole))])
