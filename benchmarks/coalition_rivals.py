"""The best stable data coalition: our structural search beside HiGHS and CP-SAT on their statements, in one run.

Run: python -m benchmarks.coalition_rivals [--seeds N] [--time-limit SEC]

The statements are those of `mcsopt.models.stable_coalition`, all sizes in one model, solved to optimality by HiGHS
(through Pyomo) and by CP-SAT with two workers. Seconds are those of the whole `solve`, model building included, for
all three; ours after compilation. A rival that stops at the limit counts with the limit, so the ratio is a lower bound.
Answers are the same if statuses agree (where the rival finished) and social costs agree to 1e-5.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.coalitions import NOTIONS, PROFILES, compile_everything, players
from mcsopt.errors import BackendFault
from mcsopt.problems import Problem, StableCoalition
from mcsopt.result import Result, Status
from mcsopt.solvers import solve

SIZES = (50, 100)
RIVALS = ("highs", "cp-sat")


def timed(problem: Problem[Any], solver: str, limit: float) -> tuple[Result | str, float]:
    """Return a result, or what went wrong, and its seconds."""
    began = time.perf_counter()
    try:
        answer: Result | str = solve(problem, solver=solver, time_limit=limit)
    except BackendFault as fault:
        answer = str(fault)
    return answer, time.perf_counter() - began


def same(ours: Result, theirs: Result | str) -> str:
    """Say whether a rival's answer is ours."""
    if isinstance(theirs, str):
        return "fault"
    if theirs.termination != "finished":
        return "limit"
    if ours.objective is None or theirs.objective is None:
        return "same" if ours.status == theirs.status else "OTHER"
    return "same" if abs(ours.objective - theirs.objective) <= 1e-5 * ours.objective else "OTHER"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=20.0)
    args = parser.parse_args()
    compile_everything()
    table = Table(title=f"best stable coalition, limit {args.time_limit:g} s", title_justify="left")
    for column in (
        "notion",
        "players",
        "costs",
        "ours s",
        "ours",
        "highs s",
        "ratio",
        "answer",
        "cp-sat s",
        "ratio",
        "answer",
    ):
        table.add_column(column)
    ratios: dict[str, list[float]] = {name: [] for name in RIVALS}
    for notion in NOTIONS:
        for n in SIZES:
            for profile in PROFILES:
                for seed in range(args.seeds):
                    problem = StableCoalition(players(profile, n, seed), notion)
                    ours, seconds = timed(problem, "stable-coalition", args.time_limit)
                    assert isinstance(ours, Result)
                    row = [notion, str(n), profile, f"{seconds:.4f}", Status(ours.status).value]
                    for name in RIVALS:
                        theirs, spent = timed(problem, name, args.time_limit)
                        ratios[name].append(spent / seconds)
                        row += [f"{spent:.2f}", f"{spent / seconds:,.0f}", same(ours, theirs)]
                    table.add_row(*row)
    console = Console(width=140)
    console.print(table)
    for name, found in ratios.items():
        console.print(f"{name}: median ratio {statistics.median(found):,.0f}, least {min(found):,.0f}")


if __name__ == "__main__":
    main()
