"""Which kinds of instance can be generated, and by which function."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from mcsopt.errors import InputError
from mcsopt.problems.fields import Instance

GENERATORS: dict[str, str] = {
    "knapsack": "mcsopt.data.knapsacks:knapsack",
    "sensing-market": "mcsopt.data.markets:sensing_market",
}


def generator_of(kind: str) -> Callable[..., Instance]:
    """Return the generator of a kind of instance; `InputError` lists the known kinds."""
    if kind not in GENERATORS:
        raise InputError("kind", f"{kind!r} is not known", f"use one of {', '.join(GENERATORS)}")
    module, _, function = GENERATORS[kind].partition(":")
    found: Callable[..., Instance] = getattr(importlib.import_module(module), function)
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
            raise InputError(f"--{name}", f"is no option of kind {kind!r}", f"it takes {', '.join(parameters)}")
        arguments[name] = _read(name, text, str(parameters[name].annotation))
    return function(**arguments)


def _read(name: str, text: str, annotation: str) -> Any:
    try:
        if "int" in annotation:
            return int(text)
        if "float" in annotation:
            return float(text)
    except ValueError:
        raise InputError(f"--{name}", f"is {text!r}", f"give a value of type {annotation}") from None
    if "bool" in annotation:
        if text.lower() not in ("true", "false"):
            raise InputError(f"--{name}", f"is {text!r}", "give true or false")
        return text.lower() == "true"
    return text
