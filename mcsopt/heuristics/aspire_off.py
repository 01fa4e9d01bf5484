"""ASPIRE-Off: asynchronous self-organized potential improvement for reliable offline pre-contracts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcsopt.errors import InputError
from mcsopt.heuristics.aspire import Game, check_rounds, play
from mcsopt.heuristics.greedy import surrogate_value
from mcsopt.kernels.proposals import MAX_SIZE, TOO_LARGE, propose, sampled_value, warm_up
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Result
from mcsopt.seeds import generator
from mcsopt.tolerances import RISK

_SAMPLES = ("exact", "common", "fresh")
_STREAM = 1  # of the seed, so that samples do not repeat the numbers of a market generated with the same seed


def aspire_off(
    problem: OfflineWelfare,
    *,
    seed: int = 0,
    samples: str = "exact",
    num_samples: int = 200,
    threshold: float = 1e-4,
    max_rounds: int = 1000,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Let one task a round move to its best knapsack set, while the potential rises (Algorithm 3).

    Players are the tasks, the potential is the expected social welfare. Each round every task solves the 0-1 knapsack
    ``max sum v_ij``, ``sum p_ij <= B_i`` over its own and the idle candidate workers, with the surrogate
    ``v_ij = pi_j omega3 q_ij - pi_j c_ij`` (41); a set that breaks the quality risk (25g) is dropped. The task
    whose set raises the potential most moves (ties: lowest index); the run stops when no gain exceeds `threshold`.

    Parameters
    ----------
    problem : OfflineWelfare
    seed : int
        Seed of the samples; exact runs draw none.
    samples : {"exact", "common", "fresh"}
        How potential and risk are evaluated: exactly; on one set of sampled arrivals for the whole run; or, as
        published, each estimate on fresh samples of its own, so that even a set that does not change seems to gain
        or lose: large markets then run into the round limit.
    num_samples : int
        Samples M >= 1 a round (the paper: 200).
    threshold : float
        Improvement threshold >= 0 (the paper: 1e-4).
    max_rounds : int
        Round limit T_max >= 0; hitting it is reported as termination ``rounds``.
    progress : callable, optional
        Called now and then with a line of text.

    Returns
    -------
    Result
        With the trace of movers and potentials. Sampled runs may return plans that truly break the risk limit: then
        the violations say so and the status is UNKNOWN.

    Raises
    ------
    InputError
        For parameters out of range.

    Notes
    -----
    The knapsacks are exact on real payments. The surrogate ignores redundancy and each task tries ONE set a
    round, so a stopped run need not be a constrained Nash equilibrium, whatever Proposition 5 says. Only tasks whose
    available workers changed solve their knapsack again.

    References
    ----------
    Two-stage crowdsensing with private intent (iParts), Algorithm 3, equations (40)-(42).
    """
    if samples not in _SAMPLES:
        raise InputError("samples", f"is {samples!r}", f"use one of {', '.join(map(repr, _SAMPLES))}")
    check_rounds(threshold, num_samples=(num_samples, 1), max_rounds=(max_rounds, 0))
    warm_up()
    return play(
        "aspire-off", problem, lambda: _Game(problem, seed, samples, num_samples), seed=seed, threshold=threshold,
        max_rounds=max_rounds, progress=progress,
    )  # fmt: skip


class _Game(Game):
    """The offline game, whose potential and risks may be estimated on samples."""

    def __init__(self, problem: OfflineWelfare, seed: int, samples: str, num_samples: int) -> None:
        super().__init__(problem, surrogate_value(problem), MAX_SIZE)
        self.problem, self.market = problem, problem.instance
        self.fresh = samples == "fresh"
        self.num_samples = 0 if samples == "exact" else num_samples
        self.rng = generator(seed, _STREAM)
        self.samples = self._draw()

    def _draw(self) -> np.ndarray:
        arrival = self.market.arrival
        return self.rng.random((len(arrival), self.num_samples)) < arrival[:, None]

    def look(self) -> None:
        market = self.market
        if self.fresh:
            self._revalue(self._draw())
            self.samples = self._draw()
            self.stale[:] = True
        propose(
            np.flatnonzero(self.stale), self.start, self.order, market.pair_worker, market.payment, market.cost,
            market.quality, self.surrogate, market.arrival, self.problem.budget, market.redundancy, market.demand,
            market.quality_weight, market.quality_risk + RISK, self.owner, self.samples, self.sets, self.sizes,
            self.values,
        )  # fmt: skip
        self.stale[:] = False

    def _revalue(self, samples: np.ndarray) -> None:
        """Estimate the contracted sets on new samples."""
        market = self.market
        for task in np.flatnonzero(np.bincount(self.owner[self.owner >= 0], minlength=market.num_tasks)):
            workers = np.flatnonzero(self.owner == task)
            pairs = self.problem.pairs(int(task), workers.tolist())
            self.current[task], _ = sampled_value(
                market.quality[pairs], market.cost[pairs], samples[workers], market.redundancy[task],
                market.demand[task], market.quality_weight,
            )  # fmt: skip

    def notes(self) -> list[str]:
        skipped = int((self.sizes == TOO_LARGE).sum())
        return [f"{skipped} tasks stayed as they are: their knapsack sets exceed {MAX_SIZE} workers"] if skipped else []
