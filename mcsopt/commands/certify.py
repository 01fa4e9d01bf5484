"""``mcsopt certify``: the gap of each plan, and a certificate of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from mcsopt.commands.common import (
    Report,
    number,
    percent,
    print_json,
    print_table,
    progress,
    read_problem,
    run_document,
)
from mcsopt.data.files import read_solution
from mcsopt.errors import InputError
from mcsopt.heuristics import load_heuristic
from mcsopt.problems import Problem
from mcsopt.result import Result, Status, conclude
from mcsopt.verification import Certificate, find_bound, save_certificates, seal


def run(args: argparse.Namespace) -> int:
    """Certify the plans, print their gaps, and return the exit status."""
    if args.max_gap is not None and not args.max_gap >= 0:
        raise InputError("--max-gap", f"is {args.max_gap}", "give a relative gap >= 0, for example 0.05")
    began = time.perf_counter()
    problem, lines = read_problem(args)
    read = time.perf_counter() - began
    with progress(quiet=args.json) as report:
        report("compiling (the first run only)")
        plans = _plans(args, problem, report)
        certificates = _certify(args, problem, plans, report)
    if args.certificate:
        save_certificates(certificates, args.certificate)
    documents = [_document(problem, certificate, args, read) for certificate in certificates]
    if args.json:
        shared = ("problem", "options", "instance_digest", "seed", "versions", "optimum", "certificate", "faults")
        together = {**{key: documents[0][key] for key in shared}, "runs": documents}
        print_json(documents[0] if len(documents) == 1 else together)
    else:
        _print(problem, certificates, lines, args)
    for fault in certificates[0].faults:
        print(f"mcsopt: fault caught: {fault}", file=sys.stderr)
    return _exit_status(certificates, args.max_gap)


def _plans(args: argparse.Namespace, problem: Problem[Any], report: Report) -> list[Result]:
    if args.plan:
        return [conclude(problem, "plan", read_solution(problem, args.plan), message=f"from {args.plan}")]
    runs = [(name, load_heuristic(name, problem)) for name in args.heuristic]
    plans = []
    for name, heuristic in runs:
        report(f"running {name}")
        plans.append(heuristic(problem, seed=args.seed))
    return plans


def _certify(
    args: argparse.Namespace, problem: Problem[Any], plans: Sequence[Result], report: Report
) -> list[Certificate]:
    """Find one bound, started from the best plan, and seal each plan with it."""
    best: Result | None = None
    for plan in plans:
        if plan.feasible and (best is None or problem.sense.better(_worth(plan), _worth(best))):
            best = plan
    bound = find_bound(
        problem, solver_name=args.solver, time_limit=args.time_limit, start=best.solution if best else None,
        seed=args.seed, progress=report,
    )  # fmt: skip
    return [seal(problem, plan, bound) for plan in plans]


def _worth(plan: Result) -> float:
    assert plan.objective is not None
    return plan.objective


def _document(problem: Problem[Any], certificate: Certificate, args: argparse.Namespace, read: float) -> dict[str, Any]:
    plan = certificate.plan
    document = run_document(problem, plan)
    return document | {
        "heuristic": None if args.plan else plan.method,
        "plan": args.plan,
        "solver": certificate.bound.method,
        "status": certificate.status.value,
        "assurance": certificate.assurance.value if certificate.assurance else None,
        "dual_bound": certificate.dual_bound,
        "gap": certificate.gap,
        "optimum": certificate.optimum,
        "regret": certificate.regret,
        "certificate": args.certificate,
        "seconds": {"read": round(read, 6)} | {k: round(v, 6) for k, v in certificate.seconds.items()},
        "seed": args.seed,
        "message": "; ".join(filter(None, (plan.message, certificate.bound.message))),
        "faults": list(certificate.faults),
    }


def _print(
    problem: Problem[Any], certificates: Sequence[Certificate], lines: Sequence[str], args: argparse.Namespace
) -> None:
    for line in lines:
        print(line)
    first = certificates[0]
    rows = []
    for certificate in certificates:
        plan = certificate.plan
        rows.append([
            plan.method, number(plan.objective), number(certificate.dual_bound), percent(certificate.gap),
            certificate.status.value, f"{sum(plan.seconds.values()):.3f}",
        ])  # fmt: skip
    if first.optimum is not None:
        rows.append(["optimum", number(first.optimum), number(first.dual_bound), percent(0.0), "PROVED",
                     f"{sum(first.bound.seconds.values()):.3f}"])  # fmt: skip
    columns = ["plan", "objective", "bound", "gap", "status", "seconds"]
    print_table(columns, rows, title=f"{problem.name}: certified gaps ({problem.sense.value}imise)", numbers=True)
    arithmetic = first.document["arithmetic"]
    if first.status is Status.INFEASIBLE:
        print(f"no feasible plan exists: {first.bound.message}")
        print(f"proved by {first.bound.method}, re-derived by the checker in {arithmetic}")
    else:
        print(f"bound by {first.bound.method} ({first.bound.message}), re-derived by the checker in {arithmetic}")
    for certificate in certificates:
        plan = certificate.plan
        if certificate.regret is not None and certificate.regret > 0:
            print(f"{plan.method}: no equilibrium, one task alone could still gain {certificate.regret:.4f}")
        if plan.message and not args.plan:
            print(f"{plan.method}: {plan.message}")
        for violation in plan.violations[:10]:
            print(f"{plan.method}: {violation}")
        if len(plan.violations) > 10:
            print(f"{plan.method}: and {len(plan.violations) - 10} more violations")
    if args.certificate:
        print(f"wrote {args.certificate}; check it with: mcsopt verify {args.certificate}")


def _exit_status(certificates: Sequence[Certificate], max_gap: float | None) -> int:
    if any(not certificate.plan.feasible for certificate in certificates):
        return 3
    gaps = [certificate.gap for certificate in certificates]
    return 1 if max_gap is not None and any(gap is None or gap > max_gap for gap in gaps) else 0
