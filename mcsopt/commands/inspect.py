"""``mcsopt inspect``: the declarative model, to read or to export."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from mcsopt.commands.common import check_outputs, read_problem
from mcsopt.data.files import write_text
from mcsopt.errors import InputError, TooLarge
from mcsopt.models import statement, write_model
from mcsopt.models.export import MODEL_FORMATS, model_format
from mcsopt.problems import Problem


def run(args: argparse.Namespace) -> int:
    """Print or write the statement of the problem in the format asked for."""
    check_outputs(args)
    form = _form(args)
    problem, _ = read_problem(args)
    try:
        if args.output is None:
            print(_text(problem, form), end="")
            return 0
        if form in MODEL_FORMATS:
            write_model(problem, args.output, form)
        else:
            write_text(args.output, _text(problem, form))
    except TooLarge as refusal:
        raise InputError("instance", f"is too large to write its statement out ({refusal})",
                         "inspect a smaller one of its kind") from None  # fmt: skip
    print(f"wrote {args.output}", file=sys.stderr)
    return 0


def _form(args: argparse.Namespace) -> str:
    """Return the format asked for; `InputError` where the ending of the output says another."""
    ending = None if args.output is None else model_format(args.output)
    if args.format is not None and ending not in (None, args.format):
        raise InputError("--format", f"is {args.format}, and {args.output} ends in .{ending}", "drop one of them")
    form: str = args.format or ending or "text"
    return form


def _text(problem: Problem[Any], form: str) -> str:
    if form == "text":
        return f"{statement(problem).describe(problem)}\n"
    if form == "cp-sat":
        return f"{statement(problem).build_cp_sat(problem).model}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{form}"
        write_model(problem, path)
        return path.read_text(encoding="utf-8")
