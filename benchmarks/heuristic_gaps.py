"""How far every heuristic of offline welfare ends from the best: certified gaps over seeds, as table, rows and picture.

Run: python -m benchmarks.heuristic_gaps [--sizes 20x80 ...] [--seeds N] [--time-limit SEC] [--plot FILE] [--csv FILE]

Each generated market gets one bound by branch and price, which the certificate checker derives anew from the worker
prices; the gap of a plan is (bound - plan) / bound. Where the optimum is not proved in time, gaps are upper limits, by
no more than the gap of the best plan known, which the table gives. Heuristics are those of the registry, at their
defaults, with the seed of the market; a plan that breaks a constraint has no gap and is counted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.isolation import confine, machine
from benchmarks.tables import percent, show, size, write_csv
from mcsopt.data import sensing_market
from mcsopt.heuristics.registry import heuristics, load_heuristic
from mcsopt.problems import OfflineWelfare
from mcsopt.result import relative_gap
from mcsopt.verification import find_bound, seal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZES = ("20x80", "40x160", "80x300")
VARIANTS = ("default", "hard")
SOLVER = "branch-and-price"
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, told apart by colour-blind readers; markers differ as well."""
MARKERS = "osD^vP"


@dataclass(frozen=True)
class Gap:
    """One heuristic on one market.

    Attributes
    ----------
    variant, tasks, workers, seed : as the generator takes them
    heuristic : str
    objective : float or None
    bound : float
        Derived by the checker.
    gap : float or None
        None for a plan that breaks a constraint.
    bound_gap : float
        Gap of the best plan that the solver knew: 0 (to 1e-7) where it proved the optimum.
    seconds, bound_seconds : float
        Of the heuristic; of solver and checker.
    """

    variant: str
    tasks: int
    workers: int
    seed: int
    heuristic: str
    objective: float | None
    bound: float
    gap: float | None
    bound_gap: float
    proved: bool
    seconds: float
    bound_seconds: float


def gaps(variant: str, tasks: int, workers: int, seed: int, limit: float) -> Iterator[Gap]:
    """Yield the certified gap of each heuristic on one market."""
    problem = OfflineWelfare(sensing_market(tasks=tasks, workers=workers, seed=seed, variant=variant))
    began = time.perf_counter()
    bound = find_bound(problem, solver_name=SOLVER, time_limit=limit)
    spent = time.perf_counter() - began
    top = bound.derivation.dual_bound
    assert top is not None, "service is optional: no market is infeasible"
    best = relative_gap(bound.result.objective, top, problem.sense)
    for name in [h.name for h in heuristics().values() if problem.name in h.problems]:
        began = time.perf_counter()
        plan = load_heuristic(name, problem)(problem, seed=seed)
        seconds = time.perf_counter() - began
        yield Gap(
            variant, tasks, workers, seed, name, plan.objective, top, seal(problem, plan, bound).gap,
            float("nan") if best is None else best, bound.optimum is not None, seconds, spent,
        )  # fmt: skip


COLUMNS = (
    "market", "heuristic", "gap median", "least", "most", "seconds, median", "infeasible", "optimum proved",
    "gap of the best plan, most",
)  # fmt: skip


def lines(found: Sequence[Gap]) -> Iterator[list[str]]:
    """Yield a line for each kind of market and heuristic."""
    for key in dict.fromkeys((one.variant, one.tasks, one.workers, one.heuristic) for one in found):
        here = [one for one in found if (one.variant, one.tasks, one.workers, one.heuristic) == key]
        known = [one.gap for one in here if one.gap is not None]
        values = (median(known), min(known), max(known)) if known else (None, None, None)
        yield [
            f"{key[0]} {key[1]} x {key[2]}", key[3], *map(percent, values), f"{median(o.seconds for o in here):.2g}",
            str(len(here) - len(known)), f"{sum(one.proved for one in here)} of {len(here)}",
            percent(max(one.bound_gap for one in here)),
        ]  # fmt: skip


