"""Tables on terminals of any width, and in files."""

from __future__ import annotations

import pytest

from mcsopt.commands.tables import narrow_table, print_table

COLUMNS = ["name", "size", "number"]
ROWS = [["a" * 30, "tiny", "1,234.5000"], ["b [red]", "large", "2.0000"]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rich take stdout for a terminal of 40 columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "25")  # without it rich asks the system, and answers 80 columns if that knows none


def test_a_table_in_a_file_is_not_folded(capsys):
    print_table(["name", "number"], [["a" * 100, "1"], ["b", "22"]], title="numbers", numbers=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "numbers"
    assert any("a" * 100 in line and line.rstrip().endswith(" 1 │") for line in lines)


def test_a_narrow_terminal_gets_rows_of_several_lines(capsys, terminal):
    print_table(COLUMNS, ROWS, title="numbers", numbers=True)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "numbers", "name", "   size      number", "a" * 30, "   tiny  1,234.5000", "b [red]", "  large      2.0000",
    ]  # fmt: skip


def test_a_terminal_wide_enough_gets_the_frame(capsys, terminal):
    print_table(["name", "number"], [["a", "1"]], numbers=True)
    assert "┃ name ┃ number ┃" in capsys.readouterr().out


def test_what_does_not_fit_beside_each_other_stands_below_each_other():
    lines = list(narrow_table(COLUMNS, [["a", "tiny", "1,234.5000"]], 10, numbers=True))
    assert lines == ["a", "  size: tiny", "  number: 1,234.5000"]


def test_long_words_are_wrapped_between_words():
    lines = list(narrow_table(["name", "what it does"], [["greedy", "tasks in turn take their best workers"]], 30))
    assert lines == ["greedy", "  what it does: tasks in turn", "    take their best workers"]


def test_markup_in_a_cell_is_text(capsys):
    print_table(["name", "number"], [["[bold]x[/bold]", "1"]])
    assert "[bold]x[/bold]" in capsys.readouterr().out
