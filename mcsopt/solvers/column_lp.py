"""The linear program over worker sets, and the bound that its worker prices prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from mcsopt.kernels.worker_sets import WorkerSets
from mcsopt.problems import OfflineWelfare

_EMPTY = 1e-9  # a Farkas sum must be below minus this to count; prices are of the order of 1


@dataclass(frozen=True)
class LpAnswer:
    """What one node's linear program proved.

    Attributes
    ----------
    price : array of float, shape (J,)
        Worker prices >= 0.
    bound : float
        Bound they prove; -inf if they prove the node empty.
    weights : array of float or None
        The fractional solution, per column; None if there is none.
    farkas : bool
        Whether `price` proves emptiness rather than a bound.
    """

    price: np.ndarray
    bound: float
    weights: np.ndarray | None
    farkas: bool = False

    def leaf(self) -> dict[str, Any]:
        """Return the leaf of a ``price-tree``."""
        workers = np.flatnonzero(self.price)
        name = "farkas" if self.farkas else "price"
        return {"worker": workers.tolist(), name: self.price[workers].tolist()}


class ColumnLp:
    """``max sum_c v_c lambda_c``: one row a task, one a worker; re-solved from the last basis.

    Parameters
    ----------
    problem : OfflineWelfare
    sets : WorkerSets
        The columns.
    """

    def __init__(self, problem: OfflineWelfare, sets: WorkerSets) -> None:
        self.sets = sets
        self.num_tasks, self.num_workers = problem.instance.num_tasks, problem.instance.num_workers
        columns, tasks = len(sets), self.num_tasks
        # HiGHS's tolerances are absolute: values are brought to the order of 1, by a power of two.
        self._scale = 2.0 ** np.floor(np.log2(np.max(np.abs(sets.value), initial=0.0) or 1.0))
        self._cost = np.concatenate([-sets.value / self._scale, np.zeros(tasks)])
        lp = highspy.HighsLp()
        # One artificial column a task, closed at zero, is opened only to prove a node empty.
        lp.num_col_, lp.num_row_ = columns + tasks, tasks + self.num_workers
        lp.col_cost_ = self._cost
        lp.col_lower_ = np.zeros(columns + tasks)
        lp.col_upper_ = np.concatenate([np.full(columns, highspy.kHighsInf), np.zeros(tasks)])
        lp.row_lower_ = np.full(lp.num_row_, -highspy.kHighsInf)
        lp.row_upper_ = np.ones(lp.num_row_)
        sizes = np.diff(sets.start)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.concatenate([sizes + 1, np.ones(tasks, int)]))])
        index = np.insert(tasks + sets.worker, sets.start[:-1], sets.task)
        lp.a_matrix_.index_ = np.concatenate([index, np.arange(tasks)])
        lp.a_matrix_.value_ = np.ones(len(index) + tasks)
        self._highs = highspy.Highs()
        self._highs.silent()
        for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self._highs.setOptionValue(option, 1e-9)
        self._highs.passModel(lp)

    def contains(self, worker: int) -> np.ndarray:
        """Return which columns contain `worker`, shape (n,)."""
        inside = np.zeros(len(self.sets), dtype=bool)
        inside[np.searchsorted(self.sets.start, np.flatnonzero(self.sets.worker == worker), side="right") - 1] = True
        return inside

    def reduced(self, price: np.ndarray) -> np.ndarray:
        """Return ``v(A) - u(A)`` of every column."""
        return np.asarray(self.sets.value - self._sum_over_workers(price))

    def priced(self, price: np.ndarray, allowed: np.ndarray, served: np.ndarray) -> LpAnswer:
        """Return the answer whose bound is the one that `price` proves on a node, with no help from the program."""
        return LpAnswer(price, self._bound(price, self.reduced(price), allowed, served), None)

    def solve(self, allowed: np.ndarray, served: np.ndarray) -> LpAnswer:
        """Solve the node in which only `allowed` columns exist and `served` tasks take exactly one."""
        columns, tasks = len(self.sets), self.num_tasks
        upper = np.where(allowed, highspy.kHighsInf, 0.0)
        self._change_bounds(np.arange(columns), upper)
        lower = np.where(served, 1.0, -highspy.kHighsInf)
        for task in range(tasks):
            self._highs.changeRowBounds(task, lower[task], 1.0)
        status = self._run()
        if status == highspy.HighsModelStatus.kOptimal:
            solution = self._highs.getSolution()
            price = self._prices(solution) * self._scale
            bound = self._bound(price, self.reduced(price), allowed, served)
            return LpAnswer(price, bound, np.array(solution.col_value[:columns]))
        if status == highspy.HighsModelStatus.kInfeasible:
            return self._prove_empty(allowed, served)
        return self._unaided(allowed, served)

    def _unaided(self, allowed: np.ndarray, served: np.ndarray) -> LpAnswer:
        """Return the bound that prices of zero prove: numerical trouble in HiGHS costs strength, not truth."""
        return self.priced(np.zeros(self.num_workers), allowed, served)

    def _prove_empty(self, allowed: np.ndarray, served: np.ndarray) -> LpAnswer:
        """Find prices with ``sum u + sum_i max_A (-u(A)) < 0``: the dual values of the least unserved demand."""
        columns, tasks = len(self.sets), self.num_tasks
        everything = np.arange(columns + tasks)
        self._change_bounds(everything[columns:], np.where(served, 1.0, 0.0))
        self._change_costs(everything, np.concatenate([np.zeros(columns), np.ones(tasks)]))
        status = self._run()
        price = self._prices(self._highs.getSolution())
        self._change_bounds(everything[columns:], np.zeros(tasks))
        self._change_costs(everything, self._cost)
        optimal = status == highspy.HighsModelStatus.kOptimal
        if optimal and self._bound(price, -self._sum_over_workers(price), allowed, served) < -_EMPTY:
            return LpAnswer(price, -np.inf, None, farkas=True)
        return self._unaided(allowed, served)

    def _bound(self, price: np.ndarray, reduced: np.ndarray, allowed: np.ndarray, served: np.ndarray) -> float:
        best = np.where(served, -np.inf, 0.0)
        np.maximum.at(best, self.sets.task[allowed], reduced[allowed])
        return float(price.sum() + best.sum())

    def _sum_over_workers(self, price: np.ndarray) -> np.ndarray:
        running = np.concatenate([[0.0], np.cumsum(price[self.sets.worker])])
        return np.asarray(running[self.sets.start[1:]] - running[self.sets.start[:-1]])

    def _prices(self, solution: Any) -> np.ndarray:
        # Minimisation: the dual of a row "<= 1" is at most zero. Adding zero turns -0.0 into 0.0.
        return np.maximum(0.0, -np.array(solution.row_dual[self.num_tasks :])) + 0.0

    def _change_bounds(self, columns: np.ndarray, upper: np.ndarray) -> None:
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), np.zeros(len(columns)), upper)

    def _change_costs(self, columns: np.ndarray, cost: np.ndarray) -> None:
        self._highs.changeColsCost(len(columns), columns.astype(np.int32), cost)

    def _run(self) -> Any:
        self._highs.run()
        return self._highs.getModelStatus()
