"""Price trees whose tasks all go through compiled code."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from mcsopt.problems import OfflineWelfare, SensingMarket
from mcsopt.verification import check
from mcsopt.verification.check import compiled_kernel, contracts, price_tree
from tests.verification.check.check_oracle import certificate, derive_tree, price_by, random_leaf


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every task through compiled code."""
    price_by("compiled", monkeypatch)


def middling(seed: int) -> tuple[OfflineWelfare, list[Any]]:
    """Return a market and a tree of many leaves with different prices."""
    from mcsopt.data import sensing_market

    problem = OfflineWelfare(sensing_market(tasks=6, workers=30, seed=seed))
    rng = np.random.default_rng(seed)
    tree: list[Any] = [random_leaf(rng, 30, 40.0)]
    for _ in range(20):
        split = {"split": "pair", "task": int(rng.integers(6)), "worker": int(rng.integers(30))}
        tree = [split, random_leaf(rng, 30, 40.0), *tree]
    return problem, tree


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("seed", range(3))
def test_threads_and_batches_change_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem, tree = middling(seed)
    one, two = (derive_tree(problem, tree, threads=threads) for threads in (1, 2))
    assert one == two
    assert one.work["tasks searched by compiled code"] == 6
    assert one.work["leaves"] == 21
    monkeypatch.setattr(price_tree, "BATCH", 3)
    assert derive_tree(problem, tree, threads=2) == one
    monkeypatch.setattr(contracts, "COMPILED_FROM", math.inf)
    pure = derive_tree(problem, tree)
    assert one.dual_bound == pytest.approx(pure.dual_bound, rel=1e-12)
    assert pure.work["sets priced anew"] <= one.work["sets priced anew"]


@pytest.mark.usefixtures("compiled")
def test_a_bound_below_the_true_one_is_refused() -> None:
    problem, tree = middling(0)
    honest = certificate(problem, None, {"kind": "price-tree", "tree": tree})
    assert check.check(honest).accepted
    false = {**honest, "dual_bound": honest["dual_bound"] * (1 - 1e-8)}
    verdict = check.check(false)
    assert not verdict.accepted
    assert "dual_bound" in verdict.reason


@pytest.mark.usefixtures("compiled")
def test_tasks_with_too_many_cheap_workers_are_left_to_the_pure_path() -> None:
    count = 12
    problem = OfflineWelfare(
        SensingMarket(
            budget=[0.0], demand=[0.5], redundancy=[0.0], arrival=[1.0] * count, pair_task=[0] * count,
            pair_worker=list(range(count)), payment=[0.0] * count, cost=[0.0] * count, quality=[1.0] * count,
            quality_weight=1.0,
        )
    )  # fmt: skip
    assert count > compiled_kernel.LARGEST
    derived = derive_tree(problem, [{"worker": [], "price": []}])
    assert derived.work["tasks listed"] == 1
    assert derived.dual_bound == pytest.approx(count)


def test_refusals_come_through_threads(compiled: None) -> None:
    problem, tree = middling(1)
    with pytest.raises(check.OutOfTime):
        derive_tree(problem, tree, threads=2, time_limit=0)


def test_small_certificates_do_not_load_compiled_code() -> None:
    problem = OfflineWelfare.random_small(np.random.default_rng(0))
    asked = json.dumps([problem.options, problem.instance.to_json()])
    code = (
        "import json, sys\n"
        "from mcsopt.verification import check\n"
        "options, instance = json.loads(sys.stdin.read())\n"
        "leaf = {'worker': [], 'price': []}\n"
        "check.derive('offline-welfare', options, instance, {'kind': 'price-tree', 'tree': [leaf]})\n"
        "print('mcsopt.verification.check.compiled_kernel' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], input=asked, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
