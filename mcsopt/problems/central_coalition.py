"""The coalition and privacy levels that a central designer would choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems.base import Problem, Violation, whole
from mcsopt.problems.data_coalition import DataCoalition, random_players
from mcsopt.problems.fields import Field, Instance
from mcsopt.result import Sense

# Squares of smaller levels, in the denominator of the variance, would leave the doubles.
PRIVACY = Field("privacy", "privacy", low=1e-100)


@dataclass(frozen=True)
class PrivateCoalition:
    """Members, sorted, and the privacy level of each."""

    members: tuple[int, ...]
    privacy: tuple[float, ...]

    def __init__(self, members: Iterable[int], privacy: Iterable[float]) -> None:
        pairs = sorted(zip((whole(i, "player") for i in members), (float(e) for e in privacy), strict=True))
        object.__setattr__(self, "members", tuple(i for i, _ in pairs))
        object.__setattr__(self, "privacy", tuple(e for _, e in pairs))


@dataclass(frozen=True)
class CentralCoalition(Problem[PrivateCoalition]):
    """Choose members and their privacy levels for the least social cost.

    ``min sum_i burden_i`` over S with ``|S| >= 2`` or empty and ``eps_i > 0`` (Definition 6, program (4)).

    Parameters
    ----------
    instance : DataCoalition
    """

    instance: DataCoalition

    name: ClassVar[str] = "central-coalition"
    sense: ClassVar[Sense] = Sense.MIN
    instance_type: ClassVar[type[Instance]] = DataCoalition

    def __post_init__(self) -> None:
        self._check_options()

    def evaluate(self, solution: PrivateCoalition) -> float:
        """Return the social cost (Definition 6), from the burdens."""
        self._check(solution)
        return self.instance.social_cost(solution.members, solution.privacy)

    def violations(self, solution: PrivateCoalition) -> tuple[Violation, ...]:
        """Report a coalition of one; everything else is admissible."""
        self._check(solution)
        if len(solution.members) == 1:
            return (Violation("a coalition has no member or at least two", "coalition", 1.0),)
        return ()

    def _check(self, solution: PrivateCoalition) -> None:
        """Refuse members who do not exist or are named twice, and what is no privacy level."""
        self.instance.check_members(solution.members)
        PRIVACY.check(solution.privacy)

    def empty_solution(self) -> PrivateCoalition:
        """Return the empty coalition, social cost ``n sigma^2``."""
        return PrivateCoalition((), ())

    def solution_to_json(self, solution: PrivateCoalition) -> dict[str, Any]:
        """Return ``{"members": [...], "privacy": [...]}``."""
        return {"members": list(solution.members), "privacy": list(solution.privacy)}

    def solution_from_json(self, document: Mapping[str, Any]) -> PrivateCoalition:
        """Read ``{"members": [...], "privacy": [...]}``, a level > 0 for each member in the same order."""
        self.instance.check_members(document["members"])
        privacy = PRIVACY.check(document["privacy"]).tolist()
        if len(privacy) != len(document["members"]):
            raise InputError("privacy", f"has {len(privacy)} entries", "give one level per member")
        return PrivateCoalition(document["members"], privacy)

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> CentralCoalition:
        """Draw up to nine players."""
        return cls(random_players(rng))
