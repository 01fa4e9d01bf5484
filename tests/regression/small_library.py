"""A library of a few tiny entries, made here: tests of what uses the library do not hang on what it ships."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from mcsopt.data import knapsack, library, sensing_market
from mcsopt.data.files import instance_from_json
from mcsopt.problems import Knapsack, OfflineWelfare, Problem
from mcsopt.solvers import solve
from mcsopt.verification import certify
from tests.commands.running import impossible


@dataclass(frozen=True)
class SmallEntry:
    """What is used of an entry."""

    name: str
    made: Any = field(repr=False)
    size: str = "tiny"
    tags: tuple[str, ...] = ()
    certified: bool = True
    bounded: bool = True

    @property
    def problem_name(self) -> str:
        return self.name.partition("/")[0]

    @property
    def dual_bound(self) -> float | None:
        return 1.0 if self.bounded else None

    @property
    def instance_digest(self) -> str:
        return self.problem().instance.digest()

    @property
    def certificate_digest(self) -> str | None:
        return "sha256:0" if self.certified else None

    def problem(self) -> Problem[Any]:
        return self.made()

    def certificate(self) -> dict[str, Any] | None:
        return copy.deepcopy(_certificate(self)) if self.certified else None


@cache
def _certificate(entry: SmallEntry) -> dict[str, Any]:
    problem = entry.problem()
    return dict(certify(problem, solve(problem)).document)


def _market(seed: int) -> Any:
    return lambda: OfflineWelfare(sensing_market(tasks=4, workers=16, seed=seed))


def _items(seed: int, items: int = 12) -> Any:
    return lambda: Knapsack(knapsack(items=items, seed=seed))


ENTRIES = (
    SmallEntry("knapsack/s0", _items(0)),
    SmallEntry("knapsack/s1", _items(1), tags=("odd",)),
    SmallEntry("knapsack/s2", _items(2)),
    SmallEntry("knapsack/s3", _items(3, 20), size="small", tags=("odd",)),
    SmallEntry("knapsack/vast", _items(4), size="medium", certified=False),
    SmallEntry("offline-welfare/impossible", lambda: OfflineWelfare(instance_from_json(impossible("poor"))),
               bounded=False, tags=("infeasible",)),
    SmallEntry("offline-welfare/s0", _market(0)),
    SmallEntry("offline-welfare/s2", _market(2)),
    SmallEntry("offline-welfare/s3", _market(3)),
)  # fmt: skip


def entry(name: str) -> SmallEntry:
    return next(one for one in ENTRIES if one.name == name)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this library in the place of the shipped one."""
    monkeypatch.setattr(library, "read_library", lambda folder: ENTRIES)
