"""Ctrl-C at any line of a solver of ours: what it then returns is true, and says that it was interrupted."""

from __future__ import annotations

import importlib

import pytest

from mcsopt.problems import Problem
from mcsopt.result import Termination
from mcsopt.solvers import solve, solver
from tests.conformance.interruption import Strike
from tests.conformance.suite import EVIDENCE, ORACLE, PROBLEMS, draws
from tests.conformance.test_solvers import assert_consistent

DRAWS, STRIKES = 4, 8


def struck(problem: Problem, method: str) -> list[bool]:
    """Strike a solver at evenly spaced lines of its module; return whether each run still had something to say."""
    found = solver(method, problem.name)
    file = importlib.import_module(found.module).__file__
    assert file is not None
    whole = Strike(file)
    whole(lambda: solve(problem, solver=method))
    kept = []
    for at in range(0, whole.lines, max(1, whole.lines // STRIKES)):
        strike = Strike(file, at)
        try:
            result = strike(lambda: solve(problem, solver=method))
        except KeyboardInterrupt:
            kept.append(False)
            continue
        if strike.struck:
            assert_consistent(problem, found, result)
            assert result.termination is Termination.INTERRUPTED, f"struck at line {at}"
            kept.append(True)
    return kept


@pytest.mark.parametrize(("name", "method"), [*EVIDENCE, *((name, ORACLE) for name in PROBLEMS)])
def test_what_is_kept_is_true_and_said_to_be_interrupted(name: str, method: str) -> None:
    problems = list(draws(name, DRAWS))
    kept = [answer for problem in problems for answer in struck(problem, method)]
    limited = [solve(problem, solver=method, time_limit=0.0).termination for problem in problems]
    # What does not look at the clock is over at once, and need not listen to Ctrl-C either.
    assert any(kept) or set(limited) == {Termination.FINISHED}, f"{method} keeps nothing, wherever Ctrl-C strikes"
