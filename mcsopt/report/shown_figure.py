"""A figure that a notebook shows by itself. The one module that loads matplotlib; imported when something is drawn."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that pyplot does not know, and that notebooks show without ``%matplotlib inline`` too."""

    def _repr_png_(self) -> bytes:
        """Return the figure as a PNG image."""
        image = io.BytesIO()
        self.savefig(image, format="png")
        return image.getvalue()
