"""Rows of the acceptance table: worker paths proved, checked, in time; other methods agree; planted errors caught."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.criteria import Effort, Row
from benchmarks.worker_path import FAMILIES, Run, measure, warm_up
from mcsopt.data.worker_paths import worker_path
from mcsopt.problems import WorkerPath
from mcsopt.result import Status
from mcsopt.solvers import solve
from mcsopt.verification import check
from tests.solvers.path_cases import drawn

AGREE = 1e-9
MEDIAN = {"50 tasks, windows of 20 %": 0.05, "50 tasks, windows of 40 %": 0.5}
WORST = {
    "20 tasks, windows of 60 %": 1.0,
    "20 tasks, no windows": 1.0,
    "20 tasks, no windows, integer": 1.0,
    "20 tasks, no windows, tables": 1.0,
    "like r1, windows 10-60": 10.0,
    "like rc1, windows 10-60": 10.0,
    "like c1, windows 10-60": 10.0,
    "like r1, windows 80-120": 10.0,
}
CHECKED = 1.0
"""Seconds in which a certificate of 50 tasks and windows of 20 % is checked."""
TIMES_FASTER = 100
RIVAL_LIMIT = 20.0


def worker_paths(effort: Effort) -> Iterator[Row]:
    """Enumeration, subset program and label setting agree; proofs in time; forged evidence; CP-SAT."""
    cases, seeds = effort.size(1000), range(effort.size(20))
    effort.report(f"{cases} small worker paths against enumeration")
    differ = sum(not _enumerated(seed) for seed in range(cases))
    yield Row("label setting is enumeration", f"{cases} cases", f"{cases - differ} of {cases}", not differ)

    pairs = effort.size(300)
    effort.report(f"{pairs} worker paths against the subset program")
    differ = sum(not _by_subsets(seed) for seed in range(pairs))
    yield Row("label setting is the subset program", f"{pairs} cases", f"{pairs - differ} of {pairs}", not differ)

    forged = effort.size(100)
    effort.report(f"forged evidence of {forged} worker paths")
    missed = sum(not _caught(seed) for seed in range(forged))
    yield Row("lower claims, other prices: raised to the optimum", f"{forged} cases", f"{missed} missed", not missed)

    warm_up()
    for limits, which in ((MEDIAN, "median"), (WORST, "worst")):
        for name, most in limits.items():
            effort.report(f"{name}: {len(seeds)} seeds")
            runs = [measure(FAMILIES[name](seed), 60.0) for seed in seeds]
            yield from _timed(name, runs, most, which)

    effort.report("CP-SAT on 30 tasks")
    yield _rival(range(effort.size(3)))


def _timed(name: str, runs: list[Run], most: float, which: str) -> Iterator[Row]:
    seconds = [run.seconds for run in runs]
    found = float(np.median(seconds) if which == "median" else max(seconds))
    proved = all(run.proved for run in runs)
    text = f"{found:.3f} s, {sum(run.proved for run in runs)} of {len(runs)} proved"
    yield Row(f"worker paths: {name}, {which}", f"all proved, <= {most:g} s", text, proved and found <= most)
    if which == "median" and most < CHECKED:
        slowest = max(run.checking for run in runs)
        yield Row(f"its certificates: {name}", f"checked in <= {CHECKED:g} s", f"{slowest:.3f} s", slowest <= CHECKED)


def _enumerated(seed: int) -> bool:
    problem = WorkerPath.random_small(np.random.default_rng([12, seed]))
    best, found = (solve(problem, solver=name) for name in ("enumeration", "label-setting"))
    return found.status is Status.PROVED and abs((found.objective or 0.0) - (best.objective or 0.0)) <= AGREE


def _by_subsets(seed: int) -> bool:
    problem = drawn(seed, tables=False)
    best, found = (solve(problem, solver=name) for name in ("path-subsets", "label-setting"))
    return found.status is Status.PROVED and abs((found.objective or 0.0) - (best.objective or 0.0)) <= AGREE


def _caught(seed: int) -> bool:
    """Whether claims below the optimum, and prices of any kind, still derive a bound."""
    problem, rng = drawn(seed), np.random.default_rng(seed)
    found = solve(problem, solver="label-setting")
    best = found.objective or 0.0
    derive = partial(check.derive, problem.name, problem.options, problem.instance.to_json())
    nodes = problem.instance.num_nodes
    for claim in (-1.0, 0.5 * best, best * (1 - 1e-6), None):
        evidence = {"kind": "label-bounds", "step": 0.5, "price": rng.uniform(0, 4, nodes).tolist(), "bound": claim}
        derived = derive(evidence).dual_bound
        if derived is None or derived < best * (1 - 1e-13) or (claim is not None and derived > best + AGREE):
            return False
    return True


def _rival(seeds: range) -> Row:
    ours = theirs = 0.0
    proved = 0
    for seed in seeds:
        problem = WorkerPath(worker_path(30, 0.2, seed=seed))
        begin = time.perf_counter()
        solve(problem, solver="label-setting")
        ours += time.perf_counter() - begin
        begin = time.perf_counter()
        proved += solve(problem, solver="cp-sat", time_limit=RIVAL_LIMIT).termination.value == "finished"
        theirs += time.perf_counter() - begin
    text = f"{theirs / ours:,.0f} times; CP-SAT done with {proved} of {len(seeds)} in {RIVAL_LIMIT:g} s each"
    return Row("faster than CP-SAT, 30 tasks, windows of 20 %", f">= {TIMES_FASTER} times", text,
               theirs >= TIMES_FASTER * ours)  # fmt: skip
