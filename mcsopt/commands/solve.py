"""``mcsopt solve``: the optimum, or a solution and a bound."""

from __future__ import annotations

import argparse
import sys

from mcsopt.commands.common import check_outputs, is_answered, print_json, progress, read_problem, run_document
from mcsopt.commands.tables import print_table
from mcsopt.data.files import read_solution, write_solution
from mcsopt.display import number, percent
from mcsopt.result import Termination, conclude
from mcsopt.solvers import solve


def run(args: argparse.Namespace) -> int:
    """Solve and print; return 3 if there is no feasible solution to show."""
    check_outputs(args)
    problem, lines = read_problem(args)
    start = read_solution(problem, args.start) if args.start else None
    with progress(quiet=args.json) as report:
        report("compiling (the first run only)")
        try:
            result = solve(
                problem, solver=args.solver, time_limit=args.time_limit, start=start, seed=args.seed, progress=report,
                gap=args.gap,
            )  # fmt: skip
        except KeyboardInterrupt:
            kept = problem.empty_solution() if start is None else start
            message = "interrupted before the solver had anything of its own"
            result = conclude(problem, "start", kept, termination=Termination.INTERRUPTED, message=message)
    if result.termination is Termination.INTERRUPTED:
        kept = (
            f"the best so far is worth {number(result.objective)}" if result.feasible else "there was nothing to keep"
        )
        print(f"mcsopt: interrupted; {kept}", file=sys.stderr)
    if args.output is not None and result.feasible:
        write_solution(problem, result.solution, args.output)
    if args.json:
        print_json(run_document(problem, result) | {"solver": result.method, "seed": args.seed})
    else:
        for line in lines:
            print(line)
        row = [result.method, number(result.objective), number(result.dual_bound), percent(result.gap),
               result.status.value, f"{sum(result.seconds.values()):.3f}"]  # fmt: skip
        columns = ["solver", "objective", "bound", "gap", "status", "seconds"]
        print_table(columns, [row], title=f"{problem.name} ({problem.sense.value}imise)", numbers=True)
        if result.message:
            print(result.message)
        if result.assurance:
            print(f"assurance: {result.assurance.value}; termination: {result.termination.value}")
        if args.output is not None and result.feasible:
            print(f"wrote {args.output}")
    return 0 if is_answered(problem, result.feasible, result.status) else 3
