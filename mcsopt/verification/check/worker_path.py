"""Worker paths (orienteering with time windows): constraints in exact integers, bounds by a search of its own."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mcsopt.verification.check import path_search, strict
from mcsopt.verification.check.rounding import nearest, round_up, scaled
from mcsopt.verification.check.strict import NONNEGATIVE, Refused, Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "worker-path"
KIND = "worker-path"
SENSE = "max"
ONE_SIGN = True
ARITHMETIC = "rational; large bounds in doubles rounded outward"

SLACK = 1e-9
"""Allowed beyond each window and the horizon."""
EXACT_TASKS = 7
"""Up to so many tasks bounds are searched in exact integers."""
EXACT_CELLS = 3_000
"""Up to so many cells they are relaxed in exact integers."""
MOST_CELLS = 4_000_000
MOST_SUBSET_TASKS = 20
"""2^20 sets of tasks, each with 20 last ones."""
STEP = strict.Range(2.0**-300, 2.0**400)


@dataclass(frozen=True)
class Place:
    """An instance, in doubles as read; a profit is a list, over integer start times or of one entry."""

    profit: list[list[float]]
    open: list[float]
    close: list[float]
    service: list[float]
    travel: list[list[float]]
    returns: bool
    horizon: float


def parse_options(options: Any) -> None:
    """Refuse any option: worker paths have none."""
    strict.entries(options, "options", ())


def parse_instance(instance: Any, options: None, run: Run) -> Place:
    """Read a ``worker-path`` instance, its common keys already checked."""
    keys = ("format", "kind", "profit", "open", "close", "service", "travel", "return_to_start", "horizon")
    document = strict.entries(instance, "instance", keys)
    opened = strict.numbers(document["open"], "instance.open", NONNEGATIVE)
    n = len(opened)
    if not n:
        raise Refused("instance.open is empty: there is at least the start")
    close = strict.numbers(document["close"], "instance.close", NONNEGATIVE, n)
    service = strict.numbers(document["service"], "instance.service", NONNEGATIVE, n)
    rows = strict.listed(document["travel"], "instance.travel", n)
    travel = [strict.numbers(row, f"instance.travel[{i}]", NONNEGATIVE, n) for i, row in enumerate(rows)]
    horizon = strict.number(document["horizon"], "instance.horizon", NONNEGATIVE)
    returns = document["return_to_start"]
    if not isinstance(returns, bool):
        raise Refused(f"instance.return_to_start is {strict.show(returns)}, not true or false")
    for node in range(n):
        if close[node] < opened[node]:
            raise Refused(f"instance.close[{node}] is {close[node]!r}, before the window opens at {opened[node]!r}")
    if Fraction(opened[0]) + Fraction(service[0]) > Fraction(horizon):
        raise Refused("instance.horizon comes before the worker can leave node 0")
    profit = [
        strict.numbers(given if isinstance(given, list) else [given], f"instance.profit[{node}]", NONNEGATIVE)
        for node, given in enumerate(strict.listed(document["profit"], "instance.profit", n))
    ]
    place = Place(profit, opened, close, service, travel, returns, horizon)
    if any(len(table) != 1 for table in profit):
        _require_integers(place)
        profit[:] = [_window(place, node) for node in range(n)]
    if any(profit[0]):
        raise Refused("instance.profit[0] is not 0: the start is worth nothing")
    return place


def _require_integers(place: Place) -> None:
    columns = (place.open, place.close, place.service, [place.horizon], *place.travel)
    if any(time != math.floor(time) for column in columns for time in column):
        raise Refused("instance.profit depends on time, yet not all times are integers")


def _window(place: Place, node: int) -> list[float]:
    """Return the profits of a node over its window; a longer table runs from time 0 to the horizon."""
    table, first, last = place.profit[node], int(place.open[node]), int(place.close[node])
    if len(table) not in (1, last - first + 1):
        if len(table) != int(place.horizon) + 1:
            raise Refused(f"instance.profit[{node}] has {len(table)} entries, which fit neither window nor horizon")
        table = table[first : last + 1] or table[-1:]
    if any(later > sooner for sooner, later in itertools.pairwise(table)):
        raise Refused(f"instance.profit[{node}] rises with time")
    return table


def parse_solution(place: Place, solution: dict[str, Any]) -> list[int]:
    """Read the path; the common keys are already checked."""
    strict.entries(solution, "solution", ("format", "problem", "path"))
    path = strict.distinct_indices(solution["path"], "solution.path", len(place.open))
    if 0 in path:
        raise Refused("solution.path holds 0, the start")
    return path


def _starts(place: Place, path: list[int]) -> list[Fraction]:
    here, free, starts = 0, Fraction(place.open[0]) + Fraction(place.service[0]), []
    for node in path:
        start = max(free + Fraction(place.travel[here][node]), Fraction(place.open[node]))
        starts.append(start)
        here, free = node, start + Fraction(place.service[node])
    return starts


def objective_of(place: Place, path: list[int]) -> float:
    """Return the profit of a path, correctly rounded."""
    worth = Fraction(0)
    for node, start in zip(path, _starts(place, path), strict=True):
        table = place.profit[node]
        since = math.ceil(start - Fraction(place.open[node])) if len(table) > 1 else 0
        worth += Fraction(table[min(since, len(table) - 1)])
    return nearest(worth)


def violations_of(place: Place, path: list[int], run: Run) -> tuple[Breach, ...]:
    """Return what comes too late by more than 1e-9, decided exactly."""
    found, last, free = [], 0, Fraction(0)
    for node, start in zip(path, _starts(place, path), strict=True):
        last, free = node, start + Fraction(place.service[node])
        late = {"time window": start - Fraction(place.close[node]), "horizon": free - Fraction(place.horizon)}
        found += [Breach(name, f"node {node}", nearest(by)) for name, by in late.items() if by > Fraction(SLACK)]
    if place.returns and last:
        by = free + Fraction(place.travel[last][0]) - Fraction(place.horizon)
        if by > Fraction(SLACK):
            found.append(Breach("return to start", f"node {last}", nearest(by)))
    return tuple(found)


def derive_bound(place: Place, evidence: dict[str, Any], run: Run) -> float | None:
    """Return a bound on the profit of every path, from prices and a search of its own, or from all sets of tasks.

    ``label-bounds`` brings prices ``u >= 0``, a width of cells and a claim B. Walks that collect ``profit - u`` and
    may come back to a task, with ``sum u`` given back, bound all paths; with B, the paths that this bound does not
    settle are searched, and the result is B or the best path above it. Wrong prices and claims only make the search
    longer or the bound weaker.
    """
    kind = strict.one_of(evidence.get("kind"), "evidence.kind", ("label-bounds", "subset-program"))
    if kind == "subset-program":
        strict.entries(evidence, "evidence", ("kind",))
        return _by_subsets(place, run)
    strict.entries(evidence, "evidence", ("kind", "step", "price", "bound"))
    step = strict.number(evidence["step"], "evidence.step", STEP)
    if math.frexp(step)[0] != 0.5:
        raise Refused(f"evidence.step is {step!r}, not a power of two")
    price = strict.numbers(evidence["price"], "evidence.price", NONNEGATIVE, len(place.open))
    claim = None if evidence["bound"] is None else strict.number(evidence["bound"], "evidence.bound")
    spans = [max(0.0, min(c, place.horizon) - o) + SLACK for o, c in zip(place.open, place.close, strict=True)]
    cells = sum(span / step + 2 for span in spans)
    if cells > MOST_CELLS:
        raise Refused(f"evidence.step is {step!r}: more than {MOST_CELLS:,} cells")
    if len(place.open) - 1 <= EXACT_TASKS and (claim is not None or cells <= EXACT_CELLS):
        return _exactly(place, step, price, claim, run)
    from mcsopt.verification.check import path_compiled  # loads numba

    return path_compiled.bound(place, step, price, claim, SLACK, run)


def _exactly(place: Place, step: float, price: list[float], claim: float | None, run: Run) -> float:
    exact, width, scale, paid = _integers(place, step, price)
    if claim is None:
        return round_up(Fraction(path_search.relaxed(exact, width, paid, run), scale))
    # Profits are integers here: one exceeds the claim if it exceeds its floor.
    floor = math.floor(Fraction(max(claim, 0.0)) * scale)
    best = path_search.best(exact, floor, run)
    return round_up(Fraction(best, scale)) if best > floor else max(claim, 0.0)


def _by_subsets(place: Place, run: Run) -> float:
    if any(len(table) > 1 for table in place.profit):
        raise Refused("evidence.kind is 'subset-program', yet profits depend on time")
    tasks = len(place.open) - 1
    if tasks > MOST_SUBSET_TASKS:
        raise Refused(f"evidence.kind is 'subset-program', yet there are {tasks} tasks, more than {MOST_SUBSET_TASKS}")
    if tasks <= EXACT_TASKS:
        exact, _, scale, _ = _integers(place, 1.0, [])
        return round_up(Fraction(path_search.best(exact, 0, run), scale))
    from mcsopt.verification.check import path_compiled  # loads numba

    return path_compiled.bound_by_subsets(place, SLACK, run)


def _integers(place: Place, step: float, price: list[float]) -> tuple[path_search.Exact, int, int, list[int]]:
    """Return instance and width of cells in integers, what a unit of profit counts, and the prices in that unit."""
    n = len(place.open)
    trips = [time for row in place.travel for time in row]
    values, unit = scaled([*place.open, *place.close, *place.service, *trips, place.horizon, SLACK, step])
    worths, scale = scaled([*(p for table in place.profit for p in table), *price])
    rest, profit = iter(worths), []
    for table in place.profit:
        profit.append([next(rest) for _ in table])
    horizon, slack, width = values[-3:]
    exact = path_search.reachable(
        profit,
        values[:n],
        [min(c + slack, horizon + slack - s) for c, s in zip(values[n : 2 * n], values[2 * n : 3 * n], strict=True)],
        values[2 * n : 3 * n],
        [values[n * i : n * (i + 1)] for i in range(3, n + 3)],
        horizon + slack if place.returns else None,
        unit,
    )
    return exact, width, scale, list(rest)
