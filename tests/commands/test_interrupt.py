"""Ctrl-C keeps the best so far, wherever it strikes."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcsopt.data import knapsack
from mcsopt.display import number
from mcsopt.verification import check
from tests.commands.running import KNAPSACK, PACKING, WELFARE, impossible, run, write

ROOT = Path(__file__).resolve().parents[2]


def interrupt(monkeypatch: pytest.MonkeyPatch, where: str, after: int = 0) -> None:
    """Let the call of ``module:attribute`` that follows `after` undisturbed ones be struck by Ctrl-C."""
    module_name, _, path = where.partition(":")
    *owners, name = path.split(".")
    # Not by dotted path: packages hand on functions under their modules' names.
    owner: Any = importlib.import_module(module_name)
    for part in owners:
        owner = getattr(owner, part)
    original: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(after))

    def struck(*args: Any, **kwargs: Any) -> Any:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, struck)


@pytest.mark.parametrize("after", [0, 1])
def test_in_a_heuristic_that_keeps_its_own_best(capsys, monkeypatch, market, after):
    interrupt(monkeypatch, "mcsopt.heuristics.aspire_off:_Game.gains", after)
    words = ("--heuristic", "aspire-off", "--json")
    outcome = run(capsys, "certify", market, *WELFARE, *words)
    assert outcome.status == 0
    assert outcome.json["termination"] == "interrupted"
    assert sum(map(bool, outcome.json["solution"]["assignment"])) == after
    assert outcome.json["dual_bound"] >= outcome.json["objective"]


def test_in_a_later_heuristic_the_earlier_plans_are_kept(capsys, monkeypatch, market, tmp_path):
    (tmp_path / "struck_plan.py").write_text("def struck(problem, seed):\n    raise KeyboardInterrupt\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    target = tmp_path / "c.json"
    words = ("--heuristic", "greedy", "struck_plan:struck", "aspire-off", "--json", "--certificate", target)
    outcome = run(capsys, "certify", market, *WELFARE, *words)
    assert outcome.status == 0
    assert outcome.json["heuristic"] == "greedy"
    assert outcome.err == "mcsopt: interrupted in struck_plan:struck; certifying the plans so far\n"
    assert check.check(json.loads(target.read_text())).accepted


def test_before_there_is_anything_to_keep(capsys, monkeypatch, market, tmp_path):
    interrupt(monkeypatch, "mcsopt.heuristics.greedy:quality_risk")
    target = tmp_path / "c.json"
    outcome = run(capsys, "certify", market, *WELFARE, "--heuristic", "greedy", "--certificate", target)
    assert outcome.status == 3
    assert outcome.out == ""
    assert outcome.err == "mcsopt: interrupted before there was anything to keep\n"
    assert not target.exists()


@pytest.mark.parametrize(
    ("where", "solver"),
    [
        ("mcsopt.solvers.branch_and_price:ColumnGeneration", ()),
        ("mcsopt.solvers.branch_and_price:ColumnGeneration", ("--solver", "branch-and-price")),
        ("mcsopt.solvers.branch_and_price:_Search._branch", ()),
        ("mcsopt.solvers.column_lp:ColumnLp.solve", ()),
        ("mcsopt.solvers.linear_bound:_dual_values", ("--solver", "linear-bound")),
        ("mcsopt.solvers.backend:_searched", ("--solver", "highs")),
    ],
)
def test_in_the_search_for_a_bound_the_plan_and_a_bound_are_kept(capsys, monkeypatch, tmp_path, where, solver):
    target = tmp_path / "c.json"
    interrupt(monkeypatch, where)
    words = ("--heuristic", "greedy", "--json", "--certificate", target, *solver)
    outcome = run(capsys, "certify", *WELFARE, *words)
    assert outcome.status == 0
    document = outcome.json
    assert document["objective"] > 0
    assert document["dual_bound"] >= document["objective"]
    assert document["assurance"] == "checked"
    assert check.check(json.loads(target.read_text())).accepted
    assert document["termination"] == "interrupted"
    assert outcome.err == "mcsopt: interrupted; the bound is the one at hand\n"


def test_in_the_knapsack_search(capsys, monkeypatch, tmp_path):
    instance, target = write(tmp_path / "k.json", KNAPSACK), tmp_path / "c.json"
    solver = importlib.import_module("mcsopt.solvers.registry").solver("knapsack", "knapsack")
    module = importlib.import_module(solver.module)
    original, calls = module.solve, iter(range(1))

    def struck(*args: Any) -> Any:
        if next(calls, None) is not None:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(module, "solve", struck)
    words = ("--problem", "knapsack", "--heuristic", "density-greedy", "--json", "--certificate", target)
    outcome = run(capsys, "certify", instance, *words)
    assert outcome.status == 0
    assert outcome.json["dual_bound"] >= outcome.json["objective"] > 0
    assert check.check(json.loads(target.read_text())).accepted


@pytest.mark.parametrize("solver", ["branch-and-price", "highs", "enumeration"])
def test_solve_keeps_the_start(capsys, monkeypatch, tmp_path, solver):
    instance, start = write(tmp_path / "k.json", KNAPSACK), write(tmp_path / "s.json", PACKING)
    where = {
        "branch-and-price": "mcsopt.solvers.branch_and_price:ColumnGeneration",
        "highs": "mcsopt.solvers.backend:_searched",
        "enumeration": "mcsopt.solvers.enumeration:conclude",
    }[solver]
    interrupt(monkeypatch, where)
    words: tuple[Any, ...] = (
        "solve",
        instance,
        "--problem",
        "knapsack",
        "--start",
        start,
        "--solver",
        solver,
        "--json",
    )
    if solver == "branch-and-price":
        words = ("solve", *WELFARE, "--solver", solver, "--json")
    outcome = run(capsys, *words)
    assert outcome.status == 0
    assert outcome.json["termination"] == "interrupted"
    assert outcome.json["status"] == "FEASIBLE"
    assert outcome.json["objective"] == (0 if solver == "branch-and-price" else 4)
    assert outcome.err == f"mcsopt: interrupted; the best so far is worth {number(outcome.json['objective'])}\n"


def test_solve_without_a_feasible_start_has_nothing(capsys, monkeypatch, tmp_path):
    instance = write(tmp_path / "m.json", impossible("scarce"))
    interrupt(monkeypatch, "mcsopt.solvers.branch_and_price:ColumnGeneration")
    outcome = run(capsys, "solve", instance, *WELFARE, "--json")
    assert outcome.status == 3
    assert outcome.json["status"] == "UNKNOWN"
    assert outcome.err == "mcsopt: interrupted; there was nothing to keep\n"


DRIVER = """
import importlib, sys, time
tree = importlib.import_module("mcsopt.solvers.branch_and_price")
original = tree._Search._branch

