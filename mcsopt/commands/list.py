"""``mcsopt list``: what there is to name on the command line."""

from __future__ import annotations

import argparse
import inspect
from contextlib import suppress
from typing import Any

from mcsopt.commands.tables import print_table
from mcsopt.data.generators import GENERATORS, generator_of
from mcsopt.errors import InputError
from mcsopt.heuristics import heuristics
from mcsopt.models import statement
from mcsopt.problems import Problem, problem_types
from mcsopt.solvers import solvers

_BUILDERS = {"Pyomo": "build_pyomo", "CP-SAT": "build_cp_sat"}


def _statements(question: type[Problem[Any]]) -> str:
    """Say which statements a problem has."""
    with suppress(InputError):
        module = statement(question)
        return ", ".join(title for title, name in _BUILDERS.items() if hasattr(module, name))
    return "none"


def run(args: argparse.Namespace) -> int:
    """Print problems, kinds of instance, solvers and heuristics."""
    problems = []
    for name, question in problem_types().items():
        options = ", ".join(f"{option}={'|'.join(values)}" for option, values in question.OPTIONS.items()) or "–"
        summary = (question.__doc__ or "").partition("\n")[0]
        problems.append([name, question.instance_type.kind, question.sense.value, options, summary])
    print_table(["problem", "instance", "sense", "options", "question"], problems)
    models = [[name, _statements(question)] for name, question in problem_types().items()]
    print_table(["problem", "model (see inspect)"], models)
    kinds = []
    for kind in GENERATORS:
        parameters = inspect.signature(generator_of(kind)).parameters
        kinds.append([kind, " ".join(f"--{name.replace('_', '-')}" for name in parameters)])
    print_table(["kind of instance", "options of generate"], kinds)
    print_table(
        ["solver", "evidence", "problems", "what it does"],
        [[s.name, "yes" if s.evidence else "no", ", ".join(s.problems), s.summary] for s in solvers().values()],
    )
    print_table(
        ["heuristic", "problems", "what it does"],
        [[h.name, ", ".join(h.problems), h.summary] for h in heuristics().values()],
    )
    return 0
