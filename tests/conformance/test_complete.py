"""A problem has all its parts: what is forgotten is named here, not by a traceback elsewhere."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mcsopt.data import GENERATORS, default_instance
from mcsopt.data.generators import generator_of
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import Problem, problem_type
from mcsopt.result import Status
from mcsopt.solvers import solve, solvers_of
from tests.conformance.suite import ORACLE, PROBLEMS, draw

STATEMENT = ("describe", "build_pyomo", "read_pyomo", "build_cp_sat", "read_cp_sat")
CHECKER = (
    "PROBLEM", "KIND", "SENSE", "ARITHMETIC", "parse_options", "parse_instance", "parse_solution", "objective_of",
    "violations_of", "derive_bound",
)  # fmt: skip


def lacking(module: str, names: tuple[str, ...]) -> list[str]:
    """Return what a module lacks: itself, or some of the names."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return [module]
    return [f"{module}.{name}" for name in names if not hasattr(found, name)]


def _statement(question: type[Problem[Any]]) -> list[str]:
    return lacking(f"mcsopt.models.{question.name.replace('-', '_')}", STATEMENT)


def _checker(question: type[Problem[Any]]) -> list[str]:
    module = f"mcsopt.verification.check.{question.name.replace('-', '_')}"
    found = lacking(module, CHECKER)
    if not found:
        checker = importlib.import_module(module)
        told = {"PROBLEM": question.name, "KIND": question.instance_type.kind, "SENSE": str(question.sense)}
        found = [f"{module}.{key} = {value!r}" for key, value in told.items() if getattr(checker, key) != value]
    return found


def _evidence(question: type[Problem[Any]]) -> list[str]:
    takers = solvers_of(question.name)
    first = takers and takers[0].evidence
    return [] if first else ["a first solver with evidence=True, before 'highs' (solvers/registry.py)"]


def _oracle(question: type[Problem[Any]]) -> list[str]:
    try:
        with np.errstate(all="ignore"):
            solve(draw(question.name, 0), solver=ORACLE)
    except (TooLarge, InputError) as refusal:
        return [str(refusal)]
    return []


def _data(question: type[Problem[Any]]) -> list[str]:
    kind = question.instance_type.kind
    found = [] if kind in GENERATORS else [f"a generator of {kind} (data/generators.py)"]
    try:
        default_instance(kind)
    except InputError:
        found.append(f"the default instance data/default-{kind}.json")
    return found


@pytest.mark.parametrize("part", [_statement, _checker, _evidence, _oracle, _data], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", PROBLEMS)
def test_nothing_is_missing(name: str, part: Callable[[type[Problem[Any]]], list[str]]) -> None:
    missing = part(problem_type(name))
    assert not missing, f"{name} lacks {', '.join(missing)}"


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_heeds_its_seed(kind: str) -> None:
    generator = generator_of(kind)
    first, again, zero, other = (generator(seed=seed).digest() for seed in (5, 5, 0, 6))
    assert first == again
    assert len({first, zero, other}) == 3


def _questions() -> list[tuple[str, dict[str, str]]]:
    """Return every problem with every choice of its options."""
    known = {name: problem_type(name).OPTIONS for name in PROBLEMS}
    return [
        (name, dict(zip(options, choice, strict=True)))
        for name, options in known.items()
        for choice in itertools.product(*options.values())
    ]


@pytest.mark.parametrize(
    ("name", "options"), _questions(), ids=lambda part: "-".join(part.values()) if isinstance(part, dict) else part
)
def test_a_default_instance_asks_something(name: str, options: dict[str, str]) -> None:
    """Doing nothing is not the answer, under any option; but an option may ask for what cannot be, with a reason."""
    question = problem_type(name)
    problem = question(default_instance(question.instance_type.kind), **options)  # type: ignore[call-arg]  # every problem is a dataclass
    result = solve(problem)
    if problem == question(problem.instance) or result.status is not Status.INFEASIBLE:
        assert result.status is Status.PROVED
        assert result.solution != problem.empty_solution()
    else:
        assert result.message
