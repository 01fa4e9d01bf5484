"""States per second of backward induction, and of episodes: python -m benchmarks.worker_process [--large].

Rates are per CPU second of one core, layout of the states apart; ``--large`` adds 1.5e8 states, for memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from mcsopt.data.worker_processes import FROZEN, frozen_process, worker_process
from mcsopt.problems.worker_process import Episodes, WorkerProcess
from mcsopt.solvers.worker_process import BASELINES, optimal, value_of

LARGE = {"tasks": 6, "seed": 1, "speed": 225.0}
REPEATS = 100
GIBIBYTE = 2**30


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of a piece of work."""
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return float(np.median(taken))


def rate(process: WorkerProcess, repeats: int = REPEATS) -> float:
    """Return states per CPU second of finding the best decisions."""
    optimal(process)  # compiled, and its memory at hand
    return process.num_states / seconds(lambda: optimal(process), repeats)


def peak() -> float:
    """Return the most memory that this process has held, in GiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIBIBYTE


def large() -> tuple[int, float, float, float]:
    """Return states, CPU seconds of layout and of induction, and the peak of memory, of a process of 1.5e8 states."""
    optimal(worker_process(1, seed=0))
    process = worker_process(**LARGE)
    began = time.process_time()
    states = process.num_states
    laid_out = time.process_time()
    optimal(process)
    return states, laid_out - began, time.process_time() - laid_out, peak()


def episodes_per_second(process: WorkerProcess, count: int = 20_000) -> float:
    """Return steps per CPU second of the simulator, `count` episodes side by side."""
    decision, steps, began = optimal(process).decision, 0, time.process_time()
    episodes = Episodes(process, count)
    while not episodes.done.all():
        steps += int((~episodes.done).sum())
        episodes.step(decision[episodes.state])
    return steps / (time.process_time() - began)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", action="store_true", help="1.5e8 states, too")
    arguments = parser.parse_args()
    table = Table(title="Worker processes: backward induction, exact values", title_justify="left")
    for column in ("process", "states", "M states/s", "M steps/s simulated", "best", *BASELINES):
        table.add_column(column, justify="right")
    for name in FROZEN:
        process = frozen_process(name)
        best = optimal(process).value
        lost = [value_of(process, make(process)).value for make in BASELINES.values()]
        table.add_row(
            name, f"{process.num_states:,}", f"{rate(process) / 1e6:.0f}", f"{episodes_per_second(process) / 1e6:.2f}",
            f"{best:.3f}", *(f"{value:.3f} (-{100 * (best - value) / best:.0f} %)" for value in lost),
        )  # fmt: skip
    Console().print(table)
    if arguments.large:
        states, layout, induction, memory = large()
        print(f"{states:,} states: layout {layout:.1f} CPU s, induction {induction:.1f} CPU s, {memory:.2f} GiB")


if __name__ == "__main__":
    main()
