"""Coalition structures, checked: prices raised until no coalition exceeds them, or the best of all subsets anew.

Prices. Let ``d >= (v(T) - y(T)) / |T|`` for every coalition T that may form. The coalitions of a partition hold each of
the n players once, so they are worth at most ``sum of y(T) + |T| d = y(N) + n d``, whatever the prices y; d may be
negative. The least such d is found in rationals up to `EXACT` players. Beyond, in doubles; only coalitions within
rounding of the largest excess of their size are compared in rationals, up to `NEAR_TIES` of them.

Subset values. ``best(S) = max of v(T) + best(S - T)`` over the coalitions T within S that may form and hold the highest
player of S: each partition of S has one coalition with that player. In integers over a common denominator up to `EXACT`
players. Beyond, in doubles by compiled code. Sums are at most n M, M the largest magnitude; if all values are multiples
of a power of two of which n M is less than 2^52, no addition rounds. Else a sum of k <= n values errs by at most
``(k - 1) u n M (1 + n u)``, less than ``1.01 n^2 u M``, and so does the largest of such sums.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mcsopt.verification.check import strict
from mcsopt.verification.check.rounding import UNIT, nearest, round_up, scaled
from mcsopt.verification.check.strict import POSITION, Range, Refused, Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "coalition-structure"
KIND = "coalition-structure"
SENSE = "max"
MOST_PLAYERS = 24
EXACT = 12
"""Most players whose coalitions are all looked at in rationals."""
NEAR_TIES = 100_000
PRICE = Range(-1e200, 1e200)
ARITHMETIC = f"rationals up to {EXACT} players, doubles with an error bound outward above"


@dataclass(frozen=True)
class Game:
    """A table of values by bit mask, and which coalitions may form (never that of nobody)."""

    players: int
    value: np.ndarray
    forms: np.ndarray

    @property
    def largest(self) -> float:
        """Largest magnitude of a value that counts, 0 if none does."""
        return float(np.abs(self.value[self.forms]).max(initial=0.0))


def parse_options(options: Any) -> None:
    """Refuse any option: there is none."""
    strict.entries(options, "options", ())


def parse_instance(instance: Any, options: None, run: Run) -> Game:
    """Read a ``coalition-structure`` instance, its common keys already checked."""
    document = strict.entries(instance, "instance", ("format", "kind", "players", "value"), ("feasible",))
    players = strict.number(document["players"], "instance.players", Range(1, MOST_PLAYERS))
    if players != int(players):
        raise Refused(f"instance.players is {players!r}, not an integer")
    size = 1 << int(players)
    value = np.array(strict.numbers(document["value"], "instance.value", POSITION, size))
    if value[0] != 0:
        raise Refused(f"instance.value[0] is {float(value[0])!r}, but nobody is worth 0")
    forms = np.ones(size, bool)
    if "feasible" in document:
        marks = strict.numbers(document["feasible"], "instance.feasible", Range(0.0, 1.0), size)
        if any(mark not in (0.0, 1.0) for mark in marks):
            raise Refused("instance.feasible holds what is neither 0 nor 1")
        if marks[0] != 1:
            raise Refused("instance.feasible[0] is not 1")
        forms = np.array(marks) == 1
    forms[0] = False
    return Game(int(players), value, forms)


def parse_solution(game: Game, solution: dict[str, Any]) -> list[int]:
    """Read the coalitions as bit masks, empty ones dropped; the common keys are already checked."""
    strict.entries(solution, "solution", ("format", "problem", "partition"))
    blocks = strict.listed(solution["partition"], "solution.partition")
    members = [
        strict.distinct_indices(block, f"solution.partition[{k}]", game.players) for k, block in enumerate(blocks)
    ]
    return [sum(1 << player for player in block) for block in members if block]


def objective_of(game: Game, plan: list[int]) -> float:
    """Return the total value of the coalitions, correctly rounded."""
    return nearest(sum((Fraction(float(game.value[mask])) for mask in plan), Fraction(0)))


def violations_of(game: Game, plan: list[int], run: Run) -> tuple[Breach, ...]:
    """Return the players who are not in exactly one coalition, and the coalitions that may not form."""
    times = Counter(player for mask in plan for player in range(game.players) if mask >> player & 1)
    found = [
        Breach("each player in one coalition", f"player {player}", float(abs(times[player] - 1)))
        for player in range(game.players)
        if times[player] != 1
    ]
    found += [Breach("coalition may form", f"coalition {mask:b} (bits)", 1.0) for mask in plan if not game.forms[mask]]
    return tuple(found)


def derive_bound(game: Game, evidence: dict[str, Any], run: Run) -> float | None:
    """Return what prices prove, or the value of the best partition, rounded up; None: there is no partition."""
    kind = strict.one_of(evidence.get("kind"), "evidence.kind", ("player-prices", "subset-values"))
    if kind == "subset-values":
        strict.entries(evidence, "evidence", ("kind",))
        best = _best_partition(game, run)
        return None if best is None else round_up(best)
    strict.entries(evidence, "evidence", ("kind", "price"))
    price = strict.numbers(evidence["price"], "evidence.price", PRICE, game.players)
    if not game.forms.any():
        return None
    run.count("coalitions priced", int(game.forms.sum()))
    excess = _exact_excess if game.players <= EXACT else _excess
    return round_up(sum(map(Fraction, price), Fraction(0)) + game.players * excess(game, price, run))


# Prices -----------------------------------------------------------------------------------------------------------


def _exact_excess(game: Game, price: list[float], run: Run) -> Fraction:
    """Return the largest excess per member of a coalition that may form, in rationals."""
    return _largest_share(game, price, np.flatnonzero(game.forms).tolist())


def _largest_share(game: Game, price: list[float], masks: list[int]) -> Fraction:
    numbers, scale = scaled([*price, *game.value[masks].tolist()])
    most: dict[int, int] = {}
    for mask, value in zip(masks, numbers[len(price) :], strict=True):
        size, bits = mask.bit_count(), mask
        while bits:
            low = bits & -bits
            value -= numbers[low.bit_length() - 1]
            bits ^= low
        most[size] = max(value, most.get(size, value))
    return max(Fraction(value, size * scale) for size, value in most.items())


def _excess(game: Game, price: list[float], run: Run) -> Fraction:
    """Return at least the largest excess per member, hardly above, from doubles and rationals of near-ties."""
    paid, size = np.zeros(1 << game.players), np.zeros(1 << game.players, np.int64)
    for player, amount in enumerate(price):
        run.tick()
        paid[1 << player : 2 << player] = paid[: 1 << player] + amount
        size[1 << player : 2 << player] = size[: 1 << player] + 1
    with np.errstate(invalid="ignore"):
        excess = np.where(game.forms, game.value - paid, -np.inf)
    error = 1.01 * (game.players + 1) * UNIT * (game.largest + math.fsum(map(abs, price)))
    top = [float(excess[size == k].max(initial=-np.inf)) for k in range(game.players + 1)]
    near = np.flatnonzero(excess >= np.array(top)[size] - 3 * error)
    near = near[game.forms[near]]
    if len(near) <= NEAR_TIES:
        run.tick()
        return _largest_share(game, price, near.tolist())
    return max((Fraction(m) + Fraction(error)) / k for k, m in enumerate(top) if k and m > -math.inf)


# Subset values ----------------------------------------------------------------------------------------------------


def _best_partition(game: Game, run: Run) -> Fraction | None:
    """Return the value of the best partition, or a little more; None if there is none."""
    splits = (3 ** (game.players - 1) - 1) // 2 + 2 ** (game.players - 1)
    run.count("splits compared", splits)
    if game.players <= EXACT:
        values, scale = scaled(game.value.tolist())
        best = exact_best([value if may else None for value, may in zip(values, game.forms, strict=True)], run)
        return None if best is None else Fraction(best, scale)
    # Loads numba: not for small certificates.
    from mcsopt.verification.check.subset_values import best_value

    found = best_value(np.where(game.forms, game.value, -np.inf), game.players, run)
    return None if found == -math.inf else Fraction(found) + _rounding(game)


def exact_best(value: list[int | None], run: Run) -> int | None:
    """Return the best partition's value of integer values, None for coalitions that may not form, by plain Python."""
    best: list[int | None] = [0]
    full = len(value) - 1
    for members in [*range(1, (full + 1) // 2), full]:
        if not members & 1023:
            run.tick()
        top = 1 << (members.bit_length() - 1)
        rest = joined = members ^ top
        found = value[members]
        while joined:
            joined = (joined - 1) & rest
            one, other = value[top | joined], best[rest ^ joined]
            if one is not None and other is not None and (found is None or one + other > found):
                found = one + other
        best.append(found)
    return best[-1]


def _rounding(game: Game) -> Fraction:
    """Return what rounding can have taken from a sum of values, see above."""
    reach = game.players * Fraction(game.largest)
    if not reach:
        return Fraction(0)
    # All values as multiples of 2^-places: the sums then need no more than 52 bits.
    places = 52 - math.frexp(float(reach))[1]
    values = game.value[game.forms]
    grid = np.ldexp(values, places)
    # What is far below the grid would vanish, and seem to be on it.
    if bool((grid == np.rint(grid)).all() and (np.ldexp(grid, -places) == values).all()):
        return Fraction(0)
    return reach * game.players * Fraction(UNIT) * Fraction(101, 100)
