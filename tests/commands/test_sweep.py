"""``mcsopt sweep``: tables, pictures, ranges, what bad input gets, and Ctrl-C."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from mcsopt.commands import sweep as command
from mcsopt.data import data_coalition
from mcsopt.data.load import default_instance
from mcsopt.problems import DataCoalition
from mcsopt.regression import coalition_sweep
from mcsopt.regression.coalition_grid import Grid, read_values
from mcsopt.regression.coalition_sweep import price_of_stability
from tests.commands.running import run

pytestmark = pytest.mark.usefixtures("no_screen")

PNG = b"\x89PNG"


def rows_of(path: Path) -> list[dict[str, Any]]:
    return (pc.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)).to_pylist()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_embedded_players_over_variances(capsys, tmp_path, ending):
    table, picture = tmp_path / f"t.{ending}", tmp_path / "p.png"
    words = ("--variance", "0.1:0.5:3", 0.25, "--stability", "robust", "nash", "--plot", picture)
    outcome = run(capsys, "sweep", "-o", table, *words)
    assert outcome.status == 0
    assert f"wrote {table} (8 rows" in outcome.out
    assert "instance: embedded default data-coalition" in outcome.out
    assert picture.read_bytes()[:4] == PNG
    rows, players = rows_of(table), default_instance("data-coalition")
    assert isinstance(players, DataCoalition)
    assert [row["variance"] for row in rows[::2]] == pytest.approx([0.1, 0.3, 0.5, 0.25])
    for row in rows:
        price = price_of_stability(
            DataCoalition(players.cost, row["variance"], players.alpha), stability=row["stability"]
        )
        assert row["stable_size"] == price.stable_size
        assert row["price_cost"] == pytest.approx(price.price_cost)
        assert row["alpha"] == players.alpha


def test_drawn_players_of_every_profile_are_the_generators(capsys, tmp_path):
    table = tmp_path / "t.parquet"
    words = ("--players", 4, 6, "--costs", "lognormal", "equal", "--seeds", 2, "--seed", 3, "--alpha", "-1:1:2")
    outcome = run(capsys, "sweep", "-o", table, *words, "--stability", "nash", "--variance", 0.5, "--json")
    assert outcome.status == 0
    assert outcome.json["rows"] == 16
    assert outcome.json["complete"]
    rows = rows_of(table)
    assert {(row["costs"], row["players"], row["seed"], row["alpha"]) for row in rows} == {
        (costs, n, seed, alpha) for costs in ("lognormal", "equal") for n in (4, 6) for seed in (3, 4)
        for alpha in (-1.0, 1.0)
    }  # fmt: skip
    row = next(row for row in rows if (row["costs"], row["players"], row["seed"]) == ("lognormal", 6, 4))
    price = price_of_stability(data_coalition(6, "lognormal", 4, variance=0.5, alpha=row["alpha"]))
    assert row["stable_cost"] == price.stable_cost
    assert row["central_cost"] == price.central_cost


def test_growth_is_fitted_and_drawn(capsys, tmp_path):
    table, picture = tmp_path / "t.csv", tmp_path / "p.svg"
    words = ("--players", "10:1000:3:log", "--alpha", "-0.8", "0.8", "--stability", "nash", "--plot", picture)
    outcome = run(capsys, "sweep", "-o", table, *words)
    assert outcome.status == 0
    assert "growth with the number of players" in outcome.out
    assert "<svg" in picture.read_text()
    assert sorted({row["players"] for row in rows_of(table)}) == [10, 100, 1000]
    document = run(capsys, "sweep", "-o", table, *words, "--json").json
    assert {growth["quantity"] for growth in document["growth"]} >= {"central_cost", "stable_variance"}


def test_an_instance_file_and_its_map(capsys, tmp_path):
    instance, picture = tmp_path / "i.json", tmp_path / "p.pdf"
    run(capsys, "generate", "--kind", "data-coalition", "--players", 5, "--seed", 2, "-o", instance)
    words = ("-o", tmp_path / "t.csv", "--picture", "map", "--plot", picture)
    for order in ((instance, *words), (*words, instance)):
        assert run(capsys, "sweep", *order).status == 0
        assert picture.read_bytes()[:4] == b"%PDF"
        picture.unlink()
    read = json.loads(instance.read_text())
    assert rows_of(tmp_path / "t.csv")[0]["variance"] == pytest.approx(read["variance"], rel=1e-15)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--variance", "x"), "--variance: holds 'x'; give a number, FROM:TO:COUNT or FROM:TO:COUNT:log"),
        (("--variance", "0.1:0.2"), "--variance: holds '0.1:0.2'"),
        (("--variance", "0.1:0.2:1"), "give a range from 2 to 10,000 values"),
        (("--variance", "0.1:0.2:3:cubic"), "a range ends in its count or in :log"),
        (("--variance", "0:1:3:log"), "a logarithmic range needs ends above 0"),
        (("--variance", "0.1:inf:3"), "give finite ends"),
        (("--variance", 0), "--variance: holds 0; give numbers from 1e-100"),
        (("--variance", "nan"), "--variance: holds nan"),
        (("--alpha", "-1.5"), "--alpha: holds -1.5; give numbers from -1 to 1"),
        (("--alpha", "-2:1:3"), "--alpha: holds -2"),
        (("--players", 1), "--players: holds 1; give numbers from 2"),
        (("--players", 2.5), "--players: holds '2.5'; give whole numbers"),
        (("--players", 10**6 + 1), "--players: holds 1000001; give numbers from 2 to 1000000"),
        (("--costs", "cheap"), "--costs: holds 'cheap'; use uniform, lognormal"),
        (("--seeds", 0), "argument --seeds: is '0'; give an integer >= 1"),
        (("--stability", "weak"), "argument --stability: invalid choice: 'weak'"),
        (("--picture", "map"), "--picture: is given without --plot"),
        (("--plot", "p.txt"), "--plot: names p.txt; give a file ending in .png, .pdf, .svg"),
        (("--plot", "p.png", "--picture", "growth"), "growth needs three sizes"),
        (("--plot", "p.png", "--players", "5:9:3", "--variance", 1, 2), "one variance and one cost profile"),
        (("--plot", "p.png", "--alpha", 0, 1), "sizes is of one set of players in one regime"),
        (("--plot", "p.png", "--players", 21), "sizes is drawn for at most 20 players, not 21"),
        (("--plot", "p.png", "--players", 13, "--picture", "map"), "map is drawn for at most 12 players, not 13"),
        (("--plot", "nowhere/p.png"), "there is no folder nowhere"),
        (("more", "than", "one"), "unknown argument"),
        (("i.json", "--players", 5), "--players: is for players that are drawn; drop it, or drop INSTANCE"),
        (("missing.json",), "missing.json"),
    ],
)
def test_bad_input_gets_one_line(capsys, monkeypatch, tmp_path, words, message):
    monkeypatch.chdir(tmp_path)
    outcome = run(capsys, "sweep", "-o", "t.csv", *words)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("output", "message"), [("t.txt", "name it .csv or .parquet"), ("no/t.csv", "no folder no")])
def test_tables_that_cannot_be_written_are_refused_before_the_work(capsys, monkeypatch, tmp_path, output, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "sweep", None)
    outcome = run(capsys, "sweep", "-o", output)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert message in outcome.err


def test_a_picture_needs_matplotlib(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("mcsopt.report.style.find_spec", lambda name: None)
    outcome = run(capsys, "sweep", "-o", tmp_path / "t.csv", "--plot", tmp_path / "p.png")
    assert outcome.status == 2
    assert "pip install matplotlib" in outcome.err


@pytest.mark.parametrize("after", [0, 3])
def test_ctrl_c_keeps_the_rows_so_far(capsys, monkeypatch, tmp_path, after):
    table, calls, solve = tmp_path / "t.csv", iter(range(2 * after)), coalition_sweep.solve

    def struck(*args: Any, **kwargs: Any) -> Any:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return solve(*args, **kwargs)

    monkeypatch.setattr(coalition_sweep, "solve", struck)
    outcome = run(capsys, "sweep", "-o", table, "--variance", "0.1:0.5:5", "--json")
    if after == 0:
        assert (outcome.status, outcome.out, table.exists()) == (3, "", False)
        assert outcome.err == "mcsopt: interrupted before there was anything to keep\n"
        return
    assert outcome.status == 0
    assert outcome.err == "mcsopt: interrupted; keeping 3 of 10 rows\n"
    assert not outcome.json["complete"]
    assert len(rows_of(table)) == 3


def test_ctrl_c_inside_a_solver_that_keeps_its_best_ends_the_sweep(monkeypatch):
    from mcsopt.kernels import coalition_cells

    def struck(*_: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(coalition_cells, "search", struck)
    with pytest.raises(KeyboardInterrupt):
        price_of_stability(data_coalition(5, seed=1))


def test_values_are_read_as_written():
    assert read_values("x", ["-1:1:3", " 0.5", "0"], low=-1, high=1) == [-1, 0, 1, 0.5]
    assert read_values("x", ["10:20:30"], low=2, high=99, integer=True) == list(range(10, 21))


def test_a_grid_knows_its_length_and_its_one_crowd():
    grid = Grid(("uniform", "equal"), (3, 4), (0, 1, 2), (0.0, 1.0), (0.1, 0.2))
    assert len(grid) == len(list(grid)) == 48
    assert grid.one_crowd is None
    single = Grid(players=(4,), alphas=(0.3,), variances=(0.1, 0.2))
    assert single.one_crowd is not None
    assert np.array_equal(single.one_crowd.cost, next(iter(single))[1].cost)
