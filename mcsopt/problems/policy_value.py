"""What a policy is worth: exact in rationals where that is short, else in doubles with the residual controlled.

The value of a policy obeys ``v = r + d P v`` (infinite horizon), or ``v_t = r_t + d P_t v_(t+1)`` with ``v_H = 0``. A
state whose action the policy does not name, or that has none, is worth 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from mcsopt.problems.decision_process import DecisionProcess

EXACT_STATES = 8
"""Most states that a policy of infinite horizon may visit to be evaluated in rationals."""
EXACT_STEPS, EXACT_OUTCOMES = 30, 3000
"""Longest horizon, and most outcomes over all its steps, likewise: numerators grow with every step."""
DIRECT_STATES = 1000
"""Most states whose equations are factorized: beyond, fill-in may make a sparse matrix dense."""
NEAR_ONE = 0.9999
"""Discount from which on values are corrected by their residual in rationals."""
ROUNDS = 100
"""Most corrections of an iterative solution; a few are usual."""


def policy_value(process: DecisionProcess, choice: Sequence[np.ndarray]) -> float:
    """Return the expected discounted return from the start.

    Parameters
    ----------
    process : DecisionProcess
    choice : sequence of array of int, shape (num_states,)
        The choice of each state (a place in ``process.choices``; -1: none), for each step; one array: at every step.

    Returns
    -------
    float
        Correctly rounded where it is found in rationals, else within some 1e-12 of the largest value visited.

    Examples
    --------
    >>> process = DecisionProcess(2, 0, [0, 0], [7, 7], [0, 1], [0.5, 0.5], [1.0, 3.0], discount=0.5)
    >>> policy_value(process, [process.choices.find(np.array([7, -1]))])
    2.6666666666666665
    """
    if process.horizon is None:
        visited = _visited(process, choice[0])
        if len(visited) <= EXACT_STATES:
            return float(_exact_fixed_point(process, choice[0], visited))
        values = fixed_point(process, choice[0], visited)
        place = int(np.searchsorted(visited, process.start))
        if process.contraction < NEAR_ONE:
            return float(values[place])
        # The error is the residual over 1 - discount: here what doubles lose of the residual counts.
        lost = fixed_point(process, choice[0], visited, reward=_exact_residual(process, choice[0], visited, values))
        return float(values[place] + lost[place])
    steps = [choice[min(step, len(choice) - 1)] for step in range(process.horizon)]
    if process.horizon <= EXACT_STEPS and len(process.reward) * process.horizon <= EXACT_OUTCOMES:
        return float(_exact_return(process, steps))
    values = np.zeros(process.num_states)
    for chosen in reversed(steps):
        values = chosen_values(process, chosen, values)
    return float(values[process.start])


def backup(process: DecisionProcess, values: np.ndarray) -> np.ndarray:
    """Return ``r + d P v`` of every choice: what it is worth if the next states are worth `values`."""
    result: np.ndarray = process.choices.expected_reward + process.discount * (process.choices.matrix @ values)
    return result


def chosen_values(process: DecisionProcess, choice: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what each state is worth under its choice if the next states are worth `values`."""
    if not len(process.choices.state):
        return np.zeros(process.num_states)
    return np.where(choice >= 0, backup(process, values)[choice], 0.0)


def fixed_point(
    process: DecisionProcess,
    choice: np.ndarray,
    visited: np.ndarray | None = None,
    guess: np.ndarray | None = None,
    reward: np.ndarray | None = None,
) -> np.ndarray:
    """Return the values of a stationary policy, infinite horizon, in doubles.

    Parameters
    ----------
    process : DecisionProcess
    choice : array of int, shape (num_states,)
    visited : array of int, shape (m,), optional
        States whose values are wanted, closed under the policy; default: all.
    guess : array of float, shape (m,), optional
    reward : array of float, shape (m,), optional
        What each state pays; default: the expected reward of its choice.

    Returns
    -------
    array of float, shape (m,)
        ``(I - d P) v = r``, factorized up to 1,000 states, else by BiCGSTAB, and corrected until the residual is as
        small as doubles show, ``1e-15`` of the largest value; the values are right to that over 1 minus the discount.
    """
    from scipy.sparse import identity
    from scipy.sparse.linalg import splu

    visited = np.arange(process.num_states) if visited is None else visited
    values = np.zeros(len(visited)) if guess is None else guess.copy()
    chosen = choice[visited]
    acting = np.flatnonzero(chosen >= 0)
    values[chosen < 0] = 0.0
    if not len(acting):
        return values
    # Terminal states are worth 0 and drop out of the equations.
    rows = process.choices.matrix[chosen[acting]][:, visited[acting]]
    pays = process.choices.expected_reward[chosen[acting]] if reward is None else reward[acting]
    equations = (identity(len(acting), format="csr") - process.discount * rows).tocsr()
    solve = splu(equations.tocsc()).solve if len(acting) <= DIRECT_STATES else _iteratively(equations)
    values[acting] = _corrected(lambda v: pays + process.discount * (rows @ v) - v, solve, values[acting])
    return values


