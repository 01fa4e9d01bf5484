"""What the commands share: reading the question, progress on the terminal, JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from mcsopt.data.files import check_writable
from mcsopt.data.load import is_trips, load_instance, options_of_entry
from mcsopt.errors import InputError
from mcsopt.problems import Problem, problem_type
from mcsopt.result import Result, Status
from mcsopt.versions import versions


def read_problem(args: argparse.Namespace) -> tuple[Problem[Any], list[str]]:
    """Return the problem that the arguments ask, and lines about its instance that a person should read."""
    question = problem_type(args.problem)
    options = options_of_entry(args.instance, question.name) | read_options(args.option, question.OPTIONS)
    drawing = {name: getattr(args, name) for name in ("tasks", "workers", "area") if getattr(args, name) is not None}
    if drawing and (args.instance is None or not is_trips(args.instance)):
        remedy = "drop it, give taxi trips as INSTANCE, or draw an instance with mcsopt generate"
        raise InputError(f"--{next(iter(drawing))}", "is for a market drawn from taxi trips", remedy)
    instance, lines = load_instance(args.instance, question.instance_type.kind, seed=args.seed, **drawing)
    problem: Problem[Any] = question(instance, **options)  # type: ignore[call-arg]  # every problem is a dataclass
    return problem, lines


def check_outputs(args: argparse.Namespace) -> None:
    """Refuse an output that cannot be written, or would replace an input, before any work is done."""
    outputs: dict[str, str] = {}
    for flag in ("certificate", "report", "output", "plot"):
        path = getattr(args, flag, None)
        if path is None:
            continue
        check_writable(path)
        for source in ("instance", "plan", "policy", "start", "file"):
            read = getattr(args, source, None)
            if read is not None and os.path.exists(read) and os.path.exists(path) and os.path.samefile(read, path):
                raise InputError(f"--{flag}", f"names {path}, which is read here", "give another path")
        other = outputs.setdefault(os.path.realpath(path), flag)
        # A pipe or /dev/null takes both.
        if other != flag and not (os.path.exists(path) and not os.path.isfile(path)):
            raise InputError(f"--{flag}", f"names {path}, as --{other} does", "give another path")


def read_options(texts: Sequence[str], known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return ``K=V`` texts as a mapping; `InputError` for an unknown K."""
    options = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError("--option", f"is {text!r}", "write it as NAME=VALUE")
        if name not in known:
            choices = ", ".join(f"{k}={'|'.join(v)}" for k, v in known.items()) or "none"
            raise InputError("--option", f"{name!r} is not known to this problem", f"it takes: {choices}")
        if name in options:
            raise InputError("--option", f"gives {name} twice", "keep one")
        options[name] = value
    return options


class Report(Protocol):
    """A callable that shows one line of progress."""

    def __call__(self, line: str) -> None:
        """Show `line`."""


@contextmanager
def progress_bar(total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show a bar of so many steps, with the time left, on a terminal; call what it yields after each step."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "left", TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        bar = display.add_task("", total=total)
        yield lambda: display.advance(bar)


@contextmanager
def progress(quiet: bool) -> Iterator[Report]:
    """Show a spinner with the latest line and the seconds so far, on a terminal and once a second has passed."""
    if quiet or not sys.stderr.isatty():
        yield lambda line: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    began = time.perf_counter()
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        bar = display.add_task("starting", total=None, visible=False)

        def show(line: str) -> None:
            display.update(bar, description=line, visible=time.perf_counter() - began > 0.2)

        yield show


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON object; NaN and infinities cannot occur in it."""
    print(json.dumps(document, allow_nan=False))


def is_answered(problem: Problem[Any], feasible: bool, status: Status) -> bool:
    """Whether nothing is left to ask: a feasible solution, or a proof that none exists where that was the question."""
    return feasible or (problem.asks_existence and status is Status.INFEASIBLE)


def run_document(problem: Problem[Any], result: Result) -> dict[str, Any]:
    """Return the JSON keys that every run has."""
    solution = result.solution
    if problem.asks_existence and result.status is Status.INFEASIBLE:
        solution = problem.empty_solution()
    return {
        "problem": problem.name,
        "options": problem.options,
        "instance_digest": problem.instance.digest(),
        "status": result.status.value,
        "assurance": result.assurance.value if result.assurance else None,
        "termination": result.termination.value,
        "objective": result.objective,
        "dual_bound": result.dual_bound,
        "gap": result.gap,
        "solution": None if solution is None else problem.solution_document(solution),
        "violations": [violation.to_json() for violation in result.violations],
        "seconds": {phase: round(seconds, 6) for phase, seconds in result.seconds.items()},
        "seed": result.seed,
        "message": result.message,
        "versions": versions(),
    }
