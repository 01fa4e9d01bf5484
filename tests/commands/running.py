"""Run the command line in this process as a shell would, on markets small enough for every method."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcsopt.cli import main

MARKET: dict[str, Any] = {
    "format": "mcsopt-instance/1",
    "kind": "sensing-market",
    "tasks": {"budget": [100, 120], "demand": [5, 6], "redundancy": [0.1, 0.2]},
    "workers": {"arrival": [0.9, 0.8, 0.7]},
    "pairs": {
        "task": [0, 0, 1, 1],
        "worker": [0, 1, 1, 2],
        "payment": [40, 41, 42, 43],
        "cost": [5, 6, 7, 8],
        "quality": [12, 13, 14, 15],
    },
    "quality_weight": 7,
    "quality_risk": 0.2,
    "mismatch_risk": 0.2,
    "service": "optional",
}
"""Task 1 meets its risk limit with worker 1 alone, not with worker 2 alone; task 0 with either of its workers."""

KNAPSACK: dict[str, Any] = {
    "format": "mcsopt-instance/1",
    "kind": "knapsack",
    "weight": [3, 4, 5],
    "value": [4, 5, 6.5],
    "capacity": 7.5,
}
"""The optimum takes items 0 and 1, worth 9; by value per weight the greedy finds it too."""

WELFARE, ITEMS = ("--problem", "offline-welfare"), ("--problem", "knapsack")

PLAN: dict[str, Any] = {"format": "mcsopt-solution/1", "problem": "offline-welfare", "assignment": [[0], [1]]}
PACKING: dict[str, Any] = {"format": "mcsopt-solution/1", "problem": "knapsack", "items": [0]}

# Service required, but impossible: by name, what is changed and what the message must say.
IMPOSSIBLE: dict[str, tuple[dict[tuple[Any, ...], Any], str]] = {
    "poor": ({("tasks", "budget"): [1, 120]}, "task 0's budget 1 pays none of its 2 candidates (25c)"),
    "demanding": ({("tasks", "demand"): [5, 600]}, "task 1 has 2 candidates but no set within its budget 120"),
    "unrewarding": ({("pairs", "cost"): [50, 50, 7, 8]}, "task 0 has no candidate worker whose payment covers"),
    "scarce": (
        {("pairs",): {"task": [0, 1], "worker": [0, 0], "payment": [40, 40], "cost": [5, 5], "quality": [12, 12]}},
        "tasks 0, 1 compete for workers 0",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What a shell sees of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that stdout has to be."""
        assert self.out.count("\n") == 1
        assert self.out.endswith("}\n")
        document: dict[str, Any] = json.loads(self.out, parse_constant=_no_constant)
        return document


def _no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> Outcome:
    """Run ``mcsopt argv...`` in this process."""
    capsys.readouterr()
    status = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return Outcome(status, captured.out, captured.err)


def changed(document: dict[str, Any], changes: dict[tuple[Any, ...], Any]) -> dict[str, Any]:
    """Return a copy of a JSON object with the values at some places replaced."""
    result = copy.deepcopy(document)
    for path, value in changes.items():
        place: Any = result
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    return result


def impossible(name: str) -> dict[str, Any]:
    """Return one of the impossible markets."""
    return changed(MARKET, {("service",): "required"} | IMPOSSIBLE[name][0])


def write(path: Path, content: Any) -> Path:
    """Write bytes, text or a JSON document, and return the path."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
    else:
        path.write_text(json.dumps(content), encoding="utf-8")
    return path
