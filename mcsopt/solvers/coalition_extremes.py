"""The largest and the worst stable data coalition."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from mcsopt import tolerances
from mcsopt.kernels import coalition_cells as cells
from mcsopt.kernels import coalition_heights as heights
from mcsopt.kernels.coalitions import prefix_sums
from mcsopt.kernels.fixed_size_sums import Values
from mcsopt.problems.stable_coalition import Coalition, StableCoalition
from mcsopt.solvers import stable_coalition
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.stable_coalition import Search, explore, limits_from, social_cost_objective


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
        """Whether no stable coalition is more extreme by more than 1e-7, relative, or none exists."""
        if self.value is None or self.bound is None:
            return self.bound is None
        return self.bound - self.value <= tolerances.PROVED_GAP * abs(self.bound)


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


class WorstSearch(Search):
    """One run of the mirror image of the search: objectives are ``-(fixed + rate Sigma)``."""

    def _prepare(self) -> None:
        # Whoever costs more than a third of what a coalition may is never a member, but would come first in the sums
        # and swamp the others.
        a = -np.minimum(self.conditions.a, self.conditions.upper.max() / 3)[::-1]
        self.values = Values(a, *prefix_sums(a))
        heights.prepare(self.conditions, self.objective, self.state)

    def _advance(self, steps: int) -> bool:
        return bool(
            heights.search(
                self.conditions,
                self.values,
                self.after,
                self.objective,
                self.state,
                stable_coalition.FIRST_STEPS,
                steps,
            )
        )

    def _look_again(self, place: int, steps: int) -> None:
        heights.reconsider(self.conditions, self.values, self.after, self.objective, self.state, place, steps)

    def _chosen(self, choice: np.ndarray, after: int, dearest: int) -> np.ndarray:
        # The items were the ranks below the dearest member, in reversed order.
        first = len(self.order) - dearest
        return len(self.order) - 1 - super()._chosen(choice, first, dearest)


def worst_stable(problem: StableCoalition, *, time_limit: float | None = None) -> Extreme:
    """Find the stable coalition of greatest social cost: what the price of anarchy compares.

    The mirror image of the structural search of :mod:`mcsopt.solvers.stable_coalition`: the greatest sum inside an
    interval for each cell, worst bound first (:mod:`mcsopt.kernels.coalition_heights`).

    Parameters
    ----------
    problem : StableCoalition
        Any size.
    time_limit : float, optional
        Seconds; the bound is valid whenever it stops.

    Returns
    -------
    Extreme
        With social costs as `value` and `bound`. They agree within 1e-10, relative, in nearly every case; where cells
        hold too many sums to list, or time was up, they are as far apart as they say.

    Examples
    --------
    >>> from mcsopt.problems.data_coalition import DataCoalition
    >>> players = DataCoalition([1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], 0.25, 1.0)
    >>> worst = worst_stable(StableCoalition(players))
    >>> worst.coalition.members, round(worst.value, 6), worst.proved
    ((0, 1, 2, 4), 1.2764, True)
    """
    limits = limits_from(time.perf_counter(), Settings(time_limit=time_limit))
    cost = social_cost_objective(problem.instance)
    run = explore(problem, cells.Objective(-cost.fixed, cost.rate, cost.slack), limits, kind=WorstSearch)
    value = None if run.found is None else problem.evaluate(run.found)
    if run.bound == np.inf:
        return Extreme(run.found, value, None)
    return Extreme(run.found, value, -run.bound + stable_coalition.MARGIN * abs(run.bound))
