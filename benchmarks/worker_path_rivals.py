"""A worker's best path: the solver made for it beside HiGHS and CP-SAT on their statements, in one run.

Run: python -m benchmarks.worker_path_rivals [--tasks N ...] [--windows SHARE ...] [--seeds N] [--time-limit SEC]

Paths are those of `mcsopt.data.worker_path`, real times, with return to the start. The statements are those of
`mcsopt.models.worker_path`: a mixed-integer program over arcs in HiGHS, a circuit in CP-SAT with two workers. Ours is
the default of `mcsopt.solve`, or the solver named by `--solver`. Seconds are those of the whole `solve`, model building
included, for all three; ours after compilation. Who stops at the limit shows its gap and counts with the limit, so a
ratio of a rival who stopped is a lower bound. Answers are the same if objectives agree to 1e-5, where both finished.
The exit status is 1 if two finished answers differ.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys

from benchmarks.coalition_rivals import same, timed
from benchmarks.tables import percent, show
from mcsopt.data import worker_path
from mcsopt.problems import WorkerPath
from mcsopt.result import Result
from mcsopt.solvers import solvers_of

RIVALS = ("highs", "cp-sat")
TASKS = (10, 20, 30, 50)
WINDOWS = (0.1, 0.2, 0.4, 0.6)


def said(answer: Result | str, seconds: float) -> str:
    """Return the seconds of a finished run, the gap of one that stopped."""
    if isinstance(answer, str):
        return "fault"
    gap = "none" if answer.gap is None else percent(answer.gap)
    return f"{seconds:.3f}" if answer.termination == "finished" else f"gap {gap}"


def main() -> int:
    """Print the table; return 1 if two finished answers differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="+", default=TASKS)
    parser.add_argument("--windows", type=float, nargs="+", default=WINDOWS, help="shares of the horizon")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=20.0)
    parser.add_argument("--solver", default=solvers_of(WorkerPath.name)[0].name)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    timed(WorkerPath(worker_path(5, return_to_start=True)), args.solver, args.time_limit)  # compiles
    rows: list[list[str]] = []
    ratios: dict[str, list[float]] = {name: [] for name in RIVALS}
    differ = False
    for tasks, window, seed in itertools.product(args.tasks, args.windows, range(args.seeds)):
        problem = WorkerPath(worker_path(tasks, window, return_to_start=True, seed=seed))
        ours, seconds = timed(problem, args.solver, args.time_limit)
        assert isinstance(ours, Result), ours
        row = [str(tasks), f"{100 * window:.0f} %", str(seed), f"{ours.objective:.4f}", said(ours, seconds)]
        for name in RIVALS:
            theirs, spent = timed(problem, name, args.time_limit)
            ratios[name].append(spent / seconds)
            answer = same(ours, theirs) if ours.termination == "finished" else "-"
            differ |= answer == "OTHER"
            row += [said(theirs, spent), f"{spent / seconds:,.1f}", answer]
        rows.append(row)
        print(f"{tasks} tasks, {100 * window:.0f} %, seed {seed}", file=sys.stderr, flush=True)
    columns = ["tasks", "window", "seed", "objective", args.solver]
    columns += [column for name in RIVALS for column in (name, "its s : ours", "answer")]
    show(f"best path, seconds or gap at {args.time_limit:g} s", columns, rows, markdown=args.markdown)
    for name, found in ratios.items():
        print(f"{name}: median ratio {statistics.median(found):,.1f}, least {min(found):,.1f}")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
