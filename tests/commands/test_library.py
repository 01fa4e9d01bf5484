"""``mcsopt library``, and ``library:NAME`` wherever a command takes an instance."""

from __future__ import annotations

import pytest

import mcsopt.commands.library as command
from mcsopt.data.files import read_instance
from mcsopt.data.library import entries, entry, read_library
from mcsopt.verification import verify
from tests.commands.running import run
from tests.regression.library_copies import copied, with_index

KNAPSACK, NONE = "knapsack/by-hand-three", "stable-coalition/by-hand-figure-sigma-0.4"
LARGE = "offline-welfare/default-1000x4000-c45-s0"


# List -----------------------------------------------------------------------------------------------------------------


def test_list_shows_every_entry(capsys):
    text = run(capsys, "library", "list").out
    for one in entries():
        assert one.name in text
        assert one.instance_digest.removeprefix("sha256:")[:12] in text


def test_list_in_json(capsys):
    words = ("library", "list", "--problem", "knapsack", "--size", "tiny", "small", "--json")
    found = run(capsys, *words).json["entries"]
    assert [one["name"] for one in found] == [one.name for one in entries("knapsack", size=("tiny", "small"))]
    assert {one["name"]: one["optimum"] for one in found}[KNAPSACK] == 9.0
    assert all(one["optimum"] is None for one in found if one["status"] != "PROVED")


# Export ---------------------------------------------------------------------------------------------------------------


def test_export_gives_files_that_the_other_commands_take(capsys, tmp_path):
    market, plan, certificate = (tmp_path / name for name in ("market.json", "plan.json", "certificate.json"))
    name = "offline-welfare/default-4x12-s1"
    outcome = run(
        capsys, "library", "export", name, "-o", market, "--solution", plan, "--certificate", certificate
    )  # fmt: skip
    assert outcome.status == 0
    assert outcome.out == f"wrote {market}\nwrote {plan}\nwrote {certificate}\n"
    assert read_instance(market).digest() == entry(name).instance_digest
    assert verify(certificate, instance_digest=entry(name).instance_digest).accepted
    words = ("--problem", "offline-welfare", "--plan", plan, "--json")
    assert run(capsys, "certify", market, *words).json["objective"] == entry(name).objective
    assert run(capsys, "verify", certificate, "--instance", f"library:{name}").status == 0


def test_export_to_parquet_by_prefixed_name(capsys, tmp_path):
    assert run(capsys, "library", "export", f"library:{KNAPSACK}", "-o", tmp_path / "k.parquet").status == 0
    assert read_instance(tmp_path / "k.parquet").digest() == entry(KNAPSACK).instance_digest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none", "-o", "A"], "library: has no entry 'none'"),
        ([KNAPSACK, "-o", "A", "--solution", "A"], "--output: names one file twice"),
        ([KNAPSACK, "-o", "A", "--solution", "missing/B"], "there is no folder"),
        ([NONE, "-o", "A", "--solution", "B"], f"--solution: there is none: {NONE} is INFEASIBLE"),
        ([LARGE, "-o", "A", "--certificate", "B"], f"--certificate: that of {LARGE} is too large to ship"),
        ([KNAPSACK], "the following arguments are required: -o/--output"),
    ],
)
def test_what_cannot_be_exported_is_said_and_nothing_written(capsys, tmp_path, words, message):
    argv = [str(tmp_path / word) if word in ("A", "B", "missing/B") else word for word in words]
    outcome = run(capsys, "library", "export", *argv)
    assert outcome.status == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# Verify ---------------------------------------------------------------------------------------------------------------


def test_verify_says_what_holds(capsys):
    outcome = run(capsys, "library", "verify", KNAPSACK, f"library:{NONE}", KNAPSACK)
    assert outcome.status == 0
    assert outcome.out.startswith("2 of 2 entries hold; checked: 2 certificates\n")
    outcome = run(capsys, "library", "verify", "--problem", "stable-coalition", "--size", "tiny", "--json")
    assert outcome.json["accepted"] is True
    names = [one["name"] for one in outcome.json["entries"]]
    assert names == [one.name for one in entries("stable-coalition", size="tiny")]


@pytest.mark.parametrize("json_too", [False, True])
def test_verify_refuses_a_changed_number(capsys, tmp_path, monkeypatch, json_too):
    changed = with_index(copied(tmp_path, KNAPSACK), KNAPSACK, objective=9.5)
    monkeypatch.setattr(command, "entry", lambda name: changed)
    outcome = run(capsys, "library", "verify", KNAPSACK, *(["--json"] if json_too else []))
    assert outcome.status == 1
    reason = "objective is 9.5 in the index and 9.0 in the certificate"
    if json_too:
        (one,) = outcome.json["entries"]
        assert (one["accepted"], one["faults"]) == (False, [reason])
    else:
        assert outcome.out.startswith(f"REFUSED {KNAPSACK}: {reason}\n0 of 1 entries hold")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify", "none"], "library: has no entry 'none'"),
        (["verify", "--problem", "none"], "problem: 'none' is not known"),
        (["verify", KNAPSACK, "--size", "large"], "library: has no entry that fits"),
        (["verify", "--size", "huge"], "invalid choice: 'huge'"),
        (["list", "more"], "unknown argument 'more'"),
        (["dance"], "invalid choice: 'dance'"),
        ([], "the following arguments are required: ACTION"),
    ],
)
def test_bad_usage_is_one_line(capsys, words, message):
    outcome = run(capsys, "library", *words)
    assert outcome.status == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


