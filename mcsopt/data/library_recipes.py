"""How every entry of the library is made: generator and arguments, or the instance itself, written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcsopt.data.files import instance_from_json
from mcsopt.data.generators import generator_of
from mcsopt.errors import InputError
from mcsopt.problems import Problem, problem_type
from mcsopt.problems.fields import INSTANCE_FORMAT, Instance

SIZES = ("tiny", "small", "medium", "large")
BY_HAND = "by-hand"


@dataclass(frozen=True)
class Recipe:
    """How one entry is made.

    Attributes
    ----------
    name, problem_name, options, size, tags
        As in `mcsopt.data.library.Entry`.
    kind, arguments : str, Mapping
        Kind of generator and its arguments; kind "by-hand": the JSON object of the instance.
    """

    name: str
    problem_name: str
    size: str
    kind: str
    arguments: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def problem(self) -> Problem[Any]:
        """Return the problem, its instance made anew."""
        instance = make_instance(self.kind, self.arguments)
        problem: Problem[Any] = problem_type(self.problem_name)(instance, **self.options)  # type: ignore[call-arg]
        return problem


def make_instance(kind: str, arguments: Mapping[str, Any]) -> Instance:
    """Return the instance that a generator draws, or that was written by hand."""
    return instance_from_json(arguments) if kind == BY_HAND else generator_of(kind)(**arguments)


def recipes() -> dict[str, Recipe]:
    """Return every recipe by its name, sorted."""
    found = [*_knapsacks()]
    return {recipe.name: recipe for recipe in sorted(found, key=lambda recipe: recipe.name)}


def recipe(name: str) -> Recipe:
    """Return the recipe called `name`; `InputError` if there is none."""
    known = recipes()
    if name not in known:
        raise InputError("library", f"has no recipe for {name!r}", "see mcsopt library list")
    return known[name]


def _knapsacks() -> Iterator[Recipe]:
    three = {"weight": [3.0, 4.0, 5.0], "value": [4.0, 5.0, 6.5], "capacity": 7.5}
    yield _by_hand("knapsack/by-hand-three", "knapsack", three)


def _by_hand(name: str, kind: str, columns: Mapping[str, Any], **what: Any) -> Recipe:
    document = {"format": INSTANCE_FORMAT, "kind": kind, **columns}
    return Recipe(name, name.partition("/")[0], "tiny", BY_HAND, document, **what)
