"""A picture of a packing: which items were taken, by value and weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mcsopt.problems import Knapsack, Packing
from mcsopt.report.style import BLUE, CROWD, FAINT, IDLE, INK, new_figure, note, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def critical_ratio(problem: Knapsack) -> float | None:
    """Return the value per weight of the item that, taken by decreasing ratio, is the first not to fit whole.

    The fractional optimum takes what has more and leaves what has less (Dantzig 1957). None if everything fits.
    """
    weight, value = problem.instance.weight, problem.instance.value
    heavy = np.flatnonzero(weight > 0)
    ratio = value[heavy] / weight[heavy]
    order = np.argsort(-ratio, kind="stable")
    beyond = np.flatnonzero(np.cumsum(weight[heavy][order]) > problem.capacity)
    return float(ratio[order[beyond[0]]]) if len(beyond) else None


@styled
def packing_figure(problem: Knapsack, solution: Packing) -> Figure:
    """Draw the value of each item against its weight, those taken filled.

    Parameters
    ----------
    problem : Knapsack
    solution : Packing
        Feasible or not.

    Returns
    -------
    matplotlib.figure.Figure
        The line is the critical ratio: the fractional optimum takes the items above it and leaves those below. Beyond
        3,000 items, the marks are a bitmap.
    """
    instance = problem.instance
    figure = new_figure(3.9)
    axis = figure.subplots()
    if not instance.num_items:
        note(axis, "the knapsack has no items to choose from")
        return figure
    taken = np.zeros(instance.num_items, dtype=bool)
    taken[list(solution.items)] = True
    size = float(np.clip(3e3 / instance.num_items, 2.0, 30.0))
    bitmap = instance.num_items > CROWD
    axis.scatter(
        instance.weight[~taken], instance.value[~taken], s=size, facecolors="none", edgecolors=IDLE, linewidths=0.9,
        rasterized=bitmap, label=f"left ({int((~taken).sum()):,})",
    )  # fmt: skip
    axis.scatter(
        instance.weight[taken], instance.value[taken], s=size, c=BLUE, rasterized=bitmap,
        label=f"taken ({int(taken.sum()):,})",
    )  # fmt: skip
    ratio = critical_ratio(problem)
    if ratio is not None:
        axis.axline((0, 0), slope=ratio, color=INK, linestyle="--", linewidth=1.2, label=f"critical ratio {ratio:.4g}")
    top, right = 1.05 * float(instance.value.max()), 1.05 * float(instance.weight.max())
    axis.set(xlim=(0, right or 1.0), ylim=(0, top or 1.0), xlabel="weight", ylabel="value")
    axis.grid(color=FAINT)
    used = float(instance.weight[taken].sum())
    axis.set_title(f"weight {used:,.6g} of {instance.capacity:,.6g}")
    figure.legend(loc="outside upper left", ncols=3, columnspacing=1.0, handletextpad=0.4)
    return figure
