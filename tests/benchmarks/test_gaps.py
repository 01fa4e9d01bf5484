import pytest

from benchmarks import gap_over_time, heuristic_gaps
from benchmarks.gap_over_time import Curve, Point, Scale, Trace, merged, read_line, restarts
from benchmarks.offline_acceptance import _market, _trial
from benchmarks.tables import percent, write_csv
from mcsopt.heuristics.registry import heuristics

pytestmark = pytest.mark.usefixtures("no_screen")


def test_lines_of_progress_are_read_in_either_order():
    assert read_line("7 nodes, best 12.500000, bound 13.250000") == (12.5, 13.25)
    assert read_line("bound 1,234.5, best 1e3") == (1000.0, 1234.5)
    assert read_line("40 nodes, best -inf, bound 3") == (None, 3.0)
    assert read_line("preparing the search") == (None, None)


def test_a_trace_keeps_the_best_and_joins_runs_by_time():
    trace = Trace()
    for line in ("bound 20, best 5", "bound 30, best 4", "bound 18, best 7"):
        trace.hear(line)
    assert [(p.best, p.bound) for p in trace.points] == [(5, 20), (7, 18)]
    assert trace.points[-1].gap == pytest.approx(11 / 18)
    first, worse, better = Point(2.0, 9.0, 16.0), Point(3.0, 8.0, 15.0), Point(4.0, 11.0, 12.0)
    assert merged([better, worse, Point(1.0, None, 14.0), first]) == [first, better]
    assert list(restarts(0.5, 4.0)) == [0.5, 1.0, 2.0]
    assert list(restarts(0.0, 4.0)) == []


def test_a_run_over_time_ends_at_the_optimum_and_is_drawn(tmp_path):
    scale = Scale.parse("5x20,seed=3,limit=20")
    assert scale == Scale(5, 20, seed=3, limit=20.0)
    points, seconds, message = gap_over_time.trace(scale)
    assert "PROVED" in message
    assert points[-1].gap == pytest.approx(0.0, abs=1e-7)
    curve = Curve(scale, points, seconds, None, message)
    late = Curve(scale, [Point(2.0, 9.0, None), Point(3.0, 9.0, 10.0)], 4.0, 1.5, "")
    absent = gap_over_time.curve(Scale.parse("5x20,solver=oracle"))
    assert "no solver 'oracle'" in absent.message
    assert late.reached(0.1) == 3.0
    assert late.reached(0.05) is None
    table = list(gap_over_time.lines([curve, late, absent]))
    assert [line[2] for line in table] == ["0", "10 %", "-"]
    figure = gap_over_time.figure([curve, late, absent])
    figure.savefig(tmp_path / "time.png")
    assert len(figure.legends[0].get_texts()) == 2
    write_csv(tmp_path / "time.csv", gap_over_time.rows([curve, late, absent]))
    assert len((tmp_path / "time.csv").read_text().splitlines()) == 1 + len(points) + 2


def test_every_heuristic_has_a_certified_gap_in_table_and_picture(tmp_path):
    found = [gap for seed in (0, 1) for gap in heuristic_gaps.gaps("default", 5, 20, seed, 20.0)]
    names = [h.name for h in heuristics().values() if "offline-welfare" in h.problems]
    assert [gap.heuristic for gap in found] == names * 2
    for gap in found:
        assert gap.proved
        assert gap.objective is not None
        assert gap.gap == pytest.approx((gap.bound - gap.objective) / gap.bound, abs=1e-9)
    table = list(heuristic_gaps.lines(found))
    assert [line[1] for line in table] == names
    both = sorted(gap.gap for gap in found if gap.heuristic == names[0])
    assert table[0][2:5] == [percent(sum(both) / 2), percent(both[0]), percent(both[1])]
    figure = heuristic_gaps.figure(found)
    figure.savefig(tmp_path / "gaps.png")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*names, "median"]
    drawn = [height for line in figure.axes[0].get_lines() for height in line.get_ydata()]
    assert max(drawn) < figure.axes[0].get_ylim()[1]


def test_a_trial_of_the_acceptance_verifies_its_certificate_and_leaves_cuts_out_of_the_root_gap():
    trial = _trial(_market(10, 40, 1, "hard"), 20.0)
    assert trial.proved
    assert trial.refusal == ""
    assert trial.megabytes > 0
    # Cuts close this gap at the root.
    assert "1 nodes" in trial.result.message
    assert trial.root_gap == pytest.approx(0.006489, abs=1e-6)
