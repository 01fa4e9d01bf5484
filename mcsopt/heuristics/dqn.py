"""Deep Q-learning of a policy, as published and with later improvements; the certificate judges both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt.errors import InputError
from mcsopt.heuristics.dqn_simulator import TableSimulator
from mcsopt.heuristics.dqn_weights import load_network
from mcsopt.problems import FiniteMdp, Policy
from mcsopt.result import Result, TraceStep, conclude

if TYPE_CHECKING:
    from mcsopt.heuristics.dqn_training import DqnSettings, Learned

STEPS_PER_STATE, FEWEST_STEPS, MOST_STEPS = 2, 100, 50_000
"""Default budget: so many steps of training for each state (times steps of the horizon, if they count)."""
IMPROVED: dict[str, Any] = {
    "double": True, "lookahead": 3, "target_rate": 0.01, "average_rate": 0.002, "episodes": 32,
    "learning_rate": 1e-3, "last_rate": 5e-5,
}  # fmt: skip
"""What `double_dqn` changes of the published settings."""


def default_steps(situations: int) -> int:
    """Return the steps of training for so many states."""
    return min(MOST_STEPS, max(FEWEST_STEPS, STEPS_PER_STATE * situations))


def dqn(
    problem: FiniteMdp,
    *,
    seed: int = 0,
    features: np.ndarray | None = None,
    steps: int | None = None,
    time_limit: float | None = None,
    settings: DqnSettings | None = None,
    device: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Learn what actions are worth by playing, with a deep Q-network and prioritized replay (DQNP-DRO).

    The network's answer for the action taken is drawn towards ``r + d max_b Q'(s', b)`` (36), Q' a copy of the network
    that is renewed now and then; transitions of large error are replayed more often, their bias corrected by importance
    weights; RMSprop. The learner sees states, actions and rewards of episodes, never the probabilities. At checkpoints
    the greedy policy is evaluated *exactly*, and the best is returned: the gap of a learner is not monotone.

    Parameters
    ----------
    problem : FiniteMdp
    seed : int
        Same seed, same policy, on the CPU and if time does not stop the run.
    features : array of float, shape (num_states, k), optional
        What the network is told of a state, each number of the order of 1; None: its number, up to 200,000 states.
    steps : int, optional
        Steps of training, >= 0; default: 2 for each state, 100 to 50,000.
    time_limit : float, optional
        Seconds of wall-clock time after which no further step is begun.
    settings : DqnSettings, optional
        Default: `mcsopt.heuristics.dqn_training.DqnSettings`; the source gives none of its values.
    device : str, optional
        For torch; default: a GPU if there is one.
    progress : callable, optional
        Called at every checkpoint with a line of text.

    Returns
    -------
    Result
        FEASIBLE, without guarantee. The trace holds the checkpoints that improved on all before: step, exact value.

    Raises
    ------
    InputError
        If torch is not installed, or an argument is out of range.
    TooLarge
        See `TableSimulator`.

    References
    ----------
    V. Mnih et al., Human-level control through deep reinforcement learning, Nature 518 (2015). T. Schaul et al.,
    Prioritized experience replay, ICLR 2016. Stagewise trading (StagewiseTM3atch), (34)-(36) and Algorithm 3.

    Examples
    --------
    >>> from mcsopt.problems import DecisionProcess
    >>> trap = DecisionProcess(3, 0, [0, 0, 1], [0, 1, 0], [2, 1, 2], [1.0] * 3, [2.0, 1.0, 9.0], discount=0.5)
    >>> dqn(FiniteMdp(trap)).solution.action
    (1, 0, -1)
    """
    return _run("dqn", problem, seed, features, steps, time_limit, settings, {}, device, progress)


