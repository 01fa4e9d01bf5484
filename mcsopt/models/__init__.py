"""How it is stated: one file per problem, found by the problem's name. Nothing is solved here.

``mcsopt.models.<problem_name>`` offers ``build_pyomo``, ``read_pyomo``, ``build_cp_sat``, ``read_cp_sat`` and
``describe``.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from mcsopt.errors import InputError
from mcsopt.problems import Problem


def statement(problem: Problem[Any]) -> ModuleType:
    """Return the module that states `problem`."""
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
    return statement(problem).build_pyomo(problem)
