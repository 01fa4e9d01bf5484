"""Which problems there are: every module of this package, and the entry points ``mcsopt.problems`` of others."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

import mcsopt.problems
from mcsopt.errors import InputError
from mcsopt.plugins import with_plugins
from mcsopt.problems.base import Problem
from mcsopt.problems.fields import Instance


@cache
def problem_types() -> dict[str, type[Problem[Any]]]:
    """Return every problem type by its name."""
    return dict(sorted(with_plugins(_own_types(), "mcsopt.problems").items()))


def _own_types() -> Iterator[type[Problem[Any]]]:
    for module_info in pkgutil.iter_modules(mcsopt.problems.__path__):
        module = importlib.import_module(f"mcsopt.problems.{module_info.name}")
        for value in vars(module).values():
            if not isinstance(value, type) or not issubclass(value, Problem) or inspect.isabstract(value):
                continue
            if not hasattr(value, "name"):
                raise TypeError(f"{value.__module__}.{value.__name__} is a problem without a name")
            yield value


def problem_type(name: str) -> type[Problem[Any]]:
    """Return the problem type called `name`; `InputError` lists the known ones."""
    types = problem_types()
    if name not in types:
        raise InputError("problem", f"{name!r} is not known", f"use one of {', '.join(types)}")
    return types[name]


def instance_types() -> dict[str, type[Instance]]:
    """Return every kind of instance by its name."""
    return {t.instance_type.kind: t.instance_type for t in problem_types().values()}
