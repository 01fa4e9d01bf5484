"""Partition games: what players get depends on the whole partition. Moves between partitions, and which of them stand.

A game of coalition values is the special case in which a player's payoff depends on its own coalition only
(`EqualSurplus`); where devices choose their owners anew, it depends on the other coalitions too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from mcsopt import tolerances
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems.coalition_game import Block, CoalitionGame, mask_of
from mcsopt.problems.coalition_structure import MOST_LISTED, Partition, every_partition

RULES = ("pareto", "sum")


class PartitionGame(Protocol):
    """What a partition brings each player, and which coalitions may form."""

    @property
    def players(self) -> int:
        """Number of players."""

    def may_form(self, block: Block) -> bool:
        """Whether a coalition may form; its players are ascending."""

    def payoffs(self, partition: Partition) -> Sequence[float]:
        """Return the payoff of each player: always the same for the same partition."""


class EqualSurplus:
    """A game of coalition values whose members share what they gain equally (Nash bargaining with transfers).

    Player m of coalition S gets ``v({m}) + (v(S) - sum of v({i}) over S) / |S|``; alone, where it may not form, it
    counts as 0, and so do coalitions that may not form.

    Parameters
    ----------
    game : CoalitionGame
    """

    def __init__(self, game: CoalitionGame) -> None:
        self.game = game
        self._alone = [self._value((player,)) for player in range(game.players)]
        self._share: dict[Block, float] = {}

    @property
    def players(self) -> int:
        """Number of players."""
        return self.game.players

    def may_form(self, block: Block) -> bool:
        """Whether a coalition may form."""
        return bool(self.game.may_form[mask_of(block)])

    def payoffs(self, partition: Partition) -> list[float]:
        """Return the payoff of each player."""
        found = self._alone.copy()
        for block in partition.blocks:
            share = self._share_of(block)
            for player in block:
                found[player] += share
        return found

    def _share_of(self, block: Block) -> float:
        """Return what each member gains; remembered, as coalitions are met again and again."""
        if block not in self._share:
            surplus = math.fsum([self._value(block), *(-self._alone[player] for player in block)])
            self._share[block] = surplus / len(block)
        return self._share[block]

    def _value(self, block: Block) -> float:
        return float(self.game.value[mask_of(block)]) if self.may_form(block) else 0.0


class Move(NamedTuple):
    """One step of coalition formation.

    Attributes
    ----------
    kind : str
        ``"transfer"``: a player joins another coalition; ``"swap"``: two players change places; ``"split"``: a player
        leaves to be alone.
    mover : int
        The player, of a swap the one whose coalition comes first.
    left : tuple of Block
        Coalitions that are no more.
    made : tuple of Block
        Coalitions that take their place.
    """

    kind: str
    mover: int
    left: tuple[Block, ...]
    made: tuple[Block, ...]

    def after(self, partition: Partition) -> Partition:
        """Return the partition after the move."""
        return Partition([*(block for block in partition.blocks if block not in self.left), *self.made])


def transfer(source: Block, target: Block, player: int) -> Move:
    """Return the move of a player of `source` to `target`."""
    rest = tuple(other for other in source if other != player)
    return Move("transfer", player, (source, target), (*([rest] if rest else []), _joined(target, player)))


def swap(first: Block, second: Block, player: int, other: int) -> Move:
    """Return the move by which a player of `first` and one of `second` change places."""
    made = (_joined(first, other, without=player), _joined(second, player, without=other))
    return Move("swap", player, (first, second), made)


def split(source: Block, player: int) -> Move:
    """Return the move of a player of a coalition of two or more who leaves to be alone."""
    return Move("split", player, (source,), (tuple(other for other in source if other != player), (player,)))


def _joined(block: Block, player: int, without: int = -1) -> Block:
    return tuple(sorted([player, *(other for other in block if other != without)]))


def every_move(partition: Partition) -> Iterator[Move]:
    """Yield every transfer, swap and split that changes a partition."""
    blocks = partition.blocks
    for k, source in enumerate(blocks):
        for player in source:
            for j, target in enumerate(blocks):
                if j == k or (len(source) == len(target) == 1 and j < k):
                    continue  # two who are alone: one move brings them together
                yield transfer(source, target, player)
                if j > k and len(source) + len(target) > 2:
                    yield from (swap(source, target, player, other) for other in target)
            if len(source) > 1:
                yield split(source, player)


def accepts(game: PartitionGame, partition: Partition, move: Move, rule: str = "pareto") -> bool:
    """Whether a move is made: what it makes may form, and the total payoff rises.

    Parameters
    ----------
    game : PartitionGame
    partition : Partition
    move : Move
    rule : {"pareto", "sum"}
        ``"pareto"``: moreover no member of a coalition that the move touches gets less.

    Returns
    -------
    bool
        The sum rises by more than 1e-12 of the payoffs' magnitude; a member may lose as much. While somebody is in a
        coalition that may not form, a move that helps one such player out is made whatever it brings.
    """
    if rule not in RULES:
        raise InputError("rule", f"is {rule!r}", "use 'pareto' or 'sum'")
    if not all(game.may_form(block) for block in move.made):
        return False
    if not all(game.may_form(block) for block in move.left):
        return True
    before, after = game.payoffs(partition), game.payoffs(move.after(partition))
    slack = tolerances.STABILITY * max(math.fsum(map(abs, before)), math.fsum(map(abs, after)))
    if math.fsum([*after, *(-payoff for payoff in before)]) <= slack:
        return False
    touched = [player for block in move.left for player in block]
    return rule == "sum" or all(after[player] >= before[player] - slack for player in touched)


def stable_partitions(game: PartitionGame, rule: str = "pareto") -> list[Partition]:
    """Return every partition that may form and from which no move is made, by brute force.

    Parameters
    ----------
    game : PartitionGame
        Up to 11 players; 8 take seconds.
    rule : {"pareto", "sum"}
        See :func:`accepts`.

    Raises
    ------
    TooLarge
        Beyond 11 players.

    Examples
    --------
    >>> from mcsopt.problems.coalition_game import coalition_values
    >>> pairs = coalition_values(lambda members: 1.0 if len(members) == 2 else 0.0, players=3)
    >>> [partition.blocks for partition in stable_partitions(EqualSurplus(pairs))]
    [((0, 1), (2,)), ((0, 2), (1,)), ((0,), (1, 2))]
    """
    return [
        partition
        for partition in _formable(game)
        if not any(accepts(game, partition, move, rule) for move in every_move(partition))
    ]


def best_partition(game: PartitionGame) -> tuple[Partition, float] | None:
    """Return the partition of greatest total payoff, the first of equals, and that total; None if none may form.

    By brute force: for games that are no `CoalitionGame`, whose solver takes more players.

    Raises
    ------
    TooLarge
        Beyond 11 players.
    """
    best: tuple[Partition, float] | None = None
    for partition in _formable(game):
        total = math.fsum(game.payoffs(partition))
        if best is None or total > best[1]:
            best = partition, total
    return best


def _formable(game: PartitionGame) -> Iterator[Partition]:
    if game.players > MOST_LISTED:
        raise TooLarge(
            f"the partitions of {game.players} players are too many to try, {MOST_LISTED} are the limit; "
            "form coalitions by mcsopt.heuristics.form_coalitions"
        )
    return (p for p in every_partition(game.players) if all(map(game.may_form, p.blocks)))
