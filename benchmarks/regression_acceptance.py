"""Rows of the acceptance table: planted changes are caught by `mcsopt regress` and the pytest plugin, noise is not."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.criteria import Effort, Row
from benchmarks.planted_changes import guarded, optional, set_change
from mcsopt.cli import main
from mcsopt.data import library
from mcsopt.regression.sign_flips import sign_flip_test

REPETITIONS = 20
RUNS = 20
"""Runs of each entry in a comparison: with 10, three changes of twenty in the randomized greedy pass for noise."""

PLANTED = {
    "greedy_losing_a_task": "greedy that loses its best task in half of the runs",
    "random_order": "a randomized greedy that passes over a tenth of the tasks",
}

GUARD = Path(__file__).with_name("planted_guard.py")


def regress(effort: Effort) -> Iterator[Row]:
    """Planted changes are caught in every repetition, equal versions in none; pure noise at most as the level says."""
    repetitions = effort.size(REPETITIONS)
    for name, what in PLANTED.items():
        for guard, caught in (("mcsopt regress", caught_by_regress), ("the pytest plugin", caught_by_plugin)):
            effort.report(f"{guard}: {what}")
            worse = caught(name, repetitions, worse=True)
            equal = caught(name, repetitions, worse=False)
            measured = f"{worse} of {repetitions}; the same with other random numbers: {equal} of {repetitions}"
            met = worse == repetitions and not equal
            yield Row(f"{guard} catches {what}", f"all of {repetitions}; none of the equal ones", measured, met)
    trials = effort.size(20_000)
    effort.report(f"{trials} tests of pure noise")
    for alpha in (0.01, 0.05):
        rate = false_alarms(trials, alpha)
        target = f"<= {alpha:g}, {trials:,} trials (four standard errors)"
        met = rate <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / trials)
        yield Row(f"false alarms of the sign-flip test at level {alpha:g}", target, f"{rate:.4f}", met)


def caught_by_regress(
    name: str, repetitions: int, *, worse: bool, entries: Sequence[str] = (), runs: int = RUNS
) -> int:
    """Return in how many repetitions, each with random numbers of its own, `mcsopt regress` exits with 1.

    Without `entries`, all tiny and small markets on which a plan may leave a task out.
    """
    caught = 0
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "baseline.json")
        own = ["regress", "--heuristic", f"benchmarks.planted_changes:{name}", "--baseline", file, "--json"]
        set_change()
        markets = library.entries("offline-welfare", size=("tiny", "small"))
        names = entries or [market.name for market in markets if optional(market.problem())]
        first = _run([*own, "--update", "--seeds", str(runs), "--entry", *names])
        if first[0]:
            raise RuntimeError(f"no baseline: {first}")
        for repetition in range(repetitions):
            set_change(1 + repetition, worse=worse)
            status, document = _run(own)
            verdicts = [one["verdict"] for one in document["heuristics"]]
            if (status == 1) != (verdicts == ["worse"]) or status not in (0, 1):
                raise RuntimeError(f"exit status {status}, verdicts {verdicts}")
            caught += status
    set_change()
    return caught


def _run(words: Sequence[str]) -> tuple[int, Any]:
    out = io.StringIO()
    with redirect_stdout(out):
        status = main(list(words))
    return status, json.loads(out.getvalue() or "null")


class _Outcomes:
    """Hears in which repetitions the guard failed, on whatever instance."""

    def __init__(self) -> None:
        self.failed: set[int] = set()
        self.seen: set[int] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when != "call":
            raise RuntimeError(report.longreprtext)
        if report.when == "call":
            (self.failed if report.failed else self.seen).add(dict(report.user_properties)["repetition"])


def caught_by_plugin(name: str, repetitions: int, *, worse: bool, size: str = "small") -> int:
    """Return in how many repetitions a test of the heuristic with the plugin fails on some instance of a size."""
    outcomes = _Outcomes()
    guarded.name, guarded.repetitions, guarded.worse = name, repetitions, worse
    words = [
        "-p",
        "no:mcsopt",
        "-p",
        "mcsopt.regression.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        f"--mcsopt-size={size}",
    ]
    with redirect_stdout(io.StringIO()):
        pytest.main([*words, "-c", os.devnull, "--rootdir", str(GUARD.parent), str(GUARD)], plugins=[outcomes])
    set_change()
    if outcomes.failed | outcomes.seen != set(range(repetitions)):
        raise RuntimeError(f"of {repetitions} repetitions, {sorted(outcomes.failed | outcomes.seen)} were run")
    return len(outcomes.failed)


def false_alarms(trials: int, alpha: float) -> float:
    """Return how often the test has p < alpha on 15 pairs of runs from one skewed distribution."""
    runs = np.random.default_rng(11).exponential(1, (trials, 2, 15)) ** 2
    return float(np.mean([sign_flip_test(now - before).p < alpha for before, now in runs]))
