"""Random coalition games: values of four families, and players whose data are too unlike to share a coalition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems.coalition_game import MOST_PLAYERS, CoalitionGame, subset_sums
from mcsopt.problems.compatibility import compatible_pairs, divergences, feasible_coalitions
from mcsopt.seeds import generator

CLASSES, CONCENTRATION = 10, 3.0
"""Label laws of the players: Dirichlet(3) over 10 classes."""


def _uniform(rng: np.random.Generator, size: np.ndarray) -> np.ndarray:
    return rng.uniform(0, size)


def _normal(rng: np.random.Generator, size: np.ndarray) -> np.ndarray:
    return rng.normal(size, np.sqrt(size))


def _superadditive(rng: np.random.Generator, size: np.ndarray) -> np.ndarray:
    players = int(size[-1])
    strength = subset_sums(rng.uniform(0.5, 1.5, players))
    return strength * (1 + 0.05 * (size - 1)) + rng.normal(0, 0.3, len(size)) * np.sqrt(size)


def _distance(rng: np.random.Generator, size: np.ndarray) -> np.ndarray:
    place = rng.random((int(size[-1]), 2))
    apart = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    value = np.zeros(len(size))
    for player in range(len(place)):
        # A set of lower players, and this one: its pairs with each of them are added.
        gain = subset_sums(0.35 - apart[player, :player])
        value[1 << player : 2 << player] = value[: 1 << player] + gain
    return value


VALUES: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "normal": _normal,
    "uniform": _uniform,
    "superadditive": _superadditive,
    "distance": _distance,
}
"""How each family draws the values, given the sizes of all coalitions."""


def coalition_game(
    players: int = 10, values: str = "normal", seed: int = 0, *, threshold: float | None = None
) -> CoalitionGame:
    """Draw a game in which every coalition has a value.

    Values of a coalition T:

    - ``normal``: normal with mean and variance ``|T|`` (the literature's NDCS);
    - ``uniform``: uniform on ``[0, |T|]``;
    - ``superadditive``: the members' strengths, uniform on [0.5, 1.5], times ``1 + 0.05 (|T| - 1)``, with noise of
      standard deviation ``0.3 sqrt(|T|)``: larger is better but for the noise;
    - ``distance``: players in the unit square; each pair in T brings 0.35 less its distance.

    Parameters
    ----------
    players : int
        Number of players, 1 to 24.
    values : str
        One of `VALUES`.
    seed : int
        Seed, >= 0.
    threshold : float, optional
        If given, each player has a label law, Dirichlet(3) over 10 classes, and only players whose smoothed
        Kullback-Leibler divergences, both ways, are at most this may share a coalition (0.35: some 70 % of pairs).

    Returns
    -------
    CoalitionGame

    Raises
    ------
    InputError
        If an argument is outside its range.

    References
    ----------
    T. Rahwan, T. P. Michalak, M. Wooldridge, N. R. Jennings, Coalition structure generation: A survey, Artificial
    Intelligence 229 (2015): the first two families.

    Examples
    --------
    >>> len(coalition_game(players=4, values="distance", seed=1).value)
    16
    """
    if values not in VALUES:
        raise InputError("values", f"is {values!r}", f"use one of {', '.join(VALUES)}")
    if not 1 <= players <= MOST_PLAYERS:
        raise InputError("players", f"is {players}", f"give a number from 1 to {MOST_PLAYERS}")
    rng = generator(seed)
    value = VALUES[values](rng, subset_sums(np.ones(players)))
    value[0] = 0.0
    feasible = None
    if threshold is not None:
        laws = rng.dirichlet(np.full(CLASSES, CONCENTRATION), players)
        feasible = feasible_coalitions(compatible_pairs(divergences(laws), threshold))
    return CoalitionGame(players, value, feasible)
