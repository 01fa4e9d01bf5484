"""Data coalitions: all of them for a few players, the best stable one for many.

Run: python -m benchmarks.coalitions [--full] [--seeds N] [--agreement N]

1. Enumeration of all stable coalitions: seconds, and nanoseconds for each of the 2^n subsets.
2. The best stable coalition by the structural search: median and worst seconds over instances, worst gap, and how
   many have none. The variance is such that between 2% and 90% of the players can stay together; alpha takes seven
   values in [-1, 1]. Seconds are those of the whole `solve`, the ground truth included, without compilation (done once
   before the clock starts); "search" is the solver's own share.
3. Agreement of definitions, closed conditions, enumeration and search on random instances of at most 14 players, exact
   ties included (`agreement`).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from rich.console import Console
from rich.table import Table

from mcsopt.kernels.coalitions import ROUNDING
from mcsopt.problems import DataCoalition, StableCoalition
from mcsopt.result import Status
from mcsopt.seeds import generator
from mcsopt.solvers.coalition_enumeration import all_stable
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.stable_coalition import Search, limits_from, social_cost_objective, solve
from tests.solvers.coalition_agreement import backend_disagreement, disagreements, draw

ALPHAS = (1.0, 0.5, 0.0, -0.5, -1.0, 0.75, 0.25)
PROFILES = ("uniform", "lognormal", "two clusters")
NOTIONS = ("nash", "robust")
SIZES = (50, 100, 1_000, 10_000, 100_000)
ENUMERATED = (20, 24, 30)
BACKENDS = ("highs", "cp-sat")
CHUNK = 50
"""Instances that a process takes at a time."""


def costs(profile: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the costs of n players."""
    if profile == "uniform":
        return rng.uniform(0.001, 0.02, n)
    if profile == "lognormal":
        return rng.lognormal(-5, 1, n)
    return rng.choice([0.002, 0.015], n) * rng.uniform(0.97, 1.03, n)


def players(profile: str, n: int, seed: int) -> DataCoalition:
    """Draw players and a variance at which the k cheapest can stay together, k between 2% and 90% of n."""
    rng = generator(seed)
    alpha = ALPHAS[seed % len(ALPHAS)]
    cost = costs(profile, n, rng)
    a = np.sort((cost**2 / 2) ** (1 / 3))
    k = min(n, 2 + int(n * rng.uniform(0.02, 0.9)))
    least = (a[:k].sum() + 2 * a[k - 1]) * k ** ((2 * alpha + 1) / 3) / (k - 1)
    return DataCoalition(cost, float(least * rng.uniform(1.0, 1.02)), alpha)


@dataclass(frozen=True)
class Sample:
    """The best stable coalition of several instances of a kind."""

    notion: str
    profile: str
    n: int
    seconds: list[float]
    search_seconds: list[float]
    gaps: list[float]
    statuses: list[Status]

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)

    @property
    def worst_gap(self) -> float:
        """Largest relative gap; 0 where it is proved that none exists."""
        return max(self.gaps)


def sample(notion: str, profile: str, n: int, seeds: int) -> Sample:
    """Solve instances of one kind."""
    found = Sample(notion, profile, n, [], [], [], [])
    settings = Settings(time_limit=60.0)
    for seed in range(seeds):
        problem = StableCoalition(players(profile, n, seed), notion)
        began = time.perf_counter()
        result = solve(problem, settings)
        found.seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
        Search(problem, social_cost_objective(problem.instance), ROUNDING).run(limits_from(began, settings))
        found.search_seconds.append(time.perf_counter() - began)
        found.statuses.append(result.status)
        none = result.status is Status.INFEASIBLE
        found.gaps.append(0.0 if none else float("inf") if result.gap is None else result.gap)
    return found


def samples(sizes: tuple[int, ...] = SIZES, seeds: int = 7) -> Iterator[Sample]:
    """Solve instances of all kinds, compilation excluded."""
    compile_everything()
    for notion in NOTIONS:
        for n in sizes:
            for profile in PROFILES:
                yield sample(notion, profile, n, seeds)


