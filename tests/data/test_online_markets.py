"""What a plan and the arrivals leave to the online stage, against (46)-(50) worker by worker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.data import default_instance, drawn_online_market, idle_workers, online_market, sensing_market
from mcsopt.errors import InputError
from mcsopt.problems import Assignment, OnlineRecruitment

SEEDS = st.integers(0, 2**32 - 1)

# A change here changes every published figure: name it in the changelog.
FROZEN = [
    (
        {"tasks": 12, "workers": 60, "seed": 11},
        "sha256:2dd8e7de6d0134f0f5ba61f0b929cb46b0fd55bec138f93cea046d12d14853e1",
    ),
]


@pytest.mark.parametrize(("arguments", "digest"), FROZEN)
def test_drawn_markets_never_change(arguments, digest):
    assert drawn_online_market(**arguments).digest() == digest


def test_the_default_is_a_drawn_one():
    assert default_instance("online-market").digest() == FROZEN[0][1]


def random_contracts(market, rng):
    """Disjoint sets within the budgets, of any quality."""
    sets = []
    free = set(range(market.num_workers))
    for task in range(market.num_tasks):
        chosen, left = [], float(market.budget[task])
        pairs = np.arange(market.num_pairs)[market.pairs_of(task)]
        for pair in rng.permutation(pairs):
            worker = int(market.pair_worker[pair])
            if worker in free and market.payment[pair] <= left and rng.random() < 0.5:
                chosen.append(worker)
                left -= float(market.payment[pair])
        free -= set(chosen)
        sets.append(chosen)
    return Assignment(sets)


@settings(max_examples=40, derandomize=True)
@given(SEEDS, st.booleans())
def test_what_is_left_is_what_the_paper_says(seed, positions):
    rng = np.random.default_rng(seed)
    market = sensing_market(tasks=int(rng.integers(1, 6)), workers=int(rng.integers(0, 20)), seed=seed)
    plan, arrived = random_contracts(market, rng), rng.random(market.num_workers) < 0.6
    left = online_market(market, plan, arrived, objective="recruits")
    contracted = {j for workers in plan.sets for j in workers}
    idle = [j for j in range(market.num_workers) if arrived[j] and j not in contracted]
    assert idle_workers(market, plan, arrived).tolist() == idle
    assert left.num_workers == len(idle)
    np.testing.assert_array_equal(left.arrival, market.arrival[idle])
    np.testing.assert_array_equal(left.worker_x, market.worker_x[idle])
    pair_of = {
        pair: k for k, pair in enumerate(zip(market.pair_task.tolist(), market.pair_worker.tolist(), strict=True))
    }
    for task, workers in enumerate(plan.sets):
        come = [pair_of[task, j] for j in workers if arrived[j]]
        assert left.base_count[task] == len(come)
        assert left.base_quality_sum[task] == pytest.approx(market.quality[come].sum())
        assert left.budget[task] == pytest.approx(market.budget[task] - market.payment[come].sum())
    kept = [pair_of[task, idle[j]] for task, j in zip(left.pair_task.tolist(), left.pair_worker.tolist(), strict=True)]
    assert kept == [k for (_, j), k in sorted(pair_of.items()) if j in set(idle)]
    for name in ("payment", "cost", "quality", "intent_prior"):
        np.testing.assert_array_equal(getattr(left, name), getattr(market, name)[kept])
    assert (left.objective, left.service, left.quality_risk) == ("recruits", market.service, market.quality_risk)


def test_a_budget_spent_to_its_tolerance_leaves_nothing():
    market = sensing_market(tasks=1, workers=5, seed=0)
    worker = int(market.pair_worker[0])
    fields = {field.name: getattr(market, field.name) for field in market.FIELDS}
    spent = type(market)(**fields | {"budget": np.array([market.payment[0] - 1e-9])})
    left = online_market(spent, Assignment([[worker]]), np.ones(5, dtype=bool))
    assert left.budget.tolist() == [0.0]


@pytest.mark.parametrize(
    ("sets", "arrived", "message"),
    [
        ([[], []], [1, 0, 1], "arrived: is an array of shape .* give 12 truth values"),
        ([[], []], np.ones(12), "arrived: is an array of shape .* and type float64; give 12 truth values"),
        ([[]], np.ones(12, dtype=bool), "plan: has length 1, the number of tasks is 2"),
        ([[12], []], np.ones(12, dtype=bool), "plan: names a worker who is not in the market; there are 12"),
        ([[0], [0]], np.ones(12, dtype=bool), "plan: contracts worker 0 more than once"),
        ([[3], []], np.ones(12, dtype=bool), r"plan\[0\]: names worker 3, with whom task 0 has no pair"),
        ([[0, 1, 2, 4, 5, 6, 7, 8], []], np.ones(12, dtype=bool), r"plan\[0\]: pays .* more than the budget"),
    ],
)
def test_plans_and_arrivals_that_do_not_fit(sets, arrived, message):
    market = sensing_market(tasks=2, workers=12, seed=3)
    keep = ~((market.pair_task == 0) & (market.pair_worker == 3))
    fields = {field.name: getattr(market, field.name) for field in market.FIELDS}
    everybody = {"pair_task": np.repeat([0, 1], 12), "pair_worker": np.tile(np.arange(12), 2), "intent_prior": None}
    everybody |= {name: np.full(24, 50.0) for name in ("payment", "quality")} | {"cost": np.zeros(24)}
    keep = ~((everybody["pair_task"] == 0) & (everybody["pair_worker"] == 3))
    fields |= {name: value if value is None else value[keep] for name, value in everybody.items()}
    with pytest.raises(InputError, match=f"^{message}"):
        online_market(type(market)(**fields), Assignment(sets), arrived)  # type: ignore[arg-type]  # as it is given


def test_without_contracts_everybody_who_came_is_idle():
    drawn = drawn_online_market(tasks=5, workers=30, seed=2, contracted=0.0, objective="recruits")
    assert drawn.base_count.tolist() == [0] * 5
    assert drawn.unmet.all()
    assert drawn.objective == "recruits"
    assert 0 < drawn.num_workers < 30


def test_contracts_take_their_share_of_the_budget():
    market, drawn = sensing_market(tasks=20, workers=80, seed=4), drawn_online_market(tasks=20, workers=80, seed=4)
    assert (drawn.budget >= 0.4 * market.budget - 1e-9).all()
    assert OnlineRecruitment(drawn).violations(OnlineRecruitment(drawn).empty_solution()) == ()


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_is_one(share):
    with pytest.raises(InputError, match=r"contracted: is .*; give a share in \[0, 1\]"):
        drawn_online_market(tasks=2, workers=4, contracted=share)
