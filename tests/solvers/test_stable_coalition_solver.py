from __future__ import annotations

import numpy as np
import pytest

from mcsopt.kernels import coalition_cells as cells
from mcsopt.problems import Coalition, DataCoalition, StableCoalition
from mcsopt.result import Assurance, Status, Termination
from mcsopt.seeds import generator
from mcsopt.solvers import solve, stable_coalition
from mcsopt.solvers.coalition_enumeration import all_stable
from mcsopt.solvers.coalition_extremes import largest_stable, worst_stable
from mcsopt.verification import check
from tests.solvers.coalition_agreement import disagreements, draw

INSTANCES = 400


@pytest.mark.parametrize("seed", range(4))
def test_definitions_conditions_enumeration_and_search_agree(seed: int) -> None:
    rng = generator(seed)
    for _ in range(INSTANCES // 4):
        problem = draw(rng, 12)
        assert disagreements(problem, rng) == [], problem


@pytest.mark.kernel
def test_they_agree_on_a_few_small_instances() -> None:
    rng = generator(20)
    for _ in range(30):
        problem = draw(rng, 7)
        assert disagreements(problem, rng) == [], problem


def around(n: int, kind: str, alpha: float, seed: int) -> DataCoalition:
    """Players at a variance where about half of them can stay together."""
    rng = generator(seed)
    cost = rng.uniform(0.001, 0.02, n)
    if kind == "clusters":
        cost = rng.choice([0.002, 0.015], n) * rng.uniform(0.97, 1.03, n)
    elif kind == "few":
        cost = rng.choice([0.002, 0.003, 0.011], n)
    a = np.sort((cost**2 / 2) ** (1 / 3))
    k = n // 2
    variance = (a[:k].sum() + 2 * a[k - 1]) * k ** ((2 * alpha + 1) / 3) / (k - 1) * 1.003
    return DataCoalition(cost, float(variance), alpha)


@pytest.mark.parametrize("stability", ["nash", "robust"])
@pytest.mark.parametrize("kind", ["uniform", "clusters", "few"])
@pytest.mark.parametrize("alpha", [-0.5, 0.3, 1.0])
def test_two_dozen_players_against_all_coalitions(stability: str, kind: str, alpha: float) -> None:
    problem = StableCoalition(around(24, kind, alpha, 1), stability)
    found, result = all_stable(problem, limit=0), solve(problem)
    if found.cheapest is None:
        assert result.status is Status.INFEASIBLE
        return
    assert result.status is Status.PROVED
    assert result.objective == pytest.approx(problem.evaluate(found.cheapest), rel=2e-10)
    assert largest_stable(problem).value == len((found.largest or Coalition(())).members)


@pytest.mark.parametrize("stability", ["nash", "robust"])
@pytest.mark.parametrize(
    ("kind", "n"), [("uniform", 60), ("uniform", 150), ("clusters", 60), ("clusters", 150), ("few", 40)]
)
def test_the_checker_derives_what_is_claimed(stability: str, kind: str, n: int) -> None:
    for seed, alpha in enumerate([-0.8, 0.0, 0.7, 1.0]):
        problem = StableCoalition(around(n, kind, alpha, seed), stability)
        result = solve(problem)
        assert result.status in (Status.PROVED, Status.INFEASIBLE)
        assert result.assurance is Assurance.FLOAT
        derived = check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence)
        if result.status is Status.INFEASIBLE:
            assert derived.dual_bound is None
        else:
            assert derived.dual_bound == pytest.approx(result.dual_bound, rel=1e-7)


def test_a_time_limit_of_zero_bounds_and_a_start_is_kept() -> None:
    problem = StableCoalition(around(300, "clusters", 1.0, 0), "robust")
    best = solve(problem)
    hurried = solve(problem, time_limit=0.0, start=best.solution)
    assert hurried.objective is not None
    assert best.objective is not None
    assert hurried.objective <= best.objective
    assert hurried.dual_bound is not None
    assert hurried.dual_bound <= best.objective


