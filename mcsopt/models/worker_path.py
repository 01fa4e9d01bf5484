"""One worker's path over tasks with time windows: a mixed-integer program over arcs, and a circuit in CP-SAT."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model
from pyomo.core.expr import LinearExpression

from mcsopt.errors import InputError
from mcsopt.models.cp_sat_statement import CpSatStatement, integer_objective
from mcsopt.models.path_windows import LARGEST_TIME, Arc, IntegerTimes, Level, PathWindows
from mcsopt.models.readable_model import ReadableModel, at_one
from mcsopt.problems import Problem, Route, WorkerPath, WorkerPathInstance

DESCRIPTION = """\
Worker path (orienteering with time windows)

  choose  arc[i,j] in {{0,1}}            the worker goes from node i straight to node j; arc[i,0]: i is the last task
          start[j] in [a[j], b[j]]     when service starts at task j, since window 0 opened
          reward[j,k] in {{0,1}}         task j yields its k-th profit p[j,k], for starts until e[j,k]
  max     sum over j, k of p[j,k] reward[j,k]
  s.t.    sum over i of arc[i,j] = sum over i of arc[j,i] = sum over k of reward[j,k]       for each task j
          sum over j of arc[0,j] <= 1
          start[j] >= start[i] + service[i] + travel[i,j] - M[i,j] (1 - arc[i,j])           for each arc (i,j)
          start[j] <= b[j] - sum over k of (b[j] - e[j,k]) reward[j,k]      where profit falls with time
{closing}
a[j] is the earliest that any way through the windows reaches task j, b[j] the latest start (window, horizon{home});
M[i,j] = b[i] + service[i] + travel[i,j] - a[j]. Deadlines are relaxed by {slack:.3g}. Only arcs that fit between the
windows are there. Where an arc takes no time, rank[j] >= rank[i] + 1 - n (1 - arc[i,j]), so that nobody
walks in a circle.

This path: {tasks} tasks, {reached} within reach, {arcs} arcs, horizon {horizon:.10g}.
"""
_RETURN = """\
          start[j] <= b[j] - (b[j] - e[j,0]) arc[j,0]     e[j,0]: when to leave j at the latest to be back in time
"""

INSTANT = 1e-6
"""Arcs that take less are ordered by rank: on a circle of them time alone stands still, to a solver's tolerance."""
MARGIN = 1e-7
"""Part of the horizon by which a linear program's deadlines are relaxed, and below which coefficients of time are
left out: HiGHS 1.14 has called wrong paths optimal where numbers differed by 1e-9, its own tolerance."""
TINY = 8
"""Up to so many nodes one thread of CP-SAT is enough, and the same answer comes every time."""


def describe(problem: WorkerPath) -> str:
    """Return the statement in words and mathematics, with this instance's numbers."""
    place, windows = problem.instance, PathWindows.of(problem.instance)
    return DESCRIPTION.format(
        closing=_RETURN if place.return_to_start else "", home=", way back" if place.return_to_start else "",
        slack=_margin(place), tasks=place.num_tasks, reached=len(windows.tasks), arcs=len(windows.arcs),
        horizon=place.horizon,
    )  # fmt: skip


def build_pyomo(problem: WorkerPath) -> pyo.ConcreteModel:
    """State the problem as a mixed-integer linear program in Pyomo.

    Parameters
    ----------
    problem : WorkerPath

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``arc[i,j]`` is 1 if node j follows node i; ``start[j]`` is continuous; ``reward[j,k]`` is 1 if task j is
        visited early enough for its k-th profit. Without a task within reach there is no variable.

    Notes
    -----
    Every feasible path is admitted. Deadlines are relaxed by more than a solver's own tolerance. Where all times are
    decimals that is less than their unit, and nothing else is admitted; otherwise a path may be that misses a window by
    little: `near_tie` recognizes it and `exclude_pyomo` cuts it off.
    """
    windows = PathWindows.of(problem.instance)
    levels = {task: windows.levels(task) for task in windows.tasks}
    model = ReadableModel("worker_path", problem)
    model.arc = pyo.Var(windows.arcs, domain=pyo.Binary)
    model.reward = pyo.Var([(j, k) for j in levels for k in range(len(levels[j]))], domain=pyo.Binary)
    columns = [model.reward[key] for key in model.reward]
    profits = [levels[j][k][0] for j, k in model.reward]
    model.profit = pyo.Objective(expr=LinearExpression(linear_coefs=profits, linear_vars=columns), sense=pyo.maximize)
    _add_path(model, windows)
    _add_times(model, windows, levels)
    model.excluded = pyo.ConstraintList()
    return model


