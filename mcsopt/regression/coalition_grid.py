"""Which data coalitions a sweep is over: lists and ranges of variances, regimes, sizes and cost profiles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from mcsopt.data.coalitions import COSTS, data_coalition
from mcsopt.errors import InputError
from mcsopt.problems import DataCoalition

VARIANCE, ALPHA, PLAYERS = 0.25, 0.5, 10
"""What stands in where nothing is given: the variance of the paper's first example, the rest as the generator."""
MOST = 10_000
"""Most values of a range."""


def read_values(flag: str, texts: Sequence[str], *, low: float, high: float, integer: bool = False) -> list[float]:
    """Return the numbers that texts stand for: ``0.3``, or ``FROM:TO:COUNT`` evenly spaced, with ``:log`` by ratio.

    Parameters
    ----------
    flag : str
        Named in errors.
    texts : sequence of str
    low, high : float
        Admissible range.
    integer : bool
        Whether to round; repeated values are dropped then.

    Returns
    -------
    list of float
        In the order given, each once.

    Raises
    ------
    InputError
        For what is no number or range, or lies outside.

    Examples
    --------
    >>> read_values("--variance", ["0.5", "1:100:3:log"], low=0, high=math.inf)
    [0.5, 1.0, 10.0, 100.0]
    """
    values: list[float] = []
    for text in map(str.strip, texts):
        for value in _spaced(flag, text):
            if not low <= value <= high or not math.isfinite(value):
                raise InputError(flag, f"holds {value:.12g}", f"give numbers from {low:.12g} to {high:.12g}")
            values.append(float(round(value)) if integer else value)
            if integer and ":" not in text and value != round(value):
                raise InputError(flag, f"holds {text!r}", "give whole numbers")
    return list(dict.fromkeys(values))


def _spaced(flag: str, text: str) -> list[float]:
    begin, *rest = text.split(":")
    try:
        if not rest:
            return [float(begin)]
        end, count, *how = rest
        first, last, number = float(begin), float(end), int(count)
    except ValueError:
        raise InputError(flag, f"holds {text!r}", "give a number, FROM:TO:COUNT or FROM:TO:COUNT:log") from None
    if how not in ([], ["log"]):
        raise InputError(flag, f"holds {text!r}", "a range ends in its count or in :log")
    if not 2 <= number <= MOST:
        raise InputError(flag, f"holds {text!r}", f"give a range from 2 to {MOST:,} values")
    if how and not min(first, last) > 0:
        raise InputError(flag, f"holds {text!r}", "a logarithmic range needs ends above 0")
    if not math.isfinite(first) or not math.isfinite(last):
        raise InputError(flag, f"holds {text!r}", "give finite ends")
    spaced: list[float] = (np.geomspace if how else np.linspace)(first, last, number).tolist()
    return spaced


@dataclass(frozen=True)
class Grid:
    """The instances of a sweep.

    Attributes
    ----------
    costs : tuple of str
        Profiles of `mcsopt.data.coalitions.COSTS`; unused with an instance.
    players : tuple of int
    seeds : tuple of int
        Seeds of the costs.
    alphas, variances : tuple of float
    instance : DataCoalition, optional
        Whose costs are taken instead of drawn ones.
    """

    costs: tuple[str, ...] = ("uniform",)
    players: tuple[int, ...] = (PLAYERS,)
    seeds: tuple[int, ...] = (0,)
    alphas: tuple[float, ...] = (ALPHA,)
    variances: tuple[float, ...] = (VARIANCE,)
    instance: DataCoalition | None = None

    def __post_init__(self) -> None:
        for profile in self.costs:
            if profile not in COSTS:
                raise InputError("--costs", f"holds {profile!r}", f"use {', '.join(COSTS)}")

    def __len__(self) -> int:
        drawn = 1 if self.instance is not None else len(self.costs) * len(self.players) * len(self.seeds)
        return drawn * len(self.alphas) * len(self.variances)

    @property
    def one_crowd(self) -> DataCoalition | None:
        """One set of players in one regime, at the first variance, if that is all there is."""
        if len(self) != len(self.variances):
            return None
        return next(iter(self))[1]

    def __iter__(self) -> Iterator[tuple[dict[str, Any], DataCoalition]]:
        for labels, players in self._crowds():
            for alpha, variance in product(self.alphas, self.variances):
                yield labels, replace(players, alpha=alpha, variance=variance)

    def _crowds(self) -> Iterator[tuple[dict[str, Any], DataCoalition]]:
        if self.instance is not None:
            yield {"costs": "given", "seed": None}, self.instance
            return
        for profile, players, seed in product(self.costs, self.players, self.seeds):
            # The variance is replaced; given here, none has to be found.
            yield {"costs": profile, "seed": seed}, data_coalition(players, profile, seed, variance=VARIANCE)
