"""Exact evaluation of worker sets against the paper's 200-sample estimate: time, error, and what the noise breaks.

Run: python -m benchmarks.evaluation [--sets N] [--seeds N]

Three questions, one run, on generated markets (default variant):
1. how long one set takes, exactly (compiled, and the readable ground truth) and by M = 200 samples in numpy;
2. how far the sampled welfare and risk of a set are from the exact ones;
3. how many of the tasks that sampled ASPIRE-Off contracts truly break the risk limit, and how the rounds end.
Compilation is excluded: every compiled function is called once before the clock starts.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from mcsopt.data import sensing_market
from mcsopt.heuristics import aspire_off
from mcsopt.kernels import worker_sets
from mcsopt.problems import OfflineWelfare

SAMPLES = 200


def random_sets(problem: OfflineWelfare, count: int, rng: np.random.Generator) -> list[tuple[int, list[int]]]:
    """Draw sets of 3 to 6 candidate workers of random tasks."""
    market = problem.instance
    found = []
    while len(found) < count:
        task = int(rng.integers(market.num_tasks))
        workers = market.pair_worker[market.pairs_of(task)]
        size = int(rng.integers(3, 7))
        if len(workers) >= size:
            found.append((task, sorted(rng.choice(workers, size, replace=False).tolist())))
    return found


def sampled(problem: OfflineWelfare, task: int, workers: list[int], rng: np.random.Generator) -> tuple[float, float]:
    """Estimate value and risk of a set as the paper does: M arrival vectors, vectorised in numpy."""
    market = problem.instance
    pairs = problem.pairs(task, workers)
    arrived = rng.random((SAMPLES, len(workers))) < market.arrival[workers]
    count = arrived.sum(axis=1)
    delivered = arrived @ market.quality[pairs] / (1 + np.maximum(count - 1, 0) * market.redundancy[task])
    value = market.quality_weight * delivered - arrived @ market.cost[pairs]
    return float(value.mean()), float((delivered < market.demand[task]).mean())


def compiled(problem: OfflineWelfare, task: int, workers: list[int]) -> tuple[float, float]:
    """Value and risk of a set by the compiled kernels."""
    market = problem.instance
    pairs = problem.pairs(task, workers)
    quality, arrival = market.quality[pairs], market.arrival[workers]
    value = worker_sets.set_value(quality, arrival, market.cost[pairs], market.redundancy[task], market.quality_weight)
    return value, worker_sets.quality_risk(quality, arrival, market.redundancy[task], market.demand[task])


def timed(function: object, sets: list[tuple[int, list[int]]]) -> tuple[np.ndarray, float]:
    """Return the answers and the median microseconds a set over five passes."""
    passes = []
    for _ in range(5):
        began = time.perf_counter()
        answers = [function(task, workers) for task, workers in sets]  # type: ignore[operator]  # either evaluation
        passes.append(time.perf_counter() - began)
    return np.array(answers), 1e6 * float(np.median(passes)) / len(sets)


def kernel_microseconds(problem: OfflineWelfare, sets: list[tuple[int, list[int]]]) -> float:
    """Median microseconds of the two kernels alone, the gathering of the set's data excluded."""
    market = problem.instance
    arguments = []
    for task, workers in sets:
        pairs = problem.pairs(task, workers)
        arguments.append((market.quality[pairs], market.arrival[workers], market.cost[pairs],
                          float(market.redundancy[task]), float(market.demand[task])))  # fmt: skip
    passes = []
    for _ in range(5):
        began = time.perf_counter()
        for quality, arrival, cost, redundancy, demand in arguments:
            worker_sets.set_value(quality, arrival, cost, redundancy, 7.0)
            worker_sets.quality_risk(quality, arrival, redundancy, demand)
        passes.append(time.perf_counter() - began)
    return 1e6 * float(np.median(passes)) / len(sets)


def evaluation_table(count: int) -> Table:
    """Time and error of one set."""
    rng = np.random.default_rng(0)
    problem = OfflineWelfare(sensing_market(tasks=40, workers=160, seed=0))
    sets = random_sets(problem, count, rng)
    compiled(problem, *sets[0])
    truth, truth_time = timed(lambda t, w: (problem.set_value(t, w), problem.set_risk(t, w)), sets)
    exact, exact_time = timed(lambda t, w: compiled(problem, t, w), sets)
    noisy, noisy_time = timed(lambda t, w: sampled(problem, t, w, rng), sets)
    table = Table(title=f"one set of 3 to 6 workers: value and risk ({count} sets, 40 x 160)", title_justify="left")
    for column in ("evaluation", "microseconds", "ratio", "sd of value", "worst value", "sd of risk", "worst risk"):
        table.add_column(column, justify="left" if column == "evaluation" else "right")
    kernel_time = kernel_microseconds(problem, sets)
    for name, answers, seconds in (
        ("exact, kernels alone", exact, kernel_time),
        ("exact, kernels with gathering", exact, exact_time),
        ("exact, readable ground truth", truth, truth_time),
        (f"{SAMPLES} samples, numpy", noisy, noisy_time),
    ):
        error = np.abs(answers - truth)
        table.add_row(
            name, f"{seconds:.2f}", f"{seconds / kernel_time:.1f}", f"{np.sqrt((error[:, 0] ** 2).mean()):.2g}",
            f"{error[:, 0].max():.2g}", f"{np.sqrt((error[:, 1] ** 2).mean()):.2g}", f"{error[:, 1].max():.2g}",
        )  # fmt: skip
    return table


def noise_table(seeds: int) -> Table:
    """What sampling does to ASPIRE-Off: plans that truly break the risk limit."""
    table = Table(title=f"ASPIRE-Off by evaluation of sets, {seeds} seeds a row", title_justify="left")
    for column in (
        "market",
        "evaluation",
        "contracted tasks",
        "truly break the risk limit",
        "plans affected",
        "stopped",
    ):
        table.add_column(column, justify="left" if column in ("market", "evaluation") else "right")
    for tasks, workers in ((20, 120), (40, 160), (80, 300)):
        for samples in ("exact", "common", "fresh"):
            served, broken, affected, ended = 0, 0, 0, {}
            for seed in range(seeds):
                problem = OfflineWelfare(sensing_market(tasks=tasks, workers=workers, seed=seed))
                result = aspire_off(problem, seed=seed, samples=samples, num_samples=SAMPLES)
                served += sum(map(bool, result.solution.sets))
                broken += len(result.violations)
                affected += bool(result.violations)
                ended[result.termination.value] = ended.get(result.termination.value, 0) + 1
            stopped = ", ".join(f"{how} {times}" for how, times in ended.items())
            table.add_row(f"{tasks} x {workers}", samples, str(served), str(broken), f"{affected} of {seeds}", stopped)
    return table


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=10)
    args = parser.parse_args()
    console = Console(width=130)
    console.print(evaluation_table(args.sets))
    console.print(noise_table(args.seeds))


if __name__ == "__main__":
    main()
