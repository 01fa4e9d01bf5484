"""A picture of one data coalition: what each player bears, and how much privacy the members give up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mcsopt.problems import CentralCoalition, Coalition, StableCoalition
from mcsopt.problems.central_coalition import PrivateCoalition
from mcsopt.report.style import BLUE, FAINT, IDLE, INK, PAPER, PURPLE, new_figure, note, styled, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PLAYERS = 400
"""Of more players, so many are drawn, evenly spaced by their costs."""
MOST_ENTRANTS = 300
"""Up to so many players, each outsider's burden after joining alone is drawn too."""


@styled
def coalition_burden_figure(
    problem: StableCoalition | CentralCoalition, solution: Coalition | PrivateCoalition
) -> Figure:
    """Draw the burdens of members and outsiders against ``sigma^2``, and the members' privacy levels.

    Parameters
    ----------
    problem : StableCoalition or CentralCoalition
    solution : Coalition or PrivateCoalition
        Feasible or not; members of a `Coalition` choose their own levels.

    Returns
    -------
    matplotlib.figure.Figure
        Players from the least privacy cost to the greatest. A member below the line ``sigma^2`` has no reason to
        leave. Under Nash stability, triangles say what each outsider would bear if it joined alone: above the line,
        it has no reason to. Of more than 400 players, 400 are drawn.
    """
    data = problem.instance
    members, levels = solution.members, _levels(problem, solution)
    order = np.argsort(data.cost, kind="stable")
    rank = np.empty(data.num_players, dtype=np.int64)
    rank[order] = np.arange(1, data.num_players + 1)
    drawn = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_PLAYERS)).round().astype(int))]
    burden = np.full(data.num_players, data.variance)
    privacy = np.full(data.num_players, np.nan)
    if members:
        burden[list(members)], privacy[list(members)] = data.burdens(members, levels), levels
    inside = drawn[~np.isnan(privacy[drawn])]
    outside = drawn[np.isnan(privacy[drawn])]
    figure = new_figure(5.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    small = 5 if len(drawn) <= 60 else 2.5
    above.axhline(data.variance, color=INK, linestyle="--", linewidth=1.2, label=f"σ² = {data.variance:.4g}")
    if len(outside):
        above.plot(rank[outside], burden[outside], "s", color=IDLE, markersize=small, markerfacecolor=PAPER,
                   label="outsider bears")  # fmt: skip
    if len(inside):
        above.plot(rank[inside], burden[inside], "o", color=BLUE, markersize=small, label="member bears")
    _entrants(above, problem, solution, rank, outside, small)
    above.set(ylabel="burden")
    above.set_ylim(bottom=0)
    above.grid(color=FAINT)
    figure.legend(loc="outside upper left", ncols=2)
    if len(inside):
        below.vlines(rank[inside], 0, privacy[inside], color=FAINT, linewidth=2)
        below.plot(rank[inside], privacy[inside], "o", color=BLUE, markersize=small)
        below.set_ylim(bottom=0)
        below.grid(color=FAINT)
        below.set_ylabel("privacy level ε\n(less: more private)")
    else:
        note(below, "no members, no privacy given up")
    below.set_xlabel("player, by privacy cost")
    whole_numbers(below.xaxis)
    return figure


def _levels(
    problem: StableCoalition | CentralCoalition, solution: Coalition | PrivateCoalition
) -> tuple[float, ...] | list[float]:
    if isinstance(solution, PrivateCoalition):
        return solution.privacy
    return problem.instance.chosen_privacy(solution.members)


def _entrants(
    axis: Axes,
    problem: StableCoalition | CentralCoalition,
    solution: Coalition | PrivateCoalition,
    rank: np.ndarray,
    outside: np.ndarray,
    size: float,
) -> None:
    """Draw what outsiders would bear in the larger coalition, the others' levels unchanged (Definition 7)."""
    data, members = problem.instance, solution.members
    asked = isinstance(problem, StableCoalition) and problem.stability == "nash" and len(members) >= 2
    if not asked or not len(outside) or data.num_players > MOST_ENTRANTS:
        return
    levels, joined = data.chosen_privacy(members), []
    for entrant in outside.tolist():
        own = data.chosen_privacy([entrant], size=len(members) + 1)
        joined.append(data.burdens([*members, entrant], [*levels, *own])[-1])
    axis.plot(rank[outside], joined, "^", color=PURPLE, markersize=size, label="outsider, if it joined alone")
