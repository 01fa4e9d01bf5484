"""Coalition structures: prices of the players, and where these leave a gap, dynamic programming over all subsets."""

from __future__ import annotations

import math
import time

import numpy as np

from mcsopt import tolerances
from mcsopt.kernels import subset_program as kernel
from mcsopt.problems.coalition_game import block_of
from mcsopt.problems.coalition_structure import CoalitionStructure, Partition
from mcsopt.result import Assurance, Result, Termination, conclude, relative_gap
from mcsopt.solvers.player_prices import PriceProgram, Prices, largest
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.start import best_feasible

METHOD = "subset-program"
CLOSED = tolerances.PROVED_GAP / 10
"""Gap at which prices will do as a proof: the checker's rounding must not undo it."""
SPLITS = 1 << 26
"""Splits between two looks at the clock: some tenths of a second."""
REPORT_SECONDS = 0.5


class SubsetProgram:
    """The dynamic program, piece by piece; see `mcsopt.kernels.subset_program`."""

    def __init__(self, problem: CoalitionStructure) -> None:
        self.game = problem.instance
        self.best = np.zeros(1 << (self.game.players - 1))
        self.done = False

    def solve(self, deadline: float, settings: Settings) -> bool:
        """Fill the table; False: the deadline, a reading of `time.perf_counter`, came first."""
        worth, reported = self.game.worth, time.perf_counter()
        for highest in range(self.game.players - 1):
            first, end = 1 << highest, 2 << highest
            pieces = min(first, 1 + 3**highest // SPLITS)
            bounds = [first + (end - first) * k // pieces for k in range(pieces + 1)]
            for k in range(pieces):
                now = time.perf_counter()
                if now >= deadline:
                    return False
                if now >= reported + REPORT_SECONDS:
                    settings.report(f"{METHOD}: player {highest + 1} of {self.game.players}, piece {k + 1} of {pieces}")
                    reported = now
                kernel.fill(worth, self.best, highest, bounds[k], bounds[k + 1])
        self.done = True
        return True

    def partition(self) -> tuple[Partition | None, float]:
        """Return a best partition and its value, up to rounding; None if there is none."""
        members, blocks, value = (1 << self.game.players) - 1, [], None
        while members:
            total, coalition = kernel.best_split(self.game.worth, self.best, members.bit_length() - 1, members)
            if not coalition:
                return None, -math.inf
            value = total if value is None else value
            blocks.append(block_of(coalition))
            members ^= coalition
        assert value is not None  # there is at least one player
        return Partition(blocks), value

    def rounding(self) -> float:
        """Return the most by which the value of the best partition may exceed what the table says.

        Sums of up to n values of magnitude M err by less than ``n^2 2^-53 M``; not at all if every value is a multiple
        of a power of two that leaves them 52 bits.
        """
        n, most = self.game.players, largest(self.game)
        if most == 0:
            return 0.0
        places = 52 - math.frexp(n * most)[1]
        values = self.game.value[self.game.may_form]
        grid = np.ldexp(values, places)
        exact = (grid == np.rint(grid)).all() and (np.ldexp(grid, -places) == values).all()
        return 0.0 if exact else 1.01 * n**2 * 2.0**-53 * most


def solve(problem: CoalitionStructure, settings: Settings) -> Result:
    """Find the partition of greatest total value, and prove it.

    First the dual of the set partitioning relaxation, prices of the players, by rows; if it closes the gap, it is the
    evidence. Else all subsets: ``best(S) = max over T within S with S's highest player of v(T) + best(S - T)``.

    Parameters
    ----------
    problem : CoalitionStructure
        Up to 24 players: 20 take some seconds and 50 MB, 24 two minutes.
    settings : Settings
        After `time_limit` the bound is that of the prices so far, with 0 that of equal shares. `start`: a partition, if
        feasible.

    Returns
    -------
    Result
        PROVED or INFEASIBLE when finished. The evidence is the prices where they prove the optimum or the table is not
        complete, else the word that the checker is to compute the table anew. BOUNDED if the optimum is what is left
        of far greater values that cancel.

    Examples
    --------
    >>> from mcsopt.problems import CoalitionGame
    >>> result = solve(CoalitionStructure(CoalitionGame(2, [0.0, 1.0, 2.0, 2.5])), Settings())
    >>> result.objective, round(result.dual_bound, 12), result.solution.blocks
    (3.0, 3.0, ((0,), (1,)))
    """
    began = time.perf_counter()
    deadline = math.inf if settings.time_limit is None else began + settings.time_limit
    if not problem.instance.may_form.any():
        return _infeasible(problem, "no coalition may form", began)
    program, table = PriceProgram(problem.instance), SubsetProgram(problem)
    found, termination = None, Termination.FINISHED
    try:
        in_time = program.solve(deadline, settings.report)
        found, value = best_feasible(problem, (settings.start, program.chosen, problem.empty_solution()))
        if in_time and not _closed(value, program.best):
            in_time = table.solve(deadline, settings)
        termination = Termination.FINISHED if in_time else Termination.TIME
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    evidence, bound = _proof_by_prices(program.best)
    if table.done:
        partition, worth = table.partition()
        if partition is None:
            return _infeasible(problem, _why(problem), began)
        found, value = best_feasible(problem, (partition, settings.start))
        assert value is not None
        if not _closed(value, program.best):
            evidence, bound = {"kind": "subset-values"}, max(value, worth + table.rounding())
    else:
        found, value = best_feasible(problem, (found, settings.start, problem.empty_solution()))
    return conclude(
        problem, METHOD, found, dual_bound=bound, assurance=Assurance.FLOAT, termination=termination,
        seconds={"solve": time.perf_counter() - began}, evidence=evidence,
    )  # fmt: skip


def _closed(value: float | None, prices: Prices) -> bool:
    """Whether the prices prove a value."""
    # Rounding may put a value above its bound; which is then no proof, and no fault.
    return (
        value is not None and (relative_gap(value, max(value, prices.bound), CoalitionStructure.sense) or 0.0) <= CLOSED
    )


def _proof_by_prices(prices: Prices) -> tuple[dict[str, object], float]:
    return {"kind": "player-prices", "price": prices.price.tolist()}, prices.bound


def _infeasible(problem: CoalitionStructure, why: str, began: float) -> Result:
    return conclude(
        problem, METHOD, None, infeasible=True, assurance=Assurance.FLOAT, message=why,
        seconds={"solve": time.perf_counter() - began}, evidence={"kind": "subset-values"},
    )  # fmt: skip


def _why(problem: CoalitionStructure) -> str:
    """Say why there is no partition."""
    game = problem.instance
    met = np.bitwise_or.reduce(np.flatnonzero(game.may_form))
    for player in range(game.players):
        if not met >> player & 1:
            return f"player {player} is in no coalition that may form"
    return "no choice of coalitions that may form holds every player once"
