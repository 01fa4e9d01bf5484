"""One sweep of Bellman's equation over sparse transitions.

``v(s) = max over choices c of s of ( r(c) + discount * sum_k p_k v'(next_k) )``, terminal states worth 0. States and
choices are those of `mcsopt.problems.decision_process.Choices`, in doubles, added in the order of the outcomes.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def sweep(
    first_choice: np.ndarray,
    first_outcome: np.ndarray,
    next_state: np.ndarray,
    probability: np.ndarray,
    expected_reward: np.ndarray,
    discount: float,
    after: np.ndarray,
    values: np.ndarray,
    choice: np.ndarray,
) -> None:
    """Find the best choice of every state and its worth, given the worth of the states after it.

    Parameters
    ----------
    first_choice, first_outcome, next_state, probability, expected_reward : array
        As in `Choices`.
    discount : float
    after : array of float, shape (num_states,)
        Worth of the next states.
    values : array of float, shape (num_states,)
        Written: the worth of each state; not `after` itself.
    choice : array of int, shape (num_states,)
        Read and written: the best choice, -1 at terminal states. The one that stands there is kept unless another is
        worth more, so that ties and equal values do not make policies alternate.
    """
    for state in range(len(values)):
        best, chosen = 0.0, -1
        begin, end = first_choice[state], first_choice[state + 1]
        kept = choice[state]
        for c in range(begin, end):
            worth = 0.0
            for k in range(first_outcome[c], first_outcome[c + 1]):
                worth += probability[k] * after[next_state[k]]
            worth = expected_reward[c] + discount * worth
            if chosen < 0 or worth > best or (worth == best and c == kept):
                best, chosen = worth, c
        values[state], choice[state] = best, chosen
