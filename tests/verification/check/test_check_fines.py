"""Subset-row cuts: what they prove, and which are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket
from mcsopt.verification import check
from tests.verification.check.check_oracle import certificate, derive_tree, price_by


def cut_leaf(**changes: Any) -> dict[str, Any]:
    """Return the prices that prove three collisions of pairs at most one: see `triangle`."""
    cut = {"task": [], "worker": [0, 1, 2], "price": 10.0} | changes
    return {"worker": [], "price": [], "cut": [cut]}


def triangle() -> OfflineWelfare:
    """Return three tasks that each need any two of three workers: prices alone prove 15, a cut proves 10."""
    return OfflineWelfare(SensingMarket(
        budget=[2.0] * 3, demand=[10.0] * 3, redundancy=[0.0] * 3, arrival=[1.0] * 3,
        pair_task=np.repeat([0, 1, 2], 3), pair_worker=np.tile([0, 1, 2], 3), payment=[1.0] * 9, cost=[0.0] * 9,
        quality=[5.0] * 9, quality_weight=1.0,
    ))  # fmt: skip


@pytest.mark.parametrize("path", ["listed", "searched", "compiled"])
def test_a_cut_proves_what_prices_alone_cannot(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    price_by(path, monkeypatch)
    problem = triangle()
    assert derive_tree(problem, [{"worker": [0, 1, 2], "price": [5.0] * 3}]).dual_bound == pytest.approx(15.0)
    assert derive_tree(problem, [cut_leaf()]).dual_bound == pytest.approx(10.0)
    plan = Assignment([(0, 1), (), ()])
    assert check.check(certificate(problem, plan, {"kind": "price-tree", "tree": [cut_leaf()]})).accepted
    # Too low a price does not fine the sets enough, too high a price costs itself.
    assert derive_tree(problem, [cut_leaf(price=4.0)]).dual_bound == pytest.approx(4.0 + 3 * 6.0)
    assert derive_tree(problem, [cut_leaf(price=30.0)]).dual_bound == pytest.approx(30.0)


def test_a_cut_with_a_task_fines_the_sets_of_that_task_for_one_worker() -> None:
    problem = triangle()
    # Tasks 0 and 1, worker 0: sets of the two tasks that have worker 0 are fined, those without are not.
    derived = derive_tree(problem, [cut_leaf(task=[0, 1], worker=[0])])
    assert derived.dual_bound == pytest.approx(10.0 + 3 * 10.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"worker": [0, 1]}, r"evidence.tree\[0\].cut\[0\] has 2 rows"),
        ({"worker": [0, 1, 2], "task": [0]}, "has 4 rows"),
        ({"worker": [0, 1, 1]}, r"cut\[0\].worker"),
        ({"worker": [0, 1, 3]}, r"cut\[0\].worker"),
        ({"price": -1.0}, r"cut\[0\].price"),
        ({"price": "10"}, r"cut\[0\].price"),
        ({"rows": []}, r"cut\[0\]"),
    ],
)
def test_cuts_of_another_form_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(check.Refused, match=reason):
        derive_tree(triangle(), [cut_leaf(**changes)])


def test_of_many_cuts_the_dearest_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcsopt.verification.check.fines.CUTS", 1)
    cheap, dear = ({"task": [], "worker": [0, 1, 2], "price": price} for price in (1.0, 6.0))
    leaf = {"worker": [], "price": [], "cut": [cheap, dear]}
    assert derive_tree(triangle(), [leaf]).dual_bound == pytest.approx(7.0 + 3 * 4.0)
