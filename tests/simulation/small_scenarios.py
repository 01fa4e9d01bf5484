"""Small scenarios that the tests of the simulation share."""

from __future__ import annotations

from mcsopt.data.private_markets import private_market
from mcsopt.simulation import Scenario, draw_scenario


def scenario(seed: int = 0, *, tasks: int = 4, workers: int = 14, **options: float) -> Scenario:
    return draw_scenario(private_market(tasks=tasks, workers=workers, seed=seed), seed=seed, **options)
