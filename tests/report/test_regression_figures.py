"""What the picture of a comparison shows, read back from the figure."""

from __future__ import annotations

import pytest

from mcsopt.report.regression_figures import MOST_ENTRIES, paired_difference_figure

pytestmark = pytest.mark.usefixtures("no_screen")


def row(heuristic, entry, seed, difference):
    return {"heuristic": heuristic, "entry": entry, "seed": seed, "difference": difference}


def labels(axis):
    return [label.get_text() for label in axis.get_yticklabels()]


def test_a_dot_for_each_run_and_a_bar_for_the_mean():
    rows = [row("h", "b", 1, 0.02), row("h", "b", 2, 0.04), row("h", "a", 1, -0.01), row("h", "a", 2, None)]
    (axis,) = paired_difference_figure([*rows]).axes
    assert axis.get_title() == "h"
    assert labels(axis) == ["b", "a (1 infeasible)"]
    assert [bar.get_width() for bar in axis.patches] == [pytest.approx(3), pytest.approx(-1)]
    dots = [line.get_xdata() for line in axis.lines if line.get_marker() == "o"]
    assert [list(one) for one in dots] == [pytest.approx([2, 4]), pytest.approx([-1])]


def test_a_panel_for_each_heuristic_and_runs_that_cannot_be_drawn():
    axes = paired_difference_figure([row("g", "a", 1, 0.0), row("h", "a", 1, None)]).axes
    assert [axis.get_title() for axis in axes] == ["g", "h"]
    assert labels(axes[1]) == ["a (1 infeasible)"]
    assert axes[1].patches[0].get_width() == 0


def test_of_many_entries_those_that_changed_most_are_drawn():
    rows = [row("h", f"e{k:03}", 1, (-1) ** k * k / 1000) for k in range(MOST_ENTRIES + 10)]
    (axis,) = paired_difference_figure(rows).axes
    assert sorted(labels(axis)) == [f"e{k:03}" for k in range(10, MOST_ENTRIES + 10)]
