"""Worker paths to try solvers on: what `random_small` draws, larger."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.problems import WorkerPath, WorkerPathInstance


def drawn(seed: int, most: int = 12, tables: bool = True) -> WorkerPath:
    """Return up to so many tasks: any travel, ties, zero profits, tables, both ways to end."""
    rng = np.random.default_rng([11, seed])
    n = int(rng.integers(2, most + 2))
    travel = rng.uniform(0, 8, (n, n))
    if rng.random() < 0.3:
        x, y = rng.uniform(0, 6, (2, n))
        travel = np.hypot(x[:, None] - x, y[:, None] - y)
    opened, width, service = rng.uniform(0, 15, n), rng.uniform(0, 20, n), rng.uniform(0, 2, n)
    opened[0] = service[0] = 0
    profit: Any = rng.integers(0, 5, n).astype(float) if rng.random() < 0.5 else rng.uniform(0, 9, n)
    profit[0] = 0
    whole = bool(rng.random() < 0.5)
    if whole:
        travel, opened, width, service = (np.round(part) for part in (travel, opened, width, service))
    if whole and tables and rng.random() < 0.5:
        profit = [
            top if not k or rng.random() < 0.3 else top * np.linspace(1, rng.random(), int(width[k]) + 1)
            for k, top in enumerate(profit)
        ]
    return WorkerPath(
        WorkerPathInstance(profit, opened, opened + width, service, travel, bool(rng.random() < 0.5), 24.0)
    )
