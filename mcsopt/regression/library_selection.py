"""Which library instances a test runs on: what its marker and the command line select."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from mcsopt.data import library
from mcsopt.data.library import Entry
from mcsopt.data.library_recipes import SIZES
from mcsopt.errors import InputError, shown

SMALLEST = SIZES[:1]
UNSOLVABLE = "infeasible"
"""The tag of instances without a solution: no plan for them can be feasible."""


def read_sizes(given: Any, field: str) -> tuple[str, ...]:
    """Return sizes of instances, each once; `InputError` for an unknown one or none."""
    sizes = (given,) if isinstance(given, str) else given
    if not isinstance(sizes, (list, tuple)) or not sizes:
        raise InputError(field, f"is {shown(given)}", f"give some of {', '.join(SIZES)}")
    for size in sizes:
        if size not in SIZES:
            raise InputError(field, f"holds {shown(size)}", f"use {', '.join(SIZES)}")
    return tuple(dict.fromkeys(sizes))


def select(problem: str | None = None, *, size: Any = SMALLEST, tag: str | None = None) -> tuple[Entry, ...]:
    """Return the entries that a marker asks for, all tiny ones by default, of those that have a solution.

    Parameters
    ----------
    problem : str, optional
        Name of the problem; None: any.
    size : str or sequence of str
        "tiny", "small", "medium", "large".
    tag : str, optional
        One they must bear; None: any. "infeasible" asks for instances without a solution, which are left out else.

    Raises
    ------
    InputError
        If a name is not known, or nothing is selected: a test of nothing passes unseen.
    """
    found = library.entries(problem, size=read_sizes(size, "size"), tag=tag)
    return tuple(entry for entry in found if tag == UNSOLVABLE or UNSOLVABLE not in entry.tags)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give a test the instances of its nearest marker; a wrong marker fails the collection in one line."""
    marker = metafunc.definition.get_closest_marker("mcsopt_library")
    wanted = metafunc.config.getoption("--mcsopt-size")
    given = {} if marker is None else dict(marker.kwargs)
    try:
        if marker is not None:
            _check_arguments(marker)
        asked = select(**given)
        found = asked if wanted is None else select(**given | {"size": wanted})
    except InputError as error:
        pytest.fail(f"mcsopt_library of {metafunc.definition.nodeid}: {error}", pytrace=False)
    if not asked and wanted is None:
        what = ", ".join(f"{key}={value!r}" for key, value in given.items())
        pytest.fail(f"mcsopt_library of {metafunc.definition.nodeid}: no instance has {what}", pytrace=False)
    if found:
        metafunc.parametrize("mcsopt_instance", found, ids=[entry.name for entry in found], indirect=True)
        return
    nothing = pytest.mark.skip(reason=f"no library instance of size {', '.join(wanted)} is selected")
    metafunc.parametrize("mcsopt_instance", [pytest.param(None, marks=nothing, id="none")], indirect=True)


def _check_arguments(marker: pytest.Mark) -> None:
    known = tuple(inspect.signature(select).parameters)
    if marker.args:
        raise InputError("arguments", f"{shown(marker.args)} have no name", f"name them: {', '.join(known)}")
    for name in marker.kwargs:
        if name not in known:
            raise InputError(name, "is not a known argument", f"use {', '.join(known)}")
