from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from mcsopt.verification.check import window_sums
from mcsopt.verification.check.strict import Refused, Run

FLOAT = 1e-13


def sums_of(values: np.ndarray) -> window_sums.WindowSums:
    return window_sums.WindowSums(values, np.array([0.0, *np.cumsum(values)]), Run())


@pytest.mark.parametrize("longest", [2.0, 20.0, 2.0**20])
def test_windows_hold_a_sum_iff_brute_force_finds_one(longest: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_sums, "LIST", longest)
    rng = np.random.default_rng(int(longest))
    for _ in range(150):
        n = int(rng.integers(1, 12))
        values = np.sort(rng.choice([1.0, 10.0, 11.0], n) + rng.choice([0.0, 1e-3, 1.0]) * rng.random(n))
        start, stop = sorted(rng.integers(0, n + 1, 2).tolist())
        count = int(rng.integers(0, stop - start + 1))
        every = np.sort([math.fsum(c) for c in itertools.combinations(values[start:stop].tolist(), count)])
        gap = int(rng.integers(len(every)))
        for low, high in ((every[gap] - 1e-9, every[gap] + 1e-9), (every[gap] + 1e-9, every[gap] + 1e-3)):
            inside = every[(every >= low) & (every <= high)]
            found = sums_of(values).find(start, stop, count, low, high)
            assert (found is not None) == (len(inside) > 0)
            assert found is None or low - FLOAT <= found <= high + FLOAT


def test_a_hopeless_search_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.sort(np.random.default_rng(1).random(60))
    assert sums_of(values).find(0, 60, 30, 15.0, 16.0) is not None
    monkeypatch.setattr(window_sums, "MOST_NODES", 3)
    with pytest.raises(Refused, match="exceeds 3 branches"):
        # Between two doubles there is no sum, but only a search can tell.
        sums_of(values).find(0, 60, 30, 15.123456789, 15.123456789)


def test_equal_numbers_are_told_apart_by_how_many_are_taken() -> None:
    rng = np.random.default_rng(2)
    for _ in range(100):
        values = np.sort(rng.choice([1.0, 1.5, 2.25, 4.0, 4.0001], int(rng.integers(2, 13))))
        count = int(rng.integers(1, len(values)))
        sums = sums_of(values)
        different = {tuple(c) for c in itertools.combinations(values.tolist(), count)}
        assert math.exp(sums._log_ways((0, len(values), count))) == pytest.approx(len(different))
        assert len(sums._sums((0, len(values), count))) == len(different)
    # Far too many subsets, few sums.
    values = np.repeat([1.0, math.sqrt(2), math.sqrt(3), math.sqrt(5)], 50)
    sums = sums_of(values)
    exact = 31 + 17 * math.sqrt(2) + 20 * math.sqrt(3) + 12 * math.sqrt(5)
    assert sums.find(0, 200, 80, exact - 1e-12, exact + 1e-12) is not None
    assert sums.find(0, 200, 80, exact + 1e-10, exact + 1.1e-10) is None
    assert sums.run.work["sums examined"] < 500_000
