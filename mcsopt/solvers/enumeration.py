"""Independent brute force, for small problems: the oracle of the other solvers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, combinations
from typing import Any

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.problems import (
    Assignment,
    AssignmentProblem,
    Knapsack,
    OfflineWelfare,
    OnlineRecruitment,
    Packing,
    Problem,
)
from mcsopt.problems.central_coalition import CentralCoalition, PrivateCoalition
from mcsopt.problems.stable_coalition import Coalition, StableCoalition
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings, solvers_of
from mcsopt.solvers.start import best_feasible

MAX_ITEMS = 20
MAX_WORKERS = 12
MAX_PLAYERS = 12


def solve(problem: Problem[Any], settings: Settings) -> Result:
    """Try every solution, using nothing but the problem's own ground truth.

    Knapsack: all 2^n packings, n <= 20. Offline welfare and online recruitment: the value of every worker set of every
    task by ``problem.set_value`` and ``problem.set_violations``, then the best disjoint choice by dynamic programming
    over subsets of the at most 12 workers who are a candidate somewhere:
    ``best_i(S) = max_{A in S} v_i(A) + best_{i+1}(S - A)``. Data coalitions: all 2^n sets of members, n <= 12, the
    central ones at their best levels by ``instance.assigned_privacy``. Any other problem: ``problem.every_solution()``.

    Parameters
    ----------
    problem : Problem
        Any small one.
    settings : Settings
        After `time_limit` or Ctrl-C the result holds the best solution so far, `start` included, and no bound.

    Returns
    -------
    Result
        PROVED or INFEASIBLE if it ran to its end; else FEASIBLE or UNKNOWN.

    Raises
    ------
    TooLarge
        Beyond those sizes.
    """
    began = time.perf_counter()
    deadline = math.inf if settings.time_limit is None else began + settings.time_limit
    found, termination = None, Termination.FINISHED
    try:
        for solution in BRUTE_FORCE.get(type(problem), _best_of_all)(problem):
            found = found if solution is None else solution
            if time.perf_counter() >= deadline:
                termination = Termination.TIME
                break
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    finished = termination is Termination.FINISHED
    if not finished:
        found, _ = best_feasible(problem, (found, settings.start, problem.empty_solution()))
    return conclude(
        problem, "enumeration", found, infeasible=finished and found is None, assurance=Assurance.FLOAT,
        dual_bound=problem.evaluate(found) if finished and found is not None else None,
        termination=termination, seconds={"solve": time.perf_counter() - began},
    )  # fmt: skip


def _best_of_all(problem: Problem[Any]) -> Iterator[Any]:
    return _ever_better(problem, problem.every_solution())


def _ever_better(problem: Problem[Any], solutions: Iterable[Any]) -> Iterator[Any]:
    """Yield each feasible solution that is better than those before it, and None for any other one."""
    best: float | None = None
    for solution in solutions:
        value = problem.evaluate(solution)
        if (best is None or problem.sense.better(value, best)) and not problem.violations(solution):
            best = value
            yield solution
        else:
            yield None


def _best_packing(problem: Knapsack) -> Iterator[Packing]:
    data, n = problem.instance, problem.instance.num_items
    if n > MAX_ITEMS:
        raise TooLarge(f"enumeration over 2^{n} packings is limited to {MAX_ITEMS} items; use solver 'knapsack'")
    weight, value = np.zeros(1), np.zeros(1)
    for item in range(n):
        weight = np.concatenate([weight, weight + data.weight[item]])
        value = np.concatenate([value, value + data.value[item]])
    best = int(np.argmax(np.where(weight <= problem.capacity, value, -np.inf)))
    yield Packing(item for item in range(n) if best >> item & 1)


def _best_assignment(problem: AssignmentProblem) -> Iterator[Assignment | None]:
    market = problem.instance
    workers = np.unique(market.pair_worker[problem.candidate])
    if len(workers) > MAX_WORKERS:
        raise TooLarge(
            f"enumeration over 2^{len(workers)} worker sets a task is limited to {MAX_WORKERS} candidate workers; "
            f"use solver {solvers_of(problem.name)[0].name!r}"
        )
    full, tasks = 1 << len(workers), market.num_tasks
    best = np.zeros((tasks + 1, full))
    choice = np.zeros((tasks, full), dtype=np.int64)
    for task in range(tasks - 1, -1, -1):
        values = _set_values(problem, task, workers, full)
        for free in range(full):
            yield None
            # All subsets A of the free workers, the empty one last: (A - 1) & free walks down through them.
            top, chosen, subset = -np.inf, 0, free
            while True:
                worth = values[subset] + best[task + 1, free ^ subset]
                if worth > top:
                    top, chosen = worth, subset
                if subset == 0:
                    break
                subset = (subset - 1) & free
            best[task, free], choice[task, free] = top, chosen
    if best[0, full - 1] == -np.inf:
        return
    plan, free = [], full - 1
    for task in range(tasks):
        plan.append(_members(workers, int(choice[task, free])))
        free ^= int(choice[task, free])
    yield Assignment(plan)


def _set_values(problem: AssignmentProblem, task: int, workers: np.ndarray, full: int) -> np.ndarray:
    """Return the value of every set of one task, -inf where infeasible."""
    where = problem.instance.pairs_of(task)
    paired = set(problem.instance.pair_worker[where].tolist())
    values = np.full(full, -np.inf)
    for subset in range(full):
        members = _members(workers, subset)
        if paired.issuperset(members) and not problem.set_violations(task, members):
            values[subset] = problem.set_value(task, members) if members else 0.0
    return values


def _members(workers: np.ndarray, subset: int) -> tuple[int, ...]:
    return tuple(int(worker) for k, worker in enumerate(workers) if subset >> k & 1)


def _member_sets(problem: CentralCoalition | StableCoalition, instead: str) -> Iterator[tuple[int, ...]]:
    """Yield all sets of at least two players."""
    n = problem.instance.num_players
    if n > MAX_PLAYERS:
        raise TooLarge(f"enumeration over 2^{n} coalitions is limited to {MAX_PLAYERS} players; use solver {instead!r}")
    return chain.from_iterable(combinations(range(n), k) for k in range(2, n + 1))


def _best_central_coalition(problem: CentralCoalition) -> Iterator[PrivateCoalition | None]:
    data = problem.instance
    coalitions = (PrivateCoalition(s, data.assigned_privacy(s)) for s in _member_sets(problem, "central"))
    return _ever_better(problem, chain(coalitions, [problem.empty_solution()]))


def _best_stable_coalition(problem: StableCoalition) -> Iterator[Coalition | None]:
    coalitions = sorted((Coalition(s) for s in _member_sets(problem, "stable-coalition")), key=problem.evaluate)
    for coalition in coalitions:
        stable = not problem.violations(coalition)
        yield coalition if stable else None
        if stable:
            return


BRUTE_FORCE: Mapping[type[Problem[Any]], Callable[[Any], Iterator[Any]]] = {
    Knapsack: _best_packing,
    OfflineWelfare: _best_assignment,
    OnlineRecruitment: _best_assignment,
    CentralCoalition: _best_central_coalition,
    StableCoalition: _best_stable_coalition,
}
"""What is faster than trying every solution, by type of problem.

Each yields solutions, of which the last is the best one there is, and None in between: there the search can be ended.
"""