def _add_path(model: pyo.ConcreteModel, windows: PathWindows) -> None:
    """Each task is entered and left once if it is visited, and time goes on or, where it does not, the rank."""
    into: dict[int, list[pyo.Var]] = {task: [] for task in windows.tasks}
    out: dict[int, list[pyo.Var]] = {node: [] for node in (0, *windows.tasks)}
    for i, j in windows.arcs:
        out[i].append(model.arc[i, j])
        if j:
            into[j].append(model.arc[i, j])
    visited = {task: pyo.quicksum(model.reward[task, :]) for task in windows.tasks}
    model.entered = pyo.Constraint(windows.tasks, rule=lambda _, j: pyo.quicksum(into[j]) - visited[j] == 0)
    model.left = pyo.Constraint(windows.tasks, rule=lambda _, j: pyo.quicksum(out[j]) - visited[j] == 0)
    if windows.tasks:
        model.one_path = pyo.Constraint(expr=pyo.quicksum(out[0]) <= 1)
    instant = [(i, j) for i, j in windows.arcs if i and j and windows.duration((i, j)) < INSTANT]
    count = len(windows.tasks)
    model.rank = pyo.Var(sorted({node for arc in instant for node in arc}), bounds=(1, count))
    model.no_circle = pyo.Constraint(
        instant, rule=lambda m, i, j: m.rank[j] - m.rank[i] - count * m.arc[i, j] >= 1 - count
    )


def _margin(place: WorkerPathInstance) -> float:
    """Return by how much deadlines are relaxed: more than a solver's errors, less than a unit where times have one."""
    margin = max(1e-6, MARGIN * (place.horizon - float(place.open[0])))
    times = IntegerTimes.of(place)
    return min(margin, 0.25 / times.scale) if times.exact else margin


def _add_times(model: pyo.ConcreteModel, windows: PathWindows, levels: dict[int, list[Level]]) -> None:
    """Service starts after the way from the node before, and soon enough for the profit and the way back."""
    origin, margin = float(windows.instance.open[0]), _margin(windows.instance)
    first, last, small = windows.earliest - origin, windows.deadline - origin, 1.5 * margin
    model.start = pyo.Var(windows.tasks, bounds=lambda _, j: (float(first[j]), float(last[j]) + margin))

    def after(m: pyo.ConcreteModel, i: int, j: int) -> object:
        takes = windows.duration((i, j))
        if i == 0:
            late = takes - float(first[j])
            return m.start[j] - late * m.arc[i, j] >= float(first[j]) if late > small else pyo.Constraint.Skip
        most = float(last[i]) + margin + takes - float(first[j])
        # Whenever task i is left, task j opens later: nothing to state.
        return m.start[j] - m.start[i] - most * m.arc[i, j] >= takes - most if most > small else pyo.Constraint.Skip

    def in_time(m: pyo.ConcreteModel, j: int) -> object:
        lost = [float(last[j]) - (until - origin) for _, until in levels[j]]
        early = [by * m.reward[j, k] for k, by in enumerate(lost) if by > small]
        return m.start[j] + pyo.quicksum(early) <= float(last[j]) + margin if early else pyo.Constraint.Skip

    def back_in_time(m: pyo.ConcreteModel, j: int, _: int) -> object:
        lost = float(last[j]) - (windows.end_by(j) - origin)
        return m.start[j] + lost * m.arc[j, 0] <= float(last[j]) + margin if lost > small else pyo.Constraint.Skip

    model.after = pyo.Constraint([(i, j) for i, j in windows.arcs if j], rule=after)
    model.in_time = pyo.Constraint(windows.tasks, rule=in_time)
    model.back_in_time = pyo.Constraint([(i, j) for i, j in windows.arcs if not j], rule=back_in_time)


def read_pyomo(problem: WorkerPath, model: pyo.ConcreteModel) -> Route:
    """Return the path in a solved model."""
    return _route(at_one(model.arc))


def _route(arcs: Iterable[Arc]) -> Route:
    """Follow the arcs from the start; what does not hang together with it is not visited."""
    following, path = dict(arcs), []
    node = following.pop(0, 0)
    while node and node not in path:
        path.append(node)
        node = following.get(node, 0)
    return Route(path)


