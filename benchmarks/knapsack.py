"""The exact knapsack beside HiGHS and OR-Tools, family by family.

    python benchmarks/knapsack.py [--items 1000 10000] [--seeds 3] [--rival-seeds 1] [--time-limit 3]

Weights and values are real numbers on [1, 1000], the capacity is half of the total weight. `mcsopt` and HiGHS
get these numbers; HiGHS (scipy's, one thread) is asked for a relative gap of 1e-10 and keeps its feasibility
tolerance of 1e-6; it may overrun its time limit, which the table shows. OR-Tools' branch-and-bound KnapsackSolver
takes integers: it gets weights and values times 1000, rounded, which is another problem beyond the third digit.
Seconds are wall-clock, without compilation (done once before).
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.algorithms.python import knapsack_solver
from scipy import optimize

from mcsopt.data.knapsacks import FAMILIES, knapsack
from mcsopt.problems import Knapsack
from mcsopt.result import Status
from mcsopt.solvers.knapsack import solve
from mcsopt.solvers.registry import Settings

RIVAL_GAP = 1e-10
INTEGER_SCALE = 1000


@dataclass(frozen=True)
class Run:
    """One solver on one instance; None: the solver does not say."""

    seconds: float
    proved: bool
    gap: float | None
    nodes: int | None


def run_mcsopt(problem: Knapsack, time_limit: float) -> Run:
    lines: list[str] = []
    begin = time.perf_counter()
    result = solve(problem, Settings(time_limit=time_limit, progress=lines.append))
    seconds = time.perf_counter() - begin
    # The last line of the search counts its nodes; the tree kept as evidence may be another, shorter one.
    nodes = max(int(re.findall(r"([\d,]+) nodes", text)[0].replace(",", "")) for text in lines)
    return Run(seconds, result.status is Status.PROVED, result.gap, nodes)


def run_highs(problem: Knapsack, time_limit: float) -> Run:
    begin = time.perf_counter()
    result = optimize.milp(
        -problem.instance.value,
        constraints=optimize.LinearConstraint(problem.instance.weight[None, :], -np.inf, problem.capacity),
        integrality=1,
        bounds=optimize.Bounds(0, 1),
        options={"time_limit": time_limit, "mip_rel_gap": RIVAL_GAP},
    )
    gap = None if result.x is None else float(result.mip_gap)
    return Run(time.perf_counter() - begin, result.status == 0, gap, result.mip_node_count)


def run_ortools(problem: Knapsack, time_limit: float) -> Run:
    instance = problem.instance
    kind = knapsack_solver.SolverType.KNAPSACK_MULTIDIMENSION_BRANCH_AND_BOUND_SOLVER
    solver = knapsack_solver.KnapsackSolver(kind, "benchmark")
    scaled = [np.rint(x * INTEGER_SCALE).astype(int).tolist() for x in (instance.value, instance.weight)]
    begin = time.perf_counter()
    solver.set_time_limit(time_limit)
    solver.init(scaled[0], [scaled[1]], [int(instance.capacity * INTEGER_SCALE)])
    solver.solve()
    return Run(time.perf_counter() - begin, solver.is_solution_optimal(), None, None)


SOLVERS: dict[str, Callable[[Knapsack, float], Run]] = {
    "mcsopt": run_mcsopt,
    "HiGHS": run_highs,
    "OR-Tools": run_ortools,
}


def line(family: str, items: int, name: str, runs: list[Run]) -> str:
    seconds = [run.seconds for run in runs]
    gaps = [run.gap for run in runs if run.gap is not None]
    nodes = [run.nodes for run in runs if run.nodes is not None]
    return (
        f"{family:28}{items:7,}  {name:9}{sum(run.proved for run in runs):3}/{len(runs)}"
        f"{statistics.median(seconds):10.3f}{max(seconds):10.3f}"
        f"{f'{max(gaps):.1e}' if gaps else '-':>11}"
        f"{f'{int(statistics.median(nodes)):,}' if nodes else '-':>14}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--seeds", type=int, default=3, help="instances of each kind")
    parser.add_argument("--rival-seeds", type=int, default=1, help="of these, how many the others get (0: none)")
    parser.add_argument("--time-limit", type=float, default=3.0, help="seconds for each run")
    arguments = parser.parse_args()
    run_mcsopt(Knapsack(knapsack(100)), 60.0)  # compiles
    print(f"time limit {arguments.time_limit:g} s a run; compilation excluded")
    print(f"{'family':28}{'items':>7}  {'solver':9}{'proved':>5}{'median s':>9}{'worst s':>10}", end="")
    print(f"{'worst gap':>11}{'nodes':>14}")
    for family in arguments.families:
        for items in arguments.items:
            problems = [Knapsack(knapsack(items, family, seed)) for seed in range(arguments.seeds)]
            for name, run in SOLVERS.items():
                chosen = problems if name == "mcsopt" else problems[: arguments.rival_seeds]
                runs = [run(problem, arguments.time_limit) for problem in chosen]
                if runs:
                    print(line(family, items, name, runs), flush=True)


if __name__ == "__main__":
    main()
