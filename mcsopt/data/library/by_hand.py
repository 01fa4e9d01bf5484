"""Instances of the library that were made by hand: the docstrings say what each is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcsopt.problems import DataCoalition, KnapsackInstance, SensingMarket


def _market(
    pairs: Sequence[tuple[int, int, float, float, float]], service: str = "optional", **columns: Any
) -> SensingMarket:
    """Return a market of a few pairs (task, worker, payment, cost, quality), and columns of tasks and workers."""
    task, worker, payment, cost, quality = (np.array(column) for column in zip(*pairs, strict=True))
    arrays: dict[str, Any] = {name: np.array(column) for name, column in columns.items()}
    return SensingMarket(
        pair_task=task, pair_worker=worker, payment=payment, cost=cost, quality=quality, service=service, **arrays
    )


def textbook_knapsack() -> KnapsackInstance:
    """Return three items: the two that fit together beat the densest alone."""
    return KnapsackInstance(np.array([3.0, 4.0, 5.0]), np.array([4.0, 5.0, 6.0]), 7.5)


def zero_capacity() -> KnapsackInstance:
    """Return a knapsack without capacity: only the item without weight fits."""
    return KnapsackInstance(np.array([0.0, 1.0, 2.0]), np.array([0.5, 10.0, 20.0]), 0.0)


def knapsack_set_stops() -> SensingMarket:
    """Return the market that refutes Proposition 5: a stopped ASPIRE-Off is no equilibrium.

    Its knapsack takes both workers, worth 48.42, and stops; one alone is worth 64, as redundancy is 0.9.
    """
    pairs = [(0, worker, 50.0, 20.0, 12.0) for worker in range(2)]
    return _market(pairs, budget=[100.0], demand=[10.0], redundancy=[0.9], arrival=[1.0, 1.0])


def two_of_three() -> SensingMarket:
    """Return three tasks that each need two of the same three workers, whom a linear program halves.

    One task is served, or none; the root gap without subset-row cuts is a third of the bound.
    """
    pairs = [(task, worker, 10.0, 5.0, 10.0) for task in range(3) for worker in range(3)]
    return _market(pairs, budget=[20.0] * 3, demand=[18.0] * 3, redundancy=[0.0] * 3, arrival=[1.0] * 3)


def no_budget() -> SensingMarket:
    """Return a budget that pays nobody: the empty plan, worth 0, is optimal."""
    return _market([(0, 0, 5.0, 1.0, 10.0)], budget=[0.0], demand=[1.0], redundancy=[0.2], arrival=[0.9])


def one_worker_two_tasks() -> SensingMarket:
    """Return two tasks that must be served, and one worker: infeasible."""
    pairs = [(task, 0, 5.0, 1.0, 10.0) for task in range(2)]
    two = {"budget": [10.0] * 2, "demand": [1.0] * 2, "redundancy": [0.2] * 2}
    return _market(pairs, service="required", arrival=[0.9], **two)


def six_players() -> DataCoalition:
    """Return the six players of the data-coalition paper's example, at variance 0.25 and alpha 1."""
    return DataCoalition(np.array([1.80, 2.15, 2.20, 15.0, 15.5, 17.0]) * 1e-3, 0.25, 1.0)


def figure_one() -> DataCoalition:
    """Return the nine players of the data-coalition paper's figure 1 at sigma 0.4, where no Nash coalition exists."""
    return DataCoalition(np.array([2.2, 5.4, 7.0, 11.0, 30.0, 33.0, 34.0, 36.0, 38.0]) * 1e-4, 0.16, 1.0)
