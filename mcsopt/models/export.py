"""Write the Pyomo model of a problem as a file that other solvers read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcsopt.data.files import check_writable, replacing
from mcsopt.errors import InputError
from mcsopt.models.statements import model
from mcsopt.problems import Problem

MODEL_FORMATS = ("lp", "mps")
"""Files that other solvers read."""


def model_format(path: str | Path) -> str | None:
    """Return the format that the ending of a path stands for, ``"lp"`` or ``"mps"``; None for another ending."""
    ending = Path(path).suffix.lower().removeprefix(".")
    return ending if ending in MODEL_FORMATS else None


def write_model(problem: Problem[Any], path: str | Path, form: str | None = None) -> None:
    """Write the Pyomo model of a problem as an LP or MPS file, for any other solver.

    Names are those of the model, numbers are written in full, and the objective is in the instance's own unit: its
    optimum is that of :func:`mcsopt.solve`, as far as the solver's tolerances go. (The model of stable coalitions is
    relaxed by 1e-7, see `mcsopt.models.stable_coalition.build_pyomo`.)

    Parameters
    ----------
    problem : Problem
    path : str or Path
        ``.lp`` or ``.mps``; written whole or not at all.
    form : {"lp", "mps"}, optional
        Default: by the ending of `path`.

    Raises
    ------
    InputError
        For another format, an ending that contradicts it, a model that is not linear or none at all, or a place that
        cannot be written.
    TooLarge
        If the statement refuses the size.
    """
    check_writable(path)
    ending = model_format(path)
    if form is None and ending is None:
        raise InputError("", "has an unknown ending", "name it .lp or .mps, or say which it is", str(path))
    if form is not None and form not in MODEL_FORMATS:
        raise InputError("format", f"is {form!r}", "use 'lp' or 'mps'")
    if form is not None and ending not in (None, form):
        raise InputError("", f"would be of format {form!r}", f"name it .{form}", str(path))
    stated = model(problem)
    _check_linear(problem, stated)
    _restore_unit(stated)
    with replacing(path) as partial:
        stated.write(str(partial), format=form or ending, io_options={"symbolic_solver_labels": True})


def _restore_unit(stated: Any) -> None:
    """State the objective in the unit of the instance; some models have another, for the sake of tolerances."""
    import pyomo.environ as pyo

    unit = getattr(stated, "objective_unit", 1.0)
    for objective in stated.component_data_objects(pyo.Objective, active=True):
        if unit != 1.0:
            objective.set_value(objective.expr * unit)


def _check_linear(problem: Problem[Any], stated: Any) -> None:
    import pyomo.environ as pyo
    from pyomo.core.expr.numvalue import polynomial_degree

    for part in stated.component_data_objects((pyo.Objective, pyo.Constraint), active=True):
        expression = part.expr if part.ctype is pyo.Objective else part.body
        if polynomial_degree(expression) not in (0, 1):
            raise InputError(
                "problem",
                f"{problem.name!r} is stated with {part.name}, which is not linear",
                "take mcsopt.model(problem), the Pyomo model: LP and MPS files are for linear ones",
            )
