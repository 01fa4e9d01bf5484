"""Pictures of data coalitions: equilibria over the variance, and growth with the number of players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.problems import DataCoalition, StableCoalition
from mcsopt.report.style import BLUE, INK, PAPER, WIDTH, new_figure, series, styled
from mcsopt.solvers.coalition_enumeration import all_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NOTIONS = ("nash", "robust")


def largest_equilibrium(size: np.ndarray, stay: np.ndarray, entry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest size of a stable coalition as a step function of the variance.

    Parameters
    ----------
    size, stay, entry : array, shape (m,)
        Coalition j has ``size[j]`` members and is stable for variances in ``[stay[j], entry[j])``.

    Returns
    -------
    start : array of float
        Where each step begins; the last one reaches to infinity, before the first nothing is stable.
    largest : array of int
        Largest stable size on each step, 0 where none is stable.
    """
    real = stay < entry
    size, stay, entry = size[real], stay[real], entry[real]
    ends = np.unique(np.concatenate([stay, entry[np.isfinite(entry)]]))
    largest = np.array([np.max(size[(stay <= at) & (at < entry)], initial=0) for at in ends], dtype=np.int64)
    keep = np.concatenate([[True], np.diff(largest) != 0]) if len(ends) else np.zeros(0, dtype=bool)
    return ends[keep], largest[keep]


@styled
def equilibrium_size_figure(
    instance: DataCoalition, *, most_sigma: float | None = None, narrow: bool = False
) -> Figure:
    """Plot the largest equilibrium size against sigma, both notions, with exact interval ends (figure 1).

    Parameters
    ----------
    instance : DataCoalition
        Its variance plays no part; n <= 20.
    most_sigma : float, optional
        Right end of the axis; default: a fifth beyond the last change.
    narrow : bool
        Put the two notions below each other, for a column or a phone.

    Returns
    -------
    matplotlib.figure.Figure
        A filled dot where a step begins, an open one where it ends: stability is half-open.
    """
    steps = {}
    for notion in _NOTIONS:
        stay, entry = all_intervals(StableCoalition(instance, stability=notion))
        start, largest = largest_equilibrium(np.bitwise_count(np.arange(len(stay))), stay, entry)
        steps[notion] = np.sqrt(start), largest
    if most_sigma is None:
        most_sigma = 1.2 * max((float(start[-1]) for start, _ in steps.values() if len(start)), default=1.0)
    figure = new_figure(5.2) if narrow else new_figure(3.6, width=10)
    axes = figure.subplots(*((2, 1) if narrow else (1, 2)), sharex=True, sharey=True)
    for axis, (notion, (start, largest)) in zip(axes, steps.items(), strict=True):
        stop = np.append(start[1:], most_sigma) if len(start) else start
        axis.hlines(largest, start, stop, color=BLUE, linewidth=2)
        axis.hlines(0, 0, start[0] if len(start) else most_sigma, color=BLUE, linewidth=2)
        axis.plot(start, largest, "o", color=BLUE, markersize=4)
        if len(start):
            before = np.concatenate([[0], largest[:-1]])
            axis.plot(start, before, "o", color=BLUE, markerfacecolor=PAPER, markersize=4)
        axis.set(xlim=(0, most_sigma), ylim=(-0.4, instance.num_players + 0.6), title=f"{notion} stability")
        axis.grid(alpha=0.3)
    for axis in axes[-1:] if narrow else axes:
        axis.set_xlabel("σ")
    for axis in axes if narrow else axes[:1]:
        axis.set_ylabel("members of the largest\nstable coalition")
    return figure


