"""The best partition of every set of players, by dynamic programming over subsets.

With the highest player h of S, ``best(S) = max over T within S, h in T, of value(T) + best(S - T)``, ``best({}) = 0``:
each partition of S is met once, by the coalition of h. All sets whose highest player is h rest on sets of lower players
only, so they may be filled in any order, piece by piece. Of the sets with the last player only the whole one is asked
for. That leaves ``(3^(n-1) - 1) / 2 + 2^(n-1)`` splits for n players, about a third of what it takes to try every split
of every set in two, like the optimal dynamic program of Michalak, Rahwan, Elkind, Wooldridge and Jennings (A hybrid
exact algorithm for complete set partitioning, Artificial Intelligence 230, 2016).

A set is a bit mask. A coalition that may not form is worth -inf, as is a set without any partition. A sum of values is
rounded at each addition, from the part of the lower players upwards.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def fill(value: np.ndarray, best: np.ndarray, highest: int, first: int, last: int) -> None:
    """Write ``best[S]`` for the sets S from `first` up to, and without, `last`.

    Parameters
    ----------
    value : array of float, shape (2^n,)
        Worth of each coalition; -inf: it may not form.
    best : array of float, shape (2^(n-1),)
        Filled for all sets below ``2^highest``.
    highest : int
        Highest player of all the sets asked for: ``2^highest <= first <= last <= 2^(highest + 1)``.
    """
    top = 1 << highest
    for members in range(first, last):
        rest = members ^ top
        joined, worth = rest, value[members]
        while joined:
            joined = (joined - 1) & rest
            split = value[top | joined] + best[rest ^ joined]
            worth = max(worth, split)
        best[members] = worth


@njit(cache=True, nogil=True)
def best_split(value: np.ndarray, best: np.ndarray, highest: int, members: int) -> tuple[float, int]:
    """Return ``best(S)`` of the set `members`, and the coalition of its highest player in a partition worth that.

    Of equals the first is taken: S itself, then by falling mask. The coalition is 0 if S has no partition.
    """
    top = 1 << highest
    rest = members ^ top
    joined, worth, coalition = rest, value[members], members
    while joined:
        joined = (joined - 1) & rest
        split = value[top | joined] + best[rest ^ joined]
        if split > worth:
            worth, coalition = split, top | joined
    return worth, coalition if worth > -np.inf else 0
