"""The test of a user who guards a heuristic with the pytest plugin; `benchmarks.regression_acceptance` runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import planted_changes
from mcsopt.regression import assert_certified_gap
from mcsopt.regression.gap_runs import run_seeds

RUNS = 60
ERRORS = 5
"""The mean gap may lie so many standard errors above that of the version known to be good."""
CALIBRATION = 10_000
"""The random numbers of that version: far from those of the repetitions."""

_guarded: dict[str, Any] = {"name": "random_order", "repetitions": 1, "worse": False}
_limits: dict[tuple[str, str], float] = {}


def set_guarded(name: str, repetitions: int, *, worse: bool) -> None:
    """Choose the heuristic of `benchmarks.planted_changes`, how often it is tested, and its version."""
    _guarded.update(name=name, repetitions=repetitions, worse=worse)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("repetition", range(_guarded["repetitions"]))


@pytest.mark.mcsopt_library(problem="offline-welfare", size=["tiny", "small"])
def test_mean_gap(mcsopt_instance: Any, repetition: int, record_property: Callable[[str, Any], None]) -> None:
    record_property("repetition", repetition)
    if not planted_changes.optional(mcsopt_instance.problem()):
        return
    key = (_guarded["name"], mcsopt_instance.name)
    if key not in _limits:
        planted_changes.set_change(CALIBRATION)
        known = gaps(mcsopt_instance)
        _limits[key] = np.mean(known) + ERRORS * np.std(known) * np.sqrt(2 / RUNS) + 1e-6
    planted_changes.set_change(1 + repetition, worse=_guarded["worse"])
    assert np.mean(gaps(mcsopt_instance)) <= _limits[key]


def gaps(entry: Any) -> list[float]:
    """Return the certified gaps of the guarded heuristic's runs on an instance."""
    problem, heuristic = entry.problem(), getattr(planted_changes, _guarded["name"])
    plans = [heuristic(problem, seed=seed) for seed in run_seeds(entry.name, RUNS)]
    certificates = [assert_certified_gap(problem, plan, max_gap=1, bound=entry) for plan in plans]
    return [certificate.gap for certificate in certificates if certificate.gap is not None]
