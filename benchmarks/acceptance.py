"""The large-case checks of the issues, as one table: criterion, target, measured, verdict.

Run: python -m benchmarks.acceptance [--only NAME] [--quick]

Exit status 1 if a verdict is no. A later issue adds a function that yields rows, and its line in `CHECKS`. The
mutation and fault harnesses are those of ``tests/conformance``, so this runs from the root of a checkout.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import (
    dqn_acceptance,
    eaco_acceptance,
    mdp_acceptance,
    offline_acceptance,
    online_acceptance,
    privacy_acceptance,
    regression_acceptance,
    structure_acceptance,
    two_stage_acceptance,
    worker_path_acceptance,
    worker_process_acceptance,
)
from benchmarks.criteria import Effort, Row
from benchmarks.served_shares import served_share
from mcsopt.data.library import entries
from mcsopt.data.library_recipes import SIZES, recipe
from mcsopt.data.markets import sensing_market
from mcsopt.problems import CentralCoalition, Knapsack, KnapsackInstance, OfflineWelfare
from mcsopt.regression.library_build import build
from mcsopt.regression.library_verify import faults as library_faults
from mcsopt.result import Result, Status
from mcsopt.solvers import solve
from mcsopt.verification import certify, verify
from tests.conformance import faults, mutation, suite

ROOT = Path(__file__).resolve().parents[1]
TRIPS = ROOT.parent / "shared" / "data" / "chicago_taxi_2013_2016_sample.csv"
"""Beside the checkout, where it is present: real data is no part of the repository."""
AGREEMENT = 1e-6
CANDIDATES = (25, 35)
"""Candidates of each task whose sets are listed for the served share: few, to see what more of them change."""


Check = Callable[[Effort], Iterator[Row]]


def agreement(effort: Effort) -> Iterator[Row]:
    """Solvers agree on small markets in both service modes, and every certificate verifies."""
    markets, differ, refused, infeasible = effort.size(300), [], [], 0
    for k in range(markets):
        if k % 50 == 0:
            effort.report(f"market {k} of {markets}")
        drawn = OfflineWelfare.random_small(np.random.default_rng([1, k]))
        for service in ("optional", "required"):
            problem = dataclasses.replace(drawn, instance=dataclasses.replace(drawn.instance, service=service))
            best = suite.truth(problem)
            infeasible += best.optimum is None
            for solver in ("branch-and-price", "highs", "cp-sat"):
                answer = solve(problem, solver=solver)
                if not _agrees(answer, best.optimum):
                    differ.append(f"{k} {service} {solver}: {answer.objective} for {best.optimum}")
            for plan in suite.plans(problem):
                verdict = verify(certify(problem, plan))
                if not verdict.accepted:
                    refused.append(f"{k} {service}: {verdict.reason}")
    found = f"{2 * markets - len(differ)} of {2 * markets}, {infeasible} infeasible" + _first(differ)
    name = "highs, cp-sat, branch-and-price agree with enumeration"
    yield Row(name, f"{markets} markets x 2 modes", found, not differ)
    yield Row("every certificate of them verifies", "all", "all" if not refused else _first(refused), not refused)


def _agrees(answer: Result, optimum: float | None) -> bool:
    if optimum is None:
        return answer.status is Status.INFEASIBLE
    if answer.objective is None or answer.dual_bound is None:
        return False
    # CP-SAT states a tolerance: its bound exceeds its objective by it.
    stated = 0.0 if answer.status is Status.PROVED else answer.dual_bound - answer.objective
    near = abs(answer.objective - optimum) <= AGREEMENT * max(1.0, abs(optimum)) + stated
    return near and stated <= 10 * AGREEMENT * max(1.0, abs(optimum))


def mutants(effort: Effort) -> Iterator[Row]:
    """No forged certificate is accepted, for every problem there is."""
    rounds, each = effort.size(20), 250
    for name in suite.PROBLEMS:
        tally = mutation.Tally()
        for k in range(rounds):
            effort.report(f"{name}: {k * each} of {rounds * each} mutants")
            part = mutation.run(mutation.certificates(name, 5, seed=10_000 + 5 * k), each, seed=k)
            tally.counts.update(part.counts)
            tally.false_accepted += part.false_accepted
            tally.crashes += part.crashes
            tally.deep += part.deep
        enough = effort.quick or tally.false >= 2000
        target = "0 of >= 2,000 false ones accepted"
        measured = f"{len(tally.false_accepted)} of {tally.false:,} ({tally.deep:,} with the right digest)"
        if tally.false_accepted or tally.crashes:
            measured += f"; {tally}"
        yield Row(f"mutants of {name}", target, measured, enough and not tally.false_accepted and not tally.crashes)


def lies(effort: Effort) -> Iterator[Row]:
    """Every fault of a backend is caught and named; no lie of a solver with evidence is certified."""
    for name in suite.PROBLEMS:
        told, wrong = 0, []
        count = effort.size(20)
        for k, problem in enumerate(suite.draws(name, count, seed=20_000)):
            effort.report(f"{name}: case {k} of {count}")
            case = faults.Case.of(problem)
            for fault in faults.BACKEND_FAULTS:
                if fault.needs(case):
                    told += 1
                    wrong += faults.trial(case, fault)
            for solver in suite.evidence_solvers(name):
                for lie in faults.EVIDENCE_FAULTS:
                    told += 1
                    wrong += faults.evidence_trial(case, solver.name, lie, seed=k)[1]
        kinds = len(faults.BACKEND_FAULTS) + len(faults.EVIDENCE_FAULTS)
        measured = f"{told - len(wrong)} of {told} ({kinds} kinds)" + _first(wrong)
        yield Row(f"faults of {name} caught and named", "all", measured, not wrong)


def knapsack_agreement(effort: Effort) -> Iterator[Row]:
    """The knapsack solver agrees with an integer dynamic program."""
    cases, differ = effort.size(500), []
    for k in range(cases):
        if k % 100 == 0:
            effort.report(f"knapsack {k} of {cases}")
        rng = np.random.default_rng([2, k])
        items = int(rng.integers(1, 60))
        weight = rng.integers(1, 100, items)
        # A third each: unrelated values, values that follow the weights, and values equal to them.
        value = [rng.integers(1, 100, items), weight + 10, weight][k % 3]
        capacity = int(rng.integers(0, weight.sum() + 1))
        best = _by_dynamic_program(weight, value, capacity)
        answer = solve(Knapsack(KnapsackInstance(weight, value, capacity)), solver="knapsack")
        if answer.objective != best or answer.status is not Status.PROVED:
            differ.append(f"case {k}: {answer.objective} for {best}")
    measured = f"{cases - len(differ)} of {cases}" + _first(differ)
    yield Row("knapsack agrees with an integer dynamic program", f"{cases} cases", measured, not differ)


def _by_dynamic_program(weight: np.ndarray, value: np.ndarray, capacity: int) -> int:
    best = np.zeros(capacity + 1, dtype=np.int64)
    for w, v in zip(weight.tolist(), value.tolist(), strict=True):
        if w <= capacity:
            best[w:] = np.maximum(best[w:], best[: capacity + 1 - w] + v)
    return int(best[-1])


def real_trips(effort: Effort) -> Iterator[Row]:
    """The acceptance command on real trips ends with finite numbers, in time."""
    target = "finite objective, bound and gap in < 60 s"
    if not TRIPS.exists():
        yield Row("certify on Chicago taxi trips", target, "no data", None)
        return
    effort.report("certify on real trips, 40 tasks and 160 workers")
    began = time.perf_counter()
    run = _mcsopt(
        "certify", str(TRIPS), "--tasks", "40", "--workers", "160", "--problem", "offline-welfare",
        "--heuristic", "aspire-off", "--heuristic", "greedy", "--seed", "0", "--json",
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if run.returncode:
        yield Row("certify on Chicago taxi trips", target, run.stderr.strip()[-200:], False)
        return
    runs = json.loads(run.stdout)["runs"]
    finite = all(
        isinstance(one[key], (int, float)) and np.isfinite(one[key])
        for one in runs for key in ("objective", "dual_bound", "gap")
    )  # fmt: skip
    told = ", ".join(f"{one['heuristic']} {one['objective']:.2f} gap {100 * one['gap']:.2f} %" for one in runs)
    measured = f"{told}, bound {runs[0]['dual_bound']:.2f}, {seconds:.1f} s"
    yield Row("certify on Chicago taxi trips", target, measured, finite and seconds < 60)


def served_shares(effort: Effort) -> Iterator[Row]:
    """Between 30% and 70% of the tasks of generated markets are served at the optimum, as far as can be listed."""
    seeds, (fewer, more) = range(effort.size(10)), CANDIDATES
    for variant in ("default", "hard"):
        for tasks, workers in ((20, 120), (40, 160), (80, 300)):
            shares, rises = [], []
            for seed in seeds:
                effort.report(f"served share: {variant} {tasks} x {workers}, seed {seed}")
                problem = OfflineWelfare(sensing_market(tasks=tasks, workers=workers, seed=seed, variant=variant))
                shares.append(served_share(problem, more))
                rises.append(shares[-1] - served_share(problem, fewer))
            inside = min(shares) >= 0.30 - 1e-9 and max(shares) <= 0.70 + 1e-9
            measured = f"{min(shares):.3f} / {np.mean(shares):.3f} / {max(shares):.3f}"
            changes = f"from {fewer} candidates to {more}: {min(rises):+.3f}..{max(rises):+.3f}"
            what = f"served share, LP over the sets of {more} candidates a task, {variant} {tasks} x {workers}"
            yield Row(what, f"0.30..0.70, {len(seeds)} seeds", f"min / mean / max {measured}; {changes}", inside)


def default_market(effort: Effort) -> Iterator[Row]:
    """What `make certify` runs: both heuristics beside the proved optimum, and a certificate that verifies."""
    effort.report("certify and verify on the embedded market")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "certificate.json")
        run = _mcsopt(
            "certify", "--problem", "offline-welfare", "--heuristic", "greedy", "--heuristic", "aspire-off",
            "--certificate", file, "--json",
        )  # fmt: skip
        target = "optimum proved, certificate accepted"
        if run.returncode:
            yield Row("certify on the embedded market", target, run.stderr.strip()[-200:], False)
            return
        checked = _mcsopt("verify", file)
    document = json.loads(run.stdout)
    told = ", ".join(f"{one['heuristic']} gap {100 * one['gap']:.2f} %" for one in document["runs"])
    measured = f"{told}, optimum {document['optimum']}, verify exit {checked.returncode}"
    met = document["optimum"] is not None and checked.returncode == 0
    yield Row("certify on the embedded market", target, measured, met)


def help_time(effort: Effort) -> Iterator[Row]:
    """`--help` loads no heavy package."""
    effort.report("mcsopt --help")
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _mcsopt("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    typical = float(np.median(seconds))
    yield Row("mcsopt --help", "<= 0.3 CPU s", f"{typical:.3f} CPU s, median of 5", typical <= 0.3)


def coalition_agreement(effort: Effort) -> Iterator[Row]:
    """Definitions, closed conditions, enumeration and structural search on small data coalitions, ties included."""
    from benchmarks.coalitions import agreement as disagreements

    cases = effort.size(5000)
    effort.report(f"{cases} data coalitions")
    found = disagreements(instances=cases)
    measured = f"{cases - len(found)} of {cases}{_first(found)}"
    yield Row("stable coalitions: definitions, enumeration, search", f"{cases} instances, n <= 14", measured, not found)


def coalition_backends(effort: Effort) -> Iterator[Row]:
    """All six ways to answer small data coalitions, HiGHS and CP-SAT among them; both on the central problem, too."""
    from benchmarks.coalitions import backend_agreement

    cases = effort.size(5000)
    found, unknown = backend_agreement(
        instances=cases, progress=lambda done: effort.report(f"backends on data coalition {done} of {cases}")
    )
    measured = (
        f"{len(found)} disagreements; {unknown} of {2 * cases} backend answers left near-ties open{_first(found)}"
    )
    target = f"{cases} instances, n <= 14: none"
    yield Row("stable coalitions: definitions, enumeration, search, highs, cp-sat", target, measured, not found)
    rng = np.random.default_rng(3)
    cases, wrong = effort.size(100), []
    for case in range(cases):
        effort.report(f"backends on central coalition {case} of {cases}")
        problem = CentralCoalition.random_small(rng)
        truth = solve(problem, solver="enumeration")
        for name in ("highs", "cp-sat"):
            heard = solve(problem, solver=name)
            if heard.objective is None or abs(heard.objective - truth.objective) > 1e-5 * truth.objective:
                wrong.append(f"{name} on {problem}: {heard.objective} instead of {truth.objective}")
    measured = f"{2 * cases - len(wrong)} of {2 * cases} answers{_first(wrong)}"
    yield Row("central coalitions: highs and cp-sat agree with enumeration", f"{cases} instances", measured, not wrong)


def library(effort: Effort) -> Iterator[Row]:
    """Every entry of the shipped library holds, and building it anew contradicts none of them."""
    sizes = ("tiny", "small") if effort.quick else SIZES
    shipped, refused = entries(size=sizes), []
    for one in shipped:
        effort.report(f"verify {one.name}")
        refused += [f"{one.name}: {line}" for line in library_faults(one)]
    name = f"library: {', '.join(sizes)} entries verify"
    yield Row(name, "all", f"{len(shipped)} entries, {len(refused)} faults{_first(refused)}", not refused)
    made, built, missing = [recipe(one.name) for one in shipped], [], []
    proved = {one.name for one in shipped if one.status != Status.BOUNDED}
    with tempfile.TemporaryDirectory() as folder:
        for one in build(made, Path(folder), known=shipped, progress=lambda name: effort.report(f"build {name}")):
            built += [f"{one.recipe.name}: {line}" for line in one.refusals]
            if one.entry is not None and one.entry.status == Status.BOUNDED and one.recipe.name in proved:
                missing.append(one.recipe.name)
    measured = f"{len(shipped)} entries, {len(built)} contradictions{_first(built)}"
    yield Row(f"{name} when built anew", "no contradiction to 1e-6", measured, not built)
    # What a slower machine does not prove in the time is no contradiction.
    measured = f"{len(proved) - len(missing)} of {len(proved)}{_first(missing)}"
    yield Row("library: decided entries are decided again in 60 s", "all", measured, None if missing else True)


CHECKS: dict[str, Check] = {
    "agreement": agreement,
    "branch-and-price": offline_acceptance.branch_and_price,
    "at-scale": offline_acceptance.at_scale,
    "hard": offline_acceptance.hard,
    "online": online_acceptance.online,
    "mutants": mutants,
    "faults": lies,
    "knapsack": knapsack_agreement,
    "trips": real_trips,
    "shares": served_shares,
    "default": default_market,
    "help": help_time,
    "coalitions": coalition_agreement,
    "coalition-backends": coalition_backends,
    "library": library,
    "regress": regression_acceptance.regress,
    "privacy": privacy_acceptance.privacy,
    "mdp": mdp_acceptance.mdp,
    "structure": structure_acceptance.structure,
    "dqn": dqn_acceptance.dqn_rows,
    "two-stage": two_stage_acceptance.two_stage,
    "eaco": eaco_acceptance.eaco,
    "worker-paths": worker_path_acceptance.worker_paths,
    "worker-process": worker_process_acceptance.worker_process_rows,
}


def _mcsopt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mcsopt", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def _first(complaints: list[Any]) -> str:
    return f"; first: {complaints[0]}" if complaints else ""


def main() -> int:
    """Run the checks, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.acceptance", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="NAME", choices=sorted(CHECKS), help=f"one of {', '.join(CHECKS)}")
    parser.add_argument("--quick", action="store_true", help="a tenth of the cases")
    arguments = parser.parse_args()
    console, log = Console(), Console(stderr=True)
    table = Table(title="mcsopt: acceptance", title_justify="left")
    for column in ("criterion", "target", "measured", "verdict"):
        table.add_column(column, overflow="fold")
    verdicts = []
    for name, check in CHECKS.items():
        if arguments.only not in (None, name):
            continue
        began = time.perf_counter()

        def report(line: str, name: str = name, began: float = began) -> None:
            log.print(f"[dim]{time.perf_counter() - began:6.1f} s[/dim] {name}: {line}", highlight=False)

        for row in check(Effort(arguments.quick, report)):
            verdict = "–" if row.met is None else "yes" if row.met else "NO"
            report(f"{row.criterion}: {row.measured}: {verdict}")
            table.add_row(row.criterion, row.target, row.measured, verdict)
            verdicts.append(row.met)
    # A file or a pipe has no width: do not fold there.
    (console if console.is_terminal else Console(width=180)).print(table)
    return 1 if False in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
