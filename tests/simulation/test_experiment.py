"""Jobs side by side give what they give one after the other; tables and intervals are those of the textbooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mcsopt.errors import InputError, McsoptError
from mcsopt.simulation.attack_rows import SNAPSHOTS, attack_rows
from mcsopt.simulation.execution import Policy
from mcsopt.simulation.experiment import Setting, perform
from mcsopt.simulation.figure_tables import FIGURES, figure_plan, figure_table, jobs, proof_table
from mcsopt.simulation.rationality_rows import rationality_rows
from mcsopt.simulation.summary import summarise
from tests.real_trips import SAMPLE, needs_trips
from tests.simulation.small_scenarios import dying, spoilt

SMALL = Setting(4, 16)


@pytest.fixture(scope="module")
def attacked() -> list[dict]:
    return [row for seed in range(3) for row in attack_rows(Setting(20, 40), seed, Policy())]


def test_side_by_side_is_one_after_the_other():
    work = [(rationality_rows, SMALL, seed, Policy()) for seed in range(3)]
    alone = {job[2]: rows for job, rows in perform(work, processes=1)}
    together = {job[2]: rows for job, rows in perform(work, processes=2)}
    assert alone == together
    assert len(alone) == 3
    assert alone[0] != alone[1]


def test_a_job_that_fails_says_why():
    work = [(rationality_rows, Setting(4, 16, "no-such-trips.csv"), seed, Policy()) for seed in range(2)]
    for processes in (1, 2):
        with pytest.raises(InputError, match="no-such-trips"):
            list(perform(work, processes=processes))


def test_a_seed_that_a_solver_spoils_costs_no_other():
    work = [(spoilt, SMALL, seed, Policy()) for seed in range(4)]
    for processes in (1, 2):
        found = {job[2]: rows for job, rows in perform(work, processes=processes)}
        assert [found[seed] for seed in (0, 2)] == [[{"seed": 0}], [{"seed": 2}]]
        assert [str(found[seed]) for seed in (1, 3)] == ["highs: lied about seed 1", "highs: lied about seed 3"]


def test_a_process_that_is_killed_is_an_error_of_one_line():
    work = [(dying, SMALL, seed, Policy()) for seed in (0, 1)]
    with pytest.raises(McsoptError, match=r"one of 2 processes was killed, .*--resume goes on"):
        list(perform(work, processes=2))


def test_no_process_outlives_the_one_that_began_it():
    """The pipe ends when the last process that may write to it has: those who linger hold it too."""
    code = (
        "from mcsopt.simulation.experiment import Policy, Setting, perform\n"
        "from tests.simulation.small_scenarios import lingering\n"
        "list(perform([(lingering, Setting(1, 1), seed, Policy()) for seed in range(2)], processes=2))"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
        process.kill()
        assert process.communicate(timeout=60)[0] == ""


def test_attacks_come_near_their_closed_forms(attacked):
    """Within 0.03, that is about 4 standard errors of 2,400 entries a method."""
    table = figure_table(figure_plan(5), attacked)
    value, hoped = ({(r["metric"], r["method"], r["x"]): r["mean"] for r in table if r["of"] == of}
                    for of in ("value", "expected"))  # fmt: skip
    assert value.keys() == hoped.keys()
    for key, mean in value.items():
        if key[0] != "OSR" or key[2] == -1:  # a sampled worker alone has few entries
            assert mean == pytest.approx(hoped[key], abs=0.04), key
    assert value["MSR", "iParts(NoMem)", 100] > 0.98
    assert value["MSR", "iParts", 100] == value["MSR", "iParts", 1]
    assert value["MSR", "iParts(epochs)", 100] > value["MSR", "iParts(epochs)", 20] + 0.05
    assert value["OSR", "iParts(NoP)", -1] == 1
    assert value["OeIE", "iParts(NoP)", -1] == 0
    assert {key[2] for key in value if key[0] == "MFL"} == set(SNAPSHOTS)


def test_payments_and_risks_keep_their_limits():
    rows = [row for seed in range(4) for row in rationality_rows(SMALL, seed, Policy())]
    for row in rows:
        if row["metric"] == "paid to worker":
            assert row["value"] >= row["limit"] - 1e-9
        elif row["metric"] != "PRisk(pair)":
            assert row["value"] <= row["limit"] + 1e-9
    worst = [row for row in rows if row["x"] == -1]
    assert {row["metric"] for row in worst} == {"paid by task", "paid to worker", "QRisk", "PRisk", "PRisk(pair)"}
    for row in rows:
        (last,) = (w for w in worst if (w["metric"], w["seed"]) == (row["metric"], row["seed"]))
        sign = -1 if row["metric"] == "paid to worker" else 1
        assert sign * (last["limit"] - last["value"]) <= sign * (row["limit"] - row["value"]) + 1e-12


def test_means_have_student_intervals():
    values = np.random.default_rng(0).normal(3, 2, 12)
    rows = [{"method": "a", "SW": value} for value in values] + [{"method": "b", "SW": 1.0}, {"method": "b"}]
    a, b = summarise(rows, ["method"], ["SW", "none"])
    low, high = stats.t.interval(0.95, 11, loc=values.mean(), scale=stats.sem(values))
    assert (a["low"], a["high"], a["mean"]) == pytest.approx((low, high, values.mean()))
    assert (a["min"], a["max"], a["runs"]) == (values.min(), values.max(), 12)
    assert (b["mean"], b["low"], b["runs"]) == (1.0, None, 1)


def test_shares_are_of_the_certified_bound():
    rows = [
        {"tasks": 20, "workers": 120, "seed": s, "method": "iParts", "SW": 8.0 + s, "bound": 10.0, "planned": 3.0,
         "plan_bound": None, "repair": 0.0, "repair_bound": 0.0}
        for s in range(2)
    ]  # fmt: skip
    found = {row["metric"]: row["mean"] for row in figure_table(figure_plan(3), rows)}
    assert found["SW/bound"] == pytest.approx(0.85)
    assert "planned/plan_bound" not in found  # nothing was bounded
    assert "repair/repair_bound" not in found  # there was nothing to repair


def test_what_is_proved_is_counted():
    ideal = [{"method": "Wait-and-see", "SW": 10.0, "bound_best": best} for best in (10.0, 9.96, 10.0)]
    plans = [{"method": "Optimal", "planned": 5.0, "plan_bound": 5.0}] * 3
    repairs = [
        {"method": name, "repair_best": best, "repair_bound": 2.0} for name, best in (("iParts", 2.0), ("b", 1.0))
    ]
    repairs += [{"method": "b", "repair_best": None, "repair_bound": 2.0}, {"method": "c", "repair_bound": None}]
    (line,) = proof_table([{"tasks": 1, "workers": 2, **row} for row in ideal + plans + repairs])
    assert (line["repairs"], line["repairs_proved"], line["repairs_worst_gap"]) == (3, 1, 0.5)
    assert (line["runs"], line["wait_and_see_proved"], line["contracts_proved"]) == (3, 2, 3)
    assert line["wait_and_see_worst_gap"] == pytest.approx(0.004)
    assert line["contracts_worst_gap"] == 0


def test_figures_share_their_runs():
    first, second = (jobs(figure_plan(k), range(2), Policy()) for k in (3, 4))
    assert set(second) < set(first)
    assert {key[0] for key in first} == {"welfare"}
    assert sorted(FIGURES) == [3, 4, 5, 6]
    with pytest.raises(InputError, match="--figure: is 7; use one of 3, 4, 5, 6"):
        figure_plan(7)


@needs_trips
def test_markets_of_real_trips_go_through():
    rows = rationality_rows(Setting(4, 16, str(SAMPLE)), 0, Policy())
    assert rows == rationality_rows(Setting(4, 16, str(SAMPLE)), 0, Policy())
    assert {row["metric"] for row in rows} >= {"paid by task", "QRisk"}


def test_the_search_for_budgets_is_passed_on():
    found = {how: rationality_rows(SMALL, 0, Policy(search=how)) for how in ("scan", "exact")}
    assert found["scan"] != found["exact"]
    with pytest.raises(InputError, match="method: is 'guess'"):
        rationality_rows(SMALL, 0, Policy(search="guess"))
