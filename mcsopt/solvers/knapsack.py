"""The 0-1 knapsack problem on real numbers, exactly: branch and bound from the break item."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mcsopt import tolerances
from mcsopt.kernels import knapsack as kernel
from mcsopt.problems import Knapsack, Packing
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings

METHOD = "knapsack"
SLACK = 0.9e-10
"""Relative gap at which a node is pruned, so that 1e-10 is certified, rounding included: values of many real
items are denser than doubles."""
EVIDENCE_SLACK = tolerances.PROVED_GAP / 2
"""Relative gap of the shorter tree that is tried when the tree of the search is too long to keep."""
LONGEST_TREE = 200_000
"""Entries of the longest tree kept as evidence."""
CHUNK = 1_000_000
"""Nodes between two looks at the clock: some 10 milliseconds."""
REPORT_SECONDS = 0.5
"""Time between two lines of progress."""

_ROOT_ONLY = np.array([kernel.LEAF])


def _two_doubles(terms: list[float]) -> tuple[float, float]:
    """Return the sum as two doubles, the first correctly rounded."""
    high = math.fsum(terms)
    return high, math.fsum([*terms, -high])


@dataclass(frozen=True)
class Core:
    """A knapsack problem made ready for the kernel.

    Items of no value are left out, items without weight are in, items above the capacity are out; the others
    are sorted by decreasing efficiency.

    Attributes
    ----------
    item : array of int, shape (n,)
        Original index of each sorted item.
    weight, value, efficiency : array of float, shapes (n,), (n,), (n + 1,)
        Sorted; a last efficiency 0 stands for "nothing left to take".
    free : array of int
        Items with value and without weight.
    heavy : array of int
        Items with value that exceed the capacity on their own.
    split : int
        Number of sorted items in the break solution.
    room : (float, float)
        Capacity, with its tolerance, left by the break solution, >= 0: exact to two doubles.
    base : (float, float)
        Value of the break solution, free items included: exact to two doubles.
    """

    item: np.ndarray
    weight: np.ndarray
    value: np.ndarray
    efficiency: np.ndarray
    free: np.ndarray
    heavy: np.ndarray
    split: int
    room: tuple[float, float]
    base: tuple[float, float]

    @classmethod
    def of(cls, problem: Knapsack) -> Core:
        """Sort the items and find the break solution."""
        weight, value = problem.instance.weight, problem.instance.value
        capacity = problem.instance.capacity
        heavy = weight - capacity > tolerances.MONEY
        normal = np.flatnonzero((value > 0) & (weight > 0) & ~heavy)
        with np.errstate(over="ignore"):
            # Infinity would make 0 * infinity of a full knapsack; beyond 1e300 all efficiencies are alike.
            efficiency = np.minimum(value[normal] / weight[normal], 1e300)
        order = np.argsort(-efficiency, kind="stable")
        item = normal[order]
        split = int(np.searchsorted(np.cumsum(weight[item]), problem.capacity, side="right"))
        while True:
            # Capacity and tolerance as two terms: their rounded sum loses the tolerance when the capacity is
            # large.
            room = _two_doubles([capacity, tolerances.MONEY, *(-weight[item[:split]]).tolist()])
            if room[0] >= 0:
                break
            split -= 1  # The rounded partial sums above were too low.
        free = np.flatnonzero((value > 0) & (weight == 0))
        return cls(
            item=item,
            weight=weight[item],
            value=value[item],
            efficiency=np.append(efficiency[order], 0.0),
            free=free,
            heavy=np.flatnonzero(heavy & (value > 0)),
            split=split,
            room=room,
            base=_two_doubles([*value[item[:split]].tolist(), *value[free].tolist()]),
        )

    def packing(self, changed: Iterable[int]) -> Packing:
        """Return the break solution, free items included, changed at some sorted items."""
        inside = set(range(self.split)).symmetric_difference(int(k) for k in changed)
        return Packing([*self.item[sorted(inside)].tolist(), *self.free.tolist()])

    def greedy(self) -> Packing:
        """Return the break solution filled up greedily."""
        added = np.empty(len(self.item), np.int64)
        count = kernel.fill(self.weight, self.split, *self.room, added)
        return self.packing(added[:count])

    def change(self, problem: Knapsack, packing: Packing) -> float:
        """Return the value of a packing relative to the break solution."""
        values = problem.instance.value[list(packing.items)].tolist()
        return math.fsum([*values, -self.base[0], -self.base[1]])

    def bound(self, tree: np.ndarray) -> float:
        """Return the largest Dantzig bound over the leaves of a whole tree, rounded up."""
        change = kernel.leaf_bound(self.weight, self.value, self.split, *self.room, tree)
        total = math.fsum([*self.base, change])
        below = math.fsum([*self.base, change, -total]) > 0
        return math.nextafter(total, math.inf) if below else total

    def evidence(self, tree: np.ndarray) -> dict[str, object]:
        """Return a whole tree as a certificate has it: original items, the child that takes one first."""
        ordered = kernel.taken_first(tree, self.split)
        # A fractional bound would fill the room with a piece of a heavy item: branch on those first.
        prefix = [entry for item in self.heavy.tolist() for entry in (item, kernel.LEAF)]
        names = np.append(self.item, kernel.LEAF)  # Place -1, a leaf, is the last.
        return {"kind": "dantzig-tree", "tree": [*prefix, *names[ordered].tolist()]}


@dataclass(frozen=True)
class Limits:
    """When to stop: a `time.perf_counter` reading, and a number of nodes."""

    deadline: float
    nodes: float


class Search:
    """One run of the kernel over a core, from a best known packing, at a relative slack of pruning."""

    def __init__(self, core: Core, known: Packing, change: float, slack: float) -> None:
        n = len(core.item)
        self.core, self.known = core, known
        self.reals = np.zeros(kernel.NUM_REALS)
        self.reals[[kernel.ROOM, kernel.ROOM_LOW]] = core.room
        self.reals[[kernel.BEST, kernel.CEILING, kernel.BASE]] = change, -math.inf, core.base[0]
        self.reals[kernel.RELATIVE_SLACK] = slack
        self.counts = np.zeros(kernel.NUM_COUNTS, np.int64)
        self.counts[[kernel.LEFT, kernel.RIGHT]] = core.split - 1, core.split
        self.known_change = change
        self.stack = np.empty(n + 1, np.int64), np.empty(n + 1, np.int8), np.empty((n + 1, 3))
        self.best = np.empty(n, np.int64)
        self.recorded = np.empty(LONGEST_TREE, np.int64)

    @property
    def done(self) -> bool:
        """Whether nothing is left to search."""
        return bool(self.counts[kernel.DONE])

    @property
    def whole(self) -> bool:
        """Whether the search is done and its tree was kept."""
        return self.done and self.counts[kernel.TREE_SIZE] <= len(self.recorded)

    @property
    def objective(self) -> float:
        """Value of the best packing."""
        return float(self.core.base[0] + self.reals[kernel.BEST])

    def run(self, limits: Limits, settings: Settings) -> Termination:
        """Search until done or a limit is met, reporting now and then and at the end."""
        try:
            termination = self._run(limits, settings)
            self._report(settings)
        except KeyboardInterrupt:
            return Termination.INTERRUPTED
        return termination

    def _run(self, limits: Limits, settings: Settings) -> Termination:
        core, reported = self.core, time.perf_counter()
        while not self.done:
            now = time.perf_counter()
            if now >= reported + REPORT_SECONDS:
                self._report(settings)
                reported = now
            if now >= limits.deadline:
                return Termination.TIME
            budget = min(CHUNK, limits.nodes - self.counts[kernel.NODES])
            if budget <= 0:
                return Termination.NODES
            kernel.search(
                core.weight, core.value, core.efficiency, core.split, self.reals, self.counts, *self.stack,
                self.best, self.recorded, int(budget),
            )  # fmt: skip
        return Termination.FINISHED

    def _report(self, settings: Settings) -> None:
        settings.report(f"{METHOD}: best {self.objective:.10g} after {self.counts[kernel.NODES]:,} nodes")

    def packing(self) -> Packing:
        """Return the best packing."""
        if self.reals[kernel.BEST] > self.known_change:
            return self.core.packing(self.best[: self.counts[kernel.BEST_SIZE]].tolist())
        return self.known

    def tree(self) -> np.ndarray:
        """Return the recorded tree, nodes not visited as leaves."""
        recorded = self.recorded[: self.counts[kernel.TREE_SIZE]]
        leaves = np.count_nonzero(recorded == kernel.LEAF)
        return np.append(recorded, np.full(1 + len(recorded) - 2 * leaves, kernel.LEAF))

    def proven_bound(self) -> float:
        """Return the bound that a finished search has shown, whether or not its tree was kept."""
        shown = max(self.reals[kernel.BEST], self.reals[kernel.CEILING])
        # The path to a node adds up to n values, each rounded: far below the slack, and covered here.
        return float(self.core.base[0] + shown) * (1 + SLACK / 100)


def solve(problem: Knapsack, settings: Settings, *, node_limit: int | None = None) -> Result:
    """Solve a knapsack problem by branch and bound from the break item.

    ``max sum_j value_j x_j`` subject to ``sum_j weight_j x_j <= capacity + 1e-9``, ``x`` binary: depth-first
    over the changes to the break solution, outwards from the break item (:mod:`mcsopt.kernels.knapsack`).

    Parameters
    ----------
    problem : Knapsack
        The problem, any size; 10,000 items take about 0.1 s unless values follow weights up to a constant.
    settings : Settings
        `time_limit`; 0 still gives the greedy packing and the Dantzig bound. `start`: first packing, if
        feasible.
    node_limit : int, optional
        Largest number of nodes, >= 0.

    Returns
    -------
    Result
        Always a feasible packing and a bound. When finished, within 1e-10 of each other. The evidence is the
        tree of the search; stopped early, with its open nodes as leaves, or the root alone if that closes less
        than a hundredth of its gap. A finished search whose tree has
        more than 200,000 entries keeps its bound and gives a shorter tree, to 5e-8 if that is possible:
        `message` says so.

    Notes
    -----
    Exponential in the worst case: strongly correlated items keep the gap of the Dantzig bound (about one
    item's value) open until nearly every packing is looked at. Weights are compared as by exact arithmetic.
    Among packings within 1e-10 of the best any may be returned, always the same one.

    References
    ----------
    D. Pisinger, An expanding-core algorithm for the exact 0-1 knapsack problem, EJOR 87 (1995) 175-187.

    Examples
    --------
    >>> from mcsopt.problems import KnapsackInstance
    >>> result = solve(Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5)), Settings())
    >>> result.objective, result.dual_bound, result.solution.items
    (9.0, 9.0, (0, 1))
    """
    begin = time.perf_counter()
    time_limit = math.inf if settings.time_limit is None else settings.time_limit
    limits = Limits(begin + time_limit, math.inf if node_limit is None else node_limit)
    core = Core.of(problem)
    known = _first_packing(problem, core, settings.start)
    search = Search(core, known, core.change(problem, known), SLACK)
    termination = search.run(limits, settings)
    packing = search.packing()
    tree, message = search.tree(), ""
    dual_bound = core.bound(tree)
    if search.done and not search.whole:
        # The optimum is known now, so a second tree is shorter; still shorter at a gap that counts as proved.
        second = Search(core, packing, core.change(problem, packing), EVIDENCE_SLACK)
        interrupted = second.run(limits, settings) is Termination.INTERRUPTED
        termination = Termination.INTERRUPTED if interrupted else termination
        tree = _worthwhile(core, second.tree(), search.objective)
        dual_bound = min(core.bound(tree), search.proven_bound())
        if dual_bound < core.bound(tree):
            message = f"the tree of the search is too long to keep: the evidence proves {core.bound(tree)!r} only"
    elif not search.done:
        tree = _worthwhile(core, tree, search.objective)
        dual_bound = core.bound(tree)
    return conclude(
        problem,
        METHOD,
        packing,
        dual_bound=dual_bound,
        assurance=Assurance.FLOAT,
        termination=termination,
        seconds={"solve": time.perf_counter() - begin},
        evidence=core.evidence(tree),
        message=message,
    )


def _first_packing(problem: Knapsack, core: Core, start: object) -> Packing:
    """Return the better of the greedy packing and a feasible start."""
    greedy = core.greedy()
    if not isinstance(start, Packing) or problem.violations(start):
        return greedy
    return start if problem.evaluate(start) > problem.evaluate(greedy) else greedy


def _worthwhile(core: Core, tree: np.ndarray, objective: float) -> np.ndarray:
    """Return the tree, or the root alone if the tree closes less than a hundredth of the root's gap."""
    root = core.bound(_ROOT_ONLY)
    return tree if root - core.bound(tree) > 0.01 * (root - objective) else _ROOT_ONLY
