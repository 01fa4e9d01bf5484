"""The pytest plugin: library instances for tests of heuristics. Every run of pytest loads this, so it loads nothing."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcsopt.data.library import Entry

MARKER = "mcsopt_library(problem=None, size='tiny', tag=None): the library instances of the fixture mcsopt_instance"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that takes the place of the sizes in markers."""
    group = parser.getgroup("mcsopt", "certified optimality gaps of heuristics")
    text = "sizes of library instances, separated by commas, in place of those the tests ask for"
    group.addoption("--mcsopt-size", metavar="SIZES", type=_sizes, default=None, help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `mcsopt_instance` once for each instance it selects."""
    if "mcsopt_instance" in metafunc.fixturenames:
        from mcsopt.regression.library_selection import parametrize

        parametrize(metafunc)


@pytest.fixture
def mcsopt_instance(request: pytest.FixtureRequest) -> Entry:
    """Return a library entry: ``problem()`` builds its problem, ``bound=mcsopt_instance`` hands on its certificate."""
    entry: Entry = request.param
    return entry


def _sizes(text: Any) -> tuple[str, ...]:
    from mcsopt.errors import InputError
    from mcsopt.regression.library_selection import read_sizes

    try:
        return read_sizes(text.split(","), "--mcsopt-size")
    except InputError as error:
        raise ArgumentTypeError(str(error)) from None
