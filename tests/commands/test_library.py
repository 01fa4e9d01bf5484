"""``mcsopt library``, and ``library:NAME`` wherever an instance is asked for."""

from __future__ import annotations

import json

import pytest

from mcsopt.cli import main
from mcsopt.data import library
from mcsopt.data.files import read_instance
from mcsopt.regression import library_build
from tests.commands.refusing import refused

TEXTBOOK = "knapsack/textbook"


def test_list(capsys):
    assert main(["library", "list", "--problem", "knapsack", "--size", "tiny"]) == 0
    out = capsys.readouterr().out
    assert TEXTBOOK in out
    assert "medium" not in out
    assert main(["library", "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in document["entries"]] == [entry.name for entry in library.entries()]


def test_export(tmp_path, capsys):
    paths = [tmp_path / name for name in ("instance.json", "solution.json", "certificate.json")]
    words = ["library", "export", TEXTBOOK, "-o", paths[0], "--solution", paths[1], "--certificate", paths[2]]
    assert main([str(word) for word in words]) == 0
    assert read_instance(paths[0]).digest() == library.entry(TEXTBOOK).instance_digest
    instance, plan, certificate = map(str, paths)
    assert main(["verify", certificate, "--instance", instance]) == 0
    assert main(["certify", instance, "--problem", "knapsack", "--plan", plan, "--max-gap", "0"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "-o", "x.json"], "export one entry at a time"),
        (["export", TEXTBOOK], "say where to"),
        (["export", "knapsack/textbok", "-o", "x.json"], "did you mean knapsack/textbook"),
        (["export", "offline-welfare/one-worker-two-tasks", "--solution", "x.json"], "comes without one"),
        (["export", "knapsack/uncorrelated-10000", "--certificate", "x.json"], "comes without one"),
        (["export", TEXTBOOK, "-o", "no/such/folder.json"], "no folder"),
        (["build", TEXTBOOK], "name a folder"),
        (["list", "--size", "huge"], "invalid choice"),
        (["lst"], "invalid choice"),
        (["verify", "--problem", "nothing"], "is not known"),
    ],
)
def test_what_cannot_be_done_is_refused(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, tmp_path, "library", *words)


def test_verify(capsys):
    assert main(["library", "verify", TEXTBOOK, "knapsack/uncorrelated-10000"]) == 0
    assert "2 of 2 entries hold; of 1 without a certificate" in capsys.readouterr().out
    assert main(["library", "verify", TEXTBOOK, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"entries": 1, "holds": True, "faults": {}}


def test_verify_refuses(monkeypatch, capsys):
    monkeypatch.setattr(library_build, "faults_of", lambda entry: ["is wrong"])
    assert main(["library", "verify", TEXTBOOK]) == 1
    assert f"REFUSED {TEXTBOOK}: is wrong" in capsys.readouterr().out
    assert main(["library", "verify", TEXTBOOK, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["faults"] == {TEXTBOOK: ["is wrong"]}


def test_build(tmp_path, capsys):
    assert main(["library", "build", TEXTBOOK, "-o", str(tmp_path / "again")]) == 0
    assert "wrote 1 entries" in capsys.readouterr().out
    words = ["--problem", "central-coalition", "--size", "tiny", "-o", str(tmp_path), "--json"]
    assert main(["library", "build", *words]) == 0
    names = {entry["name"] for entry in json.loads(capsys.readouterr().out)["entries"]}
    assert names == {entry.name for entry in library.entries("central-coalition", size="tiny")}


def test_an_interrupted_build_says_so(tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(library_build, "build", interrupted)
    assert main(["library", "build", TEXTBOOK, "-o", str(tmp_path)]) == 3
    assert "interrupted; what was finished is in" in capsys.readouterr().err


@pytest.mark.parametrize("last", [True, False])
def test_an_entry_is_an_instance(last, capsys):
    words = ["--problem", "offline-welfare", "--heuristic", "greedy", "--json"]
    place = ["library:offline-welfare/two-of-three"]
    assert main(["certify", *words[:4], *place, *words[4:]] if last else ["certify", *place, *words]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["instance_digest"] == library.entry("offline-welfare/two-of-three").instance_digest
    assert run["optimum"] == 130


def test_an_entry_of_another_kind_is_refused(tmp_path, capsys):
    message = refused(capsys, tmp_path, "solve", f"library:{TEXTBOOK}", "--problem", "offline-welfare")
    assert "this problem takes 'sensing-market'" in message
