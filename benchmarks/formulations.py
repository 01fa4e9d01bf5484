"""Offline welfare by branch and price beside its natural formulation in HiGHS, CP-SAT and SCIP: one run, equal limits.

Run: python -m benchmarks.formulations [--sizes 5x20 ...] [--seeds N] [--time-limit SEC] [--csv FILE] [--markdown]

The natural formulation is set packing over all feasible worker sets from which no worker can be dropped at no loss.
They are listed once a market by compiled code, and the seconds of that count for each rival, who then states and solves
the model in what is left of the limit; `benchmarks.rival_statements` says how. Where the limit passes before all
sets are listed, no rival has a model. Every run has a process of its own on two cores, compilation and imports
excluded; who has not proved its answer (relative gap 1e-7) in time counts with the limit, so such ratios are lower
bounds. A rival that ignores its limit is ended some seconds later. Each plan is judged by the ground truth; where two
prove, they agree to 1e-6, and no bound is below a known plan, or the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.isolation import Ended, call, machine
from benchmarks.rival_statements import RIVALS, Answer, list_sets, read_sets
from benchmarks.tables import percent, show, size, write_csv
from mcsopt.data import sensing_market
from mcsopt.errors import BackendFault
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Sense, Status, relative_gap
from mcsopt.solvers import solve

SIZES = ("5x20", "10x40", "15x60", "20x80", "40x160", "80x300")
OURS = "branch-and-price"
TARGET = 30.0
AGREEMENT = 1e-6
GRACE = 30.0
"""Seconds after its limit until a process is ended; time to say its bound, no time to prove."""


@dataclass(frozen=True)
class Market:
    """Arguments of the generator."""

    tasks: int
    workers: int
    variant: str
    seed: int

    def problem(self) -> OfflineWelfare:
        """Return the question about it."""
        return OfflineWelfare(sensing_market(**asdict(self)))


@dataclass(frozen=True)
class Run:
    """One method on one market; None: unknown.

    `seconds` is the limit unless the answer is proved; `listing` and `building` are parts of it.
    """

    market: Market
    method: str
    proved: bool
    seconds: float
    sets: int | None = None
    listing: float | None = None
    building: float | None = None
    objective: float | None = None
    bound: float | None = None
    error: float = 0.0
    memory: float | None = None
    note: str = ""

    @property
    def gap(self) -> float | None:
        return relative_gap(self.objective, self.bound, Sense.MAX)

    def row(self) -> dict[str, object]:
        """Return the columns of the CSV file."""
        values = {name: value for name, value in vars(self).items() if name != "market"}
        return asdict(self.market) | values | {"gap": self.gap}


def solve_ours(market: Market, limit: float) -> tuple[float, float | None, float | None, bool, str]:
    """Return seconds, objective, bound, whether it is proved, and the message."""
    problem = market.problem()
    began = time.perf_counter()
    result = solve(problem, solver=OURS, time_limit=limit)
    seconds = time.perf_counter() - began
    return seconds, result.objective, result.dual_bound, result.status is Status.PROVED, result.message


def list_for(market: Market, max_sets: int, file: Path) -> tuple[int, float]:
    """List the sets of a market, see `list_sets`."""
    return list_sets(market.problem(), max_sets, file)


def ask(market: Market, name: str, file: Path, seconds: float) -> tuple[float, Answer]:
    """Return the seconds and the answer of a rival."""
    problem, sets = market.problem(), read_sets(file)
    run = RIVALS[name][1]
    began = time.perf_counter()
    answer = run(problem, sets, seconds)
    return time.perf_counter() - began, answer


def ours(market: Market, limit: float) -> Run:
    try:
        answer, memory = call(solve_ours, market, limit, seconds=limit + GRACE, warm=OURS)
    except Ended as end:
        return Run(market, OURS, False, limit, note=str(end))
    seconds, objective, bound, proved, note = answer
    proved = proved and seconds <= limit
    seconds = seconds if proved else limit
    return Run(market, OURS, proved, seconds, objective=objective, bound=bound, memory=memory, note=note)


def rivals(market: Market, names: Sequence[str], limit: float, max_sets: int, folder: Path) -> Iterator[Run]:
    """Yield the run of each rival; what is not installed is said."""
    file = folder / "sets.npz"
    file.unlink(missing_ok=True)
    try:
        (count, listing), _ = call(list_for, market, max_sets, file, seconds=limit, warm="highs")
        lacking = ""
    except Ended as end:
        lacking = f"not listed: {end}"
    for name in names:
        if find_spec(RIVALS[name][0]) is None:
            yield Run(market, name, False, limit, note="not installed")
        elif lacking:
            yield Run(market, name, False, limit, note=lacking)
        else:
            run = Run(market, name, False, limit, sets=count, listing=listing)
            try:
                left = limit - listing
                (seconds, answer), memory = call(ask, market, name, file, left, seconds=left + GRACE)
                yield judged(replace(run, memory=memory), seconds, answer, limit)
            except Ended as end:
                yield replace(run, note=str(end))


def judged(run: Run, seconds: float, answer: Answer, limit: float) -> Run:
    """Put an answer to the ground truth: value and feasibility of the plan are not the rival's to say."""
    problem, total = run.market.problem(), (run.listing or 0.0) + seconds
    proved, objective, note = answer.proved and total <= limit, None, ""
    if answer.plan is not None:
        if problem.violations(answer.plan):
            return replace(run, note="FALSE: an infeasible plan")
        objective = problem.evaluate(answer.plan)
    run = replace(
        run, proved=proved, seconds=total if proved else limit, building=answer.building, objective=objective,
        bound=answer.bound, error=answer.error, note=note,
    )  # fmt: skip
    try:
        relative_gap(run.objective, run.bound, Sense.MAX)
    except BackendFault as fault:
        return replace(run, proved=False, seconds=limit, bound=None, note=f"FALSE: {fault}")
    return run


