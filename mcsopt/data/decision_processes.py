"""Random sparse Markov decision processes."""

from __future__ import annotations

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems import DecisionProcess
from mcsopt.seeds import generator


def decision_process(
    states: int = 20,
    actions: int = 3,
    successors: int = 4,
    horizon: int | None = None,
    discount: float = 0.95,
    seed: int = 0,
    *,
    terminal: float = 0.05,
) -> DecisionProcess:
    """Draw a process: every action of every state leads to a few states at random (a Garnet process).

    Successors are distinct and uniform over all states, their probabilities uniform on the simplex, rewards uniform on
    [0, 1] by outcome. The start is state 0, which is not terminal.

    Parameters
    ----------
    states : int
        Number of states, >= 1.
    actions : int
        Actions of each state that is not terminal, >= 1.
    successors : int
        Next states of each action, >= 1; all states if there are fewer.
    horizon : int, optional
        Number of steps, >= 1; None: infinite.
    discount : float
        In (0, 1]; below 1 without a horizon.
    seed : int
        Seed, >= 0.
    terminal : float
        Probability of each state but the start to be terminal, in [0, 1].

    Returns
    -------
    DecisionProcess

    Raises
    ------
    InputError
        If an argument is outside its range.

    References
    ----------
    T. W. Archibald, K. I. M. McKinnon, L. C. Thomas, On the generation of Markov decision processes, JORS 46 (1995).

    Examples
    --------
    >>> process = decision_process(states=4, actions=2, successors=2, seed=1, terminal=0.0)
    >>> process.num_states, len(process.choices.state), len(process.reward)
    (4, 8, 16)
    """
    for name, count in (("states", states), ("actions", actions), ("successors", successors)):
        if count < 1:
            raise InputError(name, f"is {count}", "give a number >= 1")
    if not 0 <= terminal <= 1:
        raise InputError("terminal", f"is {terminal}", "give a probability")
    rng = generator(seed)
    acting = np.flatnonzero(np.append(False, rng.random(states - 1) < terminal) == 0)
    rows, k = len(acting) * actions, min(successors, states)
    return DecisionProcess(
        num_states=states,
        start=0,
        state=np.repeat(acting, actions * k),
        action=np.tile(np.repeat(np.arange(actions), k), len(acting)),
        next_state=_distinct(rng, rows, k, states).ravel(),
        probability=rng.dirichlet(np.ones(k), rows).ravel(),
        reward=rng.random(rows * k),
        discount=discount,
        horizon=horizon,
    )


def _distinct(rng: np.random.Generator, rows: int, k: int, states: int) -> np.ndarray:
    """Return `k` distinct states in each row (Floyd's algorithm, all rows at once)."""
    drawn = np.empty((rows, k), np.int64)
    for column, top in enumerate(range(states - k, states)):
        candidate = rng.integers(0, top + 1, rows)
        taken = (drawn[:, :column] == candidate[:, None]).any(axis=1)
        drawn[:, column] = np.where(taken, top, candidate)
    return drawn
