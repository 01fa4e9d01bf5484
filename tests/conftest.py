"""What the whole suite is given."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# A deadline asserts how fast a machine is, and fails where others work on it.
settings.register_profile("mcsopt", deadline=None)
settings.load_profile("mcsopt")


@pytest.fixture
def no_screen() -> Iterator[None]:
    """Draw where no window opens, and close what was drawn."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")
