"""Which kinds of instance can be generated, and by which function."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from mcsopt.errors import InputError
from mcsopt.problems.fields import Instance

GENERATORS: dict[str, str] = {
    "knapsack": "mcsopt.data.knapsacks:knapsack",
    "sensing-market": "mcsopt.data.markets:sensing_market",
    "online-market": "mcsopt.data.online_markets:drawn_online_market",
    "data-coalition": "mcsopt.data.coalitions:data_coalition",
    "worker-path": "mcsopt.data.worker_paths:worker_path",
    "finite-mdp": "mcsopt.data.decision_processes:decision_process",
    "coalition-structure": "mcsopt.data.coalition_games:coalition_game",
}


def generator_of(kind: str) -> Callable[..., Instance]:
    """Return the generator of a kind of instance; `InputError` lists the known kinds."""
    if kind not in GENERATORS:
        raise InputError("kind", f"{kind!r} is not known", f"use one of {', '.join(GENERATORS)}")
    found: Callable[..., Instance] = pkgutil.resolve_name(GENERATORS[kind])
    return found


def generate(kind: str, options: Mapping[str, str]) -> Instance:
    """Generate an instance from options given as text.

    Parameters
    ----------
    kind : str
        A key of `GENERATORS`.
    options : Mapping of str to str
        Arguments of the generator by name; texts are read by the type of each argument.

    Raises
    ------
    InputError
        For an unknown kind or option, or a value of the wrong type or out of range.
    """
    function = generator_of(kind)
    parameters = inspect.signature(function).parameters
    arguments = {}
    for name, text in options.items():
        if name not in parameters:
            known = ", ".join(_flag(parameter) for parameter in parameters)
            raise InputError(_flag(name), f"is no option of kind {kind!r}", f"it takes {known}")
        arguments[name] = _read(_flag(name), text, str(parameters[name].annotation))
    try:
        return function(**arguments)
    except InputError as error:
        # Told in Python's names; the caller wrote flags.
        field = _flag(error.field) if error.field in parameters else error.field
        raise InputError(field, error.problem, error.remedy) from None
    except (ValueError, OverflowError) as error:  # numpy's, of a count beyond all memory
        raise InputError(f"kind {kind}", f"cannot be drawn so large ({error})", "ask for less") from None


def _flag(parameter: str) -> str:
    return "--" + parameter.replace("_", "-")


def _read(flag: str, text: str, annotation: str) -> Any:
    try:
        if "int" in annotation:
            return int(text)
        if "float" in annotation:
            return float(text)
    except ValueError:
        what = "an integer" if "int" in annotation else "a number"
        raise InputError(flag, f"is {text!r}", f"give {what}") from None
    if "bool" in annotation:
        if text.lower() not in ("true", "false"):
            raise InputError(flag, f"is {text!r}", "give true or false")
        return text.lower() == "true"
    return text
