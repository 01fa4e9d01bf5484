"""What every problem offers: its data, and the ground truth that solvers, heuristics and kernels are held to."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from mcsopt.errors import InputError, TooLarge, shown
from mcsopt.problems.fields import Instance, check_format
from mcsopt.result import Sense

SolutionT = TypeVar("SolutionT")
SOLUTION_FORMAT = "mcsopt-solution/1"


@dataclass(frozen=True)
class Violation:
    """One broken constraint.

    Attributes
    ----------
    constraint : str
        Name of the constraint, with the equation it implements.
    where : str
        The task, worker or item it is broken at.
    amount : float
        By how much, in the constraint's unit; always above its tolerance.
    """

    constraint: str
    where: str
    amount: float

    def to_json(self) -> dict[str, Any]:
        """Return the violation as a JSON object."""
        return {"constraint": self.constraint, "where": self.where, "amount": self.amount}

    def __str__(self) -> str:
        return f"{self.constraint} broken at {self.where} by {self.amount:.6g}"


class Problem(ABC, Generic[SolutionT]):
    """A question about an instance: objective, constraints and the solution's form.

    A subclass is a frozen dataclass holding ``instance`` and its options, and nothing else. Options are
    strings with a default, listed in `OPTIONS`.
    """

    name: ClassVar[str]
    sense: ClassVar[Sense]
    instance_type: ClassVar[type[Instance]]
    OPTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Name of each option and its admissible values, the default first."""

    asks_existence: ClassVar[bool] = False
    """Whether "none exists", proved, is an answer like any other; the empty solution then stands for it."""

    instance: Any

    @property
    def options(self) -> dict[str, str]:
        """The options of this problem, by name."""
        return {name: getattr(self, name) for name in self.OPTIONS}

    def _check_options(self) -> None:
        if not isinstance(self.instance, self.instance_type):
            raise InputError(
                "instance", f"is a {type(self.instance).__name__}", f"{self.name} takes a {self.instance_type.kind}"
            )
        for name, allowed in self.OPTIONS.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"option {name}", f"is {getattr(self, name)!r}", f"use one of {', '.join(map(repr, allowed))}"
                )

    @abstractmethod
    def evaluate(self, solution: SolutionT) -> float:
        """Return the objective of `solution`, feasible or not."""

    @abstractmethod
    def violations(self, solution: SolutionT) -> tuple[Violation, ...]:
        """Return every constraint that `solution` breaks by more than its tolerance."""

    @abstractmethod
    def empty_solution(self) -> SolutionT:
        """Return the solution that does nothing; it may be infeasible."""

    @abstractmethod
    def solution_to_json(self, solution: SolutionT) -> dict[str, Any]:
        """Return the keys of a solution file for `solution` (without ``format`` and ``problem``)."""

    @abstractmethod
    def solution_from_json(self, document: Mapping[str, Any]) -> SolutionT:
        """Build a solution from the keys of a solution file; `InputError` if it is malformed."""

    @classmethod
    @abstractmethod
    def random_small(cls, rng: np.random.Generator) -> Problem[SolutionT]:
        """Draw a random problem small enough for brute force: the conformance suite lives on these."""

    def every_solution(self) -> Iterator[SolutionT]:
        """Yield every solution, feasible or not: what solver ``enumeration``, the suite's oracle, tries.

        A problem whose `random_small` is too large for that has brute force of its own in
        ``mcsopt.solvers.enumeration``.

        Raises
        ------
        TooLarge
            Where there are too many to try.
        """
        raise TooLarge(f"{self.name} does not list its solutions: write {type(self).__name__}.every_solution")

    def solution_document(self, solution: SolutionT) -> dict[str, Any]:
        """Return the whole JSON object of a solution file."""
        return {"format": SOLUTION_FORMAT, "problem": self.name, **self.solution_to_json(solution)}

    def as_solution(self, answer: Any) -> SolutionT:
        """Return a solution, given as one or by the keys of a solution file; `InputError` for anything else.

        Where a solution file has a single key, its value alone will do: ``[[0, 3], []]`` for an assignment.
        """
        empty = self.empty_solution()
        if isinstance(answer, type(empty)):
            return answer
        if isinstance(answer, Mapping):
            return self.parse_solution({**self.solution_document(empty), **answer})
        keys = list(self.solution_to_json(empty))
        if isinstance(answer, (list, tuple)) and len(keys) == 1:
            return self.parse_solution({**self.solution_document(empty), keys[0]: answer})
        wanted = f"{type(empty).__name__}(...) or a mapping with the keys of a solution file ({', '.join(keys)})"
        raise InputError("solution", f"is of type {type(answer).__name__}", f"give {wanted}")

    def parse_solution(self, document: Any) -> SolutionT:
        """Build a solution from the JSON object of a solution file, checking its format, problem and keys."""
        if not isinstance(document, Mapping):
            raise InputError("", "is not a JSON object", f"write one with format {SOLUTION_FORMAT!r}")
        check_format(document, SOLUTION_FORMAT)
        if document.get("problem") != self.name:
            what = f"is {shown(document['problem'])}" if "problem" in document else "is missing"
            raise InputError("problem", what, f"a solution of {self.name!r} is needed")
        keys = set(self.solution_to_json(self.empty_solution()))
        for key in document:
            if key not in keys | {"format", "problem"}:
                raise InputError(key, "is not a known field", f"known here: {', '.join(sorted(keys))}")
        for key in sorted(keys):
            if key not in document:
                raise InputError(key, "is missing", "add it")
        return self.solution_from_json({key: document[key] for key in keys})


def require_problem(problem: Any) -> None:
    """Raise `InputError` unless `problem` is a problem: a name or an instance alone does not say what is asked."""
    if not isinstance(problem, Problem):
        what = shown(problem) if isinstance(problem, str) else f"of type {type(problem).__name__}"
        raise InputError(
            "problem", f"is {what}", "give a question about an instance: mcsopt.problems.Knapsack(instance)"
        )


def whole(value: Any, what: str) -> int:
    """Return an index as an integer; `InputError` for what is not whole: 0.9 is not worker 0."""
    try:
        return operator.index(value)
    except TypeError:
        raise InputError(what, f"is {shown(value)}, not an integer", f"name each {what} by its index") from None


def indices(values: Iterable[Any], what: str) -> tuple[int, ...]:
    """Return indices as a sorted tuple; `InputError` for one that is not whole."""
    return tuple(sorted(whole(value, what) for value in values))


def index_list(value: Any, path: str, size: int, what: str) -> tuple[int, ...]:
    """Return a list of distinct indices below `size` as a sorted tuple; `InputError` names the bad entry."""
    if not isinstance(value, (list, tuple)) and not (isinstance(value, np.ndarray) and value.ndim == 1):
        raise InputError(path, f"is {shown(value)}", f"give a list of {what} indices")
    remedy = f"{what} indices go from 0 to {size - 1}" if size else f"there is no {what} to name"
    seen: set[int] = set()
    for position, index in enumerate(value):
        at = f"{path}[{position}]"
        if isinstance(index, bool) or not isinstance(index, (int, np.integer)):
            raise InputError(at, f"is {shown(index)}, not an integer", remedy)
        if not 0 <= index < size:
            raise InputError(at, f"is {shown(index)}", remedy)
        if index in seen:
            raise InputError(at, f"repeats {what} {index}", "list each once")
        seen.add(int(index))
    return tuple(sorted(seen))
