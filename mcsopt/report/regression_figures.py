"""Pictures of a comparison with a baseline: what each run's gap gained or lost, by instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt.report.style import BLUE, GREEN, INK, VERMILLION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ENTRIES = 60
"""Beyond so many entries, those that changed most are drawn."""


@styled
def paired_difference_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Plot the differences of gaps, now minus before, of every run: one panel a heuristic, one line an entry.

    Parameters
    ----------
    rows : sequence of mapping
        With ``heuristic``, ``entry``, ``seed`` and ``difference``, the latter None where a run was infeasible, before
        or now: such runs are not drawn, but counted beside the name of the entry.

    Returns
    -------
    matplotlib.figure.Figure
        A dot for each seed, a bar for the mean of an entry; to the right of 0 is worse.
    """
    names = list(dict.fromkeys(row["heuristic"] for row in rows))
    panels = [_by_entry([row for row in rows if row["heuristic"] == name]) for name in names]
    heights = [max(1.2, 0.22 * len(panel)) for panel in panels]
    figure = new_figure(1.0 + sum(heights) + 0.6 * len(names), width=9.0)
    axes = figure.subplots(len(names), 1, squeeze=False, height_ratios=heights)
    for axis, name, panel in zip(axes[:, 0], names, panels, strict=True):
        _draw(axis, panel)
        axis.set_title(name)
    axes[-1, 0].set_xlabel("certified gap now minus before, percentage points (right of 0: worse)")
    return figure


def _by_entry(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for row in rows:
        found.setdefault(row["entry"], []).append(row["difference"])
    most = sorted(found, key=lambda entry: -abs(_mean(found[entry])))[:MOST_ENTRIES]
    return {entry: found[entry] for entry in sorted(most, reverse=True)}


def _mean(differences: Sequence[float | None]) -> float:
    known = [difference for difference in differences if difference is not None]
    return float(np.mean(known)) if known else 0.0


def _draw(axis: Axes, panel: Mapping[str, Sequence[float | None]]) -> None:
    labels = []
    for height, (entry, differences) in enumerate(panel.items()):
        known = [100 * difference for difference in differences if difference is not None]
        mean = 100 * _mean(differences)
        axis.barh(height, mean, height=0.6, color=VERMILLION if mean > 0 else GREEN, alpha=0.4)
        axis.plot(known, [height] * len(known), "o", color=BLUE, markersize=3)
        missing = len(differences) - len(known)
        labels.append(f"{entry} ({missing} infeasible)" if missing else entry)
    axis.set_yticks(range(len(labels)), labels, fontsize=7)
    axis.set_ylim(-0.7, len(labels) - 0.3)
    axis.axvline(0, color=INK, linewidth=0.8)
    axis.grid(axis="x", alpha=0.3)
