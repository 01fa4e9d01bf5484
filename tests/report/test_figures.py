"""Every figure on ordinary inputs and at the edge: what is drawn is what is there."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest

import mcsopt
from mcsopt.errors import InputError
from mcsopt.problems import (
    Assignment,
    CentralCoalition,
    Coalition,
    DataCoalition,
    Knapsack,
    KnapsackInstance,
    Packing,
    StableCoalition,
)
from mcsopt.report import (
    coalition_burden_figure,
    gap_figure,
    market_map,
    packing_figure,
    risk_and_budget_figure,
    trace_figure,
)
from mcsopt.report.packing_figures import critical_ratio
from mcsopt.report.style import STYLE
from mcsopt.result import TraceStep, conclude
from tests.report.cases import (
    HOSTILE,
    ITEMS,
    NONE_STABLE,
    PLAYERS,
    certified,
    market,
    overspent,
    pages,
    without_pairs,
    without_positions,
)


def drawn(figure: mpl.figure.Figure) -> set[str]:
    """Draw a figure whole, as a bitmap and as SVG, and return the texts in it."""
    for kind in ("png", "svg"):
        figure.savefig(io.BytesIO(), format=kind)
    texts = [text.get_text() for text in figure.findobj(mpl.text.Text)]
    return {text for text in texts if text}


def labels(figure: mpl.figure.Figure) -> set[str]:
    return {text.get_text() for legend in figure.legends for text in legend.get_texts()}


# Gaps ----------------------------------------------------------------------------------------------------------------


def test_bars_end_at_the_objectives_and_the_bound_stands_beside():
    problem, certificates = pages()["gaps"]
    figure = gap_figure(certificates)
    bars = figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == [certificate.objective for certificate in certificates]
    strokes = figure.axes[0].collections[0].get_segments()
    assert [stroke[0][0] for stroke in strokes] == [certificate.dual_bound for certificate in certificates]
    texts = drawn(figure)
    for certificate in certificates:
        assert f"{certificate.objective:,.2f}, gap {100 * certificate.gap:.2f} %" in texts
    assert labels(figure) == {"bound: none is above", "optimum, proved"}
    assert problem.sense == "max"


def test_a_minimum_is_bounded_from_below():
    figure = gap_figure(pages()["stable"][1])
    assert "bound: none is below" in labels(figure)
    assert "objective, to be minimised" in drawn(figure)


def test_a_plan_that_breaks_constraints_is_hatched_and_says_so():
    _, certificates = pages()["violations"]
    figure = gap_figure(certificates)
    broken, kept = figure.axes[0].patches
    assert broken.get_hatch()
    assert not kept.get_hatch()
    assert f"breaks {len(certificates[0].plan.violations)} constraints" in {t.get_text() for t in figure.axes[0].texts}


@pytest.mark.parametrize("name", ["equilibria", "infeasible", "no plan", "none stable", "central", "knapsack"])
@pytest.mark.filterwarnings("ignore:Glyph")  # the name of a plan may be in any script
def test_gaps_of_every_sort_are_drawn(name):
    assert drawn(gap_figure(pages()[name][1]))


def test_no_certificate_is_refused():
    with pytest.raises(InputError, match="give one at least"):
        gap_figure([])


# Traces --------------------------------------------------------------------------------------------------------------


def test_a_trace_is_drawn_step_by_step():
    problem = market()
    plan = mcsopt.heuristics.greedy(problem)
    figure = trace_figure(plan, dual_bound=900.0)
    line, bound = figure.axes[0].get_lines()
    assert line.get_ydata().tolist() == [step.potential for step in plan.trace]
    assert set(bound.get_ydata()) == {900.0}
    assert labels(figure) == {"greedy", "bound"}
    drawn(figure)


def test_a_long_trace_is_thinned_but_keeps_its_ends():
    problem = market()
    trace = tuple(TraceStep(k, 0, float(k)) for k in range(5000))
    run = conclude(problem, "long", problem.empty_solution(), trace=trace)
    heights = trace_figure([run]).axes[0].get_lines()[0].get_ydata()
    assert len(heights) == 500
    assert (heights[0], heights[-1]) == (0.0, 4999.0)


def test_runs_without_trace_are_named_or_alone_are_a_sentence():
    problem = market()
    silent = conclude(problem, "$silent_{", problem.empty_solution())
    assert "without trace: $silent_{" in drawn(trace_figure([mcsopt.heuristics.greedy(problem), silent]))
    for nothing in ([silent], []):
        assert drawn(trace_figure(nothing)) == {"no plan here left a trace of its steps"}


# The market ----------------------------------------------------------------------------------------------------------


def offsets(figure: mpl.figure.Figure, label: str) -> np.ndarray:
    (found,) = [c for c in figure.axes[0].collections if str(c.get_label()).startswith(label + " (")]
    return np.asarray(found.get_offsets())


def test_the_map_shows_everybody_once_and_each_contract():
    problem = market()
    of, plan = problem.instance, mcsopt.heuristics.greedy(problem).solution
    figure = market_map(problem, plan)
    served = [task for task, workers in enumerate(plan.sets) if workers]
    hired = sorted(worker for workers in plan.sets for worker in workers)
    assert offsets(figure, "served task").tolist() == np.column_stack([of.task_x, of.task_y])[served].tolist()
    assert offsets(figure, "contracted worker").tolist() == np.column_stack([of.worker_x, of.worker_y])[hired].tolist()
    assert len(offsets(figure, "idle worker")) == of.num_workers - len(hired)
    assert len(offsets(figure, "unserved task")) == of.num_tasks - len(served)
    assert len(figure.axes[0].collections[0].get_segments()) == len(hired)
    drawn(figure)


def test_without_positions_the_plan_is_the_layout_and_nobody_hides_another():
    problem = without_positions(market(8, 32))
    plan = mcsopt.heuristics.greedy(problem).solution
    figure = market_map(problem, plan)
    assert "no positions given: laid out by the plan" in drawn(figure)
    names = ("served task", "unserved task", "contracted worker", "idle worker")
    everybody = np.concatenate([offsets(figure, name) for name in names])
    assert len(everybody) == 8 + 32
    assert len(np.unique(np.round(everybody, 6), axis=0)) == len(everybody)


@pytest.mark.parametrize("draw", [market_map, risk_and_budget_figure])
@pytest.mark.parametrize(
    ("problem", "plan"),
    [
        (market(), Assignment([()] * 6)),
        (without_pairs(), Assignment([()] * 3)),
        (without_pairs(0), Assignment([])),
        (market(1, 8), None),
        (market(1, 0), Assignment([()])),
        (market(), overspent(market())),
        (without_positions(market(1, 0)), Assignment([()])),
    ],
)
def test_markets_at_the_edge_are_drawn(draw: Callable[..., mpl.figure.Figure], problem, plan):
    assert drawn(draw(problem, mcsopt.heuristics.greedy(problem).solution if plan is None else plan))


def test_a_crowd_is_a_bitmap_of_limited_size():
    problem = without_positions(market(900, 3600))
    text = io.StringIO()
    market_map(problem, problem.empty_solution()).savefig(text, format="svg")
    assert "data:image/png" in text.getvalue()
    assert len(text.getvalue()) < 1_000_000


def test_risks_and_payments_are_those_of_the_problem():
    problem = market(8, 32)
    plan, of = mcsopt.heuristics.greedy(problem).solution, problem.instance
    served = [task for task, workers in enumerate(plan.sets) if workers]
    quality, mismatch, paid = risk_and_budget_figure(problem, plan).axes
    values = [axis.get_lines()[1].get_xdata() for axis in (quality, mismatch, paid)]
    assert values[0].tolist() == [problem.set_risk(task, plan.sets[task]) for task in served]
    pairs = [problem.pairs(task, plan.sets[task]) for task in served]
    assert values[1].tolist() == [max(problem.mismatch_risk[own]) for own in pairs]
    spent = [of.payment[own].sum() / of.budget[task] for task, own in zip(served, pairs, strict=True)]
    assert values[2] == pytest.approx(spent)
    assert [axis.get_lines()[0].get_xdata()[0] for axis in (quality, mismatch, paid)] == [0.2, 0.2, 1.0]


def test_what_breaks_its_limit_is_a_cross_and_counted():
    problem = market()
    plan = overspent(problem)
    broken = [v.constraint for v in problem.violations(plan)]
    quality, _, paid = risk_and_budget_figure(problem, plan).axes
    for axis, constraint in ((quality, "quality risk (25g)"), (paid, "budget (25c)")):
        crosses = axis.get_lines()[2].get_xdata()
        assert len(crosses) == broken.count(constraint)
    assert f"{broken.count('budget (25c)')} beyond" in paid.get_title()
    assert broken.count("budget (25c)") > 0


def test_a_budget_of_nothing_overspent_is_drawn_at_the_end():
    problem = market()
    poor = type(problem)(mcsopt.data.sensing_market(tasks=6, workers=24, seed=6))
    of = poor.instance
    poor = type(problem)(type(of)(**{f.name: getattr(of, f.name) for f in of.FIELDS} | {"budget": 0 * of.budget}))
    paid = risk_and_budget_figure(poor, overspent(poor)).axes[-1]
    crosses = paid.get_lines()[2].get_xdata()
    assert len(crosses) == 6
    assert np.isfinite(crosses).all()


def test_many_served_tasks_become_sorted_curves():
    problem = market(70, 400)
    of = problem.instance
    plan = Assignment([of.pair_worker[of.pairs_of(task)][: 1 + task % 5] for task in range(70)])
    figure = risk_and_budget_figure(problem, plan)
    for axis in figure.axes:
        heights = axis.get_lines()[1].get_ydata()
        assert len(heights) == 70
        assert (np.diff(heights) >= 0).all()
    drawn(figure)


# Knapsacks and coalitions ---------------------------------------------------------------------------------------------


def test_the_critical_ratio_is_that_of_the_fractional_optimum():
    assert critical_ratio(ITEMS) == pytest.approx(6.5 / 5.0)  # by ratio: 0 (4/3), 2 (1.3), 1 (1.25); 3 + 5 > 7.5
    assert critical_ratio(Knapsack(KnapsackInstance([1.0], [1.0], 5.0))) is None


@pytest.mark.parametrize("plan", [Packing([]), Packing([0, 1, 2, 3]), Packing([3])])
def test_items_taken_are_filled(plan):
    figure = packing_figure(ITEMS, plan)
    left, taken = figure.axes[0].collections
    assert len(taken.get_offsets()) == len(plan.items)
    assert len(left.get_offsets()) == 4 - len(plan.items)
    assert len(left.get_facecolors()) == 0
    drawn(figure)


def test_a_knapsack_without_items_is_a_sentence():
    empty = Knapsack(KnapsackInstance([], [], 1.0))
    assert drawn(packing_figure(empty, Packing([]))) == {"the knapsack has no items to choose from"}


def test_burdens_and_levels_are_those_of_the_instance():
    problem, plan = StableCoalition(PLAYERS), Coalition([0, 1, 2])
    above, below = coalition_burden_figure(problem, plan).axes
    levels = PLAYERS.chosen_privacy([0, 1, 2])
    bears = {str(line.get_label()): line.get_ydata() for line in above.get_lines()}
    assert bears["member bears"].tolist() == PLAYERS.burdens([0, 1, 2], levels)
    assert bears["outsider bears"].tolist() == [0.25] * 3
    assert below.get_lines()[0].get_ydata().tolist() == levels
    # The cheapest outsider enters, as the problem itself says: its burden inside is below sigma^2.
    assert (bears["outsider, if it joined alone"][0] <= 0.25) == (problem.entry_variance((0, 1, 2)) <= 0.25)


@pytest.mark.parametrize(
    ("problem", "plan"),
    [
        (NONE_STABLE, Coalition([])),
        (NONE_STABLE, Coalition([3])),
        (StableCoalition(PLAYERS, stability="robust"), Coalition(range(6))),
        (CentralCoalition(PLAYERS), CentralCoalition(PLAYERS).empty_solution()),
        (CentralCoalition(PLAYERS), mcsopt.solve(CentralCoalition(PLAYERS)).solution),
        (StableCoalition(DataCoalition(np.linspace(1, 2, 5000) * 1e-4, 0.25, 0.0)), Coalition(range(2500))),
    ],
)
def test_coalitions_at_the_edge_are_drawn(problem, plan):
    figure = coalition_burden_figure(problem, plan)
    assert drawn(figure)
    assert all(len(line.get_xdata()) <= 400 for line in figure.axes[0].get_lines())


# Style ---------------------------------------------------------------------------------------------------------------


def test_the_readers_own_settings_neither_matter_nor_change():
    with mpl.rc_context({"font.size": 30.0, "axes.titlelocation": "right"}):
        figure = gap_figure(pages()["knapsack"][1])
        assert mpl.rcParams["font.size"] == 30.0
    assert figure.axes[0].texts[0].get_fontsize() == STYLE["font.size"]


def test_no_figure_is_known_to_pyplot():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    packing_figure(ITEMS, Packing([0]))
    assert plt.get_fignums() == before


def test_a_notebook_shows_a_figure_by_itself():
    image = packing_figure(ITEMS, Packing([0]))._repr_png_()
    assert image.startswith(b"\x89PNG")


def test_names_are_no_formulas():
    problem = market()
    plan = conclude(problem, "$\\frac{$", problem.empty_solution())
    assert "$\\frac{$" in drawn(gap_figure(certified(problem, plan)))
    assert HOSTILE.startswith("<script>")


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr("mcsopt.report.style.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"packing_figure: needs matplotlib.*pip install matplotlib$"):
        packing_figure(ITEMS, Packing([]))
    assert "matplotlib" in sys.modules  # it was there all the time: the answer is not its absence
