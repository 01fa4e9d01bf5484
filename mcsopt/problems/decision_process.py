"""Finite Markov decision processes as sparse tables: the transitions read, and the same sorted by state and action."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.problems.fields import Field, Instance

MOST_STATES = 10_000_000
LONGEST_HORIZON = 100_000


@dataclass(frozen=True)
class Choices:
    """The transitions sorted by state, then action, then place in the file: a *choice* is one action of one state.

    Attributes
    ----------
    state, action : array of int, shape (c,)
        State and action of each choice.
    first_choice : array of int, shape (num_states + 1,)
        Choices ``first_choice[s]`` up to ``first_choice[s + 1]`` are those of state s; a terminal state has none.
    first_outcome : array of int, shape (c + 1,)
        Outcomes of each choice, likewise.
    next_state, probability, reward : array, shape (n,)
        By outcome.
    expected_reward : array of float, shape (c,)
        Sum of probability times reward over the outcomes of each choice.
    """

    state: np.ndarray
    action: np.ndarray
    first_choice: np.ndarray
    first_outcome: np.ndarray
    next_state: np.ndarray
    probability: np.ndarray
    reward: np.ndarray
    expected_reward: np.ndarray

    def outcomes(self, choice: int) -> range:
        """Return the places of the outcomes of a choice."""
        return range(int(self.first_outcome[choice]), int(self.first_outcome[choice + 1]))

    def of(self, state: int) -> range:
        """Return the choices of a state."""
        return range(int(self.first_choice[state]), int(self.first_choice[state + 1]))

    @cached_property
    def matrix(self) -> Any:
        """The probabilities as a sparse matrix, shape (c, num_states)."""
        from scipy.sparse import csr_matrix

        shape = len(self.state), len(self.first_choice) - 1
        return csr_matrix((self.probability, self.next_state, self.first_outcome), shape=shape)

    @cached_property
    def _key(self) -> tuple[np.ndarray, np.ndarray]:
        """The different actions, and ``state * their number + rank of the action`` by choice, ascending."""
        actions, rank = np.unique(self.action, return_inverse=True)
        return actions, self.state * len(actions) + rank

    def find(self, action: np.ndarray) -> np.ndarray:
        """Return the choice of each state by the action named for it; -1 where the state has no such action."""
        actions, key = self._key
        if not len(key):
            return np.full(len(action), -1)
        rank = np.minimum(np.searchsorted(actions, action), len(actions) - 1)
        wanted = np.arange(len(action)) * len(actions) + rank
        found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        return np.where((actions[rank] == action) & (key[found] == wanted), found, -1)


@dataclass(frozen=True, eq=False)
class DecisionProcess(Instance):
    """A finite Markov decision process.

    In state s an action a of that state is chosen; with probability p the process moves to the next state of one of the
    outcomes of (s, a) and pays that outcome's reward. A state without actions is terminal: nothing more happens there.

    Parameters
    ----------
    num_states : int
        Number of states, 1 to 10^7.
    start : int
        State in which the process begins.
    state, action, next_state : array of int, shape (n,)
        One row per outcome. Actions are numbers >= 0, any of them at any state. Rows of one (state, action) are its
        outcomes, in any order; the same next state may occur more than once.
    probability : array of float, shape (n,)
        In [0, 1]; those of one (state, action) sum to 1 within 1e-9 and are then taken literally.
    reward : array of float, shape (n,)
        Any finite number, in any unit.
    discount : float
        In (0, 1]: the reward of step t counts ``discount^t``. Below 1 if the horizon is infinite.
    horizon : int or None
        Number of steps, 1 to 100,000; None: infinite.

    Raises
    ------
    InputError
        For numbers out of range, a state that does not exist, probabilities that do not sum to 1, and an infinite
        horizon whose return need not be finite.
    """

    num_states: int
    start: int
    state: np.ndarray
    action: np.ndarray
    next_state: np.ndarray
    probability: np.ndarray
    reward: np.ndarray
    discount: float
    horizon: int | None = None

    kind: ClassVar[str] = "finite-mdp"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("num_states", "num_states", low=1, high=MOST_STATES, integer=True, scalar=True),
        Field("start", "start", low=0, integer=True, scalar=True),
        Field("state", "transitions.state", low=0, integer=True),
        Field("action", "transitions.action", low=0, integer=True),
        Field("next_state", "transitions.next_state", low=0, integer=True),
        Field("probability", "transitions.probability", low=0, high=1),
        Field("reward", "transitions.reward"),
        Field("discount", "discount", low=0, high=1, open_low=True, scalar=True),
        Field("horizon", "horizon", low=1, high=LONGEST_HORIZON, integer=True, scalar=True, optional=True),
    )

    def __post_init__(self) -> None:
        self._check_fields()
        remedy = f"states go from 0 to {self.num_states - 1}"
        if self.start >= self.num_states:
            raise InputError("start", f"is {self.start}", remedy)
        for name, column in (("state", self.state), ("next_state", self.next_state)):
            beyond = np.flatnonzero(column >= self.num_states)
            if len(beyond):
                raise InputError(f"transitions.{name}[{beyond[0]}]", f"is {column[beyond[0]]}", remedy)
        self._check_sums()

    def _check_sums(self) -> None:
        if self.horizon is None and self.discount == 1:
            raise InputError("discount", "is 1.0 and the horizon infinite", "give a discount < 1, or a horizon")
        off = np.abs(self.probability_sums - 1)
        for choice in np.flatnonzero(off > tolerances.PROBABILITY_SUM)[:1]:
            where = f"state {self.choices.state[choice]}, action {self.choices.action[choice]}"
            total = float(self.probability_sums[choice])
            raise InputError(
                "transitions.probability",
                f"sums to {total!r} at {where}, {abs(total - 1):.3g} {'above' if total > 1 else 'below'} 1",
                f"let the outcomes of each action sum to 1 within {tolerances.PROBABILITY_SUM:g}",
            )
        if self.horizon is None and self.contraction >= 1:
            raise InputError(
                "discount", f"is {self.discount!r}, and times a sum of probabilities above 1 no longer below 1",
                "give a smaller one, or probabilities that sum to at most 1",
            )  # fmt: skip

    @cached_property
    def choices(self) -> Choices:
        """The transitions sorted by state and action."""
        order = np.lexsort((self.action, self.state))
        state, action = self.state[order], self.action[order]
        new = np.append(True, (np.diff(state) != 0) | (np.diff(action) != 0))[: len(state)]
        first = np.flatnonzero(new)
        probability, reward = self.probability[order], self.reward[order]
        return Choices(
            state=state[first],
            action=action[first],
            first_choice=np.searchsorted(state[first], np.arange(self.num_states + 1)),
            first_outcome=np.append(first, len(state)),
            next_state=self.next_state[order],
            probability=probability,
            reward=reward,
            expected_reward=np.add.reduceat(probability * reward, first) if len(first) else np.zeros(0),
        )

    @cached_property
    def probability_sums(self) -> np.ndarray:
        """Sum of the probabilities of each choice, correctly rounded."""
        first, p = self.choices.first_outcome.tolist(), self.choices.probability.tolist()
        return np.array([math.fsum(p[a:b]) for a, b in pairwise(first)])

    @property
    def contraction(self) -> float:
        """Discount times the largest sum of probabilities: by how much a sweep shrinks differences of values."""
        return self.discount * float(self.probability_sums.max(initial=0.0))

    @property
    def terminal(self) -> np.ndarray:
        """Whether each state is terminal: it has no action."""
        return np.diff(self.choices.first_choice) == 0
