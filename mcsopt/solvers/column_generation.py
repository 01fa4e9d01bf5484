"""One node of branch and price: its linear program solved by pricing, and the bound that its worker prices prove."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mcsopt.kernels.priced_sets import Cuts, PricedSets, Pricer
from mcsopt.problems.assignment import AssignmentProblem
from mcsopt.solvers.column_lp import ColumnLp, LpSolution
from mcsopt.solvers.subset_row import violated

COLUMNS = 10
"""Sets that each task may add in a round."""
MAX_CUTS = 600
"""Most cuts of a whole search, for each hundred tasks."""
_CUTS_A_ROUND = 40
_PATIENCE = 3  # rounds of cuts without effect before a node is branched on
_HELPS = 1e-5  # relative: what those rounds must take off the bound
_CLOSE = 2e-9  # in units of the program's scale: what a column must gain to be worth adding
_EMPTY = 1e-9  # a Farkas sum must be below minus this to count; prices are of the order of 1


@dataclass(frozen=True)
class NodeAnswer:
    """What is known of one node.

    Attributes
    ----------
    price : array of float, shape (J,)
        Worker prices >= 0.
    bound : float
        Bound they prove; -inf if they prove the node empty.
    cuts : Cuts
        Weighted cuts that help them.
    weights : array of float or None
        Fractional solution, per column of the pool at that time; None where there is none to branch on.
    farkas : bool
        Whether `price` proves emptiness rather than a bound.
    settled : bool
        Whether the linear program was solved to its end.
    """

    price: np.ndarray
    bound: float
    cuts: Cuts = field(default_factory=Cuts.none)
    weights: np.ndarray | None = None
    farkas: bool = False
    settled: bool = False

    def leaf(self) -> dict[str, Any]:
        """Return the leaf of a ``price-tree``."""
        workers = np.flatnonzero(self.price)
        name = "farkas" if self.farkas else "price"
        leaf = {"worker": workers.tolist(), name: self.price[workers].tolist()}
        if len(self.cuts):
            num_workers = len(self.price)
            leaf["cut"] = [
                {
                    "task": [row - num_workers for row in rows if row >= num_workers],
                    "worker": [row for row in rows if row < num_workers],
                    "price": weight,
                }
                for rows, weight in zip(self.cuts.rows.tolist(), self.cuts.weight.tolist(), strict=True)
            ]
        return leaf


class ColumnGeneration:
    """The pool of columns of a market, and the exact solution of any node's linear program over all of them.

    A node allows some pairs and obliges some tasks. For any prices ``u >= 0`` of the workers

        ``sum_j u_j + sum_i best_i(u)``,  ``best_i(u) = max over allowed A of v_i(A) - u(A)``

    bounds every plan of the node, the empty set being allowed where the task is not obliged. The prices come from the
    linear program over the pool, the best sets from exact pricing, which also extends the pool; at the end both
    agree. The bound is valid whatever the linear program did.

    Parameters
    ----------
    problem : AssignmentProblem
    look : callable, optional
        Called after every round of pricing, with the number of columns and what is known of the node.
    """

    def __init__(self, problem: AssignmentProblem, look: Callable[[int, NodeAnswer], None] | None = None) -> None:
        self.problem, self._look = problem, look
        self.pricer = Pricer(problem)
        self.pool = ColumnLp(problem)
        self._close = _CLOSE * self.pool.scale
        # Cuts matter where they are: the more tasks, the more of them.
        self._cuts_a_round = max(_CUTS_A_ROUND, problem.instance.num_tasks // 2)
        self._max_cuts = MAX_CUTS * max(1, problem.instance.num_tasks // 100)

    def priced(self, price: np.ndarray, usable: np.ndarray, served: np.ndarray) -> NodeAnswer:
        """Return the bound that `price` proves on a node, without any linear program; the pool gains the sets found."""
        floor = np.where(served, -np.inf, 0.0)
        found = self.pricer.best(price, count=COLUMNS, floor=floor, usable=usable)
        self.pool.add(found.sets)
        return NodeAnswer(price, float(price.sum() + found.best.sum()))

    def solve(
        self,
        usable: np.ndarray,
        served: np.ndarray,
        known: NodeAnswer,
        *,
        cutoff: float = -np.inf,
        deadline: float = np.inf,
        rounds: int | None = None,
        slack: float = 0.0,
    ) -> NodeAnswer:
        """Solve a node's linear program over all columns.

        Parameters
        ----------
        usable : array of bool, shape (P,)
            Pairs the node allows.
        served : array of bool, shape (I,)
            Tasks it obliges.
        known : NodeAnswer
            Valid for the node, such as its parent's: the answer is never weaker.
        cutoff : float
            Stop once the bound is no larger.
        deadline : float
            On the clock of ``time.perf_counter``; the bound then may be far from the program's value.
        rounds : int, optional
            Stop after so many rounds of pricing, with the weights of the last program.
        slack : float
            Relative: stop, likewise, once the bound is within it of the program's value; 0: go on.

        Returns
        -------
        NodeAnswer
            With the weights of the last program solved, if any.
        """
        best, done, gains = replace(known, weights=None, settled=False), 0, []
        self.pool.restrict(usable, served)
        while time.perf_counter() < deadline:
            program = self.pool.solve(deadline)
            if program is None and time.perf_counter() < deadline:
                answer = self._find_plan(usable, served, deadline)
                if answer is not None and answer.farkas:
                    return answer
                program = None if answer is not None else self.pool.solve(deadline)
            if program is None:
                return best  # numerical trouble, or no time: it costs strength, not truth
            found = self._price(program, usable, served, valued=True)
            bound = float(program.price.sum() + program.cuts.weight.sum() + found.best.sum())
            if bound < best.bound:
                best = NodeAnswer(program.price, bound, program.cuts)
            best = replace(best, weights=program.weights)
            if self._look is not None:
                self._look(len(self.pool), best)
            if best.bound <= cutoff:
                return best
            done += 1
            added = self.pool.add(found.sets)
            if done == rounds or (slack and best.bound - program.objective <= slack * abs(program.objective)):
                return best
            # Sets that are there already have gained by rounding only.
            if not added or bound - program.objective <= self._close:
                gains.append(best.bound)
                if rounds is not None or not self._cut(program.weights, gains):
                    return replace(best, settled=True)
        return best

    def best_at(self, answer: NodeAnswer, served: np.ndarray) -> np.ndarray:
        """Return what the best set of each task is worth at the prices of an answer, 0 where it need not be served."""
        floor = np.where(served, -np.inf, 0.0)
        return self.pricer.best(answer.price, cuts=answer.cuts, floor=floor).best

    def _cut(self, weights: np.ndarray, bounds: list[float]) -> bool:
        """Add the subset-row cuts that the weights violate; whether there were any, and the last ones have helped."""
        if len(bounds) > _PATIENCE and bounds[-1 - _PATIENCE] - bounds[-1] <= _HELPS * abs(bounds[-1]):
            return False
        if len(self.pool.cuts) >= self._max_cuts:
            return False
        rows = violated(*self.pool.support(weights), self.pool.cuts, self._cuts_a_round)
        if len(rows):
            self.pool.add_cuts(rows)
        return len(rows) > 0

    def _price(self, program: LpSolution, usable: np.ndarray, served: np.ndarray, *, valued: bool) -> PricedSets:
        # A little below the threshold: then the best set is found even where it is in the program already.
        floor = program.threshold - (self._close if valued else _CLOSE)
        floor = np.where(served, floor, np.maximum(floor, 0.0))
        tasks = None if valued else np.flatnonzero(served)
        return self.pricer.best(
            program.price, cuts=program.cuts, count=COLUMNS, floor=floor, usable=usable, tasks=tasks, valued=valued
        )

    def _find_plan(self, usable: np.ndarray, served: np.ndarray, deadline: float) -> NodeAnswer | None:
        """Add columns until the program is feasible (None), or prove the node empty; else an answer without worth.

        The dual values of the least unserved demand are prices with ``sum u + sum_i max_A (-u(A)) < 0``.
        """
        nothing = NodeAnswer(np.zeros(self.pool.num_workers), np.inf)
        while time.perf_counter() < deadline:
            program = self.pool.least_unserved(served, deadline)
            if program is None:
                return nothing
            if program.objective <= _EMPTY:
                return None
            found = self._price(program, usable, served, valued=False)
            total = float(program.price.sum() + program.cuts.weight.sum() + found.best[served].sum())
            if total < -_EMPTY:
                return NodeAnswer(program.price, -np.inf, program.cuts, farkas=True)
            sets = found.sets
            values = [self.problem.set_value(int(i), sets.workers(k)) for k, i in enumerate(sets.task)]
            if not self.pool.add(replace(sets, value=np.array(values))):
                return nothing
        return nothing
