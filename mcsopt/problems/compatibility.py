"""Which owners may share a coalition: their data must be distributed alike, by the Kullback-Leibler divergence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError, shown
from mcsopt.problems.coalition_game import MOST_PLAYERS

SMOOTHING = 1e-3
"""What is added to every probability before it is divided by: a class that nobody has seen is not impossible."""


def divergences(distributions: Any, smoothing: float = SMOOTHING) -> np.ndarray:
    """Return the divergences between distributions, ``D[i, j] = sum_k p_ik log(p_ik / p_jk)``, smoothed.

    Each distribution of K classes is first smoothed: ``p = (q + smoothing) / (1 + K smoothing)``.

    Parameters
    ----------
    distributions : array of float, shape (n, K)
        One row per owner: probabilities of the classes, >= 0, which sum to 1 within 1e-9.
    smoothing : float
        >= 0. With 0 a divergence may be infinite.

    Returns
    -------
    array of float, shape (n, n)
        In nats, >= 0; 0 on the diagonal. Not symmetric.

    Raises
    ------
    InputError
        For rows that are no distributions, or of unequal length.

    Examples
    --------
    >>> divergences([[0.5, 0.5], [0.9, 0.1]]).round(3).tolist()
    [[0.0, 0.507], [0.366, 0.0]]
    """
    given = _rows(distributions)
    if not 0 <= smoothing < np.inf:
        raise InputError("smoothing", f"is {shown(smoothing)}", "give a number >= 0")
    p = (given + smoothing) / (given.sum(axis=1, keepdims=True) + given.shape[1] * smoothing)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = p[:, None, :] * (np.log(p[:, None, :]) - np.log(p[None, :, :]))
    terms = np.where(p[:, None, :] > 0, ratio, 0.0)
    return np.asarray(np.maximum(terms.sum(axis=2), 0.0))


def _rows(distributions: Any) -> np.ndarray:
    try:
        rows = np.array(distributions, dtype=float)
    except (TypeError, ValueError):
        rows = np.zeros(0)
    if rows.ndim != 2 or not rows.size:
        raise InputError("distributions", "are no table of numbers", "give one list per owner, all of one length")
    bad = np.argwhere(~((rows >= 0) & (rows <= 1)))
    if len(bad):
        i, k = bad[0].tolist()
        raise InputError(f"distributions[{i}][{k}]", f"is {shown(rows[i, k])}", "give a probability")
    sums = rows.sum(axis=1)
    for i in np.flatnonzero(np.abs(sums - 1) > tolerances.PROBABILITY_SUM).tolist():
        raise InputError(f"distributions[{i}]", f"sums to {shown(sums[i])}", "give probabilities that sum to 1")
    return rows


def compatible_pairs(divergence: np.ndarray, threshold: float) -> np.ndarray:
    """Return which pairs may share a coalition: the greater of both divergences is at most the threshold.

    Parameters
    ----------
    divergence : array of float, shape (n, n)
        As :func:`divergences` returns it.
    threshold : float
        ``eps_2 >= 0``, in nats.

    Returns
    -------
    array of bool, shape (n, n)
        Symmetric; True on the diagonal.
    """
    if not threshold >= 0:
        raise InputError("threshold", f"is {shown(threshold)}", "give a number >= 0")
    return np.asarray(np.maximum(divergence, divergence.T) <= threshold) | np.eye(len(divergence), dtype=bool)


def admits_as_printed(divergence: np.ndarray, threshold: float, newcomer: int, members: Collection[int]) -> bool:
    """Whether a coalition admits a newcomer by Algorithm 4 as printed: one way, from the newcomer to each member.

    What may form then depends on the order in which its members joined; see :func:`compatible_pairs` for the repair.
    """
    return bool((divergence[newcomer, list(members)] <= threshold).all())


def feasible_coalitions(pairs: np.ndarray | Sequence[Sequence[bool]]) -> np.ndarray:
    """Return which coalitions have compatible pairs only, 0 or 1 by bit mask: the field of a `CoalitionGame`.

    Parameters
    ----------
    pairs : array of bool, shape (n, n)
        Symmetric, n <= 24; the diagonal is not looked at.

    Examples
    --------
    >>> feasible_coalitions([[True, True, False], [True, True, True], [False, True, True]]).tolist()
    [1, 1, 1, 1, 1, 0, 1, 0]
    """
    pairs = np.asarray(pairs, bool)
    n = len(pairs)
    if pairs.shape != (n, n) or not (pairs == pairs.T).all():
        raise InputError("pairs", f"is of shape {pairs.shape}", "give a symmetric table, one row per player")
    if not 1 <= n <= MOST_PLAYERS:
        raise InputError("pairs", f"is for {n} players", f"tables of coalitions go from 1 to {MOST_PLAYERS} players")
    feasible = np.ones(1 << n, np.int64)
    for player in range(n):
        strangers = sum(1 << other for other in range(player) if not pairs[player, other])
        below = np.arange(1 << player)
        feasible[1 << player : 2 << player] = feasible[: 1 << player] & ((below & strangers) == 0)
    return feasible
