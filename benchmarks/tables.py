"""What the benchmarks print and write: a table for a terminal or a document, and rows for whoever counts again."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mcsopt.tolerances import PROVED_GAP


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, markdown: bool = False) -> None:
    """Print a table; with `markdown` in the form that documents take."""
    if markdown:
        lines = [columns, ["---"] * len(columns), *rows]
        print(f"{title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n", flush=True)
        return
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    # A file or a pipe has no width: do not fold there.
    (console if console.is_terminal else Console(width=160)).print(table)


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of equal keys; an unknown value stays empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def percent(gap: float | None) -> str:
    """Return a relative gap in percent; 0 for what counts as proved, a dash if it is unknown or infinite."""
    if gap is None or not math.isfinite(gap):
        return "-"
    return "0" if gap <= PROVED_GAP else f"{100 * gap:.3g} %"


def size(text: str) -> tuple[int, int]:
    """Read ``TASKSxWORKERS``."""
    tasks, workers = text.split("x")
    return int(tasks), int(workers)
