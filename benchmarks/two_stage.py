"""Claims of the two-stage paper on generated markets: more workers, sampled planning, the pair's mismatch risk.

``python -m benchmarks.two_stage [--runs 20]``. For each seed one market of 40 tasks and 160 workers, PRIMER's budgets,
one report each (as ``mcsopt simulate``), and ASPIRE-Off. Deterministic but for the seconds it takes.
"""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from mcsopt.heuristics import aspire_off
from mcsopt.problems import OfflineWelfare
from mcsopt.problems.offline_welfare import expected_quality
from mcsopt.result import Termination
from mcsopt.simulation import Policy, Scenario, draw_scenario, execute, method
from mcsopt.simulation.experiment import Setting
from mcsopt.simulation.metrics import measure, mismatch_risks, quality_risks


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, metavar="R", help="seeds (default: 20)")
    runs = parser.parse_args().runs
    scenarios = [draw_scenario(Setting(40, 160).market(seed), seed=seed) for seed in range(runs)]
    _more_workers(scenarios)
    _sampled_planning(scenarios)
    _mismatch(scenarios)


def _print(title: str, columns: list[str], rows: list[list[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    Console(width=160).print(table)


def lowered(scenario: Scenario) -> tuple[int, int, int, int]:
    """Count what one more candidate does to the expected quality of each contracted set.

    Returns
    -------
    tuple of int
        Additions of another candidate tried; those that lower the expected quality; pairs of other candidates tried;
        and those that change it by more together than the sum of what each does alone: no diminishing returns.
    """
    run = execute(scenario, method("iParts"))
    problem, market = OfflineWelfare(run.market), run.market
    tried = fell = pairs = increasing = 0
    for task, workers in enumerate(run.plan.solution.sets):
        if not workers:
            continue  # whoever comes first raises the quality
        where = market.pairs_of(task)
        place = {int(j): p for p, j in enumerate(market.pair_worker[where], start=where.start) if problem.candidate[p]}

        def quality(extra: tuple[int, ...], task: int = task, workers: tuple[int, ...] = workers,
                    place: dict[int, int] = place) -> float:  # fmt: skip
            chosen = [*workers, *extra]
            at = [place[j] for j in chosen]
            return expected_quality(market.quality[at], market.arrival[chosen], float(market.redundancy[task]))

        own, others = quality(()), [j for j in place if j not in workers]
        gain = {j: quality((j,)) - own for j in others}
        tried += len(gain)
        fell += sum(rise < 0 for rise in gain.values())
        some = others[:12]
        for k, first in enumerate(some):
            for second in some[k + 1 :]:
                pairs += 1
                increasing += quality((first, second)) - own > gain[first] + gain[second] + 1e-12
    return tried, fell, pairs, increasing


def _more_workers(scenarios: list[Scenario]) -> None:
    tried, fell, pairs, increasing = np.sum([lowered(scenario) for scenario in scenarios], axis=0)
    _print(
        "Does quality rise with more workers, with diminishing returns? (sets of ASPIRE-Off)",
        ["what", "of", "count", "share"],
        [["one candidate more lowers expected quality", f"{tried:,}", f"{fell:,}", f"{fell / tried:.1%}"],
         ["two more change it by more than their sum", f"{pairs:,}", f"{increasing:,}", f"{increasing / pairs:.1%}"]],
    )  # fmt: skip


def _sampled_planning(scenarios: list[Scenario]) -> None:
    rows = []
    for samples in ("exact", "common", "fresh"):
        broken, plans, capped, share = 0, 0, 0, []
        for scenario in scenarios:
            run = execute(scenario, method("iParts"), Policy(samples=samples))
            over = measure(run)["over_risk"]
            broken, plans = broken + over, plans + (over > 0)
            capped += run.plan.termination is Termination.ROUNDS
            exact = aspire_off(OfflineWelfare(run.market))
            share.append(measure(run)["planned"] / exact.objective)
        rows.append([samples, f"{broken} tasks, {plans} of {len(scenarios)} plans", f"{capped} of {len(scenarios)}",
                     f"{np.mean(share):.4f}"])  # fmt: skip
    columns = ["samples", "break the limit", "stopped by the round limit", "planned welfare / exact run"]
    _print("How often does sampled planning (M = 200) break the risk limit in truth?", columns, rows)


def _mismatch(scenarios: list[Scenario]) -> None:
    ratio: list[float] = []
    pair: list[float] = []
    false: list[bool] = []
    below: list[bool] = []
    for scenario in scenarios:
        run = execute(scenario, method("iParts"))
        found, quality = mismatch_risks(run), quality_risks(run)
        ratio += found.values()
        below += [quality[i] < risk for (i, _), risk in found.items()]
        for (i, j), risk in mismatch_risks(run, pair=True).items():
            pair.append(risk)
            false.append(not scenario.intents[j, i])
    _print("The intent-mismatch risk of contracts, limit 0.2", ["reading", "mean", "max", "above the limit"], [
        [name, f"{np.mean(risks):.4f}", f"{max(risks):.4f}", f"{np.mean(np.array(risks) > 0.2):.1%}"]
        for name, risks in (("(24): (1 - phi) / I", ratio), ("posterior that the intent is false", pair))
    ] + [["intents truly false", f"{np.mean(false):.4f}", "", ""],
         ["contracts whose task has a QRisk below (24)", f"{np.mean(below):.1%}", "", ""]])  # fmt: skip


if __name__ == "__main__":
    main()
