"""Models that a notebook can show: what is asked, how large it is, and the statement in words and mathematics."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from mcsopt.display import small_table
from mcsopt.models import statement
from mcsopt.problems import Problem


class ReadableModel(pyo.ConcreteModel):
    """A Pyomo model that knows which problem it states.

    Parameters
    ----------
    name : str
    problem : Problem
        Kept as ``asked``, to describe it; solving, cloning and pickling are those of any other model.
    """

    def __init__(self, name: str, problem: Problem[Any]) -> None:
        super().__init__(name)
        self.asked = problem

    def _repr_html_(self) -> str:
        """Return the statement for notebooks."""
        return shown_statement(self.asked, self.name, self.nvariables(), self.nconstraints(), "Pyomo model")


def at_one(variables: pyo.Var) -> list[Any]:
    """Return the indices of the binary variables that are one in a solved model; values above one half count as one."""
    return [index for index, x in variables.items() if x.value is not None and x.value > 0.5]


def shown_statement(problem: Problem[Any], name: str, variables: int, constraints: int, caption: str) -> str:
    """Return a model's size and its statement in words as HTML for notebooks."""
    rows = {
        "name": name,
        "sense": f"{problem.sense}imise",
        "variables": f"{variables:,}",
        "constraints": f"{constraints:,}",
        **problem.options,
    }
    return small_table(caption, rows, note=statement(problem).describe(problem))
