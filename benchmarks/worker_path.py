"""Label setting on worker paths, family by family: seconds, proofs, labels, and the seconds of the check.

    python -m benchmarks.worker_path [--seeds 20] [--time-limit 30] [--only NAME] [--markdown]

Seconds are those of the processor (the solver and the checker use one thread each), without compilation, which is done
once before. The families named after Solomon's are drawn like them, not his: 100 customers on a square of side 100,
clustered (c), scattered (r) or both (rc), with short days of narrow windows (1) and long days of wide ones (2).
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.tables import show
from mcsopt.data.worker_paths import worker_path
from mcsopt.problems import WorkerPath, WorkerPathInstance
from mcsopt.result import Status
from mcsopt.solvers import solve
from mcsopt.verification import check

Draw = Callable[[int], WorkerPathInstance]


def solomon_like(kind: str, window: tuple[float, float], seed: int, customers: int = 100) -> WorkerPathInstance:
    """Draw an instance like those of a class of Solomon (1987), used for orienteering by Righini and Salani (2009).

    Parameters
    ----------
    kind : str
        ``c1``, ``r1``, ``rc1``, ``c2``, ``r2`` or ``rc2``.
    window : (float, float)
        Range of the lengths of the windows.
    seed : int
    customers : int
    """
    rng = np.random.default_rng([19, seed])
    horizon = {"r1": 230.0, "rc1": 240.0, "c1": 1236.0, "r2": 1000.0, "rc2": 960.0, "c2": 3390.0}[kind]
    service = 90.0 if kind.startswith("c") else 10.0
    scattered = rng.uniform(0, 100, (customers, 2))
    clustered = rng.uniform(10, 90, (10, 2))[rng.integers(0, 10, customers)] + rng.normal(0, 3, (customers, 2))
    mixed = np.where(rng.random((customers, 1)) < 0.5, scattered, clustered)
    place = {"r": scattered, "c": clustered, "rc": mixed}[kind[:-1]]
    place = np.vstack([[50.0, 50.0], np.round(place)])
    travel = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    travel = np.floor(10 * travel) / 10  # as the literature rounds
    out, length = travel[0], rng.uniform(*window, customers + 1)
    middle = rng.uniform(out, np.maximum(out, horizon - out - service))
    opened = np.clip(middle - length / 2, 0, None)
    closed = np.maximum(opened, np.minimum(opened + length, horizon - service - out))
    opened[0], closed[0] = 0, horizon
    spent = np.full(customers + 1, service)
    spent[0] = 0
    profit = np.concatenate([[0.0], rng.integers(1, 5, customers) * 10.0])
    return WorkerPathInstance(profit, np.round(opened), np.ceil(closed), spent, travel, True, horizon)


def _generated(tasks: int, window: float, seed: int, **options: bool) -> WorkerPathInstance:
    return worker_path(tasks, window, seed=seed, **options)


FAMILIES: dict[str, Draw] = {
    "50 tasks, windows of 20 %": partial(_generated, 50, 0.2),
    "50 tasks, 20 %, tables": partial(_generated, 50, 0.2, tables=True),
    "50 tasks, 20 %, return": partial(_generated, 50, 0.2, return_to_start=True),
    "50 tasks, windows of 40 %": partial(_generated, 50, 0.4),
    "20 tasks, windows of 60 %": partial(_generated, 20, 0.6),
    "20 tasks, no windows": partial(_generated, 20, 1.0),
    "20 tasks, no windows, integer": partial(_generated, 20, 1.0, integer=True),
    "20 tasks, no windows, tables": partial(_generated, 20, 1.0, tables=True),
    "100 tasks, windows of 20 %": partial(_generated, 100, 0.2),
    "like r1, windows 10-60": partial(solomon_like, "r1", (10.0, 60.0)),
    "like rc1, windows 10-60": partial(solomon_like, "rc1", (10.0, 60.0)),
    "like c1, windows 10-60": partial(solomon_like, "c1", (10.0, 60.0)),
    "like r1, windows 80-120": partial(solomon_like, "r1", (80.0, 120.0)),
    "like r2, windows 100-200": partial(solomon_like, "r2", (100.0, 200.0)),
    "like c2, windows 160-320": partial(solomon_like, "c2", (160.0, 320.0)),
}


@dataclass(frozen=True)
class Run:
    """One instance solved and checked; seconds of the processor."""

    seconds: float
    checking: float
    proved: bool
    gap: float
    labels: int


def measure(instance: WorkerPathInstance, time_limit: float | None = None) -> Run:
    """Solve one instance by label setting and derive its bound again."""
    problem = WorkerPath(instance)
    begin = time.process_time()
    found = solve(problem, solver="label-setting", time_limit=time_limit)
    middle = time.process_time()
    derived = check.derive(problem.name, problem.options, instance.to_json(), found.evidence).dual_bound
    end = time.process_time()
    assert derived is not None
    assert found.objective is not None
    assert derived >= found.objective
    labels = int(re.sub(r"\D", "", found.message))
    proved = found.status is Status.PROVED and derived <= found.objective * (1 + 1e-7)
    return Run(middle - begin, end - middle, proved, found.gap or 0.0, labels)


def warm_up() -> None:
    """Compile solver and checker."""
    for tables in (False, True):
        measure(worker_path(20, 0.5, tables=tables))


def row(name: str, runs: Sequence[Run]) -> list[str]:
    """Return one line of the table."""
    seconds, checks = [run.seconds for run in runs], [run.checking for run in runs]
    return [
        name, f"{statistics.median(seconds):.3f}", f"{max(seconds):.3f}",
        f"{sum(r.proved for r in runs)} of {len(runs)}",
        f"{statistics.median(r.labels for r in runs):,.0f}", f"{max(r.labels for r in runs):,}", f"{max(checks):.3f}",
        f"{max(r.gap for r in runs):.2%}",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--only", default="", help="part of a family's name")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    warm_up()
    columns = (
        "family",
        "median s",
        "worst s",
        "proved",
        "median labels",
        "most labels",
        "worst check s",
        "worst gap",
    )
    rows = []
    for name, draw in FAMILIES.items():
        if args.only in name:
            rows.append(row(name, [measure(draw(seed), args.time_limit) for seed in range(args.seeds)]))
    show("Label setting on worker paths", columns, rows, markdown=args.markdown)


if __name__ == "__main__":
    main()
