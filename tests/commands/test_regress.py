"""``mcsopt regress``: baselines written and compared with, bad input, Ctrl-C."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from mcsopt.commands import regress as command
from mcsopt.regression.gap_baseline import read_baseline
from mcsopt.regression.gap_runs import run_seeds
from mcsopt.regression.gap_selection import SEEDS
from tests.commands.refusing import refused
from tests.commands.running import changed, run
from tests.regression import small_library

pytestmark = pytest.mark.usefixtures("no_screen")

MINE = """
import random
from mcsopt.heuristics import density_greedy

SHIFT, LOSES, STREAM, STRUCK = 0, 0.0, 1, None

def steady(problem, seed=0):
    items = list(density_greedy(problem).solution.items)
    print("planning")
    return {"items": items[SHIFT:]}

def drawn(problem, seed=0):
    if (problem.instance.num_items, seed) == STRUCK or seed == STRUCK:
        raise KeyboardInterrupt
    rng = random.Random(f"{seed} {STREAM}")
    items = list(density_greedy(problem).solution.items)
    lost = rng.sample(items, 1) + [item for item in items if rng.random() < LOSES]
    return {"items": [item for item in items if item not in lost]}

def full(problem, seed=0):
    return {"items": range(problem.instance.num_items)}

def loose(problem, seed=0):
    return full(problem) | {"items": list(full(problem)["items"])} if SHIFT else steady(problem)
