"""``--heuristic module:function``: the user's own code, whatever it returns or does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.commands.running import KNAPSACK, MARKET, run, write

MODULE = """
import dataclasses
import sys
import numpy as np
from mcsopt.heuristics import greedy
from mcsopt.problems import Assignment, OfflineWelfare, Packing
from mcsopt.result import Status

def result(problem, seed): return greedy(problem, seed=seed)
def solution(problem, seed): return Assignment([[0], [1]])
def mapping(problem, seed): return {"assignment": [[0], [1]]}
def arrays(problem, seed): return {"assignment": [np.array([0]), np.array([1])]}
def bare(problem, seed): return [[0], [1]]
def whole(problem, seed): return {"format": "mcsopt-solution/1", "problem": "offline-welfare", "assignment": [[0], [1]]}
def optional(problem, *, seed=0, samples=3): return mapping(problem, seed)
def chatty(problem, seed):
    print("thinking")
    return mapping(problem, seed)
def infeasible(problem, seed): return Assignment([[1], [1]])
def other_market(problem, seed):
    market = problem.instance
    return greedy(OfflineWelfare(dataclasses.replace(market, quality=2 * market.quality)))
def own_word(problem, seed):
    return dataclasses.replace(greedy(problem), objective=1e6, dual_bound=1e6, status=Status.PROVED)

def number(problem, seed): return 42
def nothing(problem, seed): return None
def packing(problem, seed): return Packing([0])
def short(problem, seed): return Assignment([[0]])
def stranger(problem, seed): return Assignment([[2], []])
def unknown(problem, seed): return {"assignment": [[7], []]}
def misspelt(problem, seed): return {"asignment": [[0], [1]]}
def raising(problem, seed): return 1 // 0
def multiline(problem, seed): raise RuntimeError("one\\ntwo\\n\\x1b[31mthree")
def leaving(problem, seed): sys.exit(0)
def no_seed(problem): return mapping(problem, 0)
constant = 3

