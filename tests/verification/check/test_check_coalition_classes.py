"""Equal costs: only how many players of a class are members counts, and that is what the checker tries."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.problems import DataCoalition, StableCoalition
from mcsopt.solvers import solve
from mcsopt.verification.check import coalition, coalition_cells
from mcsopt.verification.check.strict import Refused, Run
from tests.verification.check.coalition_oracle import best_by_claims, derive


def tied_classes(rng: np.random.Generator, n: int) -> tuple[coalition.Players, str]:
    """Draw players of few different costs, mostly at the very threshold of a coalition that leaves cheap ones out."""
    worth = [np.array([0.002, 0.003, 0.011]), 0.001 * np.arange(1.0, 9), rng.uniform(1e-3, 2e-2, 4)][rng.integers(3)]
    cost, alpha = np.sort(rng.choice(worth, n)), float(rng.choice([-1, -0.5, 0, 0.5, 1, rng.uniform(-1, 1)]))
    problem = StableCoalition(DataCoalition(cost, 1.0, alpha), str(rng.choice(["nash", "robust"])))
    k = int(rng.integers(2, n))
    swapped = int(rng.integers(0, min(k, n - k, 3)))
    kept = rng.permutation(k)[swapped:]
    members = tuple(sorted([*kept.tolist(), *(k + rng.permutation(n - k)[:swapped]).tolist()]))
    ends = problem.stay_variance(members), problem.entry_variance(members)
    variance = float(ends[rng.integers(2)] * rng.choice([1.0, rng.uniform(0.98, 1.02)]))
    return coalition.Players(cost, variance, alpha), problem.stability


def proves(players: coalition.Players, notion: str, bound: float | None) -> bool:
    try:
        coalition_cells.Proof(players, notion, bound, Run()).verify()
    except Refused:
        return False
    return True


def test_among_few_different_costs_bounds_hold_up_to_the_optimum_and_no_further() -> None:
    searched = exist = 0
    for seed in range(1500):
        rng = np.random.default_rng([7, seed])
        players, notion = tied_classes(rng, int(rng.integers(4, 12)))
        best, run = best_by_claims(players, notion), Run()
        coalition_cells.Proof(players, notion, best, run).verify()
        searched += run.work.get("cells searched", 0)
        if best is not None:
            exist += 1
            false = (best * (1 + 1e-11), best * (1 + 1e-9), best * 1.01, None)
            assert not any(proves(players, notion, bound) for bound in false), seed
    assert searched >= 5
    assert 500 <= exist <= 1400


@pytest.mark.parametrize("seed", range(40))
def test_what_the_solver_claims_of_many_players_of_few_costs_is_accepted(seed: int) -> None:
    rng = np.random.default_rng([8, seed])
    players, notion = tied_classes(rng, int(rng.choice([20, 50, 100, 200])))
    problem = StableCoalition(DataCoalition(players.cost, players.variance, players.alpha), notion)
    result = solve(problem, time_limit=5)
    assert result.evidence is not None
    derivation = derive(problem, result.evidence)
    assert derivation.infeasible == (result.evidence["bound"] is None)
