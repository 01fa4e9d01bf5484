"""``mcsopt list`` and ``mcsopt doctor``."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from mcsopt.commands import doctor
from mcsopt.data import GENERATORS
from mcsopt.heuristics import heuristics
from mcsopt.problems import problem_types
from mcsopt.solvers import solvers
from tests.commands.running import run


def test_list_names_everything_that_can_be_named(capsys):
    outcome = run(capsys, "list")
    assert outcome.status == 0
    named = [*problem_types(), *GENERATORS, *solvers(), *heuristics(), "mismatch=ratio|pair", "--tasks", "--family"]
    for name in named:
        assert name in outcome.out
    assert "model" in outcome.out


def test_doctor_finds_this_installation_sound(capsys, monkeypatch):
    found = doctor.versions() | {"mcsopt": "0.0"}  # the tests may run without an installed mcsopt
    monkeypatch.setattr(doctor, "versions", lambda: found)
    outcome = run(capsys, "doctor")
    assert outcome.status == 0
    assert "all packages load, in every order" in outcome.out
    for package in ("highspy", "ortools", "numba", "pyomo", "torch"):
        assert package in outcome.out


def test_doctor_says_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "versions", lambda: {"python": "3.11", "pyomo": "absent"})
    monkeypatch.setattr(doctor, "_load_orders", list)
    outcome = run(capsys, "doctor")
    assert outcome.status == 1
    assert "pyomo is missing: install mcsopt again" in outcome.out


@pytest.mark.parametrize(("stderr", "reason"), [("a\nImportError: clash\n", "ImportError: clash"), ("", "status 9")])
def test_doctor_says_what_clashes(capsys, monkeypatch, stderr, reason):
    def fail(*args: Any, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(args, 9, "", stderr)

    monkeypatch.setattr(doctor.subprocess, "run", fail)
    outcome = run(capsys, "doctor")
    assert outcome.status == 1
    assert "highspy does not load after ortools.sat.python.cp_model" in outcome.out
    assert reason in outcome.out
    assert "install 'highspy>=1.12,<1.15'" in outcome.out
