"""HiGHS and CP-SAT on small data coalitions: never wrong, near-ties included; what they cannot settle stays open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcsopt.errors import BackendFault
from mcsopt.problems import Coalition, DataCoalition, StableCoalition
from mcsopt.result import Status, Termination
from mcsopt.solvers import backend, solve
from mcsopt.solvers.coalition_enumeration import all_intervals, all_stable
from tests.solvers.coalition_agreement import backend_disagreement, disagreements, draw

NAMES = ("highs", "cp-sat")


@pytest.mark.parametrize("seed", range(3))
def test_all_six_ways_agree(seed: int) -> None:
    rng = np.random.default_rng([4, seed])
    for _ in range(20):
        problem = draw(rng, 9)
        found = all_stable(problem)
        assert disagreements(problem, rng) == []
        for name in NAMES:
            assert backend_disagreement(problem, found, name) == (None, False), problem


def test_a_coalition_that_presolve_cut_off_is_found() -> None:
    """HiGHS 1.14.0 with presolve calls (4, 7) optimal; the rows hold with 4e-5 to spare."""
    cost = [0.012, 0.01, 0.012, 0.01, 0.001, 0.01, 0.011, 0.0011]
    problem = StableCoalition(DataCoalition(cost, 0.06621277874872213, -0.26054841469514245), "robust")
    found = all_stable(problem)
    assert len(found.members(0)) == 7
    for name in NAMES:
        assert backend_disagreement(problem, found, name) == (None, False)


def near(rng: np.random.Generator) -> StableCoalition:
    """Draw a problem at 1e-15 to 1e-5, relative, from a threshold of some coalition, in any unit of money."""
    problem = draw(rng, 8)
    stay, entry = all_intervals(problem)
    ends = np.concatenate([stay, entry])
    unit, data = 10.0 ** rng.choice([-6, 0, 6]), problem.instance
    variance = rng.choice(ends[np.isfinite(ends)]) * (1 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-15, -5))
    return StableCoalition(DataCoalition(data.cost * unit**1.5, float(variance * unit), data.alpha), problem.stability)


def test_near_ties_are_settled_in_any_unit() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        problem = near(rng)
        found = all_stable(problem)
        for name in NAMES:
            assert backend_disagreement(problem, found, name) == (None, False), problem


@pytest.fixture
def crowd() -> StableCoalition:
    """Seven players all but alike, at a variance just below where any four of them stay: nothing is stable."""
    cost = 0.01 * (1 + 1e-11 * np.arange(7.0))
    problem = StableCoalition(DataCoalition(cost, 1.0, 0.5), "robust")
    stay = problem.stay_variance((0, 1, 2, 3))
    return StableCoalition(DataCoalition(cost, stay * (1 - 1e-9), 0.5), "robust")


def test_many_near_ties_are_excluded_or_left_open(crowd: StableCoalition, monkeypatch: pytest.MonkeyPatch) -> None:
    found = all_stable(crowd)
    assert backend_disagreement(crowd, found, "highs") == (None, False)
    assert "35 near-ties excluded" in solve(crowd, solver="highs").message
    monkeypatch.setattr(backend, "MOST_EXCLUDED", 3)
    answer = solve(crowd, solver="highs")
    assert answer.status is Status.UNKNOWN
    assert answer.termination is Termination.ROUNDS
    assert "others left" in answer.message
    assert backend_disagreement(crowd, found, "highs") == (None, True)


def test_what_is_no_near_tie_is_still_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcsopt.models import stable_coalition as stated

    problem = StableCoalition(DataCoalition([1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], 0.25, 1.0))

    def wrong(*_: Any) -> Coalition:
        return Coalition((0, 1, 2))

    for name, reader in zip(NAMES, ("read_pyomo", "read_cp_sat"), strict=True):
        with monkeypatch.context() as patched:
            patched.setattr(stated, reader, wrong)
            with pytest.raises(BackendFault, match="infeasible solution"):
                solve(problem, solver=name)
