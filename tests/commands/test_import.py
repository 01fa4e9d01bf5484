"""``mcsopt import``: what is written is the file's problem, and what cannot be is refused in one line."""

from __future__ import annotations

import pytest

from mcsopt.data import GeneralisedAssignment, generalised_assignments, plain_knapsack, read_instance
from tests.commands.refusing import refused
from tests.commands.running import run, write
from tests.data.assignment_cases import drawn, optimum, written
from tests.data.test_knapsack_files import BLOCKS, PLAIN
from tests.data.test_path_files import OPTW, SOLOMON


@pytest.fixture
def gaps(tmp_path):
    return written(tmp_path / "gap.txt", drawn(3, 6, "max", seed=0, tightness=1.0), drawn(2, 5, "max", seed=1))


@pytest.mark.parametrize("sense", ["max", "min"])
def test_an_assignment_problem_solved_by_its_welfare(capsys, gaps, tmp_path, sense):
    out = tmp_path / "market.json"
    words = ("import", gaps, "--format", "or-gap", "--index", 0, "--sense", sense, "-o", out)
    facts = run(capsys, *words, "--json").json
    assert facts["instance_digest"] == read_instance(out).digest()
    assert (facts["kind"], facts["problem"], facts["index"]) == ("sensing-market", "offline-welfare", 0)
    assert (facts["format"], facts["sense"], facts["output"], facts["problems"]) == ("or-gap", sense, str(out), 2)
    welfare = run(capsys, "solve", out, "--problem", facts["problem"], "--json").json["objective"]
    assert welfare >= facts["complete_welfare"]
    found = welfare - facts["offset"] if sense == "max" else facts["offset"] - welfare
    jobs = generalised_assignments(gaps, sense=sense)[0]
    assert found == optimum(jobs)
    # The same, as a person reads it.
    outcome = run(capsys, *words)
    assert outcome.status == 0
    assert outcome.err == ""
    formula = f"profit W {-jobs.offset:+}" if sense == "max" else f"cost {jobs.offset} - W"
    for text in ("problem 0 of 2", "3 agents, 6 jobs", formula, f"W >= {jobs.complete_welfare}", f"wrote {out}"):
        assert text in outcome.out


def test_a_constant_of_either_sign_is_told(capsys, tmp_path):
    dear = GeneralisedAssignment([[1000, 1001]], [[1, 1]], [2])
    outcome = run(capsys, "import", written(tmp_path / "g.txt", dear), "--format", "or-gap", "-o", tmp_path / "m.json")
    assert dear.offset == -1999
    assert "profit W +1999" in outcome.out


def test_knapsacks(capsys, tmp_path):
    out, blocks, plain = tmp_path / "k.parquet", write(tmp_path / "b.csv", BLOCKS), write(tmp_path / "p.txt", PLAIN)
    outcome = run(capsys, "import", blocks, "--format", "pisinger", "--index", 0, "-o", out)
    assert "tiny_1, 3 items" in outcome.out
    assert "recorded optimum 9: the file's word, not checked" in outcome.out
    assert read_instance(out).capacity == 7
    facts = run(capsys, "import", "--format", "pisinger", blocks, "--index", 0, "-o", out, "--json").json
    assert (facts["name"], facts["recorded_optimum"], facts["recorded_items"]) == ("tiny_1", 9, [0, 1])
    outcome = run(capsys, "import", plain, "--format", "knapsack", "-o", out)
    assert outcome.status == 0
    assert "recorded" not in outcome.out
    assert read_instance(out).digest() == plain_knapsack(plain).instance.digest()
    facts = run(capsys, "import", plain, "--format", "knapsack", "--index", 0, "-o", out, "--json").json
    assert facts["recorded_optimum"] is facts["recorded_items"] is None


