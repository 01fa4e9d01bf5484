"""The two-stage figures show the numbers of their tables, on the axes of the paper."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.report.simulation_figures import ORDER, simulation_figure
from mcsopt.simulation.figure_tables import CROWD_TASKS, CROWDS, FIGURES, SCALES
from mcsopt.simulation.methods import METHODS

pytestmark = pytest.mark.usefixtures("no_screen")


def row(metric: str, method: str, size: tuple[int, int], mean: float, half: float | None = 1.0) -> dict:
    low, high = (None, None) if half is None else (mean - half, mean + half)
    return {"metric": metric, "method": method, "tasks": size[0], "workers": size[1], "mean": mean, "low": low,
            "high": high}  # fmt: skip


def lines(axis) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_xydata() for line in axis.get_lines()}


def test_welfare_is_drawn_over_workers_and_completion_over_sizes():
    table = [row("SW", "iParts", (CROWD_TASKS, w), 100.0 + w) for w in CROWDS]
    table += [row("SW", "iParts", SCALES[0], -1.0), row("TCR", "ConOn", SCALES[1], 0.25, None)]
    first, _, _, last = simulation_figure(3, table).axes
    np.testing.assert_array_equal(lines(first)["iParts"], [(w, 100.0 + w) for w in CROWDS])
    np.testing.assert_array_equal(lines(last)["ConOn"], [(1, 0.25)])
    assert [tick.get_text() for tick in last.get_xticklabels()] == [f"{i}/{j}" for i, j in SCALES]


def test_overhead_is_drawn_as_logarithms_and_nothing_sent_not_at_all():
    table = [row("NI", "iParts", size, 10.0**k) for k, size in enumerate(SCALES, start=1)]
    table += [row("NI", "Optimal", size, 0.0) for size in SCALES]
    _, messages, *_ = simulation_figure(4, table).axes
    assert list(lines(messages)) == ["iParts"]
    np.testing.assert_allclose(lines(messages)["iParts"], [(0, 1), (1, 2), (2, 3), (3, 4)])
    band = messages.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(np.log10(10_001))


def test_bars_of_attacks_stand_for_the_sampled_workers_only():
    table = [
        {"metric": "OSR", "method": "iParts", "x": x, "of": of, "mean": mean}
        for x in (-1, 0, 1)
        for of, mean in (("value", 0.6 + x / 10), ("expected", 0.65))
    ]
    _, success, *_ = simulation_figure(5, table).axes
    assert [bar.get_height() for bar in success.patches] == pytest.approx([0.6, 0.7])


def test_payments_end_with_the_worst():
    table = [
        {"metric": "paid by task", "method": "iParts", "x": x, "of": of, "mean": mean}
        for x in (0, 1, -1)
        for of, mean in (("value", 100.0 + x), ("limit", 200.0))
    ]
    axis = simulation_figure(6, table).axes[0]
    assert [bar.get_height() for bar in axis.patches] == [100.0, 101.0, 99.0]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "2", "worst"]


@pytest.mark.parametrize("number", FIGURES)
def test_a_table_with_nothing_in_it_is_still_a_figure(number):
    assert simulation_figure(number, []).axes


def test_every_method_has_its_colour():
    assert {one.name for one in METHODS} < set(ORDER)
