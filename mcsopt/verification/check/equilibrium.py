"""Equilibrium regret of a plan: the most that one task could gain alone, derived from above.

Task i may choose any feasible set of its own and the idle candidates, or nobody where service is optional. Gains are
doubles rounded up; where none exceeds 1e-10, rationals decide, so that an equilibrium has regret exactly 0. (Where
values are so large that doubles err by more than 1e-10, so much takes its place.)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mcsopt.verification.check.pricing import Search
from mcsopt.verification.check.rounding import NEAR, UNIT, round_up, sum_up
from mcsopt.verification.check.sets import MAX_SIZE, Block, Task
from mcsopt.verification.check.strict import Refused, Run

TIES = 10_000
"""Sets of one task, near its present one in value, that are compared with it in rationals; of more, doubles decide."""
REACHED = 1e-9
"""How far the deviation named may stay behind the regret, relative to max(1, regret): rounding only."""


@dataclass(frozen=True)
class Response:
    """The best response of one player.

    Attributes
    ----------
    regret : float
        The largest gain, rounded up, if it exceeds what was known and the band; otherwise what was known.
    near : list of tuple of int
        Sets near the present one in value that may be better, `TIES` and one at most.
    near_gain : float
        The largest gain by any of those, rounded up.
    """

    regret: float
    near: list[tuple[int, ...]]
    near_gain: float


class Player(ABC):
    """A task with the candidates it may choose from, local indices.

    Attributes
    ----------
    own : tuple of int
        Its present set.
    may_leave : bool
        Whether it may choose nobody.
    """

    own: tuple[int, ...]
    may_leave: bool

    @abstractmethod
    def blur(self) -> float:
        """Return what no gain errs by, in doubles."""

    @abstractmethod
    def value_of(self, members: Sequence[int]) -> tuple[float, float]:
        """Return the value of a set, and a bound on its error."""

    @abstractmethod
    def exact_value(self, members: Sequence[int]) -> Fraction:
        """Return the value of a set as a rational."""

    @abstractmethod
    def respond(self, known: float, band: float, run: Run) -> Response:
        """Look for sets that gain more than is known; those that gain up to the band are noted as near."""

    def least(self) -> float:
        """Return the value of the present set, rounded down."""
        value, error = self.value_of(self.own)
        return -sum_up([-value, error])

    def gain(self, members: Sequence[int]) -> float:
        """Return what the task gains by choosing a set, rounded up."""
        return sum_up([*self.value_of(members), -self.least()])

    def exact_gain(self, choices: Sequence[Sequence[int]], run: Run) -> Fraction:
        """Return the largest gain by one of some sets, at least 0."""
        if not choices:
            return Fraction(0)
        run.count("rational decisions", len(choices))
        best = max(self.exact_value(members) for members in choices)
        return max(best - self.exact_value(self.own), Fraction(0))


@dataclass(frozen=True)
class Contracting(Player):
    """A task that chooses contracts."""

    task: Task
    own: tuple[int, ...]
    may_leave: bool

    def blur(self) -> float:
        """Return what no gain errs by, in doubles: see `Task.value`; the dearest `MAX_SIZE` candidates bound a set."""
        task = self.task
        scale = np.sort(task.arrival * (task.weight * task.quality + task.cost))[-MAX_SIZE:]
        return 4 * (6 * MAX_SIZE + 8) * UNIT * float(scale.sum())

    def value_of(self, members: Sequence[int]) -> tuple[float, float]:
        """Return the value of a set, and a bound on its error."""
        if not members:
            return 0.0, 0.0
        value, error = self.task.value(self.task.block_of(members))
        return float(value[0]), float(error[0])

    def exact_value(self, members: Sequence[int]) -> Fraction:
        """Return the value of a set as a rational."""
        return self.task.exact_value(members)

    def respond(self, known: float, band: float, run: Run) -> Response:
        """Look for sets that gain more than is known; those that gain up to the band are noted as near."""
        search = _Response(self, band, run)
        return Response(search.regret(known), search.near, search.near_gain)


class _Response(Search):
    """The best response of one player: sets clearly better than the present one, or else those near it."""

    def __init__(self, player: Contracting, band: float, run: Run) -> None:
        task = player.task
        super().__init__(task, np.zeros(task.size), np.zeros(task.size, dtype=bool), True, run)
        self.least = player.least()
        self.band = band
        self.near: list[tuple[int, ...]] = []
        self.near_gain = 0.0
        self._place = {int(worker): local for local, worker in enumerate(task.workers)}
        self._own = set(player.own)

    def regret(self, known: float) -> float:
        """Return the largest gain, rounded up, if it exceeds `known` and the band; otherwise `known`."""
        floor = math.nextafter(self.least + known, -math.inf)
        found = self.best(floor)
        return max(known, sum_up([found, -self.least])) if found > floor else known

    def _best_feasible(self, block: Block, net: np.ndarray, found: float) -> float:
        best = super()._best_feasible(block, net, max(found, self.least + self.band))
        if best == -math.inf and found < self.least + self.band:
            self._collect(block, net, found)
        return best

    def _collect(self, block: Block, net: np.ndarray, found: float) -> None:
        """Note the feasible sets near the present one in value that may be better."""
        close = np.flatnonzero(net > found)
        if len(self.near) <= TIES:
            close = close[self.task.keeps_risk(block.members[close], self.run)]
        for row in close.tolist():
            members = tuple(sorted(self._place[int(j)] for j in self.task.workers[block.members[row]]))
            if set(members) != self._own:
                self.near_gain = max(self.near_gain, sum_up([float(net[row]), -self.least]))
                if len(self.near) <= TIES:
                    self.near.append(members)


def derive(players: Sequence[Player], named: float, run: Run) -> float:
    """Return the largest gain of any one player, rounded up; exactly 0 for an equilibrium.

    Parameters
    ----------
    players : sequence of Player
        The tasks; their plan is feasible.
    named : float
        What the deviation named gains, rounded up: what is no better need not be searched for.
    run : Run
        Time and work.

    Raises
    ------
    Refused
        If some other deviation gains more than the one named, beyond rounding.
    """
    # Within the band the doubles say nothing: rationals will decide.
    band = max([NEAR, *(player.blur() for player in players)])
    found = named if named > band else 0.0
    exact, blurred = Fraction(0), 0.0
    for player in players:
        run.tick()
        response = player.respond(found, band, run)
        found = response.regret
        if player.may_leave and player.own:
            leaving = player.gain(())
            if leaving > band:
                found = max(found, leaving)
            elif leaving > 0:
                response.near.append(())
        if found:
            continue
        if len(response.near) > TIES:
            blurred = max(blurred, response.near_gain)
        else:
            exact = max(exact, player.exact_gain(response.near, run))
    if not found:
        found = max(blurred, round_up(exact))
    if found > named + REACHED * max(1.0, found) + band:
        raise Refused(f"one task alone can gain {found!r}, the deviation named gains it {named!r}")
    return found
