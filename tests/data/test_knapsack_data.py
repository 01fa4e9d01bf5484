from __future__ import annotations

import numpy as np
import pytest

from mcsopt.data.knapsacks import FAMILIES, knapsack
from mcsopt.errors import InputError

R = 1000.0
EXACT = 1e-9

DIGESTS = {
    (
        100,
        "uncorrelated",
        0,
        False,
    ): "sha256:86afe52b27685ea486c7cb10e26887fa9f55b4f0697f155d348e58ce81e7737e",
    (
        100,
        "weakly-correlated",
        1,
        False,
    ): "sha256:41fbd84c5c9ccf94a2c1f9d60b0f96a8d07a406922242925cdc25f2f064eec18",
    (
        50,
        "almost-strongly-correlated",
        2,
        False,
    ): "sha256:690bd564b4167d7326785526a63b078f6727a681a0c60c6c4e9b5e32aa4c1cbf",
    (
        1000,
        "strongly-correlated",
        0,
        True,
    ): "sha256:13f236942c10a4fc9609e65a40d54655671a48c246ab512ce6522309405d1fa4",
}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_families_are_what_they_say(family: str) -> None:
    instance = knapsack(500, family, 4)
    weight, value = instance.weight, instance.value
    assert instance.num_items == 500
    assert weight.min() >= 1
    assert value.min() >= 1
    difference = value - weight
    low, high = {
        "uncorrelated": (-R, R),
        "weakly-correlated": (-R / 10, R / 10),
        "strongly-correlated": (R / 10, R / 10),
        "inverse-strongly-correlated": (-R / 10, -R / 10),
        "almost-strongly-correlated": (R / 10 - R / 500, R / 10 + R / 500),
        "subset-sum": (0, 0),
    }[family]
    assert low - EXACT <= difference.min()
    assert difference.max() <= high + EXACT
    # The range is used, not only kept.
    assert difference.max() - difference.min() >= 0.9 * (high - low)
    assert np.ptp(weight) > 0.9 * R


def test_capacity_is_the_fraction_of_the_weight() -> None:
    instance = knapsack(50, "uncorrelated", 1, fraction=0.25)
    assert instance.capacity == pytest.approx(0.25 * instance.weight.sum())
    assert knapsack(0).capacity == 0


def test_integer_rounds_everything() -> None:
    instance = knapsack(50, "weakly-correlated", 1, integer=True)
    for numbers in (instance.weight, instance.value, np.array([instance.capacity])):
        assert np.array_equal(numbers, np.rint(numbers))
    real = knapsack(50, "weakly-correlated", 1)
    assert np.abs(real.weight - instance.weight).max() <= 0.5
    assert not np.array_equal(real.weight, np.rint(real.weight))


@pytest.mark.parametrize(("arguments", "digest"), list(DIGESTS.items()))
def test_instances_never_change(arguments: tuple[int, str, int, bool], digest: str) -> None:
    items, family, seed, integer = arguments
    assert knapsack(items, family, seed, integer=integer).digest() == digest


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"family": "spanner"}, "family"),
        ({"items": -1}, "items"),
        ({"fraction": 1.5}, "fraction"),
        ({"largest": 1.0}, "largest"),
        ({"largest": 1e308}, "largest"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_arguments_are_named(options: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        knapsack(**options)
    assert caught.value.field == field
