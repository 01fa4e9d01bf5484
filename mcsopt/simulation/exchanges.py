"""Messages between tasks and workers, counted as they are exchanged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsopt.problems.paired_market import PairedMarket
from mcsopt.simulation.scenario import Scenario


class Exchanges:
    """Uplinks and downlinks of each pair, counted round by round.

    In a round every active task asks each of its available candidates, one downlink, and gets one answer, one uplink.

    Parameters
    ----------
    market : PairedMarket
        What the stage decides on.
    workers : array of int, optional
        The scenario's number of each of the market's workers; None: the same.
    """

    def __init__(self, market: PairedMarket, workers: np.ndarray | None = None) -> None:
        self.market = market
        self.workers = np.arange(market.num_workers) if workers is None else workers
        self.up = np.zeros(market.num_pairs, dtype=np.int64)
        self.down = np.zeros(market.num_pairs, dtype=np.int64)
        self.rounds = 0

    def round(self, pairs: np.ndarray) -> None:
        """Count one round in which these pairs exchange messages: positions, or a mask, of the market's pairs."""
        self.down[pairs] += 1
        self.up[pairs] += 1
        self.rounds += 1

    def overhead(self, scenario: Scenario) -> Overhead:
        """Return what the messages so far cost."""
        task, worker = self.market.pair_task, self.workers[self.market.pair_worker]
        up_time, down_time = scenario.uplink[task, worker], scenario.downlink[task, worker]
        up_energy = scenario.worker_power[worker] * up_time
        down_energy = scenario.task_power[task] * down_time
        messages = self.up + self.down
        return Overhead(
            rounds=self.rounds,
            messages=int(messages.sum()),
            latency=float(self.up @ up_time + self.down @ down_time),
            energy=float(self.up @ up_energy + self.down @ down_energy),
            latency_letter=float(messages @ (up_time + down_time)),
            energy_letter=float(messages @ (up_energy + down_energy)),
        )


@dataclass(frozen=True)
class Overhead:
    """Number of messages, latency and energy (section 6.3 (ii)).

    Attributes
    ----------
    rounds : int
    messages : int
        ``NI``, uplinks and downlinks.
    latency : float
        ``IL = sum (u tU + d tD)``, milliseconds.
    energy : float
        ``IEC = sum (u eW tU + d eS tD)``, millijoules.
    latency_letter, energy_letter : float
        To the letter of the paper, which charges every message both ways.
    """

    rounds: int = 0
    messages: int = 0
    latency: float = 0.0
    energy: float = 0.0
    latency_letter: float = 0.0
    energy_letter: float = 0.0

    def __add__(self, other: Overhead) -> Overhead:
        return Overhead(**{name: value + getattr(other, name) for name, value in vars(self).items()})
