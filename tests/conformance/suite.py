"""What the conformance tests share: every problem, solver and heuristic there is, found by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mcsopt.errors import InputError, TooLarge
from mcsopt.heuristics.registry import heuristics, load_heuristic
from mcsopt.problems import Problem, problem_type, problem_types
from mcsopt.result import Result, Status
from mcsopt.solvers import Solver, solve, solvers_of
from tests.conformance.alterations import altered

ORACLE = "enumeration"
"""The brute force that every problem of the suite declares: it uses nothing but the problem's ground truth."""
PROBLEMS = tuple(problem_types())
SOLVERS = tuple((name, solver.name) for name in PROBLEMS for solver in solvers_of(name))
EVIDENCE = tuple((name, solver.name) for name in PROBLEMS for solver in solvers_of(name) if solver.evidence)
HEURISTICS = tuple((name, h.name) for name in PROBLEMS for h in heuristics().values() if name in h.problems)


def draws(name: str, count: int, seed: int = 0) -> Iterator[Problem[Any]]:
    """Yield random small problems of one type."""
    for k in range(count):
        yield draw(name, seed + k)


def draw(name: str, seed: int) -> Problem[Any]:
    """Return the random small problem of a seed."""
    return problem_type(name).random_small(np.random.default_rng(seed))


def exact_solvers(name: str) -> list[Solver]:
    """Return the solvers that must find the optimum: the preferred one, and all that bring no evidence.

    The others with evidence are bounds for sizes that no exact method takes.
    """
    preferred, *others = solvers_of(name)
    return [preferred, *(solver for solver in others if not solver.evidence)]


def evidence_solvers(name: str) -> list[Solver]:
    """Return the solvers whose evidence the checker takes."""
    return [solver for solver in solvers_of(name) if solver.evidence]


@dataclass(frozen=True)
class Truth:
    """Optimum of a problem by brute force; both None: no feasible solution exists."""

    optimum: float | None
    solution: Any


def truth(problem: Problem[Any]) -> Truth:
    """Return the optimum by brute force; `TooLarge` if there is none for the size."""
    return _truth(problem.name, json.dumps(problem.options), json.dumps(problem.instance.to_json()))


@lru_cache(maxsize=4096)
def _truth(name: str, options: str, instance: str) -> Truth:
    cls = problem_type(name)
    problem = cls(cls.instance_type.from_json(json.loads(instance)), **json.loads(options))  # type: ignore[call-arg]  # every problem is a dataclass
    with np.errstate(all="ignore"):
        result = solve(problem, solver=ORACLE)
    if result.status is Status.INFEASIBLE:
        return Truth(None, None)
    if not result.feasible:
        # Its sums are rounded, those of `violations` are not: within rounding of a threshold the two may differ.
        raise TooLarge("brute force returned a solution that is infeasible by rounding")
    return Truth(result.objective, result.solution)


def heuristic_results(problem: Problem[Any], seed: int = 0) -> list[Result]:
    """Return what every heuristic that declares the problem plans for it."""
    return [load_heuristic(h, problem)(problem, seed=seed) for name, h in HEURISTICS if name == problem.name]


def plans(problem: Problem[Any]) -> list[Any]:
    """Return plans worth certifying: each heuristic's, the optimum, the empty one; feasible or not."""
    found = [result.solution for result in heuristic_results(problem)]
    best = truth(problem).solution
    return [*found, *([best] if best is not None else []), problem.empty_solution()]


def worse(problem: Problem[Any], a: float, b: float, relative: float = 0.0) -> bool:
    """Whether objective `a` is worse than `b` by more than `relative` of max(1, |b|)."""
    loss = b - a if problem.sense == "max" else a - b
    return loss > relative * max(1.0, abs(b))


def worsened(problem: Problem[Any], value: float, relative: float) -> float:
    """Return `value` made worse by `relative` of max(1, |value|)."""
    step = relative * max(1.0, abs(value))
    return value - step if problem.sense == "max" else value + step


def infeasible_solution(problem: Problem[Any], rng: np.random.Generator) -> Any:
    """Return a well-formed solution that breaks a constraint; None if a random walk finds none."""
    return next((s for s in neighbours(problem, rng) if problem.violations(s)), None)


def suboptimal_solution(problem: Problem[Any], rng: np.random.Generator) -> Any:
    """Return a feasible solution clearly worse than the optimum; None if a random walk finds none."""
    best = truth(problem).optimum
    if best is None:
        return None
    for solution in neighbours(problem, rng):
        if not problem.violations(solution) and worse(problem, problem.evaluate(solution), best, 1e-3):
            return solution
    return None


def neighbours(problem: Problem[Any], rng: np.random.Generator, steps: int = 400) -> Iterator[Any]:
    """Yield well-formed solutions on a random walk that starts at each plan; most are infeasible or poor."""
    for start in plans(problem):
        yield start
        document = problem.solution_document(start)
        for _ in range(steps):
            changed, _what = altered(document, rng)
            try:
                solution = problem.parse_solution(changed)
            except InputError:
                continue
            document = changed
            yield solution
