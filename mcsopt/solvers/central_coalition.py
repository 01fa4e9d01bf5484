"""The centrally optimal data coalition in closed form: one sort and prefix sums."""

from __future__ import annotations

import time

import numpy as np

from mcsopt import tolerances
from mcsopt.kernels.coalitions import prefix_sums, roots
from mcsopt.problems.central_coalition import CentralCoalition, PrivateCoalition
from mcsopt.problems.data_coalition import DataCoalition
from mcsopt.result import Assurance, Result, conclude
from mcsopt.solvers.registry import Settings

METHOD = "central"
MARGIN = 1e-13
"""Relative room for rounding: every term of a social cost is positive and right to some units in the last place."""


def social_costs(players: DataCoalition) -> tuple[np.ndarray, np.ndarray]:
    """Return the players by cost, and the least social cost of a coalition of each size.

    ``SC_c(k) = (n + 1 - k) sigma^2 + 3 k^((2 alpha - 1)/3) sum of the k least (c^2/2)^(1/3)`` (2)-(3).

    Parameters
    ----------
    players : DataCoalition

    Returns
    -------
    order : array of int, shape (n,)
        Players by ascending cost, ties by index.
    cost : array of float, shape (n + 1,)
        Entry k is ``SC_c(k)``; entry 0 is ``n sigma^2``, entry 1 infinite (no coalition has one member).

    Examples
    --------
    >>> order, cost = social_costs(DataCoalition([0.003, 0.001, 0.002], 0.25, 0.0))
    >>> order.tolist(), cost.round(4).tolist()
    ([1, 2, 0], [0.75, inf, 0.5489, 0.3271])
    """
    order, a = roots(players)
    n, k = players.num_players, np.arange(1.0, players.num_players + 1)
    least = (n + 1 - k) * players.variance + 3 * k ** ((2 * players.alpha - 1) / 3) * prefix_sums(a)[0][1:]
    least[0] = np.inf
    return order, np.append(n * players.variance, least)


def solve(problem: CentralCoalition, settings: Settings) -> Result:
    """Find members and privacy levels of least social cost.

    For each size the k cheapest players at ``eps_i = (4/(k^(1+alpha) c_i))^(1/3)`` are best (Lemma 1); k* is the best
    of all sizes; a tie with the empty coalition, within 1e-12, goes to k* (4).

    Parameters
    ----------
    problem : CentralCoalition
        Any size, O(n log n).
    settings : Settings
        Not needed.

    Returns
    -------
    Result
        PROVED, with evidence ``{"kind": "closed-form"}``: the checker derives the bound anew. The bound is below the
        least ``SC_c`` by 1e-13, relative, for rounding.

    References
    ----------
    Data coalitions under chosen privacy, Lemma 1, equations (2)-(4).
    """
    began = time.perf_counter()
    order, cost = social_costs(problem.instance)
    size = 2 + int(np.argmin(cost[2:]))
    if cost[size] > cost[0] * (1 + tolerances.STABILITY):
        size = 0
    members = order[:size].tolist()
    return conclude(
        problem,
        METHOD,
        PrivateCoalition(members, problem.instance.assigned_privacy(members)),
        dual_bound=float(cost.min()) * (1 - MARGIN),
        assurance=Assurance.FLOAT,
        seconds={"solve": time.perf_counter() - began},
        evidence={"kind": "closed-form"},
    )
