"""The tables of certify and sweep as frames: what the documents say, unknown numbers missing and never 0."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import mcsopt
from mcsopt.data import default_instance, sensing_market
from mcsopt.errors import InputError
from mcsopt.problems import Assignment, Knapsack, OfflineWelfare, Packing
from mcsopt.regression.coalition_grid import Grid
from mcsopt.regression.coalition_growth import growth_exponents
from mcsopt.regression.coalition_sweep import sweep
from mcsopt.report.frames import gap_frame, sweep_frame

NUMBERS = ["objective", "bound", "gap", "optimum", "regret", "plan_seconds", "bound_seconds"]


@pytest.fixture(scope="module")
def certificates():
    welfare = OfflineWelfare(sensing_market(tasks=3, workers=12, seed=0))
    knapsack = Knapsack(default_instance("knapsack"))
    return [
        mcsopt.certify(welfare, mcsopt.heuristics.greedy(welfare)),
        mcsopt.certify_equilibrium(welfare, mcsopt.heuristics.greedy(welfare)),
        mcsopt.certify(knapsack, mcsopt.heuristics.density_greedy(knapsack)),
        mcsopt.certify(knapsack, Packing(range(knapsack.instance.num_items))),
    ]


def test_the_table_of_certify(certificates):
    frame = gap_frame(certificates)
    assert len(frame) == len(certificates)
    for row, certificate in zip(frame.itertuples(), certificates, strict=True):
        wanted = {
            "objective": certificate.objective, "bound": certificate.dual_bound, "gap": certificate.gap,
            "optimum": certificate.optimum, "regret": certificate.regret,
        }  # fmt: skip
        for name, value in wanted.items():
            found = getattr(row, name)
            assert np.isnan(found) if value is None else found == value
        assert (row.problem, row.digest) == (certificate.document["problem"], certificate.document["digest"])
        assert (row.plan, row.status) == (certificate.plan.method, certificate.status.value)
    assert frame["solver"].isna().tolist() == [False, True, False, False]
    assert np.isnan(frame["bound_seconds"][1])
    assert np.isnan(frame["objective"][3])
    assert (frame[NUMBERS].dtypes == "float64").all()


def test_a_table_of_nothing_has_its_columns(certificates):
    empty = gap_frame([])
    assert len(empty) == 0
    assert list(empty.columns) == list(gap_frame(certificates).columns)
    assert (empty[NUMBERS].dtypes == "float64").all()


def test_what_is_no_certificate_is_refused():
    with pytest.raises(InputError, match="certificates: hold a Assignment; give what"):
        gap_frame([Assignment([])])


def test_the_table_of_sweep():
    rows = sweep(Grid(players=(3, 4, 6)))
    frame = sweep_frame(rows)
    assert frame.to_dict("records") == rows
    assert (frame["players"].dtype, frame["price_cost"].dtype) == ("int64", "float64")
    growth = growth_exponents(rows)
    fitted = sweep_frame(growth)
    assert fitted["fitted"].tolist() == [one.fitted for one in growth]
    assert fitted["shows_from"].dtype == "Int64"
    known = [g.shows_from for g in growth]
    assert fitted["shows_from"].isna().tolist() == [n is None for n in known]
    assert fitted["shows_from"].dropna().tolist() == [n for n in known if n is not None]
    assert len(sweep_frame([])) == 0


def test_rows_that_are_none():
    with pytest.raises(InputError, match="rows: hold a int; give the rows of a sweep"):
        sweep_frame([3])
    with pytest.raises(InputError, match="rows: hold a type"):
        sweep_frame([Grid])


def test_without_pandas_there_is_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for ask in (lambda: gap_frame([]), lambda: sweep_frame([])):
        with pytest.raises(InputError, match="pandas: is not installed; pip install pandas"):
            ask()
