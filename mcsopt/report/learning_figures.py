"""Pictures of a learner: what its policy was worth as it learned, and where it still errs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mcsopt.errors import InputError
from mcsopt.report.style import FAINT, IDLE, INK, VERMILLION, new_figure, note, series, styled
from mcsopt.solvers.policy_errors import PolicyErrors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST = 1e-3
"""Share of the total cost below which an error is not drawn as one."""


class Judged(Protocol):
    """A checkpoint of a learner, such as `mcsopt.heuristics.dqn_training.Checkpoint`."""

    @property
    def cpu_seconds(self) -> float:
        """Processor time until then."""

    @property
    def value(self) -> float:
        """Exact expected return of its policy."""


@styled
def learning_curve_figure(
    curves: Mapping[str, Sequence[Judged]], optimum: float, baselines: Mapping[str, float] | None = None
) -> Figure:
    """Draw the exact value of a learner's policy against processor time: thin as it went, bold the best so far.

    Parameters
    ----------
    curves : mapping of str to sequence of Checkpoint
        By the name of the run.
    optimum : float
        Proved optimum.
    baselines : mapping of str to float, optional
        Values of other policies.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(3.9)
    axis = figure.subplots()
    if not any(curves.values()):
        note(axis, "nothing was judged")
        return figure
    axis.axhline(optimum, color=INK, linewidth=1.2, label="proved optimum")
    for name, value in (baselines or {}).items():
        axis.axhline(value, color=IDLE, linewidth=1.0, linestyle="--")
        axis.annotate(
            name, (1.0, value), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=IDLE, fontsize=9
        )
    for position, (name, curve) in enumerate(curves.items()):
        color, _ = series(position)
        seconds, worth = [c.cpu_seconds for c in curve], np.array([c.value for c in curve])
        axis.plot(seconds, worth, color=color, linewidth=0.7, alpha=0.6)
        axis.plot(seconds, np.maximum.accumulate(worth), color=color, drawstyle="steps-post", label=name)
    axis.set(xlabel="CPU seconds of learning", ylabel="exact value of the policy")
    axis.grid(color=FAINT)
    figure.legend(loc="outside upper left", ncols=3, columnspacing=1.0, handletextpad=0.4)
    return figure


@styled
def error_map_figure(
    errors: PolicyErrors, across: np.ndarray, upward: np.ndarray, *, across_label: str, upward_label: str
) -> Figure:
    """Draw the states that a policy visits, and where it errs: the area of a mark is what the error costs.

    Parameters
    ----------
    errors : PolicyErrors
    across, upward : array of float, shape (num_states,)
        Where each state is drawn.
    across_label, upward_label : str
        What these are.

    Returns
    -------
    matplotlib.figure.Figure
        Errors below a thousandth of the whole cost are drawn as visited states; the title gives the whole cost.
    """
    n = len(errors.cost)
    for name, place in (("across", across), ("upward", upward)):
        if np.shape(place) != (n,):
            raise InputError(name, f"has shape {np.shape(place)}", f"give one number for each of the {n} states")
    figure = new_figure(4.2)
    axis = figure.subplots()
    lost = float(errors.cost.sum())
    wrong = errors.cost > SMALLEST * max(lost, 1e-12 * abs(errors.optimum))
    visited = (errors.visits > 0) & ~wrong
    axis.scatter(across[visited], upward[visited], s=4, c=IDLE, linewidths=0, rasterized=True, label="visited")
    if wrong.any():
        share = errors.cost[wrong] / errors.cost[wrong].max()
        axis.scatter(
            across[wrong], upward[wrong], s=6 + 160 * share, c=VERMILLION, alpha=0.55, linewidths=0,
            label=f"errors ({int(wrong.sum()):,})",
        )  # fmt: skip
    axis.set(xlabel=across_label, ylabel=upward_label)
    axis.grid(color=FAINT)
    part = f", {100 * lost / abs(errors.optimum):.2g} % of the optimum" if errors.optimum else ""
    axis.set_title(f"errors cost {lost:.4g}{part}")
    figure.legend(loc="outside upper left", ncols=2, columnspacing=1.0, handletextpad=0.4)
    return figure
