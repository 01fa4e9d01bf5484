"""A figure as SVG inside a page: no foreign address, no identifier twice, text as text, colours of the page."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

from mcsopt.display import escaped
from mcsopt.report.style import BLUE, FAINT, INK, PAPER, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLORS = {INK: "var(--ink)", FAINT: "var(--faint)", PAPER: "var(--paper)", BLUE: "var(--blue)"}


@styled
def inline_svg(figure: Figure, name: str, label: str) -> str:
    """Return a figure as an ``<svg>`` element for a page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn in the common style (`mcsopt.report.style`), whose neutral colours become the page's
        ``--ink``, ``--faint`` and ``--paper``, and its blue ``--blue``.
    name : str
        Put before every identifier, so that those of several pictures do not clash: unique in the page, of letters,
        digits and hyphens.
    label : str
        What the picture shows, for readers who do not see it.
    """
    text = io.StringIO()
    figure.patch.set_visible(False)  # the page has a background of its own
    with warnings.catch_warnings():
        # The browser has letters that matplotlib's font lacks; only their width is then a guess.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(
            text, format="svg", dpi=200, metadata={"Creator": None, "Date": None, "Format": None, "Type": None}
        )
    svg = text.getvalue()
    box = re.search(r'viewBox="([^"]*)"', svg)
    assert box is not None
    inside = svg[svg.index(">", svg.index("<svg")) + 1 :]
    inside = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", inside, flags=re.DOTALL)
    inside = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', inside)
    inside = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{name}-\1"', inside)
    inside = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", inside).replace("xlink:href=", "href=")
    for color, variable in _COLORS.items():
        inside = inside.replace(color, variable)
    inside = re.sub(r"\n\s*", "\n", inside)
    return f'<svg role="img" aria-label="{escaped(label)}" viewBox="{box.group(1)}">{inside}'