"""


@pytest.fixture
def mine(monkeypatch, tmp_path) -> Any:
    """Return the user's module; the working directory is empty but for it."""
    small_library.install(monkeypatch)
    (tmp_path / "my_heuristics.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "my_heuristics", raising=False)
    import my_heuristics  # type: ignore[import-not-found]  # written above

    yield my_heuristics
    sys.modules.pop("my_heuristics", None)


def update(capsys, *words: object) -> None:
    outcome = run(capsys, "regress", *words, "--update")
    assert outcome.status == 0, outcome.err


STEADY = ("--heuristic", "my_heuristics:steady")
DRAWN = ("--heuristic", "my_heuristics:drawn")
SACKS = ("--problem", "knapsack")


def test_a_baseline_is_written_compared_with_and_found_unchanged(capsys, mine, tmp_path):
    both = ("--heuristic", "density-greedy", "my_heuristics:drawn")
    outcome = run(capsys, "regress", *both, *SACKS, "--update", "--seeds", 3)
    assert outcome.status == 0
    assert "wrote mcsopt-baseline.json (24 runs" in outcome.out
    baseline = read_baseline("mcsopt-baseline.json")
    assert set(baseline.of("density-greedy")) == {f"knapsack/s{k}" for k in range(4)}
    assert baseline.seeds("my_heuristics:drawn") == 3
    before = Path("mcsopt-baseline.json").read_bytes()
    outcome = run(capsys, "regress", *both)
    assert outcome.status == 0
    assert outcome.out.count("unchanged") == 2
    assert Path("mcsopt-baseline.json").read_bytes() == before
    run(capsys, "regress", *both, *SACKS, "--update", "--seeds", 3)
    assert Path("mcsopt-baseline.json").read_bytes() == before


def test_a_deterministic_change_for_the_worse_fails_and_names_the_worst_entry(capsys, mine):
    update(capsys, *STEADY, *SACKS)
    mine.SHIFT = 1
    outcome = run(capsys, "regress", *STEADY)
    assert outcome.status == 1
    for words in ("deterministic", "my_heuristics:steady: worse: deterministic, and the mean gap grew",
                  "4 entries grew, 0 shrank; worst: knapsack/s", "pp"):  # fmt: skip
        assert words in outcome.out
    assert run(capsys, "regress", *STEADY, "--tolerance", "1").status == 0


def test_a_change_for_the_better_passes(capsys, mine):
    mine.SHIFT = 1
    update(capsys, *STEADY, *SACKS)
    mine.SHIFT = 0
    outcome = run(capsys, "regress", *STEADY)
    assert outcome.status == 0
    assert "my_heuristics:steady: better: the mean gap fell" in outcome.out


def test_a_randomized_change_is_told_from_noise(capsys, mine):
    update(capsys, *DRAWN, *SACKS, "--seeds", 6)
    mine.STREAM = 2
    assert run(capsys, "regress", *DRAWN).status == 0
    mine.LOSES = 0.3
    outcome = run(capsys, "regress", *DRAWN, "--json")
    assert outcome.status == 1
    (found,) = outcome.json["heuristics"]
    assert (found["verdict"], found["deterministic"], found["runs"]) == ("worse", False, 24)
    assert found["p"] < 0.01
    assert found["difference"] == pytest.approx(found["gap_now"] - found["gap_before"])


def test_with_json_nothing_else_is_on_stdout(capsys, mine):
    outcome = run(capsys, "regress", *STEADY, *SACKS, "--update", "--json")
    assert outcome.status == 0
    assert outcome.json["updated"]
    assert outcome.json["complete"]
    assert outcome.json["heuristics"] == []
    assert len(outcome.json["runs"]) == 4
    assert outcome.err == "planning\n" * (4 * SEEDS)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_every_run_is_in_the_table_and_the_picture_is_drawn(capsys, mine, ending):
    update(capsys, *DRAWN, *SACKS, "--seeds", 2, "-o", f"first.{ending}")
    outcome = run(capsys, "regress", *DRAWN, "--alpha", 0.1, "-o", f"t.{ending}", "--plot", "p.png")
    assert outcome.status == 0
    assert f"wrote t.{ending}\nwrote p.png\n" in outcome.out
    assert Path("p.png").read_bytes()[:4] == b"\x89PNG"
    read = pc.read_csv if ending == "csv" else pq.read_table
    first, rows = read(f"first.{ending}").to_pylist(), read(f"t.{ending}").to_pylist()
    assert len(rows) == len(first) == 8
    assert {row["seed"] for row in rows if row["entry"] == "knapsack/s1"} == set(run_seeds("knapsack/s1", 2))
    for row, earlier in zip(rows, first, strict=True):
        assert row["objective_before"] == row["objective_now"] == earlier["objective_now"]
        assert row["difference"] == 0
        assert row["gap_now"] == pytest.approx(1 - row["objective_now"] / row["bound"])


def test_infeasible_runs_are_for_the_worse_and_named(capsys, mine):
    words = ("--heuristic", "my_heuristics:loose")
    update(capsys, *words, *SACKS, "--size", "tiny", "--seeds", 2)
    mine.SHIFT = 1
    outcome = run(capsys, "regress", *words)
    assert outcome.status == 1
    assert "worse: runs that were feasible and are infeasible now: 6" in outcome.out
    assert "infeasible now: knapsack/s0 seed " in outcome.out
    assert "and 1 more" in outcome.out
    shown = run(capsys, "regress", *words, *SACKS, "--size", "tiny", "--seeds", 2, "--update").out
    assert "a mean gap is over the feasible runs only; infeasible:" in shown
    assert "  my_heuristics:loose: knapsack/s0, seed " in shown
    assert "null" in Path("mcsopt-baseline.json").read_text()
    mine.SHIFT = 0
    outcome = run(capsys, "regress", *words)
    assert outcome.status == 0
    assert "no worse: runs that were infeasible and are feasible now: 6" in outcome.out


def test_too_few_pairs_are_a_fault_of_the_set_up(capsys, mine):
    update(capsys, *DRAWN, "--entry", "knapsack/s0", "--seeds", 3)
    mine.STREAM = 5
    outcome = run(capsys, "regress", *DRAWN)
    assert outcome.status == 2
    assert "too few pairs" in outcome.out
    expected = (
        "3 pairs of runs cannot show a change at level 0.01, 7 can; take more seeds or entries, or a larger --alpha"
    )
    assert outcome.err == f"mcsopt: my_heuristics:drawn: {expected}\n"


def test_a_change_for_the_worse_outweighs_too_few_pairs(capsys, mine):
    both = ("--heuristic", "my_heuristics:drawn", "my_heuristics:steady", "--entry", "knapsack/s0", "--seeds", 5)
    update(capsys, *both)
    mine.STREAM, mine.SHIFT = 5, 1
    assert run(capsys, "regress", *both).status == 1


def test_what_is_left_out_is_said(capsys, mine):
    outcome = run(capsys, "regress", "--heuristic", "greedy", "--update", "--seeds", 2)
    assert "greedy: left out, as there is no gap to a stored certificate: offline-welfare/impossible\n" in outcome.out
    update(capsys, *STEADY, "--entry", "knapsack/s0", "knapsack/s1", "knapsack/s0", "--seeds", 2)
    outcome = run(capsys, "regress", *STEADY, *SACKS, "--size", "tiny")
    assert "left out, as there is not in the baseline: knapsack/s2" in outcome.out
    assert outcome.status == 0


def test_an_update_keeps_the_other_heuristics(capsys, mine):
    update(capsys, "--heuristic", "density-greedy", "--seeds", 2)
    update(capsys, *STEADY, *SACKS, "--seeds", 2)
    baseline = read_baseline("mcsopt-baseline.json")
    assert {one.heuristic for one in baseline.runs} == {"density-greedy", "my_heuristics:steady"}
    assert run(capsys, "regress", "--heuristic", "density-greedy", "my_heuristics:steady").status == 0


def test_a_changed_instance_is_refused_until_the_baseline_is_written_anew(capsys, mine, tmp_path):
    update(capsys, *STEADY, *SACKS, "--seeds", 2)
    file = Path("mcsopt-baseline.json")
    file.write_text(json.dumps(changed(json.loads(file.read_text()), {("runs", 1, "instance"): "sha256:other"})))
    assert "instance of knapsack/s1: is sha256:" in refused(capsys, tmp_path, "regress", *STEADY)
    update(capsys, *STEADY)
    assert run(capsys, "regress", *STEADY).status == 0


def test_a_bound_that_was_weaker_then_changes_no_verdict(capsys, mine):
    update(capsys, *STEADY, *SACKS, "--seeds", 5)
    file = Path("mcsopt-baseline.json")
    document = json.loads(file.read_text())
    weaker = {("runs", 1, "bound"): 9e9, ("runs", 1, "gaps"): [0.999] * 5}
    file.write_text(json.dumps(changed(document, weaker)))
    outcome = run(capsys, "regress", *STEADY, "--json")
    assert outcome.status == 0
    assert outcome.json["heuristics"][0]["verdict"] == "unchanged"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (STEADY, "--baseline: there is no mcsopt-baseline.json; write it with --update"),
        ((*STEADY, "--baseline", "b.json"), "there is no b.json"),
        ((*STEADY, "--update"), "--problem: is needed for my_heuristics:steady; say what it plans for"),
        ((*STEADY, "--update", "--problem", "x"), "problem: 'x' is not known"),
        (("--heuristic", "greedi", "--update"), "heuristic: 'greedi' is not known; see mcsopt list"),
        (("--heuristic", "greedy", "--update", *SACKS), "--problem: is knapsack, greedy plans for offline-welfare"),
        (("--heuristic", "greedy", "--update", "--entry", "x"), "library: has no entry 'x'"),
        (("--heuristic", "greedy", "--update", "--entry", "knapsack/s0"), "--heuristic: greedy has no entry to run on"),
        ((*STEADY, *SACKS, "--update", "--size", "medium"), "no gap to a stored certificate: knapsack/vast"),
        ((*STEADY, "--update", "--entry", "knapsack/vast"), "--entry: knapsack/vast has no stored certificate"),
        (("--heuristic", "my_heuristics:none", *SACKS, "--update"), "has no function 'none'"),
        ((*STEADY, "--update", "--plot", "p.png"), "--plot: is given with --update; drop one"),
        ((*STEADY, "--update", "--baseline", "no/b.json"), "there is no folder no"),
        ((*STEADY, "--update", "--baseline", "t.csv", "-o", "t.csv"), "--output: names t.csv, which is named twice"),
        ((*STEADY, "-o", "t.txt"), "name it .csv or .parquet"),
        ((*STEADY, "--plot", "p.gif"), "--plot: names p.gif; give a file ending in .png"),
        ((*STEADY, "--alpha", 0), "argument --alpha: is '0'; give a number from 0.0001 to 0.5"),
        ((*STEADY, "--alpha", "nan"), "argument --alpha: is 'nan'"),
        ((*STEADY, "--tolerance", "-1"), "argument --tolerance: is '-1'; give a number from 0 to 1"),
        ((*STEADY, "--seeds", 1), "argument --seeds: is '1'; give an integer >= 2"),
        ((*STEADY, "--entry", "a", "--size", "tiny"), "argument --size: not allowed with argument --entry"),
        ((*STEADY, "more", "--json", "less"), "unknown argument"),
        (("--json",), "the following arguments are required: --heuristic"),
    ],
)
def test_bad_input_gets_one_line(capsys, mine, tmp_path, words, message):
    line = refused(capsys, tmp_path, "regress", *words)
    assert message in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--heuristic", "density-greedy"), "--heuristic: density-greedy is not in the baseline; add it with --update"),
        ((*STEADY, "--seeds", 9), "--seeds: is 9, the baseline of my_heuristics:steady has 2; give --seeds 2"),
        ((*STEADY, "--entry", "knapsack/s3"), "left out, as there is not in the baseline: knapsack/s3"),
        (("--heuristic", "my_heuristics:steady", "--problem", "offline-welfare"), "has no entry to run on"),
    ],
)
def test_what_the_baseline_does_not_hold_is_refused(capsys, mine, tmp_path, words, message):
    update(capsys, *STEADY, *SACKS, "--size", "tiny", "--seeds", 2)
    assert message in refused(capsys, tmp_path, "regress", *words)


