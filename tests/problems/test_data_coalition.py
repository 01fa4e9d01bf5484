"""The definitions against the spec's digits, against numeric minimisation and against the closed claims."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from mcsopt.errors import InputError
from mcsopt.problems import CentralCoalition, Coalition, DataCoalition, PrivateCoalition, StableCoalition
from mcsopt.problems.data_coalition import random_players

SIX = DataCoalition([1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], 0.25, 1.0)


@pytest.mark.parametrize(
    ("members", "privacy", "variance", "burdens", "entrants"),
    [
        ((0, 1, 2, 3), [3.2624, 3.0748, 3.0513, 1.6091], 0.1492, [0.1727, 0.1756, 0.1760, 0.2457], [0.2535, 0.2629]),
        ((0, 1, 2, 4), [3.2624, 3.0748, 3.0513, 1.5917], 0.1502, [0.1737, 0.1767, 0.1771, 0.2489], [0.2510, 0.2636]),
    ],
)
def test_the_numbers_the_paper_prints(members, privacy, variance, burdens, entrants):
    levels = SIX.chosen_privacy(members)
    assert levels == pytest.approx(privacy, abs=5e-5)
    assert SIX.pooled_variance(levels) == pytest.approx(variance, abs=5e-5)
    assert SIX.burdens(members, levels) == pytest.approx(burdens, abs=5e-5)
    outside = [j for j in range(6) if j not in members]
    joined = [SIX.burdens([*members, j], [*levels, *SIX.chosen_privacy([j], size=5)])[-1] for j in outside]
    assert joined == pytest.approx(entrants, abs=5e-5)
    assert StableCoalition(SIX).violations(Coalition(members)) == ()


def test_chosen_levels_minimise_each_burden_and_assigned_levels_the_social_cost():
    rng = np.random.default_rng(0)
    for _ in range(15):
        data = random_players(rng)
        members = tuple(range(min(4, data.num_players)))
        own = partial(_own_burden, data, members)
        everybody = partial(_social_cost, data, members)
        for levels, value in ((data.chosen_privacy(members), own), (data.assigned_privacy(members), everybody)):
            for k, level in enumerate(levels):
                ends = math.log(level) - 1, math.log(level) + 1
                found = minimize_scalar(partial(_moved, value, levels, k), bracket=ends)
                assert math.exp(found.x) == pytest.approx(level, rel=1e-5)


def _own_burden(data, members, levels, k):
    return data.burdens(members, levels)[k]


def _social_cost(data, members, levels, k):
    return data.social_cost(members, levels)


def _moved(value, levels, k, log_level):
    """The value with the level of member k replaced."""
    return value([*levels[:k], math.exp(log_level), *levels[k + 1 :]], k)


@pytest.mark.parametrize("stability", ["nash", "robust"])
def test_the_cheapest_outsider_decides_and_the_closed_claims_hold(stability):
    """Claims 5 and 6, and entry by every single outsider, on every coalition of small instances."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        data = random_players(rng, most=7)
        problem, n = StableCoalition(data, stability=stability), data.num_players
        a, e = np.cbrt(data.cost**2 / 2), (2 * data.alpha + 1) / 3
        for k in range(2, n + 1):
            for members in itertools.combinations(range(n), k):
                own = a[list(members)]
                stay = (own.sum() + 2 * own.max()) * k**e / (k - 1)
                assert problem.stay_variance(members) == pytest.approx(stay, rel=1e-12)
                outside = [j for j in range(n) if j not in members]
                entry = problem._nash_entry if stability == "nash" else problem._robust_entry
                everyone = min((entry(members, j) for j in outside), default=math.inf)
                assert problem.entry_variance(members) == pytest.approx(everyone, rel=1e-12)
                if not outside:
                    continue
                out = a[outside].min()
                if stability == "nash":
                    closed = (own.sum() * k ** (e + 1) + 3 * out * (k + 1) ** (e + 1)) / (k * (k + 1))
                else:
                    closed = (own.sum() + out + 2 * max(own.max(), out)) * (k + 1) ** e / k
                assert everyone == pytest.approx(closed, rel=1e-12)


