"""A worker's process as a Gymnasium environment, for other people's agents (extra ``gym``).

This module needs gymnasium and is imported by nothing else of mcsopt.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems.worker_process import CONTINUE, Episodes, WorkerProcess

try:
    import gymnasium
except ImportError:
    raise InputError("gymnasium", "is not installed", "install mcsopt with its extra 'gym'") from None


class WorkerEnvironment(gymnasium.Env[np.ndarray, int]):
    """One episode at a time of `mcsopt.problems.worker_process.WorkerProcess`.

    Actions: 0 continue, 1 abandon. Observations: the features of the state (`worker_process.features`), within [-1, 1].
    The reward is undiscounted: an episode's sum is the realized utility. An episode ends by itself, so that
    ``truncated`` is always false. ``info`` holds ``action_mask``, which actions mean something (where the task at hand
    cannot be in time any more, continuing is taken as abandoning), and ``state``, the number of the state: where a
    table of decisions has its entry.

    Parameters
    ----------
    process : WorkerProcess
    seed : int
        Seed until `reset` gives another.

    Examples
    --------
    >>> from mcsopt.data.worker_processes import frozen_process
    >>> environment = WorkerEnvironment(frozen_process("15k"))
    >>> observation, info = environment.reset(seed=0)
    >>> observation, reward, terminated, truncated, info = environment.step(1)
    >>> observation.shape, float(reward) < 0, terminated
    ((34,), True, False)
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(self, process: WorkerProcess, seed: int = 0) -> None:
        self.process = process
        self._episodes = Episodes(process, 1, seed)
        width = self._episodes.features().shape[1]
        self.observation_space = gymnasium.spaces.Box(-1.0, 1.0, (width,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Begin an episode; with a seed, its random numbers, too. There are no options."""
        super().reset(seed=seed)
        self._episodes.reset(seed=seed)
        return self._episodes.features()[0], self._info()

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        """Decide, and see what comes of it."""
        if not self.action_space.contains(action):
            raise InputError("action", f"is {action!r}", "give 0 to continue, 1 to abandon")
        happened = self._episodes.step(np.array([action]))
        return self._episodes.features()[0], float(happened.reward[0]), bool(happened.done[0]), False, self._info()

    def _info(self) -> dict[str, Any]:
        mask = np.ones(2, dtype=np.int8)
        mask[CONTINUE] = not self._episodes.forced[0]
        return {"action_mask": mask, "state": int(self._episodes.state[0])}
