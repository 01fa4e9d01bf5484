"""``mcsopt library``: instances with certified optima: list, export, verify, build anew."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from mcsopt.commands.common import print_json, progress
from mcsopt.commands.tables import print_table
from mcsopt.data.files import check_writable, write_instance, write_solution, write_text
from mcsopt.data.library import PREFIX, Entry, entries, entry
from mcsopt.data.library_recipes import Recipe, recipe, recipes
from mcsopt.display import number, percent
from mcsopt.errors import InputError, one_line
from mcsopt.problems import problem_type
from mcsopt.regression.library_build import Built, build
from mcsopt.regression.library_verify import faults
from mcsopt.result import relative_gap


def run(args: argparse.Namespace) -> int:
    """Do what the action says; return 1 if an entry fails."""
    actions = {"list": _list, "export": _export, "verify": _verify, "build": _build}
    return actions[args.action](args)


def _list(args: argparse.Namespace) -> int:
    found = entries(args.problem, size=args.size)
    if args.json:
        print_json({"entries": [one.to_json() | {"optimum": one.optimum} for one in found]})
        return 0
    columns = ["name", "size", "status", "best known", "bound", "gap", "digest"]
    print_table(columns, [_row(one) for one in found], title="library", numbers=True)
    return 0


def _row(one: Entry) -> list[str]:
    gap = relative_gap(one.objective, one.dual_bound, problem_type(one.problem_name).sense)
    digest = one.instance_digest.removeprefix("sha256:")[:12]
    return [one.name, one.size, one.status, number(one.objective), number(one.dual_bound), percent(gap), digest]


def _export(args: argparse.Namespace) -> int:
    one = entry(args.name)
    outputs = [path for path in (args.output, args.solution, args.certificate) if path is not None]
    if len({os.path.realpath(path) for path in outputs}) < len(outputs):
        raise InputError("--output", "names one file twice", "give each output a path of its own")
    for path in outputs:
        check_writable(path)
    problem, solution, certificate = one.problem(), one.solution(), one.certificate()
    if args.solution is not None and solution is None:
        raise InputError("--solution", f"there is none: {one.name} is {one.status}", "drop it")
    if args.certificate is not None and certificate is None:
        raise InputError("--certificate", f"that of {one.name} is too large to ship",
                         "drop it, or make one with mcsopt certify")  # fmt: skip
    write_instance(problem.instance, args.output)
    if args.solution is not None:
        write_solution(problem, solution, args.solution)
    if args.certificate is not None:
        write_text(args.certificate, json.dumps(certificate, allow_nan=False) + "\n")
    for path in outputs:
        print(f"wrote {path}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    found = [entry(name) for name in args.names] if args.names else entries()
    chosen = _chosen(found, args)
    failed: dict[str, list[str]] = {}
    with progress(quiet=args.json) as report:
        for one in chosen:
            report(one.name)
            wrong = faults(one)
            if wrong:
                failed[one.name] = wrong
    if args.json:
        print_json({"entries": [_verdict(one, failed.get(one.name, [])) for one in chosen], "accepted": not failed})
    else:
        for one in chosen:
            for line in failed.get(one.name, []):
                print(one_line(f"REFUSED {one.name}: {line}"))
        shipped = sum(one.certificate_digest is not None for one in chosen)
        bare = len(chosen) - shipped
        rest = f"; of {bare} that ship without, instance and solution, not the bound" if bare else ""
        print(f"{len(chosen) - len(failed)} of {len(chosen)} entries hold; checked: {shipped} certificates{rest}")
    return 1 if failed else 0


def _verdict(one: Entry, wrong: list[str]) -> dict[str, Any]:
    return {"name": one.name, "accepted": not wrong, "certificate": one.certificate_digest, "faults": wrong}


def _build(args: argparse.Namespace) -> int:
    chosen = _chosen([recipe(name.removeprefix(PREFIX)) for name in args.names] or recipes().values(), args)
    folder = Path(args.output)
    done: list[Built] = []
    interrupted = False
    with progress(quiet=args.json) as report:
        try:
            for built in build(chosen, folder, known=entries(), time_limit=args.time_limit, progress=report):
                done.append(built)
                if not args.json:
                    _print_built(built)
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        print(f"mcsopt: interrupted; keeping {len(done)} of {len(chosen)} entries", file=sys.stderr)
    if args.json:
        parts = [{"name": b.recipe.name, "refusals": list(b.refusals), "entry": b.entry and b.entry.to_json()}
                 for b in done]  # fmt: skip
        print_json({"output": args.output, "complete": not interrupted, "entries": parts})
    elif done:
        print(f"wrote {folder} ({sum(b.entry is not None for b in done)} entries)")
    refused = any(built.refusals for built in done)
    return 1 if refused else 3 if interrupted and not done else 0


def _print_built(built: Built) -> None:
    for line in built.refusals:
        print(one_line(f"mcsopt: REFUSED {built.recipe.name}: {line}"), file=sys.stderr)
    if built.entry is not None:
        seconds = built.entry.made["seconds"]
        print(f"{built.recipe.name}: {built.entry.status} {number(built.entry.objective)} in {seconds:.1f} s")


Named = TypeVar("Named", Entry, Recipe)


def _chosen(found: Iterable[Named], args: argparse.Namespace) -> list[Named]:
    """Return those of the problem and the sizes asked for, each once; `InputError` if none is left."""
    if args.problem is not None:
        problem_type(args.problem)
    chosen = {
        one.name: one
        for one in found
        if args.problem in (None, one.problem_name) and (args.size is None or one.size in args.size)
    }
    if not chosen:
        raise InputError("library", "has no entry that fits", "see mcsopt library list")
    return list(chosen.values())