def enumeration_seconds(n: int, notion: str, seed: int = 0) -> tuple[float, int]:
    """Return seconds to count all stable coalitions, the best of three, and how many there are."""
    problem = StableCoalition(players("uniform", n, seed), notion)
    best, count = float("inf"), 0
    for _ in range(3):
        began = time.perf_counter()
        count = all_stable(problem, limit=0).count
        best = min(best, time.perf_counter() - began)
    return best, count


def agreement(instances: int = 5000, seed: int = 0, most: int = 14) -> list[str]:
    """Return the disagreements of definitions, conditions, enumeration and search on random instances: none."""
    rng = generator(seed)
    return [text for _ in range(instances) for text in disagreements(draw(rng, most), rng)]


def backend_agreement(
    instances: int = 5000, seed: int = 0, most: int = 14, progress: Callable[[int], None] = lambda done: None
) -> tuple[list[str], int]:
    """Let HiGHS and CP-SAT answer, too: return the disagreements of all six ways, and answers that left near-ties open.

    In two processes, by chunks; the instances are the same however many processes there are.
    """
    wrong: list[str] = []
    unknown = done = 0
    chunks = [(seed, chunk, min(CHUNK, instances - CHUNK * chunk), most) for chunk in range(-(-instances // CHUNK))]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for found, left in pool.map(_chunk, chunks):
            wrong += found
            unknown += left
            done += CHUNK
            progress(min(done, instances))
    return wrong, unknown


def _chunk(which: tuple[int, int, int, int]) -> tuple[list[str], int]:
    seed, chunk, number, most = which
    rng, wrong, unknown = np.random.default_rng([seed, chunk]), [], 0
    for index in range(number):
        problem = draw(rng, most)
        found, name = all_stable(problem), f"instance {index} of chunk {chunk}"
        wrong += [f"{name}: {text}" for text in disagreements(problem, rng)]
        for backend in BACKENDS:
            text, silent = backend_disagreement(problem, found, backend)
            unknown += silent
            if text is not None:
                wrong.append(f"{name}: {text}")
    return wrong, unknown


def compile_everything() -> None:
    """Run every kernel once."""
    for notion in NOTIONS:
        for seed in range(7):
            problem = StableCoalition(players("two clusters", 60, seed), notion)
            solve(problem, Settings())
    all_stable(StableCoalition(players("uniform", 12, 0)), limit=0)
    rng = generator(1)
    for _ in range(5):
        disagreements(draw(rng, 8), rng)


def show_enumeration(console: Console, sizes: tuple[int, ...]) -> None:
    table = Table("notion", "n", "seconds", "ns a subset", "stable", title="All stable coalitions, counted")
    for notion in NOTIONS:
        for n in sizes:
            seconds, count = enumeration_seconds(n, notion)
            table.add_row(notion, str(n), f"{seconds:.4f}", f"{seconds / 2**n * 1e9:.2g}", f"{count:,}")
    console.print(table)


def show_structural(console: Console, seeds: int) -> None:
    table = Table(
        "notion", "players", "costs", "median s", "worst s", "search median", "search worst", "proved", "none",
        "other", "worst gap", title="The best stable coalition",
    )  # fmt: skip
    for found in samples(seeds=seeds):
        by_status = [found.statuses.count(status) for status in (Status.PROVED, Status.INFEASIBLE)]
        table.add_row(
            found.notion, f"{found.n:,}", found.profile, f"{found.median:.4f}", f"{max(found.seconds):.4f}",
            f"{statistics.median(found.search_seconds):.4f}", f"{max(found.search_seconds):.4f}",
            *map(str, by_status), str(seeds - sum(by_status)), f"{found.worst_gap:.1e}",
        )  # fmt: skip
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="enumerate 36 players, too")
    parser.add_argument("--seeds", type=int, default=7, help="instances of each kind")
    parser.add_argument("--agreement", type=int, default=200, help="random instances on which all ways have to agree")
    arguments = parser.parse_args()
    console = Console(width=140)
    compile_everything()
    show_enumeration(console, (*ENUMERATED, 36) if arguments.full else ENUMERATED)
    show_structural(console, arguments.seeds)
    wrong = agreement(arguments.agreement)
    console.print(f"agreement on {arguments.agreement:,} random instances: {len(wrong)} differences")
    for text in wrong[:10]:
        console.print(text)


if __name__ == "__main__":
    main()
