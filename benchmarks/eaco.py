"""How far EACO, as published and with local search, ends from the best worker path: certified gaps over seeds.

Run: python -m benchmarks.eaco [--tasks N ...] [--windows SHARE ...] [--seeds N] [--csv FILE] [--markdown]

Each generated instance (`worker_path`) gets one bound, which the certificate checker derives anew from its evidence;
the gap of a path is (bound - profit) / bound. Where the optimum is not proved in time, gaps are upper limits. Seconds
are processor time of one thread; compilation does not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

from benchmarks.isolation import confine, machine
from benchmarks.tables import percent, show, write_csv
from mcsopt.data.worker_paths import worker_path
from mcsopt.heuristics import eaco, eaco_local_search
from mcsopt.problems import WorkerPath
from mcsopt.result import Result
from mcsopt.verification import find_bound, seal

TASKS = (10, 20, 50, 100)
WINDOWS = (0.1, 0.2, 0.4, 0.6)
PLANNERS: dict[str, Callable[..., Result]] = {"eaco": eaco, "eaco-local-search": eaco_local_search}


@dataclass(frozen=True)
class Gap:
    """One heuristic on one instance.

    Attributes
    ----------
    tasks, window, seed : as the generator takes them
    heuristic : str
    objective, bound, gap : float
        The bound is the checker's.
    proved : bool
        Whether the bound is the optimum.
    seconds, bound_seconds : float
        Processor time of the heuristic; time of solver and checker.
    """

    tasks: int
    window: float
    seed: int
    heuristic: str
    objective: float
    bound: float
    gap: float
    proved: bool
    seconds: float
    bound_seconds: float


def gaps(tasks: int, window: float, seed: int, limit: float) -> Iterator[Gap]:
    """Yield the certified gap of each heuristic on one instance."""
    problem = WorkerPath(worker_path(tasks=tasks, window=window, seed=seed))
    plans = []
    for name, plan in PLANNERS.items():
        began = time.process_time()
        plans.append((name, plan(problem, seed=seed), time.process_time() - began))
    began = time.perf_counter()
    bound = find_bound(problem, time_limit=limit)
    spent = time.perf_counter() - began
    for name, result, seconds in plans:
        sealed = seal(problem, result, bound)
        yield Gap(
            tasks, window, seed, name, sealed.objective, sealed.dual_bound, sealed.gap, bound.optimum is not None,
            seconds, spent,
        )  # fmt: skip


COLUMNS = ("tasks", "window", "heuristic", "gap mean", "worst", "optimal", "ms mean", "worst", "optimum proved",
           "bound, s, mean", "worst")  # fmt: skip


def lines(found: Sequence[Gap]) -> Iterator[list[str]]:
    """Yield a line for each kind of instance and heuristic."""
    for key in dict.fromkeys((one.tasks, one.window, one.heuristic) for one in found):
        here = [one for one in found if (one.tasks, one.window, one.heuristic) == key]
        values = [one.gap for one in here]
        seconds, spent = [1e3 * one.seconds for one in here], [one.bound_seconds for one in here]
        yield [
            str(key[0]), f"{100 * key[1]:g} %", key[2], percent(mean(values)), percent(max(values)),
            str(sum(percent(value) == "0" for value in values)), f"{mean(seconds):.0f}", f"{max(seconds):.0f}",
            f"{sum(one.proved for one in here)} of {len(here)}", f"{mean(spent):.2g}", f"{max(spent):.2g}",
        ]  # fmt: skip


def warm_up() -> None:
    """Compile, or load, solver, checker and heuristics."""
    list(gaps(12, 0.4, 0, 10.0))


def main() -> int:
    """Run, print the table, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", type=int, default=list(TASKS))
    parser.add_argument("--windows", nargs="+", type=float, default=list(WINDOWS), help="shares of the horizon")
    parser.add_argument("--seeds", type=int, default=10, help="instances of each kind")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for the bound of an instance")
    parser.add_argument("--csv", type=Path, help="write every gap to this file")
    parser.add_argument("--markdown", action="store_true", help="the table as documents take it")
    args = parser.parse_args()
    confine()
    print(machine())
    print(f"bounds by the checker, limit {args.time_limit:g} s an instance; compilation excluded\n", flush=True)
    warm_up()
    found: list[Gap] = []
    for tasks in args.tasks:
        for window in args.windows:
            for seed in range(args.first_seed, args.first_seed + args.seeds):
                here = list(gaps(tasks, window, seed, args.time_limit))
                found += here
                told = ", ".join(f"{one.heuristic} {percent(one.gap)}" for one in here)
                print(f"{tasks} tasks, window {window:g}, seed {seed}: {told}; bound in {here[0].bound_seconds:.1f} s",
                      file=sys.stderr, flush=True)  # fmt: skip
                if args.csv is not None:
                    write_csv(args.csv, [asdict(one) for one in found])
    show("certified gaps of EACO on worker paths", COLUMNS, lines(found), markdown=args.markdown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
