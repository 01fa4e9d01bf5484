"""The best stable data coalition among many players: sizes and cells by closed-form bounds, best first."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from mcsopt import tolerances
from mcsopt.kernels import coalition_cells as cells
from mcsopt.kernels import fixed_size_sums as sums
from mcsopt.kernels.coalitions import ROUNDING, conditions
from mcsopt.problems.data_coalition import DataCoalition
from mcsopt.problems.stable_coalition import Coalition, StableCoalition
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings

METHOD = "stable-coalition"
SLACK = 1e-10
"""Relative amount by which a coalition would have to be cheaper to be looked for: sums are denser than doubles."""
MARGIN = 1e-12
"""Relative room for rounding between the bound that is proved and the one that is reported."""
FIRST_STEPS = 20_000
"""Steps for a cell at first, some 0.1 milliseconds; what is left open is taken up again, dearer and dearer, ..."""
LEVELS = ((10**6, 10**8, SLACK), (3 * 10**7, 3 * 10**9, 1e-9), (10**9, 10**10, tolerances.PROVED_GAP))
"""... by steps for a cell and steps altogether, as long as the relative gap is above the third number."""
STEPS_A_SECOND = 2e8
"""Speed of a slow machine: a search within a cell cannot look at the clock."""
CHUNK = 2_000_000
"""Steps between two looks at the clock, some 10 milliseconds."""
ROOM = 100_000
"""Most cells kept open; of any more only the least bound is kept."""


def social_cost_objective(players: DataCoalition, slack: float = SLACK) -> cells.Objective:
    """Return the social cost of a coalition of size k as a linear function of its sum of a (6)."""
    k = np.arange(players.num_players + 2.0)
    k[0] = 1.0
    rate = (k + 2) * k ** ((2 * players.alpha + 1) / 3) / k
    return cells.Objective((players.num_players + 1 - k) * players.variance, rate, slack)


@dataclass(frozen=True)
class Limits:
    """When to stop: a `time.perf_counter` reading, and who hears of progress."""

    deadline: float
    settings: Settings


class Search:
    """One run of the kernel.

    Parameters
    ----------
    problem : StableCoalition
    objective : cells.Objective
        What to minimise.
    widen : float
        See `mcsopt.kernels.coalitions.conditions`.
    known : float
        Objective of a coalition known to be stable; infinite if none is.
    """

    def __init__(
        self, problem: StableCoalition, objective: cells.Objective, widen: float, known: float = math.inf
    ) -> None:
        n = problem.instance.num_players
        self.order, self.conditions = conditions(problem.instance, problem.stability, widen)
        self.after = np.searchsorted(self.conditions.a, self.conditions.a, side="right")
        self.objective = objective
        target = known - objective.slack * abs(known) if known < math.inf else known
        self.state = cells.State(
            reals=np.array([known, target, math.inf, math.inf]),
            counts=np.zeros(3, np.int64),
            key=np.full(n + 1, np.inf),
            cursor=np.zeros(n + 1, np.int64),
            record=np.zeros(cells.RECORD, np.int64),
            open_key=np.full(ROOM, np.inf),
            open_size=np.zeros(ROOM, np.int64),
            open_outsider=np.zeros(ROOM, np.int64),
        )
        self._prepare()

    @property
    def best(self) -> float:
        """Objective of the best coalition, infinite if there is none."""
        return float(self.state.reals[cells.BEST])

    @property
    def bound(self) -> float:
        """What no stable coalition goes below, up to rounding; infinite if there is none."""
        state = self.state
        open_bound = min(float(state.key.min()), float(state.open_key.min()), float(state.reals[cells.LOST]))
        # What was searched holds nothing below the target; what was settled in closed form, nothing below the best.
        shown = state.reals[cells.TARGET] if state.counts[cells.CELLS] else state.reals[cells.BEST]
        return min(float(shown), open_bound)

    @property
    def num_open(self) -> int:
        """Number of cells left open below the target."""
        return int(np.count_nonzero(self.state.open_key < self.state.reals[cells.TARGET]))

    def run(self, limits: Limits) -> Termination:
        """Search until done or a limit is met."""
        try:
            while not self._advance(CHUNK):
                if time.perf_counter() >= limits.deadline:
                    return Termination.TIME
                limits.settings.report(f"{METHOD}: best {self.best:.10g}, bound {self.bound:.10g}")
            for steps, total, gap in LEVELS:
                if not self._reopen(steps, total, gap, limits):
                    return Termination.TIME
        except KeyboardInterrupt:
            return Termination.INTERRUPTED
        return Termination.FINISHED if self._gap() <= LEVELS[-1][2] else Termination.NODES

    def _prepare(self) -> None:
        cells.prepare(self.conditions, self.objective, self.state)

    def _advance(self, steps: int) -> bool:
        return bool(cells.search(self.conditions, self.after, self.objective, self.state, FIRST_STEPS, steps))

    def _look_again(self, place: int, steps: int) -> None:
        cells.reconsider(self.conditions, self.after, self.objective, self.state, place, steps)

    def _gap(self) -> float:
        if self.bound == self.best:
            return 0.0
        return (self.best - self.bound) / abs(self.best) if self.best < math.inf else math.inf

    def _reopen(self, steps: int, total: int, gap: float, limits: Limits) -> bool:
        """Take up open cells again, least bound first; return False when time is up."""
        state, spent = self.state, self.state.counts[cells.STEPS]
        for place in np.argsort(state.open_key[: state.counts[cells.OPENED]], kind="stable"):
            done = state.open_key[place] >= state.reals[cells.TARGET]
            if done or self._gap() <= gap or state.counts[cells.STEPS] - spent > total:
                break
            left = limits.deadline - time.perf_counter()
            if left <= 0:
                return False
            allowed = int(min(steps, 1e5 + left * STEPS_A_SECOND))
            self._look_again(int(place), allowed)
            limits.settings.report(f"{METHOD}: best {self.best:.10g}, bound {self.bound:.10g}")
        return True

    def coalition(self) -> Coalition | None:
        """Return the best coalition found by this run."""
        record = self.state.record
        size, outsider, dearest, after = record[: cells.PARTS].tolist()
        if size == 0:
            return None
        ranks = np.arange(size)
        if outsider < size:
            ranks = np.concatenate(
                [np.arange(outsider), self._chosen(record[cells.PARTS :], after, dearest), [dearest]]
            )
        return Coalition(self.order[ranks].tolist())

    def _chosen(self, choice: np.ndarray, after: int, dearest: int) -> np.ndarray:
        """Return the ranks of a choice of items (`mcsopt.kernels.fixed_size_sums`)."""
        return np.concatenate([
            np.arange(after, after + choice[sums.BOTTOM]),
            np.arange(choice[sums.FROM], choice[sums.TO]),
            choice[sums.ITEMS : sums.ITEMS + choice[sums.PICKED]],
        ])  # fmt: skip


@dataclass(frozen=True)
class Exploration:
    """What a search found: the best stable coalition, and what none goes below (infinite: there is none)."""

    found: Coalition | None
    bound: float
    termination: Termination
    search: Search


def explore(
    problem: StableCoalition,
    objective: cells.Objective,
    limits: Limits,
    start: Coalition | None = None,
    known: float = math.inf,
    kind: type[Search] = Search,
) -> Exploration:
    """Find the best stable coalition by some objective, from a stable one worth `known`, by some kind of search.

    Bounds hold for thresholds widened by their rounding. If the coalition found there is not stable (the variance lies
    within rounding, 1e-13, of its tolerance), another is searched for with narrowed thresholds.
    """
    search = kind(problem, objective, ROUNDING, known)
    termination = search.run(limits)
    found = search.coalition()
    if found is not None and problem.violations(found):
        within = kind(problem, objective, -ROUNDING, known)
        termination = within.run(limits)
        found = within.coalition()
        if found is not None and problem.violations(found):
            found = None
    return Exploration(found or start, search.bound, termination, search)


def limits_from(began: float, settings: Settings) -> Limits:
    """Return the limits of a run that began at a reading of `time.perf_counter`."""
    return Limits(began + (math.inf if settings.time_limit is None else settings.time_limit), settings)


def solve(problem: StableCoalition, settings: Settings) -> Result:
    """Find the stable coalition of least social cost, or prove that none exists.

    For each size k: without the k cheapest players staying there is no coalition of size k; if they are stable they are
    the best of that size; else each cell (size, cheapest outsider) has a closed-form bound, and is searched for the
    least sum of a fixed number of players inside an interval (:mod:`mcsopt.kernels.coalition_cells`), best bound first.

    Parameters
    ----------
    problem : StableCoalition
        Any size; 100,000 players take some 0.03 s, and what evaluating a coalition of that size takes.
    settings : Settings
        `time_limit`; 0 still gives a valid bound. `start`: a first coalition, if stable.

    Returns
    -------
    Result
        PROVED within 1e-10 in nearly every case; where cells hold too many sums to list and none near the bound was
        found, the bound of the cell stands and the gap is what it is. INFEASIBLE if no stable coalition exists. The
        evidence is ``{"kind": "cell-bounds", "bound": B}``, B null for INFEASIBLE; without coalition and without proof
        (UNKNOWN) a bound on every coalition there might be. B is the dual bound, or, if that took more searching than
        the checker can follow, the largest bound up to which it can: `message` says so.

    Notes
    -----
    Ties are decided as by the problem's `violations`. Bounds hold in any case. Only where the variance lies within
    1e-13 of the tolerance of some coalition may one equally close be missed: the gap shows it, or UNKNOWN.

    References
    ----------
    Data coalitions under chosen privacy, equation (6), Claims 5 and 6.

    Examples
    --------
    >>> players = DataCoalition([1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], 0.25, 1.0)
    >>> result = solve(StableCoalition(players), Settings())
    >>> result.status.value, result.solution.members, round(result.objective, 6)
    ('PROVED', (0, 1, 2, 3), 1.269998)
    """
    began = time.perf_counter()
    limits = limits_from(began, settings)
    start, known = _stable_start(problem, settings.start)
    run = explore(problem, social_cost_objective(problem.instance), limits, start, known)
    easy = float(run.search.state.reals[cells.EASY])
    proven, shown = _lowered(run.bound), _lowered(min(run.bound, easy))
    counts = run.search.state.counts
    message = (
        f"{counts[cells.CELLS]:,} cells searched in {counts[cells.STEPS]:,} steps, {run.search.num_open:,} left open"
    )
    if proven is None:
        message = f"no coalition of any size is {problem.stability}-stable; {message}"
    if proven not in (None, shown):
        message += f"; the evidence proves {shown!r} only"
    return conclude(
        problem,
        METHOD,
        run.found,
        dual_bound=proven,
        assurance=Assurance.FLOAT,
        infeasible=proven is None,
        termination=run.termination,
        seconds={"solve": time.perf_counter() - began},
        evidence={"kind": "cell-bounds", "bound": None if proven is None else shown},
        message=message,
    )


def _stable_start(problem: StableCoalition, start: object) -> tuple[Coalition | None, float]:
    if isinstance(start, Coalition) and not problem.violations(start):
        return start, problem.evaluate(start)
    return None, math.inf


def _lowered(bound: float) -> float | None:
    """Return a bound with room for rounding; None for infinity: there is no coalition."""
    return None if bound == math.inf else bound - MARGIN * abs(bound)
