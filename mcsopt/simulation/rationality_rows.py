"""Payments beside budgets and costs, and the risks of contracts (Figure 6)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.seeds import generator
from mcsopt.simulation.execution import Policy, execute
from mcsopt.simulation.experiment import Setting
from mcsopt.simulation.methods import method
from mcsopt.simulation.metrics import mismatch_risks, payments, quality_risks
from mcsopt.simulation.scenario import draw_scenario

SAMPLED = 10
"""Tasks, workers and contracts shown, as in the paper."""
_STREAM = 7  # of the seed


def rationality_rows(setting: Setting, seed: int, policy: Policy) -> list[dict[str, Any]]:
    """Run iParts on one seed, and look at its payments and risks.

    Returns
    -------
    list of dict
        ``metric``, ``x`` (position in a random sample of ten; -1: the worst of all), ``value`` and ``limit``: what a
        served task paid and its budget; what a worker who served was paid and his cost; ``QRisk`` (22) of the task of a
        contract, its ``PRisk`` (24) and ``PRisk(pair)``, the posterior that its intent is false, and their limit. The
        worst is the one nearest to its limit, or furthest beyond.
    """
    scenario = draw_scenario(setting.market(seed), seed=seed, search=policy.search)
    run = execute(scenario, method("iParts"), policy)
    rng, market = generator(seed, _STREAM), scenario.market
    final = [(*a, *b) for a, b in zip(run.served, run.recruited, strict=True)]
    served = [i for i, workers in enumerate(final) if workers]
    pairs = [(i, j) for i in served for j in final[i]]
    paid = payments(run)
    risk, ratio, pair = quality_risks(run), mismatch_risks(run), mismatch_risks(run, pair=True)
    contracts = list(ratio)
    limits = (run.market.quality_risk, run.market.mismatch_risk)
    columns = {
        "paid by task": [(paid[i], market.budget[i]) for i in served],
        "paid to worker": [(market.payment[i, j], run.cost[i, j]) for i, j in pairs],
        "QRisk": [(risk[i], limits[0]) for i, _ in contracts],
        "PRisk": [(ratio[c], limits[1]) for c in contracts],
        "PRisk(pair)": [(pair[c], limits[1]) for c in contracts],
    }
    # The risks of one contract stand beside each other: the same sample.
    samples = {name: _sample(rng, len(columns[name])) for name in ("paid by task", "paid to worker", "QRisk")}
    rows = []
    for name, column in columns.items():
        if not column:
            continue
        values = np.array(column, dtype=float)
        room = values[:, 0] - values[:, 1] if name == "paid to worker" else values[:, 1] - values[:, 0]
        chosen = [*enumerate(samples.get(name, samples["QRisk"]).tolist()), (-1, int(np.argmin(room)))]
        rows += [
            {"metric": name, "method": "iParts", "x": x, "value": values[k, 0], "limit": values[k, 1]}
            for x, k in chosen
        ]
    return [{"tasks": setting.tasks, "workers": setting.workers, "seed": seed, **row} for row in rows]


def _sample(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.choice(count, size=min(SAMPLED, count), replace=False)
