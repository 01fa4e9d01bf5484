from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from mcsopt.kernels import fixed_size_sums as sums
from mcsopt.kernels.coalitions import prefix_sums
from mcsopt.seeds import generator

pytestmark = pytest.mark.kernel

PLENTY = 10**7


def values(a: np.ndarray) -> sums.Values:
    return sums.Values(a, *prefix_sums(a))


def chosen(begin: int, choice: np.ndarray) -> list[int]:
    picked = choice[sums.ITEMS : sums.ITEMS + choice[sums.PICKED]].tolist()
    block = range(choice[sums.FROM], choice[sums.TO])
    return [*range(begin, begin + choice[sums.BOTTOM]), *block, *picked]


def draw(rng: np.random.Generator) -> np.ndarray:
    n = int(rng.integers(1, 11))
    kind = rng.integers(3)
    if kind == 0:
        return np.sort(rng.uniform(1, 2, n))
    if kind == 1:  # equal values, exact ties
        return np.sort(rng.integers(1, 6, n).astype(float))
    return np.sort(rng.choice([1.0, 5.0], n) * rng.uniform(0.98, 1.02, n))


@pytest.mark.parametrize("seed", range(4))
def test_the_least_sum_is_that_of_all_combinations(seed: int) -> None:
    rng = generator(seed)
    met = 0
    for _ in range(60):
        a = draw(rng)
        n = len(a)
        begin, end = int(rng.integers(0, 1 + n // 3)), int(rng.integers(n // 2, n + 1))
        count = int(rng.integers(0, 2 + max(0, end - begin)))
        every = [float(a[list(s)].sum()) for s in combinations(range(begin, end), count)]
        middle = rng.choice(every) if every else 3.0
        # Never the end of the interval itself, up to rounding: that is for the callers to widen.
        above = float(middle - rng.choice([1e-9, 0.1, 1.0]))
        top = above + float(rng.choice([1e-10, 0.15, 0.5, 3.0]))
        wanted = [x for x in every if above < x <= top]
        choice = np.zeros(sums.CHOICE, np.int64)
        want = sums.Interval(above, top, -np.inf)
        least, outcome, _ = sums.least_sum(values(a), begin, end, count, want, PLENTY, choice)
        assert outcome == sums.EXACT
        if not wanted:
            assert least == np.inf
            continue
        met += 1
        assert least == pytest.approx(min(wanted), rel=1e-13)
        items = chosen(begin, choice)
        assert len(set(items)) == len(items) == count
        assert set(items) <= set(range(begin, end))
        assert a[items].sum() == pytest.approx(least, rel=1e-13)
    assert met > 10


def test_what_is_hopeless_has_no_sum_in_the_interval() -> None:
    rng = generator(9)
    excluded = 0
    for _ in range(200):
        a = draw(rng)
        count = int(rng.integers(1, len(a) + 1))
        every = [float(a[list(s)].sum()) for s in combinations(range(len(a)), count)]
        above = float(rng.uniform(min(every) - 0.5, max(every)))
        top = above + float(rng.choice([0.01, 0.1, 1.0]))
        if sums.hopeless(values(a), 0, len(a), count, above, top):
            excluded += 1
            assert not any(above + 1e-12 < x <= top - 1e-12 for x in every)
    assert excluded > 20


def test_two_clusters_and_nothing_between_is_hopeless() -> None:
    a = np.sort(np.concatenate([1 + np.arange(50) * 1e-4, 3 + np.arange(50) * 1e-4]))
    # Twenty items: three of the dear ones give at most 26.1, four at least 27.9.
    assert sums.hopeless(values(a), 0, 100, 20, 26.5, 27.5)
    assert not sums.hopeless(values(a), 0, 100, 20, 26.0, 27.5)


@pytest.mark.parametrize("count", [3, 8, 30, 90])
def test_dense_sums_are_met_close_enough_within_few_steps(count: int) -> None:
    a = np.sort(generator(5).uniform(1, 2, 120))
    v = values(a)
    choice = np.zeros(sums.CHOICE, np.int64)
    least, most = a[:count].sum(), a[-count:].sum()
    for part in (0.3, 0.5, 0.8):
        above = least + part * (most - least)
        want = sums.Interval(above, np.inf, above + 1e-4)
        total, outcome, used = sums.least_sum(v, 0, 120, count, want, 50_000, choice)
        assert outcome == sums.ENOUGH
        assert used <= 50_000
        assert above < total <= above + 1e-4
        items = chosen(0, choice)
        assert len(set(items)) == count
        assert a[items].sum() == pytest.approx(total, rel=1e-13)


def test_a_gap_is_crossed_by_moving_many_items_a_little() -> None:
    # One dear item is too much; of the cheap ones, forty have to move up.
    a = np.sort(np.concatenate([1 + np.arange(200) * 1e-4, np.full(20, 3.0)]))
    above = a[:60].sum() + 0.35
    choice = np.zeros(sums.CHOICE, np.int64)
    total, outcome, _ = sums.least_sum(
        values(a), 0, 220, 60, sums.Interval(above, above + 0.1, above + 1e-4), 9999, choice
    )
    assert outcome == sums.ENOUGH
    assert above < total == pytest.approx(a[chosen(0, choice)].sum())


def test_the_search_gives_up_when_its_steps_are_used_up() -> None:
    a = np.sort(generator(6).uniform(1, 2, 60))
    choice = np.zeros(sums.CHOICE, np.int64)
    above = a[:8].sum() + 2.0
    want = sums.Interval(above, np.inf, above)
    total, outcome, used = sums.least_sum(values(a), 0, 60, 8, want, 500, choice)
    assert outcome == sums.OPEN
    assert total > above
    assert used < 5000
