"""Instance files that most commands are tried on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.running import KNAPSACK, MARKET, write


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return write(tmp_path / "market.json", MARKET)


@pytest.fixture
def knapsack(tmp_path: Path) -> Path:
    return write(tmp_path / "knapsack.json", KNAPSACK)


@pytest.fixture
def instances(market: Path, knapsack: Path) -> dict[str, Path]:
    return {"offline-welfare": market, "knapsack": knapsack}
