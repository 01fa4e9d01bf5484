"""ASPIRE-Off beside a vectorised numpy transcription of Algorithm 3 on the same sample array: same plan, and the time.

Run: python -m benchmarks.aspire_off [--seeds N]

The transcription is what a careful user would write: per round and task, an exact knapsack by dynamic programming over
the payments (which the generator draws on a grid of 0.1, so integers of tenths lose nothing), then M = 200 common
samples evaluated in one numpy expression. Both stop by the same rule. Compilation is excluded: each size is run once
before the clock starts.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from mcsopt.data import sensing_market
from mcsopt.heuristics import aspire_off
from mcsopt.heuristics.greedy import surrogate_value
from mcsopt.problems import OfflineWelfare
from mcsopt.seeds import generator
from mcsopt.tolerances import RISK

SAMPLES = 200


def knapsack_in_tenths(weight: np.ndarray, value: np.ndarray, capacity: float) -> list[int]:
    """Exact 0-1 knapsack by dynamic programming, one vectorised pass an item."""
    tenths, room = np.rint(10 * weight).astype(int), int(np.floor(10 * capacity + 1e-6))
    best = np.zeros(room + 1)
    taken = np.zeros((len(weight), room + 1), dtype=bool)
    for item, (w, v) in enumerate(zip(tenths, value, strict=True)):
        if w <= room:
            candidate = best[: room + 1 - w] + v
            taken[item, w:] = candidate > best[w:]
            best[w:] = np.maximum(best[w:], candidate)
    chosen, left = [], room
    for item in range(len(weight) - 1, -1, -1):
        if taken[item, left]:
            chosen.append(item)
            left -= tenths[item]
    return chosen[::-1]


def transcription(problem: OfflineWelfare, samples: np.ndarray, threshold: float = 1e-4) -> list[tuple[int, ...]]:
    """Algorithm 3, line by line; `samples` is (J, M) arrivals."""
    market, surrogate = problem.instance, surrogate_value(problem)
    owner = np.full(market.num_workers, -1)
    sets: list[tuple[int, ...]] = [()] * market.num_tasks
    current = np.zeros(market.num_tasks)
    for _ in range(1000):
        gains, candidates = np.zeros(market.num_tasks), list(sets)
        for task in range(market.num_tasks):
            where = np.arange(*market.pair_start[task : task + 2])
            free = (owner[market.pair_worker[where]] == -1) | (owner[market.pair_worker[where]] == task)
            pairs = where[problem.candidate[where] & free & (surrogate[where] > 0)]
            chosen = knapsack_in_tenths(market.payment[pairs], surrogate[pairs], market.budget[task])
            members = market.pair_worker[pairs[chosen]]
            arrived = samples[members]
            count = arrived.sum(axis=0)
            delivered = (
                market.quality[pairs[chosen]] @ arrived / (1 + np.maximum(count - 1, 0) * market.redundancy[task])
            )
            if len(members) and (delivered < market.demand[task]).mean() > market.quality_risk + RISK:
                continue
            value = (market.quality_weight * delivered - market.cost[pairs[chosen]] @ arrived).mean()
            gains[task], candidates[task] = value - current[task], tuple(members.tolist())
        mover = int(np.argmax(gains))
        if gains[mover] <= threshold:
            break
        owner[list(sets[mover])] = -1
        owner[list(candidates[mover])] = mover
        current[mover] += gains[mover]
        sets[mover] = candidates[mover]
    return sets


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    table = Table(title=f"ASPIRE-Off, {SAMPLES} common samples, median of {args.seeds} seeds", title_justify="left")
    for column in ("market", "mcsopt s", "worst s", "exact mcsopt s", "numpy s", "median ratio", "same plan"):
        table.add_column(column, justify="left" if column == "market" else "right")
    for tasks, workers in ((20, 120), (40, 160), (80, 300)):
        ours, exact, theirs, same = [], [], [], 0
        aspire_off(OfflineWelfare(sensing_market(tasks=tasks, workers=workers)), samples="common")
        aspire_off(OfflineWelfare(sensing_market(tasks=tasks, workers=workers)))
        for seed in range(args.seeds):
            problem = OfflineWelfare(sensing_market(tasks=tasks, workers=workers, seed=seed))
            began = time.perf_counter()
            result = aspire_off(problem, seed=seed, samples="common", num_samples=SAMPLES)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            aspire_off(problem)
            exact.append(time.perf_counter() - began)
            # The very array that aspire_off draws from this seed.
            arrival = problem.instance.arrival
            samples = generator(seed, 1).random((workers, SAMPLES)) < arrival[:, None]
            began = time.perf_counter()
            sets = transcription(problem, samples)
            theirs.append(time.perf_counter() - began)
            same += tuple(tuple(sorted(s)) for s in sets) == result.solution.sets
        ratio = np.median(np.array(theirs) / np.array(ours))
        table.add_row(
            f"{tasks} x {workers}", f"{np.median(ours):.3f}", f"{max(ours):.3f}", f"{np.median(exact):.3f}",
            f"{np.median(theirs):.2f}", f"{ratio:.0f}", f"{same} of {args.seeds}",
        )  # fmt: skip
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
