"""What adversaries learn from the reports of an epoch, or of many rounds (Figure 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.privacy import (
    expected_frequency_leakage,
    expected_frequency_success,
    expected_one_snapshot_success,
    frequency_estimate,
    frequency_leakage,
    inference_error,
    one_snapshot_estimate,
    snapshots,
    success_rate,
)
from mcsopt.seeds import generator
from mcsopt.simulation.execution import Policy
from mcsopt.simulation.experiment import Setting
from mcsopt.simulation.scenario import draw_scenario

SNAPSHOTS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""Rounds T observed."""
EPOCH = 20
"""Rounds of an epoch where MIRROR starts afresh now and then."""
SAMPLED = 10
"""Workers shown, as in the paper."""
_STREAM = 6  # of the seed, so that the attacked rounds do not repeat the noise of the epoch


def attack_rows(setting: Setting, seed: int, policy: Policy) -> list[dict[str, Any]]:
    """Attack the reports of one market, and set the success beside its closed form.

    Returns
    -------
    list of dict
        ``metric`` (OeIE, OSR: one snapshot, of ten sampled workers and of all; MFL, MSR: T snapshots), ``method``,
        ``x`` (position in the sample, -1 for all; or T), ``value`` and ``expected``. Methods: iParts (one epoch of
        MIRROR), iParts(NoP), iParts(NoMem), and ``iParts(epochs)``, which starts a new epoch every 20 rounds.
    """
    scenario = draw_scenario(setting.market(seed), seed=seed, search=policy.search)
    able = np.flatnonzero(scenario.calibration.feasible)
    rng = generator(seed, _STREAM)
    intents, prior = scenario.intents[able], scenario.market.prior.T[able]
    epsilon = scenario.calibration.epsilon[able]
    sample = rng.choice(len(able), size=min(SAMPLED, len(able)), replace=False)
    rows = []
    for method, eps in (("iParts", epsilon), ("iParts(NoP)", np.full(len(able), np.inf))):
        seen = scenario.reports[able] if method == "iParts" else intents
        error = inference_error(prior, eps)
        right = _rates(one_snapshot_estimate(seen, prior, eps), intents)
        hoped = expected_one_snapshot_success(prior, eps)
        for x, j in [*enumerate(sample.tolist()), (-1, slice(None))]:
            rows.append(_row("OeIE", method, x, np.mean(error[j]), np.mean(error[j])))
            rows.append(_row("OSR", method, x, np.mean(right[j]), np.mean(hoped[j])))
    longest = SNAPSHOTS[-1]
    for method, eps, rounds in (
        ("iParts", epsilon, longest), ("iParts(epochs)", epsilon, EPOCH), ("iParts(NoMem)", epsilon, 1),
        ("iParts(NoP)", np.full(len(able), np.inf), longest),
    ):  # fmt: skip
        seen = snapshots(intents, eps, longest, rounds_per_epoch=rounds, simulated=rng)
        for count in SNAPSHOTS:
            leaked = np.mean(frequency_leakage(seen[:count], intents))
            rows.append(_row("MFL", method, count, leaked, np.mean(expected_frequency_leakage(eps))))
            success = np.mean(_rates(frequency_estimate(seen[:count]), intents))
            hoped = expected_frequency_success(prior, eps, count, rounds_per_epoch=rounds)
            rows.append(_row("MSR", method, count, success, np.mean(hoped)))
    return [{"tasks": setting.tasks, "workers": setting.workers, "seed": seed, **row} for row in rows]


def _rates(estimates: np.ndarray, intents: np.ndarray) -> np.ndarray:
    return np.asarray(success_rate(estimates, intents))


def _row(metric: str, method: str, x: int, value: Any, expected: Any) -> dict[str, Any]:
    return {"metric": metric, "method": method, "x": x, "value": float(value), "expected": float(expected)}