def contradictions(runs: Sequence[Run]) -> list[str]:
    """Return which answers on one market cannot both be right."""
    found = [f"{run.market}: {run.method}: {run.note}" for run in runs if run.note.startswith("FALSE")]
    best = max((run.objective for run in runs if run.objective is not None), default=0.0)
    slack = AGREEMENT * max(1.0, abs(best))
    for run in runs:
        if run.bound is not None and run.bound < best - slack:
            found.append(f"{run.market}: {run.method} has the bound {run.bound}, a plan is worth {best}")
        if run.proved and run.objective is not None and run.objective < best - slack - run.error:
            found.append(f"{run.market}: {run.method} proved {run.objective}, a plan is worth {best}")
    return found


COLUMNS = (
    "size", "method", "proved", "median s", "worst s", "of it listing", "building", "sets", "median gap",
    "its s : ours", "note",
)  # fmt: skip


def lines(runs: Sequence[Run]) -> Iterator[list[str]]:
    """Yield a line for each size and method."""
    mine = {run.market: run.seconds for run in runs if run.method == OURS}
    for key in dict.fromkeys((run.market.tasks, run.market.workers, run.method) for run in runs):
        here = [run for run in runs if (run.market.tasks, run.market.workers, run.method) == key]
        ratio = median(run.seconds / mine[run.market] for run in here)
        notes = dict.fromkeys(run.note for run in here if run.note and run.method != OURS)
        yield [
            f"{key[0]} x {key[1]}", key[2], f"{sum(run.proved for run in here)} of {len(here)}",
            _seconds(here, median(run.seconds for run in here)), _seconds(here, max(run.seconds for run in here)),
            _typical([run.listing for run in here], ".2f"), _typical([run.building for run in here], ".2f"),
            _typical([run.sets for run in here], ",.0f"),
            percent(median(float("inf") if run.gap is None else run.gap for run in here)),
            "" if key[2] == OURS else _least(here, ratio), "; ".join(notes),
        ]  # fmt: skip


def _seconds(runs: Sequence[Run], value: float) -> str:
    limit = max((run.seconds for run in runs if not run.proved), default=float("inf"))
    return f">= {value:.3g}" if value >= limit else f"{value:.3g}"


def _least(runs: Sequence[Run], ratio: float) -> str:
    return f"{ratio:,.3g}" if all(run.proved for run in runs) else f">= {ratio:,.3g}"


