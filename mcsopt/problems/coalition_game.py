"""Games in which every coalition of players has a value: the table, by bit mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems.base import whole
from mcsopt.problems.fields import Field, Instance

MOST_PLAYERS = 24
"""Most players of a table: 2^24 values are 128 MiB, and the program over their subsets takes two minutes."""

Block = tuple[int, ...]
"""Players of a coalition, ascending."""


def mask_of(players: Iterable[int]) -> int:
    """Return the bit mask of some players."""
    mask = 0
    for player in players:
        mask |= 1 << player
    return mask


def block_of(mask: int) -> Block:
    """Return the players of a bit mask."""
    return tuple(player for player in range(mask.bit_length()) if mask >> player & 1)


def subset_sums(amounts: np.ndarray) -> np.ndarray:
    """Return the sum of the amounts of every set of players, by bit mask; lower players are added first.

    Examples
    --------
    >>> subset_sums(np.array([1, 10, 100])).tolist()
    [0, 1, 10, 11, 100, 101, 110, 111]
    """
    sums = np.zeros(1 << len(amounts), amounts.dtype)
    for player, amount in enumerate(amounts):
        sums[1 << player : 2 << player] = sums[: 1 << player] + amount
    return sums


@dataclass(frozen=True, eq=False)
class CoalitionGame(Instance):
    """What each coalition is worth, and which coalitions may form.

    Parameters
    ----------
    players : int
        Number of players n, 1 to 24.
    value : array of float, shape (2^n,)
        Worth of each coalition; entry k is that of the players whose bits are set in k. ``value[0]`` is 0.
    feasible : array of 0 and 1, shape (2^n,), optional
        Whether each coalition may form; ``feasible[0]`` is 1. Absent: all may. The value of one that may not is not
        looked at.
    """

    players: int
    value: np.ndarray
    feasible: np.ndarray | None = None

    kind: ClassVar[str] = "coalition-structure"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("players", "players", low=1, integer=True, scalar=True),
        Field("value", "value"),
        Field("feasible", "feasible", low=0, high=1, integer=True, optional=True),
    )

    def __post_init__(self) -> None:
        players = self.FIELDS[0].check(self.players)
        if players > MOST_PLAYERS:
            remedy = "play mcsopt.heuristics.form_coalitions on a function of the partition, which needs no table"
            raise InputError("players", f"is {players}: tables go up to {MOST_PLAYERS} players", remedy)
        self._check_fields()
        wanted = 1 << self.players
        if len(self.value) != wanted:
            remedy = f"give 2^{self.players} = {wanted} numbers, entry k for the players whose bits are set in k"
            raise InputError("value", f"has length {len(self.value)} for {self.players} players", remedy)
        if self.value[0] != 0:
            raise InputError("value[0]", f"is {float(self.value[0])!r}", "nobody is worth 0")
        if self.feasible is not None and self.feasible[0] != 1:
            raise InputError("feasible[0]", "is 0", "write 1: it stands for the coalition of nobody")

    @cached_property
    def may_form(self) -> np.ndarray:
        """Whether each coalition may form; False for the one of nobody."""
        allowed = np.ones(1 << self.players, bool) if self.feasible is None else self.feasible.astype(bool)
        allowed[0] = False
        allowed.setflags(write=False)
        return allowed

    @cached_property
    def worth(self) -> np.ndarray:
        """Value of each coalition that may form, -inf of the others."""
        worth = np.where(self.may_form, self.value, -np.inf)
        worth.setflags(write=False)
        return worth

    @cached_property
    def size(self) -> np.ndarray:
        """Number of players of each coalition."""
        size = subset_sums(np.ones(self.players, np.int8))
        size.setflags(write=False)
        return size


def coalition_values(
    function: Callable[[Block], float], players: int, feasible: np.ndarray | None = None
) -> CoalitionGame:
    """Return the game of a function of the members: the bridge from owners' markets, or anything else, to this problem.

    Parameters
    ----------
    function : callable
        Takes the players of a coalition, ascending, and returns its value. Called once for each coalition of at least
        one player that may form, by rising bit mask.
    players : int
        Number of players, 1 to 24.
    feasible : array of 0 and 1, shape (2^players,), optional
        As in `CoalitionGame`, for instance from `mcsopt.problems.compatibility`. Others get the value 0.

    Raises
    ------
    InputError
        If the function returns what is no number within 1e100.

    Examples
    --------
    >>> coalition_values(lambda members: len(members) ** 2, players=2).value.tolist()
    [0.0, 1.0, 1.0, 4.0]
    """
    size = whole(players, "players")
    if not 1 <= size <= MOST_PLAYERS:
        return CoalitionGame(size, np.zeros(1))  # which says what is wrong
    empty = CoalitionGame(size, np.zeros(1 << size), feasible)
    values = [0.0] * (1 << size)
    for mask in np.flatnonzero(empty.may_form).tolist():
        values[mask] = function(block_of(mask))
    return CoalitionGame(size, values, feasible)  # type: ignore[arg-type]  # checked, and made an array, there
