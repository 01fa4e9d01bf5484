"""Finite Markov decision processes: the policy of greatest expected return."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from mcsopt.errors import InputError, TooLarge, shown
from mcsopt.problems.base import Problem, Violation, whole
from mcsopt.problems.decision_process import DecisionProcess
from mcsopt.problems.fields import LARGEST_INTEGER, Instance
from mcsopt.problems.policy_value import policy_value
from mcsopt.result import Sense

NO_ACTION = -1
"""What a policy names where a state has no action."""
MOST_POLICIES = 20_000
"""Most policies that are listed for brute force."""
MOST_LISTED_STATES = 1000

Actions = tuple[int, ...]


@dataclass(frozen=True)
class Policy:
    """Which action to take.

    Parameters
    ----------
    action : sequence
        One action per state, for every step; or one such list per step of a finite horizon. At a terminal state the
        entry (-1 as a rule) means nothing.
    """

    action: Actions | tuple[Actions, ...]

    def __init__(self, action: Iterable[Any]) -> None:
        entries = list(action)
        if any(_is_list(entry) for entry in entries):
            steps = tuple(tuple(whole(a, "action") for a in (step if _is_list(step) else [step])) for step in entries)
            object.__setattr__(self, "action", steps)
        else:
            object.__setattr__(self, "action", tuple(whole(a, "action") for a in entries))

    @property
    def steps(self) -> tuple[Actions, ...]:
        """The actions of each step; one tuple if the policy is stationary."""
        return self.action if self.action and isinstance(self.action[0], tuple) else (self.action,)  # type: ignore[return-value]  # told apart by its first entry

    @property
    def stationary(self) -> bool:
        """Whether the policy does the same at every step."""
        return not (self.action and isinstance(self.action[0], tuple))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1)


@dataclass(frozen=True)
class FiniteMdp(Problem[Policy]):
    """Choose an action in every state for the greatest expected return from the start.

    ``max E[ sum_t discount^t reward_t ]`` over policies, t = 0 .. horizon - 1, or without end. Among all policies a
    stationary one is best if the horizon is infinite, one that may depend on the step if it is finite: a policy is a
    list of actions by state, or, for a finite horizon, a list of such lists by step.

    Parameters
    ----------
    instance : DecisionProcess

    Examples
    --------
    Work pays 1 and ends half of the time, rest pays nothing:

    >>> process = DecisionProcess(2, 0, [0, 0, 0], [0, 1, 1], [0, 0, 1], [1.0, 0.5, 0.5], [0.0, 1.0, 1.0], 0.5)
    >>> problem = FiniteMdp(process)
    >>> problem.evaluate(Policy([1, -1])), problem.evaluate(Policy([0, -1]))
    (1.3333333333333333, 0.0)

    References
    ----------
    M. L. Puterman, *Markov Decision Processes*, Wiley 1994, theorems 4.4.2 and 6.2.7.
    """

    instance: DecisionProcess

    name: ClassVar[str] = "finite-mdp"
    sense: ClassVar[Sense] = Sense.MAX
    instance_type: ClassVar[type[Instance]] = DecisionProcess

    def __post_init__(self) -> None:
        self._check_options()

    def evaluate(self, solution: Policy) -> float:
        """Return the expected return from the start (`mcsopt.problems.policy_value`).

        A state whose action does not exist ends the process.
        """
        return policy_value(self.instance, self.choice(solution))

    def violations(self, solution: Policy) -> tuple[Violation, ...]:
        """Return the states, terminal ones excepted, for which the policy names an action that they do not have."""
        acts, found = ~self.instance.terminal, []
        for step, choice in enumerate(self.choice(solution)):
            when = "" if solution.stationary else f", step {step}"
            found += [
                Violation("an action of the state", f"state {state}{when}", 1.0)
                for state in np.flatnonzero(acts & (choice < 0)).tolist()
            ]
        return tuple(found)

    def choice(self, solution: Policy) -> list[np.ndarray]:
        """Return the choice of each state (a place in ``instance.choices``; -1: none), by step; see `Policy`."""
        self._check(solution.action)
        return [self.instance.choices.find(np.array(step)) for step in solution.steps]

    def policy(self, choice: Iterable[np.ndarray]) -> Policy:
        """Return the policy that makes these choices: one array for a stationary one, else one by step."""
        # A last entry for the states whose choice is -1.
        action = np.append(self.instance.choices.action, NO_ACTION)
        steps = [action[step].tolist() for step in choice]
        return Policy(steps[0] if len(steps) == 1 else steps)

    def _check(self, action: Any) -> None:
        """Refuse a policy of the wrong shape, or entries that are no actions."""
        horizon = self.instance.horizon
        if not (isinstance(action, (list, tuple)) or (isinstance(action, np.ndarray) and action.ndim in (1, 2))):
            raise InputError("policy", f"is {shown(action)}", "give a list with one action per state")
        if not any(_is_list(entry) for entry in action):
            self._check_step(action, "policy")
            return
        if horizon is None:
            raise InputError("policy", "is a list of lists", "the horizon is infinite: give one action per state")
        if len(action) != horizon:
            raise InputError(
                "policy", f"lists {len(action)} steps", f"give {horizon} lists, one per step, or one action per state"
            )
        for step, entries in enumerate(action):
            if not _is_list(entries):
                raise InputError(f"policy[{step}]", f"is {shown(entries)}", "give a list with one action per state")
            self._check_step(entries, f"policy[{step}]")

    def _check_step(self, entries: Any, path: str) -> None:
        states = self.instance.num_states
        if len(entries) != states:
            raise InputError(path, f"has {len(entries)} entries", f"give one action for each of the {states} states")
        if set(map(type, entries)) == {int} and min(entries) >= NO_ACTION and max(entries) <= LARGEST_INTEGER:
            return  # as a rule; what follows names the bad entry
        for state, action in enumerate(entries):
            if isinstance(action, bool) or not isinstance(action, (int, np.integer)):
                raise InputError(
                    f"{path}[{state}]", f"is {shown(action)}, not an integer", "name an action, -1 for none"
                )
            if not NO_ACTION <= action <= LARGEST_INTEGER:
                raise InputError(f"{path}[{state}]", f"is {shown(action)}", "name an action, -1 for none")

    def empty_solution(self) -> Policy:
        """Return the policy that takes the first action of every state; it is always feasible."""
        choices = self.instance.choices
        return self.policy([np.where(self.instance.terminal, -1, choices.first_choice[:-1])])

    def solution_to_json(self, solution: Policy) -> dict[str, Any]:
        """Return ``{"policy": [...]}``: actions by state, or by step and state."""
        if solution.stationary:
            return {"policy": list(solution.action)}
        return {"policy": [list(step) for step in solution.steps]}

    def solution_from_json(self, document: Mapping[str, Any]) -> Policy:
        """Read ``{"policy": [...]}``: actions by state, or by step and state."""
        self._check(document["policy"])
        return Policy(document["policy"])

    def every_solution(self) -> Iterator[Policy]:
        """Yield every policy that differs where the process may get to; elsewhere the first action is taken.

        By step for a finite horizon.

        Raises
        ------
        TooLarge
            Beyond 20,000 policies or 1,000 states.
        """
        process, choices = self.instance, self.instance.choices
        if process.num_states > MOST_LISTED_STATES:
            raise TooLarge(f"{process.num_states} states; enumeration takes up to {MOST_LISTED_STATES}")
        points = [(step, s) for step, states in enumerate(reached(process)) for s in sorted(states) if choices.of(s)]
        if math.prod(len(choices.of(state)) for _, state in points) > MOST_POLICIES:
            raise TooLarge(f"more than {MOST_POLICIES:,} policies; use solver 'dynamic-programming'")
        first = np.where(process.terminal, -1, choices.first_choice[:-1])
        for taken in product(*(choices.of(state) for _, state in points)):
            chosen = [first.copy() for _ in range(process.horizon or 1)]
            for (step, state), choice in zip(points, taken, strict=True):
                chosen[step][state] = choice
            yield self.policy(chosen)

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> FiniteMdp:
        """Draw one to four states and up to some hundred policies: ties, terminal and absorbing states, rows of 0."""
        horizon = None if rng.random() < 0.5 else int(rng.integers(1, 4))
        most = 4 if horizon is None else 5 - horizon
        # The larger of two draws: in a single state there is little to decide.
        n = int(rng.integers(1, most + 1, 2).max())
        rows = _random_rows(rng, n, 3 if horizon is None else 2)
        order = rng.permutation(len(rows))
        state, action, after, p, reward = np.array(rows).reshape(-1, 5)[order].T
        discount = float(rng.choice([0.25, 0.5, 0.75, 0.9] if horizon is None else [0.5, 0.9, 1.0]))
        return cls(DecisionProcess(n, int(rng.integers(n)), state, action, after, p, reward, discount, horizon))


def _random_rows(rng: np.random.Generator, n: int, most: int) -> list[tuple[float, ...]]:
    """Draw the transitions of n states with up to `most` actions each, half of them on a coarse grid."""
    grid = rng.random() < 0.6
    rows: list[tuple[float, ...]] = []
    scale, offset, step = [(1, 0, 1), (1, 3, 1), (1, -5, 1), (1, 0, 0), (0, 0, 0)][int(rng.integers(9)) // 2]
    for state in range(n):
        shape = rng.random()
        if shape < 0.12:
            continue  # terminal
        absorbing = shape < 0.2
        for rank, action in enumerate(
            sorted(rng.choice(6, 1 if absorbing else rng.integers(1, most + 1), replace=False))
        ):
            k = 1 if absorbing else int(rng.integers(1, 4))
            p = rng.multinomial(8, np.full(k, 1 / k)) / 8 if grid else rng.dirichlet(np.ones(k))
            # Later actions pay more as a rule: to do the first thing everywhere is then seldom best.
            reward = scale * (np.round(rng.uniform(-3, 3, k)) if grid else rng.uniform(-3, 3, k)) + offset + step * rank
            after = [state] if absorbing else rng.integers(0, n, k).tolist()
            rows += [(state, int(action), *outcome) for outcome in zip(after, p.tolist(), reward.tolist(), strict=True)]
    return rows


def reached(process: DecisionProcess) -> list[set[int]]:
    """Return the states that the process may get to from the start, by step; infinite horizon: at any step, once.

    For small processes.
    """
    choices = process.choices

    def after(states: set[int]) -> set[int]:
        places = (p for s in states for c in choices.of(s) for p in choices.outcomes(c))
        return {int(choices.next_state[p]) for p in places if choices.probability[p] > 0}

    if process.horizon is not None:
        found = [{process.start}]
        while len(found) < process.horizon:
            found.append(after(found[-1]))
        return found
    states, more = set(), {process.start}
    while more:
        states |= more
        more = after(more) - states
    return [states]
