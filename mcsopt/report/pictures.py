"""Which pictures a problem has: of one plan, and of the instance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcsopt.problems import CentralCoalition, Knapsack, OfflineWelfare, Problem, Route, StableCoalition, WorkerPath
from mcsopt.report.burden_figures import coalition_burden_figure
from mcsopt.report.coalition_figures import equilibrium_size_figure, stability_map
from mcsopt.report.gap_figures import gap_figure, outcome, trace_figure
from mcsopt.report.market_figures import market_map, risk_and_budget_figure
from mcsopt.report.packing_figures import packing_figure
from mcsopt.report.path_figures import path_comparison, path_map, path_schedule
from mcsopt.report.words import best_of
from mcsopt.verification import Certificate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SIZES, MOST_MAPPED = 20, 9
"""Most players whose coalitions are all drawn: by size, and one line each."""

MOST_LISTED = 40
"""Most tasks of a path that a text alternative lists."""


@dataclass(frozen=True)
class Picture:
    """A figure still to be drawn.

    Attributes
    ----------
    caption : str
        What a reader sees below it.
    label : str
        What it shows, for readers who do not see it.
    draw : callable
        Draws it.
    """

    caption: str
    label: str
    draw: Callable[[], Figure]


def overview(certificates: Sequence[Certificate]) -> list[Picture]:
    """Return the pictures of all plans together."""
    plans = [certificate.plan for certificate in certificates]
    bound, most, lines = certificates[0].dual_bound, 12, 6
    said = "; ".join(f"{certificate.plan.method}: {outcome(certificate)}" for certificate in certificates[:most])
    traced = [plan for plan in plans if plan.trace]
    found = [
        Picture(
            "Each plan against the proved bound." if bound is not None else "What each plan is worth.",
            f"Bars of the objectives. {said}.",
            lambda: gap_figure(certificates[:most]),
        )
    ]
    if len(certificates) > most:
        found[0] = Picture(f"The first {most} plans of {len(certificates)}.", found[0].label, found[0].draw)
    if traced:
        without = [plan.method for plan in plans if not plan.trace]
        others = " and others" if len(without) > lines else ""
        missing = f" No trace: {', '.join(without[:lines])}{others}." if without else ""
        steps = "; ".join(f"{p.method}: {len(p.trace)} steps to {p.trace[-1].potential:,.2f}" for p in traced[:lines])
        found.append(
            Picture(
                "The potential after each step that a heuristic accepted"
                + (f", for the first {lines} of {len(traced)} that left a trace." if len(traced) > lines else ".")
                + missing,
                f"Step lines of the potential. {steps}.",
                lambda: trace_figure(traced[:lines], dual_bound=bound),
            )
        )  # fmt: skip
    return found + _beside_the_optimum(certificates)


def _beside_the_optimum(certificates: Sequence[Certificate]) -> list[Picture]:
    """Return the best path of several beside a better one that the search for a bound has found, if it has."""
    best, bound = best_of(certificates), certificates[0].bound
    if best is None or bound is None or bound.solution is None or not isinstance(best.plan.problem, WorkerPath):
        return []
    plan, problem = best.plan, best.plan.problem
    assert plan.objective is not None
    if bound.objective is None or bound.objective <= plan.objective:
        return []
    name = "optimal" if certificates[0].optimum is not None else f"best known ({bound.method})"
    paths = {plan.method: plan.solution, name: bound.solution}
    shared = len(set(plan.solution.nodes) & set(bound.solution.nodes))
    label = f"Two maps: {plan.method} visits {len(plan.solution.nodes)} tasks worth {plan.objective:,.2f}, the " \
        f"{name} path {len(bound.solution.nodes)} worth {bound.objective:,.2f}; {shared} are on both."  # fmt: skip
    return [Picture(f"The best path here, and the {name} one.", label, lambda: path_comparison(problem, paths))]


def of_plan(problem: Problem[Any], solution: Any) -> list[Picture]:
    """Return the pictures of one plan; none for a problem that has no pictures."""
    if isinstance(problem, OfflineWelfare):
        served = sum(map(bool, solution.sets))
        hired = len({worker for workers in solution.sets for worker in workers})
        tasks = problem.instance.num_tasks
        return [
            Picture(
                "Who serves which task.", f"Map: {served} of {tasks} tasks served by {hired} workers.",
                lambda: market_map(problem, solution),
            ),
            Picture(
                "Risks and payments of the served tasks against their limits.",
                f"Quality risk, mismatch risk and share of the budget spent, for {served} served tasks.",
                lambda: risk_and_budget_figure(problem, solution),
            ),
        ]  # fmt: skip
    if isinstance(problem, Knapsack):
        label = f"Value against weight: {len(solution.items)} of {problem.instance.num_items} items taken."
        return [Picture("Items taken and left.", label, lambda: packing_figure(problem, solution))]
    if isinstance(problem, WorkerPath):
        return _of_path(problem, solution)
    if isinstance(problem, StableCoalition | CentralCoalition):
        label = f"Burdens and privacy levels: {len(solution.members)} of {problem.instance.num_players} are members."
        return [Picture("What each player bears.", label, lambda: coalition_burden_figure(problem, solution))]
    return []


def _of_path(problem: WorkerPath, solution: Route) -> list[Picture]:
    listed = ", ".join(map(str, solution.nodes[:MOST_LISTED])) + (", ..." if len(solution.nodes) > MOST_LISTED else "")
    way = f"start, {listed}" if solution.nodes else "start only"
    late = len({v.where for v in problem.violations(solution)})
    visited = f"{len(solution.nodes)} of {problem.instance.num_tasks} tasks visited"
    broken = f"; {late} of its nodes are reached too late" if late else ""
    return [
        Picture("Where the path leads.", f"Map: {visited}, in the order {way}{broken}.",
                lambda: path_map(problem, solution)),
        Picture("When each task is reached, waited for and served, against its window.",
                f"Time chart of the path: {visited}{broken}; the horizon is {problem.instance.horizon:g}.",
                lambda: path_schedule(problem, solution)),
    ]  # fmt: skip


def of_instance(problem: Problem[Any]) -> list[Picture]:
    """Return the pictures of the instance that no plan changes."""
    if not isinstance(problem, StableCoalition):
        return []
    data, found = problem.instance, []
    if data.num_players <= MOST_SIZES:
        label = "Steps: largest stable size against sigma, for Nash and for robust stability."
        caption = "The largest stable coalition if σ were another."
        found.append(Picture(caption, label, lambda: equilibrium_size_figure(data, narrow=True)))
    if data.num_players <= MOST_MAPPED:
        label = f"One line for each coalition that is {problem.stability}-stable for some variance."
        caption = "Where each coalition is stable; the dashed line is this instance."
        found.append(Picture(caption, label, lambda: stability_map(data, stability=problem.stability, narrow=True)))
    return found
