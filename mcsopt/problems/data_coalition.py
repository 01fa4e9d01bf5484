"""Players who share data under privacy levels of their own choosing: burdens, variance, social cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems.base import index_list
from mcsopt.problems.fields import Field, Instance


@dataclass(frozen=True, eq=False)
class DataCoalition(Instance):
    """Players i = 1..n who may pool their data in one coalition.

    A member of a coalition of size k >= 2 adds Laplace noise of privacy level ``eps_i`` to its data. Pooling gives
    every member the variance ``Var = sigma^2/k + (2/k^2) sum_S 1/eps_i^2`` (1), and costs member i the privacy loss
    ``c_i k^alpha eps_i``; together they are its burden (Definition 5). An outsider bears ``sigma^2``.

    Parameters
    ----------
    cost : array of float, shape (n,), n >= 2
        Privacy-cost parameters ``c_i > 0``, in any order.
    variance : float
        Variance ``sigma^2 > 0`` of one player's data.
    alpha : float
        Regime in [-1, 1]: how the privacy cost grows with the size of the coalition.

    Raises
    ------
    InputError
        For fewer than two players or any number out of range.

    References
    ----------
    Data coalitions under chosen privacy, Definitions 5-8 and Lemmas 1-2.
    """

    cost: np.ndarray
    variance: float
    alpha: float

    kind: ClassVar[str] = "data-coalition"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        # Positive; squares and cube roots of smaller numbers would leave the doubles, and the checker refuses them.
        Field("cost", "cost", low=1e-100),
        Field("variance", "variance", low=1e-100, scalar=True),
        Field("alpha", "alpha", low=-1, high=1, scalar=True),
    )

    def __post_init__(self) -> None:
        self._check_fields()
        if self.num_players < 2:
            raise InputError("cost", f"has {self.num_players} entries", "a coalition needs at least two players")

    @property
    def num_players(self) -> int:
        """Number of players n."""
        return len(self.cost)

    def check_members(self, members: Sequence[int]) -> None:
        """Raise `InputError` for a member who is no player, or is named twice."""
        index_list(members, "members", self.num_players, "player")

    def pooled_variance(self, privacy: Sequence[float]) -> float:
        """Return ``Var = sigma^2/k + (2/k^2) sum 1/eps_i^2`` (1) of a coalition with these privacy levels."""
        k = len(privacy)
        return self.variance / k + 2 / k**2 * math.fsum(1 / eps**2 for eps in privacy)

    def burdens(self, members: Sequence[int], privacy: Sequence[float]) -> list[float]:
        """Return the burden ``Var + c_i k^alpha eps_i`` of each member (Definition 5)."""
        pooled = self.pooled_variance(privacy)
        scale = float(len(members)) ** self.alpha
        return [pooled + float(self.cost[i]) * scale * eps for i, eps in zip(members, privacy, strict=True)]

    def social_cost(self, members: Sequence[int], privacy: Sequence[float]) -> float:
        """Return the sum of all n burdens (Definition 6); ``n sigma^2`` for the empty coalition."""
        outside = (self.num_players - len(members)) * self.variance
        return math.fsum([outside, *self.burdens(members, privacy)]) if members else outside

    def chosen_privacy(self, members: Sequence[int], size: int | None = None) -> list[float]:
        """Return the level that each member chooses in a coalition of `size` (default: of these members).

        ``eps_i = (4 / (k^(2+alpha) c_i))^(1/3)`` minimises the member's own burden, whatever the others choose
        (Lemma 2).
        """
        k = float(size if size is not None else len(members))
        return [(4 / (k ** (2 + self.alpha) * float(self.cost[i]))) ** (1 / 3) for i in members]

    def assigned_privacy(self, members: Sequence[int]) -> list[float]:
        """Return the levels ``eps_i = (4 / (k^(1+alpha) c_i))^(1/3)`` that minimise the social cost (Lemma 1)."""
        k = float(len(members))
        return [(4 / (k ** (1 + self.alpha) * float(self.cost[i]))) ** (1 / 3) for i in members]


def random_players(rng: np.random.Generator, most: int = 9) -> DataCoalition:
    """Draw two to max(`most`, 4) players: spread, clustered, equal or geometric costs, in any regime."""
    n = int(rng.integers(2, most + 1))
    shape = rng.integers(6)
    cost: np.ndarray
    if shape == 0:
        cost = rng.uniform(0.1, 2.0, n)
    elif shape == 1:
        cost = rng.choice([0.2, 1.5], n) * rng.uniform(0.97, 1.03, n)
    elif shape == 2:
        cost = np.full(n, rng.uniform(0.1, 2.0))
    elif shape == 3:
        cost = 0.1 * rng.uniform(1.2, 2.5) ** np.arange(n)
    else:
        # A few cheap players and many dear ones alike: where coalitions that differ in one player are stable together.
        cost = np.concatenate([rng.uniform(0.2, 0.7, 3), rng.uniform(3.0, 3.8, max(n, 4) - 3)])
        n = len(cost)
    alpha = float(rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0])) if rng.random() < 0.5 else float(rng.uniform(-1, 1))
    # A variance at which some coalition of cheap players has just become one that its members would not leave: around
    # there coalitions come and go.
    k = int(rng.integers(2, n + 1))
    a = np.cbrt(np.sort(cost) ** 2 / 2)[rng.permutation(min(n, k + 2))[:k]]
    least = (a.sum() + 2 * a.max()) * float(k) ** ((2 * alpha + 1) / 3) / (k - 1)
    return DataCoalition(rng.permutation(cost), float(least * rng.uniform(0.97, 1.15)), alpha)
