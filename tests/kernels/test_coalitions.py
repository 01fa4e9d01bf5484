from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.kernels import coalition_cells as cells
from mcsopt.kernels import coalitions
from mcsopt.kernels.coalitions import conditions, entry_sum, intervals, prefix_sums, roots, scan_all
from mcsopt.problems import Coalition, DataCoalition, StableCoalition
from mcsopt.problems.data_coalition import random_players
from mcsopt.seeds import generator
from tests.solvers.coalition_agreement import draw

pytestmark = pytest.mark.kernel


def sets_of(n: int) -> list[tuple[int, ...]]:
    return [tuple(i for i in range(n) if mask >> i & 1) for mask in range(1 << n) if mask.bit_count() >= 2]


def by_players(mask: int, order: np.ndarray) -> tuple[int, ...]:
    return tuple(sorted(int(player) for rank, player in enumerate(order) if mask >> rank & 1))


def with_variance(players: DataCoalition, variance: float) -> DataCoalition:
    return DataCoalition(players.cost, variance, players.alpha)


def tied(problem: StableCoalition, rng: np.random.Generator) -> StableCoalition:
    """Move the variance to the very end of the interval of some coalition, by the definitions."""
    n = problem.instance.num_players
    members = sets_of(n)[rng.integers(len(sets_of(n)))]
    ends = [problem.stay_variance(members), problem.entry_variance(members)]
    variance = ends[rng.integers(2)]
    return problem if math.isinf(variance) else StableCoalition(
        with_variance(problem.instance, variance), problem.stability
    )  # fmt: skip


def test_prefix_sums_are_the_sums_rounded_once() -> None:
    a = np.sort(generator(0).lognormal(0, 8, 60))
    high, low = prefix_sums(a)
    for begin in range(0, 60, 7):
        for end in range(begin, 61, 5):
            difference = (high[end] - high[begin]) + (low[end] - low[begin])
            assert difference == pytest.approx(math.fsum(a[begin:end]), rel=1e-15)


@pytest.mark.parametrize("stability", ["nash", "robust"])
def test_intervals_are_those_of_the_definitions(stability: str) -> None:
    rng = generator(1)
    for _ in range(12):
        players = random_players(rng, most=6)
        problem = StableCoalition(players, stability)
        stay, entry = intervals(players, stability)
        for members in sets_of(players.num_players):
            mask = sum(1 << i for i in members)
            assert stay[mask] == pytest.approx(problem.stay_variance(members), rel=1e-13)
            assert entry[mask] == pytest.approx(problem.entry_variance(members), rel=1e-13)
        assert all(stay[1 << i] == entry[1 << i] == math.inf for i in range(players.num_players))
        assert entry[-1] == math.inf


@pytest.mark.parametrize("stability", ["nash", "robust"])
def test_the_scan_finds_what_is_stable_by_the_definitions_ties_included(stability: str) -> None:
    rng = generator(2)
    total = 0
    for _ in range(30):
        problem = tied(StableCoalition(random_players(rng, most=7), stability), rng)
        n = problem.instance.num_players
        order, found = scan_all(problem.instance, stability, room=1 << n, close_room=1)
        expected = {s for s in sets_of(n) if not problem.violations(Coalition(s))}
        assert found.lengths[1] == 0
        assert {by_players(int(mask), order) for mask in found.listed[: found.lengths[0]]} == expected
        assert found.number.tolist() == [sum(len(s) == k for s in expected) for k in range(n + 1)]
        total += len(expected)
        _, a = roots(problem.instance)
        for k in np.flatnonzero(found.number):
            sums = [math.fsum(a[np.isin(order, s)]) for s in expected if len(s) == k]
            assert (found.least[k], found.most[k]) == pytest.approx((min(sums), max(sums)), rel=1e-14)
            for mask in (found.least_mask[k], found.most_mask[k]):
                assert by_players(int(mask), order) in expected
    assert total > 10


def test_the_scan_sets_aside_what_lies_at_the_edge_of_the_tolerance() -> None:
    problem = StableCoalition(DataCoalition([0.002, 0.003, 0.004, 0.02], 0.1, 0.3), "robust")
    members = (0, 1, 2)
    players = with_variance(problem.instance, problem.stay_variance(members) / (1 + 1e-12))
    order, found = scan_all(players, "robust", room=10, close_room=10)
    assert {by_players(int(mask), order) for mask in found.close[: found.lengths[1]]} == {members}
    assert members not in {by_players(int(mask), order) for mask in found.listed[: found.lengths[0]]}


def test_the_list_stops_at_its_room_and_the_count_goes_on() -> None:
    players = DataCoalition(np.linspace(0.01, 0.011, 8), 0.33, 1.0)
    _, every = scan_all(players, "robust", room=1000, close_room=1)
    _, some = scan_all(players, "robust", room=3, close_room=1)
    assert every.lengths[0] == every.number.sum() == some.number.sum() > 3
    assert some.listed.tolist() == every.listed[:3].tolist()


def test_chains_are_bounded_and_passed_over_rightly() -> None:
    rng = generator(3)
    seen = 0
    for _ in range(60):
        problem = draw(rng, 7)
        _, c = conditions(problem.instance, problem.stability)
        n = len(c.a)
        for s in range(n - 1):
            for k in range(max(2, s + 1), n):
                cell = [
                    m for m in sets_of(n)
                    if len(m) == k and min(set(range(n)) - set(m)) == s and m[-1] >= k
                ]  # fmt: skip
                stable = [
                    float(c.a[list(m)].sum()) for m in cell
                    if entry_sum(c, k, c.a[s], c.a[m[-1]]) < c.a[list(m)].sum() <= c.upper[k] - 2 * c.a[m[-1]]
                ]  # fmt: skip
                seen += len(stable)
                if stable:
                    assert cells.chain_bound(c, k, s) <= min(stable) * (1 + 1e-14)
                    assert cells.chain_bound(c, k, k - 1) <= min(stable) * (1 + 1e-14)
                    assert cells.next_outsider(c, k, s) == s
                    assert cells.next_outsider(c, k, k - 1) >= s
    assert seen > 5


def test_rounding_is_covered_by_its_margin() -> None:
    """A coalition of many players: sums and powers against the definitions, far inside the margin."""
    players = DataCoalition(generator(4).uniform(0.001, 0.02, 2000), 1.0, 0.37)
    order, c = conditions(players, "nash")
    members = tuple(sorted(order[:1500].tolist()))
    stay = (c.high[1500] + 2 * c.a[1499]) / c.upper[1500] * (1 + 1e-12)
    assert stay == pytest.approx(StableCoalition(players).stay_variance(members), rel=coalitions.ROUNDING / 5)