def twice(problem, seed): return Packing([0, 0])
def beyond(problem, seed): return Packing([3])
def negative(problem, seed): return Packing([-1])
"""


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_heuristic.py").write_text(MODULE)
    (tmp_path / "broken_syntax.py").write_text("def plan(problem, seed)\n")
    (tmp_path / "broken_import.py").write_text("raise ValueError('not today')\n")
    (tmp_path / "json.py").write_text("def plan(problem, seed): return [[0], [1]]\n")
    (tmp_path / "leaving_import.py").write_text("import sys\nsys.exit(5)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "own_heuristic", raising=False)
    return write(tmp_path / "market.json", MARKET)


@pytest.mark.parametrize("name", ["result", "solution", "mapping", "arrays", "bare", "whole", "optional", "chatty"])
def test_it_may_answer_in_several_forms(capsys, market, tmp_path, name):
    certificate = tmp_path / "c.json"
    words = ("--problem", "offline-welfare", "--heuristic", f"own_heuristic:{name}", "--certificate", certificate)
    outcome = run(capsys, "certify", market, *words, "--json", "--seed", 2)
    assert outcome.status == 0
    document = outcome.json
    assert document["heuristic"] == f"own_heuristic:{name}"
    assert document["seed"] == 2
    assert document["seconds"]["heuristic"] >= 0
    if name != "result":
        assert document["solution"]["assignment"] == [[0], [1]]
    assert json.loads(certificate.read_text())["created_by"]["plan"] == f"own_heuristic:{name}"
    assert run(capsys, "verify", certificate).status == 0


def test_it_stands_beside_ours(capsys, market):
    words = ("--heuristic", "greedy", "own_heuristic:mapping", "--heuristic", "own_heuristic:solution")
    outcome = run(capsys, "certify", market, "--problem", "offline-welfare", *words, "--json")
    assert [part["heuristic"] for part in outcome.json["runs"]] == [
        "greedy", "own_heuristic:mapping", "own_heuristic:solution",
    ]  # fmt: skip


def test_one_that_fails_does_not_cost_the_others(capsys, market, tmp_path):
    target = tmp_path / "c.json"
    names = ("--heuristic", "own_heuristic:raising", "greedy", "own_heuristic:number")
    outcome = run(capsys, "certify", market, "--problem", "offline-welfare", *names, "--certificate", target)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 2
    assert "ZeroDivisionError" in outcome.err
    assert " greedy " in outcome.out
    assert run(capsys, "verify", target).status == 0


def test_one_that_declines_the_size_does_not_cost_the_others(capsys, tmp_path):
    """best-response searches sets of up to 16 workers; greedy takes any market."""
    many = 17
    pairs = {"task": [0] * many, "worker": list(range(many))}
    money = {"payment": [1] * many, "cost": [0.5] * many, "quality": [2] * many}
    crowd = MARKET | {
        "tasks": {"budget": [100], "demand": [1], "redundancy": [0.1]},
        "workers": {"arrival": [0.9] * many},
        "pairs": pairs | money,
    }
    words = ("certify", write(tmp_path / "crowd.json", crowd), "--problem", "offline-welfare", "--heuristic")
    outcome = run(capsys, *words, "greedy", "best-response", "--json")
    assert outcome.status == 2
    assert outcome.json["heuristic"] == "greedy"
    assert outcome.json["status"] == "BOUNDED"
    refusal = "mcsopt: best-response: offline-welfare by exact pricing: the budget of task 0 pays for 17 workers"
    assert outcome.err.startswith(refusal)
    assert outcome.err.count("\n") == 1
    alone = run(capsys, *words, "best-response")
    assert (alone.status, alone.out) == (2, "")
    assert alone.err.startswith(refusal)


def test_it_may_be_named_by_its_file(capsys, market):
    words = ("certify", market, "--problem", "offline-welfare", "--json")
    for name in ("own_heuristic.py:mapping", f"{market.parent}/own_heuristic.py:mapping", "json.py:plan"):
        outcome = run(capsys, *words, "--heuristic", name)
        assert outcome.status == 0
        assert outcome.json["solution"]["assignment"] == [[0], [1]]


def test_what_it_prints_does_not_mix_with_the_json(capsys, market):
    words = ("--problem", "offline-welfare", "--heuristic", "own_heuristic:chatty", "--json")
    outcome = run(capsys, "certify", market, *words)
    assert outcome.json["status"] == "BOUNDED"
    assert outcome.err == "thinking\n"


@pytest.mark.parametrize("name", ["other_market", "own_word"])
def test_nobodys_word_is_taken_for_a_plan(capsys, market, tmp_path, name):
    words = ("certify", market, "--problem", "offline-welfare", "--json")
    document = run(capsys, *words, "--heuristic", f"own_heuristic:{name}").json
    plan = write(tmp_path / "plan.json", document["solution"])
    assert document["objective"] == run(capsys, *words, "--plan", plan).json["objective"] < 500
    assert document["status"] == "BOUNDED"


def test_an_infeasible_answer_is_reported(capsys, market):
    words = ("--problem", "offline-welfare", "--heuristic", "own_heuristic:infeasible", "--json")
    outcome = run(capsys, "certify", market, *words)
    assert outcome.status == 3
    assert outcome.json["violations"][0]["constraint"] == "one task per worker (25a)"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_heuristic:number", "heuristic own_heuristic:number: solution: is of type int; give Assignment(...) or"),
        ("own_heuristic:nothing", "solution: is of type NoneType; give"),
        ("own_heuristic:packing", "solution: is of type Packing; give Assignment(...) or a mapping"),
        ("own_heuristic:short", "heuristic own_heuristic:short: assignment: has length 1, the number of tasks is 2"),
        ("own_heuristic:stranger", "assignment[0]: names worker 2, with whom task 0 has no pair"),
        ("own_heuristic:unknown", "heuristic own_heuristic:unknown: assignment[0][0]: is 7; worker indices go from 0"),
        ("own_heuristic:misspelt", "asignment: is not a known field; known here: assignment"),
        ("own_heuristic:raising", "heuristic own_heuristic:raising: raised ZeroDivisionError: "),
        ("own_heuristic:raising", "own_heuristic.py, line 33); mend it"),
        ("json:plan", "another module of that name hides yours: write json.py:plan"),
        ("absent.py:plan", "module 'absent.py' cannot be imported (FileNotFoundError: "),
        ("broken_syntax.py:plan", "module 'broken_syntax.py' cannot be imported (SyntaxError: "),
        ("own_heuristic:multiline", r"raised RuntimeError: one\ntwo\n\x1b[31mthree ("),
        ("own_heuristic:leaving", "raised SystemExit: 0"),
        ("own_heuristic:no_seed", "raised TypeError: no_seed() got an unexpected keyword argument 'seed'"),
        ("own_heuristic:constant", "'own_heuristic' has no function 'constant'"),
        ("own_heuristic:absent", "'own_heuristic' has no function 'absent'"),
        ("own_heuristic:", "'own_heuristic' has no function ''"),
        ("broken_syntax:plan", "module 'broken_syntax' cannot be imported (SyntaxError: "),
        ("broken_import:plan", "module 'broken_import' cannot be imported (ValueError: not today)"),
        ("leaving_import:plan", "module 'leaving_import' cannot be imported (SystemExit: 5)"),
        ("no_such_module:plan", "module 'no_such_module' cannot be imported (No module named 'no_such_module')"),
        (":plan", "module '' cannot be imported"),
        (".relative:plan", "module '.relative' cannot be imported"),
    ],
)
def test_nonsense_is_refused_in_one_line(capsys, market, tmp_path, name, message):
    target = tmp_path / "c.json"
    words = ("--problem", "offline-welfare", "--heuristic", name, "--certificate", target)
    outcome = run(capsys, "certify", market, *words)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
    assert not target.exists()


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("twice", "items[1]: repeats item 0; list each once"),
        ("beyond", "items[0]: is 3; item indices go from 0 to 2"),
        ("negative", "items[0]: is -1; item indices go from 0 to 2"),
    ],
)
def test_a_packing_of_items_that_are_not_there(capsys, tmp_path, name, message):
    instance = write(tmp_path / "k.json", KNAPSACK)
    outcome = run(capsys, "certify", instance, "--problem", "knapsack", "--heuristic", f"own_heuristic:{name}")
    assert outcome.status == 2
    assert message in outcome.err
