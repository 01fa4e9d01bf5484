"""Say in words which constraints of a market that must serve every task are in conflict."""

from __future__ import annotations

import numpy as np

from mcsopt.kernels.worker_sets import WorkerSets
from mcsopt.problems import OfflineWelfare
from mcsopt.solvers.column_lp import LpAnswer


def explain(problem: OfflineWelfare, sets: WorkerSets, root: LpAnswer) -> str:
    """Return one line: tasks that no set can serve, or tasks and workers whose demands collide.

    Parameters
    ----------
    problem : OfflineWelfare
        With ``service="required"``, proved infeasible.
    sets : WorkerSets
        Its feasible sets.
    root : LpAnswer
        Of the root node; if its prices prove emptiness, they name the workers in conflict.
    """
    market = problem.instance
    alone = np.flatnonzero(np.diff(sets.task_start) == 0)
    if len(alone):
        return (
            "service is required, but "
            + "; ".join(_why(problem, int(task)) for task in alone[:3])
            + (f"; and {len(alone) - 3} more tasks" if len(alone) > 3 else "")
        )
    if root.farkas:
        workers = set(np.flatnonzero(root.price > 1e-9).tolist())
        tasks = [
            task for task in range(market.num_tasks)
            if all(workers.intersection(sets.workers(k)) for k in range(*sets.task_start[task : task + 2]))
        ]  # fmt: skip
        return (
            f"service is required, but tasks {_listed(tasks)} compete for workers {_listed(sorted(workers))}: "
            "every feasible set of these tasks needs some of these workers, and there are too few of them"
        )
    return "service is required; each task can be served alone, but not all at once: they compete for the same workers"


def _why(problem: OfflineWelfare, task: int) -> str:
    market, where = problem.instance, problem.instance.pairs_of(task)
    candidates = int(problem.candidate[where].sum())
    if candidates == 0:
        return f"task {task} has no candidate worker whose payment covers the cost (25b, 25h)"
    affordable = market.payment[where][problem.candidate[where]].min() <= problem.budget[task]
    if not affordable:
        return f"task {task}'s budget {market.budget[task]:g} pays none of its {candidates} candidates (25c)"
    return (
        f"task {task} has {candidates} candidates but no set within its budget {market.budget[task]:g} (25c) "
        f"that meets the demand {market.demand[task]:g} with risk <= {market.quality_risk:g} (25g)"
    )


def _listed(indices: list[int]) -> str:
    shown = ", ".join(map(str, indices[:8]))
    return shown + (f" and {len(indices) - 8} more" if len(indices) > 8 else "")
