"""Pictures of a worker's path: where it leads, and how its windows, waiting, service and travel fill the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems import Route, WorkerPath
from mcsopt.report.style import (
    BLUE,
    CROWD,
    FAINT,
    IDLE,
    INK,
    ORANGE,
    PAPER,
    SKY,
    VERMILLION,
    new_figure,
    note,
    plain_text,
    shortened,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NUMBERED = 30
"""More visits are drawn without their ranks, and more rows of a schedule with a number at some of them only."""
MOST_ROWS = 60
_TRUE_TO = 0.005
"""Relative error up to which a layout is called true."""


@styled
def path_map(problem: WorkerPath, solution: Route, positions: Any = None) -> Figure:
    """Draw where the tasks are, and the path.

    Parameters
    ----------
    problem : WorkerPath
    solution : Route
        Feasible or not.
    positions : array of float, shape (n, 2), optional
        Where the nodes are. By default they are laid out by their travel times, see `laid_out`, and the map says so.

    Returns
    -------
    matplotlib.figure.Figure
        Tasks grow with their profit; those visited are numbered by rank, up to 30, those served too late are crossed.
        A dotted line leads back to the start where the worker has to return.

    Raises
    ------
    InputError
        If `positions` has another shape.
    """
    figure = new_figure(4.6)
    axis = figure.subplots()
    if not problem.instance.num_tasks:
        note(axis, "there are no tasks to visit")
        return figure
    places, remark = _places(problem, positions)
    _draw_map(axis, problem, solution, places)
    if positions is None:
        axis.set_xlabel(remark)
    figure.legend(loc="outside upper left", ncols=2, columnspacing=1.0, handletextpad=0.4)
    return figure


@styled
def path_comparison(problem: WorkerPath, paths: Mapping[str, Route], positions: Any = None) -> Figure:
    """Draw two paths side by side on the same map, as a heuristic's and the optimal one.

    Parameters
    ----------
    problem : WorkerPath
    paths : mapping of str to Route
        What is written above each path, and the path.
    positions : array of float, shape (n, 2), optional
        As in `path_map`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(3.4)
    axes = figure.subplots(1, max(1, len(paths)), sharex=True, sharey=True, squeeze=False)[0]
    if not problem.instance.num_tasks or not paths:
        note(axes[0], "there is nothing to compare")
        return figure
    places, remark = _places(problem, positions)
    for axis, (name, route) in zip(axes, paths.items(), strict=True):
        _draw_map(axis, problem, route, places, scale=0.6)
        worth = f"{problem.evaluate(route):,.6g}" if not problem.violations(route) else "infeasible"
        axis.set_title(f"{shortened(name)}\n{worth}, {len(route.nodes)} tasks", parse_math=False)
    if positions is None:
        figure.supxlabel(remark, fontsize=10)
    return figure


