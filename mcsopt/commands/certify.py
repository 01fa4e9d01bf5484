"""``mcsopt certify``: the gap of each plan, and a certificate of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

from mcsopt import tolerances
from mcsopt.commands.common import Report, check_outputs, is_answered, print_json, progress, read_problem, run_document
from mcsopt.commands.policy_file import read_policy
from mcsopt.commands.tables import print_table
from mcsopt.data.files import read_solution
from mcsopt.display import number, percent
from mcsopt.errors import InputError, McsoptError, TooLarge
from mcsopt.heuristics import load_heuristic
from mcsopt.problems import Problem
from mcsopt.report.page import write_report
from mcsopt.report.style import check_matplotlib
from mcsopt.report.words import VISIBLE
from mcsopt.result import Result, Status, Termination, conclude
from mcsopt.verification import (
    Certificate,
    certify_equilibrium,
    find_bound,
    plain_certificate,
    save_certificates,
    seal,
)


def run(args: argparse.Namespace) -> int:
    """Certify the plans, print their gaps, and return the exit status."""
    check_outputs(args)
    if args.report is not None:
        check_matplotlib("--report")
    began = time.perf_counter()
    problem, lines = read_problem(args)
    read = time.perf_counter() - began
    with progress(quiet=args.json) as report:
        report("compiling (the first run only)")
        # A plan of the user's own may print; with --json stdout is for the object alone.
        with redirect_stdout(sys.stderr if args.json else sys.stdout):
            plans, failed = _plans(args, problem, report)
        certificates = (_certify_equilibria if args.equilibrium else _certify)(args, problem, plans, report)
    if args.certificate is not None:
        save_certificates(certificates, args.certificate)
    if args.report is not None:
        write_report(problem, certificates, args.report, certificate_file=args.certificate, instance_file=args.instance)
    documents = [_document(problem, certificate, args, read) for certificate in certificates]
    if args.json:
        shared = ("problem", "options", "instance_digest", "seed", "versions", "optimum", "certificate", "report",
                  "faults")  # fmt: skip
        together = {**{key: documents[0][key] for key in shared}, "runs": documents}
        print_json(documents[0] if len(documents) == 1 else together)
    else:
        for line in lines:
            print(line)
        if args.equilibrium:
            _print_equilibria(problem, certificates)
        else:
            _print_gaps(problem, certificates)
        _print_remarks(certificates, args)
    for fault in certificates[0].faults:
        print(f"mcsopt: fault caught: {fault}", file=sys.stderr)
    return 2 if failed else _exit_status(certificates, args.max_gap)


def _plans(args: argparse.Namespace, problem: Problem[Any], report: Report) -> tuple[list[Result], list[McsoptError]]:
    """Return the plans, and what kept others from being made."""
    if args.plan:
        return [conclude(problem, "plan", read_solution(problem, args.plan), message=f"from {args.plan}")], []
    if args.policy:
        return [conclude(problem, "policy", read_policy(problem, args.policy), message=f"from {args.policy}")], []
    runs = [(name, load_heuristic(name, problem)) for name in args.heuristic]
    plans: list[Result] = []
    failed: list[McsoptError] = []
    for name, heuristic in runs:
        report(f"running {name}")
        try:
            plans.append(heuristic(problem, seed=args.seed))
        except InputError as error:
            failed.append(error)  # one that fails must not cost the others, ...
        except TooLarge as refusal:
            failed.append(TooLarge(f"{name}: {refusal}"))  # ... nor must one that declines the size
        except KeyboardInterrupt:
            if not plans:
                raise
            print(f"mcsopt: interrupted in {name}; certifying the plans so far", file=sys.stderr)
            break
    if failed and not plans:
        raise failed[0]
    for reason in failed:
        print(f"mcsopt: {reason}", file=sys.stderr)
    return plans, failed


def _certify(
    args: argparse.Namespace, problem: Problem[Any], plans: Sequence[Result], report: Report
) -> list[Certificate]:
    """Find one bound, started from the best plan, and seal each plan with it."""
    best: Result | None = None
    for plan in plans:
        if plan.feasible and (best is None or problem.sense.better(_worth(plan), _worth(best))):
            best = plan
    start = best.solution if best else None
    try:
        bound = find_bound(
            problem, solver_name=args.solver, time_limit=args.time_limit, start=start, seed=args.seed, progress=report
        )
    except KeyboardInterrupt:
        # Without a time limit to speak of, any method leaves a bound: the plans must not be lost.
        bound = find_bound(problem, time_limit=0.0, start=start, seed=args.seed)
        bound = replace(bound, result=replace(bound.result, termination=Termination.INTERRUPTED))
    if bound.result.termination is Termination.INTERRUPTED:
        print("mcsopt: interrupted; the bound is the one at hand", file=sys.stderr)
    return [seal(problem, plan, bound) for plan in plans]


def _certify_equilibria(
    args: argparse.Namespace, problem: Problem[Any], plans: Sequence[Result], report: Report
) -> list[Certificate]:
    certificates = []
    for plan in plans:
        report(f"looking for deviations from {plan.method}")
        try:
            certificates.append(certify_equilibrium(problem, plan, time_limit=args.time_limit))
        except KeyboardInterrupt:
            print(f"mcsopt: interrupted; nothing is claimed of {plan.method} but its value", file=sys.stderr)
            certificates.append(plain_certificate(problem, plan))
    return certificates


def _termination(certificate: Certificate) -> Termination:
    """Return why the run stopped: finished only if plan and bound, or the search for deviations, both were."""
    plan, bound = certificate.plan, certificate.bound
    if plan.termination is not Termination.FINISHED:
        return plan.termination
    if bound is not None:
        return bound.termination
    return Termination.INTERRUPTED if plan.feasible and certificate.regret is None else Termination.FINISHED


def _worth(plan: Result) -> float:
    assert plan.objective is not None
    return plan.objective


def _document(problem: Problem[Any], certificate: Certificate, args: argparse.Namespace, read: float) -> dict[str, Any]:
    plan, bound = certificate.plan, certificate.bound
    document = run_document(problem, plan)
    return document | {
        "heuristic": plan.method if args.heuristic else None,
        "plan": args.plan or args.policy,
        "solver": None if bound is None else bound.method,
        "termination": _termination(certificate).value,
        "status": certificate.status.value,
        "assurance": certificate.assurance.value if certificate.assurance else None,
        "dual_bound": certificate.dual_bound,
        "gap": certificate.gap,
        "optimum": certificate.optimum,
        "regret": certificate.regret,
        "certificate": args.certificate,
        "report": args.report,
        "seconds": {"read": round(read, 6)} | {k: round(v, 6) for k, v in certificate.seconds.items()},
        "seed": args.seed,
        "message": "; ".join(filter(None, (plan.message, None if bound is None else bound.message))),
        "faults": list(certificate.faults),
    }


def _print_gaps(problem: Problem[Any], certificates: Sequence[Certificate]) -> None:
    first = certificates[0]
    bound = first.bound
    assert bound is not None
    rows = []
    for certificate in certificates:
        plan = certificate.plan
        rows.append([
            plan.method, number(plan.objective), number(certificate.dual_bound), percent(certificate.gap),
            "infeasible" if plan.violations else certificate.status.value, f"{sum(plan.seconds.values()):.3f}",
        ])  # fmt: skip
    if first.optimum is not None:
        rows.append(["optimum", number(first.optimum), number(first.dual_bound), percent(0.0), "PROVED",
                     f"{sum(bound.seconds.values()):.3f}"])  # fmt: skip
    columns = ["plan", "objective", "bound", "gap", "status", "seconds"]
    print_table(columns, rows, title=f"{problem.name}: certified gaps ({problem.sense.value}imise)", numbers=True)
    arithmetic = first.document["arithmetic"]
    if first.status is Status.INFEASIBLE:
        print(f"none exists: {bound.message}")
        print(f"proved by {bound.method}, re-derived by the checker in {arithmetic}")
    else:
        how = f" ({bound.message})" if bound.message else ""
        print(f"bound by {bound.method}{how}, re-derived by the checker in {arithmetic}")


def _print_equilibria(problem: Problem[Any], certificates: Sequence[Certificate]) -> None:
    rows = []
    for certificate in certificates:
        regret = certificate.regret
        equilibrium = "unknown" if regret is None else "no" if regret else "yes"
        rows.append([
            certificate.plan.method, number(certificate.objective), number(regret), equilibrium,
            f"{sum(certificate.seconds.values()):.3f}",
        ])  # fmt: skip
    columns = ["plan", "objective", "regret", "equilibrium", "seconds"]
    print_table(columns, rows, title=f"{problem.name}: what one task could still gain alone", numbers=True)
    checked = [certificate for certificate in certificates if certificate.regret is not None]
    if checked:
        print(f"regret re-derived by the checker in {checked[0].document['arithmetic']}")


def _print_remarks(certificates: Sequence[Certificate], args: argparse.Namespace) -> None:
    for certificate in certificates:
        plan, deviation = certificate.plan, certificate.deviation
        if deviation is not None and deviation.regret > VISIBLE:
            how = f"with workers {', '.join(map(str, deviation.workers))}" if deviation.workers else "without workers"
            print(f"{plan.method}: no equilibrium, task {deviation.task} alone could gain {deviation.regret:.4f} {how}")
        if plan.message and args.heuristic:
            print(f"{plan.method}: {plan.message}")
        for violation in plan.violations[:10]:
            print(f"{plan.method}: {violation}")
        if len(plan.violations) > 10:
            print(f"{plan.method}: and {len(plan.violations) - 10} more violations")
    if args.certificate is not None:
        print(f"wrote {args.certificate}; check it with: mcsopt verify {args.certificate}")
    if args.report is not None:
        print(f"wrote {args.report}; open it in a browser")


def _exit_status(certificates: Sequence[Certificate], max_gap: float | None) -> int:
    plans = ((certificate.plan, certificate.status) for certificate in certificates)
    if not all(is_answered(plan.problem, plan.feasible, status) for plan, status in plans):
        return 3
    if all(certificate.status is Status.INFEASIBLE for certificate in certificates):
        return 0
    if max_gap is None:
        return 0
    most = max(max_gap, tolerances.PROVED_GAP)  # what is proved optimal exceeds no gap
    return int(any(certificate.gap is None or certificate.gap > most for certificate in certificates))
