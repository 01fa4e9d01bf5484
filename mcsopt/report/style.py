"""One look for every picture: colours that colour-blind readers tell apart, and figures without a screen."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mcsopt.errors import InputError, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito (2008), "Color Universal Design": those that stand out from white and from black.
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P")
"""Beside each colour of `SERIES`, for those who see no colours at all."""

# The page replaces these by the colours of its scheme, light or dark.
INK, FAINT, PAPER = "#24292f", "#d6dae0", "#fefefe"
IDLE = "#8b949e"

WIDTH = 5.0
"""Inches: on a phone's 360 pixels, text of 11 points is then 11 pixels high."""
CROWD = 3_000
"""Beyond so many marks, they are drawn as one bitmap inside the picture."""

STYLE: dict[str, Any] = {
    "font.family": "sans-serif", "font.size": 11.0, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
    "axes.titlesize": 11.0, "axes.titlecolor": INK, "axes.labelsize": 11.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.linewidth": 0.8,
    "axes.facecolor": "none", "xtick.color": INK, "ytick.color": INK, "xtick.labelsize": 10.0, "ytick.labelsize": 10.0,
    "grid.color": FAINT, "grid.linewidth": 0.6, "legend.fontsize": 10.0, "legend.frameon": False,
    "figure.facecolor": PAPER, "savefig.facecolor": PAPER, "figure.dpi": 100.0, "lines.linewidth": 1.6,
    "svg.fonttype": "none", "axes.unicode_minus": True,
}  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


def check_matplotlib(field: str) -> None:
    """Raise `InputError` naming `field` if pictures cannot be drawn: to ask before the work, not after it."""
    if find_spec("matplotlib") is None:
        raise InputError(field, "needs matplotlib, which is not installed", "pip install matplotlib")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw in the common style, whatever the reader's own settings are."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        check_matplotlib(draw.__name__)
        import matplotlib as mpl

        usual: Any = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}
        with mpl.rc_context(usual | STYLE):
            return draw(*args, **kwargs)

    return drawn


def new_figure(height: float, *, width: float = WIDTH) -> Figure:
    """Return an empty figure that no window and no pyplot knows, so that it goes when its last name goes."""
    from mcsopt.report.shown_figure import ShownFigure

    return ShownFigure(figsize=(width, height), layout="constrained")


def whole_numbers(axis: Axis) -> None:
    """Let an axis that counts show whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def plain_text(axis: Axes, x: float, y: float, text: str, **how: Any) -> None:
    """Write a text as it is: a dollar sign in somebody's name begins no formula."""
    axis.text(x, y, text, parse_math=False, **how)


def shortened(name: str, most: int = 22) -> str:
    """Return a name that fits beside a bar, on one line and printable."""
    name = one_line(name)
    return name if len(name) <= most else name[: most - 1] + "…"


def note(axis: Axes, text: str) -> None:
    """Say in the middle of empty axes why they are empty."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", color=IDLE, wrap=True)


def series(position: int) -> tuple[str, str]:
    """Return colour and marker of the k-th of several series; they repeat after thirty."""
    return SERIES[position % len(SERIES)], MARKERS[(position + position // len(SERIES)) % len(MARKERS)]
