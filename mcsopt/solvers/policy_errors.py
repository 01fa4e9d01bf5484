"""Where a policy errs, and what each error costs: the gap of a policy as a sum over states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.problems import FiniteMdp, Policy
from mcsopt.problems.policy_value import backup

MOST_ENTRIES = 50_000_000
"""Most states times steps: values of all of them are kept."""
NEGLIGIBLE = 1e-16
"""Discount of the step after which an infinite horizon is cut."""


@dataclass(frozen=True)
class PolicyErrors:
    """What a policy loses in each state.

    Attributes
    ----------
    visits : array of float, shape (num_states,)
        Expected discounted number of visits under the policy.
    regret : array of float, shape (num_states,)
        What one wrong decision costs there if all later ones are right, the mean over the visits; >= 0.
    cost : array of float, shape (num_states,)
        Visits times regret. Sums to the optimum less the policy's value.
    optimum, value : float
        Expected return from the start.
    """

    visits: np.ndarray
    regret: np.ndarray
    cost: np.ndarray
    optimum: float
    value: float


def policy_errors(problem: FiniteMdp, policy: Policy) -> PolicyErrors:
    """Return what a policy loses in each state, by the performance difference lemma.

    ``v*(s0) - v(s0) = sum_t d^t sum_s Pr(s_t = s) (v*_t(s) - q*_t(s, policy))``: visits are the policy's, values the
    optimum's. In doubles.

    Parameters
    ----------
    problem : FiniteMdp
    policy : Policy
        Feasible.

    Raises
    ------
    TooLarge
        If states times steps exceed 5 * 10^7; an infinite horizon counts the steps until its discount is 1e-16.

    References
    ----------
    S. Kakade, J. Langford, Approximately optimal approximate reinforcement learning, ICML 2002, lemma 6.1.

    Examples
    --------
    >>> from mcsopt.problems import DecisionProcess
    >>> trap = FiniteMdp(DecisionProcess(3, 0, [0, 0, 1], [0, 1, 0], [2, 1, 2], [1.0] * 3, [2.0, 1.0, 9.0], 1.0, 2))
    >>> errors = policy_errors(trap, Policy([0, 0, -1]))
    >>> errors.cost.tolist(), errors.optimum - errors.value
    ([8.0, 0.0, 0.0], 8.0)
    """
    process, chosen = problem.instance, problem.choice(policy)
    choices, n = process.choices, process.num_states
    endless = 1 + int(np.log(NEGLIGIBLE) / np.log(process.discount)) if process.discount < 1 else 0
    steps = process.horizon or endless
    if steps * n > MOST_ENTRIES:
        raise TooLarge(f"{n:,} states times {steps:,} steps; at most {MOST_ENTRIES:,}")
    acting = ~process.terminal
    regret, best = np.zeros((steps, n)), np.zeros(n)
    for step in reversed(range(steps)):
        choice, worth = chosen[min(step, len(chosen) - 1)], backup(process, best)
        best = np.zeros(n)
        if acting.any():
            best[acting] = np.maximum.reduceat(worth, choices.first_choice[:-1][acting])
        # A state without an action of its own ends the process.
        regret[step] = best - np.where(choice >= 0, np.append(worth, 0.0)[choice], 0.0)
    present, visits, cost = np.zeros(n), np.zeros(n), np.zeros(n)
    present[process.start] = 1.0
    transposed = choices.matrix.T.tocsr()
    for step in range(steps):
        visits += present
        cost += present * regret[step]
        choice = chosen[min(step, len(chosen) - 1)]
        taken = np.zeros(len(choices.state))
        taken[choice[choice >= 0]] = present[choice >= 0]
        present = process.discount * (transposed @ taken)
    mean = np.divide(cost, visits, out=np.zeros(n), where=visits > 0)
    optimum = float(best[process.start])
    return PolicyErrors(visits, mean, cost, optimum, optimum - float(cost.sum()))
