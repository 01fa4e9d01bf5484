"""Tables of instances, plans and runs as pandas frames, exact to the last bit, and instances back from frames.

Rows count from 0, as everywhere. pandas is no requirement of mcsopt: it is loaded when a frame is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsopt.errors import InputError, shown
from mcsopt.problems import AssignmentProblem, instance_types
from mcsopt.problems.fields import INSTANCE_FORMAT, Field, Instance
from mcsopt.result import Result

if TYPE_CHECKING:
    import pandas as pd

_UNGROUPED = {
    "knapsack": "items", "data-coalition": "players", "worker-path": "nodes", "coalition-structure": "coalitions",
}  # fmt: skip
"""Name of the frame of the columns that stand in no group of the file, by kind; "rows" for others."""


def load_pandas() -> ModuleType:
    """Import pandas; `InputError` says how to get it."""
    try:
        import pandas
    except ImportError:
        raise InputError("pandas", "is not installed", "pip install pandas") from None
    return pandas


def instance_frames(instance: Instance) -> dict[str, pd.DataFrame]:
    """Return the columns of an instance, one frame per group of columns of equal length.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    dict of str to DataFrame
        By group of the instance file: a sensing market has ``tasks`` (budget, demand, redundancy, and x, y if it has
        positions), ``workers`` (arrival, and privacy_budget, x, y) and ``pairs`` (task, worker, payment, cost, quality,
        and intent_prior); a knapsack ``items`` (weight, value); a data coalition ``players`` (cost); a coalition
        structure ``coalitions`` (value, and feasible if it says so). Columns are float64, the doubles of the instance,
        indices (``pairs.task``, ``pairs.worker``) and ``feasible`` int64; what the instance does
        not have is left out. Row k is task, worker, pair, item or player k. The frames are copies.

    Examples
    --------
    >>> from mcsopt.problems import KnapsackInstance
    >>> instance_frames(KnapsackInstance([3.0, 4.0], [4.0, 5.5], 7.5))["items"].to_dict("list")
    {'weight': [3.0, 4.0], 'value': [4.0, 5.5]}
    """
    pandas = load_pandas()
    groups: dict[str, dict[str, np.ndarray]] = {}
    for field in instance.FIELDS:
        value = getattr(instance, field.name)
        if field.column and value is not None:
            groups.setdefault(_frame_of(instance.kind, field), {})[field.key] = value.copy()
    frames = {name: pandas.DataFrame(columns) for name, columns in groups.items()}
    for name, frame in frames.items():
        frame.index.name = name.removesuffix("s")
    return frames


def instance_scalars(instance: Instance) -> dict[str, Any]:
    """Return what an instance holds besides its columns, by the names of the instance file."""
    return {field.path: getattr(instance, field.name) for field in instance.FIELDS if not field.column}


def instance_from_frames(
    kind: str, frames: Mapping[str, pd.DataFrame], scalars: Mapping[str, Any] | None = None
) -> Instance:
    """Build an instance from frames as :func:`instance_frames` returns them, changed or not.

    Parameters
    ----------
    kind : str
        Kind of instance.
    frames : Mapping of str to DataFrame
        One per group. Rows that pairs refer to by number (tasks, workers) must be indexed 0, 1, 2, ...: a frame that
        was sorted or filtered is refused, lest the pairs mean other rows. The order of pairs means nothing.
    scalars : Mapping, optional
        As :func:`instance_scalars` returns them.

    Raises
    ------
    InputError
        For an unknown kind, frame or column, a missing one, or inadmissible numbers, naming frame, column and row.

    Examples
    --------
    >>> from mcsopt.problems import KnapsackInstance
    >>> drawn = KnapsackInstance([3.0, 4.0], [4.0, 5.5], 7.5)
    >>> instance_from_frames("knapsack", instance_frames(drawn), instance_scalars(drawn)).digest() == drawn.digest()
    True
    """
    if kind not in instance_types():
        raise InputError("kind", f"is {shown(kind)}", f"use one of {', '.join(sorted(instance_types()))}")
    wanted = instance_types()[kind]
    names = {_frame_of(kind, field): field.group for field in wanted.FIELDS if field.column}
    numbered = {f"{field.key}s" for field in wanted.FIELDS if field.integer}
    for name in scalars or {}:
        if name in names.values():
            raise InputError(f"scalars.{name}", "is a group of columns", "give it as a frame")
    document: dict[str, Any] = {"format": INSTANCE_FORMAT, "kind": kind, **(scalars or {})}
    for name, frame in frames.items():
        if name not in names:
            raise InputError(shown(name), f"is no frame of kind {kind!r}", f"it has {', '.join(sorted(names))}")
        if not isinstance(frame, load_pandas().DataFrame):
            raise InputError(name, f"is a {type(frame).__name__}", "give a pandas DataFrame")
        if name in numbered and not np.array_equal(frame.index, np.arange(len(frame))):
            raise InputError(name, "is not indexed 0, 1, 2, ..., and pairs refer to its rows by number",
                             "sort it back, or renumber the pairs and reset_index(drop=True)")  # fmt: skip
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise InputError(f"{name}.{twice}", "occurs twice", "keep one")
        place = document.setdefault(names[name], {}) if names[name] else document
        place.update({str(column): frame[column].to_numpy() for column in frame.columns})
    return wanted.from_json(document)


def assignment_frame(problem: AssignmentProblem, solution: Any) -> pd.DataFrame:
    """Return one row per contract of a plan, by task and worker.

    Parameters
    ----------
    problem : OfflineWelfare or OnlineRecruitment
    solution : Assignment or Mapping
        A plan, feasible or not, as one or by the keys of a solution file.

    Returns
    -------
    DataFrame
        ``task``, ``worker`` and ``pair`` (row of the pairs), int64; ``arrival``, ``payment``, ``cost``, ``quality``
        and, if the market has it, ``intent_prior``, float64.

    Raises
    ------
    InputError
        For another problem, something else than a plan, or a contract without a pair.
    """
    if not isinstance(problem, AssignmentProblem):
        remedy = "select rows of instance_frames(problem.instance) by the solution's indices"
        raise InputError("problem", "has no assignment of workers to tasks", remedy)
    pandas = load_pandas()
    market, plan = problem.instance, problem.as_solution(solution)
    contracts = [(task, worker) for task, members in enumerate(plan.sets) for worker in members]
    pairs = np.array([problem.pairs(task, [worker])[0] for task, worker in contracts], dtype=np.int64)
    task, worker = market.pair_task[pairs], market.pair_worker[pairs]
    columns = {"task": task, "worker": worker, "pair": pairs, "arrival": market.arrival[worker]}
    for name in ("payment", "cost", "quality", "intent_prior"):
        values = getattr(market, name)
        if values is not None:
            columns[name] = values[pairs]
    return pandas.DataFrame(columns)


def trace_frame(result: Result) -> pd.DataFrame:
    """Return the accepted steps of a heuristic's run, one row each.

    Returns
    -------
    DataFrame
        ``round`` and ``mover`` (index of the player that moved), int64; ``potential`` after the step, float64. Empty
        for a run without steps.
    """
    pandas = load_pandas()
    steps = result.trace
    return pandas.DataFrame(
        {
            "round": np.array([step.round for step in steps], dtype=np.int64),
            "mover": np.array([step.mover for step in steps], dtype=np.int64),
            "potential": np.array([step.potential for step in steps], dtype=np.float64),
        }
    )


def _frame_of(kind: str, field: Field) -> str:
    return field.group or _UNGROUPED.get(kind, "rows")
