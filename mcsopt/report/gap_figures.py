"""Pictures of what was shown: objectives against the proved bound, and how heuristics got there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt.display import number
from mcsopt.errors import InputError
from mcsopt.report.style import (
    BLUE,
    FAINT,
    GREEN,
    IDLE,
    INK,
    VERMILLION,
    new_figure,
    note,
    plain_text,
    series,
    shortened,
    styled,
    whole_numbers,
)
from mcsopt.report.words import per_cent
from mcsopt.result import Result, Sense
from mcsopt.verification import Certificate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_STEPS = 500
"""Longer traces are drawn at so many of their steps, the first and the last among them."""


@styled
def gap_figure(certificates: Certificate | Sequence[Certificate]) -> Figure:
    """Draw the objective of each plan against the proved bound, with the gap beside it.

    Parameters
    ----------
    certificates : Certificate or sequence of Certificate
        Of one problem: from :func:`mcsopt.certify` or :func:`mcsopt.certify_equilibrium`.

    Returns
    -------
    matplotlib.figure.Figure
        One bar a plan, from zero. The bound is a stroke, the optimum, where it is proved, a diamond. A plan that breaks
        a constraint is hatched, as nothing is claimed of it.

    Raises
    ------
    InputError
        If there is no certificate, or matplotlib is not installed.
    """
    shown = [certificates] if isinstance(certificates, Certificate) else list(certificates)
    if not shown:
        raise InputError("certificates", "is empty", "give one at least")
    figure = new_figure(0.85 + 0.62 * len(shown))
    axis = figure.subplots()
    for row, certificate in enumerate(shown):
        _bar(axis, row, certificate)
    bounded = [(row, c.dual_bound) for row, c in enumerate(shown) if c.dual_bound is not None]
    if bounded:
        rows, bounds = (np.array(column, dtype=float) for column in zip(*bounded, strict=True))
        axis.vlines(bounds, rows - 0.06, rows + 0.42, color=VERMILLION, linewidth=2, label=_bound_name(shown[0]))
    optima = [(c.optimum, row + 0.18) for row, c in enumerate(shown) if c.optimum is not None]
    if optima:
        axis.plot(*zip(*optima, strict=True), "D", color=GREEN, markersize=5, linestyle="none", label="optimum, proved")
    axis.set(ylim=(len(shown) - 0.4, -0.62), yticks=[], xlabel=f"objective, to be {shown[0].plan.problem.sense}imised")
    axis.spines["left"].set_visible(False)
    axis.axvline(0, color=INK, linewidth=0.8)
    axis.margins(x=0.02)
    axis.grid(axis="x")
    if bounded or optima:
        figure.legend(loc="outside upper right", ncols=2)
    return figure


def _bound_name(certificate: Certificate) -> str:
    return "bound: none is above" if certificate.plan.problem.sense is Sense.MAX else "bound: none is below"


def _bar(axis: Axes, row: int, certificate: Certificate) -> None:
    """Draw one plan: name and outcome above its bar."""
    plan, where = certificate.plan, axis.get_yaxis_transform()
    if plan.objective is not None:
        how: Any = {"color": BLUE} if plan.feasible else {"facecolor": "none", "edgecolor": IDLE, "hatch": "////"}
        axis.barh(row + 0.18, plan.objective, height=0.42, **how)
    plain_text(axis, 0.0, row - 0.08, shortened(plan.method), transform=where, va="bottom", weight="bold")
    plain_text(axis, 1.0, row - 0.08, outcome(certificate), transform=where, va="bottom", ha="right")


def outcome(certificate: Certificate) -> str:
    """Return in a few words what was shown of a plan."""
    plan = certificate.plan
    if plan.solution is None:
        return "no plan"
    if not plan.feasible:
        broken = len(plan.violations)
        return f"breaks {broken:,} constraint{'s' if broken > 1 else ''}"
    if certificate.gap is not None:
        return f"{number(plan.objective, 2)}, gap {per_cent(certificate.gap)}"
    if certificate.regret is not None:
        return f"{number(plan.objective, 2)}, regret {number(certificate.regret, 2)}"
    return number(plan.objective, 2)


@styled
def trace_figure(results: Result | Sequence[Result], *, dual_bound: float | None = None) -> Figure:
    """Draw the potential after each accepted step of one or several heuristics.

    Parameters
    ----------
    results : Result or sequence of Result
        Those without a trace are named below the picture.
    dual_bound : float, optional
        A bound on the optimum, or the optimum, drawn as a line.

    Returns
    -------
    matplotlib.figure.Figure
        At most 500 steps of each are drawn, evenly spaced, the first and the last among them.
    """
    runs = [results] if isinstance(results, Result) else list(results)
    figure = new_figure(3.3)
    axis = figure.subplots()
    traced = [run for run in runs if run.trace]
    for position, run in enumerate(traced):
        _steps(axis, position, run)
    if not traced:
        note(axis, "no plan here left a trace of its steps")
        return figure
    if dual_bound is not None:
        axis.axhline(dual_bound, color=INK, linestyle="--", linewidth=1.2, label="bound")
    axis.set(xlabel="accepted step", ylabel="potential")
    axis.grid(color=FAINT)
    axis.margins(y=0.08)
    whole_numbers(axis.xaxis)
    without = [shortened(run.method, 18) for run in runs if not run.trace]
    if without:
        title = "without trace: " + ", ".join(without[:3]) + (" and others" if len(without) > 3 else "")
        axis.set_title(title, color=IDLE, fontsize=9, parse_math=False)
    for text in figure.legend(loc="outside upper left", ncols=2).get_texts():
        text.set_parse_math(False)
    return figure


def _steps(axis: Axes, position: int, run: Result) -> None:
    color, marker = series(position)
    potential = np.array([step.potential for step in run.trace])
    drawn = np.unique(np.linspace(0, len(potential) - 1, min(len(potential), MOST_STEPS)).round().astype(int))
    every = max(1, len(drawn) // 8)
    linewidth = max(1.0, 3.2 - 0.7 * position)  # thinner and thinner, so that curves which coincide show each other
    axis.plot(
        drawn + 1, potential[drawn], color=color, linewidth=linewidth, marker=marker, markersize=5, markevery=every,
        drawstyle="steps-post", label=shortened(run.method, 22),
    )  # fmt: skip