def test_a_baseline_that_beats_the_bound_is_refused(capsys, mine, tmp_path):
    update(capsys, *DRAWN, *SACKS, "--seeds", 2)
    file = Path("mcsopt-baseline.json")
    file.write_text(json.dumps(changed(json.loads(file.read_text()), {("runs", 1, "objectives"): [9e9, 9e9]})))
    line = refused(capsys, tmp_path, "regress", *DRAWN)
    assert "objectives of my_heuristics:drawn on knapsack/s1: a feasible solution worth 9000000000.0 beats" in line


def test_a_picture_needs_matplotlib(capsys, mine, tmp_path, monkeypatch):
    monkeypatch.setattr("mcsopt.report.style.find_spec", lambda name: None)
    assert "pip install matplotlib" in refused(capsys, tmp_path, "regress", *STEADY, "--plot", "p.png")


def test_ctrl_c_keeps_what_is_finished_and_leaves_the_baseline(capsys, mine):
    update(capsys, *DRAWN, *SACKS, "--seeds", 4)
    before = Path("mcsopt-baseline.json").read_bytes()
    mine.STRUCK, mine.STREAM = run_seeds("knapsack/s2", 4)[1], 2
    outcome = run(capsys, "regress", *DRAWN, "-o", "t.csv")
    assert outcome.status == 3
    assert outcome.err == "mcsopt: interrupted; keeping 2 entries\n"
    assert "my_heuristics:drawn" in outcome.out
    assert len(pc.read_csv("t.csv")) == 8
    outcome = run(capsys, "regress", *DRAWN, "--update", "--json")
    assert outcome.status == 3
    assert outcome.err == "mcsopt: interrupted; keeping 2 entries; the baseline stays as it is\n"
    assert (outcome.json["complete"], outcome.json["updated"]) == (False, False)
    assert run(capsys, "regress", *DRAWN, "--update").status == 3
    assert Path("mcsopt-baseline.json").read_bytes() == before


def test_ctrl_c_before_anything_is_finished(capsys, mine):
    mine.STRUCK = run_seeds("knapsack/s0", 5)[0]
    outcome = run(capsys, "regress", *DRAWN, *SACKS, "--update")
    assert (outcome.status, outcome.out) == (3, "")
    assert outcome.err == "mcsopt: interrupted before there was anything to keep\n"
    assert not Path("mcsopt-baseline.json").exists()


def test_tables_that_cannot_be_written_are_refused_before_the_work(capsys, mine, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "run_heuristics", None)
    assert "no folder no" in refused(capsys, tmp_path, "regress", *STEADY, "-o", "no/t.csv")
