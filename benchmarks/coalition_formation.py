"""How much of the best partition's gain coalition formation keeps: Algorithm 4, printed and repaired, and merging.

    python -m benchmarks.coalition_formation [--games 100] [--runs 20]

A game of M owners is drawn, the best partition computed; each heuristic starts from everybody alone. The share kept is
``(value reached - value alone) / (best value - value alone)``, so that 0 is doing nothing.
"""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from mcsopt.data.coalition_games import VALUES, coalition_game
from mcsopt.heuristics import coalition_formation, greedy_merge
from mcsopt.problems import CoalitionStructure
from mcsopt.problems.partition_games import EqualSurplus, stable_partitions
from mcsopt.solvers import solve

SIZES = (4, 6, 8)
THRESHOLDS = (None, 0.35)
LISTED = 6
"""Most players whose stable partitions are listed."""


def shares(problem: CoalitionStructure, best: float, runs: int) -> dict[str, list[float]]:
    """Return the shares kept by each heuristic; several runs of those that draw."""
    alone = problem.evaluate(problem.empty_solution())

    def kept(value: float | None) -> float:
        assert value is not None
        return (value - alone) / (best - alone)

    found = {
        f"{variant}, {rule}": [
            kept(coalition_formation(problem, seed=seed, variant=variant, rule=rule).objective) for seed in range(runs)
        ]
        for variant in ("printed", "repaired")
        for rule in ("pareto", "sum")
    }
    return found | {"greedy-merge": [kept(greedy_merge(problem).objective)]}


def main() -> None:
    """Draw the games and print one row for each family, number of owners and compatibility."""
    parser = argparse.ArgumentParser(prog="benchmarks.coalition_formation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--runs", type=int, default=20, help="seeds of each heuristic that draws")
    arguments = parser.parse_args()
    table = Table(title=f"share of the best gain kept, mean (and how often all); {arguments.games} games a row")
    names = ["printed, pareto", "printed, sum", "repaired, pareto", "repaired, sum", "greedy-merge"]
    for column in ("values", "M", "eps2", *names, "stable partitions", "worst stable"):
        table.add_column(column)
    for values in VALUES:
        for players in SIZES:
            for threshold in THRESHOLDS:
                table.add_row(*_row(values, players, threshold, names, arguments.games, arguments.runs))
    Console(width=180).print(table)


def _row(values: str, players: int, threshold: float | None, names: list[str], games: int, runs: int) -> list[str]:
    kept: dict[str, list[float]] = {name: [] for name in names}
    counts, worst = [], []
    for seed in range(games):
        problem = CoalitionStructure(coalition_game(players, values, seed, threshold=threshold))
        best = solve(problem).objective
        alone = problem.evaluate(problem.empty_solution())
        assert best is not None
        if best <= alone + 1e-9:
            continue  # nothing to gain
        for name, found in shares(problem, best, runs).items():
            kept[name] += found
        if players <= LISTED:
            stable = stable_partitions(EqualSurplus(problem.instance))
            counts.append(len(stable))
            worst.append(min((problem.evaluate(partition) - alone) / (best - alone) for partition in stable))
    cells = [f"{np.mean(kept[name]):.2f} ({np.mean(np.array(kept[name]) > 1 - 1e-9):.0%})" for name in names]
    listed = [f"{np.mean(counts):.1f}", f"{np.mean(worst):.2f}"] if counts else ["", ""]
    return [values, str(players), "none" if threshold is None else f"{threshold:g}", *cells, *listed]


if __name__ == "__main__":
    main()
