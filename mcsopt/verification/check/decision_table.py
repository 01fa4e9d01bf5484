"""A finite Markov decision process as its checker reads it: transitions sorted by state and action."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from mcsopt.verification.check import strict
from mcsopt.verification.check.strict import POSITION, Range, Refused

KIND = "finite-mdp"
SUM = 1e-9
"""How far the probabilities of a choice may sum to something else than 1."""
MOST_STATES = 10_000_000
LONGEST_HORIZON = 100_000
MOST_ACTION = 2**62
PROBABILITY = Range(0.0, 1.0)


@dataclass(frozen=True)
class Table:
    """States, choices (an action of a state) and outcomes (of a choice), each sorted by the one before.

    Attributes
    ----------
    states, start : int
    horizon : int or None
    discount : Fraction
        Exact.
    contraction : Fraction
        At least the discount times the sum of probabilities of every choice; below 1 if the horizon is infinite.
    state, action : array of int, by choice
    first_outcome : array of int
        Outcomes ``first_outcome[c]`` up to ``first_outcome[c + 1]`` are those of choice c.
    next_state, probability, reward : array, by outcome
    acting : array of bool, by state
        Whether it has an action.
    place : dict
        Choice by (state, action).
    """

    states: int
    start: int
    horizon: int | None
    discount: Fraction
    contraction: Fraction
    state: np.ndarray
    first_outcome: np.ndarray
    next_state: np.ndarray
    probability: np.ndarray
    reward: np.ndarray
    acting: np.ndarray
    place: dict[tuple[int, int], int]

    @property
    def choices(self) -> int:
        """Number of choices."""
        return len(self.state)

    def outcomes(self, choice: int) -> range:
        """Return the outcomes of a choice."""
        return range(int(self.first_outcome[choice]), int(self.first_outcome[choice + 1]))

    def weight(self, outcome: int) -> Fraction:
        """Return the probability of an outcome, exactly."""
        return Fraction(float(self.probability[outcome]))

    def gain(self, outcome: int) -> Fraction:
        """Return the reward of an outcome, exactly."""
        return Fraction(float(self.reward[outcome]))

    def chosen(self, actions: list[int]) -> np.ndarray:
        """Return the choice of each state by the action named for it, -1 where there is none."""
        return np.array([self.place.get((state, action), -1) for state, action in enumerate(actions)])


def parse_table(instance: Any) -> Table:
    """Read a ``finite-mdp`` instance, its common keys already checked."""
    keys = ("format", "kind", "num_states", "start", "transitions", "discount")
    document = strict.entries(instance, "instance", keys, ("horizon",))
    states = _count(document["num_states"], "instance.num_states", MOST_STATES)
    horizon = document.get("horizon")
    if horizon is not None:
        horizon = _count(horizon, "instance.horizon", LONGEST_HORIZON)
    discount = strict.number(document["discount"], "instance.discount", Range(0.0, 1.0, open_low=True))
    rows = strict.entries(
        document["transitions"], "instance.transitions", ("state", "action", "next_state", "probability", "reward")
    )
    path = "instance.transitions"
    state = strict.indices(rows["state"], f"{path}.state", states)
    n = len(state)
    action = strict.indices(rows["action"], f"{path}.action", MOST_ACTION + 1, n)
    after = strict.indices(rows["next_state"], f"{path}.next_state", states, n)
    probability = strict.numbers(rows["probability"], f"{path}.probability", PROBABILITY, n)
    reward = strict.numbers(rows["reward"], f"{path}.reward", POSITION, n)
    order = sorted(range(n), key=lambda row: (state[row], action[row]))
    pairs = [(state[row], action[row]) for row in order]
    first = [k for k in range(n) if k == 0 or pairs[k] != pairs[k - 1]]
    bounds = [*first, n]
    sums = [_sum([probability[row] for row in order[a:b]], pairs[a]) for a, b in pairwise(bounds)]
    contraction = Fraction(discount) * max(sums, default=Fraction(0))
    if horizon is None and (discount == 1 or contraction >= 1):
        raise Refused(f"instance.discount is {discount!r}: without a horizon the return need not be finite")
    acting = np.zeros(states, bool)
    acting[state] = True
    return Table(
        states=states,
        start=strict.index(document["start"], "instance.start", states),
        horizon=horizon,
        discount=Fraction(discount),
        contraction=contraction,
        state=np.array([pairs[k][0] for k in first], np.int64),
        first_outcome=np.array(bounds, np.int64),
        next_state=np.array([after[row] for row in order], np.int64),
        probability=np.array([probability[row] for row in order]),
        reward=np.array([reward[row] for row in order]),
        acting=acting,
        place={pairs[k]: choice for choice, k in enumerate(first)},
    )


def _count(value: Any, path: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Refused(f"{path} is {strict.show(value)}, not an integer from 1 to {most:,}")
    return int(value)


def _sum(probabilities: list[float], pair: tuple[int, int]) -> Fraction:
    """Return at least the sum of the probabilities of a choice, hardly above; refuse one that is not 1."""
    total = math.fsum(probabilities)
    if abs(total - 1) > SUM:
        state, action = pair
        raise Refused(f"the probabilities of state {state}, action {strict.show(action)}, sum to {total!r}")
    # The sum is correctly rounded, so the next double is above it; most sums are 1 or just below.
    return Fraction(1) if math.fsum([*probabilities, -1.0]) <= 0 else Fraction(math.nextafter(total, 2))