# Build ----------------------------------------------------------------------------------------------------------------


def test_build_writes_a_library(capsys, tmp_path):
    outcome = run(capsys, "library", "build", "-o", tmp_path, KNAPSACK, NONE, "--time-limit", "inf")
    assert outcome.status == 0
    assert outcome.out.startswith(f"{KNAPSACK}: PROVED 9.0000 in ")
    assert outcome.out.endswith(f"wrote {tmp_path} (2 entries)\n")
    built = read_library(tmp_path)
    assert [(one.name, one.objective) for one in built] == [(KNAPSACK, 9.0), (NONE, None)]
    assert built[0].made["time_limit"] is None


def test_build_in_json(capsys, tmp_path):
    outcome = run(capsys, "library", "build", KNAPSACK, "-o", tmp_path, "--json")
    assert outcome.json["complete"] is True
    (one,) = outcome.json["entries"]
    assert (one["name"], one["refusals"], one["entry"]["objective"]) == (KNAPSACK, [], 9.0)


def test_build_refuses_a_contradiction_loudly(capsys, tmp_path, monkeypatch):
    (tmp_path / "known").mkdir()
    changed = with_index(copied(tmp_path / "known", KNAPSACK), KNAPSACK, objective=9.5, dual_bound=9.5)
    monkeypatch.setattr(command, "entries", lambda: (changed,))
    outcome = run(capsys, "library", "build", KNAPSACK, NONE, "-o", tmp_path)
    assert outcome.status == 1
    assert f"mcsopt: REFUSED {KNAPSACK}: the optimum is 9.0, and known as 9.5" in outcome.err
    assert [one.name for one in read_library(tmp_path)] == [NONE]


@pytest.mark.parametrize("finished", [0, 1])
def test_build_interrupted(capsys, tmp_path, monkeypatch, finished):
    original = command.build

    def struck(recipes, *args, **options):
        building = original(recipes, *args, **options)
        for _ in range(finished):
            yield next(building)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "build", struck)
    outcome = run(capsys, "library", "build", KNAPSACK, NONE, "-o", tmp_path)
    assert outcome.status == (0 if finished else 3)
    assert outcome.err == f"mcsopt: interrupted; keeping {finished} of 2 entries\n"
    assert (tmp_path / "index.json").exists() == bool(finished)


# As INSTANCE ----------------------------------------------------------------------------------------------------------

MARKET = "library:offline-welfare/default-4x12-s1"
ORDERS = [
    "certify I --problem offline-welfare --heuristic greedy --json",
    "certify --problem offline-welfare --heuristic greedy I --json",
    "certify --problem offline-welfare --heuristic I greedy --json",
    "certify --problem offline-welfare --json I --heuristic greedy",
    "solve --problem offline-welfare --json I",
]


@pytest.mark.parametrize("words", ORDERS)
def test_a_library_name_is_an_instance_anywhere(capsys, words):
    outcome = run(capsys, *[MARKET if word == "I" else word for word in words.split()])
    assert outcome.status == 0
    assert outcome.json["instance_digest"] == entry(MARKET.removeprefix("library:")).instance_digest
    if words.startswith("certify"):
        assert outcome.json["optimum"] == pytest.approx(entry(MARKET.removeprefix("library:")).optimum, rel=1e-6)


def test_a_module_called_library_stays_a_heuristic(capsys, tmp_path, monkeypatch):
    (tmp_path / "library.py").write_text("def plan(problem, seed):\n    return {'items': [0]}\n")
    monkeypatch.syspath_prepend(tmp_path)
    words = ("--problem", "knapsack", "--heuristic", "library:plan", f"library:{KNAPSACK}", "--json")
    outcome = run(capsys, "certify", *words)
    assert outcome.json["heuristic"] == "library:plan"
    assert outcome.json["objective"] == 4.0


def test_what_is_known_of_an_entry_is_said(capsys):
    outcome = run(capsys, "solve", f"library:{KNAPSACK}", "--problem", "knapsack")
    assert outcome.out.startswith(f"instance: library entry {KNAPSACK}, knapsack: PROVED, best known 9.0000\n")
    outcome = run(capsys, "solve", "library:knapsack/by-hand-thre", "--problem", "knapsack")
    assert outcome.status == 2
    assert f"did you mean {KNAPSACK}" in outcome.err


def test_a_sweep_takes_a_library_name(capsys, tmp_path):
    table = tmp_path / "t.csv"
    outcome = run(capsys, "sweep", f"library:{NONE}", "--stability", "nash", "-o", table, "--json")
    assert outcome.json["statuses"] == {"INFEASIBLE": 1}


def test_an_entry_brings_the_options_of_its_problem(capsys):
    words = ("solve", "library:stable-coalition/by-hand-printed-robust", "--problem", "stable-coalition", "--json")
    assert run(capsys, *words).json["options"] == {"stability": "robust"}
    assert run(capsys, *words, "--option", "stability=nash").json["options"] == {"stability": "nash"}
    other = ("solve", words[1], "--problem", "central-coalition", "--json")
    assert run(capsys, *other).json["options"] == {}