def slow(search, node):
    print("searching", file=sys.stderr, flush=True)
    time.sleep(600)
    return original(search, node)

tree._Search._branch = slow
from mcsopt.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_real_signal_during_a_long_certify(tmp_path):
    target = tmp_path / "c.json"
    words = (*WELFARE, "--heuristic", "greedy", "--json", "--certificate", str(target), "--time-limit", "500")
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, "certify", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == "searching\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, err
    document = json.loads(out)
    assert document["termination"] == "interrupted"
    assert document["status"] == "BOUNDED"
    assert document["dual_bound"] > document["objective"] > 0
    assert check.check(json.loads(target.read_text())).accepted


STRUCK = """
import importlib, os, signal, sys, threading
module, name = sys.argv.pop(1).split(":")
search = getattr(importlib.import_module(module), name)
original = search._once

def searching(*asked):
    threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    return original(*asked)

search._once = searching
from mcsopt.cli import main
sys.exit(main())
"""
HUNG = """
import importlib, sys
from mcsopt.solvers import backend
module, name = sys.argv.pop(1).split(":")
search = getattr(importlib.import_module(module), name)
original = search._once
search._once = lambda self, seconds: original(self, None)
search.stop = lambda self: None
backend._GRACE = 1 - 600  # hung a second after the search began
from mcsopt.cli import main
sys.exit(main())
"""
SEARCHES = {"highs": "mcsopt.solvers.highs:_HighsSearch", "cp-sat": "mcsopt.solvers.cp_sat:_CpSatSearch"}


def run_driver(driver: str, backend: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``mcsopt solve`` on a knapsack that takes minutes, in a process of its own."""
    instance = folder / "hard.json"
    write(instance, knapsack(200, "inverse-strongly-correlated", seed=1, integer=True, largest=1e6).to_json())
    line = (SEARCHES[backend], "solve", str(instance), "--problem", "knapsack", "--solver", backend, "--json", *words)
    return subprocess.run(
        [sys.executable, "-c", driver, *line], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("backend", SEARCHES)
def test_a_real_signal_during_a_backend_keeps_what_it_has(tmp_path, backend):
    """Pyomo held standard output while HiGHS ran, CP-SAT has a handler of its own: both lost everything here."""
    process = run_driver(STRUCK, backend, tmp_path)
    document = json.loads(process.stdout)
    told = f"mcsopt: interrupted; the best so far is worth {number(document['objective'])}\n"
    assert (process.returncode, process.stderr) == (0, told)
    assert document["termination"] == "interrupted"
    assert document["status"] == "BOUNDED"
    assert document["dual_bound"] > document["objective"] > 0


@pytest.mark.parametrize("backend", SEARCHES)
def test_a_backend_left_behind_does_not_abort_the_process(tmp_path, backend):
    """HiGHS, still running as Python ended, took the process down with status 134."""
    process = run_driver(HUNG, backend, tmp_path, "--time-limit", "600")
    assert (process.returncode, process.stdout) == (3, "")
    assert process.stderr.startswith(f"mcsopt: no trustworthy answer: {backend}: hangs: ")
    assert process.stderr.count("\n") == 1
