"""Prices of stability and growth against their definitions."""

import itertools

import numpy as np
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from mcsopt.data.tables import write_table
from mcsopt.errors import InputError
from mcsopt.problems import CentralCoalition, Coalition, DataCoalition, StableCoalition
from mcsopt.problems.data_coalition import random_players
from mcsopt.regression.coalition_growth import QUANTITIES, growth_exponents, theory_exponent
from mcsopt.regression.coalition_sweep import price_of_stability, sweep
from mcsopt.solvers import solve


@pytest.mark.parametrize("stability", ["nash", "robust"])
def test_prices_equal_brute_force(stability):
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(20):
        data = random_players(rng, most=7)
        price = price_of_stability(data, stability=stability)
        problem = StableCoalition(data, stability=stability)
        stable = [
            Coalition(members)
            for k in range(2, data.num_players + 1)
            for members in itertools.combinations(range(data.num_players), k)
            if not problem.violations(Coalition(members))
        ]
        cost = min((problem.evaluate(c) for c in stable), default=data.num_players * data.variance)
        central = solve(CentralCoalition(data)).objective
        seen.add(bool(stable))
        assert price.stable_cost == pytest.approx(cost)
        assert price.price_cost == pytest.approx(cost / central)
        assert price.price_cost >= 1 - 1e-12
        assert price.price_variance == pytest.approx(price.stable_variance / price.central_variance)
    assert seen == {True, False}


def test_nash_stable_coalitions_cost_no_less_than_robust_ones():
    """Claim 1: every Nash-stable coalition is robust."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        data = random_players(rng)
        if price_of_stability(data).stable_status == "PROVED":
            robust = price_of_stability(data, stability="robust")
            assert robust.stable_cost <= price_of_stability(data).stable_cost + 1e-9


def test_a_sweep_is_a_table_and_is_kept_when_interrupted(tmp_path):
    rng = np.random.default_rng(2)
    instances = [({"draw": k}, random_players(rng)) for k in range(3)]
    rows = sweep(instances)
    assert len(rows) == 6
    assert {"draw", "players", "variance", "alpha", "stability", "price_cost"} <= rows[0].keys()
    write_table(rows, tmp_path / "rows.csv")
    write_table(rows, tmp_path / "rows.parquet")
    assert pc.read_csv(tmp_path / "rows.csv").num_rows == 6
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == rows

    def interrupt(line):
        raise KeyboardInterrupt

    assert len(sweep(instances, progress=interrupt)) == 1


@pytest.mark.parametrize(("rows", "name"), [([], "rows.csv"), ([{"a": 1}], "rows.txt")])
def test_unusable_tables_are_refused(rows, name, tmp_path):
    with pytest.raises(InputError):
        write_table(rows, tmp_path / name)


def test_exponents_of_exact_powers_are_found():
    rows = [
        {
            "alpha": -0.8,
            "stability": "nash",
            "players": n,
            **{q: 3.0 * n ** theory_exponent(q, -0.8) for q in QUANTITIES},
        }
        for n in (10, 100, 1000, 10_000)
    ]
    for growth in growth_exponents(rows):
        assert growth.fitted == pytest.approx(growth.theory)
        assert growth.shows_from == 10
    assert growth_exponents(rows[:2]) == []
    with pytest.raises(ValueError, match="no theorem"):
        theory_exponent("weather", 0.0)


@pytest.mark.parametrize("alpha", [0.2, 0.9])
def test_growth_of_the_central_optimum_shows_theorem_1(alpha):
    rng = np.random.default_rng(3)
    instances = [({}, DataCoalition(rng.uniform(0.005, 0.01, n), 0.25, alpha)) for n in (1000, 10_000, 100_000)]
    for growth in growth_exponents(sweep(instances, stability=("nash",))):
        if growth.quantity.startswith("central"):
            assert growth.fitted == pytest.approx(growth.theory, abs=0.05)