def _iteratively(equations: Any) -> Any:
    from scipy.sparse.linalg import bicgstab

    def solve(residual: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):  # a breakdown gives no correction, and the next sweep goes on
            found = bicgstab(equations, residual, rtol=1e-10, maxiter=500)[0]
        return found if np.isfinite(found).all() else residual

    return solve


def _corrected(residual_of: Any, solve: Any, values: np.ndarray) -> np.ndarray:
    """Add corrections while they make the residual smaller; where they do not, sweep, which always converges."""
    residual = residual_of(values)
    for _ in range(ROUNDS):
        size = float(np.abs(residual).max())
        if size <= 1e-15 * float(np.abs(values).max()):
            break
        better = values + solve(residual)
        remaining = residual_of(better)
        if float(np.abs(remaining).max()) > size / 2:
            better = values + residual
            remaining = residual_of(better)
            if float(np.abs(remaining).max()) >= size:
                break  # at the rounding of doubles
        values, residual = better, remaining
    return values


def _exact_residual(
    process: DecisionProcess, choice: np.ndarray, visited: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Return ``r + d P v - v`` of the visited states, each rounded once."""
    choices, discount = process.choices, Fraction(process.discount)
    worth = {state: Fraction(v) for state, v in zip(visited.tolist(), values.tolist(), strict=True)}
    residual = np.zeros(len(visited))
    for row, state in enumerate(visited.tolist()):
        if choice[state] >= 0:
            total = -worth[state]
            for place in choices.outcomes(int(choice[state])):
                after = discount * worth[int(choices.next_state[place])] if choices.probability[place] > 0 else 0
                total += Fraction(float(choices.probability[place])) * (Fraction(float(choices.reward[place])) + after)
            residual[row] = float(total)
    return residual


def _visited(process: DecisionProcess, choice: np.ndarray) -> np.ndarray:
    """Return the states that a stationary policy may visit from the start, sorted."""
    choices = process.choices
    seen, pending = {process.start}, [process.start]
    while pending:
        chosen = int(choice[pending.pop()])
        if chosen < 0:
            continue
        for place in choices.outcomes(chosen):
            state = int(choices.next_state[place])
            if state not in seen and choices.probability[place] > 0:
                seen.add(state)
                pending.append(state)
    return np.array(sorted(seen))


def _exact_fixed_point(process: DecisionProcess, choice: np.ndarray, visited: np.ndarray) -> Fraction:
    """Return the value of the start, by elimination in rationals."""
    choices, discount = process.choices, Fraction(process.discount)
    # The start last: after the others are eliminated its equation holds its own value alone.
    order = [*(s for s in visited.tolist() if s != process.start and choice[s] >= 0), process.start]
    if choice[process.start] < 0:
        return Fraction(0)
    place = {state: row for row, state in enumerate(order)}
    system = []
    for state in order:
        row = [Fraction(0)] * (len(order) + 1)
        row[place[state]] += 1
        for outcome in choices.outcomes(int(choice[state])):
            p = Fraction(float(choices.probability[outcome]))
            row[-1] += p * Fraction(float(choices.reward[outcome]))
            column = place.get(int(choices.next_state[outcome]))
            if column is not None:
                row[column] -= discount * p
        system.append(row)
    for pivot, upper in enumerate(system):
        # Rows are diagonally dominant, and stay so: no pivot is 0.
        for lower in system[pivot + 1 :]:
            factor = lower[pivot] / upper[pivot]
            if factor:
                for column in range(pivot, len(order) + 1):
                    lower[column] -= factor * upper[column]
    return system[-1][-1] / system[-1][-2]


def _exact_return(process: DecisionProcess, steps: Sequence[np.ndarray]) -> Fraction:
    """Return the value of the start over finitely many steps, in rationals."""
    choices, discount = process.choices, Fraction(process.discount)
    reached = [{process.start}]
    for chosen in steps[:-1]:
        after = (choices.outcomes(int(chosen[state])) for state in reached[-1] if chosen[state] >= 0)
        reached.append({int(choices.next_state[place]) for places in after for place in places})
    values: dict[int, Fraction] = {}
    for states, chosen in zip(reversed(reached), reversed(steps), strict=True):
        values = {
            state: sum(
                (
                    Fraction(float(choices.probability[place]))
                    * (
                        Fraction(float(choices.reward[place]))
                        + discount * values.get(int(choices.next_state[place]), Fraction(0))
                    )
                    for place in (choices.outcomes(int(chosen[state])) if chosen[state] >= 0 else ())
                ),
                Fraction(0),
            )
            for state in states
        }
    return values[process.start]
