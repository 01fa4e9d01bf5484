"""Versions of the packages an answer depends on."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("mcsopt", "numpy", "scipy", "numba", "pyomo", "highspy", "ortools", "pyarrow")


def versions() -> dict[str, str]:
    """Return the version of Python and of each package, "absent" if it is not installed."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    """Ask once: reading the metadata of packages takes longer than certifying a small plan."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found