def test_paths(capsys, tmp_path):
    out, solomon, optw = tmp_path / "w.json", write(tmp_path / "s.txt", SOLOMON), write(tmp_path / "o.txt", OPTW)
    outcome = run(capsys, "import", solomon, "--format", "solomon", "-o", out)
    assert "tiny, 2 tasks, horizon 100, and back" in outcome.out
    assert "truncated to 1 digits after the point" in outcome.out
    assert read_instance(out).travel[0, 2] == 1.3
    assert run(capsys, "solve", out, "--problem", "worker-path", "--solver", "highs", "--json").json["objective"] == 40
    words = ("import", optw, "--format", "optw", "--decimals", "all", "--one-way", "-o", out)
    facts = run(capsys, *words, "--json").json
    assert (facts["problem"], facts["tasks"], facts["decimals"]) == ("worker-path", 2, None)
    assert facts["return_to_start"] is read_instance(out).return_to_start is False
    outcome = run(capsys, *words)
    assert "one way" in outcome.out
    assert "not truncated" in outcome.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "gap.txt --format or-gap -o out.json",
            "gap.txt: --index: is missing; it holds 2 problems: give an index from 0",
        ),
        ("gap.txt --format or-gap --index 2 -o out.json", "gap.txt: --index: is 2; it holds 2 problems: give an index"),
        ("gap.txt --format or-gap --index -1 -o out.json", "argument --index: is '-1'; give an integer >= 0"),
        ("p.txt --format knapsack --index 1 -o out.json", "p.txt: --index: is 1; it holds one problem: 0"),
        ("p.txt --format knapsack --sense max -o out.json", "--sense: is not for format knapsack; drop it: it is for"),
        (
            "p.txt --format knapsack --decimals 2 -o o.json",
            "--decimals: is not for format knapsack; drop it: it is for",
        ),
        ("p.txt --format or-gap --one-way -o out.json", "--one-way: is not for format or-gap; drop it: it is for sol"),
        ("p.txt --format optw --decimals 7 -o out.json", "argument --decimals: is '7'; give 0 to 6, or 'all'"),
        ("o.txt --format optw --index 1 -o out.json", "o.txt: --index: is 1; it holds one problem: 0"),
        ("p.txt --format or-gap -o out.json", "p.txt: line 1: says that the number of problems is 3: at least 15 numb"),
        ("p.txt --format pisinger -o out.json", "p.txt: line 1: has '7.5' in place of the word 'n'; give a file of"),
        (
            "none.txt --format knapsack -o out.json",
            "none.txt: does not exist; give the path of a bare knapsack",
        ),
        (
            "p.txt --format knapsack -o none/out.json",
            "none/out.json: cannot be written: there is no folder none; create",
        ),
        ("p.txt --format knapsack -o p.txt", "--output: names p.txt, which is read here; give another path"),
        ("p.txt --format csv -o out.json", "argument --format: invalid choice: 'csv' (choose from"),
        ("p.txt --format knapsack", "the following arguments are required: -o/--output; see mcsopt import --help"),
        ("p.txt -o out.json", "the following arguments are required: --format; see mcsopt import --help"),
        ("p.txt q.txt --format knapsack -o out.json", "unknown argument 'q.txt'; see mcsopt import --help"),
        ("p.txt --format or-gap --sense up -o out.json", "argument --sense: invalid choice: 'up' (choose from"),
    ],
)
def test_an_import_asked_wrongly(capsys, gaps, tmp_path, monkeypatch, words, message):
    write(tmp_path / "p.txt", PLAIN)
    write(tmp_path / "o.txt", OPTW)
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, tmp_path, "import", *words.split()).startswith(f"mcsopt: {message}")


@pytest.mark.parametrize(
    "content", ["", " \n", b"\xff\xfe\x00", "1", "a b c", "-1 -1", "9" * 400, "{}", "1 1 1 1 1 1 1 1"]
)
@pytest.mark.parametrize("form", ["or-gap", "pisinger", "knapsack", "solomon", "optw"])
def test_a_file_that_is_none(capsys, tmp_path, content, form):
    path = write(tmp_path / "f.txt", content)
    line = refused(capsys, tmp_path, "import", path, "--format", form, "-o", tmp_path / "out.json")
    assert line.startswith(f"mcsopt: {path}: ")
    assert len(line) < 400


def test_a_file_that_is_no_text(capsys, tmp_path):
    path = write(tmp_path / "f.txt", bytes(range(256)))
    line = refused(capsys, tmp_path, "import", path, "--format", "knapsack", "-o", tmp_path / "out.json")
    assert line == f"mcsopt: {path}: is not UTF-8 text; give a bare knapsack as plain text\n"
