from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.errors import TooLarge
from mcsopt.problems import Coalition, DataCoalition, StableCoalition
from mcsopt.result import Status
from mcsopt.seeds import generator
from mcsopt.solvers import coalition_enumeration, solve
from mcsopt.solvers.coalition_enumeration import all_intervals, all_stable

PRINTED = [1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3]
FIGURE = [2.2e-4, 5.4e-4, 7.0e-4, 11e-4, 30e-4, 33e-4, 34e-4, 36e-4, 38e-4]


def test_the_two_equilibria_of_the_paper() -> None:
    """Lemma 4's proof: U1 and U2 are Nash; these are all, and nobody of theirs is near indifference."""
    found = all_stable(StableCoalition(DataCoalition(PRINTED, 0.25, 1.0)))
    assert [found.members(i) for i in range(found.count)] == [(0, 1, 2, 3), (0, 1, 2, 4)]
    assert found.complete
    assert (found.stay < 0.25).all()
    assert (found.entry > 0.25).all()
    assert (found.social_cost == np.sort(found.social_cost)).all()
    assert found.cheapest == found.largest == Coalition([0, 1, 2, 3])
    assert found.dearest == Coalition([0, 1, 2, 4])
    assert found.count_by_size.tolist() == [0, 0, 0, 0, 2, 0, 0]


@pytest.mark.parametrize(("sigma", "exists"), [(0.25, True), (0.4, False)])
def test_existence_is_not_monotonic_in_the_variance(sigma: float, exists: bool) -> None:
    """Lemma 5: the instance of figure 1."""
    problem = StableCoalition(DataCoalition(FIGURE, sigma**2, 1.0))
    assert (all_stable(problem).count > 0) == exists
    result = solve(problem, solver="coalition-enumeration")
    assert result.status is (Status.PROVED if exists else Status.INFEASIBLE)
    # Whether any coalition's interval contains the variance says the same.
    stay, entry = all_intervals(problem)
    assert bool(((stay <= sigma**2) & (sigma**2 < entry)).any()) == exists


def test_intervals_of_a_tie_are_half_open() -> None:
    """At its stay variance a coalition is stable, at its entry variance it is not."""
    problem = StableCoalition(DataCoalition(PRINTED, 0.25, 1.0), "robust")
    stay, entry = all_intervals(problem)
    for mask in np.flatnonzero(stay < entry):
        members = tuple(i for i in range(6) if mask >> i & 1)
        for variance, stable in ((stay[mask], True), (entry[mask], False)):
            if math.isfinite(variance):
                there = StableCoalition(DataCoalition(PRINTED, float(variance), 1.0), "robust")
                assert (not there.violations(Coalition(members))) == stable
                assert (int(mask) in all_stable(there).masks.tolist()) == stable


def test_coalitions_within_rounding_of_the_tolerance_are_put_to_the_ground_truth() -> None:
    rng = generator(3)
    for k in range(60):
        stability = "nash" if k % 2 else "robust"
        cost = rng.uniform(0.002, 0.01, 5)
        problem = StableCoalition(DataCoalition(cost, 1.0, 0.2), stability)
        members = tuple(sorted(rng.permutation(5)[:3].tolist()))
        end = problem.stay_variance(members) if k % 4 < 2 else problem.entry_variance(members)
        # The excess over the threshold is the tolerance itself, up to a few units in the last place.
        variance = end / (1 + 1e-12) * (1 + rng.integers(-3, 4) * 2.0**-53)
        there = StableCoalition(DataCoalition(cost, float(variance), 0.2), stability)
        mask = sum(1 << i for i in members)
        assert (mask in all_stable(there).masks.tolist()) == (not there.violations(Coalition(members)))


def test_too_many_within_rounding_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalition_enumeration, "CLOSE_ROOM", 3)
    problem = StableCoalition(DataCoalition(np.full(8, 0.01), 1.0, 1.0), "robust")
    variance = problem.stay_variance((0, 1, 2, 3)) / (1 + 1e-12)
    with pytest.raises(TooLarge, match="within 1e-13 of a tolerance"):
        all_stable(StableCoalition(DataCoalition(np.full(8, 0.01), variance, 1.0), "robust"))


def test_a_limit_cuts_the_list_and_nothing_else() -> None:
    problem = StableCoalition(DataCoalition(np.linspace(0.01, 0.011, 14), 0.33, 1.0), "robust")
    every, some = all_stable(problem), all_stable(problem, limit=5)
    assert every.complete
    assert not some.complete
    assert len(some.masks) == 5 < every.count == some.count
    assert set(some.masks.tolist()) < set(every.masks.tolist())
    assert (some.cheapest, some.dearest, some.largest) == (every.cheapest, every.dearest, every.largest)


def test_sizes_beyond_reach_are_refused_with_a_reason() -> None:
    players = DataCoalition(np.linspace(0.01, 0.02, 60), 0.3, 1.0)
    with pytest.raises(TooLarge, match=r"10\^6 s and is limited to 36 players; use solver 'stable-coalition'"):
        solve(StableCoalition(players), solver="coalition-enumeration")
    with pytest.raises(TooLarge, match="limited to 20 players: use all_stable"):
        all_intervals(StableCoalition(players))
