"""The best partition by compiled code: the largest sums over all subsets, in doubles. Importing this loads numba.

See `coalition_structure` for the recursion and for what its rounding can do. Coalitions that may not form are -inf.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mcsopt.verification.check.strict import Run

PIECE = 4096
"""Sets between two looks at the clock: half a billion splits at most, about a second."""


@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def _best_with(value: np.ndarray, best: np.ndarray, top: int, rest: int) -> float:
    """Return the best value of the set of the player `top`, a bit, and the lower players `rest`."""
    most, others = value[top + rest], rest
    while others:
        most = max(most, value[top + rest - others] + best[others])
        others = (others - 1) & rest
    return float(most)


@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def _extend(value: np.ndarray, best: np.ndarray, top: int, low: int, high: int) -> None:
    """Find the best of the sets ``top + rest`` for rest from `low` up to, and without, `high`."""
    for rest in range(low, high):
        best[top + rest] = _best_with(value, best, top, rest)


def best_value(value: np.ndarray, players: int, run: Run) -> float:
    """Return the largest sum of values over the partitions of all players, -inf if there is none."""
    best = np.zeros(1 << (players - 1))
    for player in range(players - 1):
        top = 1 << player
        for low in range(0, top, PIECE):
            run.tick()
            _extend(value, best, top, low, min(low + PIECE, top))
    run.tick()
    top = 1 << (players - 1)
    return float(_best_with(value, best, top, top - 1))
