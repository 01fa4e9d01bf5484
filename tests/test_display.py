"""Small tables for notebooks: escaped, one row a fact."""

from __future__ import annotations

import pytest

import mcsopt
from mcsopt.display import UNKNOWN, escaped, number, percent, plain, small_table
from mcsopt.problems import Knapsack, KnapsackInstance, Packing
from mcsopt.result import conclude

ITEMS = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.5], 7.5))


@pytest.mark.parametrize("show", [number, plain, percent])
def test_unknown_numbers_are_a_dash(show):
    assert show(None) == UNKNOWN


def test_numbers():
    assert number(1234.5) == "1,234.5000"
    assert number(-0.5, 1) == "-0.5"
    assert plain(1234.5) == "1234.500000"
    assert percent(0.25) == "25.0000 %"


@pytest.mark.parametrize("value", [3e-5, -3e-5, 1e-30, 1e15, 1e100])
def test_numbers_too_small_or_large_for_decimals_keep_their_value(value):
    assert float(number(value)) == value
    assert float(plain(value)) == value
    assert len(number(value)) <= 8


def test_nothing_becomes_markup():
    assert escaped("<b>\n&\ud800") == "&lt;b&gt;\\n&amp;\\ud800"
    table = small_table("<i>", {"<b>": "'\""}, note="a < b\nc")
    assert table.count("<i>") == table.count("<b>") == 0
    assert "<pre>a &lt; b\nc</pre>" in table


def test_a_result_shows_what_is_known():
    page = mcsopt.solve(ITEMS)._repr_html_()
    for word in ("knapsack (maximise)", "PROVED", "9.000000", "(float)", "0.0000 %", "finished"):
        assert word in page
    assert "violations" not in page


def test_a_result_shows_what_is_not_known_and_what_is_broken():
    plan = conclude(ITEMS, "<mine>", Packing([0, 1, 2]), seed=3, message="a & b")
    page = plan._repr_html_()
    assert "&lt;mine&gt;" in page
    assert "capacity broken at knapsack by 4.5" in page
    assert "a &amp; b" in page
    assert page.count(UNKNOWN) == 2  # bound and gap
    nothing = conclude(ITEMS, "idle", None)._repr_html_()
    assert nothing.count(UNKNOWN) == 3
