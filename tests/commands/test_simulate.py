"""``mcsopt simulate``: files, resumption, interruption, bad input."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mcsopt.commands import simulate
from mcsopt.errors import BackendFault
from mcsopt.simulation import figure_tables
from mcsopt.simulation.methods import METHODS
from tests.commands.running import run
from tests.real_trips import SAMPLE, needs_trips

IPARTS = ("simulate", "iparts", "--jobs", 1)
PNG = b"\x89PNG\r\n"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the figures be of small markets; the picture's axes stay those of the paper."""
    sizes = {3: ((60, 140), (20, 120)), 4: ((20, 120),), 5: ((40, 160),), 6: ((40, 160),)}
    shrunk = {(60, 140): (3, 14), (20, 120): (4, 16), (40, 160): (5, 20)}

    def jobs(plan, seeds, policy, **source):
        found = figure_tables.jobs(plan, seeds, policy, **source)
        return {key: (job[0], replace(job[1], tasks=shrunk[key[1], key[2]][0], workers=shrunk[key[1], key[2]][1]),
                      *job[2:]) for key, job in found.items()}  # fmt: skip

    plans = {k: replace(plan, sizes=sizes[k]) for k, plan in figure_tables.FIGURES.items()}
    monkeypatch.setattr(simulate, "FIGURES", plans)
    monkeypatch.setattr(simulate, "figure_plan", plans.__getitem__)
    monkeypatch.setattr(simulate, "jobs", jobs)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_figure_has_its_table_and_picture(capsys, tmp_path):
    folder = tmp_path / "out"
    outcome = run(capsys, *IPARTS, "--runs", 2, "-o", folder)
    assert outcome.status == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {"runs.jsonl", "proved.csv"} | {
        f"figure{k}.{e}" for k in (3, 4, 5, 6) for e in ("csv", "parquet", "png")
    }
    for number in (3, 4, 5, 6):
        assert (folder / f"figure{number}.png").read_bytes().startswith(PNG)
        rows = table(folder / f"figure{number}.csv")
        assert len(rows) == pq.read_table(folder / f"figure{number}.parquet").num_rows > 10
        assert {"metric", "method", "mean", "low", "high", "runs"} <= set(rows[0])
        assert f"wrote {folder / f'figure{number}.png'}" in outcome.out
    assert {row["method"] for row in table(folder / "figure3.csv")} == {*(one.name for one in METHODS), "Wait-and-see"}
    assert all(
        row["runs"] == "2" for row in table(folder / "figure3.csv") if row["metric"] == "SW" and row["tasks"] == "4"
    )
    assert "proved optimal 2 of 2 plans of contracts, 2 of 2 wait-and-see bounds" in outcome.out


def test_it_goes_on_where_it_stopped(capsys, tmp_path, monkeypatch):
    folder, done = tmp_path / "out", []
    real = simulate.perform

    def counting(work, **options):
        for job, rows in real(work, **options):
            done.append((job[1].tasks, job[2]))
            yield job, rows

    monkeypatch.setattr(simulate, "perform", counting)
    first = run(capsys, *IPARTS, "--figure", 6, "--runs", 2, "-o", folder, "--json").json
    assert (first["complete"], first["figures"], len(done)) == (True, [6], 2)
    more = run(capsys, *IPARTS, "--figure", 6, "--runs", 3, "--resume", "-o", folder, "--json").json
    assert more["files"] == ["runs.jsonl", "figure6.csv", "figure6.parquet", "figure6.png"]
    assert len(done) == 3
    again = tmp_path / "again"
    run(capsys, *IPARTS, "--figure", 6, "--runs", 3, "-o", again)
    assert (again / "figure6.csv").read_bytes() == (folder / "figure6.csv").read_bytes()
    fewer = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "--resume", "-o", folder, "--json").json
    assert fewer["complete"]
    assert {row["runs"] for row in table(folder / "figure6.csv")} == {"1"}


def test_ctrl_c_keeps_finished_seeds(capsys, tmp_path, monkeypatch):
    folder, real = tmp_path / "out", simulate.perform

    def interrupted(work, **options):
        yield next(iter(real(work, **options)))
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "perform", interrupted)
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 3, "-o", folder)
    assert outcome.status == 0
    assert "interrupted; keeping 1 of 3 runs; --resume goes on" in outcome.err
    assert {row["runs"] for row in table(folder / "figure6.csv")} == {"1"}


def test_a_seed_that_a_solver_spoils_is_left_out(capsys, tmp_path, monkeypatch):
    perform = simulate.perform
    spoilt = {"seeds": {1}}

    def some(work, **options):
        fault = BackendFault("highs", "lied")
        return ((job, fault if job[2] in spoilt["seeds"] else rows) for job, rows in perform(work, **options))

    monkeypatch.setattr(simulate, "perform", some)
    words = (*IPARTS, "--figure", 6, "--runs", 3, "-o", tmp_path / "out")
    outcome = run(capsys, *words)
    assert outcome.status == 0
    assert "1 of 3 runs failed and are left out; --resume tries them again; first: seed 1 of 5/20: highs: lied" in (
        outcome.err
    )
    assert max(int(row["runs"]) for row in table(tmp_path / "out" / "figure6.csv")) == 2
    spoilt["seeds"] = set()
    assert run(capsys, *words, "--resume").status == 0
    assert max(int(row["runs"]) for row in table(tmp_path / "out" / "figure6.csv")) == 3


