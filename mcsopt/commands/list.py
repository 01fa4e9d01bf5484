"""``mcsopt list``: what there is to name on the command line."""

from __future__ import annotations

import argparse
import importlib.util
import inspect

from mcsopt.commands.common import print_table
from mcsopt.data.generators import GENERATORS, generator_of
from mcsopt.heuristics import heuristics
from mcsopt.problems import problem_types
from mcsopt.solvers import solvers


def _statements(problem: str) -> str:
    """Say which statements a problem has."""
    name = f"mcsopt.models.{problem.replace('-', '_')}"
    if importlib.util.find_spec(name) is None:
        return "none"
    module = importlib.import_module(name)
    found = [(title, hasattr(module, f"build_{key}")) for title, key in (("Pyomo", "pyomo"), ("CP-SAT", "cp_sat"))]
    return ", ".join(title for title, there in found if there)


def run(args: argparse.Namespace) -> int:
    """Print problems, kinds of instance, solvers and heuristics."""
    problems = []
    for name, question in problem_types().items():
        options = ", ".join(f"{option}={'|'.join(values)}" for option, values in question.OPTIONS.items()) or "–"
        summary = (question.__doc__ or "").partition("\n")[0]
        problems.append([name, question.instance_type.kind, question.sense.value, options, summary])
    print_table(["problem", "instance", "sense", "options", "question"], problems)
    models = [[name, _statements(name)] for name in problem_types()]
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
