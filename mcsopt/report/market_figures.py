"""Pictures of a crowdsensing plan: who serves whom, where, at which risk and for how much of the budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt import tolerances
from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket
from mcsopt.report.style import (
    BLUE,
    CROWD,
    FAINT,
    IDLE,
    INK,
    PAPER,
    SKY,
    VERMILLION,
    new_figure,
    note,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 60
"""More tasks are drawn as curves over the sorted tasks, not as a row each."""
MOST_POINTS = 400


@styled
def market_map(problem: OfflineWelfare, solution: Assignment) -> Figure:
    """Draw where tasks and workers are, and who serves which task.

    Parameters
    ----------
    problem : OfflineWelfare
    solution : Assignment
        Feasible or not.

    Returns
    -------
    matplotlib.figure.Figure
        Served tasks are squares, joined to their workers by lines; unserved tasks crosses; idle workers small and
        grey. A market without positions is laid out by its plan instead: tasks on a grid, in the order of their
        indices, each with its workers on a ring around it, and the idle workers in rows below.

    Notes
    -----
    Marks shrink with their number. Beyond 3,000 tasks and workers they are drawn as a bitmap of limited size.
    """
    market = problem.instance
    placed = _positions(market)
    task_xy, worker_xy = placed or _laid_out(market, solution)
    figure = new_figure(5.4)
    axis = figure.subplots()
    if not market.num_tasks:
        note(axis, "the market has no tasks")
        return figure
    served = np.array([bool(workers) for workers in solution.sets])
    task, worker = _contracts(solution)
    hired = np.zeros(market.num_workers, dtype=bool)
    hired[worker] = True
    crowd = market.num_tasks + market.num_workers
    size = float(np.clip(6e3 / max(crowd, 1), 1.5, 34.0))
    bitmap = {"rasterized": crowd > CROWD}
    _lines(axis, task_xy[task], worker_xy[worker], float(np.clip(size / 20, 0.3, 1.3)), bitmap)
    rim = {"edgecolors": PAPER, "linewidths": 0.5, "zorder": 4}
    _dots(axis, worker_xy[~hired], "idle worker", s=0.4 * size, c=IDLE, marker=".", **bitmap)
    _dots(axis, worker_xy[hired], "contracted worker", s=0.7 * size, c=SKY, marker="o", **bitmap)
    _dots(axis, task_xy[served], "served task", s=max(1.5 * size, 5.0), c=BLUE, marker="s", **rim, **bitmap)
    _dots(axis, task_xy[~served], "unserved task", s=max(1.5 * size, 5.0), c=VERMILLION, marker="X", **rim, **bitmap)
    axis.set_aspect("equal", adjustable="datalim")
    if placed is None:
        axis.set(xticks=[], yticks=[], xlabel="no positions given: laid out by the plan")
        axis.spines[:].set_visible(False)
    else:
        axis.set(xlabel="x", ylabel="y")
        axis.grid(color=FAINT)
    figure.legend(loc="outside upper left", ncols=2, markerscale=max(1.0, (12 / size) ** 0.5))
    return figure


def _positions(market: SensingMarket) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the positions of tasks and workers, shapes (I, 2) and (J, 2); None if the market lacks any."""
    given = [
        column for column in (market.task_x, market.task_y, market.worker_x, market.worker_y) if column is not None
    ]
    return (np.column_stack(given[:2]), np.column_stack(given[2:])) if len(given) == 4 else None


