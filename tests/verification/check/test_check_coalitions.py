from __future__ import annotations

import math
import re
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from mcsopt.problems import Coalition, DataCoalition, StableCoalition
from mcsopt.verification import check
from mcsopt.verification.check import coalition, coalition_cells, stability
from mcsopt.verification.check.strict import Refused, Run
from tests.verification.check.coalition_oracle import (
    SPEC,
    altered,
    best_by_claims,
    certificate,
    derive,
    evidence_of,
    optimum,
    players_of,
    proves,
    random_problem,
    spread,
    with_variance,
)

NINE = [2.2e-4, 5.4e-4, 7.0e-4, 11e-4, 30e-4, 33e-4, 34e-4, 36e-4, 38e-4]
PRINTED = 5e-5
"""Half a unit of the last digit the paper prints."""
FLOAT = 1e-13
SLIGHTLY = 1e-9


# The coalition --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_the_checker_judges_coalitions_as_the_problem_does(seed: int) -> None:
    rng, problem = np.random.default_rng(seed), random_problem(seed)
    players, n = players_of(problem.instance), problem.instance.num_players
    for _ in range(20):
        members = np.flatnonzero(rng.random(n) < rng.uniform(0.2, 1)).tolist()
        plan = Coalition(members)
        mine = stability.breaches(players, problem.stability, members, Run())
        theirs = problem.violations(plan)
        assert [b.constraint.split()[0] for b in mine if len(members) > 1] == [
            v.constraint.split()[0] for v in theirs if len(members) > 1
        ]
        assert bool(mine) == bool(theirs)
        level = stability.chosen_levels(players, np.array(members, dtype=int), max(1, len(members)))
        assert level.tolist() == pytest.approx(problem.instance.chosen_privacy(members), rel=FLOAT) or not members
        assert coalition.social_cost(players, members, level) == pytest.approx(problem.evaluate(plan), rel=FLOAT)


def test_the_numbers_the_paper_prints() -> None:
    players = players_of(SPEC)
    printed = {
        (0, 1, 2, 3): ([3.2624, 3.0748, 3.0513, 1.6091], 0.1492, [0.1727, 0.1756, 0.1760, 0.2457], [0.2535, 0.2629]),
        (0, 1, 2, 4): ([3.2624, 3.0748, 3.0513, 1.5917], 0.1502, [0.1737, 0.1767, 0.1771, 0.2489], [0.2510, 0.2636]),
    }
    for members, (levels, pooled, burdens, entrants) in printed.items():
        inside = np.array(members)
        level = stability.chosen_levels(players, inside, 4)
        variance = 0.25 / 4 + 2 / 16 * coalition.noise(level)
        assert level.tolist() == pytest.approx(levels, abs=PRINTED)
        assert variance == pytest.approx(pooled, abs=PRINTED)
        assert (variance + players.cost[inside] * 4 * level).tolist() == pytest.approx(burdens, abs=PRINTED)
        assert stability._worst_inside(players, inside, 0.25) * 0.25 == pytest.approx(max(burdens), abs=PRINTED)
        outside = [i for i in range(6) if i not in members]
        bears = [stability._nash_entrant(players, inside, np.array([i]), 0.25) * 0.25 for i in outside]
        assert bears == pytest.approx(entrants, abs=PRINTED)
        for notion in ("nash", "robust"):
            document = certificate(StableCoalition(SPEC, notion), Coalition(members), None)
            verdict = check.check(document)
            assert (verdict.accepted, verdict.status) == (True, "FEASIBLE"), verdict.reason


def test_the_nine_players_of_figure_1() -> None:
    exists = StableCoalition(DataCoalition(NINE, 0.0625, 1.0))
    found = optimum(exists)
    assert found is not None
    assert proves(exists, found[0])
    assert not proves(exists, None)
    none = StableCoalition(DataCoalition(NINE, 0.16, 1.0))
    verdict = check.check(certificate(none, None, evidence_of(None)))
    assert (verdict.accepted, verdict.status) == (True, "INFEASIBLE"), verdict.reason


# Ties -----------------------------------------------------------------------------------------------------------------


