"""How often the adversaries are right on drawn reports, in standard errors off the closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom, norm

from mcsopt.privacy import (
    expected_frequency_leakage,
    expected_frequency_success,
    expected_one_snapshot_success,
    frequency_estimate,
    frequency_leakage,
    one_snapshot_estimate,
    snapshots,
    success_rate,
)

DRAWS = 10_000
ROUNDS = 100
FAMILY = 4.1
"""None of some 300 comparisons passes it, but for a chance of about 1 % (Bonferroni: 300 * 2 * (1 - Phi(4.1)))."""
FEW = 4
"""At most so many of some 300 pass 3 standard errors, but for a chance below 1 % (0.8 are expected)."""

Snapshots = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """One measured frequency: where, and how many standard errors from its expectation."""

    what: str
    deviation: float


def within(comparisons: Iterable[Comparison]) -> bool:
    """Whether measured frequencies are as far off as chance has them: the rule of `FAMILY` and `FEW`."""
    deviations = np.abs([c.deviation for c in comparisons])
    return bool((deviations > 3).sum() <= FEW and (deviations <= FAMILY).all())


def careless(bits: Any, epsilon: float, count: int, **options: Any) -> np.ndarray:
    """Draw with a budget that is a tenth too large: a planted error."""
    return snapshots(bits, 1.1 * epsilon, count, **options)


def forgetful(bits: Any, epsilon: float, count: int, *, rounds_per_epoch: int, simulated: Any) -> np.ndarray:
    """Draw fresh noise within an epoch: a planted error."""
    return snapshots(bits, epsilon, count, simulated=simulated)


def one_snapshot(seed: int, see: Snapshots = snapshots) -> Iterator[Comparison]:
    """Compare OSR at priors and budgets of all kinds, each on 10,000 entries."""
    rng = np.random.default_rng([seed, 0])
    for k, epsilon in enumerate((0.05, 0.5, 1.0, math.log(4), 3.0)):
        for phi in (0.0, 0.1, 0.2, 0.45, 0.5, 0.7, 0.95, 1.0):
            bits, prior = _intents(rng, phi)
            told = see(bits, epsilon, 1, simulated=rng)[0]
            found = float(success_rate(one_snapshot_estimate(told, prior, epsilon), bits))
            expected = float(expected_one_snapshot_success(prior, epsilon))
            yield Comparison(f"OSR, eps {epsilon:g}, phi {phi:g}, {k}", _deviation(found, expected))


def many_snapshots(seed: int, *, memoized: bool, see: Snapshots = snapshots) -> Iterator[Comparison]:
    """Compare MSR for T = 1..100, each on 10,000 entries of their own, in one epoch or with fresh noise each round."""
    rng = np.random.default_rng([seed, 1, memoized])
    for rounds in range(1, ROUNDS + 1):
        phi, epsilon = float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.1, 1.5))
        length = rounds if memoized else 1
        bits, prior = _intents(rng, phi)
        seen = see(bits, epsilon, rounds, rounds_per_epoch=length, simulated=rng)
        found = float(success_rate(frequency_estimate(seen), bits))
        expected = float(expected_frequency_success(prior, epsilon, rounds, rounds_per_epoch=length))
        yield Comparison(f"MSR, T {rounds}, {'one epoch' if memoized else 'fresh'}", _deviation(found, expected))


def leakage(seed: int) -> Iterator[Comparison]:
    """Compare MFL with and without memoization, and MSR over several epochs, the last of them cut short."""
    rng = np.random.default_rng([seed, 2])
    for rounds in (1, 2, 5, 10, 25):
        for length in (1, 2, 4, 25):
            bits, prior = _intents(rng, 0.4)
            seen = snapshots(bits, 0.8, rounds, rounds_per_epoch=length, simulated=rng)
            flip = float(expected_frequency_leakage(0.8))
            # |F - b| lies in [0, 1], so it varies at most as a bit with the same mean does.
            yield Comparison(f"MFL, T {rounds}, L {length}", _deviation(float(frequency_leakage(seen, bits)), flip))
            found = float(success_rate(frequency_estimate(seen), bits))
            expected = float(expected_frequency_success(prior, 0.8, rounds, rounds_per_epoch=length))
            yield Comparison(f"MSR, T {rounds}, L {length}", _deviation(found, expected))


def _intents(rng: np.random.Generator, phi: float) -> tuple[np.ndarray, np.ndarray]:
    return (rng.random(DRAWS) < phi).astype(np.uint8), np.full(DRAWS, phi)


def _deviation(found: float, expected: float) -> float:
    """Return how many standard errors a frequency among 10,000 is off, by the exact binomial tail.

    Where hardly any entry is guessed wrong, counts are far from normal, and one that is expected once in thirty
    comparisons would pass for five standard errors.
    """
    if expected > 1 - 1e-12:
        return 0.0 if found == 1.0 else math.inf
    hits = round(found * DRAWS)
    tail = min(binom.cdf(hits, DRAWS, expected), binom.sf(hits - 1, DRAWS, expected))
    return math.copysign(max(0.0, float(norm.isf(tail))), found - expected)
