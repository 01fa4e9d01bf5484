"""Prices of players: a bound on every partition, and the linear program that makes it least.

If the players of each coalition T that may form pay at least its value, ``y(T) >= v(T)``, no partition is worth more
than ``y(N)``. Any prices will do: raised, or lowered, all by ``d = max over T of (v(T) - y(T)) / |T|`` they satisfy
this, so that ``y(N) + n d`` is a bound. The least one is the value of the set partitioning relaxation; for a game with
a core, that of the best partition.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from mcsopt.problems.coalition_game import CoalitionGame, block_of, subset_sums
from mcsopt.problems.coalition_structure import Partition

_UNIT = 2.0**-53
_VIOLATED = 1e-10
"""Excess of a coalition over its prices, relative to the largest value, from which it becomes a row of the program."""
_MOST_ROUNDS = 400


@dataclass(frozen=True)
class Prices:
    """Prices that no coalition exceeds, and the bound that they prove.

    Attributes
    ----------
    price : array of float, shape (n,)
    bound : float
        Their sum, rounding included: no partition is worth more.
    """

    price: np.ndarray
    bound: float


def raised(game: CoalitionGame, price: np.ndarray) -> Prices:
    """Return prices moved all alike, so that the players of each coalition that may form just pay its value."""
    excess = game.worth[1:] - subset_sums(price)[1:]
    # At prices 0 nothing is rounded: where nobody gains by anybody, the bound is 0 and not 1e-15.
    rounding = (game.players + 2) * _UNIT * (largest(game) + float(np.abs(price).sum())) if price.any() else 0.0
    shift = float((excess / game.size[1:]).max()) + rounding
    moved = price + shift
    bound = math.fsum([*price.tolist(), game.players * shift])
    return Prices(moved, bound + 4 * _UNIT * (abs(bound) + game.players * abs(shift)))


def largest(game: CoalitionGame) -> float:
    """Return the largest magnitude of a value of a coalition that may form, 0 if there is none."""
    return float(np.abs(game.value[game.may_form]).max(initial=0.0))


def fair_shares(game: CoalitionGame) -> Prices:
    """Return the price of each player as its equal share in the coalition where that is largest: a quick bound.

    Some coalition must be allowed to form.
    """
    share = np.full(len(game.value), -np.inf)
    np.divide(game.worth, game.size, out=share, where=game.may_form)
    price = [_with(share, player).max() for player in range(game.players)]
    return raised(game, np.where(np.isfinite(price), price, 0.0))


def _with(table: np.ndarray, player: int) -> np.ndarray:
    """Return a view of the entries of all coalitions with a player; by rising mask, if flattened."""
    return table.reshape(-1, 2, 1 << player)[:, 1, :]


class PriceProgram:
    """``min y(N)`` subject to ``y(T) >= v(T)``, by rows: coalitions are added as they exceed their prices.

    Parameters
    ----------
    game : CoalitionGame
        Some coalition may form.

    Attributes
    ----------
    best : Prices
        The least bound so far, at first that of `fair_shares`, or of prices all alike.
    chosen : Partition
        Coalitions of weight one half or more in the last relaxation solved: a partition if that was integral.
    """

    def __init__(self, game: CoalitionGame) -> None:
        self.game = game
        self.scale = largest(game) or 1.0
        self.best = min(fair_shares(game), raised(game, np.zeros(game.players)), key=lambda prices: prices.bound)
        self.chosen = Partition([])

    def solve(self, deadline: float, report: Callable[[str], None]) -> bool:
        """Solve the program; False: the deadline, a reading of `time.perf_counter`, came first."""
        rows = self._exceeding(self.best.price - self.scale)
        worth, players = self.game.worth / self.scale, np.arange(self.game.players)
        for round_ in range(_MOST_ROUNDS):
            if time.perf_counter() >= deadline:
                return False
            members = (rows[:, None] >> players & 1).astype(float)
            # Boxed: where no weights of coalitions cover each player once, prices would fall without end.
            box = (-4.0 * self.game.players, 4.0 * self.game.players)
            answer = linprog(np.ones(len(players)), -members, -worth[rows], bounds=box, method="highs-ds")
            if answer.x is None:
                return True  # the bound so far stands
            found = raised(self.game, answer.x * self.scale)
            self.best = min(self.best, found, key=lambda prices: prices.bound)
            weight = -answer.ineqlin.marginals
            self.chosen = Partition(block_of(mask) for mask in rows[weight > 0.5].tolist())
            report(f"player prices: round {round_ + 1}, {len(rows)} coalitions, bound {self.best.bound:.10g}")
            more = np.setdiff1d(self._exceeding(answer.x * self.scale), rows)
            if not len(more):
                return True
            rows = np.concatenate([rows, more])
        return True

    def _exceeding(self, price: np.ndarray) -> np.ndarray:
        """Return, for each player, the coalition with it that exceeds its prices most, if by enough; by bit mask."""
        excess = self.game.worth - subset_sums(price)
        found = set()
        for player in range(self.game.players):
            theirs = _with(excess, player)
            high, low = divmod(int(np.argmax(theirs)), 1 << player)
            if theirs[high, low] > _VIOLATED * self.scale:
                found.add(high << (player + 1) | 1 << player | low)
        return np.array(sorted(found), np.int64)
