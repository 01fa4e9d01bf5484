"""One task priced in plain Python: listed, searched, and decided in rationals where doubles do not tell."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.problems import OfflineWelfare, SensingMarket
from mcsopt.verification import check
from mcsopt.verification.check import pricing, sets
from mcsopt.verification.check.strict import Run
from tests.verification.check.check_oracle import derive_tree, random_tree


def random_task(rng: np.random.Generator, size: int) -> sets.Task:
    """Draw a task on which the workers with the greatest gains are dear: several cheap ones may be better."""
    quality = rng.uniform(2, 24, size)
    return sets.Task(
        label="task 0",
        workers=np.arange(size),
        arrival=rng.uniform(0.3, 1, size),
        quality=quality,
        payment=np.round(quality**2 * rng.uniform(0.1, 0.2, size), 1),
        cost=rng.uniform(0, 10, size),
        weight=7.0,
        redundancy=float(rng.choice([0.0, 0.05, 0.4])),
        demand=float(rng.choice([1.0, 10.0, 25.0])),
        budget=float(rng.uniform(20, 90)),
        risk_cap=float(rng.choice([0.01, 0.2, 0.5, 1.0])),
    )


@pytest.mark.parametrize(
    ("cells", "tabulated", "levels"), [(1, 24, 16), (1, 1, 16), (1, 24, 1), (60, 24, 16), (2**17, 24, 16)]
)
@pytest.mark.parametrize("block", range(10))
def test_the_search_finds_the_best_listed_set(
    block: int, cells: int, tabulated: int, levels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, run = np.random.default_rng(block), Run()
    for _ in range(20):
        monkeypatch.undo()
        task = random_task(rng, int(rng.integers(1, 11)))
        listing = pricing.list_sets(task, 2000, run)
        assert listing is not None
        monkeypatch.setattr(pricing, "CELLS", cells)
        monkeypatch.setattr(pricing, "MAX_SIZE", tabulated)
        monkeypatch.setattr(pricing, "LEVELS", levels)
        for valued in (True, True, False):
            price = rng.uniform(0, rng.choice([1.0, 20.0, 80.0]), task.size) * (rng.random(task.size) < 0.8)
            banned = rng.random(task.size) < 0.2
            listed = pricing.best_listed(listing, price, banned, valued)
            searched = pricing.best_searched(task, price, banned, valued, run)
            assert searched == pytest.approx(listed, rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_search_and_listing_agree_on_larger_tasks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    workers, tasks = 11 if seed == 5 else 16, 2
    grid = np.indices((tasks, workers)).reshape(2, -1)
    pairs = tasks * workers
    market = SensingMarket(
        budget=rng.uniform(180, 240, tasks), demand=rng.uniform(15, 25, tasks),
        redundancy=rng.uniform(0.05, 0.4, tasks), arrival=rng.uniform(0.5, 1, workers),
        pair_task=grid[0], pair_worker=grid[1], payment=np.round(rng.uniform(20, 55, pairs), 1) * (seed != 5),
        cost=np.zeros(pairs) if seed == 5 else rng.uniform(0, 20, pairs), quality=rng.uniform(8, 24, pairs),
        quality_risk=[0.2, 0.01, 1e-6][seed % 3],
    )  # fmt: skip
    problem = OfflineWelfare(market)
    tree = random_tree(rng, tasks, workers, 3, scale=60.0)
    listed = derive_tree(problem, tree)
    monkeypatch.setattr(pricing, "LISTED_SETS", 100)
    monkeypatch.setattr(pricing, "CELLS", 500)
    searched = derive_tree(problem, tree)
    assert listed.work["tasks listed"] == searched.work["tasks searched"] == tasks
    assert listed.dual_bound == pytest.approx(searched.dual_bound, rel=1e-12)


def unpaid() -> OfflineWelfare:
    """Return one task without redundancy and 30 unpaid workers, each worth 1."""
    count = 30
    return OfflineWelfare(
        SensingMarket(
            budget=[0.0], demand=[0.5], redundancy=[0.0], arrival=[1.0] * count, pair_task=[0] * count,
            pair_worker=list(range(count)), payment=[0.0] * count, cost=[0.0] * count, quality=[1.0] * count,
            quality_weight=1.0,
        )
    )  # fmt: skip


def test_the_search_takes_tasks_with_very_many_affordable_sets() -> None:
    worthwhile = 13
    leaf = {"worker": list(range(worthwhile, 30)), "price": [2.0] * (30 - worthwhile)}
    derived = derive_tree(unpaid(), [leaf])
    assert derived.work["tasks searched"] == 1
    assert derived.dual_bound == pytest.approx(worthwhile + 2.0 * (30 - worthwhile), rel=1e-12)


def test_a_bound_that_needs_the_risk_of_too_large_a_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "MAX_SIZE", 6)
    with pytest.raises(check.Refused, match="7 workers of task 0 is needed; it is checked up to 6"):
        derive_tree(unpaid(), [{"worker": [], "price": []}])
