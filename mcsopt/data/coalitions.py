"""Players for data coalitions: cost profiles, and variances at which coalitions begin to form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems import DataCoalition
from mcsopt.seeds import generator


def _uniform(rng: np.random.Generator, players: int) -> np.ndarray:
    return rng.uniform(0.001, 0.02, players)


def _lognormal(rng: np.random.Generator, players: int) -> np.ndarray:
    return 0.005 * np.exp(rng.standard_normal(players))


def _two_cluster(rng: np.random.Generator, players: int) -> np.ndarray:
    return np.where(rng.random(players) < 0.5, 0.002, 0.015) * rng.uniform(0.97, 1.03, players)


def _geometric(rng: np.random.Generator, players: int) -> np.ndarray:
    ratio = rng.uniform(1.2, 2.5)
    # However many players there are, the last costs at most a million times the first.
    return 0.001 * min(ratio, 1e6 ** (1 / (players - 1))) ** np.arange(players)


def _equal(rng: np.random.Generator, players: int) -> np.ndarray:
    return np.full(players, rng.uniform(0.001, 0.02))


COSTS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "uniform": _uniform,
    "lognormal": _lognormal,
    "two-cluster": _two_cluster,
    "geometric": _geometric,
    "equal": _equal,
}
"""How each profile draws the costs."""


def data_coalition(
    players: int = 10,
    costs: str = "uniform",
    seed: int = 0,
    *,
    variance: float | None = None,
    alpha: float = 0.5,
) -> DataCoalition:
    """Draw players who may pool their data.

    Costs:

    - ``uniform``: uniform on [0.001, 0.02], the range of the paper's examples;
    - ``lognormal``: median 0.005, the logarithm of standard deviation 1;
    - ``two-cluster``: 0.002 or 0.015, each with probability 1/2, give or take 3 %;
    - ``geometric``: 0.001 times powers of a ratio uniform on [1.2, 2.5], less if the last were above 1000;
    - ``equal``: all the same, uniform on [0.001, 0.02].

    Without `variance` a coin decides. Let k be the size nearest to half of the players at which the k cheapest are
    Nash-stable for some variances, an interval [stay, entry); if there is no such k, the grand coalition's k = n.
    Heads: the variance is uniform on that interval (k = n: up to twice its beginning). Tails: uniform from there to
    where k + 1 would stay (k = n: from half the beginning of the interval), where neither of the two is stable.

    Parameters
    ----------
    players : int
        Number of players n, >= 2.
    costs : str
        One of `COSTS`.
    seed : int
        Seed, >= 0.
    variance : float, optional
        ``sigma^2 > 0``.
    alpha : float
        Regime in [-1, 1].

    Returns
    -------
    DataCoalition

    Raises
    ------
    InputError
        If an argument is outside its range.

    Notes
    -----
    So a Nash coalition exists about half of the time. On tails one of another size or of other members may be stable:
    seldom, but mostly in two clusters at alpha = -1. Robust coalitions nearly always exist.

    Examples
    --------
    >>> data_coalition(players=6, costs="geometric", seed=1).num_players
    6
    """
    if costs not in COSTS:
        raise InputError("costs", f"is {costs!r}", f"use one of {', '.join(COSTS)}")
    if players < 2:
        raise InputError("players", f"is {players}", "give a number >= 2")
    if not -1 <= alpha <= 1:
        raise InputError("alpha", f"is {alpha}", "give a number in [-1, 1]")
    rng = generator(seed)
    cost = COSTS[costs](rng, players)
    heads, share = bool(rng.random() < 0.5), float(rng.random())
    if variance is None:
        low, high = _interval(cost, alpha, heads)
        variance = low + (high - low) * share
    return DataCoalition(rng.permutation(cost), variance, alpha)


def _interval(cost: np.ndarray, alpha: float, heads: bool) -> tuple[float, float]:
    """Return the range of the variance; see `data_coalition`."""
    n, e = len(cost), (2 * alpha + 1) / 3
    a = np.sort(np.cbrt(cost**2 / 2))
    total = np.cumsum(a)
    size = np.arange(2, n + 1)
    # Claim 5, solved for the variance, for the k = 2..n cheapest.
    stay = (total[size - 1] + 2 * a[size - 1]) * size**e / (size - 1)
    k = size[:-1]
    entry = (3 * a[k] * ((k + 1) / k) ** (e + 1) + total[k - 1]) * k**e / (k + 1)
    formed = np.flatnonzero(entry > stay[:-1])
    if len(formed):
        best = formed[np.argmin(np.abs(k[formed] - n / 2))]
        low, high = (stay[best], entry[best]) if heads else (entry[best], stay[best + 1])
        return float(low), float(high)
    grand = float(stay[-1])
    return (grand, 2 * grand) if heads else (grand / 2, grand)