@styled
def stability_map(
    instance: DataCoalition, *, stability: str = "nash", most_variance: float | None = None, narrow: bool = False
) -> Figure:
    """Draw for which variances each coalition is stable, one line a coalition, n <= 12.

    Parameters
    ----------
    instance : DataCoalition
        Its variance is marked.
    stability : {"nash", "robust"}
    most_variance : float, optional
        Right end of the axis; default: where the last coalition appears, and a fifth beyond.
    narrow : bool
        Draw it for a column or a phone.

    Returns
    -------
    matplotlib.figure.Figure
        Coalitions from the least variance upwards, coloured by size; named where they are few.
    """
    import matplotlib as mpl
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    if instance.num_players > 12:
        raise TooLarge(f"a map of 2^{instance.num_players} coalitions cannot be read; it is limited to 12 players")
    stay, entry = all_intervals(StableCoalition(instance, stability=stability))
    order = np.flatnonzero(stay < entry)
    order = order[np.lexsort((entry[order], stay[order]))]
    stay, entry, size = stay[order], entry[order], np.bitwise_count(order).astype(int)
    if most_variance is None:
        most_variance = 1.2 * float(max(stay.max(initial=0.0), instance.variance))
    colors = ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.95, instance.num_players - 1)))
    figure = new_figure(float(np.clip(0.22 * len(order), 2.6, 9)), width=WIDTH if narrow else 8)
    axis = figure.subplots()
    rows = np.arange(len(order))
    axis.hlines(
        rows, stay, np.minimum(entry, most_variance), colors=colors(size - 2), linewidth=3 if len(order) < 60 else 1
    )
    # Some intervals are narrower than a pixel: a dot where each begins.
    axis.scatter(stay, rows, c=colors(size - 2), s=14 if len(order) < 60 else 2)
    axis.axvline(instance.variance, color=INK, linestyle="--", linewidth=1)
    if len(order) <= 40:
        names = [_name(int(mask), instance.num_players) for mask in order]
        axis.set_yticks(rows, names, fontsize=8)
    else:
        axis.set_yticks([])
        axis.set_ylabel(f"{len(order)} coalitions")
    scale = ScalarMappable(Normalize(1.5, instance.num_players + 0.5), colors)
    figure.colorbar(scale, ax=axis, label="members", ticks=range(2, instance.num_players + 1))
    axis.set(xlim=(0, most_variance), xlabel="variance σ²", title=f"where each coalition is {stability}-stable")
    return figure


def _name(mask: int, players: int) -> str:
    return "{" + ", ".join(str(i) for i in range(players) if mask >> i & 1) + "}"


@styled
def growth_figure(rows: Sequence[Mapping[str, Any]], growth: Sequence[Any], *, stability: str = "nash") -> Figure:
    """Plot social cost and variance of the central and the cheapest stable coalition against n, per alpha.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a sweep over players and alpha (`mcsopt.regression.coalition_sweep.sweep`).
    growth : sequence of Growth
        Their fitted exponents (`mcsopt.regression.coalition_growth.growth_exponents`).
    stability : {"nash", "robust"}

    Returns
    -------
    matplotlib.figure.Figure
        Legends name the fitted exponent, and the theorem's in brackets.
    """
    figure = new_figure(7, width=10)
    axes = figure.subplots(2, 2, sharex=True)
    names = ("central_cost", "stable_cost"), ("central_variance", "stable_variance")
    for line, quantities in zip(axes, names, strict=True):
        for axis, quantity in zip(line, quantities, strict=True):
            _growth_panel(axis, [row for row in rows if row["stability"] == stability], growth, quantity, stability)
    for axis in axes[1]:
        axis.set_xlabel("players n")
    figure.suptitle(f"central optimum and cheapest {stability}-stable coalition")
    return figure


def _growth_panel(
    axis: Axes, rows: Sequence[Mapping[str, Any]], growth: Sequence[Any], quantity: str, stability: str
) -> None:
    for position, alpha in enumerate(sorted({row["alpha"] for row in rows})):
        group = [row for row in rows if row["alpha"] == alpha]
        sizes = sorted({row["players"] for row in group})
        means = [np.mean([row[quantity] for row in group if row["players"] == n]) for n in sizes]
        fits = [g for g in growth if (g.quantity, g.alpha, g.stability) == (quantity, alpha, stability)]
        label = f"α = {alpha:g}" + "".join(f": {g.fitted:+.2f} ({g.theory:+.2f})" for g in fits)
        color, marker = series(position)
        axis.loglog(sizes, means, color=color, marker=marker, markersize=3, label=label)
    axis.set_title(quantity.replace("_", " "))
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, title="exponent fitted (theorem)", title_fontsize=8)
