"""``mcsopt inspect``: the declarative model, to read or to export."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from mcsopt.commands.common import read_problem
from mcsopt.models import statement


def run(args: argparse.Namespace) -> int:
    """Print the statement of the problem in the format asked for."""
    problem, _ = read_problem(args)
    module = statement(problem)
    if args.format == "text":
        print(module.describe(problem))
    elif args.format == "cp-sat":
        print(module.build_cp_sat(problem).model)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model.{args.format}"
            model = module.build_pyomo(problem)
            model.write(str(path), io_options={"symbolic_solver_labels": True})
            print(path.read_text(encoding="utf-8"), end="")
    return 0
