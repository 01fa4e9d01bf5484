"""DQN judged exactly: its certified gap over time, by seed and by number of states, and where the best network errs.

Run: python -m benchmarks.dqn [--process 15k 60k ...] [--seeds N] [--steps S] [--improved] [--by-number]
     [--plot FOLDER] [--csv FILE] [--markdown]

`--process` takes frozen worker processes (15k, 60k) or NAMED sizes TASKSxSPEED (5x800: five tasks, 800 m a slot, seed
0). Networks see the features of a worker's state; with `--by-number` its number alone. The clock is the processor time
of this process, with every exact judgement, on one thread. The gap is to the optimum by backward induction, which the
certificate of each run's policy proves: (optimum - value) / |optimum|.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.tables import percent, show, write_csv
from mcsopt.data.worker_processes import FROZEN, frozen_process, worker_process
from mcsopt.heuristics.dqn import IMPROVED, learn
from mcsopt.heuristics.dqn_training import DqnSettings, Learned
from mcsopt.problems import FiniteMdp
from mcsopt.problems.worker_process import WorkerProcess, tabular
from mcsopt.problems.worker_process.features import features
from mcsopt.solvers import solve
from mcsopt.solvers.policy_errors import policy_errors

MARKS = (0.2, 0.1, 0.05, 0.02, 0.01)
"""Gaps whose times the table gives."""
STEPS, CHECKPOINTS = 20_000, 100


@dataclass(frozen=True)
class Case:
    """A worker's process as a table, with what a network sees of each state."""

    name: str
    process: WorkerProcess
    problem: FiniteMdp
    told: np.ndarray
    optimum: float

    def gap(self, value: float) -> float:
        """Return how far a value is from the optimum."""
        return (self.optimum - value) / max(abs(self.optimum), abs(value))


def case(name: str) -> Case:
    """Return a frozen process, or one of ``TASKSxSPEED``."""
    if name in FROZEN:
        process = frozen_process(name)
    else:
        tasks, speed = name.split("x")
        process = worker_process(tasks=int(tasks), speed=float(speed))
    problem = FiniteMdp(tabular(process))
    row, slot = process.rows.places(np.arange(process.num_states))
    optimum = solve(problem).objective
    assert optimum is not None
    return Case(name, process, problem, features(process, row, slot), optimum)


def run(
    which: Case, seed: int, *, steps: int = STEPS, improved: bool = False, by_number: bool = False,
    settings: DqnSettings | None = None,
) -> Learned:  # fmt: skip
    """Train on one process."""
    chosen = settings or replace(DqnSettings(), **(IMPROVED if improved else {}))
    return learn(
        which.problem, seed=seed, features=None if by_number else which.told, steps=steps,
        settings=replace(chosen, checkpoints=CHECKPOINTS), device="cpu",
    )  # fmt: skip


def seconds_to(which: Case, learned: Learned, gap: float) -> float | None:
    """Return the processor seconds until some checkpoint was within a gap; None: never."""
    return next((c.cpu_seconds for c in learned.curve if which.gap(c.value) <= gap), None)


def _row(which: Case, seed: int, learned: Learned) -> list[str]:
    times = [seconds_to(which, learned, mark) for mark in MARKS]
    return [
        which.name, f"{which.process.num_states:,}", str(seed), percent(which.gap(learned.value)),
        f"{learned.curve[-1].cpu_seconds:.0f}", *("-" if time is None else f"{time:.1f}" for time in times),
    ]  # fmt: skip


def _plot(which: Case, runs: dict[str, Learned], folder: Path) -> None:
    from mcsopt.report.learning_figures import error_map_figure, learning_curve_figure
    from mcsopt.solvers.worker_process import BASELINES, value_of

    folder.mkdir(parents=True, exist_ok=True)
    process = which.process
    rules = {name: value_of(process, make(process)).value for name, make in BASELINES.items()}
    curves = {name: learned.curve for name, learned in runs.items()}
    learning_curve_figure(curves, which.optimum, rules).savefig(folder / f"dqn-curve-{which.name}.svg")
    best = max(runs.values(), key=lambda learned: learned.value)
    errors = policy_errors(which.problem, which.problem.policy(best.choice))
    row, slot = process.rows.places(np.arange(process.num_states))
    ended = process.rows.ended(row)
    # Within the band of a task, the farther the worker has to go the lower.
    left = process.rows.left[row] / max(1, int(process.rows.left.max()))
    height = np.where(ended, process.num_tasks, process.rows.task[row] + 0.9 * (1 - left))
    figure = error_map_figure(
        errors, slot.astype(float), height, across_label="slot", upward_label="task ahead, nearer is higher"
    )
    figure.savefig(folder / f"dqn-errors-{which.name}.svg")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--process", nargs="+", default=["15k"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--improved", action="store_true", help="double-dqn in place of dqn")
    parser.add_argument("--by-number", action="store_true", help="the network sees the number of a state alone")
    parser.add_argument("--plot", type=Path, help="folder for the pictures")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args(arguments)
    columns = ["process", "states", "seed", "gap", "CPU s", *(f"s to {100 * mark:g} %" for mark in MARKS)]
    rows = []
    for name in args.process:
        which, runs = case(name), {}
        for seed in range(args.seeds):
            learned = run(which, seed, steps=args.steps, improved=args.improved, by_number=args.by_number)
            runs[f"seed {seed}"] = learned
            rows.append(_row(which, seed, learned))
            print(" ".join(rows[-1]), file=sys.stderr)
        if args.plot is not None:
            _plot(which, runs, args.plot)
    method = "double-dqn" if args.improved else "dqn"
    show(f"{method}: certified gap of the best checkpoint", columns, rows, markdown=args.markdown)
    if args.csv is not None:
        write_csv(args.csv, [dict(zip(columns, row, strict=True)) for row in rows])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
