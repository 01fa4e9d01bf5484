"""``mcsopt regress``: certified gaps of heuristics beside a baseline, to fail where they have grown."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any

from mcsopt.commands.common import Report, check_outputs, print_json, progress
from mcsopt.commands.pictures import check_picture, save_picture
from mcsopt.commands.tables import print_table
from mcsopt.data.files import check_writable
from mcsopt.data.tables import check_table, write_table
from mcsopt.display import percent
from mcsopt.errors import InputError
from mcsopt.heuristics import load_heuristic
from mcsopt.regression.gap_baseline import Baseline, read_baseline, write_baseline
from mcsopt.regression.gap_comparison import Comparison, Pair, Verdict, compare, pair_runs
from mcsopt.regression.gap_runs import EntryRuns, Runs, Target, run_heuristics
from mcsopt.regression.gap_selection import Selection
from mcsopt.versions import versions

_NAMED = 5
"""Runs named in a line about what became infeasible."""


def run(args: argparse.Namespace) -> int:
    """Run the heuristics, hold them against the baseline or write it, and return the exit status."""
    _check(args)
    before = _baseline(args)
    began = time.perf_counter()
    with progress(quiet=args.json) as report, redirect_stdout(sys.stderr if args.json else sys.stdout):
        # A heuristic of the user's own may print; with --json stdout is for the object alone.
        runs, targets, lines = _run(args, before, report)
    if not runs.done:
        raise KeyboardInterrupt
    comparisons = [] if args.update else _compare(args, before, runs.done, targets)
    pairs = [pair for one in comparisons for pair in one.pairs] if comparisons else _unpaired(runs.done)
    rows = [_row(pair) for pair in pairs]
    if args.output is not None:
        write_table(rows, args.output)
    if args.plot is not None:
        _plot(rows, args.plot)
    if args.update and runs.complete:
        write_baseline(before.updated(runs.done), args.baseline)
    seconds = time.perf_counter() - began
    if args.json:
        print_json(_document(args, runs, comparisons, seconds))
    else:
        _print(args, lines, runs, comparisons, seconds)
    _complain(args, runs, comparisons)
    return _exit_status(runs, comparisons)


def _check(args: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written before any work is done."""
    check_outputs(args)
    if args.output is not None:
        check_table(args.output)
    if args.plot is not None:
        if args.update:
            raise InputError("--plot", "is given with --update", "drop one: differences come with a comparison")
        check_picture(args.plot)
    if args.update:
        check_writable(args.baseline)
    named = {"--baseline": args.baseline, "--output": args.output, "--plot": args.plot}
    paths = [(flag, os.path.realpath(path)) for flag, path in named.items() if path is not None]
    for k, (flag, path) in enumerate(paths):
        if path in (other for _, other in paths[:k]):
            raise InputError(flag, f"names {named[flag]}, which is named twice", "give another path")


def _baseline(args: argparse.Namespace) -> Baseline:
    if args.update and not os.path.exists(args.baseline):
        return Baseline()
    if not os.path.exists(args.baseline):
        raise InputError("--baseline", f"there is no {args.baseline}", "write it with --update")
    return read_baseline(args.baseline)


def _run(args: argparse.Namespace, before: Baseline, report: Report) -> tuple[Runs, dict[str, Target], list[str]]:
    """Return the runs, what they ran on by name, and lines about what was left out."""
    selection = Selection(args.problem, args.entry or (), args.size or (), args.seeds)
    targets: dict[str, Target] = {}
    lines: list[str] = []
    work = []
    for name in dict.fromkeys(args.heuristic):
        chosen, left_out = selection.entries_of(name, before, update=args.update)
        lines += left_out
        own = [targets.setdefault(one.name, Target(one)) for one in chosen]
        seeds = selection.seeds_of(name, before, update=args.update)
        work.append((name, lambda problem, name=name: load_heuristic(name, problem), own, seeds))
    report("compiling (the first run only)")
    return run_heuristics(work, progress=report), targets, lines


def _compare(
    args: argparse.Namespace, before: Baseline, done: Sequence[EntryRuns], targets: Mapping[str, Target]
) -> list[Comparison]:
    senses = {one.entry: targets[one.entry].problem.sense for one in done}
    found = []
    for name in dict.fromkeys(one.heuristic for one in done):
        own = [one for one in done if one.heuristic == name]
        pairs = pair_runs(before.of(name), own, senses)
        found.append(compare(pairs, alpha=args.alpha, tolerance=args.tolerance))
    return found


def _unpaired(done: Sequence[EntryRuns]) -> list[Pair]:
    return [
        Pair(one.heuristic, one.entry, seed, one.bound, None, objective, None, gap)
        for one in done
        for seed, objective, gap in zip(one.seeds, one.objectives, one.gaps, strict=True)
    ]


