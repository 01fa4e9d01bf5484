"""The largest and the worst stable data coalition."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from mcsopt.kernels import coalition_cells as cells
from mcsopt.problems.stable_coalition import Coalition, StableCoalition
from mcsopt.solvers.coalition_enumeration import all_stable
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.stable_coalition import explore, limits_from


@dataclass(frozen=True)
class Extreme:
    """An extreme stable coalition.

    Attributes
    ----------
    coalition : Coalition or None
        The most extreme one found; None: none was found.
    value : float or None
        Its size or its social cost.
    bound : float or None
        What no stable coalition exceeds; None: none exists.
    """

    coalition: Coalition | None
    value: float | None
    bound: float | None

    @property
    def proved(self) -> bool:
        """Whether no stable coalition is more extreme, or none exists."""
        return self.value == self.bound


def largest_stable(problem: StableCoalition, *, time_limit: float | None = None) -> Extreme:
    """Find a stable coalition with as many members as possible.

    The structural search of :mod:`mcsopt.solvers.stable_coalition`, largest size first.

    Parameters
    ----------
    problem : StableCoalition
        Any size.
    time_limit : float, optional
        Seconds.

    Returns
    -------
    Extreme
        With sizes as `value` and `bound`. They differ if time was up or a size could be neither met nor excluded. Of
        several coalitions of the size any may be returned, always the same one.

    Examples
    --------
    >>> from mcsopt.problems.data_coalition import DataCoalition
    >>> players = DataCoalition([1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], 0.25, 1.0)
    >>> largest_stable(StableCoalition(players)).value
    4.0
    """
    sizes = np.arange(problem.instance.num_players + 2.0)
    limits = limits_from(time.perf_counter(), Settings(time_limit=time_limit))
    run = explore(problem, cells.Objective(-sizes, np.zeros_like(sizes), 0.0), limits)
    value = None if run.found is None else float(len(run.found.members))
    return Extreme(run.found, value, None if run.bound == np.inf else -run.bound)


def worst_stable(problem: StableCoalition) -> Extreme:
    """Find the stable coalition of greatest social cost: what the price of anarchy compares.

    Parameters
    ----------
    problem : StableCoalition
        At most 36 players: all of them are enumerated.

    Returns
    -------
    Extreme
        Proved, with social costs as `value` and `bound`.

    Raises
    ------
    TooLarge
        Beyond 36 players. The structural search minimises over each cell; maximising would need its mirror image (the
        greatest sum inside an interval), which is not there.
    """
    found = all_stable(problem, limit=0).dearest
    value = None if found is None else problem.evaluate(found)
    return Extreme(found, value, value)