def test_a_start_that_is_not_stable_is_ignored() -> None:
    problem = StableCoalition(DataCoalition([0.002, 0.003, 0.02], 0.5, 1.0), "robust")
    assert problem.violations(Coalition([1, 2]))
    assert solve(problem, start=Coalition([1, 2])).solution == solve(problem).solution


@pytest.mark.kernel
@pytest.mark.parametrize("seed", [0, 1, 4])
def test_cells_given_up_keep_their_bound(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    problem = StableCoalition(around(120, "uniform", 0.75, seed), "robust")
    with monkeypatch.context() as hurried:
        hurried.setattr(stable_coalition, "FIRST_STEPS", 60)
        hurried.setattr(stable_coalition, "LEVELS", ((60, 1000, 1e-10),))
        lines: list[str] = []
        result = solve(problem, progress=lines.append)
    assert result.status is Status.BOUNDED
    assert result.termination is Termination.NODES
    assert " 0 left open" not in result.message
    assert lines
    assert all("bound" in line for line in lines)
    derived = check.derive(problem.name, problem.options, problem.instance.to_json(), result.evidence)
    best = solve(problem)
    assert best.status is Status.PROVED
    assert best.objective is not None
    assert result.objective is not None
    assert derived.dual_bound is not None
    assert result.dual_bound is not None
    assert derived.dual_bound <= result.dual_bound <= best.objective < result.objective


def test_an_interruption_keeps_the_best_and_a_valid_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = StableCoalition(around(200, "clusters", 0.75, 2), "robust")
    best = solve(problem).objective
    assert best is not None

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(cells, "search", interrupted)
    result = solve(problem)
    assert result.termination is Termination.INTERRUPTED
    assert result.dual_bound is not None
    assert result.dual_bound <= best


def test_evidence_beyond_the_checkers_reach_is_replaced_by_a_weaker_bound() -> None:
    problem = StableCoalition(around(400, "few", -0.2, 5), "robust")
    result = solve(problem)
    assert result.status is Status.PROVED
    assert result.evidence is not None
    assert result.evidence["bound"] < result.dual_bound
    assert f"the evidence proves {result.evidence['bound']!r} only" in result.message


def test_a_coalition_stable_by_rounding_only_is_looked_for_again() -> None:
    rng = generator(8)
    statuses = set()
    for _ in range(80):
        cost = rng.uniform(0.002, 0.01, 4)
        problem = StableCoalition(DataCoalition(cost, 1.0, 0.2), "robust")
        members = tuple(sorted(rng.permutation(4)[:3].tolist()))
        ends = (problem.stay_variance(members), problem.entry_variance(members))
        variance = ends[rng.integers(2)] / (1 + 1e-12) * (1 + rng.integers(-40, 41) * 2.0**-53)
        there = StableCoalition(DataCoalition(cost, float(variance), 0.2), "robust")
        result, found = solve(there), all_stable(there)
        statuses.add(result.status)
        assert not result.violations
        if found.count == 0:
            assert result.status in (Status.UNKNOWN, Status.INFEASIBLE)
        else:
            # What the narrowed thresholds exclude may be missed; the bound is not beaten.
            assert result.status is not Status.INFEASIBLE
            assert result.dual_bound is not None
            assert result.dual_bound <= found.social_cost[0]
    assert Status.PROVED in statuses


def test_extremes_say_when_nothing_is_stable() -> None:
    problem = StableCoalition(DataCoalition([1.0, 1.0, 2.0], 0.01, 1.0))
    for extreme in (largest_stable(problem), worst_stable(problem)):
        assert extreme.coalition is None
        assert extreme.value is None
        assert extreme.bound is None
        assert extreme.proved


def test_the_largest_of_many_players_is_stable_and_no_larger_one_exists() -> None:
    problem = StableCoalition(around(500, "clusters", 1.0, 1), "robust")
    extreme = largest_stable(problem)
    assert extreme.proved
    assert extreme.coalition is not None
    assert not problem.violations(extreme.coalition)
    cheapest = solve(problem)
    assert extreme.value is not None
    assert extreme.value >= len(cheapest.solution.members)
