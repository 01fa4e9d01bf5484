"""Whether a coalition is stable, from the burdens of Definitions 7 and 8.

Every burden at variance ``t`` is ``t / size`` plus a term free of t: members stay iff ``t >= stay``, and nobody enters
iff ``t < entry``. Within 1e-12 relative a comparison is a tie; on a tie members stay and outsiders enter. Both say:
S is stable at exactly ``T = sigma^2 (1 + 1e-12)``.

Burdens are computed in doubles; within 1e-10 relative of T they are computed anew in decimals of 50 digits, each
quantity right to 1e-40 relative: powers of k by ``exp(x ln k)``, both functions correctly rounded, cube roots verified
by cubing, sums of positive terms. What even these cannot decide is refused.
"""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from mcsopt.verification.check.coalition import Players, noise
from mcsopt.verification.check.rounding import NEAR
from mcsopt.verification.check.strict import Refused, Run
from mcsopt.verification.check.verdict import Breach

TIE = 1e-12
"""Relative difference within which a comparison is a tie."""
NOTIONS = ("nash", "robust")
_CONTEXT = decimal.Context(prec=50, rounding=decimal.ROUND_HALF_EVEN, Emin=-9999, Emax=9999)
_EXACT = Decimal("1e-40")


def chosen_levels(players: Players, who: np.ndarray, size: int) -> np.ndarray:
    """Return ``eps_i = (4 / (k^(2+alpha) c_i))^(1/3)``, by which each bears least in a coalition of `size` (Lemma 2).

    ``(2/k^2)/eps^2 + c k^alpha eps`` is convex in eps; its derivative vanishes where ``eps^3 = 4 / (k^(2+alpha) c)``.
    """
    return np.cbrt(4.0 / (float(size) ** (2 + players.alpha) * players.cost[who]))


def breaches(players: Players, notion: str, members: Sequence[int], run: Run) -> tuple[Breach, ...]:
    """Return who leaves and who enters, with by how much of sigma^2 the burden is on the wrong side."""
    if len(members) < 2:
        return (Breach("two members at least", "coalition", float(2 - len(members))),)
    inside = np.array(sorted(members))
    outside = np.setdiff1d(np.arange(players.number), inside)
    found = []
    excess = _worst_inside(players, inside, players.variance * (1 + TIE)) - 1
    if _positive(excess, players, inside, None, run):
        found.append(Breach("no member leaves", "coalition", excess))
    if len(outside):
        entry = _nash_entrant if notion == "nash" else _robust_entrant
        excess = entry(players, inside, outside, players.variance * (1 + TIE)) - 1
        if not _positive(excess, players, inside, (notion, outside), run):
            found.append(Breach(f"nobody enters ({notion})", "coalition", -excess))
    return tuple(found)


# In doubles ---------------------------------------------------------------------------------------------------------


def _worst_inside(players: Players, inside: np.ndarray, t: float) -> float:
    """Return the largest burden of a member at variance t, over t."""
    k = len(inside)
    level = chosen_levels(players, inside, k)
    pooled = t / k + 2.0 / k**2 * noise(level)
    own = players.cost[inside] * float(k) ** players.alpha * level
    return float(pooled + own.max()) / t


def _nash_entrant(players: Players, inside: np.ndarray, outside: np.ndarray, t: float) -> float:
    """Return the least burden of an entrant at variance t, over t; the members keep their levels (Definition 7)."""
    k = len(inside)
    level = chosen_levels(players, outside, k + 1)
    pooled = t / (k + 1) + 2.0 / (k + 1) ** 2 * (noise(chosen_levels(players, inside, k)) + 1.0 / (level * level))
    return float((pooled + players.cost[outside] * float(k + 1) ** players.alpha * level).min()) / t