def figure(found: Sequence[Gap]) -> Figure:
    """Plot every gap as a dot and each median as a bar: one panel a variant, one colour and marker a heuristic."""
    import matplotlib.pyplot as plt

    variants = list(dict.fromkeys(one.variant for one in found))
    picture, axes = plt.subplots(
        1, len(variants), figsize=(1.5 + 4.2 * len(variants), 4.4), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, variant in zip(axes[0], variants, strict=True):
        _panel(axis, [one for one in found if one.variant == variant])
        axis.set_title(f"{variant} markets")
    axes[0][0].set_ylim(0, 1.05 * max((one.gap for one in found if one.gap is not None), default=1.0))
    axes[0][0].set_ylabel("certified gap (bound - plan) / bound")
    handles, names = axes[0][0].get_legend_handles_labels()
    picture.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
    return picture


def _panel(axis: Axes, found: Sequence[Gap]) -> None:
    from matplotlib.ticker import PercentFormatter

    sizes = list(dict.fromkeys((one.tasks, one.workers) for one in found))
    names = list(dict.fromkeys(one.heuristic for one in found))
    width = 0.8 / len(names)
    for k, name in enumerate(names):
        label = name
        for group, size_ in enumerate(sizes):
            chosen = [o.gap for o in found if (o.heuristic, o.tasks, o.workers) == (name, *size_) and o.gap is not None]
            if not chosen:
                continue
            middle = group + (k - (len(names) - 1) / 2) * width
            # Spread by rank, not by chance: the same picture from the same rows.
            offset = np.linspace(-0.3, 0.3, len(chosen)) * width if len(chosen) > 1 else np.zeros(1)
            axis.plot(
                middle + offset, sorted(chosen), MARKERS[k % len(MARKERS)], color=COLORS[k % len(COLORS)],
                markersize=5, alpha=0.75, markeredgewidth=0, label=label, clip_on=False,
            )  # fmt: skip
            label = ""
            axis.hlines(median(chosen), middle - 0.4 * width, middle + 0.4 * width, color="black")
    axis.plot([], [], color="black", label="median")
    axis.set_xticks(range(len(sizes)), [f"{tasks} x {workers}" for tasks, workers in sizes])
    axis.set(xlabel="tasks x workers", xlim=(-0.5, len(sizes) - 0.5))
    axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axis.grid(axis="y", alpha=0.3)


def main() -> int:
    """Run, print the table, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=size, default=list(map(size, SIZES)), metavar="TASKSxWORKERS")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=10, help="markets of each kind")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for the bound of a market")
    parser.add_argument("--plot", type=Path, help="draw to this PNG, PDF or SVG (extra 'plots')")
    parser.add_argument("--csv", type=Path, help="write every gap to this file")
    parser.add_argument("--markdown", action="store_true", help="the table as documents take it")
    args = parser.parse_args()
    confine()
    print(machine("highspy"))
    print(f"bounds by {SOLVER}, limit {args.time_limit:g} s a market; compilation excluded\n", flush=True)
    list(gaps("default", 20, 80, 0, args.time_limit))  # compiles solver, heuristics, and the checker of large trees
    found: list[Gap] = []
    for variant in args.variants:
        for tasks, workers in args.sizes:
            for seed in range(args.seeds):
                here = list(gaps(variant, tasks, workers, seed, args.time_limit))
                found += here
                told = ", ".join(f"{one.heuristic} {percent(one.gap)}" for one in here)
                spent = f"bound in {here[0].bound_seconds:.1f} s" if here else ""
                print(f"{variant} {tasks} x {workers} seed {seed}: {told}; {spent}", file=sys.stderr, flush=True)
                if args.csv is not None:
                    write_csv(args.csv, [asdict(one) for one in found])
    show("certified gaps of heuristics", COLUMNS, lines(found), markdown=args.markdown)
    if args.plot is not None:
        figure(found).savefig(args.plot, dpi=150)
        print(f"wrote {args.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
