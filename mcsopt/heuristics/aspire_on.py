"""ASPIRE-On: asynchronous self-organized potential improvement for temporary recruitment at execution."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from mcsopt.heuristics.aspire import Game, check_rounds, play
from mcsopt.heuristics.greedy import surrogate_value
from mcsopt.kernels.recruit_proposals import propose_recruits
from mcsopt.problems import OnlineMarket, OnlineRecruitment
from mcsopt.result import Result


def aspire_on(
    problem: OnlineRecruitment,
    *,
    seed: int = 0,
    threshold: float = 1e-4,
    max_rounds: int = 1000,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Let one unmet task a round move to its best knapsack set, while the online welfare rises (Algorithm 4).

    Players are the unmet tasks, the potential is the objective. Each round every one of them solves the 0-1 knapsack
    ``max sum v_ij``, ``sum p_ij <= B_i``, the remaining budget, over its own and the idle candidate workers, with the
    surrogate ``v_ij = omega3 q_ij - c_ij`` (64); a set that does not restore the demand (52d) is dropped. The task
    whose set raises the potential most moves (ties: lowest index); the run stops when no gain exceeds `threshold`.

    Parameters
    ----------
    problem : OnlineRecruitment
    seed : int
        Not used: the algorithm is deterministic.
    threshold : float
        Improvement threshold >= 0.
    max_rounds : int
        Round limit R_max >= 0; hitting it is reported as termination ``rounds``.
    progress : callable, optional
        Called now and then with a line of text.

    Returns
    -------
    Result
        With the trace of movers and potentials. FEASIBLE; with ``restore="required"`` UNKNOWN if tasks stay unmet.

    Raises
    ------
    InputError
        For parameters out of range.

    Notes
    -----
    ``restore="required"`` is the letter of the paper: a move is feasible only if (52d) holds for every unmet task
    after it, so from the empty profile the algorithm can move only if a single task is unmet. With ``"optional"`` and
    ``"max"`` a task's own demand decides, as it must if the recruits of one task after the other are to get anywhere.

    The knapsacks are exact on real payments. They ignore the demand and redundancy, never take a worker of negative
    surrogate (whatever a restoration counts), and each task tries one set a round: so a stopped run need not be a
    constrained Nash equilibrium (60), whatever Proposition 6 says. Only tasks that lost a worker of their set, or to
    whom one came free, solve their knapsack again. That a set restores its demand is decided in doubles, on the safe
    side of their rounding.

    References
    ----------
    Two-stage crowdsensing with private intent (iParts), Algorithm 4, equations (53)-(65).

    Examples
    --------
    >>> from mcsopt.data import drawn_online_market
    >>> result = aspire_on(OnlineRecruitment(drawn_online_market(tasks=10, workers=50, seed=0)))
    >>> result.status.value, result.termination.value
    ('FEASIBLE', 'finished')
    """
    check_rounds(threshold, max_rounds=(max_rounds, 0))
    _warm_up()
    return play(
        "aspire-on", problem, lambda: _Recruitment(problem), seed=seed, threshold=threshold, max_rounds=max_rounds,
        progress=progress,
    )  # fmt: skip


class _Recruitment(Game):
    """The online game: all of it is known, so proposals are valued exactly."""

    def __init__(self, problem: OnlineRecruitment) -> None:
        market = problem.instance
        most = int(np.diff(market.pair_start).max(initial=0))
        super().__init__(problem, surrogate_value(problem), most)
        self.problem, self.market = problem, market
        self.jointly = problem.restore == "required"

    def look(self) -> None:
        market = self.market
        propose_recruits(
            np.flatnonzero(self.stale), self.start, self.order, market.pair_worker, market.payment, market.cost,
            market.quality, self.surrogate, self.problem.budget, market.base_quality_sum, market.base_count,
            market.redundancy, market.demand, market.quality_weight, market.objective == "increment",
            self.problem.restoration_weight, self.owner, self.sets, self.sizes, self.values,
        )  # fmt: skip
        self.stale[:] = False

    def gains(self) -> np.ndarray:
        gain = super().gains()
        if self.jointly:
            # Every other unmet task has to be restored already, and the mover has to be restored by its move.
            waiting = self.market.unmet & (np.bincount(self.owner + 1, minlength=len(gain) + 1)[1:] == 0)
            gain[(waiting.sum() - waiting > 0) | (self.sizes == 0)] = 0.0
        return gain

    def _affected(self, worker: int, taken: bool) -> np.ndarray:
        tasks = super()._affected(worker, taken)
        # A set that does without a worker stays the best of a knapsack that loses the worker.
        return tasks[(self.sets[tasks] == worker).any(axis=1)] if taken else tasks

    def notes(self) -> list[str]:
        if self.jointly and self.market.unmet.sum() > 1:
            return ["no single move restores all unmet tasks, as restore=required asks of each (Algorithm 4)"]
        return []


@cache
def _warm_up() -> None:
    """Compile the kernel for the arrays of a market, or load it from the cache, so that no clock counts it."""
    one, none, first = np.ones(1), np.zeros(1), np.zeros(1, dtype=np.int64)
    market = OnlineMarket(
        budget=one, demand=one, redundancy=none, arrival=one, pair_task=first, pair_worker=first, payment=one,
        cost=none, quality=one, base_quality_sum=none, base_count=first,
    )  # fmt: skip
    _Recruitment(OnlineRecruitment(market)).look()
