"""Best-response dynamics of the potential games of tasks: what ASPIRE-Off and -On would be with exact responses."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from mcsopt.errors import InputError
from mcsopt.heuristics.aspire import check_rounds
from mcsopt.kernels.deviations import Deviations, warm_up
from mcsopt.problems import Assignment, AssignmentProblem
from mcsopt.result import Result, Termination, TraceStep, conclude
from mcsopt.seeds import generator

ORDERS = ("largest-gain", "round-robin", "random")
_STREAM = 2  # of the seed, so that orders do not repeat the numbers of a market generated with the same seed


def best_response(
    problem: AssignmentProblem,
    *,
    seed: int = 0,
    start: Result | Assignment | Mapping[str, Any] | None = None,
    order: str = "largest-gain",
    threshold: float = 1e-9,
    max_rounds: int = 100_000,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Let one task a round move to an exact best response, until none gains: a constrained Nash equilibrium (36), (60).

    Players are the tasks; a strategy of task i is a feasible set of its own and the idle candidate workers (31), (55),
    or nobody where service, or restoration, is optional; the payoff, what its set adds to the objective, makes the
    objective an exact potential (37)-(39), (59)-(62). Each round one task moves to the best of *all* its strategies,
    where ASPIRE-Off and ASPIRE-On try the one set that a knapsack proposes.

    Parameters
    ----------
    problem : OfflineWelfare or OnlineRecruitment
    seed : int
        Used by ``order="random"`` only.
    start : Result, Assignment or mapping, optional
        A plan whose nonempty sets are feasible and disjoint; None: nobody is contracted.
    order : {"largest-gain", "round-robin", "random"}
        Who moves: the task with most to gain, as in ASPIRE-Off (ties: lowest index); every task in turn; or in turn by
        a new random order each pass.
    threshold : float
        Welfare >= 0 that a move must gain more than. The default lies far above the rounding of a value (1e-12) and far
        below any money; with 0 the run ends just as surely.
    max_rounds : int
        Limit on moves, >= 0; hitting it is reported as termination ``rounds``.
    progress : callable, optional
        Called now and then with a line of text.

    Returns
    -------
    Result
        With the trace of movers and potentials. A finished run's equilibrium regret is at most `threshold`.

    Raises
    ------
    InputError
        For parameters out of range, or a start that breaks a constraint.
    TooLarge
        If exact pricing does not take the market.

    Notes
    -----
    The dynamics end: each move changes one set and raises its value, the others keep theirs, so no plan comes twice,
    and there are finitely many. An equilibrium need not be near the optimum; which one is reached depends on the order
    and on the start.

    ``service="required"``, ``restore="required"``: a task that must have workers and has none has no payoff, and any
    feasible set is a response; those tasks move first (by the value of their response), and a served task never gives
    up serving. A task that the others leave no feasible set stays unserved, and the result says so.

    References
    ----------
    Two-stage crowdsensing with private intent (iParts), (31), (36)-(39), (55)-(63). D. Monderer and L. S. Shapley,
    Potential games, Games and Economic Behavior 14 (1996), 124-143: the finite improvement property.

    Examples
    --------
    >>> from mcsopt.data import sensing_market
    >>> from mcsopt.problems import OfflineWelfare
    >>> result = best_response(OfflineWelfare(sensing_market(tasks=8, workers=32, seed=6)))
    >>> result.status.value, result.termination.value
    ('FEASIBLE', 'finished')
    """
    _check(order, threshold, max_rounds)
    first = _first(problem, start)
    warm_up()
    began = time.perf_counter()
    game = Deviations(problem, first)
    trace: list[TraceStep] = []
    termination = Termination.ROUNDS
    try:
        movers = _movers(game, order, threshold, seed)
        for round_ in range(max_rounds):
            mover = next(movers, None)
            if mover is None:
                termination = Termination.FINISHED
                break
            game.move(mover)
            trace.append(TraceStep(round_, mover, _welfare(game)))
            if progress is not None and round_ % 100 == 99:
                progress(f"best-response: round {round_ + 1}, potential {trace[-1].potential:.3f}")
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    return conclude(
        problem, "best-response", Assignment(game.sets), termination=termination, seed=seed, trace=tuple(trace),
        message=f"stopped at the limit of {max_rounds} rounds" if termination is Termination.ROUNDS else "",
        seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip


def _welfare(game: Deviations) -> float:
    return math.fsum(game.value[np.isfinite(game.value)].tolist())


def _movers(game: Deviations, order: str, threshold: float, seed: int) -> Iterator[int]:
    """Yield one task after the other that gains more than the threshold; it has to move before the next is asked."""
    rng, tasks = generator(seed, _STREAM), np.arange(len(game.sets))
    while True:
        moved = False
        if order == "largest-gain":
            game.look()
            gain = game.gains()
            if len(gain) and gain.max() > threshold:
                moved = True
                # Among those who begin to serve what they must, the response worth most.
                largest = np.flatnonzero(gain == gain.max())
                yield int(largest[np.argmax(game.response_value[largest])] if np.isinf(gain.max()) else largest[0])
        else:
            for task in (rng.permutation(tasks) if order == "random" else tasks).tolist():
                game.look([task])
                if game.gains()[task] > threshold:
                    moved = True
                    yield task
        if not moved:
            return


def _first(problem: AssignmentProblem, start: Result | Assignment | Mapping[str, Any] | None) -> Assignment:
    if start is None:
        return problem.empty_solution()
    plan = problem.as_solution(start.require_solution() if isinstance(start, Result) else start)
    # A task that must be served may come without workers: it is given some.
    broken = [v for v in problem.violations(plan) if v.constraint != problem.MUST_SERVE]
    if broken:
        raise InputError("start", f"is infeasible: {broken[0]}", "give a plan that keeps the constraints, or none")
    return plan


def _check(order: str, threshold: float, max_rounds: int) -> None:
    if order not in ORDERS:
        raise InputError("order", f"is {order!r}", f"use one of {', '.join(map(repr, ORDERS))}")
    check_rounds(threshold, max_rounds=(max_rounds, 0))
