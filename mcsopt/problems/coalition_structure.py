"""Coalition structures: the partition of the players whose coalitions are worth most together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mcsopt.errors import InputError, TooLarge, shown
from mcsopt.problems.base import Problem, Violation, index_list, indices
from mcsopt.problems.coalition_game import Block, CoalitionGame, mask_of, subset_sums
from mcsopt.problems.fields import Instance
from mcsopt.result import Sense

MOST_LISTED = 11
"""Most players whose partitions are listed: 678,570 of them."""


@dataclass(frozen=True)
class Partition:
    """Coalitions, each with its players ascending, in order of their lowest players.

    Parameters
    ----------
    blocks : iterable of iterable of int
        Those without players are dropped. Whether they are disjoint and cover everybody is for
        `CoalitionStructure.violations` to say.
    """

    blocks: tuple[Block, ...]

    def __init__(self, blocks: Iterable[Iterable[int]]) -> None:
        found = (indices(block, "player") for block in blocks)
        object.__setattr__(self, "blocks", tuple(sorted(block for block in found if block)))


def every_partition(players: int) -> Iterator[Partition]:
    """Yield every partition of the players, everybody together first and everybody alone last.

    Examples
    --------
    >>> [partition.blocks for partition in every_partition(2)]
    [((0, 1),), ((0,), (1,))]
    """

    def extended(blocks: list[list[int]], player: int) -> Iterator[Partition]:
        if player == players:
            yield Partition(blocks)
            return
        for block in blocks:
            block.append(player)
            yield from extended(blocks, player + 1)
            block.pop()
        blocks.append([player])
        yield from extended(blocks, player + 1)
        blocks.pop()

    return extended([], 0)


@dataclass(frozen=True)
class CoalitionStructure(Problem[Partition]):
    """Partition the players into coalitions of greatest total value.

    ``max sum of value(T) over the coalitions T`` of a partition of all players into coalitions that may form.

    Parameters
    ----------
    instance : CoalitionGame

    Examples
    --------
    >>> problem = CoalitionStructure(CoalitionGame(2, [0.0, 1.0, 2.0, 2.5]))
    >>> problem.evaluate(Partition([[0], [1]])), problem.evaluate(Partition([[0, 1]]))
    (3.0, 2.5)
    >>> [str(broken) for broken in problem.violations(Partition([[0]]))]
    ['each player in one coalition broken at player 1 by 1']
    """

    instance: CoalitionGame

    name: ClassVar[str] = "coalition-structure"
    sense: ClassVar[Sense] = Sense.MAX
    instance_type: ClassVar[type[Instance]] = CoalitionGame

    def __post_init__(self) -> None:
        self._check_options()

    def evaluate(self, solution: Partition) -> float:
        """Return the sum of the values of the coalitions, correctly rounded."""
        masks = [mask_of(block) for block in self._blocks(solution)]
        return math.fsum(self.instance.value[masks].tolist())

    def violations(self, solution: Partition) -> tuple[Violation, ...]:
        """Return the players who are in no coalition or in several, and the coalitions that may not form."""
        blocks = self._blocks(solution)
        times = Counter(player for block in blocks for player in block)
        found = [
            Violation("each player in one coalition", f"player {player}", float(abs(times[player] - 1)))
            for player in range(self.instance.players)
            if times[player] != 1
        ]
        found += [
            Violation("coalition may form", f"coalition {list(block)}", 1.0)
            for block in blocks
            if not self.instance.may_form[mask_of(block)]
        ]
        return tuple(found)

    def _blocks(self, solution: Partition) -> list[Block]:
        """Return the coalitions, refusing a player who does not exist or stands twice in one."""
        return _read_blocks(solution.blocks, self.instance.players)

    def empty_solution(self) -> Partition:
        """Return everybody alone; infeasible if somebody may not be alone."""
        return Partition([player] for player in range(self.instance.players))

    def solution_to_json(self, solution: Partition) -> dict[str, Any]:
        """Return ``{"partition": [[...], ...]}``."""
        return {"partition": [list(block) for block in solution.blocks]}

    def solution_from_json(self, document: Mapping[str, Any]) -> Partition:
        """Read ``{"partition": [[...], ...]}``; empty coalitions are dropped."""
        return Partition(_read_blocks(document["partition"], self.instance.players))

    def every_solution(self) -> Iterator[Partition]:
        """Yield every partition; `TooLarge` beyond 11 players."""
        players = self.instance.players
        if players > MOST_LISTED:
            raise TooLarge(
                f"the partitions of {players} players are too many to try, {MOST_LISTED} are the limit; "
                "use solver 'subset-program'"
            )
        return every_partition(players)

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> CoalitionStructure:
        """Draw one to six players: values with ties, of either sign or all 0; pairs, or coalitions, that may not be."""
        n = int(rng.integers(1, 7))
        size = subset_sums(np.ones(n))
        value = rng.normal(size, np.sqrt(size))
        style = rng.integers(6)
        if style < 3:
            value = np.round(value * [1, 1, 0.5][style])
        elif style == 3:
            value = -np.abs(value)
        value[0] = 0
        return cls(CoalitionGame(n, value if rng.random() < 0.95 else 0 * value, _random_feasible(rng, n)))


def _random_feasible(rng: np.random.Generator, n: int) -> np.ndarray | None:
    style = rng.random()
    if style < 0.5:
        return None
    feasible = (rng.random(1 << n) < rng.uniform(0.3, 1)).astype(np.int64)
    feasible[0] = 1
    if style < 0.85:
        feasible[1 << np.arange(n)] = 1
    return feasible


def _read_blocks(value: Any, players: int) -> list[Block]:
    if not isinstance(value, (list, tuple)):
        raise InputError("partition", f"is {shown(value)}", "give a list of lists of players")
    return [index_list(block, f"partition[{k}]", players, "player") for k, block in enumerate(value)]
