"""Cells of both searches against every coalition in them, and what the searches remember."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from mcsopt.kernels import coalition_cells as cells
from mcsopt.kernels import coalition_heights as heights
from mcsopt.kernels.coalitions import conditions
from mcsopt.problems import StableCoalition
from mcsopt.solvers import stable_coalition
from mcsopt.solvers.coalition_enumeration import all_stable
from mcsopt.solvers.coalition_extremes import WorstSearch, largest_stable
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.stable_coalition import Search, social_cost_objective
from tests.solvers.coalition_agreement import disagreements, draw
from tests.solvers.test_stable_coalition_solver import around
from tests.solvers.test_worst_stable import against_all

pytestmark = pytest.mark.kernel
FLOAT = 1e-13
CROWDED = [("clusters", 0.7, seed) for seed in (1, 2, 3, 5, 6, 28)] + [("uniform", 1.0, seed) for seed in (0, 2, 4, 11)]
"""Fourteen players of whom neither the best nor the worst coalition is settled by closed forms, robust stability."""


def sums_by_cell(problem: StableCoalition) -> dict[tuple[int, int], list[float]]:
    """Return the sums of a of all stable coalitions by size and cheapest outsider, the k cheapest left out."""
    c = conditions(problem.instance, problem.stability)[1]
    found = defaultdict(list)
    for k in range(2, len(c.a)):
        for ranks in itertools.combinations(range(len(c.a)), k):
            s = next(r for r in range(len(c.a)) if r not in ranks)
            total, top = float(c.a[list(ranks)].sum()), c.a[ranks[-1]]
            above = c.need[k] - c.weight[k] * c.a[s] - c.pull * max(top, c.a[s])
            if s < k and above < total <= c.upper[k] - 2 * top:
                found[k, s].append(total)
    return found


def test_bounds_of_cells_hold_for_every_coalition_in_them() -> None:
    rng = np.random.default_rng(3)
    tight = dead = 0
    for _ in range(60):
        problem = draw(rng, 8)
        c = conditions(problem.instance, problem.stability)[1]
        found = sums_by_cell(problem)
        for k in range(2, len(c.a)):
            for s in range(k):
                below = [total for at in range(s + 1) for total in found[k, at]]
                above = [total for at in range(s, k) for total in found[k, at]]
                least, most = cells.chain_bound(c, k, s), heights.chain_bound(c, k, s)
                assert least <= min(below, default=np.inf) * (1 + FLOAT)
                assert most >= max(above, default=-np.inf) * (1 - FLOAT)
                tight += bool(below) and least > 0.999 * min(below)
                dead += least == np.inf
                # What is passed over is empty.
                lower, higher = cells.next_outsider(c, k, s), heights.next_outsider(c, k, s)
                assert not any(found[k, at] for at in [*range(lower + 1, s + 1), *range(s, higher)])
    assert tight > 10
    assert dead > 10


@pytest.mark.parametrize("first", [-1, 30, stable_coalition.FIRST_STEPS])
def test_both_searches_agree_with_enumeration_however_few_steps_a_cell_gets(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stable_coalition, "FIRST_STEPS", first)
    monkeypatch.setattr(stable_coalition, "CHUNK", 50)
    rng = np.random.default_rng(first + 1)
    for _ in range(12):
        problem = draw(rng, 10)
        assert disagreements(problem, rng) == []
    for kind, alpha, seed in CROWDED:
        problem = StableCoalition(around(14, kind, alpha, seed), "robust")
        against_all(problem)
        found, result = all_stable(problem, limit=0), stable_coalition.solve(problem, Settings())
        if found.cheapest is not None:
            assert result.objective == pytest.approx(problem.evaluate(found.cheapest), rel=2e-10)
            assert largest_stable(problem).value == len(found.largest.members if found.largest else ())


@pytest.mark.parametrize("kind", [Search, WorstSearch])
def test_more_cells_given_up_than_there_is_room_for_keep_their_least_bound(
    kind: type[Search], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stable_coalition, "ROOM", 1)
    monkeypatch.setattr(stable_coalition, "FIRST_STEPS", -1)
    monkeypatch.setattr(stable_coalition, "LEVELS", ())
    lost = 0
    for kind_of_costs, alpha, seed in CROWDED:
        problem = StableCoalition(around(14, kind_of_costs, alpha, seed), "robust")
        cost = social_cost_objective(problem.instance)
        sign = 1 if kind is Search else -1
        run = kind(problem, cells.Objective(sign * cost.fixed, cost.rate, cost.slack), 0.0)
        while not run._advance(10**6):
            pass
        lost += run.state.counts[cells.OPENED] > 1
        found = all_stable(problem, limit=0)
        extreme = found.cheapest if kind is Search else found.dearest
        if extreme is not None:
            assert run.bound <= sign * problem.evaluate(extreme) + 1e-12
    assert lost > 0


def test_efforts_beyond_the_easy_ones_are_noted() -> None:
    run = Search(
        StableCoalition(around(20, "uniform", 0.3, 0)), social_cost_objective(around(20, "uniform", 0.3, 0)), 0
    )
    cells.note_effort(run.state, 1.0)
    assert run.state.reals[cells.EASY] == np.inf
    run.state.counts[cells.STEPS] = cells.EASY_STEPS + 1
    for key in (3.0, 2.0, 5.0):
        cells.note_effort(run.state, key)
    assert run.state.reals[cells.EASY] == 2.0