def threshold(problem: StableCoalition, members: tuple[int, ...], entry: bool) -> Decimal:
    """Return stay or entry of a coalition to 55 digits, by Claims 5 and 6."""
    with localcontext(Context(prec=60)):
        third = Decimal(1) / 3
        a = [((Decimal(c) ** 2 / 2).ln() * third).exp() for c in problem.instance.cost.tolist()]
        inside, outside = [a[i] for i in members], [a[i] for i in range(len(a)) if i not in members]
        k, e = Decimal(len(members)), (2 * Decimal(problem.instance.alpha) + 1) / 3
        total = sum(inside)
        if not entry:
            return (total + 2 * max(inside)) * k**e / (k - 1)
        out = min(outside)
        if problem.stability == "nash":
            return (3 * out * (k + 1) ** (e + 1) + total * k ** (e + 1)) / (k * (k + 1))
        return (total + out + 2 * max(*inside, out)) * (k + 1) ** e / k


def neighbours(value: Decimal) -> tuple[float, float]:
    """Return the doubles on either side of a number."""
    x = float(value)
    other = math.nextafter(x, math.inf if Decimal(x) < value else 0.0)
    return min(x, other), max(x, other)


@pytest.mark.parametrize("seed", range(40))
def test_on_a_tie_members_stay_and_outsiders_enter(seed: int) -> None:
    problem = random_problem(2 * seed)
    n, rng = problem.instance.num_players, np.random.default_rng(seed)
    members = tuple(sorted(rng.choice(n, int(rng.integers(2, n + 1)), replace=False).tolist()))
    for entry in (False, True)[: 1 if len(members) == n else 2]:
        exact = threshold(problem, members, entry)
        edge = exact / (1 + Decimal("1e-12"))
        for variance in (*neighbours(exact), *neighbours(edge)):
            players, run = players_of(with_variance(problem, variance).instance), Run()
            found = stability.breaches(players, problem.stability, members, run)
            what = "nobody enters" if entry else "no member leaves"
            # T = variance (1 + 1e-12) decides, exactly: stay at T >= stay, enter at T >= entry.
            reached = Decimal(variance) * (1 + Decimal("1e-12")) >= exact
            broken = any(b.constraint.startswith(what) for b in found)
            assert broken == (reached if entry else not reached)
            assert run.work["ties decided in 50 digits"] >= 1


def test_what_50_digits_do_not_decide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = StableCoalition(SPEC)
    tied = with_variance(problem, float(threshold(problem, (0, 1, 2, 3), entry=False)))
    monkeypatch.setattr(stability, "_EXACT", Decimal("1e-3"))
    verdict = check.check(certificate(tied, Coalition((0, 1, 2, 3)), None))
    assert not verdict.accepted
    assert "50 digits do not decide" in verdict.reason


@pytest.mark.parametrize("x", ["2", "0.1", "1e-100", "7.3e99", "8"])
def test_cube_roots_in_decimals(x: str) -> None:
    with localcontext(stability._CONTEXT):
        root = stability._cube_root(Decimal(x))
        assert abs(root**3 / Decimal(x) - 1) < Decimal("1e-44")


# Bounds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(300))
def test_bounds_are_accepted_up_to_the_optimum_and_no_further(seed: int) -> None:
    problem = random_problem(seed)
    found = optimum(problem)
    if found is None:
        verdict = check.check(certificate(problem, None, evidence_of(None)))
        assert (verdict.accepted, verdict.status) == (True, "INFEASIBLE"), verdict.reason
        return
    worth, plan = found
    verdict = check.check(certificate(problem, plan, evidence_of(worth)))
    assert (verdict.accepted, verdict.status) == (True, "PROVED"), verdict.reason
    assert verdict.dual_bound is not None
    assert worth * (1 - 2e-12) < verdict.dual_bound < worth
    lower = check.check(certificate(problem, plan, evidence_of(worth * 0.9)))
    assert (lower.accepted, lower.status) == (True, "BOUNDED"), lower.reason
    for false in (worth * (1 + SLIGHTLY), worth * 1.01, worth * 10, None):
        assert not proves(problem, false)


