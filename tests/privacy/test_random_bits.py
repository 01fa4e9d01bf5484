"""Bits with exact probabilities, from a secure source unless a seed is given."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.privacy import random_bits
from mcsopt.privacy.random_bits import bernoulli, source

LARGEST = 2.0**53 - 1


def scripted(*batches: list[float]) -> Callable[[object], Callable[[int], np.ndarray]]:
    """Return a source that draws what is written, and complains about any other number of draws."""
    left = iter(batches)

    def draw(count: int) -> np.ndarray:
        batch = next(left)
        assert len(batch) == count
        return np.array(batch)

    return lambda simulated: draw


def test_the_default_source_is_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def token_bytes(count: int) -> bytes:
        asked.append(count)
        return b"\xff" * count

    monkeypatch.setattr(secrets, "token_bytes", token_bytes)
    assert source()(3).tolist() == [LARGEST] * 3
    assert not bernoulli(np.full(5, 0.999)).any()
    assert asked == [24, 40]
    bernoulli(np.full(5, 0.999), simulated=1)
    assert asked == [24, 40]


def test_secure_noise_does_not_repeat() -> None:
    assert (bernoulli(np.full(500, 0.5)) != bernoulli(np.full(500, 0.5))).any()


@pytest.mark.parametrize("simulated", [None, 0])
def test_draws_are_integers_below_the_limit_and_uniform(simulated: int | None) -> None:
    drawn = source(simulated)(20_000)
    assert (drawn == np.floor(drawn)).all()
    assert drawn.min() >= 0
    assert drawn.max() <= LARGEST
    # Every single binary digit is as often 0 as 1, the last as well as the first: six standard errors each.
    digits = drawn.astype(np.uint64)[:, None] >> np.arange(53, dtype=np.uint64) & np.uint64(1)
    assert (np.abs(digits.mean(axis=0) - 0.5) < 6 * 0.5 / np.sqrt(20_000)).all()


def test_a_number_below_the_probability_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    half = 2.0**52
    monkeypatch.setattr(random_bits, "source", scripted([half - 1, half, half + 1]))
    assert bernoulli(np.full(3, 0.5)).tolist() == [True, False, False]


def test_digits_beyond_the_53rd_are_drawn_when_they_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    # 3 * 2^-54 is 1.5 in units of 2^-53: 0 is below, 2 above; at 1 the next 53 digits are compared with 0.5.
    half = 2.0**52
    monkeypatch.setattr(random_bits, "source", scripted([0, 1, 1, 2, 1], [half - 1, half, 0]))
    assert bernoulli(np.full(5, 3 * 2.0**-54)).tolist() == [True, True, False, False, True]


def test_tiny_probabilities_need_many_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    # 2^-160 is 2^-1 behind three blocks of zeros: 160 = 3 * 53 + 1.
    monkeypatch.setattr(random_bits, "source", scripted([0, 0, 5], [0, 0], [0, 0], [2.0**52 - 1, 2.0**52]))
    assert bernoulli(np.full(3, 2.0**-160)).tolist() == [True, False, False]


@pytest.mark.parametrize("simulated", [None, 0])
def test_certain_bits(simulated: int | None) -> None:
    assert bernoulli(np.array([[0.0, 1.0]] * 1000), simulated).tolist() == [[False, True]] * 1000
    assert bernoulli(np.zeros((0, 3)), simulated).shape == (0, 3)


def test_frequencies() -> None:
    for k, probability in enumerate((0.01, 0.3, 0.5, 0.9)):
        mean = bernoulli(np.full(100_000, probability), simulated=k).mean()
        assert abs(mean - probability) < 4 * np.sqrt(probability * (1 - probability) / 100_000)


@pytest.mark.parametrize("simulated", [True, False, -1, 0.5, "0"])
def test_what_is_no_seed(simulated: object) -> None:
    with pytest.raises(InputError, match=r"simulated|seed"):
        bernoulli(np.array([0.5]), simulated)
