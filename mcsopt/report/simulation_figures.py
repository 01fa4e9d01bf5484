"""Figures 3 to 6 of the two-stage paper, drawn from their tables, with optimum and bound added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt.report.style import FAINT, IDLE, INK, PURPLE, VERMILLION, new_figure, note, series, styled
from mcsopt.simulation.figure_tables import CROWD_TASKS, CROWDS, SCALES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
ORDER = ("iParts", "iParts(NoP)", "iParts(NoR)", "iParts(NoMem)", "ConOff", "ConOn", "Greedy", "Optimal",
         "Wait-and-see", "iParts(epochs)")  # fmt: skip
_OTHERS = {"Greedy": (IDLE, "X"), "Optimal": (INK, "*"), "Wait-and-see": (INK, "_"), "iParts(epochs)": series(5)}
"""Looks of those for whom the colours of `series` do not suffice."""
WIDTH = 10.0


def simulation_figure(number: int, table: Sequence[Row]) -> Figure:
    """Draw one of the figures 3 to 6.

    Parameters
    ----------
    number : int
    table : sequence of Mapping
        From `mcsopt.simulation.figure_tables.figure_table`.

    Returns
    -------
    matplotlib.figure.Figure
        Axes as in the paper; bands are 95 % confidence intervals of the means.
    """
    return {3: welfare_figure, 4: overhead_figure, 5: attack_figure, 6: rationality_figure}[number](table)


@styled
def welfare_figure(table: Sequence[Row]) -> Figure:
    """Draw Figure 3: SW, TU and WU over the number of workers, TCR over market sizes."""
    figure = new_figure(8.0, width=WIDTH)
    axes = figure.subplots(2, 2).ravel()
    crowds = [(CROWD_TASKS, workers) for workers in CROWDS]
    for axis, metric, title in zip(
        axes, ("SW", "TU", "WU"), ("social welfare", "utility of tasks", "utility of workers"), strict=False
    ):
        _lines(axis, table, metric, crowds, list(CROWDS))
        axis.set(xlabel=f"workers ({CROWD_TASKS} tasks)", ylabel=f"{metric}, {title}")
    _scales(axes[3], table, "TCR")
    axes[3].set_ylabel("TCR, share of tasks that meet their demand")
    _legend(figure, axes)
    return figure


@styled
def overhead_figure(table: Sequence[Row]) -> Figure:
    """Draw Figure 4: log10 of running time, messages, latency and energy over market sizes."""
    figure = new_figure(8.0, width=WIDTH)
    axes = figure.subplots(2, 2).ravel()
    units = {"RT": "running time, s", "NI": "messages", "IL": "latency, ms", "IEC": "energy, mJ"}
    for axis, (metric, unit) in zip(axes, units.items(), strict=True):
        _scales(axis, table, metric, logarithm=True)
        _online(axis, table, metric)
        axis.set_ylabel(f"{metric}: log10 ({unit})")
    _legend(figure, axes)
    return figure


def _online(axis: Axes, table: Sequence[Row], metric: str) -> None:
    """Add what the online stage of iParts takes alone: both stages together hide it."""
    rows = {(r["tasks"], r["workers"]): r["mean"] for r in table
            if r["method"] == "iParts" and r["metric"] == f"{metric}_online" and r["mean"] > 0}  # fmt: skip
    places = [(place, rows[size]) for place, size in enumerate(SCALES) if size in rows]
    if places:
        x, mean = zip(*places, strict=True)
        look: dict[str, Any] = {"color": _look("iParts")[0], "linestyle": ":", "marker": "o", "markersize": 3}
        axis.plot(x, np.log10(mean), label="iParts, online stage alone", **look)


def _scales(axis: Axes, table: Sequence[Row], metric: str, *, logarithm: bool = False) -> None:
    _lines(axis, table, metric, SCALES, list(range(len(SCALES))), logarithm=logarithm)
    axis.set_xticks(range(len(SCALES)), [f"{tasks}/{workers}" for tasks, workers in SCALES])
    axis.set_xlabel("tasks/workers")


def _lines(
    axis: Axes,
    table: Sequence[Row],
    metric: str,
    sizes: Sequence[tuple[int, int]],
    places: Sequence[int],
    *,
    logarithm: bool = False,
) -> None:
    """Draw a line a method over sizes, with a band for its interval."""
    found = {(row["method"], row["tasks"], row["workers"]): row for row in table if row["metric"] == metric}
    for method in ORDER:
        rows = [(place, found[method, *size]) for place, size in zip(places, sizes, strict=True)
                if (method, *size) in found]  # fmt: skip
        rows = [(place, row) for place, row in rows if not logarithm or row["mean"] > 0]
        if not rows:
            continue
        x = [place for place, _ in rows]
        mean = np.array([row["mean"] for _, row in rows])
        low = np.array([row["mean"] if row["low"] is None else row["low"] for _, row in rows])
        high = np.array([row["mean"] if row["high"] is None else row["high"] for _, row in rows])
        if logarithm:
            mean, low, high = (np.log10(np.maximum(values, mean * 1e-3)) for values in (mean, low, high))
        color, marker = _look(method)
        style = {"Optimal": "--", "Wait-and-see": ":"}.get(method, "-")
        axis.plot(x, mean, color=color, marker=marker, markersize=4.5, linestyle=style, label=method)
        axis.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    axis.grid(color=FAINT)


def _look(method: str) -> tuple[str, str]:
    return _OTHERS.get(method) or series(ORDER.index(method))


def _legend(figure: Figure, axes: np.ndarray) -> None:
    handles, labels = {}, []
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            if label not in handles:
                handles[label] = handle
                labels.append(label)
    if labels:
        figure.legend([handles[label] for label in labels], labels, loc="outside upper center", ncols=5)


@styled
def attack_figure(table: Sequence[Row]) -> Figure:
    """Draw Figure 5: inference error and success on one snapshot, leakage and success over T snapshots."""
    figure = new_figure(8.0, width=WIDTH)
    axes = figure.subplots(2, 2).ravel()
    for axis, metric, title in zip(
        axes, ("OeIE", "OSR"), ("expected inference error", "success on one snapshot"), strict=False
    ):
        _bars(axis, table, metric, ("iParts", "iParts(NoP)"))
        axis.set(xlabel="sampled worker", ylabel=f"{metric}, {title}")
    for axis, metric, title in zip(
        axes[2:], ("MFL", "MSR"), ("frequency leakage", "success on T snapshots"), strict=True
    ):
        for method in ORDER:
            rows = sorted((row for row in _of(table, metric, "value") if row["method"] == method), key=_x)
            hoped = {row["x"]: row["mean"] for row in _of(table, metric, "expected") if row["method"] == method}
            if rows:
                color, marker = _look(method)
                x = [row["x"] for row in rows]
                axis.plot(x, [row["mean"] for row in rows], color=color, marker=marker, markersize=4, label=method)
                axis.plot(x, [hoped[place] for place in x], color=INK, linestyle=":", linewidth=0.9)
        axis.set(xlabel="snapshots T (dotted: closed form)", ylabel=f"{metric}, {title}")
        axis.grid(color=FAINT)
    _legend(figure, axes)
    return figure


def _x(row: Row) -> int:
    return int(row["x"])


def _of(table: Sequence[Row], metric: str, what: str) -> list[Row]:
    return [row for row in table if row["metric"] == metric and row["of"] == what]


def _bars(axis: Axes, table: Sequence[Row], metric: str, methods: Sequence[str]) -> None:
    """Draw a bar a sampled worker and method, a dash where the closed form puts it."""
    width = 0.8 / len(methods)
    for k, method in enumerate(methods):
        rows = sorted((r for r in _of(table, metric, "value") if r["method"] == method and r["x"] >= 0), key=_x)
        hoped = {r["x"]: r["mean"] for r in _of(table, metric, "expected") if r["method"] == method}
        x = np.array([row["x"] + 1 + (k - (len(methods) - 1) / 2) * width for row in rows])
        axis.bar(x, [row["mean"] for row in rows], width=width, color=_look(method)[0], alpha=0.8, label=method)
        axis.hlines([hoped[row["x"]] for row in rows], x - width / 2, x + width / 2, color=INK, linewidth=1.2)
    axis.grid(axis="y", color=FAINT)


@styled
def rationality_figure(table: Sequence[Row]) -> Figure:
    """Draw Figure 6: payments of tasks beside budgets, of workers beside costs, risks beside their limit.

    Means over the runs, of ten sampled at random in each, and of the one nearest to its limit.
    """
    figure = new_figure(4.0, width=12.0)
    axes = figure.subplots(1, 3)
    for axis, metric, limit, what in (
        (axes[0], "paid by task", "budget", "task"),
        (axes[1], "paid to worker", "cost", "worker"),
    ):
        rows, bounds = _ranked(table, metric, "value"), _ranked(table, metric, "limit")
        if not rows:
            note(axis, "nobody served")
            continue
        x = _places(axis, rows)
        axis.bar(x, [row["mean"] for row in rows], color=_look("iParts")[0], alpha=0.8, label=metric)
        axis.hlines([row["mean"] for row in bounds], x - 0.4, x + 0.4, color=VERMILLION, linewidth=2, label=limit)
        axis.set(xlabel=f"sampled {what}", ylabel="money")
    for k, (metric, color) in enumerate((("QRisk", _look("iParts")[0]), ("PRisk", PURPLE), ("PRisk(pair)", IDLE))):
        rows = _ranked(table, metric, "value")
        if rows:
            x = _places(axes[2], rows) + (k - 1) * 0.27
            axes[2].bar(x, [row["mean"] for row in rows], width=0.25, color=color, label=metric)
    limits = _of(table, "QRisk", "limit")
    if limits:
        axes[2].axhline(limits[0]["mean"], color=VERMILLION, linestyle="--", label="limit")
    axes[2].set(xlabel="sampled contract", ylabel="risk")
    for axis in axes:
        if axis.get_legend_handles_labels()[0]:
            axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure


def _ranked(table: Sequence[Row], metric: str, what: str) -> list[Row]:
    """Return the rows of the sampled, in their order, then that of the worst."""
    return sorted(_of(table, metric, what), key=lambda row: (row["x"] < 0, row["x"]))


def _places(axis: Axes, rows: Sequence[Row]) -> np.ndarray:
    """Return where the sampled stand, numbered from 1, and the worst, set apart; label the axis so."""
    sampled = sum(row["x"] >= 0 for row in rows)
    x = np.array([row["x"] + 1 if row["x"] >= 0 else sampled + 1.5 for row in rows])
    axis.set_xticks(x, [str(row["x"] + 1) if row["x"] >= 0 else "worst" for row in rows])
    return x
