"""Coalitions that nobody leaves and nobody enters, when members choose their own privacy levels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.problems.base import Problem, Violation, index_list, indices
from mcsopt.problems.data_coalition import DataCoalition, random_players
from mcsopt.problems.fields import Instance
from mcsopt.result import Sense


@dataclass(frozen=True)
class Coalition:
    """The members of a coalition, sorted; their privacy levels are their own choice."""

    members: tuple[int, ...]

    def __init__(self, members: Iterable[int]) -> None:
        object.__setattr__(self, "members", indices(members, "player"))


@dataclass(frozen=True)
class StableCoalition(Problem[Coalition]):
    """Find the stable coalition of least social cost, or show that none exists.

    Members of S choose ``eps_i = (4 / (k^(2+alpha) c_i))^(1/3)``. S, ``|S| = k >= 2``, is stable if

    - every member's burden is at most ``sigma^2``: nobody leaves;
    - nobody enters. ``"nash"`` (Definition 7): whoever joins alone, the others' levels unchanged, bears more than
      ``sigma^2``. ``"robust"`` (Definition 8): whoever joins, all levels chosen anew, somebody in the larger
      coalition bears more than ``sigma^2``.

    Parameters
    ----------
    instance : DataCoalition
    stability : {"nash", "robust"}

    Notes
    -----
    Every burden is ``sigma^2 / size`` plus a term free of ``sigma^2``, so S is stable exactly for ``sigma^2`` in a
    half-open interval [stay, entry). A comparison within 1e-12 (relative) is a tie: on a tie members stay and
    outsiders enter. The empty coalition is no solution: without a stable coalition the problem is infeasible.

    References
    ----------
    Data coalitions under chosen privacy, Definitions 5-8, equation (6), Claims 5 and 6.
    """

    instance: DataCoalition
    stability: str = "nash"

    name: ClassVar[str] = "stable-coalition"
    sense: ClassVar[Sense] = Sense.MIN
    instance_type: ClassVar[type[Instance]] = DataCoalition
    asks_existence: ClassVar[bool] = True
    OPTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {"stability": ("nash", "robust")}

    def __post_init__(self) -> None:
        self._check_options()

    def evaluate(self, solution: Coalition) -> float:
        """Return the social cost at the members' own levels (Definition 6)."""
        self.instance.check_members(solution.members)
        return self.instance.social_cost(solution.members, self.instance.chosen_privacy(solution.members))

    def stay_variance(self, members: tuple[int, ...]) -> float:
        """Return the least ``sigma^2`` at which no member wants to leave, from the burdens."""
        data, k = self.instance, len(members)
        burdens = data.burdens(members, data.chosen_privacy(members))
        # A burden is sigma^2/k + rest; it is at most sigma^2 iff sigma^2 >= rest / (1 - 1/k).
        return max(burden - data.variance / k for burden in burdens) / (1 - 1 / k)

    def entry_variance(self, members: tuple[int, ...]) -> float:
        """Return the least ``sigma^2`` at which somebody enters; infinity for the grand coalition.

        The cheapest outsider decides: with its cost only its own burden and noise rise, and with them every burden of
        the coalition it would join.
        """
        cost = self.instance.cost.copy()
        cost[list(members)] = math.inf
        cheapest = int(np.argmin(cost))
        if cost[cheapest] == math.inf:
            return math.inf
        entry = self._nash_entry if self.stability == "nash" else self._robust_entry
        return entry(members, cheapest)

    def _nash_entry(self, members: tuple[int, ...], entrant: int) -> float:
        data, k = self.instance, len(members)
        # The entrant's best level in the larger coalition; those of the members stay those of the smaller one.
        levels = [*data.chosen_privacy(members), *data.chosen_privacy([entrant], size=k + 1)]
        burden = data.burdens([*members, entrant], levels)[-1]
        return (burden - data.variance / (k + 1)) / (1 - 1 / (k + 1))

    def _robust_entry(self, members: tuple[int, ...], entrant: int) -> float:
        return self.stay_variance((*members, entrant))

    def violations(self, solution: Coalition) -> tuple[Violation, ...]:
        """Return by how much ``sigma^2``, relative to it, misses the interval [stay, entry)."""
        members, variance = solution.members, self.instance.variance
        self.instance.check_members(members)
        if len(members) < 2:
            return (Violation("a stable coalition has at least two members", "coalition", float(2 - len(members))),)
        found = []
        excess = (self.stay_variance(members) - variance) / variance
        if excess > tolerances.STABILITY:
            found.append(Violation("no member leaves (Definitions 7, 8)", "coalition", excess))
        shortfall = (variance - self.entry_variance(members)) / variance + tolerances.STABILITY
        if shortfall >= 0:
            found.append(Violation(f"nobody enters ({self.stability})", "coalition", shortfall))
        return tuple(found)

    def empty_solution(self) -> Coalition:
        """Return the empty coalition, which is never a solution."""
        return Coalition(())

    def solution_to_json(self, solution: Coalition) -> dict[str, Any]:
        """Return ``{"members": [...]}``."""
        return {"members": list(solution.members)}

    def solution_from_json(self, document: Mapping[str, Any]) -> Coalition:
        """Read ``{"members": [...]}``."""
        return Coalition(index_list(document["members"], "members", self.instance.num_players, "player"))

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> StableCoalition:
        """Draw up to nine players, either notion of stability."""
        return cls(random_players(rng), stability=str(rng.choice(["nash", "robust"])))
