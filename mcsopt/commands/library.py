"""``mcsopt library``: instances with certified optima, to list, export, verify and make again."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mcsopt.commands.common import number, print_json, print_table, progress
from mcsopt.data import library
from mcsopt.data.files import check_writable, write_instance, write_solution, write_text
from mcsopt.data.library import Entry
from mcsopt.data.library.recipes import RECIPES, Recipe
from mcsopt.errors import InputError


def run(args: argparse.Namespace) -> int:
    """Do what was asked of the library and return the exit status."""
    return {"list": _list, "export": _export, "verify": _verify, "build": _build}[args.action](args)


def _chosen(args: argparse.Namespace) -> tuple[Entry, ...]:
    """Return the entries named, or those of the problem and the sizes asked for."""
    if args.names:
        return tuple(library.entry(name) for name in args.names)
    return library.entries(args.problem, size=args.size or None)


def _list(args: argparse.Namespace) -> int:
    chosen = _chosen(args)
    if args.json:
        print_json({"entries": [asdict(entry) for entry in chosen]})
        return 0
    rows = [
        [entry.name, entry.size, ", ".join(entry.tags), entry.status, number(entry.objective), number(entry.dual_bound),
         "yes" if entry.certificate_digest else "made anew"]
        for entry in chosen
    ]  # fmt: skip
    print_table(["entry", "size", "tags", "status", "best known", "bound", "certificate"], rows)
    print(f"{len(rows)} entries; use one as an instance: library:NAME")
    return 0


def _export(args: argparse.Namespace) -> int:
    if len(args.names) != 1:
        raise InputError("NAME", f"gives {len(args.names)} names", "export one entry at a time")
    entry = library.entry(args.names[0])
    outputs = [path for path in (args.output, args.solution, args.certificate) if path is not None]
    if not outputs:
        raise InputError("--output", "is missing", "say where to: -o INSTANCE.json, --solution or --certificate FILE")
    for path in outputs:
        check_writable(path)
    problem, solution, document = entry.problem(), entry.solution(), entry.certificate()
    if args.solution is not None and solution is None:
        raise InputError("--solution", f"{entry.name} comes without one", "solve it: mcsopt solve library:NAME")
    if args.certificate is not None and document is None:
        raise InputError("--certificate", f"{entry.name} comes without one", "make it: mcsopt library build")
    if args.output is not None:
        write_instance(problem.instance, args.output)
    if args.solution is not None:
        write_solution(problem, solution, args.solution)
    if args.certificate is not None:
        write_text(args.certificate, json.dumps(document, allow_nan=False) + "\n")
    for path in outputs:
        print(f"wrote {path}", file=sys.stderr)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from mcsopt.regression.library_build import faults_of

    found: dict[str, list[str]] = {}
    chosen = _chosen(args)
    with progress(quiet=args.json) as report:
        for entry in chosen:
            report(f"checking {entry.name}")
            found[entry.name] = faults_of(entry)
    wrong = {name: faults for name, faults in found.items() if faults}
    if args.json:
        print_json({"entries": len(found), "holds": not wrong, "faults": wrong})
    else:
        for name, faults in wrong.items():
            for fault in faults:
                print(f"REFUSED {name}: {fault}")
        bare = sum(entry.certificate_digest is None for entry in chosen)
        print(f"{len(found) - len(wrong)} of {len(found)} entries hold"
              + (f"; of {bare} without a certificate only the instance was checked" if bare else ""))  # fmt: skip
    return 1 if wrong else 0


def _build(args: argparse.Namespace) -> int:
    from mcsopt.regression.library_build import build

    if args.output is None:
        raise InputError("--output", "is missing", "name a folder: -o DIR")
    chosen = _recipes(args)
    made: list[Entry] = []
    with progress(quiet=args.json) as report:
        try:
            made = build(chosen, args.output, known=library.entries(), time_limit=args.time_limit, report=report)
        except KeyboardInterrupt:
            print(f"mcsopt: interrupted; what was finished is in {args.output}", file=sys.stderr)
            return 3
    if args.json:
        print_json({"entries": [asdict(entry) for entry in made], "folder": args.output})
    else:
        print(f"wrote {len(made)} entries to {args.output}; none contradicts the library")
    return 0


def _recipes(args: argparse.Namespace) -> Sequence[Recipe]:
    if args.names:
        return [RECIPES[library.entry(name).name] for name in args.names]
    wanted: Any = args.size or library.SIZES
    return [r for r in RECIPES.values() if args.problem in (None, r.problem_name) and r.size in wanted]
