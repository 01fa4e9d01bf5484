"""``mcsopt sweep``: the price of stability of data coalitions over variances, regimes, sizes and cost profiles."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mcsopt.commands.common import check_outputs, print_json, progress
from mcsopt.commands.pictures import check_picture, save_picture
from mcsopt.commands.tables import print_table
from mcsopt.data.load import load_instance
from mcsopt.data.tables import check_table, write_table
from mcsopt.display import number
from mcsopt.errors import InputError
from mcsopt.problems import DataCoalition
from mcsopt.regression.coalition_grid import Grid, read_values
from mcsopt.regression.coalition_growth import growth_exponents
from mcsopt.regression.coalition_sweep import sweep
from mcsopt.versions import versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DRAWN, MOST_MAPPED = 20, 12
SIZES = range(2, 1_000_001)


def run(args: argparse.Namespace) -> int:
    """Sweep, write the table and the picture; what was done before Ctrl-C is kept. Return 3 if that is nothing."""
    check_outputs(args)
    check_table(args.output)
    grid, lines = _grid(args)
    picture = _picture(args, grid)
    notions = list(dict.fromkeys(args.stability))
    total, began = len(grid) * len(notions), time.perf_counter()
    with progress(quiet=args.json) as report:
        rows = sweep(
            grid, stability=notions, time_limit=args.time_limit, progress=lambda line: report(f"{line}, of {total:,}")
        )
    if not rows:
        print("mcsopt: interrupted before there was anything to keep", file=sys.stderr)
        return 3
    if len(rows) < total:
        print(f"mcsopt: interrupted; keeping {len(rows):,} of {total:,} rows", file=sys.stderr)
    write_table(rows, args.output)
    if picture is not None:
        save_picture(picture(rows), args.plot)
    seconds = time.perf_counter() - began
    if args.json:
        print_json(_document(args, rows, total, seconds))
    else:
        _print(args, lines, rows, seconds)
    return 0


def _grid(args: argparse.Namespace) -> tuple[Grid, list[str]]:
    """Return the instances, and lines about them."""
    given: dict[str, Any] = {}
    if args.variance:
        given["variances"] = tuple(read_values("--variance", args.variance, low=1e-100, high=1e100))
    if args.alpha:
        given["alphas"] = tuple(read_values("--alpha", args.alpha, low=-1, high=1))
    drawn = {"--players": args.players, "--costs": args.costs, "--seeds": args.seeds}
    flags = [flag for flag, value in drawn.items() if value is not None]
    if args.instance is not None and flags:
        raise InputError(flags[0], "is for players that are drawn", "drop it, or drop INSTANCE")
    if not flags:
        instance, lines = load_instance(args.instance, DataCoalition.kind)
        assert isinstance(instance, DataCoalition)
        own = {"alphas": (instance.alpha,), "variances": (instance.variance,)}
        return Grid(instance=instance, **(own | given)), lines
    if args.players:
        sizes = read_values("--players", args.players, low=SIZES[0], high=SIZES[-1], integer=True)
        given["players"] = tuple(int(n) for n in sizes)
    if args.costs:
        given["costs"] = tuple(dict.fromkeys(args.costs))
    return Grid(seeds=tuple(range(args.seed, args.seed + (args.seeds or 1))), **given), []


Picture = Callable[[Sequence[Mapping[str, Any]]], "Figure"]


def _picture(args: argparse.Namespace, grid: Grid) -> Picture | None:
    """Return what draws the picture from the rows; `InputError` if this sweep has none such, before it begins."""
    if args.plot is None:
        if args.picture is not None:
            raise InputError("--picture", "is given without --plot", "say where to draw it: --plot FILE.png")
        return None
    check_picture(args.plot)
    kind = args.picture or ("growth" if len(grid.players) >= 3 and grid.instance is None else "sizes")
    if kind == "growth":
        if len(grid.players) < 3 or grid.instance is not None:
            raise InputError(
                "--picture", "growth needs three sizes at least", "give --players, for example 10:1000:7:log"
            )
        if len(grid.variances) > 1 or len(grid.costs) > 1:
            raise InputError("--picture", "growth is drawn for one variance and one cost profile", "give one of each")
        return lambda rows: _growth(rows, args.stability[0])
    crowd, most = grid.one_crowd, MOST_DRAWN if kind == "sizes" else MOST_MAPPED
    if crowd is None:
        raise InputError("--picture", f"{kind} is of one set of players in one regime", "give one size, seed and alpha")
    if crowd.num_players > most:
        raise InputError("--picture", f"{kind} is drawn for at most {most} players, not {crowd.num_players}",
                         "take fewer, or drop --plot")  # fmt: skip
    return lambda rows: _equilibria(crowd, kind, args.stability[0])


def _growth(rows: Sequence[Mapping[str, Any]], stability: str) -> Figure:
    from mcsopt.report.coalition_figures import growth_figure

    return growth_figure(rows, growth_exponents(rows), stability=stability)


def _equilibria(players: DataCoalition, kind: str, stability: str) -> Figure:
    from mcsopt.report.coalition_figures import equilibrium_size_figure, stability_map

    return equilibrium_size_figure(players) if kind == "sizes" else stability_map(players, stability=stability)


def _document(
    args: argparse.Namespace, rows: Sequence[Mapping[str, Any]], total: int, seconds: float
) -> dict[str, Any]:
    return {
        "output": args.output,
        "plot": args.plot,
        "rows": len(rows),
        "complete": len(rows) == total,
        "statuses": dict(sorted(Counter(row["stable_status"] for row in rows).items())),
        "price_cost": [min(row["price_cost"] for row in rows), max(row["price_cost"] for row in rows)],
        "growth": [asdict(growth) for growth in growth_exponents(rows)],
        "seconds": round(seconds, 6),
        "versions": versions(),
    }


def _print(args: argparse.Namespace, lines: list[str], rows: Sequence[Mapping[str, Any]], seconds: float) -> None:
    for line in lines:
        print(line)
    table = []
    for notion in dict.fromkeys(row["stability"] for row in rows):
        own = [row for row in rows if row["stability"] == notion]
        none = sum(row["stable_status"] == "INFEASIBLE" for row in own)
        proved = sum(row["stable_status"] == "PROVED" for row in own)
        prices = sorted(row["price_cost"] for row in own)
        table.append(
            [notion, f"{len(own):,}", f"{proved:,}", f"{none:,}", f"{len(own) - none - proved:,}",
             number(prices[0]), number(prices[len(prices) // 2]), number(prices[-1])]
        )  # fmt: skip
    columns = ["stability", "rows", "best proved", "none exists", "open", "least price", "median", "greatest"]
    print_table(columns, table, title="price of stability (social cost)", numbers=True)
    growth = [
        [g.quantity.replace("_", " "), g.stability, f"{g.alpha:g}", f"{g.fitted:+.3f}", f"{g.theory:+.3f}",
         "–" if g.shows_from is None else f"{g.shows_from:,}"]
        for g in growth_exponents(rows)
    ]  # fmt: skip
    if growth:
        columns = ["quantity", "stability", "alpha", "fitted exponent", "theorem", "shows from n"]
        print_table(columns, growth, title="growth with the number of players")
    print(f"wrote {args.output} ({len(rows):,} rows, {seconds:.1f} s)")
    if args.plot is not None:
        print(f"wrote {args.plot}")
