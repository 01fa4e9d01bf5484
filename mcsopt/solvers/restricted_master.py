"""Plans from the columns at hand: the set packing over the pool, as an integer program in HiGHS."""

from __future__ import annotations

import highspy
import numpy as np

from mcsopt.problems import Assignment
from mcsopt.solvers.column_generation import ColumnGeneration, NodeAnswer


def best_of_pool(
    generation: ColumnGeneration, root: NodeAnswer, served: np.ndarray, *, cutoff: float, seconds: float
) -> tuple[float, Assignment] | None:
    """Look for the best plan that consists of columns of the pool.

    A plan with the set A for task i is worth at most ``bound - (best_i - (v_i(A) - u(A) - fines(A)))``, bound and
    prices being the root's. Columns for which that is no more than `cutoff` are left out (reduced-cost fixing): no plan
    above it has them.

    Parameters
    ----------
    generation : ColumnGeneration
    root : NodeAnswer
        Of the root, with the prices that prove its bound.
    served : array of bool, shape (I,)
        Tasks that must be served.
    cutoff : float
        Only plans worth more are wanted.
    seconds : float
        Time limit.

    Returns
    -------
    (float, Assignment) or None
        Value and plan, good but not proved the best: the pool holds what the linear programs asked for.
    """
    pool = generation.pool
    loss = generation.best_at(root, served)[pool.task] - pool.reduced(root.price, root.cuts)
    kept = np.flatnonzero(root.bound - loss > cutoff)
    rows = [np.array([pool.task[k], *(pool.num_tasks + j for j in pool.workers[k])], dtype=np.int32) for k in kept]
    if not rows:
        return None
    program = highspy.Highs()
    program.silent()
    program.setOptionValue("threads", 1)
    program.setOptionValue("time_limit", float(seconds))
    program.setOptionValue("mip_rel_gap", 1e-7)
    program.setOptionValue("objective_bound", -cutoff / pool.scale)
    height = pool.num_tasks + pool.num_workers
    lower = np.full(height, -highspy.kHighsInf)
    lower[: pool.num_tasks][served] = 1.0
    nothing = np.zeros(0, dtype=np.int32)
    program.addRows(height, lower, np.ones(height), 0, np.zeros(height, dtype=np.int32), nothing, np.zeros(0))
    starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])[:-1]]).astype(np.int32)
    index = np.concatenate(rows)
    program.addCols(
        len(kept), -pool.value[kept] / pool.scale, np.zeros(len(kept)), np.ones(len(kept)), len(index), starts, index,
        np.ones(len(index)),
    )  # fmt: skip
    program.changeColsIntegrality(
        len(kept), np.arange(len(kept), dtype=np.int32), np.full(len(kept), highspy.HighsVarType.kInteger)
    )
    program.run()
    chosen = np.array(program.getSolution().col_value)
    if len(chosen) != len(kept):
        return None
    plan: list[tuple[int, ...]] = [()] * pool.num_tasks
    picked = kept[chosen > 0.5]
    for k in picked.tolist():
        plan[int(pool.task[k])] = pool.workers[k]
    return float(pool.value[picked].sum()), Assignment(plan)
