"""Training of a deep Q-network on a simulator, judged by the exact value of its greedy policy as it goes along."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mcsopt.errors import InputError
from mcsopt.heuristics.dqn_network import Layers, check_torch, device_of, drawn_weights, one_thread
from mcsopt.heuristics.dqn_replay import PrioritizedReplay, Transitions
from mcsopt.heuristics.dqn_simulator import TableSimulator
from mcsopt.heuristics.dqn_weights import Network
from mcsopt.result import Termination
from mcsopt.seeds import generator

_STREAM = 9  # of the seed, so that training does not repeat the numbers of a process generated with the same seed


@dataclass(frozen=True)
class DqnSettings:
    """How a network is trained. The defaults are the published method's.

    Attributes
    ----------
    hidden : tuple of int
        Widths of the layers between, each >= 1.
    episodes : int
        Episodes played side by side, >= 1.
    batch : int
        Transitions replayed in a step, >= 1.
    capacity : int
        Transitions remembered, >= 1.
    warm_up : int
        Transitions seen before training begins, >= 1.
    learning_rate, last_rate : float
        Of RMSprop, in the first and the last step; linear between. > 0.
    target_every : int
        Steps after which the target network becomes the one in training, >= 1, or a twentieth of all steps if that is
        less; unless `target_rate` is given.
    target_rate : float
        In [0, 1]: part of the way that the target network goes in every step; 0: see `target_every`.
    double : bool
        Whether the network in training chooses the next action and the target network says its worth.
    lookahead : int
        Rewards summed before the network's own word is taken, >= 1.
    average_rate : float
        In [0, 1]: if positive the weights judged and kept are a running mean that goes this part of the way each step.
    alpha, beta : float
        Prioritization, in [0, 1], and the correction of its bias at the start, which rises to 1 at the end.
    exploration, last_exploration, exploring : float
        Probability of an action at random at the start, and after the part `exploring` of all steps; linear between.
    longest_episode : int
        Steps after which an episode is left, and another begun, >= 1.
    checkpoints : int
        How often the greedy policy is judged, >= 1.
    """

    hidden: tuple[int, ...] = (64, 64)
    episodes: int = 16
    batch: int = 128
    capacity: int = 100_000
    warm_up: int = 1000
    learning_rate: float = 5e-4
    last_rate: float = 5e-4
    target_every: int = 500
    target_rate: float = 0.0
    double: bool = False
    lookahead: int = 1
    average_rate: float = 0.0
    alpha: float = 0.6
    beta: float = 0.4
    exploration: float = 1.0
    last_exploration: float = 0.05
    exploring: float = 0.3
    longest_episode: int = 1000
    checkpoints: int = 40

    def __post_init__(self) -> None:
        if not self.hidden or any(width < 1 for width in self.hidden):
            raise InputError("hidden", f"is {self.hidden}", "give widths >= 1")
        for entry in fields(self)[1:]:
            value = getattr(self, entry.name)
            if entry.type == "int" and not (isinstance(value, int) and value >= 1):
                raise InputError(entry.name, f"is {value!r}", "give a whole number >= 1")
            if entry.type == "float":
                positive = entry.name in ("learning_rate", "last_rate")
                if not 0 <= value <= 1 or (positive and not value):
                    least = "> 0" if positive else ">= 0"
                    raise InputError(entry.name, f"is {value!r}", f"give a number {least}, at most 1")


@dataclass(frozen=True)
class Checkpoint:
    """What the greedy policy was worth at some time.

    Attributes
    ----------
    step : int
        Steps of training until then.
    transitions : int
        Transitions seen until then.
    cpu_seconds : float
        Processor time of this process since training began, judging included.
    value : float
        Exact expected return of the greedy policy.
    """

    step: int
    transitions: int
    cpu_seconds: float
    value: float


@dataclass(frozen=True)
class Learned:
    """What training left.

    Attributes
    ----------
    network : Network
        That of the best checkpoint.
    actions : array of int
        Which action each of its answers is about.
    choice : list of array of int
        Its greedy choices: by state, for each step where the step matters, else once.
    value : float
        Their exact expected return.
    curve : tuple of Checkpoint
    termination : Termination
    """

    network: Network
    actions: np.ndarray
    choice: list[np.ndarray]
    value: float
    curve: tuple[Checkpoint, ...]
    termination: Termination


def train(
    simulator: TableSimulator,
    settings: DqnSettings,
    *,
    steps: int,
    seed: int,
    time_limit: float | None = None,
    device: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Learned:
    """Train a network; Ctrl-C and the time limit keep the best so far.

    Parameters
    ----------
    simulator : TableSimulator
    settings : DqnSettings
    steps : int
        Steps of training, >= 0.
    seed : int
    time_limit : float, optional
        Seconds of wall-clock time after which no further step is begun.
    device : str, optional
        For torch; default: a GPU if there is one. On the CPU the same seed gives the same curve.
    progress : callable, optional
        Called at every checkpoint with a line of text.

    Returns
    -------
    Learned
    """
    check_torch()
    with one_thread():
        run = _Training(simulator, settings, steps, seed, device)
        termination = Termination.FINISHED
        began = time.perf_counter()
        try:
            run.judge()
            every = max(1, steps // settings.checkpoints)
            while run.step < steps:
                if time_limit is not None and time.perf_counter() - began > time_limit:
                    termination = Termination.TIME
                    break
                run.play()
                run.learn()
                if run.step % every == 0 or run.step == steps:
                    run.judge()
                    if progress is not None:
                        last = run.curve[-1]
                        progress(f"dqn: step {last.step:,}, value {last.value:.6g}, best {run.best_value:.6g}")
            if run.curve[-1].step < run.step:
                run.judge()
        except KeyboardInterrupt:
            termination = Termination.INTERRUPTED
        return run.outcome(termination)


class _Training:
    """The state of one run."""

    def __init__(
        self, simulator: TableSimulator, settings: DqnSettings, steps: int, seed: int, device: str | None
    ) -> None:
        import torch

        self._torch = torch
        self._began = time.process_time()
        self._simulator, self._settings, self._steps = simulator, settings, steps
        self._rng = generator(seed, _STREAM)
        self._device = device_of(device)
        self._replay = PrioritizedReplay(settings.capacity, settings.alpha)
        self.step = self._seen = 0
        self.curve: list[Checkpoint] = []
        self.best_value = -np.inf
        self._now = np.full(settings.episodes, simulator.start)
        self._age = np.zeros(settings.episodes, np.int64)
        self._window: deque[tuple[np.ndarray, ...]] = deque()
        self._scale = 1.0
        shape = simulator.num_codes, simulator.num_features, settings.hidden, simulator.num_actions
        first = drawn_weights(*shape, self._rng)
        self._layers, self._target, self._mean = (Layers(first, self._device) for _ in range(3))
        self._optimizer = torch.optim.RMSprop(self._layers.tensors, lr=settings.learning_rate, alpha=0.99, eps=1e-5)
        self._best: tuple[Network, list[np.ndarray]] = first, simulator.greedy(first.worth)

    def _share(self, part: float = 1.0) -> float:
        """Return how much of that part of all steps is done, in [0, 1]."""
        return min(1.0, self.step / max(1.0, part * self._steps))

    def play(self) -> None:
        """Play one step of every episode; as many as the warm-up needs the first time."""
        self._play()
        while self._seen < self._settings.warm_up or not self._replay.count:
            self._play()
        if self.step == 0:
            self._set_scale()

    def _set_scale(self) -> None:
        """Measure rewards in a unit that makes what was seen of the order of 1."""
        seen = self._replay.rows.reward[: self._replay.count]
        largest = float(np.abs(seen).max())
        self._scale = largest if largest > 0 else 1.0
        self._replay.rows.reward[: self._replay.count] /= self._scale
        for layers in (self._layers, self._target, self._mean):
            layers.scale = self._scale

    def _play(self) -> None:
        settings, simulator, rng = self._settings, self._simulator, self._rng
        n, situations = settings.episodes, self._now
        chance = settings.exploration + (settings.last_exploration - settings.exploration) * self._share(
            settings.exploring
        )
        allowed = simulator.allowed(situations)
        actions = np.where(allowed, rng.random(allowed.shape), -1.0).argmax(axis=1)
        greedy = rng.random(n) >= chance
        if greedy.any():
            with self._torch.no_grad():
                worth = self._layers(*self._told(situations)).cpu().numpy()
            actions = np.where(greedy, np.where(allowed, worth, -np.inf).argmax(axis=1), actions)
        after, reward, over = simulator.step(situations, actions, rng)
        self._age += 1
        left = ~over & (self._age >= settings.longest_episode)
        self._window.append((situations, actions, reward / self._scale, after, over, left))
        if len(self._window) == settings.lookahead:
            self._remember()
        ended = over | left
        self._now = np.where(ended, simulator.start, after)
        self._age[ended] = 0
        self._seen += n

    def _remember(self) -> None:
        """Put the oldest step of the window, with the rewards that followed it, into the memory."""
        discount = self._simulator.discount
        situations, actions, _, _, _, _ = self._window[0]
        n = len(situations)
        total, factor, alive, last = np.zeros(n), np.ones(n), np.ones(n, bool), situations
        for _, _, reward, after, over, left in self._window:
            total = total + np.where(alive, factor * reward, 0.0)
            last = np.where(alive, after, last)
            factor = np.where(alive, np.where(over, 0.0, factor * discount), factor)
            alive = alive & ~(over | left)
        self._window.popleft()
        self._replay.add(Transitions(situations, actions, total, last, factor))

    def _told(self, situations: np.ndarray) -> tuple[Any, Any]:
        """Return what a network is told, as tensors."""
        torch, simulator = self._torch, self._simulator
        codes = torch.from_numpy(simulator.codes(situations)).to(self._device)
        return codes, torch.from_numpy(simulator.features(situations)).to(self._device)

    def learn(self) -> None:
        """Replay a batch: one step of RMSprop on the weighted squared errors (36)."""
        torch, settings, simulator = self._torch, self._settings, self._simulator
        share = self._share()
        places, weights = self._replay.sample(settings.batch, settings.beta + (1 - settings.beta) * share, self._rng)
        rows = self._replay.of(places)

        def tensor(array: np.ndarray) -> Any:
            return torch.from_numpy(array).to(self._device)

        told_after = self._told(rows.next_state)
        with torch.no_grad():
            closed = tensor(~simulator.allowed(rows.next_state))
            after = self._target(*told_after)
            judge = self._layers(*told_after) if settings.double else after
            best = judge.masked_fill(closed, -torch.inf).argmax(dim=1, keepdim=True)
            goal = tensor(rows.reward) + tensor(rows.factor) * after.gather(1, best).squeeze(1)
        said = self._layers(*self._told(rows.state)).gather(1, tensor(rows.action)[:, None]).squeeze(1)
        error = goal - said
        loss = (tensor(weights.astype(np.float32)) * error.square()).mean()
        self._optimizer.param_groups[0]["lr"] = settings.learning_rate + share * (
            settings.last_rate - settings.learning_rate
        )
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._replay.learned(places, error.detach().cpu().numpy())
        self.step += 1
        self._follow()

    def _follow(self) -> None:
        settings = self._settings
        if settings.target_rate:
            self._target.copy_from(self._layers, settings.target_rate)
        elif self.step % max(1, min(settings.target_every, self._steps // 20)) == 0:
            self._target.copy_from(self._layers)
        if settings.average_rate:
            # At first a plain mean, lest the weights drawn at random weigh in.
            self._mean.copy_from(self._layers, max(settings.average_rate, 1 / self.step))

    def judge(self) -> None:
        """Evaluate the greedy policy exactly, and keep it if it is the best so far."""
        layers = self._mean if self._settings.average_rate else self._layers
        network = layers.to_network()
        choice = self._simulator.greedy(network.worth)
        value = self._simulator.value(choice)
        if value > self.best_value:
            self.best_value, self._best = value, (network, choice)
        self.curve.append(Checkpoint(self.step, self._seen, time.process_time() - self._began, value))

    def outcome(self, termination: Termination) -> Learned:
        """Return the best network and the curve."""
        network, choice = self._best
        value = self.best_value if self.curve else self._simulator.value(choice)
        return Learned(network, self._simulator.actions, choice, value, tuple(self.curve), termination)
