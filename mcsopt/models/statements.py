"""Find the statement of a problem by the problem's name."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from mcsopt.errors import InputError
from mcsopt.problems import Problem, require_problem


def statement(problem: Problem[Any] | type[Problem[Any]]) -> ModuleType:
    """Return the module that states `problem`, or every problem of that type."""
    name = f"mcsopt.models.{problem.name.replace('-', '_')}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise InputError("problem", f"{problem.name!r} has no declarative model", f"write {name}") from None


def model(problem: Problem[Any]) -> Any:
    """Return the Pyomo model of a problem, to inspect, export or solve.

    Examples
    --------
    >>> from mcsopt.problems import Knapsack, KnapsackInstance
    >>> model(Knapsack(KnapsackInstance([3.0], [4.0], 5.0))).name
    'knapsack'
    """
    require_problem(problem)
    module = statement(problem)
    if not hasattr(module, "build_pyomo"):
        raise InputError("problem", f"{problem.name!r} is not stated in Pyomo", f"read it: {module.__name__}")
    return module.build_pyomo(problem)
