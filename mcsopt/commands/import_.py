"""``mcsopt import``: read a file of a classical library and write it as an instance of ours."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from mcsopt.commands.common import check_outputs, print_json
from mcsopt.data.files import write_instance
from mcsopt.data.knapsack_files import RecordedKnapsack, pisinger_knapsacks, plain_knapsack
from mcsopt.data.or_library import GeneralisedAssignment, generalised_assignments
from mcsopt.data.path_files import SOLOMON_DECIMALS, PlacedPath, optw_path, solomon_path
from mcsopt.errors import InputError
from mcsopt.problems.fields import Instance
from mcsopt.result import Sense

ReadT = TypeVar("ReadT")


class Imported(NamedTuple):
    """What was read: an instance, a problem that asks about it, lines for a person, and facts for a script."""

    instance: Instance
    problem: str
    lines: list[str]
    facts: dict[str, Any]


def run(args: argparse.Namespace) -> int:
    """Read the file, write the instance, and say what it is."""
    check_outputs(args)
    if args.sense is not None and args.format != "or-gap":
        raise InputError("--sense", f"is not for format {args.format}", "drop it: it is for or-gap")
    for option in ("decimals", "one_way"):
        if getattr(args, option) not in (None, False) and args.format not in _PATHS:
            raise InputError(f"--{option.replace('_', '-')}", f"is not for format {args.format}",
                             f"drop it: it is for {' and '.join(_PATHS)}")  # fmt: skip
    imported = _READERS[args.format](args)
    instance = imported.instance
    write_instance(instance, args.output)
    if args.json:
        common = {"format": args.format, "kind": instance.kind, "problem": imported.problem}
        print_json({**common, **imported.facts, "instance_digest": instance.digest(), "output": args.output})
    else:
        for line in imported.lines:
            print(line)
        print(f"wrote {args.output} ({instance.kind}, {instance.digest()})")
        print(f"solve it with: mcsopt solve {args.output} --problem {imported.problem}")
    return 0


def _chosen(found: Sequence[ReadT], args: argparse.Namespace) -> tuple[ReadT, str, dict[str, Any]]:
    """Return the problem that ``--index`` names, which one of how many that is in words, and as facts."""
    which = f"it holds {len(found):,} problems: give an index from 0 to {len(found) - 1}"
    if args.index is None and len(found) > 1:
        raise InputError("--index", "is missing", which, args.file)
    index = args.index or 0
    if index >= len(found):
        raise InputError("--index", f"is {index}", which if len(found) > 1 else "it holds one problem: 0", args.file)
    return found[index], f"{args.file}, problem {index} of {len(found):,}", {"index": index, "problems": len(found)}


def _assignment(args: argparse.Namespace) -> Imported:
    jobs: GeneralisedAssignment
    jobs, where, facts = _chosen(generalised_assignments(args.file, sense=args.sense or "max"), args)
    profit = jobs.sense is Sense.MAX
    meaning = f"profit W {-jobs.offset:+}" if profit else f"cost {jobs.offset} - W"
    lines = [
        f"read {where}: {jobs.num_agents:,} agents, {jobs.num_jobs:,} jobs, {'profits' if profit else 'costs'}",
        f"a plan of welfare W >= {jobs.complete_welfare} gives every job to one agent, with {meaning}; "
        "if the optimal W is less, no assignment of all jobs exists",
    ]
    facts |= {"sense": jobs.sense, "offset": jobs.offset, "complete_welfare": jobs.complete_welfare}
    return Imported(jobs.market(), "offline-welfare", lines, facts)


def _knapsack(found: Sequence[RecordedKnapsack], args: argparse.Namespace) -> Imported:
    read, where, facts = _chosen(found, args)
    lines = [f"read {where}: {read.name or 'knapsack'}, {read.instance.num_items:,} items"]
    if read.optimum is not None:
        lines.append(f"recorded optimum {read.optimum:.15g}: the file's word, not checked")
    facts |= {"name": read.name, "recorded_optimum": read.optimum,
              "recorded_items": None if read.packing is None else list(read.packing.items)}  # fmt: skip
    return Imported(read.instance, "knapsack", lines, facts)


def _path(args: argparse.Namespace) -> Imported:
    decimals = {None: SOLOMON_DECIMALS, "all": None}.get(args.decimals, args.decimals)
    found: PlacedPath = _PATHS[args.format](args.file, decimals=decimals, return_to_start=not args.one_way)
    read, _, facts = _chosen([found], args)
    digits = "not truncated" if decimals is None else f"truncated to {decimals} digits after the point"
    lines = [
        f"read {args.file}: {read.name or 'worker path'}, {read.instance.num_tasks:,} tasks, "
        f"horizon {read.instance.horizon:g}, {'one way' if args.one_way else 'and back'}",
        f"travel times are Euclidean distances, {digits}",
    ]
    facts |= {"name": read.name, "tasks": read.instance.num_tasks, "decimals": decimals,
              "return_to_start": read.instance.return_to_start}  # fmt: skip
    return Imported(read.instance, "worker-path", lines, facts)


_PATHS: dict[str, Callable[..., PlacedPath]] = {"solomon": solomon_path, "optw": optw_path}
_READERS: dict[str, Callable[[argparse.Namespace], Imported]] = {
    "or-gap": _assignment,
    "pisinger": lambda args: _knapsack(pisinger_knapsacks(args.file), args),
    "knapsack": lambda args: _knapsack((plain_knapsack(args.file),), args),
    "solomon": _path,
    "optw": _path,
}
