"""The deviations of one task that recruits: what it could gain alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mcsopt.verification.check.equilibrium import TIES, Player, Response
from mcsopt.verification.check.fines import NO_FINES
from mcsopt.verification.check.recruit_search import Ordered, Partial, RecruitSearch, Search
from mcsopt.verification.check.recruits import Recruiter
from mcsopt.verification.check.rounding import UNIT, sum_up
from mcsopt.verification.check.strict import Run


@dataclass(frozen=True)
class Recruiting(Player):
    """A task that chooses recruits."""

    task: Recruiter
    own: tuple[int, ...]
    may_leave: bool

    def blur(self) -> float:
        """Return what no gain errs by, in doubles: see `Recruiter.value`."""
        task, most = self.task, self.task.most
        if not most:
            return 0.0
        terms = np.sort(task.weight * task.quality + task.cost)[-most:]
        scale = float(terms.sum()) + 2 * task.weight * task.base_sum + task.bonus
        return 4 * (2 * most + 12) * UNIT * scale

    def value_of(self, members: Sequence[int]) -> tuple[float, float]:
        """Return the value of a set, and a bound on its error."""
        if not members:
            return 0.0, 0.0
        value, error = self.task.value(np.array([members], dtype=np.int64))
        return float(value[0]), float(error[0])

    def exact_value(self, members: Sequence[int]) -> Fraction:
        """Return the value of a set as a rational."""
        return self.task.exact_value(members)

    def respond(self, known: float, band: float, run: Run) -> Response:
        """Look for sets that gain more than is known; those that gain up to the band are noted as near."""
        search = _Response(self, band, run)
        floor = math.nextafter(search.least + known, -math.inf)
        found = search.best(floor)
        regret = max(known, sum_up([found, -search.least])) if found > floor else known
        return Response(regret, search.near, search.near_gain)


class _Response(Search):
    """The best response of one player: sets clearly better than the present one, or else those near it."""

    def __init__(self, player: Recruiting, band: float, run: Run) -> None:
        task, size = player.task, player.task.size
        nobody = np.zeros(size, dtype=bool)
        super().__init__(RecruitSearch(task), np.zeros(size), nobody, True, run, NO_FINES)
        self.least, self.band, self._own = player.least(), band, player.own
        self.near: list[tuple[int, ...]] = []
        self.near_gain = 0.0

    def _promising(self, fits: np.ndarray, bound: np.ndarray, slack: float, least: float) -> np.ndarray:
        """Return which bounds may exceed `least`: here ties are told apart."""
        return np.asarray(fits & (bound > least - slack))

    def _judged(self, order: Ordered, sets: Partial, found: float) -> float:
        clear = max(found, self.least + self.band)
        best = super()._judged(order, sets, clear)
        if best > clear:
            return best
        if found < self.least + self.band and len(sets.members):
            self._collect(order.local[sets.members], sets, found)
        return found

    def _collect(self, members: np.ndarray, sets: Partial, found: float) -> None:
        """Note the feasible sets near the present one in value that may be better."""
        net = self._net(members)
        for row in np.flatnonzero(net > found).tolist():
            chosen = tuple(sorted(members[row].tolist()))
            if chosen == self._own:
                continue
            full = len(self.near) > TIES
            if full or self._feasible(members[row], float(sets.spend[row]), float(sets.gain[row])):
                self.near_gain = max(self.near_gain, sum_up([float(net[row]), -self.least]))
                if not full:
                    self.near.append(chosen)