def double_dqn(
    problem: FiniteMdp,
    *,
    seed: int = 0,
    features: np.ndarray | None = None,
    steps: int | None = None,
    time_limit: float | None = None,
    settings: DqnSettings | None = None,
    device: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Learn as `dqn` does, with four later improvements.

    The network in training chooses the next action and the copy says its worth (double DQN); rewards of three steps are
    summed before the network's word is taken; the copy follows smoothly; the learning rate falls, and a running mean
    of the weights is what is judged and kept. Parameters, returns and errors are those of `dqn`.

    References
    ----------
    H. van Hasselt, A. Guez, D. Silver, Deep reinforcement learning with double Q-learning, AAAI 2016. M. Hessel et al.,
    Rainbow, AAAI 2018. B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging (1992).
    """
    return _run("double-dqn", problem, seed, features, steps, time_limit, settings, IMPROVED, device, progress)


def learn(
    problem: FiniteMdp,
    *,
    seed: int = 0,
    improved: bool = True,
    features: np.ndarray | None = None,
    steps: int | None = None,
    time_limit: float | None = None,
    settings: DqnSettings | None = None,
    device: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Learned:
    """Train as `double_dqn` does, or `dqn` if not `improved`, and return the network and the whole curve.

    The other parameters are those of `dqn`. ``save_network(learned.network, path, actions=learned.actions)`` keeps it.
    """
    # Not at the top: torch is an extra.
    from mcsopt.heuristics.dqn_training import DqnSettings, train

    simulator = TableSimulator(problem, features)
    situations = problem.instance.num_states * simulator.steps
    budget = default_steps(situations) if steps is None else steps
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 0:
        raise InputError("steps", f"is {steps!r}", "give a whole number >= 0")
    if time_limit is not None and not time_limit >= 0:
        raise InputError("time_limit", f"is {time_limit!r}", "give seconds >= 0")
    if problem.instance.terminal[problem.instance.start]:
        budget = 0  # there is nothing to play
    chosen = settings or replace(DqnSettings(), **(IMPROVED if improved else {}))
    return train(simulator, chosen, steps=budget, seed=seed, time_limit=time_limit, device=device, progress=progress)


def _run(
    name: str, problem: FiniteMdp, seed: int, features: np.ndarray | None, steps: int | None,
    time_limit: float | None, settings: DqnSettings | None, changes: dict[str, Any], device: str | None,
    progress: Callable[[str], None] | None,
) -> Result:  # fmt: skip
    began = time.perf_counter()
    learned = learn(
        problem, seed=seed, improved=bool(changes), features=features, steps=steps, time_limit=time_limit,
        settings=settings, device=device, progress=progress,
    )  # fmt: skip
    trace, best = [], -np.inf
    for checkpoint in learned.curve:
        if checkpoint.value > best:
            best = checkpoint.value
            trace.append(TraceStep(checkpoint.step, 0, best))
    return conclude(
        problem, name, problem.policy(learned.choice), termination=learned.termination, seed=seed, trace=tuple(trace),
        seconds={"heuristic": time.perf_counter() - began},
        message=f"best of {len(learned.curve)} checkpoints" if learned.curve else "",
    )  # fmt: skip


def network_policy(problem: FiniteMdp, path: str | Path, features: np.ndarray | None = None) -> Policy:
    """Return the greedy policy of a saved network. Needs no torch, and executes nothing of the file.

    Parameters
    ----------
    problem : FiniteMdp
    path : str or Path
        Written by `save_network`.
    features : array of float, shape (num_states, k), optional
        Those that the network was trained with.

    Raises
    ------
    InputError
        Naming the file, if it is no saved network, or was trained for a process of another shape.
    """
    network, actions = load_network(path)
    simulator = TableSimulator(problem, features)
    for what, has, needs in (
        ("states told by number", network.num_codes, simulator.num_codes),
        ("features", network.num_features, simulator.num_features),
        ("actions", tuple(actions.tolist()), tuple(simulator.actions.tolist()) or (0,)),
    ):
        if has != needs:
            shown = (len(has), len(needs)) if isinstance(has, tuple) and isinstance(needs, tuple) else (has, needs)
            differ = f"{shown[0]} {what}, the process {shown[1]}" if shown[0] != shown[1] else f"other {what}"
            raise InputError("network", f"has {differ}", "give a network trained on this process", str(path))
    return problem.policy(simulator.greedy(network.worth))
