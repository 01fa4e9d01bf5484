"""Tables on the terminal, readable at any width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

_FRAME = 3
"""Characters a column of the framed table takes beside its text; one more closes the frame."""
_INDENT = "  "


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", *, numbers: bool = False
) -> None:
    """Print a table; with `numbers`, every column but the first is right-aligned.

    On a terminal too narrow for it each row takes several lines, so that no number is cut.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich itself would exit, with a status that means something else here

    # A file or a pipe has no width: do not fold there.
    output = Output(width=None if Output().is_terminal else 160)
    if output.is_terminal and _framed_width(columns, rows, folding=not numbers) > output.width:
        for line in narrow_table(columns, rows, output.width, title=title, numbers=numbers):
            output.print(Text(line), soft_wrap=True)
        return
    table = Table(title=title or None, title_justify="left", title_style="bold")
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if numbers and position else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    output.print(table)


def narrow_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, title: str = "", numbers: bool = False
) -> Iterator[str]:
    r"""Yield the lines of a table whose rows take several lines each: the first cell, then the others below it.

    The others stand in aligned columns where they fit and `numbers` asks for it, else on a line each, after their
    column's name.

    Examples
    --------
    >>> print(*narrow_table(["plan", "gap"], [["greedy", "3 %"], ["best", "0 %"]], 12, numbers=True), sep="\n")
    plan
      gap
    greedy
      3 %
    best
      0 %
    """
    if title:
        yield title
    widths = _widths(columns, rows)[1:]
    if numbers and len(_INDENT) + sum(widths) + 2 * (len(widths) - 1) <= width:
        for first, *others in (columns, *rows):
            yield first
            yield (_INDENT + "  ".join(cell.rjust(w) for cell, w in zip(others, widths, strict=True))).rstrip()
        return
    for row in rows:
        yield row[0]
        for column, cell in zip(columns[1:], row[1:], strict=True):
            yield from textwrap.wrap(
                f"{column}: {cell}", max(width, 20), initial_indent=_INDENT, subsequent_indent=2 * _INDENT,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]


def _framed_width(columns: Sequence[str], rows: Sequence[Sequence[str]], *, folding: bool) -> int:
    """Return the width of the framed table; with `folding`, the last column may be folded to 40 characters."""
    widths = _widths(columns, rows)
    if folding and len(widths) > 1:
        widths[-1] = min(widths[-1], 40)
    return sum(widths) + _FRAME * len(widths) + 1
