"""The file that holds what a heuristic's gaps were: one line per heuristic and instance, to read in a diff."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcsopt.data.files import read_json, write_text
from mcsopt.errors import InputError, naming, shown
from mcsopt.problems.fields import check_format
from mcsopt.regression.gap_runs import EntryRuns
from mcsopt.versions import versions

BASELINE_FORMAT = "mcsopt-baseline/1"

_KEYS = ("heuristic", "entry", "instance", "bound", "seeds", "objectives", "gaps", "infeasible")
_REMEDY = "write it with mcsopt regress --update"


@dataclass(frozen=True)
class Baseline:
    """The runs a heuristic is held against.

    Attributes
    ----------
    runs : tuple of EntryRuns
        By heuristic, then entry. Of a heuristic, every entry was run with as many seeds.
    versions : Mapping
        By heuristic, the versions of the packages that ran it.
    """

    runs: tuple[EntryRuns, ...] = ()
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, heuristic: str) -> dict[str, EntryRuns]:
        """Return the runs of one heuristic by entry; empty if the file has none."""
        return {runs.entry: runs for runs in self.runs if runs.heuristic == heuristic}

    def seeds(self, heuristic: str) -> int | None:
        """Return how many seeds a heuristic was run with; None if it was not."""
        return next((len(runs.objectives) for runs in self.runs if runs.heuristic == heuristic), None)

    def updated(self, runs: Sequence[EntryRuns]) -> Baseline:
        """Return a baseline with these runs in place of all those of the same heuristics."""
        names = {one.heuristic for one in runs}
        kept = [one for one in self.runs if one.heuristic not in names]
        by_name = {name: own for name, own in dict(self.versions).items() if name not in names}
        merged = sorted([*kept, *runs], key=lambda one: (one.heuristic, one.entry))
        return Baseline(tuple(merged), by_name | {name: versions() for name in names})


def write_baseline(baseline: Baseline, path: str | Path) -> None:
    """Write a baseline file whole or not at all, sorted, one line for each heuristic and entry."""
    made = [f"  {json.dumps(name)}: {json.dumps(own)}" for name, own in sorted(baseline.versions.items())]
    lines = [json.dumps(runs.to_json(), allow_nan=False) for runs in baseline.runs]
    text = f'{{\n"format": {json.dumps(BASELINE_FORMAT)},\n"versions": {{\n{_joined(made)}\n}},\n"runs": [\n'
    write_text(path, text + _joined(f"  {line}" for line in lines) + "\n]\n}\n")


def _joined(lines: Iterable[str]) -> str:
    return ",\n".join(lines)


def read_baseline(path: str | Path) -> Baseline:
    """Read a baseline file; `InputError` names file, field, value and remedy.

    The gaps in it are for the reader: a comparison computes them from the objectives and the bound of today.
    """
    document = read_json(path, "a baseline")
    with naming(path):
        return _parse(document)


def _parse(document: Any) -> Baseline:
    if not isinstance(document, dict):
        raise InputError("", "is not a JSON object", _REMEDY)
    check_format(document, BASELINE_FORMAT)
    if set(document) != {"format", "versions", "runs"}:
        raise InputError("", f"has the keys {', '.join(sorted(document))}", _REMEDY)
    made, listed = document["versions"], document["runs"]
    if not isinstance(made, dict) or not all(isinstance(own, dict) for own in made.values()):
        raise InputError("versions", f"is {shown(made)}", _REMEDY)
    if not isinstance(listed, list):
        raise InputError("runs", f"is {shown(listed)}", _REMEDY)
    runs = [_runs(line, f"runs[{k}]") for k, line in enumerate(listed)]
    seen: dict[tuple[str, str], int] = {}
    seeds: dict[str, int] = {}
    for k, one in enumerate(runs):
        if (one.heuristic, one.entry) in seen:
            raise InputError(f"runs[{k}]", f"repeats {one.heuristic} on {one.entry}", "keep one")
        seen[one.heuristic, one.entry] = k
        if seeds.setdefault(one.heuristic, len(one.objectives)) != len(one.objectives):
            what = f"has {len(one.objectives)} seeds, other entries of {one.heuristic} {seeds[one.heuristic]}"
            raise InputError(f"runs[{k}].objectives", what, _REMEDY)
    return Baseline(tuple(runs), made)


def _runs(line: Any, at: str) -> EntryRuns:
    if not isinstance(line, dict) or set(line) != set(_KEYS):
        raise InputError(at, f"is {shown(line)}", f"give an object with the keys {', '.join(_KEYS)}")
    for key in ("heuristic", "entry", "instance"):
        if not isinstance(line[key], str):
            raise InputError(f"{at}.{key}", f"is {shown(line[key])}", "give a string")
    objectives, gaps = (_numbers(line[key], f"{at}.{key}") for key in ("objectives", "gaps"))
    seeds, bound = line["seeds"], _number(line["bound"], f"{at}.bound")
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds) or len(seeds) != len(objectives):
        raise InputError(f"{at}.seeds", f"is {shown(seeds)}", "give an integer for each of the objectives")
    if not objectives or [gap is None for gap in gaps] != [objective is None for objective in objectives]:
        raise InputError(f"{at}.gaps", "and objectives do not go together", _REMEDY)
    runs = EntryRuns(line["heuristic"], line["entry"], line["instance"], bound, tuple(seeds), objectives, gaps)
    if line["infeasible"] != list(runs.infeasible):
        what = f"is {shown(line['infeasible'])}, the objectives say {list(runs.infeasible)}"
        raise InputError(f"{at}.infeasible", what, _REMEDY)
    return runs


def _numbers(values: Any, at: str) -> tuple[float | None, ...]:
    if not isinstance(values, list):
        raise InputError(at, f"is {shown(values)}", "give a list of numbers, null for an infeasible run")
    return tuple(None if value is None else _number(value, f"{at}[{k}]") for k, value in enumerate(values))


def _number(value: Any, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise InputError(at, f"is {shown(value)}", "give a finite number")
    return float(value)
