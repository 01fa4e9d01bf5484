"""Generated markets: frozen for ever, in the documented ranges; options read as text."""

from __future__ import annotations

import inspect
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.data import GENERATORS, generate, sensing_market
from mcsopt.data.generators import generator_of
from mcsopt.data.markets import VARIANTS
from mcsopt.errors import InputError
from mcsopt.problems import OfflineWelfare, SensingMarket

# A change here changes every published figure: name it in the changelog, and draw the markets of the papers anew.
FROZEN: list[tuple[dict[str, Any], str]] = [
    ({"tasks": 4, "workers": 12, "seed": 0}, "sha256:67ed5e22d99e825b3157134103127a25edd4a8262207e6d2c99b13a8b8b284dd"),
    (
        {"tasks": 10, "workers": 40, "seed": 8},
        "sha256:4fcd43c8c8c7707ca6121b523fd40722000b85d9a75f062a094fc41af88cdc1c",
    ),
    (
        {"tasks": 40, "workers": 160, "seed": 0},
        "sha256:791d1945b8439576d4d12b207e337304a956a7089541d6b1f64ed83491846912",
    ),
    (
        {"tasks": 40, "workers": 160, "seed": 1, "service": "required"},
        "sha256:6a9de7039cc35083d236d7f74a013c4a5e3c360abcf4ccb5b42a6e13f713fcf4",
    ),
    (
        {"tasks": 4, "workers": 12, "seed": 0, "variant": "hard"},
        "sha256:e2ed595ef6f1632ada3337d69ab1e4c5de685702382b9d69c3761c887ffafc13",
    ),
    (
        {"tasks": 80, "workers": 300, "seed": 2, "variant": "hard"},
        "sha256:7db0d5ed222a04f33f00c348cb8baf5bd180cc00d81ca056c470c23d46681eef",
    ),
    (
        {"tasks": 100, "workers": 400, "seed": 3, "candidates": 10},
        "sha256:d66674217913c4d645f5cf18e0f3335680dbccef2e07fb591b3a9e3f4f99f218",
    ),
    ({"tasks": 1, "workers": 0, "seed": 0}, "sha256:4ba8a81166ca2557ac5345a2075a725b6588bf907cfb2858900f09d1289811e3"),
]


@pytest.mark.parametrize(("arguments", "digest"), FROZEN, ids=[str(a) for a, _ in FROZEN])
def test_markets_never_change(arguments, digest):
    assert sensing_market(**arguments).digest() == digest


sizes = st.fixed_dictionaries(
    {"tasks": st.integers(1, 12), "workers": st.integers(0, 30), "seed": st.integers(0, 2**40)}
)
RANGES = {
    "budget": (200, 250), "demand": (20, 28), "redundancy": (0.05, 0.40), "arrival": (0.56, 0.96), "payment": (40, 55),
    "privacy_budget": (0.1, 5), "intent_prior": (0.3, 0.7),
}  # fmt: skip


@given(size=sizes, variant=st.sampled_from(sorted(VARIANTS)))
def test_every_number_lies_in_its_range(size, variant):
    market = sensing_market(variant=variant, **size)
    assert (market.num_tasks, market.num_workers) == (size["tasks"], size["workers"])
    for name, (low, high) in RANGES.items():
        column = getattr(market, name)
        assert np.all((low <= column) & (column <= high)), name
    np.testing.assert_array_equal(market.payment, np.round(market.payment, 1))
    assert np.all(market.payment >= market.cost)
    side = 10 * np.sqrt(size["tasks"] / 40)
    for name in ("task_x", "task_y", "worker_x", "worker_y"):
        assert np.all((getattr(market, name) >= 0) & (getattr(market, name) <= side))
    assert (market.quality_weight, market.quality_risk, market.mismatch_risk) == (7.0, 0.2, 0.2)
    assert market.service == "optional"


def distances(market: SensingMarket) -> np.ndarray:
    assert market.task_x is not None
    assert market.task_y is not None
    east = market.task_x[:, None] - market.worker_x[None, :]
    north = market.task_y[:, None] - market.worker_y[None, :]
    return np.asarray(np.hypot(east, north))


@given(sizes)
def test_cost_and_quality_follow_the_distance(size):
    market = sensing_market(**size)
    distance = distances(market)[market.pair_task, market.pair_worker]
    # c = 4 mu d + lambda / eps, mu in [0.2, 0.8], lambda in [1, 5]
    privacy = 1 / market.privacy_budget[market.pair_worker]
    assert np.all(market.cost >= 4 * 0.2 * distance + 1 * privacy - 1e-8)
    assert np.all(market.cost <= 4 * 0.8 * distance + 5 * privacy + 1e-8)
    for variant, model in VARIANTS.items():
        drawn = sensing_market(variant=variant, **size)
        typical = model.median / (1 + distances(drawn)[drawn.pair_task, drawn.pair_worker] / model.decay)
        spread = np.exp(8 * model.spread)
        assert np.all((typical * 0.9 / spread <= drawn.quality) & (drawn.quality <= typical * 1.1 * spread))


def test_about_six_pairs_in_ten_that_pay_are_candidates():
    # At this size every payment of at least 40 covers the travel; only intent, and rarely privacy, keeps pairs out.
    market = sensing_market(tasks=20, workers=500, seed=0)
    assert 0.57 < market.num_pairs / (20 * 500) < 0.63


