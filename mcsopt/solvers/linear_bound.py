"""A bound on offline welfare at any size: redundancy ignored, budgets priced."""

from __future__ import annotations

import time

import numpy as np

from mcsopt.heuristics.greedy import greedy, surrogate_value
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.start import best_feasible

_LP_PAIRS = 150_000  # above this the simplex method takes minutes where subgradient steps take seconds
_STEPS = 300


class _Pairs:
    """The candidate pairs with positive value, sorted by worker, and the bound as a function of budget prices."""

    def __init__(self, problem: OfflineWelfare) -> None:
        market = problem.instance
        value = surrogate_value(problem)
        use = np.flatnonzero(problem.candidate & (value > 0))
        use = use[np.argsort(market.pair_worker[use], kind="stable")]
        self.problem = problem
        self.task, self.worker = market.pair_task[use], market.pair_worker[use]
        self.payment, self.value = market.payment[use], value[use]
        self._first = np.flatnonzero(np.diff(self.worker, prepend=-1))

    def bound(self, price: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the bound at budget prices >= 0 and a subgradient of it."""
        gradient = self.problem.budget.copy()
        if not len(self.value):
            return float(gradient @ price), gradient
        reduced = self.value - price[self.task] * self.payment
        best = np.maximum.reduceat(reduced, self._first)
        at_best = reduced == np.repeat(best, np.diff(np.append(self._first, len(reduced))))
        _, chosen = np.unique(self.worker[at_best], return_index=True)
        pairs = np.flatnonzero(at_best)[chosen]
        pairs = pairs[reduced[pairs] > 0]
        np.subtract.at(gradient, self.task[pairs], self.payment[pairs])
        return float(self.problem.budget @ price + np.maximum(best, 0).sum()), gradient


def solve(problem: OfflineWelfare, settings: Settings) -> Result:
    """Bound offline welfare from above, and plan greedily.

    As ``1 + (n - 1) zeta >= 1``, ``v_i(A) <= sum_{j in A} v_ij`` with ``v_ij = pi_j (omega3 q_ij - c_ij)``. Pricing the
    budgets at ``y >= 0`` gives, for every y,

    ``bound(y) = sum_i y_i B_i + sum_j max(0, max_i (v_ij - y_i p_ij))``.

    The best y are the dual values of a linear program (HiGHS); on more than 150,000 pairs they are approached by
    subgradient steps. Valid in both service modes; weak where redundancy is strong.

    Parameters
    ----------
    problem : OfflineWelfare
    settings : Settings
        With a time limit of 0 the bound is the one at ``y = 0``.

    Returns
    -------
    Result
        Bound with evidence ``budget-prices``, and the better of the start and a greedy plan.
    """
    began = time.perf_counter()
    pairs = _Pairs(problem)
    price = np.zeros(problem.instance.num_tasks)
    bound, _ = pairs.bound(price)
    known = (settings.start, greedy(problem).solution, problem.empty_solution())
    plan, value = best_feasible(problem, known)
    termination = Termination.FINISHED
    limit = np.inf if settings.time_limit is None else settings.time_limit
    try:
        settings.report("linear bound")
        found = None
        if limit > 0 and len(pairs.value) <= _LP_PAIRS:
            found = _dual_values(pairs, limit - (time.perf_counter() - began))
            if found is not None and pairs.bound(found)[0] < bound:
                price, bound = found, pairs.bound(found)[0]
        if limit > 0 and found is None:
            price, bound, termination = _subgradient(pairs, value or 0.0, began + limit)
        elif limit == 0:
            termination = Termination.TIME
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    return conclude(
        problem, "linear-bound", plan, dual_bound=bound, assurance=Assurance.FLOAT, termination=termination,
        seconds={"solve": time.perf_counter() - began},
        evidence={"kind": "budget-prices", "price": price.tolist()},
        message="redundancy ignored",
    )  # fmt: skip


def _dual_values(pairs: _Pairs, seconds: float) -> np.ndarray | None:
    """Return the budgets' dual values of ``max sum v x`` over fractional assignments; None without an optimum."""
    import highspy

    problem, n = pairs.problem, len(pairs.value)
    tasks, workers = problem.instance.num_tasks, problem.instance.num_workers
    if n == 0:
        return np.zeros(tasks)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n, tasks + workers
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = -pairs.value, np.zeros(n), np.full(n, highspy.kHighsInf)
    lp.row_lower_ = np.full(tasks + workers, -highspy.kHighsInf)
    lp.row_upper_ = np.concatenate([problem.budget, np.ones(workers)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(0, 2 * n + 1, 2)
    lp.a_matrix_.index_ = np.stack([pairs.task, tasks + pairs.worker], axis=1).ravel()
    lp.a_matrix_.value_ = np.stack([pairs.payment, np.ones(n)], axis=1).ravel()
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("time_limit", max(float(min(seconds, 1e9)), 1e-3))
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.maximum(0.0, -np.array(solver.getSolution().row_dual[:tasks]))


def _subgradient(pairs: _Pairs, target: float, deadline: float) -> tuple[np.ndarray, float, Termination]:
    """Approach the best prices by Polyak steps towards `target`, a value below the optimum."""
    price = np.zeros(pairs.problem.instance.num_tasks)
    best_price, best, factor, stalled = price, np.inf, 1.0, 0
    for _ in range(_STEPS):
        bound, gradient = pairs.bound(price)
        if bound < best:
            best, best_price, stalled = bound, price, 0
        else:
            stalled += 1
            if stalled == 10:
                factor, stalled, price = factor / 2, 0, best_price
                continue
        norm = float(gradient @ gradient)
        if norm == 0 or bound <= target:
            break
        if time.perf_counter() > deadline:
            return best_price, best, Termination.TIME
        price = np.maximum(0.0, price - factor * (bound - target) / norm * gradient)
    return best_price, best, Termination.FINISHED