def test_nothing_but_spoilt_seeds_is_an_error(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(simulate, "perform", lambda work, **_: ((job, BackendFault("highs", "lied")) for job in work))
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 2, "-o", tmp_path / "out")
    assert outcome.status != 0
    assert "all of 2 runs failed; first: seed 0 of 5/20: highs: lied" in outcome.err


def test_ctrl_c_before_the_first_seed(capsys, tmp_path, monkeypatch):
    def nothing(work, **options):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(simulate, "perform", nothing)
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "-o", tmp_path / "out")
    assert outcome.status == 3
    assert "interrupted before there was anything to keep" in outcome.err


def test_ctrl_c_among_the_figures_keeps_the_runs(capsys, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(simulate, "save_picture", interrupted)
        outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "-o", tmp_path / "out")
    assert outcome.status == 3
    assert "runs.jsonl keeps the runs, and --resume draws the figures" in outcome.err
    monkeypatch.setattr(simulate, "perform", lambda work, **_: iter([]) if not work else pytest.fail("runs again"))
    assert run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "--resume", "-o", tmp_path / "out").status == 0


def test_runs_of_another_version_are_not_mixed_in(capsys, tmp_path, monkeypatch):
    run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "-o", tmp_path / "out")
    monkeypatch.setattr(simulate, "versions", lambda: {"mcsopt": "9.9"})
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 2, "--resume", "-o", tmp_path / "out")
    assert outcome.status == 2
    assert "mcsopt: is '" in outcome.err
    assert "asked for is '9.9'" in outcome.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--runs", 0), "--runs: is '0'; give an integer >= 1"),
        (("--figure", 7), "invalid choice: 7"),
        (("--area", 8), "--area: is given without --trips"),
        (("--trips", "none.csv"), "none.csv"),
        (("--restore", "maybe"), "invalid choice: 'maybe'"),
        (("--gap", "-0.1"), "--gap: is '-0.1'; give a relative gap >= 0"),
        (("--gap", "inf"), "--gap: is 'inf'; give a relative gap >= 0"),
    ],
)
def test_nonsense_is_refused_before_any_work(capsys, tmp_path, words, message):
    outcome = run(capsys, *IPARTS, *words, "-o", tmp_path / "out")
    assert outcome.status == 2
    assert message in outcome.err
    assert not (tmp_path / "out" / "runs.jsonl").exists()


def test_a_folder_in_use_is_not_overwritten(capsys, tmp_path):
    folder = tmp_path / "out"
    run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "-o", folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "-o", folder)
    assert outcome.status == 2
    assert "is there already; give --resume" in outcome.err
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "--resume", "--restore", "max", "-o", folder)
    assert outcome.status == 2
    assert "policy: is " in outcome.err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_file_in_place_of_the_folder(capsys, tmp_path):
    (tmp_path / "out").write_text("mine")
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "-o", tmp_path / "out")
    assert outcome.status == 2
    assert "--output" in outcome.err
    assert (tmp_path / "out").read_text() == "mine"


def test_a_gap_that_is_close_enough(capsys, tmp_path):
    """It is kept with the runs, exact solves hear of it, and what is certified is within it."""
    folder, words = tmp_path / "out", ("--figure", 3, "--runs", 3)
    document = run(capsys, *IPARTS, *words, "--gap", "0.3", "-o", folder, "--json").json
    assert document["policy"]["gap"] == json.loads((folder / "runs.jsonl").read_text().split("\n")[0])["policy"]["gap"]
    assert document["policy"]["gap"] == 0.3
    kinds = ("contracts", "wait_and_see", "repairs")
    gaps = [line[f"{kind}_worst_gap"] for line in document["proved"] for kind in kinds]
    assert 1e-7 < max(gaps) <= 0.3
    outcome = run(capsys, *IPARTS, *words, "--resume", "-o", folder)
    assert outcome.status == 2
    assert "policy" in outcome.err


@needs_trips
def test_markets_of_real_trips(capsys, tmp_path):
    folder = tmp_path / "out"
    document = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "--trips", SAMPLE, "-o", folder, "--json").json
    assert document["source"]["kind"] == "trips"
    head = json.loads((folder / "runs.jsonl").read_text().split("\n")[0])
    assert head["source"] == document["source"]
    outcome = run(capsys, *IPARTS, "--figure", 6, "--runs", 1, "--resume", "-o", folder)
    assert outcome.status == 2
    assert "source: is " in outcome.err


@needs_trips
@pytest.mark.parametrize(("area", "message"), [(99, "area: 99 has no usable trips"), (2, "workers: is 160, community")])
def test_an_area_of_too_few_trips_is_refused_before_any_work(capsys, tmp_path, area, message):
    outcome = run(capsys, *IPARTS, "--runs", 1, "--trips", SAMPLE, "--area", area, "-o", tmp_path / "out")
    assert outcome.status == 2
    assert message in outcome.err
    assert not (tmp_path / "out").exists()
