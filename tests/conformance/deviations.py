"""Brute force over deviations: what the player with most to gain could gain alone, by the problem's ground truth."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from mcsopt.problems import Assignment, AssignmentProblem


def choices(problem: AssignmentProblem, plan: Assignment, task: int) -> Iterator[tuple[int, ...]]:
    """Yield every set that a task may choose while the others keep theirs, feasible or not; nobody included."""
    market = problem.instance
    taken = {j for other, workers in enumerate(plan.sets) if other != task for j in workers}
    free = [int(j) for j in market.pair_worker[market.pairs_of(task)] if int(j) not in taken]
    for size in range(len(free) + 1):
        yield from itertools.combinations(free, size)


def gain_of(problem: AssignmentProblem, plan: Assignment, task: int, workers: tuple[int, ...]) -> float:
    """Return what a task gains by choosing a set, feasible or not."""

    def worth(members: tuple[int, ...]) -> float:
        return problem.set_value(task, members) if members else 0.0

    return worth(workers) - worth(plan.sets[task])


def best_gain(problem: AssignmentProblem, plan: Assignment, task: int) -> float:
    """Return the most that a task gains by a feasible choice; its present set may be infeasible: then perhaps < 0.

    -inf if it has no feasible choice at all.
    """
    best = -float("inf")
    for workers in choices(problem, plan, task):
        gain = gain_of(problem, plan, task, workers)
        if gain > best and not problem.set_violations(task, workers):
            best = gain
    return best


def regret(problem: AssignmentProblem, plan: Assignment) -> float:
    """Return the equilibrium regret of a feasible plan."""
    return max((best_gain(problem, plan, task) for task in range(problem.instance.num_tasks)), default=0.0)
