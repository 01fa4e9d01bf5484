import numpy as np
import pytest

from mcsopt.errors import TooLarge
from mcsopt.problems import DataCoalition, StableCoalition
from mcsopt.regression.coalition_growth import growth_exponents
from mcsopt.regression.coalition_sweep import sweep
from mcsopt.report.coalition_figures import equilibrium_size_figure, growth_figure, largest_equilibrium, stability_map
from mcsopt.solvers.coalition_enumeration import all_intervals

pytestmark = pytest.mark.usefixtures("no_screen")

NINE = DataCoalition(np.array([2.2, 5.4, 7.0, 11, 30, 33, 34, 36, 38]) * 1e-4, 0.16, 1.0)


def test_steps_of_the_largest_equilibrium_are_half_open():
    size = np.array([2, 3, 4])
    start, largest = largest_equilibrium(size, np.array([1.0, 2.0, 5.0]), np.array([2.0, 4.0, 5.0]))
    assert start.tolist() == [1.0, 2.0, 4.0]
    assert largest.tolist() == [2, 3, 0]


def test_figure_1_of_the_paper_has_its_gap(tmp_path):
    """sigma = 0.25 has a Nash coalition, sigma = 0.4 none; robust ones exist at both."""
    figure = equilibrium_size_figure(NINE)
    figure.savefig(tmp_path / "figure.png")
    assert [axis.get_title() for axis in figure.axes] == ["nash stability", "robust stability"]
    for notion, expected in (("nash", [4, 0]), ("robust", [4, 8])):
        stay, entry = all_intervals(StableCoalition(NINE, stability=notion))
        start, largest = largest_equilibrium(np.bitwise_count(np.arange(len(stay))), stay, entry)
        at = [int(largest[np.searchsorted(start, variance, side="right") - 1]) for variance in (0.0625, 0.16)]
        assert at == expected


def test_the_map_names_coalitions_and_refuses_crowds(tmp_path):
    figure = stability_map(DataCoalition(NINE.cost[:5], 0.05, 1.0))
    figure.savefig(tmp_path / "map.png")
    assert any("{0, 1" in label.get_text() for label in figure.axes[0].get_yticklabels())
    stability_map(NINE, stability="robust").savefig(tmp_path / "robust.png")
    with pytest.raises(TooLarge, match="limited to 12"):
        stability_map(DataCoalition(np.linspace(1, 2, 13), 1.0, 0.0))


def test_growth_figure_has_a_line_for_each_regime(tmp_path):
    rng = np.random.default_rng(0)
    instances = [({}, DataCoalition(rng.uniform(0.005, 0.01, n), 0.25, a)) for a in (-0.8, 0.8) for n in (10, 30, 100)]
    rows = sweep(instances)
    figure = growth_figure(rows, growth_exponents(rows))
    figure.savefig(tmp_path / "growth.png")
    assert all(len(axis.get_lines()) == 2 for axis in figure.axes)
