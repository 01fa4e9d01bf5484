"""Rows of the acceptance table: DQN within 5 % on the frozen process of 15,000 states, by seed; 60,000 as it is."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.criteria import Effort, Row
from benchmarks.dqn import Case, case, run, seconds_to
from mcsopt.errors import InputError
from mcsopt.heuristics.dqn_training import Learned
from mcsopt.heuristics.dqn_weights import MAGIC, load_network
from mcsopt.verification import certify, verify

GAP, CPU_SECONDS, SEEDS, ENOUGH = 0.05, 90.0, 5, 4


def dqn_rows(effort: Effort) -> Iterator[Row]:
    """Gap by seed, certified; the same seed again; the larger process; a file that is no network."""
    small = case("15k")
    runs = []
    for seed in range(SEEDS):
        effort.report(f"dqn on {small.name}, seed {seed}")
        runs.append(run(small, seed, steps=8000 if effort.quick else 20_000))
    reached = [seconds_to(small, learned, GAP) for learned in runs]
    told = ", ".join(_told(small, learned) for learned in runs)
    within = sum(time is not None and time <= CPU_SECONDS for time in reached)
    yield Row(
        f"dqn, {small.process.num_states:,} states: certified gap within {CPU_SECONDS:.0f} CPU s, by seed",
        f"<= {GAP:.0%} in {ENOUGH} of {SEEDS} seeds", f"{within} of {SEEDS}: {told}", within >= ENOUGH,
    )  # fmt: skip
    yield _certified(small, runs)
    first, second = (run(small, 0, steps=1000) for _ in range(2))
    same = [(c.step, c.value) for c in first.curve] == [(c.step, c.value) for c in second.curve]
    yield Row("dqn: same seed, same curve on the CPU", "equal", "equal" if same else "differs", same)
    large = case("60k")
    effort.report(f"dqn on {large.name}")
    for improved in (False, True):
        learned = run(large, 0, steps=10_000 if effort.quick else 40_000, improved=improved)
        name = f"{'double-dqn' if improved else 'dqn'}, {large.process.num_states:,} states: certified gap"
        yield Row(name, "as it is", _told(large, learned), None)
    yield _bomb()


def _told(which: Case, learned: Learned) -> str:
    time = seconds_to(which, learned, GAP)
    when = "never 5 %" if time is None else f"5 % after {time:.0f} s"
    return f"{100 * which.gap(learned.value):.2f} % ({when}, {learned.curve[-1].cpu_seconds:.0f} CPU s)"


def _certified(which: Case, runs: list[Learned]) -> Row:
    """The checker's own gap of every seed is the one told."""
    good = 0
    for learned in runs:
        certificate = certify(which.problem, which.problem.policy(learned.choice))
        assert certificate.gap is not None
        good += verify(certificate).accepted and abs(certificate.gap - which.gap(learned.value)) < 1e-6
    return Row("dqn: certificates of those policies verify", "all", f"{good} of {len(runs)}", good == len(runs))


class _Bomb:
    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.place),)


def _bomb() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        place, refused = Path(folder) / "exploded", 0
        payload = pickle.dumps(_Bomb(place))
        files = (payload, MAGIC + payload, MAGIC + len(payload).to_bytes(8, "little") + payload, b"", MAGIC)
        for data in files:
            (Path(folder) / "bad.net").write_bytes(data)
            try:
                load_network(Path(folder) / "bad.net")
            except InputError as error:
                refused += "\n" not in str(error)
        met = refused == len(files) and not place.exists()
        return Row(
            "files that are no network, pickles among them",
            "one line, nothing executed",
            f"{refused} of {len(files)}",
            met,
        )
