"""ASPIRE-Off: asynchronous self-organized potential improvement for reliable offline pre-contracts."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from mcsopt.errors import InputError
from mcsopt.heuristics.greedy import surrogate_value
from mcsopt.kernels.proposals import MAX_SIZE, TOO_LARGE, propose, sampled_value, warm_up
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.result import Result, Termination, TraceStep, conclude
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
    _check(samples, num_samples, threshold, max_rounds)
    warm_up()
    began = time.perf_counter()
    game = _Game(problem, seed, samples, num_samples)
    trace: list[TraceStep] = []
    termination = Termination.ROUNDS
    try:
        for round_ in range(max_rounds):
            game.look()
            gain = game.gains()
            mover = int(np.argmax(gain)) if len(gain) else 0
            if not len(gain) or gain[mover] <= threshold:
                termination = Termination.FINISHED
                break
            game.move(mover)
            trace.append(TraceStep(round_, mover, float(game.current.sum())))
            if progress is not None and round_ % 100 == 99:
                progress(f"aspire-off: round {round_ + 1}, potential {trace[-1].potential:.3f}")
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    notes = [f"stopped at the limit of {max_rounds} rounds"] if termination is Termination.ROUNDS else []
    skipped = int((game.sizes == TOO_LARGE).sum())
    if skipped:
        notes.append(f"{skipped} tasks stayed as they are: their knapsack sets exceed {MAX_SIZE} workers")
    message = "; ".join(notes)
    return conclude(
        problem, "aspire-off", game.plan(), termination=termination, seed=seed, trace=tuple(trace), message=message,
        seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip


class _Game:
    """The state of the dynamics: who is contracted where, and each task's standing proposal."""

    def __init__(self, problem: OfflineWelfare, seed: int, samples: str, num_samples: int) -> None:
        market = problem.instance
        self.problem, self.market = problem, market
        self.fresh = samples == "fresh"
        self.num_samples = 0 if samples == "exact" else num_samples
        self.rng = generator(seed, _STREAM)
        self.samples = self._draw()
        self.surrogate = surrogate_value(problem)
        self.order = np.flatnonzero(problem.candidate & (self.surrogate > 0))
        tasks = market.num_tasks
        self.start = np.searchsorted(market.pair_task[self.order], np.arange(tasks + 1))
        # The transposed adjacency: tasks to look at again when a worker changes hands.
        by_worker = np.argsort(market.pair_worker[self.order], kind="stable")
        self.worker_start = np.searchsorted(
            market.pair_worker[self.order][by_worker], np.arange(market.num_workers + 1)
        )
        self.worker_tasks = market.pair_task[self.order][by_worker]
        self.owner = np.full(market.num_workers, -1, dtype=np.int64)
        self.sets = np.full((tasks, MAX_SIZE), -1, dtype=np.int64)
        self.sizes, self.values = np.zeros(tasks, dtype=np.int64), np.zeros(tasks)
        self.current = np.zeros(tasks)
        self.stale = np.ones(tasks, dtype=bool)

    def _draw(self) -> np.ndarray:
        arrival = self.market.arrival
        return self.rng.random((len(arrival), self.num_samples)) < arrival[:, None]

    def look(self) -> None:
        """Bring the proposals of all stale tasks up to date."""
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

    def gains(self) -> np.ndarray:
        """Return the rise of the potential that each proposal brings; 0 where there is none."""
        return np.where(self.sizes >= 0, self.values - self.current, 0.0)

    def move(self, mover: int) -> None:
        """Contract the mover's proposal and mark the tasks whose available workers changed."""
        before = np.flatnonzero(self.owner == mover)
        after = self.sets[mover, : self.sizes[mover]]
        self.owner[before] = -1
        self.owner[after] = mover
        self.current[mover] = self.values[mover]
        for worker in np.setxor1d(before, after):
            self.stale[self.worker_tasks[self.worker_start[worker] : self.worker_start[worker + 1]]] = True

    def plan(self) -> Assignment:
        """Return the contracts as they stand."""
        return Assignment(np.flatnonzero(self.owner == task) for task in range(self.market.num_tasks))


def _check(samples: str, num_samples: int, threshold: float, max_rounds: int) -> None:
    if samples not in _SAMPLES:
        raise InputError("samples", f"is {samples!r}", f"use one of {', '.join(map(repr, _SAMPLES))}")
    for name, value, low in (("num_samples", num_samples, 1), ("max_rounds", max_rounds, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise InputError(name, f"is {value!r}", f"give an integer >= {low}")
    if not threshold >= 0:
        raise InputError("threshold", f"is {threshold!r}", "give a number >= 0")
