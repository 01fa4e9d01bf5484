"""How far heuristics stop from an equilibrium, and how far equilibria are from the optimum.

Run: python -m benchmarks.equilibria [--seeds N] [--sizes 20x120 ...] [--variant V] [--time-limit SEC] [--scale]

On generated markets, by size, seeds 0 to N - 1: plans that are no equilibria, and the share of tasks that could gain
alone (more than 1e-6), the largest gain (equilibrium regret), moves, seconds, and the loss against the best bound known
after so many seconds of branch and price (0: no bound is asked for). `--scale` measures instead the regret of one
greedy plan of 1,000 tasks and 4,000 workers with 45 candidates a task. Compilation is excluded.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from mcsopt.data import sensing_market
from mcsopt.heuristics import aspire_off, best_response, greedy
from mcsopt.kernels.deviations import Deviations
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Result
from mcsopt.solvers import solve
from mcsopt.verification import certify_equilibrium, verify
from mcsopt.verification.regret import best_deviation

METHODS: dict[str, Callable[[OfflineWelfare], Result]] = {
    "greedy": greedy,
    "aspire-off": aspire_off,
    "best-response": best_response,
    "best-response, round-robin": partial(best_response, order="round-robin"),
    "best-response, random": partial(best_response, order="random"),
    "best-response after aspire-off": lambda problem: best_response(problem, start=aspire_off(problem)),
}
NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class Row:
    """One plan, measured."""

    welfare: float
    share: float
    regret: float
    moves: int
    seconds: float
    loss: float


def measured(problem: OfflineWelfare, run: Callable[[OfflineWelfare], Result], bound: float | None) -> Row:
    """Return how a plan fares against the deviations of each task, and against the bound."""
    began = time.perf_counter()
    plan = run(problem)
    seconds = time.perf_counter() - began
    deviations = Deviations(problem, plan.solution)
    deviations.look()
    gains = deviations.gains()
    welfare = problem.evaluate(plan.solution)
    loss = float("nan") if bound is None else 1 - welfare / bound
    return Row(welfare, float((gains > NEGLIGIBLE).mean()), float(gains.max()), len(plan.trace), seconds, loss)


def over_seeds(size: str, seeds: int, variant: str, time_limit: float) -> tuple[dict[str, list[Row]], int]:
    """Return the rows of each method, and in how many markets the optimum was proved."""
    tasks, workers = map(int, size.split("x"))
    rows: dict[str, list[Row]] = {name: [] for name in METHODS}
    proved = 0
    for seed in range(seeds):
        problem = OfflineWelfare(sensing_market(tasks=tasks, workers=workers, seed=seed, variant=variant))
        bound = None
        if time_limit > 0:
            best = solve(problem, solver="branch-and-price", time_limit=time_limit)
            bound, proved = best.dual_bound, proved + (best.status == "PROVED")
        for name, run in METHODS.items():
            rows[name].append(measured(problem, run, bound))
    return rows, proved


def at_scale(variant: str) -> None:
    """Print the regret of a greedy and of a best-response plan at 1,000 x 4,000, and what the checker takes for it."""
    problem = OfflineWelfare(sensing_market(tasks=1000, workers=4000, seed=0, candidates=45, variant=variant))
    for name, run in (("greedy", greedy), ("best-response", best_response)):
        plan = run(problem)
        began = time.perf_counter()
        found = best_deviation(problem, plan.solution)
        searched = time.perf_counter() - began
        assert found is not None
        certificate = certify_equilibrium(problem, plan)
        began = time.perf_counter()
        verdict = verify(certificate)
        verified = time.perf_counter() - began
        print(
            f"1000x4000, 45 candidates, {variant}: {name} {plan.objective:.2f} in {sum(plan.seconds.values()):.2f} s, "
            f"regret {found.regret:.4f} in {searched:.2f} s, verified in {verified:.2f} s: {verdict.accepted}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--sizes", nargs="+", default=["20x120", "40x160", "80x300"])
    parser.add_argument("--variant", default="default")
    parser.add_argument("--time-limit", type=float, default=20.0)
    parser.add_argument("--scale", action="store_true")
    args = parser.parse_args()
    warm = OfflineWelfare(sensing_market(tasks=4, workers=16, seed=0))
    for run in METHODS.values():
        run(warm)
    if args.scale:
        at_scale(args.variant)
        return
    console = Console(width=150)
    for size in args.sizes:
        rows, proved = over_seeds(size, args.seeds, args.variant, args.time_limit)
        title = f"{size}, {args.variant}, seeds 0 to {args.seeds - 1}"
        title += f"; optimum proved in {proved}" if args.time_limit > 0 else ""
        table = Table(title=title)
        columns = (
            "plan",
            "welfare",
            "loss (range)",
            "no equilibrium",
            "tasks that gain",
            "regret: mean, max",
            "moves",
            "s",
        )
        for column in columns:
            table.add_column(column, justify="left" if column == "plan" else "right")
        for name, found in rows.items():
            loss, regret = [row.loss for row in found], [row.regret for row in found]
            table.add_row(
                name,
                f"{np.mean([row.welfare for row in found]):.1f}",
                f"{np.mean(loss):.1%} ({min(loss):.1%} to {max(loss):.1%})" if args.time_limit > 0 else "-",
                f"{np.mean([r > NEGLIGIBLE for r in regret]):.0%}",
                f"{np.mean([row.share for row in found]):.1%}",
                f"{np.mean(regret):.1f}, {max(regret):.1f}",
                f"{np.mean([row.moves for row in found]):.1f}",
                f"{np.median([row.seconds for row in found]):.3f}",
            )
        console.print(table)


if __name__ == "__main__":
    main()
