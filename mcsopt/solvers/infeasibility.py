"""Say in words which constraints of a market that must serve some tasks are in conflict."""

from __future__ import annotations

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.kernels.priced_sets import PricedSets, Pricer
from mcsopt.problems import OfflineWelfare
from mcsopt.problems.assignment import AssignmentProblem
from mcsopt.solvers.column_generation import NodeAnswer


def explain(problem: AssignmentProblem, pricer: Pricer, root: NodeAnswer) -> str:
    """Return one line: tasks that no set can serve, or tasks and workers whose demands collide.

    Parameters
    ----------
    problem : AssignmentProblem
        Some of whose tasks must be served, proved infeasible.
    pricer : Pricer
        Of the problem.
    root : NodeAnswer
        Of the root node; if its prices prove emptiness, they name the workers in conflict.
    """
    duty = "service" if isinstance(problem, OfflineWelfare) else "restoration"
    try:
        return f"{duty} is required{_conflict(problem, pricer, root)}"
    except TooLarge:  # the proof stands, only its reading would take too long
        return f"{duty} is required, but no plan serves every task"


def _conflict(problem: AssignmentProblem, pricer: Pricer, root: NodeAnswer) -> str:
    market = problem.instance
    nothing = np.zeros(market.num_workers)
    alone = _without_sets(problem, pricer.best(nothing, valued=False))
    if len(alone):
        return (
            ", but "
            + "; ".join(_why(problem, int(task)) for task in alone[:3])
            + (f"; and {len(alone) - 3} more tasks" if len(alone) > 3 else "")
        )
    if root.farkas:
        workers = np.flatnonzero(root.price > 1e-9)
        others = ~np.isin(market.pair_worker, workers)
        tasks = _without_sets(problem, pricer.best(nothing, valued=False, usable=others)).tolist()
        return (
            f", but tasks {_listed(tasks)} compete for workers {_listed(workers.tolist())}: "
            "every feasible set of these tasks needs some of these workers, and there are too few of them"
        )
    return "; each task can be served alone, but not all at once: they compete for the same workers"


def _without_sets(problem: AssignmentProblem, found: PricedSets) -> np.ndarray:
    """Return the tasks that must be served, and have no set."""
    return np.flatnonzero((np.diff(found.sets.task_start) == 0) & problem.obliged)


def _why(problem: AssignmentProblem, task: int) -> str:
    market, where = problem.instance, problem.instance.pairs_of(task)
    offline = isinstance(problem, OfflineWelfare)
    cost, money = ("(25b, 25h)", "(25c)") if offline else ("(52c)", "(52b)")
    candidates = int(problem.candidate[where].sum())
    if candidates == 0:
        return f"task {task} has no candidate worker whose payment covers the cost {cost}"
    affordable = market.payment[where][problem.candidate[where]].min() <= problem.budget[task]
    if not affordable:
        return f"task {task}'s budget {market.budget[task]:g} pays none of its {candidates} candidates {money}"
    risk = f" with risk <= {market.quality_risk:g} (25g)" if offline else " (52d)"
    return (
        f"task {task} has {candidates} candidates but no set within its budget {market.budget[task]:g} {money} "
        f"that meets the demand {market.demand[task]:g}{risk}"
    )


def _listed(indices: list[int]) -> str:
    shown = ", ".join(map(str, indices[:8]))
    return shown + (f" and {len(indices) - 8} more" if len(indices) > 8 else "")