def build_cp_sat(problem: WorkerPath) -> CpSatStatement:
    """State the problem as a circuit with optional nodes in CP-SAT.

    Times become integers, exactly or rounded to a relaxation, see `mcsopt.models.path_windows.IntegerTimes`; the
    objective is rounded up, see `integer_objective`. What this admits wrongly `near_tie` recognizes and
    `exclude_cp_sat` cuts off.

    Parameters
    ----------
    problem : WorkerPath

    Returns
    -------
    CpSatStatement
        Variables by arc ``(i, j)``.

    Raises
    ------
    InputError
        For profits that depend on integer times, if these exceed 1e7: rounded starts would yield wrong profits.
    """
    place, windows = problem.instance, PathWindows.of(problem.instance)
    times = IntegerTimes.of(place)
    if isinstance(place.profit, tuple) and not times.exact:
        raise InputError("horizon", f"is {place.horizon:g}, and profits depend on integer times; CP-SAT takes them up "
                         f"to {LARGEST_TIME:,}", "use solver 'highs', or a coarser unit of time")  # fmt: skip
    model = cp_model.CpModel()
    arc = {(i, j): model.new_bool_var(f"arc[{i},{j}]") for i, j in windows.arcs}
    skipped = {j: model.new_bool_var(f"skipped[{j}]") for j in windows.tasks}
    stays = model.new_bool_var("stays")
    circuit = [(i, j, chosen) for (i, j), chosen in arc.items()]
    model.add_circuit([(0, 0, stays), *circuit, *((j, j, out) for j, out in skipped.items())])
    start = _add_integer_times(model, windows, times, arc)
    profits, rewards = [], []
    for j in windows.tasks:
        levels = windows.levels(j)
        kinds = [model.new_bool_var(f"reward[{j},{k}]") for k in range(len(levels))]
        model.add_exactly_one(skipped[j], *kinds)
        for (profit, until), reward in zip(levels, kinds, strict=True):
            model.add(start[j] <= times.last(until, windows.slack)).only_enforce_if(reward)
            profits.append(profit)
            rewards.append(reward)
    coefficients, scale, error = integer_objective(np.asarray(profits), len(windows.tasks))
    model.maximize(cp_model.LinearExpr.weighted_sum(rewards, coefficients))
    suited = {"num_workers": 1} if place.num_nodes <= TINY else {}
    return CpSatStatement(model, arc, scale, error, suited, problem=problem)


def _add_integer_times(
    model: cp_model.CpModel, windows: PathWindows, times: IntegerTimes, arc: dict[Arc, cp_model.IntVar]
) -> dict[int, cp_model.IntVar]:
    """Add when service starts: after the way from the node before, and soon enough for the way back."""
    start = {0: model.new_constant(0)}
    for j in windows.tasks:
        bounds = times.first(float(windows.earliest[j])), times.last(float(windows.deadline[j]), windows.slack)
        start[j] = model.new_int_var(*bounds, f"start[{j}]")
    for (i, j), chosen in arc.items():
        if j:
            model.add(start[j] >= start[i] + times.duration(windows.duration((i, j)))).only_enforce_if(chosen)
        else:
            model.add(start[i] <= times.last(windows.end_by(i), windows.slack)).only_enforce_if(chosen)
    return start


def read_cp_sat(problem: WorkerPath, statement: CpSatStatement, solver: cp_model.CpSolver) -> Route:
    """Return the path in a solved CP-SAT model."""
    return _route(statement.at_one(solver))


def near_tie(problem: WorkerPath, route: Route) -> bool:
    """Whether a path misses windows, the horizon or the return by so little that the statements may admit it."""
    place, count = problem.instance, len(route.nodes)
    # A margin is lost at each step at most, and a last one at the window that is missed.
    slack = PathWindows.of(place).slack + max(IntegerTimes.of(place).slack(count), 2 * (count + 2) * _margin(place))
    broken = problem.violations(route)
    return bool(broken) and all(violation.amount <= slack for violation in broken)


def exclude_pyomo(model: pyo.ConcreteModel, route: Route) -> None:
    """Cut off every path that begins like this one, up to where it is late."""
    chosen = [model.arc[arc] for arc in _late_beginning(model.asked, route)]
    model.excluded.add(pyo.quicksum(chosen) <= len(chosen) - 1)


def exclude_cp_sat(statement: CpSatStatement, route: Route) -> None:
    """Cut off every path that begins like this one, up to where it is late."""
    statement.model.add_bool_or(~statement.variables[arc] for arc in _late_beginning(statement.problem, route))


def _late_beginning(problem: Problem[Route], route: Route) -> list[Arc]:
    """Return the arcs of an infeasible path to the first node where it is late, or all with the way back."""
    nodes = (0, *route.nodes, 0)
    arcs = list(itertools.pairwise(nodes))
    # Starts depend on what comes before alone; only the return concerns the whole path.
    for length in range(1, len(route.nodes) + 1):
        late = problem.violations(Route(route.nodes[:length]))
        if any(violation.constraint != "return to start" for violation in late):
            return arcs[:length]
    return arcs