def _typical(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return format(median(known), form) if known else "-"


VERDICT = ("size", "a rival proves", "best rival's s : ours, median", "least", "most", "where a rival proves, median")


def verdicts(runs: Sequence[Run]) -> Iterator[list[str]]:
    """Yield, for each size, our time beside that of the best rival of each market."""
    for size_, found in by_size(runs).items():
        ratios = [ratio for ratio, _ in found]
        proved = [ratio for ratio, by_proof in found if by_proof]
        sign = "" if len(proved) == len(found) else ">= "
        yield [
            f"{size_[0]} x {size_[1]}", f"{len(proved)} of {len(found)}", f"{sign}{median(ratios):,.3g}",
            f"{min(ratios):,.3g}", f"{max(ratios):,.3g}", f"{median(proved):,.3g}" if proved else "-",
        ]  # fmt: skip


def by_size(runs: Sequence[Run]) -> dict[tuple[int, int], list[tuple[float, bool]]]:
    """Return, for each size and market, the best rival's seconds by ours, and whether a rival proved."""
    found: dict[tuple[int, int], list[tuple[float, bool]]] = {}
    for market in dict.fromkeys(run.market for run in runs):
        here = [run for run in runs if run.market == market]
        mine = next(run for run in here if run.method == OURS)
        theirs = [run for run in here if run.method != OURS]
        if theirs:
            ratio = min(run.seconds for run in theirs) / mine.seconds
            found.setdefault((market.tasks, market.workers), []).append((ratio, any(run.proved for run in theirs)))
    return found


def conclusion(runs: Sequence[Run]) -> str:
    """Say what the largest size is at which a rival still proves something, and the ratio there."""
    reached = {key: found for key, found in by_size(runs).items() if any(proved for _, proved in found)}
    if not reached:
        return "no rival proves anything within the limit"
    largest = max(reached)
    ratio = median(ratio for ratio, _ in reached[largest])
    least = "" if all(proved for _, proved in reached[largest]) else "at least "
    verdict = "met" if ratio >= TARGET else "NOT met"
    return (
        f"largest size where a rival still proves within the limit: {largest[0]} x {largest[1]}; the best rival of "
        f"each market takes {least}{ratio:,.3g} times as long as {OURS} (median of {len(reached[largest])} markets, "
        f"target >= {TARGET:g}: {verdict})"
    )


def main() -> int:
    """Run, print the tables, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", nargs="+", type=size, default=[size(text) for text in SIZES], metavar="TASKSxWORKERS"
    )
    parser.add_argument("--seeds", type=int, default=5, help="markets of each size")
    parser.add_argument("--variant", choices=["default", "hard"], default="default")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for each method and market")
    parser.add_argument("--rivals", nargs="*", choices=list(RIVALS), default=list(RIVALS))
    parser.add_argument("--max-sets", type=int, default=10_000_000, help="sets that are listed at most")
    parser.add_argument("--csv", type=Path, help="write every run to this file")
    parser.add_argument("--markdown", action="store_true", help="tables as documents take them")
    args = parser.parse_args()
    print(machine("highspy", "ortools", "pyscipopt"))
    print(f"limit {args.time_limit:g} s a method and market, compilation and imports excluded\n", flush=True)
    runs: list[Run] = []
    false: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for tasks, workers in args.sizes:
            for seed in range(args.seeds):
                market = Market(tasks, workers, args.variant, seed)
                here = [ours(market, args.time_limit)]
                here += rivals(market, args.rivals, args.time_limit, args.max_sets, Path(folder))
                told = ", ".join(f"{run.method} {run.seconds:.3g}{'' if run.proved else ' open'}" for run in here)
                print(f"{tasks} x {workers} seed {seed}: {told}", file=sys.stderr, flush=True)
                false += contradictions(here)
                runs += here
                if args.csv is not None:
                    write_csv(args.csv, [run.row() for run in runs])
    show(f"offline welfare, {args.variant} markets", COLUMNS, lines(runs), markdown=args.markdown)
    show("best rival of each market", VERDICT, verdicts(runs), markdown=args.markdown)
    print(conclusion(runs))
    print("\n".join(["CONTRADICTIONS:", *false]) if false else "no two answers contradict each other")
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