def test_cells_that_must_be_searched_are_searched_right() -> None:
    work: dict[str, int] = {}
    for seed in range(2500):
        players, notion = spread(np.random.default_rng(seed))
        best, run = best_by_claims(players, notion), Run()

        def holds(bound: float | None, run: Run, asked: tuple[coalition.Players, str] = (players, notion)) -> bool:
            try:
                coalition_cells.Proof(*asked, bound, run).verify()
            except Refused:
                return False
            return True

        assert holds(best, run), seed
        if best is not None:
            assert not any(holds(false, Run()) for false in (best * (1 + SLIGHTLY), best * 1.02, None)), seed
        for what, amount in run.work.items():
            work[what] = work.get(what, 0) + amount
    assert min(work[what] for what in ("sizes dead", "sizes bounded", "cell blocks bounded", "cells searched")) > 20


def test_the_closed_forms_are_the_burdens() -> None:
    for seed in range(100):
        rng = np.random.default_rng(seed)
        problem = StableCoalition.random_small(rng)
        players, n = players_of(problem.instance), problem.instance.num_players
        members = tuple(sorted(rng.choice(n, int(rng.integers(2, n + 1)), replace=False).tolist()))
        k, variance = len(members), players.variance
        at = coalition_cells.Thresholds.of(players, problem.stability, 1.0)
        a = np.cbrt(players.cost**2 / 2)
        total, largest = math.fsum(a[list(members)]), max(a[list(members)])
        assert (total + 2 * largest) / at.stay[k] * variance == pytest.approx(problem.stay_variance(members), rel=2e-12)
        worth = players.number * variance + variance - k * variance
        slope = (1.0 - worth) / at.cost[k]
        assert worth + slope * total == pytest.approx(problem.evaluate(Coalition(members)), rel=1e-11)
        if k < n:
            out = min(a[[i for i in range(n) if i not in members]])
            left = total + at.weight[k] * out
            if problem.stability == "robust":
                left += 2 * max(largest, out)
            assert left / at.enter[k] * variance == pytest.approx(problem.entry_variance(members), rel=2e-12)


def test_many_players_are_settled_by_closed_forms() -> None:
    n = 20_000
    rng = np.random.default_rng(0)
    cost = rng.uniform(1e-3, 2e-2, n)
    a, p = coalition.roots(coalition.Players(cost, 1.0, 0.5))
    k, e = n // 2, 2 / 3
    stay = (p[k] + 2 * a[k - 1]) * k**e / (k - 1)
    problem = StableCoalition(DataCoalition(cost, float(stay * (1 - 1e-7)), 0.5))
    derivation = derive(problem, evidence_of(None))
    assert derivation.infeasible
    assert derivation.work["sizes dead"] + derivation.work["cell blocks bounded"] >= n - 1
    # Costs that rise faster leave room between stay and entry; at the tie the k cheapest are stable, and near the best.
    cost = 1e-3 * 1.0003 ** np.arange(n)
    a, p = coalition.roots(coalition.Players(cost, 1.0, 0.5))
    stay = (p[k] + 2 * a[k - 1]) * k**e / (k - 1)
    problem = StableCoalition(DataCoalition(cost, float(stay * (1 + 1e-12)), 0.5))
    plan = Coalition(np.argsort(cost, kind="stable")[:k])
    verdict = check.check(certificate(problem, plan, evidence_of(problem.evaluate(plan) * (1 - 1e-4))))
    assert (verdict.accepted, verdict.status) == (True, "BOUNDED"), verdict.reason
    assert verdict.work["ties decided in 50 digits"] == 1
    assert verdict.work["sizes dead"] + verdict.work["sizes bounded"] > n // 2


def test_equal_costs_of_many_players() -> None:
    # Claim 3: with equal costs no coalition of intermediate size is Nash-stable.
    problem = StableCoalition(DataCoalition(np.full(5000, 0.01), 1.0, 0.5))
    assert derive(problem, evidence_of(None)).infeasible


