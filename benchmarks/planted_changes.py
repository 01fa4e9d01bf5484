"""Heuristics that can be made worse on purpose: what a guard must catch, and what it must leave in peace.

``set_change(stream, worse)`` says which random numbers they draw and whether they are the worse version. Named on the
command line as ``benchmarks.planted_changes:greedy_losing_a_task`` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsopt.heuristics import greedy
from mcsopt.heuristics.greedy import surrogate_value
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.seeds import generator

LOSSES = 0.5
"""Share of the runs in which the worse greedy loses a task."""

WORSE_CHOICES = 0.1
"""Share of the tasks that the worse version of the randomized one passes over."""


def optional(problem: OfflineWelfare) -> bool:
    """Whether a plan that serves fewer tasks is a plan: the changes below are about its value."""
    return problem.instance.service == "optional"


@dataclass
class _Change:
    stream: int = 0
    worse: bool = False


@dataclass
class _Guarded:
    name: str = "random_order"
    repetitions: int = 1
    worse: bool = False


_change = _Change()
guarded = _Guarded()
"""What `benchmarks.planted_guard` tests: which heuristic, how often, and which version."""


def set_change(stream: int = 0, *, worse: bool = False) -> None:
    """Choose the version of the heuristics below."""
    _change.stream, _change.worse = stream, worse


def greedy_losing_a_task(problem: OfflineWelfare, seed: int = 0) -> Assignment:
    """Greedy, deterministic; the worse version loses its most valuable served task in half of its runs."""
    sets = list(greedy(problem).solution.sets)
    if _change.worse and generator(seed, _change.stream).random() < LOSSES:
        worth = [problem.set_value(task, workers) if workers else -np.inf for task, workers in enumerate(sets)]
        sets[int(np.argmax(worth))] = ()
    return Assignment(sets)


def random_order(problem: OfflineWelfare, seed: int = 0) -> Assignment:
    """Greedy with the tasks in random order; the worse version passes over a tenth of them."""
    market, value = problem.instance, surrogate_value(problem)
    rng = generator(seed, _change.stream)
    idle = np.ones(market.num_workers, dtype=bool)
    sets: list[tuple[int, ...]] = [()] * market.num_tasks
    for task in rng.permutation(market.num_tasks).tolist():
        passed_over = rng.random() < WORSE_CHOICES  # drawn by either version: the streams stay alike
        if _change.worse and passed_over:
            continue
        where = market.pairs_of(task)
        pairs = np.arange(where.start, where.stop)
        pairs = pairs[problem.candidate[where] & idle[market.pair_worker[where]] & (value[where] > 0)]
        chosen, left = [], problem.budget[task]
        for pair in pairs[np.argsort(-value[pairs], kind="stable")]:
            if market.payment[pair] <= left:
                chosen.append(int(market.pair_worker[pair]))
                left -= market.payment[pair]
        workers = tuple(sorted(chosen))
        if workers and not problem.set_violations(task, workers):
            sets[task] = workers
            idle[list(workers)] = False
    return Assignment(sets)
