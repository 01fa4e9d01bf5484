"""How numbers and small tables are shown: on the terminal, in notebooks, on the report page."""

from __future__ import annotations

import html
from collections.abc import Mapping

from mcsopt.errors import one_line

UNKNOWN = "–"
"""Stands for a number that is not known."""


_LARGEST = 1e15
"""From here on decimals are noise, and all digits a line of their own."""


def number(value: float | None, digits: int = 4) -> str:
    """Return a number for a table, a dash if unknown; what is not zero never looks like it.

    Examples
    --------
    >>> number(1234.5), number(3e-5), number(1e100)
    ('1,234.5000', '3e-05', '1e+100')
    """
    if value is None:
        return UNKNOWN
    return f"{value:,.{digits}f}" if _fits(value, digits) else f"{value:.6g}"


def plain(value: float | None) -> str:
    """Return a number to be copied: six decimals, no separators of thousands; a dash if unknown."""
    if value is None:
        return UNKNOWN
    return f"{value:.6f}" if _fits(value, 6) else repr(value)


def _fits(value: float, digits: int) -> bool:
    return value == 0 or 10.0**-digits <= abs(value) < _LARGEST


def percent(value: float | None) -> str:
    """Return a relative gap in per cent, a dash if unknown."""
    return UNKNOWN if value is None else f"{100 * value:.4f} %"


def escaped(value: object) -> str:
    """Return a text for HTML: on one line, printable, and nothing in it taken for markup.

    Examples
    --------
    >>> escaped('<b>"mine"</b>')
    '&lt;b&gt;&quot;mine&quot;&lt;/b&gt;'
    """
    return html.escape(one_line(str(value)))


def small_table(caption: str, rows: Mapping[str, object], note: str = "") -> str:
    """Return names and values as an HTML table for notebooks, with preformatted text below it if there is a note."""
    cells = "".join(
        f"<tr><th style='text-align:left'>{escaped(name)}</th><td>{escaped(value)}</td></tr>"
        for name, value in rows.items()
    )
    below = f"<pre>{html.escape(note)}</pre>" if note else ""
    return f"<table><caption>{escaped(caption)}</caption>{cells}</table>{below}"


def small_text(caption: str, rows: Mapping[str, object]) -> str:
    """Return names and values on one line: what Python prints of a result.

    Examples
    --------
    >>> small_text("Result", {"method": "greedy", "gap": "–"})
    '<Result: method greedy, gap –>'
    """
    return f"<{caption}: {', '.join(one_line(f'{name} {value}') for name, value in rows.items())}>"
