"""The test of a user who guards a heuristic with the pytest plugin; `benchmarks.regression_acceptance` runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import planted_changes
from mcsopt.regression import assert_certified_gap
from mcsopt.regression.gap_runs import run_seeds

RUNS = 30
ERRORS = 5
"""The mean gap may lie so many standard errors above that of the version known to be good."""
CALIBRATION = 10_000
"""The random numbers of that version: far from those of the repetitions."""

_limits: dict[tuple[str, str], float] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("repetition", range(planted_changes.guarded.repetitions))


@pytest.mark.mcsopt_library(problem="offline-welfare", size="small")
def test_mean_gap(mcsopt_instance: Any, repetition: int, record_property: Callable[[str, Any], None]) -> None:
    record_property("repetition", repetition)
    if not planted_changes.optional(mcsopt_instance.problem()):
        return
    guarded = planted_changes.guarded
    key = (guarded.name, mcsopt_instance.name)
    if key not in _limits:
        planted_changes.set_change(CALIBRATION)
        known = gaps(mcsopt_instance)
        _limits[key] = np.mean(known) + ERRORS * np.std(known) * np.sqrt(2 / RUNS) + 1e-6
    planted_changes.set_change(1 + repetition, worse=guarded.worse)
    assert np.mean(gaps(mcsopt_instance)) <= _limits[key]


def gaps(entry: Any) -> list[float]:
    """Return the certified gaps of the guarded heuristic's runs on an instance."""
    problem, heuristic = entry.problem(), getattr(planted_changes, planted_changes.guarded.name)
    plans = [heuristic(problem, seed=seed) for seed in run_seeds(entry.name, RUNS)]
    # A heuristic with few answers gives each of them often: one certificate says it of them all.
    certified = {plan: assert_certified_gap(problem, plan, max_gap=1, bound=entry).gap for plan in set(plans)}
    return [gap for plan in plans if (gap := certified[plan]) is not None]
