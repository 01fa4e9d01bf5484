"""Small scenarios that the tests of the simulation share."""

from __future__ import annotations

import os
import time
from typing import Any

from mcsopt.data.private_markets import private_market
from mcsopt.errors import BackendFault
from mcsopt.simulation import Policy, Scenario, draw_scenario
from mcsopt.simulation.experiment import Setting


def scenario(seed: int = 0, *, tasks: int = 4, workers: int = 14, **options: float) -> Scenario:
    return draw_scenario(private_market(tasks=tasks, workers=workers, seed=seed), seed=seed, **options)


def dying(setting: Setting, seed: int, policy: Policy) -> list[dict[str, Any]]:
    """Take the process down on odd seeds, as if it were killed: a job for `perform`."""
    if seed % 2:
        os._exit(1)
    return []


def lingering(setting: Setting, seed: int, policy: Policy) -> list[dict[str, Any]]:
    """Say that the job has begun, and stay for two minutes."""
    os.write(1, b"begun\n")  # in one piece: others write to the same pipe
    time.sleep(120)
    return []


def spoilt(setting: Setting, seed: int, policy: Policy) -> list[dict[str, Any]]:
    """Fail, as where a solver lies, for every odd seed."""
    if seed % 2:
        raise BackendFault("highs", f"lied about seed {seed}")
    return [{"seed": seed}]
