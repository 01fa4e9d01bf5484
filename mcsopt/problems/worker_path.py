"""One worker's path over tasks with time windows: which tasks, in which order (orienteering with time windows)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems.base import Problem, Violation, index_list, whole
from mcsopt.problems.fields import Field, Instance
from mcsopt.problems.shaped_fields import Flag, Square, Tables
from mcsopt.result import Sense

_LARGEST_LISTED = 9
"""Tasks of which all ordered choices are listed: 986,410 for nine."""


@dataclass(frozen=True, eq=False)
class WorkerPathInstance(Instance):
    """A start, tasks with time windows, and the travel times between them; node 0 is the start.

    The worker begins service at node 0 at ``open_0`` and leaves it at ``open_0 + service_0``. Service at a node must
    start within ``[open, close]`` and end by `horizon`; waiting for a window to open is free.

    Parameters
    ----------
    profit : array of float, shape (n,), or sequence of number or list
        What a node is worth, >= 0; 0 at node 0. A node with a list has a profit for each integer start time of
        service, which never rises with time: of the times ``open, open + 1, ..., close`` of its window. A list of
        another length, over the times ``0, 1, ..., horizon``, is cut to the window.
    open, close : array of float, shape (n,)
        Ends of the time windows, ``0 <= open <= close``, in any unit of time.
    service : array of float, shape (n,)
        Duration of service, >= 0.
    travel : array of float, shape (n, n)
        ``travel[i, j] >= 0`` from node i to node j; need not be symmetric, nor keep the triangle inequality. The
        diagonal means nothing.
    return_to_start : bool
        Whether the worker must be back at node 0 by `horizon`.
    horizon : float
        When everything ends.

    Raises
    ------
    InputError
        For a window that closes before it opens, a profit table that rises or has another length than its window, a
        start that cannot even stay where it is, or any number out of range. With tables, all times must be integers.
    """

    profit: np.ndarray | tuple[np.ndarray, ...]
    open: np.ndarray
    close: np.ndarray
    service: np.ndarray
    travel: np.ndarray
    return_to_start: bool
    horizon: float

    kind: ClassVar[str] = "worker-path"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Tables("profit", "profit", low=0),
        Field("open", "open", low=0),
        Field("close", "close", low=0),
        Field("service", "service", low=0),
        Square("travel", "travel", low=0),
        Flag("return_to_start", "return_to_start"),
        Field("horizon", "horizon", low=0, scalar=True),
    )

    def __post_init__(self) -> None:
        self._check_fields()
        if not self.num_nodes:
            raise InputError("open", "is empty", "there is at least the start, node 0")
        for node in np.flatnonzero(self.close < self.open)[:1]:
            raise InputError(f"close[{node}]", f"is {self.close[node]:g}, before the window opens at "
                             f"{self.open[node]:g}", "give close >= open")  # fmt: skip
        if self.open[0] + self.service[0] > self.horizon:
            raise InputError("horizon", f"is {self.horizon:g}, before the worker can leave node 0 at "
                             f"{self.open[0] + self.service[0]:g}", "give a later horizon")  # fmt: skip
        if isinstance(self.profit, tuple):
            if len(self.profit) != self.num_nodes:
                raise InputError("profit", f"has length {len(self.profit)}, open has {self.num_nodes}",
                                 "give lists of equal length")  # fmt: skip
            self._check_integer_times()
            object.__setattr__(self, "profit", tuple(self._window_of(node) for node in range(self.num_nodes)))
        if np.any(self.tables[0] != 0):
            raise InputError("profit[0]", f"is {self.tables[0][0]:g}", "the start is worth nothing: give 0")

    def _check_integer_times(self) -> None:
        for name in ("open", "close", "service", "travel", "horizon"):
            times = np.atleast_1d(getattr(self, name))
            for place in np.argwhere(times != np.floor(times))[:1]:
                at = "" if name == "horizon" else "".join(f"[{k}]" for k in place)
                raise InputError(f"{name}{at}", f"is {times[tuple(place)]:g}, and profits depend on integer times",
                                 "give integer times, or one profit for each node")  # fmt: skip

    def _window_of(self, node: int) -> np.ndarray:
        """Return the table of a node over its window; a profit that does not depend on time as one number."""
        table: np.ndarray = self.profit[node]
        first, last = int(self.open[node]), int(self.close[node])
        if len(table) not in (1, last - first + 1) and len(table) == int(self.horizon) + 1:
            inside = table[first : last + 1]
            # Service cannot start after the horizon; there the last entry stands for those that are missing.
            table = inside if len(inside) else table[-1:]
            table = np.concatenate([table, np.full(max(0, last - first + 1 - len(table)), table[-1])])
        elif len(table) not in (1, last - first + 1):
            raise InputError(
                f"profit[{node}]", f"has {len(table)} entries",
                f"give one for each integer start time from {first} to {last}, or from 0 to {self.horizon:g}",
            )  # fmt: skip
        for k in np.flatnonzero(np.diff(table) > 0)[:1]:
            raise InputError(f"profit[{node}][{k + 1}]", f"is {table[k + 1]:g}, above {table[k]:g} before it",
                             "profits never rise with time: waiting is free")  # fmt: skip
        table = table[:1] if np.all(table == table[0]) else table
        table.setflags(write=False)
        return table

    @property
    def num_nodes(self) -> int:
        """Number of nodes n, the start included."""
        return len(self.open)

    @property
    def num_tasks(self) -> int:
        """Number of nodes besides the start."""
        return self.num_nodes - 1

    @cached_property
    def tables(self) -> tuple[np.ndarray, ...]:
        """Profits of each node by start time since its window opened; one entry where time does not matter."""
        if isinstance(self.profit, tuple):
            return self.profit
        return tuple(self.profit[k : k + 1] for k in range(self.num_nodes))

    @cached_property
    def latest(self) -> np.ndarray:
        """Latest start of service at each node: its window closes, or the horizon comes too near."""
        latest: np.ndarray = np.minimum(self.close, self.horizon - self.service)
        return latest

    def profit_at(self, node: int, start: float) -> float:
        """Return the profit of a node whose service starts at `start`; the last of its table after the window."""
        table = self.tables[node]
        if len(table) == 1:
            return float(table[0])
        return float(table[min(max(math.ceil(start - self.open[node]), 0), len(table) - 1)])


@dataclass(frozen=True)
class Route:
    """A path: the nodes in order of service, without the start."""

    nodes: tuple[int, ...]

    def __init__(self, nodes: Iterable[int]) -> None:
        object.__setattr__(self, "nodes", tuple(whole(node, "node") for node in nodes))


@dataclass(frozen=True)
class WorkerPath(Problem[Route]):
    """Visit tasks of greatest total profit within their time windows.

    ``max sum_k profit_{i_k}(s_k)`` over sequences of distinct nodes ``i_1, ..., i_m`` (none is allowed) with starts of
    service ``s_k = max(open_{i_k}, s_{k-1} + service_{i_{k-1}} + travel_{i_{k-1} i_k})``, ``s_0 = open_0``, subject to
    ``s_k <= close_{i_k}`` and ``s_k + service_{i_k} <= horizon``, and, with ``return_to_start``,
    ``s_m + service_{i_m} + travel_{i_m 0} <= horizon``: the orienteering problem with time windows. To start as early
    as possible is best, for profits never rise. Times hold to `tolerances.TIME`.

    Parameters
    ----------
    instance : WorkerPathInstance

    References
    ----------
    Vansteenwegen, Souffriau, Van Oudheusden, The orienteering problem: a survey, EJOR 209, 2011.

    Examples
    --------
    >>> travel = [[0, 2, 2], [2, 0, 3], [2, 3, 0]]
    >>> problem = WorkerPath(WorkerPathInstance([0, 3, 5], [0, 0, 6], [9, 9, 9], [0, 1, 1], travel, True, 9))
    >>> problem.starts(Route([1, 2])), problem.evaluate(Route([1, 2])), problem.violations(Route([1, 2]))
    ((2.0, 6.0), 8.0, ())
    """

    instance: WorkerPathInstance

    name: ClassVar[str] = "worker-path"
    sense: ClassVar[Sense] = Sense.MAX
    instance_type: ClassVar[type[Instance]] = WorkerPathInstance

    def __post_init__(self) -> None:
        self._check_options()

    def starts(self, solution: Route) -> tuple[float, ...]:
        """Return when service starts at each node of the path."""
        place = self.instance
        here, free, found = 0, float(place.open[0] + place.service[0]), []
        for node in self._nodes(solution):
            start = max(free + float(place.travel[here, node]), float(place.open[node]))
            found.append(start)
            here, free = node, start + float(place.service[node])
        return tuple(found)

    def evaluate(self, solution: Route) -> float:
        """Return the profit collected, correctly rounded."""
        starts = self.starts(solution)
        return math.fsum(self.instance.profit_at(i, s) for i, s in zip(solution.nodes, starts, strict=True))

    def violations(self, solution: Route) -> tuple[Violation, ...]:
        """Return the windows missed, services that end too late, and a return that does."""
        place, found = self.instance, []
        free, last = float(place.open[0] + place.service[0]), 0
        for node, start in zip(solution.nodes, self.starts(solution), strict=True):
            free, last = start + float(place.service[node]), node
            late = {"time window": start - float(place.close[node]), "horizon": free - place.horizon}
            found += [Violation(name, f"node {node}", by) for name, by in late.items() if by > tolerances.TIME]
        if place.return_to_start and last:
            by = free + float(place.travel[last, 0]) - place.horizon
            if by > tolerances.TIME:
                found.append(Violation("return to start", f"node {last}", by))
        return tuple(found)

    def _nodes(self, solution: Route) -> tuple[int, ...]:
        return _order(solution.nodes, self.instance)

    def empty_solution(self) -> Route:
        """Return the path of a worker who stays; it is always feasible."""
        return Route(())

    def solution_to_json(self, solution: Route) -> dict[str, Any]:
        """Return ``{"path": [...]}``, nodes in order, without the start."""
        return {"path": list(solution.nodes)}

    def solution_from_json(self, document: Mapping[str, Any]) -> Route:
        """Read ``{"path": [...]}``."""
        return Route(_order(document["path"], self.instance))

    def every_solution(self) -> Iterator[Route]:
        """Yield every sequence of distinct tasks; `TooLarge` beyond nine tasks."""
        tasks = range(1, self.instance.num_nodes)
        if len(tasks) > _LARGEST_LISTED:
            raise TooLarge(f"{len(tasks)} tasks have too many orders to list: at most {_LARGEST_LISTED}")
        for size in range(len(tasks) + 1):
            yield from map(Route, itertools.permutations(tasks, size))

    @classmethod
    def random_small(cls, rng: np.random.Generator) -> WorkerPath:
        """Draw up to six tasks: travel of any kind, often integer times, so that ties occur, tables, zero profits."""
        n = int(rng.integers(1, 8))
        whole_times = bool(rng.random() < 0.6)
        travel = rng.uniform(0, 6, (n, n))
        if rng.random() < 0.4:  # metric and symmetric, as on a map
            x, y = rng.uniform(0, 5, (2, n))
            travel = np.hypot(x[:, None] - x, y[:, None] - y)
        opened, width, service = rng.uniform(0, 10, n), rng.uniform(0, 8, n), rng.uniform(0, 2, n)
        opened[0], service[0] = rng.integers(0, 2, 2)
        profit: Any = rng.uniform(0, 10, n) if rng.random() < 0.5 else rng.integers(0, 4, n).astype(float)
        horizon = float(rng.uniform(4, 25))
        if whole_times:
            travel, opened, width, service = (np.round(times) for times in (travel, opened, width, service))
            horizon = round(horizon)
        profit[0] = 0
        if whole_times and rng.random() < 0.5:
            lengths = width.astype(int) + 1
            profit = [
                top if k == 0 or rng.random() < 0.3 else np.round(top * np.sort(rng.random(lengths[k]))[::-1], 2)
                for k, top in enumerate(profit)
            ]
        instance = WorkerPathInstance(
            profit, opened, opened + width, service, travel, bool(rng.random() < 0.5), horizon
        )
        return cls(instance)


def _order(value: Any, place: WorkerPathInstance) -> tuple[int, ...]:
    """Return nodes as given, refusing the start, what is no node, and a second visit."""
    index_list(value, "path", place.num_nodes, "node")
    for position, node in enumerate(value):
        if node == 0:
            raise InputError(f"path[{position}]", "is 0, the start", "list the tasks only: nodes 1, 2, ...")
    return tuple(int(node) for node in value)
