"""What a learner plays against: a process of which it sees states, actions and rewards, never the probabilities."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import FiniteMdp
from mcsopt.problems.policy_value import policy_value

MOST_CODES = 200_000
"""Most states that a network tells apart by number, without features."""
MOST_SITUATIONS = 20_000_000
"""Most states times steps over which a policy is judged."""


class TableSimulator:
    """Many episodes at once of a finite decision process given as a table.

    A *situation* is what the learner sees: the state, and the step too if the horizon is finite and may cut an episode
    short; its number is ``step * num_states + state``. An action is its rank among the different actions.

    Parameters
    ----------
    problem : FiniteMdp
    features : array of float, shape (num_states, k), optional
        What a network is told of each state, each number of the order of 1; None: the number of the state alone.

    Raises
    ------
    InputError
        If the features have a wrong shape, or are not finite.
    TooLarge
        Without features, if there are more than 200,000 states; if a policy by step would have over 2 * 10^7 entries.
    """

    def __init__(self, problem: FiniteMdp, features: np.ndarray | None = None) -> None:
        self.problem = problem
        process = self._process = problem.instance
        self._choices = process.choices
        self.actions = np.unique(self._choices.action)
        self.steps = 1 if process.horizon is None or self._ends_by_itself else process.horizon
        self._given = _checked(features, process.num_states)
        self.num_codes = 0 if features is not None else process.num_states
        if self.num_codes > MOST_CODES:
            raise TooLarge(f"{self.num_codes:,} states without features; at most {MOST_CODES:,}: give features")
        if self.steps * process.num_states > MOST_SITUATIONS:
            size = f"{process.num_states:,} states times {self.steps:,} steps"
            raise TooLarge(f"{size} to judge a policy; at most {MOST_SITUATIONS:,}")

    @property
    def num_features(self) -> int:
        """Numbers by which a network is told of a situation, beside the code of its state."""
        return self._given.shape[1] + (self.steps > 1)

    @property
    def start(self) -> int:
        """The situation in which every episode begins."""
        return self._process.start

    @property
    def discount(self) -> float:
        """Of each step."""
        return self._process.discount

    def codes(self, situations: np.ndarray) -> np.ndarray:
        """Return the state of each situation."""
        return situations % self._process.num_states

    def features(self, situations: np.ndarray) -> np.ndarray:
        """Return what is told of each situation, shape (n, num_features): that of its state, and the step in [0, 1)."""
        told = self._given[self.codes(situations)]
        if self.steps == 1:
            return told
        step = (situations // self._process.num_states / self.steps).astype(np.float32)
        return np.column_stack([told, step])

    @cached_property
    def _choice_of(self) -> np.ndarray:
        """The choice of each state and action, shape (num_states, num_actions); -1 where there is none."""
        table = np.full((self._process.num_states, max(1, len(self.actions))), -1)
        table[self._choices.state, np.searchsorted(self.actions, self._choices.action)] = np.arange(
            len(self._choices.state)
        )
        return table

    @property
    def num_actions(self) -> int:
        """Number of different actions, at least 1."""
        return self._choice_of.shape[1]

    def allowed(self, situations: np.ndarray) -> np.ndarray:
        """Return which actions there are, shape (n, num_actions)."""
        return self._choice_of[self.codes(situations)] >= 0

    def step(
        self, situations: np.ndarray, actions: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Play one step of each episode.

        Parameters
        ----------
        situations, actions : array of int, shape (n,)
            Actions that there are.
        rng : numpy.random.Generator

        Returns
        -------
        after : array of int, shape (n,)
        reward : array of float, shape (n,)
        over : array of bool, shape (n,)
            Whether the episode ends here.
        """
        states = self.codes(situations)
        choice = self._choice_of[states, actions]
        first, last = self._choices.first_outcome[choice], self._choices.first_outcome[choice + 1] - 1
        low, high = self._passed[first], self._passed[last + 1]
        drawn = np.searchsorted(self._passed, low + rng.random(len(choice)) * (high - low), side="right") - 1
        outcome = np.clip(drawn, first, last)
        after = self._choices.next_state[outcome]
        over = self._process.terminal[after]
        if self.steps > 1:
            late = situations // self._process.num_states + 1
            over = over | (late >= self.steps)
            after = np.where(over, situations, after + late * self._process.num_states)
        return after, self._choices.reward[outcome], over

    @cached_property
    def _passed(self) -> np.ndarray:
        """Sum of the probabilities of all outcomes before each one."""
        return np.append(0.0, np.cumsum(self._choices.probability))

    @cached_property
    def _ends_by_itself(self) -> bool:
        """Whether every episode reaches a terminal state within the horizon: then the step need not be known.

        True if no state can follow itself and no way is longer than the horizon.
        """
        table, n = self._choices, self._process.num_states
        source = np.repeat(table.state, np.diff(table.first_outcome))
        possible = (table.probability > 0) & ~self._process.terminal[table.next_state]
        source, target = source[possible], table.next_state[possible]
        order = np.argsort(source, kind="stable")
        source, target = source[order], target[order]
        begins = np.searchsorted(source, np.arange(n + 1))
        waiting = np.bincount(target, minlength=n)
        layer, seen, length = np.flatnonzero(waiting == 0), 0, 0
        # Layer by layer: a state is taken once all that lead to it were; what is left lies on a cycle.
        while len(layer):
            seen, length = seen + len(layer), length + 1
            counts = begins[layer + 1] - begins[layer]
            edges = np.repeat(begins[layer] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
            reached = target[edges]
            waiting -= np.bincount(reached, minlength=n)
            found = np.unique(reached)
            layer = found[waiting[found] == 0]
        return seen == n and length <= (self._process.horizon or 0)

    def greedy(self, worth_of: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> list[np.ndarray]:
        """Return the choices that a network makes: by state, for each step if the step is known, else once.

        Parameters
        ----------
        worth_of : callable
            ``worth_of(codes, features)``: the worth of every action, shape (n, num_actions). Ties go to the lower.
        """
        steps = []
        for step in range(self.steps):
            states = np.arange(self._process.num_states)
            situations = states + step * self._process.num_states
            worth = np.where(self._choice_of >= 0, worth_of(states, self.features(situations)), -np.inf)
            steps.append(self._choice_of[states, worth.argmax(axis=1)])
        return steps

    def value(self, chosen: list[np.ndarray]) -> float:
        """Return the exact expected return of choices from the start."""
        return policy_value(self._process, chosen)


def _checked(features: np.ndarray | None, states: int) -> np.ndarray:
    if features is None:
        return np.zeros((states, 0), np.float32)
    table = np.asarray(features, dtype=np.float32)
    if table.ndim != 2 or len(table) != states:
        raise InputError("features", f"have shape {table.shape}", f"give a table of {states} rows, one per state")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise InputError(f"features[{row}][{column}]", f"is {table[row, column]}", "give finite numbers")
    return table