def test_the_hard_variant_has_nearly_equal_qualities():
    spread = {variant: float(np.std(np.log(sensing_market(seed=0, variant=variant).quality))) for variant in VARIANTS}
    assert spread["hard"] < 0.15 < 0.2 < spread["default"]


def test_the_density_does_not_depend_on_the_size():
    reach = [
        np.median(np.sort(distances(sensing_market(tasks=n, workers=4 * n, seed=1)), axis=1)[:, 3])
        for n in (20, 80, 320)
    ]
    for small, large in pairwise(reach):
        assert large == pytest.approx(small, rel=0.3)


# Candidates ----------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(tasks=st.integers(1, 6), workers=st.integers(1, 22), seed=st.integers(0, 10**6), candidates=st.integers(1, 25))
def test_candidates_keeps_the_nearest_of_the_willing(tasks, workers, seed, candidates):
    # With at most 22 workers every worker is looked at, so that both markets are the same but for the cut.
    everyone = sensing_market(tasks=tasks, workers=workers, seed=seed)
    nearest = sensing_market(tasks=tasks, workers=workers, seed=seed, candidates=candidates)
    distance = distances(everyone)
    for task in range(tasks):
        willing = everyone.pair_worker[everyone.pairs_of(task)]
        kept = nearest.pair_worker[nearest.pairs_of(task)]
        by_distance = willing[np.argsort(distance[task, willing], kind="stable")]
        assert kept.tolist() == sorted(by_distance[:candidates].tolist())
    both = {pair: k for k, pair in enumerate(zip(everyone.pair_task, everyone.pair_worker, strict=True))}
    same = [both[pair] for pair in zip(nearest.pair_task, nearest.pair_worker, strict=True)]
    for name in ("payment", "cost", "quality", "intent_prior"):
        np.testing.assert_array_equal(getattr(nearest, name), getattr(everyone, name)[same])


def test_candidates_fill_up_in_a_crowd_and_keep_memory_linear():
    market = sensing_market(tasks=500, workers=2000, seed=0, candidates=8)
    counts = np.diff(market.pair_start)
    assert counts.max() == 8
    assert np.mean(counts == 8) > 0.99


# Arguments -----------------------------------------------------------------------------------------------------------


def test_seeds_and_services():
    first, second = (sensing_market(tasks=3, workers=9, seed=seed) for seed in (0, 1))
    assert first.digest() != second.digest()
    required = sensing_market(tasks=3, workers=9, seed=0, service="required")
    assert required.service == "required"
    np.testing.assert_array_equal(required.quality, first.quality)


def test_a_drawn_market_is_a_problem():
    problem = OfflineWelfare(sensing_market(tasks=3, workers=9, seed=0))
    assert problem.violations(problem.empty_solution()) == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tasks": 0}, "tasks: is 0; give an integer >= 1"),
        ({"tasks": 2.0}, "tasks: is 2.0; give an integer >= 1"),
        ({"tasks": True}, "tasks: is True; give an integer >= 1"),
        ({"workers": -1}, "workers: is -1; give an integer >= 0"),
        ({"candidates": 0}, "candidates: is 0; give an integer >= 1"),
        ({"variant": "easy"}, "variant: is 'easy'; use one of 'default', 'hard'"),
        ({"service": "never"}, "service: is 'never'; use one of 'optional', 'required'"),
        ({"seed": -1}, "seed: -1 is negative; give an integer >= 0"),
        ({"seed": 0.5}, "seed: 0.5 is not an integer; give an integer >= 0"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        sensing_market(**{"tasks": 2, "workers": 4, **arguments})


# The registry --------------------------------------------------------------------------------------------------------


def test_options_are_read_by_their_type():
    drawn = generate(
        "sensing-market", {"tasks": "3", "workers": "9", "seed": "4", "candidates": "2", "variant": "hard"}
    )
    assert drawn.digest() == sensing_market(tasks=3, workers=9, seed=4, candidates=2, variant="hard").digest()
    drawn = generate("knapsack", {"items": "5", "seed": "1", "fraction": "0.25", "integer": "True"})
    assert drawn.digest() == generator_of("knapsack")(items=5, seed=1, fraction=0.25, integer=True).digest()


@pytest.mark.parametrize("kind", GENERATORS)
def test_every_generator_says_types_that_can_be_read(kind):
    parameters = inspect.signature(generator_of(kind)).parameters
    assert "seed" in parameters
    for parameter in parameters.values():
        assert any(word in str(parameter.annotation) for word in ("int", "float", "bool", "str"))
        assert parameter.default is not inspect.Parameter.empty


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("sudoku", {}, "kind: 'sudoku' is not known; use one of "),
        ("knapsack", {"colour": "red"}, "--colour: is no option of kind 'knapsack'; it takes --items, --family"),
        ("knapsack", {"items": "many"}, "--items: is 'many'; give an integer"),
        ("knapsack", {"fraction": "half"}, "--fraction: is 'half'; give a number"),
        ("knapsack", {"integer": "1"}, "--integer: is '1'; give true or false"),
        ("sensing-market", {"tasks": "0"}, "--tasks: is 0; give an integer >= 1"),
        ("sensing-market", {"service": "x"}, "--service: is 'x'; use one of"),
        ("sensing-market", {"seed": "-3"}, "--seed: -3 is negative; give an integer >= 0"),
    ],
)
def test_options_that_cannot_be_read(kind, options, message):
    with pytest.raises(InputError, match=message):
        generate(kind, options)
