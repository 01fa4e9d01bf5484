"""The worst stable coalition by the mirrored search, against all coalitions, and its bounds where it stops early."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.kernels import coalition_heights as heights
from mcsopt.problems import DataCoalition, StableCoalition
from mcsopt.seeds import generator
from mcsopt.solvers import stable_coalition
from mcsopt.solvers.coalition_enumeration import all_stable
from mcsopt.solvers.coalition_extremes import worst_stable
from tests.solvers.coalition_agreement import SEARCHED, draw
from tests.solvers.test_stable_coalition_solver import around


def against_all(problem: StableCoalition) -> bool:
    """Hold the search to enumeration; return whether anything is stable."""
    found, worst = all_stable(problem, limit=0), worst_stable(problem)
    assert worst.proved
    if found.dearest is None:
        assert worst.coalition is None
        assert worst.value is None
        assert worst.bound is None
        return False
    most = problem.evaluate(found.dearest)
    assert worst.coalition is not None
    assert worst.bound is not None
    assert not problem.violations(worst.coalition)
    assert worst.value == problem.evaluate(worst.coalition) == pytest.approx(most, rel=SEARCHED)
    assert most <= worst.bound <= most * (1 + SEARCHED)
    return True


@pytest.mark.parametrize("kind", ["uniform", "clusters", "few"])
def test_two_dozen_players_against_all_coalitions(kind: str) -> None:
    rng = generator(3)
    stable = [
        against_all(
            StableCoalition(
                around(int(rng.integers(15, 24)), kind, float(rng.uniform(-1, 1)), seed), ("nash", "robust")[seed % 2]
            )
        )
        for seed in range(30)
    ]
    assert 5 <= sum(stable) <= 29


@pytest.mark.kernel
def test_a_few_players_against_all_coalitions() -> None:
    rng = generator(21)
    assert sum(against_all(draw(rng, 8)) for _ in range(40)) >= 20
    assert sum(against_all(StableCoalition(around(12, "clusters", 0.7, seed), "robust")) for seed in range(4)) >= 2


def test_players_out_of_reach_do_not_swamp_the_sums() -> None:
    # The last two came first in the sums, and those of the others were lost: a better coalition was "proved" the worst.
    cost = [0.82, 0.35, 0.46, 0.62, 3.2, 3.15, 3.11, 3.36, 3.31, 3.59, 7.9e59, 4.3e38]
    for variance in np.linspace(10.3, 10.5, 41).tolist():
        against_all(StableCoalition(DataCoalition(cost, variance, 0.83), "robust"))


@pytest.mark.parametrize(("n", "stability"), [(10_000, "nash"), (10_000, "robust"), (3_000, "robust")])
def test_many_players(n: int, stability: str) -> None:
    rng = generator(2)
    # Costs that rise geometrically leave room between stay and entry.
    cost = 1e-3 * np.geomspace(1, 1e4, n) if stability == "nash" else rng.lognormal(-5, 1, n)
    a = np.sort((cost**2 / 2) ** (1 / 3))
    k = n // 3
    variance = (a[:k].sum() + 2 * a[k - 1]) * k ** (2 / 3) / (k - 1) * (1 + 1e-9)
    problem = StableCoalition(DataCoalition(cost, float(variance), 0.5), stability)
    worst, best = worst_stable(problem), stable_coalition.solve(problem, stable_coalition.Settings())
    assert worst.proved
    assert worst.coalition is not None
    assert worst.value is not None
    assert best.objective is not None
    assert not problem.violations(worst.coalition)
    assert worst.value >= best.objective


def test_a_run_that_is_stopped_has_a_valid_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = StableCoalition(around(60, "uniform", 0.75, 2), "robust")
    full = worst_stable(problem)
    assert full.value is not None
    assert full.bound is not None
    monkeypatch.setattr(stable_coalition, "CHUNK", 1)
    stopped = worst_stable(problem, time_limit=0)
    assert stopped.bound is not None
    assert stopped.bound >= full.value
    assert not stopped.proved

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(heights, "search", interrupted)
    broken = worst_stable(problem)
    assert broken.bound is not None
    assert broken.bound >= full.value