def _robust_entrant(players: Players, inside: np.ndarray, outside: np.ndarray, t: float) -> float:
    """Return, over t, the least that the worst off of S and an entrant bears; all choose anew (Definition 8)."""
    k = len(inside)
    level, mine = chosen_levels(players, inside, k + 1), chosen_levels(players, outside, k + 1)
    pooled = t / (k + 1) + 2.0 / (k + 1) ** 2 * (noise(level) + 1.0 / (mine * mine))
    scale = float(k + 1) ** players.alpha
    own = np.maximum((players.cost[inside] * level).max(), players.cost[outside] * mine)
    return float((pooled + scale * own).min()) / t


# In decimals --------------------------------------------------------------------------------------------------------


def _positive(
    excess: float, players: Players, inside: np.ndarray, entry: tuple[str, np.ndarray] | None, run: Run
) -> bool:
    """Whether the burden in question is above T, where doubles find it above by `excess` relative to T."""
    if abs(excess) > NEAR:
        return excess > 0
    run.count("ties decided in 50 digits")
    with decimal.localcontext(_CONTEXT):
        # The burdens rise with the cost of the player they are of, and with that of the entrant: so the most expensive
        # member and the cheapest entrant decide. At T the burden b = T/size + rest is above T iff rest > T - T/size.
        rest, size = _rest_inside(players, inside) if entry is None else _rest_entering(players, inside, *entry)
        top = Decimal(players.variance) * (1 + Decimal("1e-12"))
        limit = top - top / size
        if abs(rest - limit) <= 4 * _EXACT * limit:
            raise Refused("the solution lies on the edge of a tie: 50 digits do not decide whether it is stable")
        return rest > limit


def _rest_inside(players: Players, inside: np.ndarray) -> tuple[Decimal, int]:
    """Return the burden of the most expensive member less ``t / k``, and k."""
    k = len(inside)
    return _pooled(players, inside, k, k) + _own(players, float(players.cost[inside].max()), k), k


def _rest_entering(players: Players, inside: np.ndarray, notion: str, outside: np.ndarray) -> tuple[Decimal, int]:
    """Return the deciding burden after the cheapest outsider has entered, less ``t / (k + 1)``, and k + 1."""
    k = len(inside)
    cheapest = outside[[int(np.argmin(players.cost[outside]))]]
    mine = float(players.cost[cheapest[0]])
    top = mine if notion == "nash" else max(mine, float(players.cost[inside].max()))
    others = _pooled(players, inside, k if notion == "nash" else k + 1, k + 1)
    return others + _pooled(players, cheapest, k + 1, k + 1) + _own(players, top, k + 1), k + 1


def _pooled(players: Players, who: np.ndarray, chosen: int, size: int) -> Decimal:
    """Return ``(2/size^2) sum 1/eps^2`` with the levels chosen in a coalition of size `chosen`."""
    scale = _cube_root(4 / _power(chosen, players.alpha, 2))
    total = sum((_cube_root(Decimal(c)) ** 2 for c in players.cost[who].tolist()), Decimal(0))
    return 2 * total / (scale * scale * size * size)


def _own(players: Players, cost: float, size: int) -> Decimal:
    """Return ``c size^alpha eps`` at the level chosen in a coalition of `size`."""
    level = _cube_root(4 / (_power(size, players.alpha, 2) * Decimal(cost)))
    return Decimal(cost) * _power(size, players.alpha, 0) * level


def _power(k: int, alpha: float, more: int) -> Decimal:
    """Return ``k^(more + alpha)``."""
    return ((more + Decimal(alpha)) * Decimal(k).ln()).exp()


def _cube_root(x: Decimal) -> Decimal:
    """Return the cube root of x > 0, right to 1e-45 relative: proved by cubing both ends."""
    # Newton's method doubles the digits of the double it starts from.
    y = Decimal(float(np.cbrt(float(x))))
    for _ in range(3):
        y -= (y - x / (y * y)) / 3
    margin = Decimal("1e-45")
    if not (y * (1 - margin)) ** 3 < x < (y * (1 + margin)) ** 3:
        raise Refused("a cube root cannot be verified to 45 digits")
    return y