def _laid_out(market: SensingMarket, solution: Assignment) -> tuple[np.ndarray, np.ndarray]:
    """Return positions for a market without: tasks on a grid, their workers around them, the idle in rows below."""
    across = max(1, math.ceil(math.sqrt(market.num_tasks)))
    grid = np.arange(market.num_tasks)
    task_xy = np.column_stack([grid % across, -(grid // across)]).astype(float)
    worker_xy = np.full((market.num_workers, 2), np.nan)
    for (x, y), workers in zip(task_xy, solution.sets, strict=True):
        angle = np.pi / 2 + 2 * np.pi * np.arange(len(workers)) / max(len(workers), 1)
        worker_xy[list(workers)] = np.column_stack([x + 0.32 * np.cos(angle), y + 0.32 * np.sin(angle)])
    idle = np.flatnonzero(np.isnan(worker_xy[:, 0]))
    each = max(1, 4 * across)
    place = np.arange(len(idle))
    below = float(task_xy[:, 1].min(initial=0.0)) - 0.8
    worker_xy[idle] = np.column_stack([place % each / 4 - 0.375, below - place // each / 4])
    return task_xy, worker_xy


def _contracts(solution: Assignment) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(task, worker) for task, workers in enumerate(solution.sets) for worker in workers]
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _lines(axis: Axes, start: np.ndarray, end: np.ndarray, width: float, how: dict[str, Any]) -> None:
    from matplotlib.collections import LineCollection

    lines = np.stack([start, end], axis=1)
    axis.add_collection(LineCollection(list(lines), colors=BLUE, linewidths=width, alpha=0.6, **how))


def _dots(axis: Axes, at: np.ndarray, label: str, **how: Any) -> None:
    if len(at):
        axis.scatter(at[:, 0], at[:, 1], label=f"{label} ({len(at):,})", **how)


@styled
def risk_and_budget_figure(problem: OfflineWelfare, solution: Assignment) -> Figure:
    """Draw, for each task, its quality risk, its mismatch risk and what it spends, against their limits.

    Parameters
    ----------
    problem : OfflineWelfare
    solution : Assignment
        Feasible or not.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels, two where the market has no intent prior: ``Pr(Q_i < Q_i^D)`` against ``rho1``, the greatest
        mismatch risk of its workers against ``rho2``, its payments as a share of its budget. Up to 60 served tasks
        have a row each; more are sorted by each quantity and drawn as curves of at most 400 points.

    Raises
    ------
    TooLarge
        If a task has more than 24 workers, whose risk is not evaluated.
    """
    market = problem.instance
    served = np.array([task for task, workers in enumerate(solution.sets) if workers], dtype=np.int64)
    rows = len(served) <= MOST_ROWS
    figure = new_figure(1.4 + 0.16 * len(served) if rows else 3.4)
    if not len(served):
        note(figure.subplots(), "no task is served:\nthere is no risk and no payment to draw")
        return figure
    panels = _panels(problem, solution, served)
    axes = figure.subplots(1, len(panels), sharey=rows, squeeze=False)[0]
    for axis, (title, values, limit, slack) in zip(axes, panels, strict=True):
        over = values > limit + slack
        axis.set_title(f"{title}\nlimit {limit:g}" + (f"\n{int(over.sum()):,} beyond" if over.any() else ""))
        _limit(axis, values, limit, sideways=not rows)
        (_rows if rows else _curve)(axis, values, over)
    share = f"{len(served):,} of {market.num_tasks:,} tasks are served"
    if rows:
        axes[0].set_yticks(range(len(served)), [str(task) for task in served], fontsize=9)
        axes[0].set(ylim=(len(served) - 0.4, -0.6), ylabel="task")
        figure.supxlabel(share, fontsize=10)
    else:
        figure.supxlabel(f"{share}; sorted, in per cent of them", fontsize=10)
    return figure


def _panels(
    problem: OfflineWelfare, solution: Assignment, served: np.ndarray
) -> list[tuple[str, np.ndarray, float, float]]:
    """Return title, values of the served tasks, limit and tolerance of each panel."""
    market = problem.instance
    pairs = {task: problem.pairs(task, solution.sets[task]) for task in served}
    risk = np.array([problem.set_risk(task, solution.sets[task]) for task in served])
    found = [("quality risk", risk, market.quality_risk, tolerances.RISK)]
    if market.intent_prior is not None:
        mismatch = np.array([problem.mismatch_risk[pairs[task]].max() for task in served])
        found.append(("mismatch risk", mismatch, market.mismatch_risk, tolerances.RISK))
    paid = np.array([math.fsum(market.payment[pairs[task]].tolist()) for task in served])
    budget = market.budget[served]
    over = paid > budget + tolerances.MONEY
    # A budget of nothing, overspent, is drawn at the right end.
    share = np.divide(paid, budget, out=np.where(over, np.inf, 0.0), where=budget > 0)
    share = np.where(over, np.maximum(share, 1 + 2e-9), np.minimum(share, 1.0))
    found.append(("paid / budget", share, 1.0, 1e-9))
    return found


def _limit(axis: Axes, values: np.ndarray, limit: float, *, sideways: bool) -> None:
    """Draw the limit and choose the range, from zero to beyond limit and values; an infinite value goes to its end."""
    most = float(np.max(values[np.isfinite(values)], initial=limit))
    draw, scale = (axis.axhline, axis.set_ylim) if sideways else (axis.axvline, axis.set_xlim)
    draw(limit, color=INK, linestyle="--", linewidth=1.2)
    scale(0, 1.12 * most)
    np.minimum(values, 1.05 * most, out=values)
    axis.grid(color=FAINT)
    axis.locator_params(axis="y" if sideways else "x", nbins=3)


def _rows(axis: Axes, values: np.ndarray, over: np.ndarray) -> None:
    row = np.arange(len(values))
    axis.hlines(row, 0, values, color=FAINT, linewidth=2)
    axis.plot(values[~over], row[~over], "o", color=BLUE, markersize=5)
    axis.plot(values[over], row[over], "X", color=VERMILLION, markersize=7)


def _curve(axis: Axes, values: np.ndarray, over: np.ndarray) -> None:
    order = np.argsort(values, kind="stable")
    rank = np.linspace(0, 100, len(values))
    kept = np.unique(np.linspace(0, len(values) - 1, MOST_POINTS).round().astype(int))
    axis.plot(rank[kept], values[order][kept], color=BLUE)
    broken = kept[over[order][kept]]
    axis.plot(rank[broken], values[order][broken], "X", color=VERMILLION, markersize=5)
