"""What other packages announce by entry points: problems, solvers and heuristics beside our own."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Protocol, TypeVar

from mcsopt.errors import InputError


class Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str:
        """Its name on the command line."""


NamedT = TypeVar("NamedT", bound=Named)


def with_plugins(own: Iterable[NamedT], group: str) -> dict[str, NamedT]:
    """Return our own and those that other packages announce, by name; ours come first and keep their names.

    Parameters
    ----------
    own : iterable
        Ours.
    group : str
        The group of entry points, for example ``"mcsopt.solvers"``; each leads to an object of the type of ours.

    Raises
    ------
    InputError
        If an entry point cannot be loaded, or leads to something without a name.
    """
    found = {one.name: one for one in own}
    for entry in entry_points(group=group):
        try:
            theirs = entry.load()
            found.setdefault(theirs.name, theirs)
        except (Exception, SystemExit) as error:  # the other package may raise whatever it likes
            what = f"{entry.value!r} cannot be loaded ({type(error).__name__}: {error})"
            package = entry.dist.name if entry.dist else "the package that announces it"
            raise InputError(f"entry point {group} {entry.name}", what, f"mend or uninstall {package}") from error
    return found