def test_a_refused_bound_names_its_cell() -> None:
    problem = StableCoalition(SPEC)
    found = optimum(problem)
    assert found is not None
    with pytest.raises(
        Refused, match=r"bound, 1\.7\d*, is not proved: the 4 cheapest players are stable and cost 1\.2"
    ):
        derive(problem, evidence_of(1.7))
    three = StableCoalition(DataCoalition(NINE, 0.0625, 1.0))
    with pytest.raises(Refused, match="is null, but that no coalition is stable \\(nash\\) is not proved"):
        derive(three, evidence_of(None))


def test_work_is_limited_and_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = next(s for s in range(1000) if _searched(s))
    players, notion = spread(np.random.default_rng(seed))
    best = best_by_claims(players, notion)
    assert best is not None
    monkeypatch.setattr(coalition_cells, "MOST_SEARCHES", 0)
    with pytest.raises(Refused, match=r"cell \(size .*is open: more than 0 cells"):
        coalition_cells.Proof(players, notion, best, Run()).verify()
    monkeypatch.setattr(coalition_cells, "MOST_BLOCKS", 0)
    with pytest.raises(Refused, match=r"within 0 blocks|is open"):
        coalition_cells.Proof(players, notion, best, Run()).verify()
    with pytest.raises(check.OutOfTime):
        coalition_cells.Proof(players, notion, best, Run(0.0)).verify()


def _searched(seed: int) -> bool:
    players, notion = spread(np.random.default_rng(seed))
    best, run = best_by_claims(players, notion), Run()
    if best is None:
        return False
    coalition_cells.Proof(players, notion, best, run).verify()
    return "cells searched" in run.work


# Planted errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"objective": 1.3}, "objective is recorded as 1.3"),
        ({"dual_bound": 1.2}, "off the"),
        ({"dual_bound": 1.28}, "but the evidence only proves"),
        ({"gap": 1e-3}, "gap is recorded"),
        ({"status": "BOUNDED"}, "earns PROVED"),
        ({"solution__members": [0, 1, 2]}, "nobody enters"),
        ({"solution__members": [0, 1, 2, 3, 4]}, "no member leaves"),
        ({"solution__members": [0]}, "two members at least"),
        ({"solution__members": []}, "two members at least"),
        ({"solution__members": [0, 1, 1, 2]}, "repeats 1"),
        ({"solution__members": [0, 6]}, "not an index from 0 to 5"),
        ({"solution__members": "0123"}, "not a list"),
        ({"solution__privacy": [1.0]}, "unknown key 'privacy'"),
        ({"options": {}}, "lacks the key 'stability'"),
        ({"options__stability": "weak"}, "not 'nash' or 'robust'"),
        ({"options__extra": 1}, "unknown key"),
        ({"evidence__kind": "closed-form"}, "not 'cell-bounds'"),
        ({"evidence__more": 1}, "unknown key"),
        ({"evidence__bound": "1"}, "not a number"),
        ({"evidence__bound": True}, "not a number"),
        ({"evidence__bound": 1e301}, "outside"),
        ({"evidence": {"kind": "cell-bounds"}}, "lacks the key 'bound'"),
        ({"evidence__bound": None}, "no coalition is stable"),
        ({"instance__variance": 0.0}, "variance is 0.0, outside"),
        ({"instance__variance": 5e-324}, "outside"),
        ({"instance__alpha": 1.5}, "outside"),
        ({"instance__cost": [0.1]}, "has 1 entries"),
        ({"instance__cost": [0.1, 0.0]}, r"cost\[1\] is 0.0, outside"),
        ({"instance__cost": [0.1, 1e101]}, r"cost\[1\] is 1e\+101, outside"),
        ({"instance__players": 6}, "unknown key"),
    ],
)
def test_planted_errors_are_caught(changes: dict[str, Any], reason: str) -> None:
    problem = StableCoalition(SPEC)
    found = optimum(problem)
    assert found is not None
    honest = certificate(problem, found[1], evidence_of(found[0]))
    assert check.check(honest).accepted
    verdict = check.check(altered(honest, **changes))
    assert not verdict.accepted
    assert re.search(reason, verdict.reason), verdict.reason


def test_gaps_when_minimising() -> None:
    with pytest.raises(Refused, match="beats the bound"):
        check._document._gap(1.0, 1.1, -1.0)
    assert check._document._gap(1.1, 1.0, -1.0) == pytest.approx(0.1 / 1.1)
