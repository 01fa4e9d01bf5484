"""The set-packing linear program over worker sets found so far: columns are added, nodes are bounds on columns."""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from mcsopt.kernels.priced_sets import Cuts
from mcsopt.kernels.set_search import set_search
from mcsopt.kernels.worker_sets import WorkerSets
from mcsopt.problems.assignment import AssignmentProblem

_UNBOUNDED = highspy.kHighsInf
_SMALLEST = 1e-200  # values below are nothing, and their grid would be zero
_GRID = 2.0**-36  # of the scale: prices are rounded to it, so that those that have not changed are seen to be the same


@dataclass(frozen=True)
class LpSolution:
    """One solution of the program.

    Attributes
    ----------
    objective : float
        Its value; the least unserved demand if that was asked for.
    price : array of float, shape (J,)
        Worker prices u >= 0, the dual values of "in at most one set".
    threshold : array of float, shape (I,)
        Dual value of each task's row: what its best set is worth at these prices; any sign where it must be served.
    cuts : Cuts
        The program's cuts, weighted by their dual values.
    weights : array of float, shape (n,)
        The fractional solution, per column.
    """

    objective: float
    price: np.ndarray
    threshold: np.ndarray
    cuts: Cuts
    weights: np.ndarray


class ColumnLp:
    """``max sum_c v_c lambda_c``: one row a task, a worker or a cut, one column a worker set; warm-started.

    Parameters
    ----------
    problem : AssignmentProblem

    Attributes
    ----------
    task, value : array, shape (n,)
        Task and ``v_i(A)`` of each column.
    workers : list of tuple of int
        Its workers.
    cuts : array of int, shape (c, 3)
        Rows of each cut, see `Cuts`.
    scale : float
        Unit of the program's values.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        market = problem.instance
        self.num_tasks, self.num_workers = market.num_tasks, market.num_workers
        self.task, self.value = np.zeros(0, dtype=np.int64), np.zeros(0)
        self.workers: list[tuple[int, ...]] = []
        self.cuts = np.zeros((0, 3), dtype=np.int64)
        self._served = np.zeros(self.num_tasks, dtype=bool)
        self._known: set[tuple[int, tuple[int, ...]]] = set()
        self._pair, self._start = np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
        self._worker = np.zeros(0, dtype=np.int64)
        self._pair_of = market.num_workers * market.pair_task + market.pair_worker
        # HiGHS's tolerances are absolute: values are brought to the order of 1, by a power of two.
        largest = set_search(problem).largest_worth()
        self.scale = 2.0 ** np.floor(np.log2(largest if largest > _SMALLEST else 1.0))
        self._highs = highspy.Highs()
        self._highs.silent()
        self._highs.setOptionValue("threads", 1)
        for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self._highs.setOptionValue(option, 1e-9)
        rows = self.num_tasks + self.num_workers
        self._highs.addRows(
            rows, np.full(rows, -_UNBOUNDED), np.ones(rows), 0, np.zeros(rows, dtype=np.int32),
            np.zeros(0, dtype=np.int32), np.zeros(0),
        )  # fmt: skip
        # One artificial column a task, closed at zero, opened only to look for a plan at all.
        tasks = np.arange(self.num_tasks, dtype=np.int32)
        self._add(np.zeros(self.num_tasks), np.zeros(self.num_tasks), tasks, tasks)

    def __len__(self) -> int:
        return len(self.task)

    def add(self, sets: WorkerSets) -> int:
        """Add those of the sets that are not there yet; return how many were not."""
        fresh = []
        for k, task in enumerate(sets.task.tolist()):
            key = (task, sets.workers(k))
            if key not in self._known:
                self._known.add(key)
                self.workers.append(key[1])
                fresh.append(k)
        if not fresh:
            return 0
        members = [np.array(workers, dtype=np.int64) for workers in self.workers[-len(fresh) :]]
        sizes = np.array([len(m) for m in members])
        task, value = sets.task[fresh], sets.value[fresh]
        pairs = np.searchsorted(self._pair_of, np.repeat(task, sizes) * self.num_workers + np.concatenate(members))
        covers = self._covers(self._rows(task, sizes, np.concatenate(members)), self.cuts)
        cut = np.split(self.num_tasks + self.num_workers + covers.indices, covers.indptr[1:-1])
        rows = [np.concatenate([[i], self.num_tasks + m, c]) for i, m, c in zip(task, members, cut, strict=True)]
        starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])[:-1]])
        self._add(-value / self.scale, np.full(len(fresh), _UNBOUNDED), starts, np.concatenate(rows))
        self.task, self.value = np.append(self.task, task), np.append(self.value, value)
        self._pair, self._worker = np.append(self._pair, pairs), np.append(self._worker, np.concatenate(members))
        self._start = np.append(self._start, self._start[-1] + np.cumsum(sizes))
        return len(fresh)

    def add_cuts(self, rows: np.ndarray) -> None:
        """Add subset-row cuts, one row of three each."""
        covers = self._covers(self._all_rows(), rows).tocsc()
        starts, index = covers.indptr[:-1].astype(np.int32), (self.num_tasks + covers.indices).astype(np.int32)
        self._highs.addRows(
            len(rows), np.full(len(rows), -_UNBOUNDED), np.ones(len(rows)), len(index), starts, index,
            np.ones(len(index)),
        )  # fmt: skip
        self.cuts = np.concatenate([self.cuts, rows])

    def _all_rows(self) -> csr_matrix:
        return self._rows(self.task, np.diff(self._start), self._worker)

    def _rows(self, task: np.ndarray, sizes: np.ndarray, worker: np.ndarray) -> csr_matrix:
        """Return which rows each column has, workers, then tasks; shape (columns, J + I)."""
        starts = np.concatenate([[0], np.cumsum(sizes)])
        shape = len(task), self.num_workers + self.num_tasks
        index = np.insert(worker, starts[:-1], self.num_workers + task)
        return csr_matrix((np.ones(len(index), dtype=np.int8), index, starts + np.arange(len(starts))), shape=shape)

    def _covers(self, rows: csr_matrix, cuts: np.ndarray) -> csr_matrix:
        """Return which columns have two rows or more of which cuts, shape (columns, cuts)."""
        index, starts = cuts.ravel(), 3 * np.arange(len(cuts) + 1)
        members = csc_matrix((np.ones(len(index), dtype=np.int8), index, starts), shape=(rows.shape[1], len(cuts)))
        return csr_matrix(rows @ members >= 2)

    def _add(self, cost: np.ndarray, upper: np.ndarray, starts: np.ndarray, rows: np.ndarray) -> None:
        self._highs.addCols(
            len(cost), cost, np.zeros(len(cost)), upper, len(rows), starts.astype(np.int32), rows.astype(np.int32),
            np.ones(len(rows)),
        )  # fmt: skip

    def reduced(self, price: np.ndarray, cuts: Cuts) -> np.ndarray:
        """Return ``v(A) - u(A) - fines(A)`` of every column, shape (n,)."""
        if not len(self):
            return np.zeros(0)
        fines = self._covers(self._all_rows(), cuts.rows) @ cuts.weight
        return np.asarray(self.value - np.add.reduceat(price[self._worker], self._start[:-1]) - fines)

    def allowed(self, usable: np.ndarray) -> np.ndarray:
        """Return which columns consist of usable pairs, shape (n,)."""
        if not len(self):
            return np.zeros(0, dtype=bool)
        return np.logical_and.reduceat(usable[self._pair], self._start[:-1])

    def shares(self, weights: np.ndarray) -> np.ndarray:
        """Return, per pair, how much of its worker the task takes in a solution over the first columns, shape (P,)."""
        used = np.repeat(weights, np.diff(self._start[: len(weights) + 1]))
        return np.bincount(self._pair[: len(used)], used, minlength=len(self._pair_of))

    def support(self, weights: np.ndarray) -> tuple[np.ndarray, csr_matrix]:
        """Return the positive weights of a solution, and the rows of their columns: workers, then tasks."""
        chosen = np.flatnonzero(weights > 1e-9)
        return weights[chosen], self._all_rows()[chosen]

    def restrict(self, usable: np.ndarray, served: np.ndarray) -> None:
        """Go to the node in which only `usable` pairs exist and `served` tasks take exactly one set."""
        self._change_upper(self.num_tasks + np.arange(len(self)), np.where(self.allowed(usable), _UNBOUNDED, 0.0))
        changed = np.flatnonzero(served != self._served)
        for task in changed.tolist():
            self._highs.changeRowBounds(task, 1.0 if served[task] else -_UNBOUNDED, 1.0)
        self._served = served.copy()

    def solve(self, deadline: float = np.inf) -> LpSolution | None:
        """Solve the program; None if it is infeasible, HiGHS in trouble, or the deadline passed."""
        return self._solution(-self.scale, deadline)

    def least_unserved(self, served: np.ndarray, deadline: float = np.inf) -> LpSolution | None:
        """Solve for the least unserved demand, ``min sum_i s_i`` with ``s_i`` the part of task i left unserved."""
        everything = np.arange(self.num_tasks + len(self))
        self._change_upper(everything[: self.num_tasks], np.where(served, 1.0, 0.0))
        cost = np.zeros(len(everything))
        cost[: self.num_tasks] = 1.0
        self._change_cost(everything, cost)
        solution = self._solution(1.0, deadline)
        self._change_upper(everything[: self.num_tasks], np.zeros(self.num_tasks))
        self._change_cost(everything, np.concatenate([np.zeros(self.num_tasks), -self.value / self.scale]))
        return solution

    def _solution(self, unit: float, deadline: float) -> LpSolution | None:
        # HiGHS adds its runs up. A limit of zero would not even tell what it knows.
        left = max(deadline - time.perf_counter(), 0.01)
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + left)
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._highs.getSolution()
        # Minimisation: the dual of a row "<= 1" is at most zero. Adding zero turns -0.0 into 0.0.
        grid = abs(unit) * _GRID
        dual = np.round(-np.array(solution.row_dual) * abs(unit) / grid) * grid
        last = self.num_tasks + self.num_workers
        return LpSolution(
            objective=self._highs.getInfo().objective_function_value * unit,
            price=np.maximum(dual[self.num_tasks : last], 0.0) + 0.0,
            threshold=dual[: self.num_tasks],
            cuts=Cuts(self.cuts, np.maximum(dual[last:], 0.0) + 0.0).positive(),
            weights=np.array(solution.col_value[self.num_tasks :]),
        )

    def _change_upper(self, columns: np.ndarray, upper: np.ndarray) -> None:
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), np.zeros(len(columns)), upper)

    def _change_cost(self, columns: np.ndarray, cost: np.ndarray) -> None:
        self._highs.changeColsCost(len(columns), columns.astype(np.int32), cost)
