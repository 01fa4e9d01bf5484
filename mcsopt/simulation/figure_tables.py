"""Figures 3 to 6 of the two-stage paper as experiments: which sizes, which rows, and the table behind each picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcsopt.errors import InputError
from mcsopt.result import Sense, is_proved, relative_gap
from mcsopt.simulation.attack_rows import attack_rows
from mcsopt.simulation.execution import Policy
from mcsopt.simulation.experiment import Job, Rows, Setting, welfare_rows
from mcsopt.simulation.rationality_rows import rationality_rows
from mcsopt.simulation.run_store import Key
from mcsopt.simulation.summary import summarise

SCALES = ((20, 120), (40, 160), (60, 220), (80, 300))
"""Tasks and workers; the paper does not say how many workers come with 60 tasks."""
CROWD_TASKS = 60
CROWDS = (140, 180, 220, 260, 300)
"""Workers beside 60 tasks; the paper shows no numbers on this axis."""

KINDS: dict[str, Rows] = {"welfare": welfare_rows, "attacks": attack_rows, "rationality": rationality_rows}


@dataclass(frozen=True)
class FigurePlan:
    """One figure of the paper.

    Attributes
    ----------
    number : int
    kind : str
        Of `KINDS`: what is computed for each seed.
    sizes : tuple of (int, int)
        Tasks and workers.
    title : str
    """

    number: int
    kind: str
    sizes: tuple[tuple[int, int], ...]
    title: str


FIGURES: dict[int, FigurePlan] = {
    plan.number: plan
    for plan in (
        FigurePlan(3, "welfare", tuple(dict.fromkeys((*((CROWD_TASKS, w) for w in CROWDS), *SCALES))),
                   "social welfare, utilities of tasks and workers, task completion rate"),
        FigurePlan(4, "welfare", SCALES, "running time, messages, latency, energy"),
        FigurePlan(5, "attacks", ((40, 160),), "what adversaries learn from one snapshot and from many"),
        FigurePlan(6, "rationality", ((40, 160),), "payments beside budgets and costs, risks of contracts"),
    )
}  # fmt: skip

SHARES = ("SW/bound", "planned/plan_bound", "repair/repair_bound")
"""Welfare as a share of what is certified to be the most: of two stages, of the contracts, of the repair."""
WELFARE = (
    "SW", "TU", "WU", "TCR", "SW_letter", "planned", "unmet", "restored", "contracted", "recruited", "spent", "QRisk",
    "QRisk_max", "PRisk", "PRisk_max", "PRisk_pair", "over_risk", "over_budget", "below_cost",
)  # fmt: skip
OVERHEAD = tuple(
    f"{name}{stage}"
    for name in ("RT", "rounds", "NI", "IL", "IEC", "IL_letter", "IEC_letter")
    for stage in ("", "_offline", "_online")
)


def figure_plan(number: int) -> FigurePlan:
    """Return a figure by its number; `InputError` if the paper has no such experiment."""
    if number not in FIGURES:
        raise InputError("--figure", f"is {number}", f"use one of {', '.join(map(str, FIGURES))}")
    return FIGURES[number]


def jobs(
    plan: FigurePlan, seeds: Iterable[int], policy: Policy, *, trips: str | None = None, area: int | None = None
) -> dict[Key, Job]:
    """Return the jobs of a figure by their keys, seed by seed, so that what is done first covers every size."""
    return {
        (plan.kind, tasks, workers, seed): (KINDS[plan.kind], Setting(tasks, workers, trips, area), seed, policy)
        for seed in seeds
        for tasks, workers in plan.sizes
    }


def figure_table(plan: FigurePlan, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the table behind a figure: of each size, method and metric the mean over seeds with its interval.

    Parameters
    ----------
    plan : FigurePlan
    rows : sequence of Mapping
        Of all its jobs.

    Returns
    -------
    list of dict
        The columns of `summarise`; for welfare also the share of the certified bound, `SHARES`.
    """
    if plan.kind == "welfare":
        metrics = (*WELFARE, *SHARES) if plan.number == 3 else OVERHEAD
        return summarise(map(_with_shares, rows), ("tasks", "workers", "method"), metrics)
    limit = "expected" if plan.kind == "attacks" else "limit"
    renamed = [{**row, "panel": row["metric"]} for row in rows]
    found = summarise(renamed, ("tasks", "workers", "panel", "method", "x"), ("value", limit))
    return [{**row, "metric": row["panel"], "of": row["metric"]} for row in found]


def _with_shares(row: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(row)
    for share in SHARES:
        value, bound = (row.get(name) for name in share.split("/"))
        found[share] = None if value is None or bound is None or bound <= 0 else value / bound
    return found


def proof_table(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how much of the welfare bounds is proved: by size, seeds with a proved optimum and the widest gap.

    Returns
    -------
    list of dict
        ``tasks``, ``workers``, ``runs``; and of wait and see, of the optimal contracts, and of the ``repairs`` of all
        methods, as many as were bounded: how many are proved optimal, and the largest relative gap between the bound
        and what is known to be reached.
    """
    found = []
    for size in dict.fromkeys((row["tasks"], row["workers"]) for row in rows):
        own = [row for row in rows if (row["tasks"], row["workers"]) == size]
        ideal = [(row["bound_best"], row["SW"]) for row in own if row["method"] == "Wait-and-see"]
        plans = [(row["planned"], row["plan_bound"]) for row in own if row["method"] == "Optimal"]
        bounded = [row for row in own if row.get("repair_bound") is not None]
        repairs = [(row["repair_best"], row["repair_bound"]) for row in bounded]
        line: dict[str, Any] = {"tasks": size[0], "workers": size[1], "runs": len(ideal), "repairs": len(repairs)}
        for name, pairs in (("wait_and_see", ideal), ("contracts", plans), ("repairs", repairs)):
            gaps = [relative_gap(best, bound, Sense.MAX) for best, bound in pairs]
            line[f"{name}_proved"] = sum(map(is_proved, gaps))
            line[f"{name}_worst_gap"] = max((gap for gap in gaps if gap is not None), default=None)
        found.append(line)
    return found