def test_claim_1_nash_stable_coalitions_are_robust():
    rng = np.random.default_rng(2)
    for _ in range(30):
        data = random_players(rng, most=7)
        nash, robust = (StableCoalition(data, stability=notion) for notion in ("nash", "robust"))
        for k in range(2, data.num_players + 1):
            for members in itertools.combinations(range(data.num_players), k):
                if not nash.violations(Coalition(members)):
                    assert not robust.violations(Coalition(members))


@pytest.mark.parametrize("stability", ["nash", "robust"])
def test_on_a_tie_members_stay_and_outsiders_enter(stability):
    members = (0, 1, 2, 3)
    at = StableCoalition(SIX, stability=stability)
    for variance, stable in (
        (at.stay_variance(members), True),
        (at.stay_variance(members) * (1 - 1e-11), False),
        (at.entry_variance(members), False),
        (at.entry_variance(members) * (1 - 1e-11), True),
    ):
        problem = StableCoalition(DataCoalition(SIX.cost, variance, 1.0), stability=stability)
        assert (problem.violations(Coalition(members)) == ()) == stable


def test_a_coalition_of_one_is_no_coalition():
    assert CentralCoalition(SIX).violations(PrivateCoalition([1], [2.0]))
    assert CentralCoalition(SIX).violations(PrivateCoalition([], [])) == ()
    assert StableCoalition(SIX).violations(Coalition([1]))
    assert StableCoalition(SIX).violations(Coalition([]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cost": [1.0]}, "cost: has 1 entries"),
        ({"cost": [1.0, 0.0]}, r"cost\[1\]: is 0.0"),
        ({"cost": [1.0, float("inf")]}, r"cost\[1\]: is inf"),
        ({"alpha": 1.5}, "alpha: is 1.5"),
        ({"variance": 0.0}, "variance: is 0.0"),
    ],
)
def test_bad_players_are_refused(change, field):
    with pytest.raises(InputError, match=f"^{field}"):
        DataCoalition(**({"cost": [1.0, 2.0], "variance": 1.0, "alpha": 0.0} | change))


@pytest.mark.parametrize(
    ("privacy", "message"),
    [
        ([1.0], "has 1 entries"),
        ([1.0, -1.0], r"privacy\[1\]: is -1.0"),
        ([1.0, 10**400], "privacy"),
        ([1.0, 1e-300], r"privacy\[1\]"),
        (3, "is 3"),
    ],
)
def test_bad_levels_are_refused(privacy, message):
    document = {"format": "mcsopt-solution/1", "problem": "central-coalition", "members": [0, 1], "privacy": privacy}
    with pytest.raises(InputError, match=message):
        CentralCoalition(SIX).parse_solution(document)


@pytest.mark.parametrize("members", [[-1, 0], [0, 3], [1, 1]])
def test_members_who_do_not_exist_or_are_named_twice_are_refused(members):
    data = DataCoalition([1e-3, 2e-3, 3e-3], 0.25, 1.0)
    cases = ((StableCoalition(data), Coalition(members)), (CentralCoalition(data), PrivateCoalition(members, [1, 1])))
    for problem, solution in cases:
        for judge in (problem.evaluate, problem.violations):
            with pytest.raises(InputError, match=r"members\[[01]\]"):
                judge(solution)


@pytest.mark.parametrize("level", [-1e9, 0.0, 1e-300, math.nan, math.inf])
def test_what_is_no_privacy_level_is_refused(level):
    problem = CentralCoalition(DataCoalition([1e-3, 2e-3, 3e-3], 0.25, 1.0))
    for judge in (problem.evaluate, problem.violations):
        with pytest.raises(InputError, match=r"privacy\[0\]"):
            judge(PrivateCoalition([0, 1], [level, 1.0]))
