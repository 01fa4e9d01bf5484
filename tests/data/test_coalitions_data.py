from __future__ import annotations

import itertools

import numpy as np
import pytest

from mcsopt.data import default_instance, generate
from mcsopt.data.coalitions import COSTS, data_coalition
from mcsopt.errors import InputError
from mcsopt.problems import Coalition, StableCoalition

ROUNDING = 1e-12
DIGESTS = {
    "uniform": "sha256:554034576c4401e4f4d0c4e848db8b9ab8bca6018879cd7d57f81acab0fcd8a0",
    "two-cluster": "sha256:ee452f0aa070abdce0c8ae0e989018c2098c80ca645891790874965482919906",
    "equal": "sha256:470ca84ea38bc6f008f9d3a0293bfa89da34d1f1c135f7e2ebe3761fed5065d2",
}
"""Of profiles that draw and multiply only: exponentials and powers may differ in the last place between processors."""


@pytest.mark.parametrize("costs", sorted(COSTS))
def test_profiles_are_what_they_say(costs: str) -> None:
    drawn = data_coalition(200, costs, 4).cost
    cost = np.sort(drawn)
    assert len(cost) == 200
    if costs == "uniform":
        assert 0.001 <= cost[0] < 0.0015
        assert 0.0195 < cost[-1] <= 0.02
    elif costs == "lognormal":
        assert np.log(cost).mean() == pytest.approx(np.log(0.005), abs=0.3)
        assert np.log(cost).std() == pytest.approx(1, abs=0.2)
    elif costs == "two-cluster":
        near = np.abs(cost[:, None] / np.array([0.002, 0.015]) - 1) <= 0.03 + ROUNDING
        assert (near.sum(axis=1) == 1).all()
        assert 60 < near[:, 0].sum() < 140
    elif costs == "geometric":
        assert cost[0] == 0.001
        assert cost[1:] / cost[:-1] == pytest.approx(cost[1] / cost[0])
        assert cost[-1] <= 1000 * (1 + ROUNDING)
    else:
        assert cost[0] == cost[-1]
    assert costs == "equal" or (np.diff(drawn) < 0).any()


def nash_exists(problem: StableCoalition) -> bool:
    n = problem.instance.num_players
    every = (m for k in range(2, n + 1) for m in itertools.combinations(range(n), k))
    return any(not problem.violations(Coalition(m)) for m in every)


@pytest.mark.parametrize("costs", sorted(COSTS))
def test_stable_coalitions_exist_about_half_of_the_time(costs: str) -> None:
    found = [nash_exists(StableCoalition(data_coalition(2 + seed % 6, costs, seed))) for seed in range(60)]
    assert 0.3 <= np.mean(found) <= 0.75


@pytest.mark.parametrize("alpha", [-1.0, -0.5, 0.0, 1.0])
def test_the_coin_decides_in_every_regime(alpha: float) -> None:
    """Where the coin says heads, the size nearest to one half is stable, so existence is never rare."""
    found = [nash_exists(StableCoalition(data_coalition(6, "lognormal", seed, alpha=alpha))) for seed in range(40)]
    assert np.mean(found) >= 0.3
    assert not all(found)


def test_the_same_seed_gives_the_same_players_in_every_regime() -> None:
    one, other = data_coalition(7, seed=3, alpha=-1.0), data_coalition(7, seed=3, variance=2.0)
    assert one.cost.tolist() == other.cost.tolist()
    assert (other.variance, other.alpha) == (2.0, 0.5)
    assert data_coalition(7, seed=4).cost.tolist() != one.cost.tolist()
    assert data_coalition(7, seed=3).digest() == data_coalition(7, seed=3).digest()


@pytest.mark.parametrize(("costs", "digest"), list(DIGESTS.items()))
def test_instances_never_change(costs: str, digest: str) -> None:
    assert data_coalition(8, costs, 3, variance=0.5).digest() == digest


def test_many_players_have_finite_costs() -> None:
    data = data_coalition(100_000, "geometric", 1)
    assert data.cost.max() <= 1000 * (1 + ROUNDING)


def test_the_generator_is_found_by_its_kind() -> None:
    data = generate("data-coalition", {"players": "4", "costs": "equal", "variance": "0.5", "alpha": "-1", "seed": "2"})
    assert data.digest() == data_coalition(4, "equal", 2, variance=0.5, alpha=-1.0).digest()
    with pytest.raises(InputError, match="--costs"):
        generate("data-coalition", {"costs": "cubic"})


def test_the_default_is_the_paper_s_example() -> None:
    data = default_instance("data-coalition")
    problem = StableCoalition(data)
    assert problem.violations(Coalition([0, 1, 2, 3])) == ()
    assert problem.violations(Coalition([0, 1, 2, 4])) == ()
    assert problem.violations(Coalition([0, 1, 2])) != ()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"costs": "cubic"}, "costs"),
        ({"players": 1}, "players"),
        ({"alpha": 1.5}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"variance": 0.0}, "variance"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_arguments_are_named(options: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        data_coalition(**options)
    assert caught.value.field == field