@styled
def path_schedule(problem: WorkerPath, solution: Route) -> Figure:
    """Draw when each task of a path is reached, waited for and served, against its window.

    Parameters
    ----------
    problem : WorkerPath
    solution : Route
        Feasible or not.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each task in order of service, and one for the way back: the window within which service must start,
        light; travel from the task before, a line; waiting, orange; service, blue, or red where it starts too late.
        The horizon is dashed.
    """
    place = problem.instance
    count = len(solution.nodes)
    figure = new_figure(1.6 + 0.2 * min(count + 1, MOST_ROWS))
    axis = figure.subplots()
    if not count:
        note(axis, "the worker stays:\nthere is no time to draw")
        return figure
    begin = float(place.open[0] + place.service[0])
    starts = np.array(problem.starts(solution))
    nodes = np.array(solution.nodes)
    row = np.arange(count)
    leaves = np.concatenate([[begin], (starts + place.service[nodes])[:-1]])
    reached = leaves + place.travel[np.concatenate([[0], nodes[:-1]]), nodes]
    ends = starts + place.service[nodes]
    late = np.array([bool(_late(problem, solution, k)) for k in range(count)])
    window = np.minimum(place.close[nodes], place.horizon) - place.open[nodes]
    axis.barh(row, np.maximum(window, 0), left=place.open[nodes], height=0.86, color=FAINT, label="window")
    axis.hlines(row, leaves, reached, color=IDLE, linewidth=1.6, label="travel")
    axis.barh(row, starts - reached, left=reached, height=0.3, color=ORANGE, label="waiting")
    wide = _seen(starts, ends, place.horizon)
    axis.barh(row[~late], wide[~late], left=starts[~late], height=0.56, color=BLUE, label="service")
    if late.any():
        axis.barh(row[late], wide[late], left=starts[late], height=0.56, color=VERMILLION, label="service, too late")
    names = [str(node) for node in nodes]
    last = float(ends[-1])
    if place.return_to_start:
        back = last + float(place.travel[nodes[-1], 0])
        axis.hlines([count], last, back, color=IDLE, linewidth=1.6)
        axis.plot([back], [count], "s", color=INK if back <= place.horizon else VERMILLION, markersize=5)
        names, last = [*names, "0"], back
    axis.axvline(place.horizon, color=INK, linestyle="--", linewidth=1.2, label="horizon")
    every = -(-len(names) // MOST_ROWS)
    axis.set_yticks(range(0, len(names), every), names[::every], fontsize=9)
    axis.set(ylim=(len(names) - 0.4, -0.6), ylabel="task, in order", xlabel="time")
    axis.set_xlim(min(begin, float(place.open[nodes].min())), 1.02 * max(place.horizon, last))
    axis.grid(axis="x", color=FAINT)
    figure.legend(loc="outside upper left", ncols=3, columnspacing=1.0, handletextpad=0.4)
    return figure


def _seen(starts: np.ndarray, ends: np.ndarray, horizon: float) -> np.ndarray:
    """Return the lengths of services, those of none made wide enough to be seen."""
    wide: np.ndarray = np.maximum(ends - starts, 0.004 * horizon)
    return wide


def _late(problem: WorkerPath, solution: Route, position: int) -> list[str]:
    """Return what the service at one task of a path breaks."""
    where = f"node {solution.nodes[position]}"
    return [v.constraint for v in problem.violations(solution) if v.where == where and "return" not in v.constraint]


def _places(problem: WorkerPath, positions: Any) -> tuple[np.ndarray, str]:
    """Return positions of the nodes, and a remark on positions that were not given."""
    if positions is None:
        places, error = laid_out(problem.instance.travel)
        how = "true" if error < _TRUE_TO else f"off by {100 * error:.0f} %"
        return places, f"no positions given: laid out by travel times, {how}"
    given = np.asarray(positions, dtype=float)
    if given.shape != (problem.instance.num_nodes, 2):
        raise InputError("positions", f"has shape {given.shape}", f"give x and y of {problem.instance.num_nodes} nodes")
    return given, ""


def laid_out(travel: np.ndarray) -> tuple[np.ndarray, float]:
    """Return positions whose distances are near to travel times, and by how much they miss them.

    Classical multidimensional scaling of the mean of both directions: with ``D`` the matrix of squared times and
    ``J = I - 11'/n``, the two leading eigenvectors of ``-J D J / 2``, times the roots of their eigenvalues. Times that
    are distances in the plane are met exactly, up to rotation and reflection.

    Parameters
    ----------
    travel : array of float, shape (n, n)

    Returns
    -------
    positions : array of float, shape (n, 2)
    error : float
        Root of the mean square of ``distance - time`` over that of the times, both directions taken together; 0
        without times.

    Examples
    --------
    >>> positions, error = laid_out(np.array([[0, 3, 5], [3, 0, 4], [5, 4, 0]]))
    >>> round(float(np.hypot(*(positions[0] - positions[2]))), 9), error < 1e-9
    (5.0, True)
    """
    times = (travel + travel.T) / 2
    times = times * (1 - np.eye(len(times)))  # the diagonal means nothing
    largest = float(times.max(initial=0.0))
    if largest == 0:
        return np.zeros((len(times), 2)), 0.0
    square = (times / largest) ** 2
    centred = square - square.mean(axis=0) - square.mean(axis=1)[:, None] + square.mean()
    values, vectors = np.linalg.eigh(-0.5 * centred)
    found = np.zeros((len(times), 2))
    for axis, k in enumerate(range(len(values) - 1, max(-1, len(values) - 3), -1)):
        vector = vectors[:, k]
        sign = 1.0 if vector[np.argmax(np.abs(vector))] >= 0 else -1.0  # else it would depend on the library
        found[:, axis] = sign * vector * np.sqrt(max(values[k], 0.0))
    x, y = found.T * largest
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    error = float(np.sqrt(np.mean((distance - times) ** 2) / np.mean(times**2)))
    return np.column_stack([x, y]), error


def _draw_map(axis: Axes, problem: WorkerPath, route: Route, places: np.ndarray, scale: float = 1.0) -> None:
    place = problem.instance
    tasks = np.arange(1, place.num_nodes)
    visited = np.isin(tasks, route.nodes)
    late = np.zeros(place.num_nodes, dtype=bool)
    late[[node for k, node in enumerate(route.nodes) if _late(problem, route, k)]] = True
    worth = np.array([float(place.tables[task][0]) for task in tasks])
    size = scale * (14 + 90 * worth / (worth.max(initial=0.0) or 1.0)) * float(np.clip(60 / len(tasks), 0.05, 1.0))
    bitmap = place.num_nodes > CROWD
    way = places[[0, *route.nodes]]
    axis.plot(way[:, 0], way[:, 1], color=BLUE, linewidth=1.4 * scale + 0.2, alpha=0.8, zorder=2)
    if place.return_to_start and route.nodes:
        back = places[[route.nodes[-1], 0]]
        axis.plot(back[:, 0], back[:, 1], color=BLUE, linewidth=1.2, linestyle=":", zorder=2)
    groups = (
        (~visited, "not visited", {"c": IDLE, "marker": "."}),
        (visited & ~late[1:], "visited", {"c": SKY, "marker": "o", "edgecolors": BLUE, "linewidths": 0.9}),
        (visited & late[1:], "too late", {"c": VERMILLION, "marker": "X", "edgecolors": PAPER, "linewidths": 0.5}),
    )
    for chosen, label, how in groups:
        if chosen.any():
            at = places[1:][chosen]
            axis.scatter(at[:, 0], at[:, 1], s=size[chosen], label=f"{label} ({int(chosen.sum()):,})", zorder=3,
                         rasterized=bitmap, **how)  # fmt: skip
    axis.scatter(places[:1, 0], places[:1, 1], s=60 * scale, c=INK, marker="s", label="start", zorder=4)
    if len(route.nodes) <= MOST_NUMBERED and scale == 1.0:
        for rank, node in enumerate(route.nodes, 1):
            shift = 0.018 * max(float(np.ptp(places[:, 0])), float(np.ptp(places[:, 1])))
            x, y = places[node] + shift
            plain_text(axis, x, y, str(rank), fontsize=9, color=INK, zorder=5)
    axis.set_aspect("equal", adjustable="datalim" if scale == 1.0 else "box")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
