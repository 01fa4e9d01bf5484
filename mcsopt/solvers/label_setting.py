"""Worker paths by label setting: prices on tasks, bounds on completions, dominance on sets of bits."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.kernels import path_bounds, path_labels
from mcsopt.kernels.path_map import PathMap, TimeGrid, time_grid
from mcsopt.problems import Route, WorkerPath
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.path_subsets import Program, place_of, takes
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.start import best_feasible

METHOD = "label-setting"
SLACK = 1e-12
"""Relative gap at which a label is pruned: some hundred roundings of a sum. None where all profits are integers."""
WHOLE = 1 - 1e-6
"""Profits that are integers differ by 1: a bound that exceeds the best path by less promises none that is better; with
room for rounding."""
LARGEST_WHOLE = 1e7
"""Sum of integer profits up to which bounds err by far less than that room."""
MOST_TASKS = 1_000
"""Sets of nodes out of reach, by node and time, take 130 MB for so many."""
MOST_BYTES = 512 * 2**20
"""Memory for labels; some seven million where there are up to 64 nodes."""
CHUNK = 20_000
"""Labels between two looks at the clock: some tens of milliseconds."""
REPORT_SECONDS = 0.5
"""Time between two lines of progress."""
BUCKETS = 1024


@dataclass(frozen=True)
class Effort:
    """What is spent before the next, more thorough attempt.

    Attributes
    ----------
    cells, rounds : int
        Size of the grid of times, and subgradient steps on it.
    width : int
        Width of the beam.
    labels : float
        Labels of the search.
    """

    cells: int
    rounds: int
    width: int
    labels: float


EFFORTS = (
    Effort(1_000, 12, 1, 0),
    Effort(4_000, 6, 10, 2_000),
    Effort(8_000, 40, 30, 20_000),
    Effort(16_000, 80, 200, 200_000),
)
SUBSETS_FROM = 3
"""Attempts before a program over all sets of tasks, where they are few, takes less time than the next."""
SHARES = (0.6, 0.4, 0.25, 0.15, 0.08, 0.0)
"""Parts of the gap left open by the searches of an instance that no attempt above closes: what each shows is kept."""


@dataclass(frozen=True)
class Proof:
    """What shows a bound: prices, width of the cells, and what a search must not exceed; None: the cells alone."""

    bound: float
    step: float
    price: np.ndarray
    claim: float | None = None
    by_subsets: bool = False

    def evidence(self) -> dict[str, object]:
        """Return it as a certificate has it."""
        if self.by_subsets:
            return {"kind": "subset-program"}
        return {"kind": "label-bounds", "step": self.step, "price": self.price.tolist(), "bound": self.claim}


class OutOfTime(Exception):
    """The time limit is over."""


class Search:
    """One run: the best path and the best proof so far."""

    def __init__(self, problem: WorkerPath, settings: Settings, deadline: float) -> None:
        given = problem.instance
        self.problem, self.settings, self.deadline = problem, settings, deadline
        times = (given.open, given.close, given.service, given.travel, np.array(given.horizon))
        self.whole_times = all(np.all(part == np.floor(part)) for part in times)
        self.place: PathMap = place_of(given)
        self.whole_profits = bool(np.all(self.place.table == np.floor(self.place.table))) and (
            math.fsum(float(table[0]) for table in given.tables) <= LARGEST_WHOLE
        )
        self.route, value = best_feasible(problem, (problem.empty_solution(), settings.start))
        self.value = float(value or 0.0)
        self.price = np.zeros(given.num_nodes)
        self.labels = 0
        self.reported = time.perf_counter()
        self.finished = False
        self.proof = self._relaxed(time_grid(self.place, EFFORTS[0].cells, self.whole_times))[0]

    def run(self) -> Termination:
        """Search until done, or a limit is met."""
        try:
            for number, effort in enumerate(EFFORTS):
                if number == SUBSETS_FROM and takes(self.problem.instance):
                    self._all_subsets()
                    return Termination.FINISHED
                if self._attempt(effort):
                    return Termination.FINISHED
            return Termination.FINISHED if self._narrow() else Termination.NODES
        except OutOfTime:
            return Termination.TIME
        except KeyboardInterrupt:
            return Termination.INTERRUPTED

    # Bounds ---------------------------------------------------------------------------------------------------

    def _relaxed(self, grid: TimeGrid) -> tuple[Proof, path_labels.Guide]:
        """Return what the present prices show on a grid."""
        shape = 2, len(grid.node)
        worth, then = np.empty(shape), np.empty(shape, np.int64)
        bound = path_bounds.relax(self.place, grid, self.price, worth, then)
        proof = Proof(self._rounded(bound), grid.step, self.price.copy())
        return proof, path_labels.Guide(proof.price, grid, worth, then)

    def _rounded(self, bound: float) -> float:
        """Return a bound that holds with rounding, and that integers can reach."""
        bound *= 1 + SLACK
        return float(math.floor(bound)) if self.whole_profits else bound

    def _improve(self, grid: TimeGrid, rounds: int) -> None:
        """Take subgradient steps from the present prices."""
        done, price = 0, self.price.copy()
        path = np.zeros(len(price), np.int64)
        path[: len(self.route.nodes)] = self.route.nodes
        while done < rounds:
            self._look()
            part = min(rounds - done, 20)
            _, size, value = path_bounds.improve_prices(
                self.place, grid, price, part, path, len(self.route.nodes), self.value
            )
            self._keep(path[:size], value)
            done += part
        self.price = price

    # Searches -------------------------------------------------------------------------------------------------

    def _attempt(self, effort: Effort) -> bool:
        """Improve prices, run a beam and a search; return whether the best path is proved."""
        grid = time_grid(self.place, effort.cells, self.whole_times)
        self._improve(grid, effort.rounds)
        proof, self.guide = self._relaxed(grid)
        if proof.bound < self.proof.bound:
            self.proof = proof
        if self._beats_nothing(proof.bound):
            self._prove(self.value)
            return True
        if effort.labels:
            self._beam(effort.width)
        return bool(effort.labels) and self._searched(self.value, effort.labels)

    def _narrow(self) -> bool:
        """Show that no path exceeds less and less; return whether the best path is proved."""
        for share in SHARES:
            claim = self.value + share * (self.proof.bound - self.value)
            if not self._searched(math.floor(claim) if self.whole_profits else claim, math.inf):
                return False
        return True

    def _searched(self, claim: float, most: float) -> bool:
        """Show that no path exceeds the claim, or the best path found meanwhile; return whether that was achieved."""
        words, n = self.place.barred.shape[2], len(self.price)
        roof = int(MOST_BYTES // (52 + 16 * words))
        room = min(roof, 1 << 14)
        labels, seats = path_labels.new_labels(room, words), path_labels.new_seats(room, words, n)
        buckets, counts, reals = np.empty(BUCKETS, np.int32), self._counts(), self._reals(claim)
        path_labels.plant(self.place, self.guide, labels, buckets, counts)
        state = path_labels.PAUSED
        while state != path_labels.DONE:
            self._look(f"{self.labels + counts[path_labels.POPPED]:,} labels")
            quota = int(min(CHUNK, most - counts[path_labels.POPPED]))
            if quota <= 0 or (state == path_labels.FULL and room == roof):
                break
            if state == path_labels.FULL:
                room = min(roof, 2 * room)
                wider, longer = path_labels.new_labels(room, words), path_labels.new_seats(room, words, n)
                path_labels.grown(labels, wider)
                path_labels.grown(seats, longer)
                labels, seats = wider, longer
            state = path_labels.search(self.place, self.guide, labels, seats, buckets, reals, counts, quota)
            self._keep_label(labels, counts, reals)
        self.labels += int(counts[path_labels.POPPED])
        if state == path_labels.DONE:
            self._prove(max(claim, self.value))
        return state == path_labels.DONE

    def _all_subsets(self) -> None:
        """Prove the best path by the program over sets of tasks."""
        program = Program(self.place)
        while program.advance():
            self._look(f"{program.done:,} of {program.sets:,} sets")
        if program.value > self.value:
            self.route, self.value = program.route(), program.value
        self.proof = Proof(self._rounded(self.value), self.proof.step, self.price, by_subsets=True)

    def _beam(self, width: int) -> None:
        n = len(self.price)
        words = self.place.barred.shape[2]
        labels = path_labels.new_labels(min(40 * width * n, int(MOST_BYTES // (52 + 16 * words))), words)
        counts, reals = self._counts(), self._reals(self.value)
        path_labels.plant(self.place, self.guide, labels, np.empty(1, np.int32), counts)
        path_labels.beam(self.place, self.guide, labels, width, reals, counts)
        self._keep_label(labels, counts, reals)

    def _counts(self) -> np.ndarray:
        counts = np.zeros(path_labels.NUM_COUNTS, np.int64)
        counts[path_labels.BEST] = path_labels.NONE
        return counts

    def _reals(self, claim: float) -> np.ndarray:
        reals = np.empty(path_labels.NUM_REALS)
        reals[[path_labels.VALUE, path_labels.LIMIT]] = self.value, claim
        reals[path_labels.MARGIN] = WHOLE if self.whole_profits else -SLACK
        return reals

    # What is kept ---------------------------------------------------------------------------------------------

    def _keep_label(self, labels: path_labels.Labels, counts: np.ndarray, reals: np.ndarray) -> None:
        if counts[path_labels.BEST] != path_labels.NONE and reals[path_labels.VALUE] > self.value:
            path = np.empty(len(self.price), np.int64)
            size = path_labels.path_of(labels, counts[path_labels.BEST], path)
            self._keep(path[:size], float(reals[path_labels.VALUE]))

    def _keep(self, path: np.ndarray, value: float) -> None:
        if value > self.value:
            self.route, self.value = Route(path.tolist()), value

    def _prove(self, claim: float) -> None:
        claim = claim if self.whole_profits else claim * (1 + SLACK)
        if claim < self.proof.bound:
            self.proof = Proof(claim, self.guide.grid.step, self.guide.price, claim)

    def _beats_nothing(self, bound: float) -> bool:
        return bound <= self.value * (1 + SLACK)

    def _look(self, line: str = "") -> None:
        """Report now and then, and mind the clock."""
        now = time.perf_counter()
        if now >= self.reported + REPORT_SECONDS:
            self.reported = now
            told = f", {line}" if line else ""
            self.settings.report(f"{METHOD}: best {self.value:.10g}, bound {self.proof.bound:.10g}{told}")
        if now >= self.deadline:
            raise OutOfTime


def solve(problem: WorkerPath, settings: Settings) -> Result:
    """Find a path of greatest profit, and show that there is none better.

    Attempts of rising effort, each of which first lowers the bound of a relaxation by prices on tasks
    (:mod:`mcsopt.kernels.path_bounds`), looks for a path along it by a beam, and then searches the labels that the
    bound leaves (:mod:`mcsopt.kernels.path_labels`).

    Parameters
    ----------
    problem : WorkerPath
        Up to 1,000 tasks; 50 tasks with windows of 20 % of the horizon take some tens of milliseconds, 20 tasks
        without windows up to a second.
    settings : Settings
        `time_limit`; 0 still gives a bound, that of the relaxation without prices. `start`: first path, if feasible.

    Returns
    -------
    Result
        Always a feasible path and a bound. Proved to 1e-12 when finished, exactly where profits are integers. Stopped
        early, or with the memory for labels used up (`Termination.NODES`), the bound is the least one shown. The
        evidence is prices, width of the cells, and the claim, which the checker establishes by a search of its own.

    Raises
    ------
    TooLarge
        For more than 1,000 tasks.

    Notes
    -----
    Exponential in the worst case: windows that let a worker serve many tasks in any order. Travel may be
    anything, triangle inequality or not.

    References
    ----------
    Righini, Salani, Decremental state space relaxation strategies and initialization heuristics for solving the
    orienteering problem with time windows with dynamic programming, Computers & Operations Research 36, 2009.

    Examples
    --------
    >>> from mcsopt.problems import WorkerPathInstance
    >>> travel = [[0, 2, 2], [2, 0, 3], [2, 3, 0]]
    >>> instance = WorkerPathInstance([0, 3, 5], [0, 0, 6], [9, 9, 9], [0, 1, 1], travel, True, 9)
    >>> result = solve(WorkerPath(instance), Settings())
    >>> result.objective, result.dual_bound, result.solution.nodes
    (8.0, 8.0, (1, 2))
    """
    if problem.instance.num_tasks > MOST_TASKS:
        raise TooLarge(f"{METHOD} takes up to {MOST_TASKS} tasks, not {problem.instance.num_tasks}: leave out those "
                       "that are worth least")  # fmt: skip
    began = time.perf_counter()
    deadline = began + (math.inf if settings.time_limit is None else settings.time_limit)
    search = Search(problem, settings, deadline)
    termination = search.run()
    # The bound holds whatever the sum of profits in the search was rounded to.
    return conclude(
        problem,
        METHOD,
        search.route,
        dual_bound=search.proof.bound,
        assurance=Assurance.FLOAT,
        termination=termination,
        seconds={"solve": time.perf_counter() - began},
        evidence=search.proof.evidence(),
        message=f"{search.labels:,} labels",
    )