def _row(pair: Pair) -> dict[str, Any]:
    return {**vars(pair), "difference": pair.difference}


def _plot(rows: Sequence[Mapping[str, Any]], path: str) -> None:
    from mcsopt.report.regression_figures import paired_difference_figure

    save_picture(paired_difference_figure(rows), path)


def _document(
    args: argparse.Namespace, runs: Runs, comparisons: Sequence[Comparison], seconds: float
) -> dict[str, Any]:
    return {
        "baseline": args.baseline,
        "updated": args.update and runs.complete,
        "complete": runs.complete,
        "alpha": args.alpha,
        "tolerance": args.tolerance,
        "heuristics": [comparison.to_json() for comparison in comparisons],
        "runs": [one.to_json() for one in runs.done],
        "output": args.output,
        "plot": args.plot,
        "seconds": round(seconds, 6),
        "versions": versions(),
    }


def _print(
    args: argparse.Namespace, lines: list[str], runs: Runs, comparisons: Sequence[Comparison], seconds: float
) -> None:
    for line in lines:
        print(line)
    if args.update:
        _print_runs(runs.done)
    else:
        _print_comparisons(comparisons)
    count = sum(len(one.objectives) for one in runs.done)
    if args.update and runs.complete:
        print(f"wrote {args.baseline} ({count:,} runs, {seconds:.1f} s)")
    for path in (args.output, args.plot):
        if path is not None:
            print(f"wrote {path}")


def _print_runs(done: Sequence[EntryRuns]) -> None:
    table = []
    for name in dict.fromkeys(one.heuristic for one in done):
        own = [one for one in done if one.heuristic == name]
        feasible = [[gap for gap in one.gaps if gap is not None] for one in own]
        means = [sum(gaps) / len(gaps) for gaps in feasible if gaps]
        mean = percent(sum(means) / len(means) if means else None)
        infeasible = sum(len(one.infeasible) for one in own)
        seeds = len(own[0].objectives)
        table.append([name, f"{len(own):,}", f"{seeds * len(own):,}", f"{infeasible:,}", mean])
    columns = ["heuristic", "entries", "runs", "infeasible", "mean gap"]
    print_table(columns, table, title="certified gaps", numbers=True)
    if any(one.infeasible for one in done):
        print("a mean gap is over the feasible runs only; infeasible:")
    for one in done:
        if one.infeasible:
            named = ", ".join(map(str, one.infeasible[:_NAMED])) + (", ..." if len(one.infeasible) > _NAMED else "")
            print(f"  {one.heuristic}: {one.entry}, seed {named}")


def _print_comparisons(comparisons: Sequence[Comparison]) -> None:
    table = []
    for one in comparisons:
        how = "deterministic" if one.deterministic else "–" if one.p is None else f"{one.p:.2g}"
        table.append([
            one.heuristic, f"{one.entries:,}", f"{one.runs:,}", percent(one.gap_before), percent(one.gap_now),
            _signed(one.difference), how, one.verdict.value,
        ])  # fmt: skip
    columns = ["heuristic", "entries", "runs", "gap before", "gap now", "difference", "p", "verdict"]
    print_table(columns, table, title="certified gaps, now beside the baseline", numbers=True)
    for one in comparisons:
        if one.reason:
            print(f"{one.heuristic}: {one.verdict}: {one.reason}")
        if one.worst_entry is not None:
            among = f"{one.worsened} entries grew, {one.improved} shrank"
            print(f"{one.heuristic}: {among}; worst: {one.worst_entry}, by {_signed(one.worst_difference)}")
        for what, pairs in (("infeasible now", one.lost), ("feasible now", one.gained)):
            if pairs:
                print(f"{one.heuristic}: {what}: {_named(pairs)}")


def _named(pairs: Sequence[Pair]) -> str:
    named = ", ".join(f"{pair.entry} seed {pair.seed}" for pair in pairs[:_NAMED])
    return f"{named} and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else named


def _signed(difference: float | None) -> str:
    return "–" if difference is None else f"{100 * difference:+.4f} pp"


def _complain(args: argparse.Namespace, runs: Runs, comparisons: Sequence[Comparison]) -> None:
    for one in comparisons:
        if one.verdict is Verdict.TOO_FEW:
            print(f"mcsopt: {one.heuristic}: {one.reason}; take more seeds or entries, or a larger --alpha",
                  file=sys.stderr)  # fmt: skip
    if not runs.complete:
        kept = "; the baseline stays as it is" if args.update else ""
        print(f"mcsopt: interrupted; keeping {len(runs.done):,} entries{kept}", file=sys.stderr)


def _exit_status(runs: Runs, comparisons: Sequence[Comparison]) -> int:
    verdicts = {one.verdict for one in comparisons}
    if not runs.complete:
        return 3
    if Verdict.WORSE in verdicts:
        return 1
    return 2 if Verdict.TOO_FEW in verdicts else 0
