"""The myopic policy, and the policy that one step of rollout makes of it."""

from __future__ import annotations

import time

import numpy as np

from mcsopt.problems import FiniteMdp
from mcsopt.problems.decision_process import DecisionProcess
from mcsopt.problems.policy_value import backup, chosen_values, fixed_point
from mcsopt.result import Result, conclude


def best_choices(process: DecisionProcess, worth: np.ndarray) -> np.ndarray:
    """Return the choice of each state that is worth most, the first of equals; -1 at terminal states."""
    choices, acting = process.choices, ~process.terminal
    best = np.full(process.num_states, -1)
    if acting.any():
        first = choices.first_choice[:-1][acting]
        top = np.repeat(np.maximum.reduceat(worth, first), np.diff(np.append(first, len(worth))))
        winner = np.flatnonzero(worth == top)
        best[choices.state[winner[::-1]]] = winner[::-1]
    return best


def myopic(problem: FiniteMdp, *, seed: int = 0) -> Result:
    """Take in every state the action of greatest expected reward, whatever follows.

    Parameters
    ----------
    problem : FiniteMdp
    seed : int
        Not used: the algorithm is deterministic.

    Returns
    -------
    Result
        FEASIBLE; a stationary policy, without guarantee. Ties go to the lower action.
    """
    began = time.perf_counter()
    process = problem.instance
    policy = problem.policy([best_choices(process, process.choices.expected_reward)])
    return conclude(problem, "myopic", policy, seconds={"heuristic": time.perf_counter() - began}, seed=seed)


def rollout(problem: FiniteMdp, *, seed: int = 0) -> Result:
    """Take in every state the action that is best if the myopic policy is followed afterwards.

    Parameters
    ----------
    problem : FiniteMdp
    seed : int
        Not used: the algorithm is deterministic.

    Returns
    -------
    Result
        FEASIBLE; worth at least the myopic policy (policy improvement), up to rounding. By step for a finite horizon.

    References
    ----------
    D. P. Bertsekas, J. N. Tsitsiklis, C. Wu, Rollout algorithms for combinatorial optimization, J. Heuristics 3 (1997).
    """
    began = time.perf_counter()
    process = problem.instance
    base = best_choices(process, process.choices.expected_reward)
    chosen: list[np.ndarray] = []
    if process.horizon is None:
        chosen.append(best_choices(process, backup(process, fixed_point(process, base))))
    else:
        values = np.zeros(process.num_states)
        for _ in range(process.horizon):
            chosen.append(best_choices(process, backup(process, values)))
            values = chosen_values(process, base, values)
    policy = problem.policy(chosen[::-1])
    return conclude(problem, "rollout", policy, seconds={"heuristic": time.perf_counter() - began}, seed=seed)
