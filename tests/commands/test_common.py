"""What the commands share: progress on a terminal, tables, trips as input."""

from __future__ import annotations

import io
import itertools
import sys
from types import SimpleNamespace

import pytest

from mcsopt import display
from mcsopt.commands import common
from mcsopt.versions import versions
from tests.commands.running import KNAPSACK, run, write
from tests.real_trips import SAMPLE, needs_trips


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stderr a terminal, and let every look at the clock take a second."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(common, "time", SimpleNamespace(perf_counter=itertools.count().__next__))
    return stream


def test_progress_shows_its_latest_line_on_a_terminal(monkeypatch):
    terminal = a_terminal(monkeypatch)
    with common.progress(quiet=False) as report:
        report("looking for a bound")
    assert "looking for a bound" in terminal.getvalue()


def test_progress_is_silent_if_asked_or_without_a_terminal(monkeypatch):
    terminal = a_terminal(monkeypatch)
    with common.progress(quiet=True) as report:
        report("looking for a bound")
    assert terminal.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with common.progress(quiet=False) as report:
        report("looking for a bound")
    assert sys.stderr.getvalue() == ""


def test_a_command_reports_progress_beside_its_output(capsys, monkeypatch, tmp_path):
    instance, terminal = write(tmp_path / "k.json", KNAPSACK), a_terminal(monkeypatch)
    outcome = run(capsys, "certify", instance, "--problem", "knapsack", "--heuristic", "density-greedy")
    assert outcome.status == 0
    assert "checking the bound" in terminal.getvalue()
    assert "checking the bound" not in outcome.out


def test_a_bar_counts_its_steps_on_a_terminal_only(monkeypatch, capsys):
    terminal = a_terminal(monkeypatch)
    with common.progress_bar(3, quiet=False) as step:
        step()
        step()
    assert "2/3" in terminal.getvalue()
    with common.progress_bar(3, quiet=True) as step:
        step()
    monkeypatch.undo()
    with common.progress_bar(3, quiet=False) as step:
        step()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("value", "shown", "share"),
    [(None, "–", "–"), (0.25, "0.2500", "25.0000 %"), (1234.5, "1,234.5000", "123450.0000 %")],
)
def test_numbers_are_shown_with_a_dash_for_the_unknown(value, shown, share):
    assert display.number(value) == shown
    assert display.percent(value) == share


@needs_trips
def test_real_trips_are_certified_and_solved(capsys, tmp_path):
    words = ("--problem", "offline-welfare", "--tasks", 3, "--workers", 12, "--seed", 0)
    certificate = tmp_path / "c.json"
    names = ("--heuristic", "aspire-off", "greedy", "--certificate", certificate)
    document = run(capsys, "certify", SAMPLE, *words, *names, "--json").json
    for part in document["runs"]:
        assert part["dual_bound"] >= part["objective"] >= 0
    assert run(capsys, "verify", certificate).status == 0
    for command in (("certify", *names), ("solve",)):
        outcome = run(capsys, command[0], SAMPLE, *words, *command[1:])
        assert outcome.status == 0
        assert "rejected:" in outcome.out
        assert "market: 3 tasks, 12 workers" in outcome.out


def test_the_version(capsys):
    assert run(capsys, "--version").out == f"mcsopt {versions()['mcsopt']}\n"
