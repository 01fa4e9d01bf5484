"""Pictures that commands write: asked for before the work, saved after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcsopt.data.files import replacing
from mcsopt.errors import InputError
from mcsopt.report.style import check_matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE_ENDINGS = (".png", ".pdf", ".svg")


def check_picture(path: str) -> None:
    """Raise `InputError` where no picture can be drawn: another ending, or matplotlib is missing."""
    if not path.lower().endswith(PICTURE_ENDINGS):
        raise InputError("--plot", f"names {path}", f"give a file ending in {', '.join(PICTURE_ENDINGS)}")
    check_matplotlib("--plot")


def save_picture(figure: Figure, path: str) -> None:
    """Write a figure whole or not at all, in the format of the path's ending."""
    with replacing(path) as target:
        figure.savefig(target, dpi=150, format=path.lower().rpartition(".")[2])
