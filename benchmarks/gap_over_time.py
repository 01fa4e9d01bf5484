"""Gap against time: how close to the best a plan of offline welfare is shown to be, second by second.

Run: python -m benchmarks.gap_over_time [--run TASKSxWORKERS[,key=value ...]] [--plot FILE] [--csv FILE] [--markdown]

Keys of a run: `variant` (default, hard), `candidates` (of each task; all), `seed` (0), `solver` (branch-and-price),
`limit` (seconds, 60), `restart` (seconds; 0: never). Times and values are those of the solver's lines of progress and
of its answer: best plan and best bound so far, (bound - plan) / bound. A solver may have little to tell between its
lines; with `restart` it is also run from scratch with that limit and each of its doubles below the whole one, and the
answers are points of the curve as well: what one has who stops it then. The drawing of the market and compilation do
not count. Each run has a process of its own on two cores, whose peak of memory the table gives.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.isolation import Ended, call, machine
from benchmarks.tables import percent, show, size, write_csv
from mcsopt.data import sensing_market
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Sense, relative_gap
from mcsopt.solvers import solve, solvers_of
from mcsopt.tolerances import PROVED_GAP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUNS = (
    "80x300,variant=hard,limit=300,restart=0.5",
    "1000x4000,candidates=45,limit=120",
    "10000x40000,candidates=40,limit=300",
)
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":")
MARKS = (0.1, 0.05, 0.02, 0.01, 0.005, 0.001)
"""Gaps whose times the table gives."""
GRACE = 120.0
_NUMBER = r"(-?\d[\d,]*\.?\d*(?:[eE][+-]?\d+)?)"


@dataclass(frozen=True)
class Scale:
    """One market and the solver that gets it."""

    tasks: int
    workers: int
    variant: str = "default"
    candidates: int | None = None
    seed: int = 0
    solver: str = "branch-and-price"
    limit: float = 60.0
    restart: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Scale:
        """Read ``TASKSxWORKERS[,key=value ...]``."""
        shape, *options = text.split(",")
        types = {"variant": str, "candidates": int, "seed": int, "solver": str, "limit": float, "restart": float}
        values = {key: types[key](value) for key, value in (option.split("=") for option in options)}
        return cls(*size(shape), **values)

    def __str__(self) -> str:
        few = "" if self.candidates is None else f", {self.candidates} candidates a task"
        return f"{self.tasks:,} x {self.workers:,} {self.variant}{few}"


@dataclass(frozen=True)
class Point:
    """Best plan and bound at some time; None: not yet told."""

    seconds: float
    best: float | None
    bound: float | None

    @property
    def gap(self) -> float | None:
        return relative_gap(self.best, self.bound, Sense.MAX)


def read_line(line: str) -> tuple[float | None, float | None]:
    """Return best value and bound in a line of progress such as ``7 nodes, best 1.5, bound 2.25``."""
    found = [re.search(rf"\b{word} {_NUMBER}", line) for word in ("best", "bound")]
    best, bound = (None if match is None else float(match[1].replace(",", "")) for match in found)
    return best, bound


class Trace:
    """Collects points: values never get worse, as a solver may tell of a part of its search."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._best, self._bound = -math.inf, math.inf
        self.points: list[Point] = []

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self._began

    def hear(self, line: str) -> None:
        """Note what a line of progress says."""
        self.note(*read_line(line))

    def note(self, best: float | None, bound: float | None) -> None:
        """Note values, if any is better."""
        known = self._best, self._bound
        self._best = max(self._best, -math.inf if best is None else best)
        self._bound = min(self._bound, math.inf if bound is None else bound)
        if (self._best, self._bound) != known:
            finite = (value if math.isfinite(value) else None for value in (self._best, self._bound))
            self.points.append(Point(self.elapsed, *finite))


def trace(scale: Scale) -> tuple[list[Point], float, str]:
    """Return the points of a run, its seconds, and its message."""
    market = sensing_market(
        tasks=scale.tasks, workers=scale.workers, seed=scale.seed, variant=scale.variant, candidates=scale.candidates
    )
    problem, points = OfflineWelfare(market), []
    for limit in (*restarts(scale.restart, scale.limit), scale.limit):
        heard = Trace()
        result = solve(problem, solver=scale.solver, time_limit=limit, seed=scale.seed, progress=heard.hear)
        heard.note(result.objective, result.dual_bound)
        points += heard.points
    return merged(points), heard.elapsed, f"{result.status.value}, {result.termination.value}: {result.message}"


def restarts(first: float, limit: float) -> Iterator[float]:
    """Yield a first limit and its doubles, below the whole one; nothing if the first is 0."""
    while 0 < first < limit:
        yield first
        first *= 2


def merged(points: Sequence[Point]) -> list[Point]:
    """Join the points of several runs by time, those that better the gap: plan and bound of each are of one run."""
    joined: list[Point] = []
    least = math.inf
    for point in sorted(points, key=lambda point: point.seconds):
        if point.gap is not None and point.gap < least:
            joined.append(point)
            least = point.gap
    return joined


@dataclass(frozen=True)
class Curve:
    """One run; the points are empty where there was none, and the message says why."""

    scale: Scale
    points: list[Point]
    seconds: float | None
    memory: float | None
    message: str

    def shown(self) -> list[Point]:
        """Return the points that have a gap."""
        return [point for point in self.points if point.gap is not None]

    def reached(self, gap: float) -> float | None:
        """Return the seconds after which the gap was no larger."""
        return next((p.seconds for p in self.points if p.gap is not None and p.gap <= gap), None)


def curve(scale: Scale) -> Curve:
    """Run a scale in a process of its own."""
    known = [solver.name for solver in solvers_of(OfflineWelfare.name)]
    if scale.solver not in known:
        return Curve(scale, [], None, None, f"no solver {scale.solver!r}; there are {', '.join(known)}")
    try:
        whole = scale.limit + sum(restarts(scale.restart, scale.limit)) + GRACE
        answer, memory = call(trace, scale, seconds=whole, warm=scale.solver)
    except Ended as end:
        return Curve(scale, [], None, None, str(end))
    return Curve(scale, answer[0], answer[1], memory, answer[2])


COLUMNS = ("market", "solver", "gap", "seconds", "peak GiB", *(f"{100 * mark:g} %" for mark in MARKS))


def lines(curves: Sequence[Curve]) -> Iterator[list[str]]:
    """Yield a line for each run."""
    for one in curves:
        shown = one.shown()
        yield [
            str(one.scale), one.scale.solver, percent(shown[-1].gap) if shown else "-",
            *("-" if value is None else f"{value:.3g}" for value in (one.seconds, one.memory)),
            *("-" if (after := one.reached(mark)) is None else f"{after:.3g}" for mark in MARKS),
        ]  # fmt: skip


def rows(curves: Sequence[Curve]) -> list[dict[str, object]]:
    """Return every point as a row."""
    return [
        asdict(one.scale) | asdict(point) | {"gap": point.gap, "total_seconds": one.seconds, "memory_gib": one.memory}
        for one in curves
        for point in one.points
    ]


def figure(curves: Sequence[Curve]) -> Figure:
    """Plot the gaps against time, both logarithmic, as steps; a run that ends proved ends in a filled dot below."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullFormatter

    picture, axis = plt.subplots(figsize=(8, 5.6), layout="constrained")
    gaps = [point.gap for one in curves for point in one.shown() if point.gap is not None and point.gap > PROVED_GAP]
    floor = 10 ** math.floor(math.log10(min(gaps, default=1e-3)) - 0.5)
    for k, one in enumerate(curves):
        shown, color = one.shown(), COLORS[k % len(COLORS)]
        if not shown or one.seconds is None:
            continue
        proved = one.reached(PROVED_GAP)
        end = one.seconds if proved is None else proved
        seconds = [point.seconds for point in shown if point.seconds <= end]
        heights = [max(point.gap or 0.0, floor) for point in shown][: len(seconds)]
        axis.step(
            [*seconds, end], [*heights, heights[-1]], where="post", linewidth=2, color=color,
            linestyle=LINES[k % len(LINES)], label=f"{one.scale}: {one.scale.solver}",
        )  # fmt: skip
        axis.plot(seconds, heights, ".", color=color, markersize=5)
        if proved is not None:
            axis.plot(end, floor, "o", color=color, markersize=8, clip_on=False, zorder=3)
    axis.set(xscale="log", yscale="log", xlabel="seconds", ylabel="gap (bound - plan) / bound")
    axis.set_ylim(floor, 1.0)
    times = [seconds for one in curves for seconds in (*(p.seconds for p in one.shown()), one.seconds) if seconds]
    if times:
        # Whole decades, so that a few ticks have labels.
        axis.set_xlim(10 ** math.floor(math.log10(min(times))), 10 ** math.ceil(math.log10(max(times))))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axis.grid(which="major", alpha=0.4)
    axis.grid(which="minor", alpha=0.15)
    picture.legend(title="large dot: proved optimal", loc="outside lower center", fontsize=9, frameon=False)
    return picture


def main() -> int:
    """Run, print the table, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="append", type=Scale.parse, help="may be repeated; default: the three scales")
    parser.add_argument("--plot", type=Path, help="draw to this PNG, PDF or SVG (extra 'plots')")
    parser.add_argument("--csv", type=Path, help="write every point to this file")
    parser.add_argument("--markdown", action="store_true", help="the table as documents take it")
    args = parser.parse_args()
    print(machine("highspy"))
    print("compilation excluded\n", flush=True)
    curves = []
    for scale in args.run or [Scale.parse(text) for text in RUNS]:
        curves.append(curve(scale))
        told = curves[-1]
        end = percent(told.shown()[-1].gap) if told.shown() else "no gap"
        print(f"{scale} by {scale.solver}: {end}; {told.message}", file=sys.stderr, flush=True)
        if args.csv is not None and rows(curves):
            write_csv(args.csv, rows(curves))
    show(
        "gap at the end, and the seconds until it was no larger than ...",
        COLUMNS,
        lines(curves),
        markdown=args.markdown,
    )
    if args.plot is not None:
        figure(curves).savefig(args.plot, dpi=150)
        print(f"wrote {args.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
