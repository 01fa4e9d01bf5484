"""Certificates to draw: ordinary ones and those at the edge."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np

import mcsopt
from mcsopt.problems import (
    Assignment,
    CentralCoalition,
    Coalition,
    DataCoalition,
    Knapsack,
    KnapsackInstance,
    OfflineWelfare,
    Packing,
    Problem,
    SensingMarket,
    StableCoalition,
)
from mcsopt.result import Result, conclude
from mcsopt.verification import Certificate, certify_equilibrium, find_bound, seal

HOSTILE = '<script>alert(\'x\')</script>$\\frac{&"id="q" url(#p) 東京'
"""A name that is markup, a formula, an identifier and a word in a foreign script, all at once."""


def market(tasks: int = 6, workers: int = 24) -> OfflineWelfare:
    return OfflineWelfare(mcsopt.data.sensing_market(tasks=tasks, workers=workers, seed=6))


def without_positions(problem: OfflineWelfare) -> OfflineWelfare:
    return OfflineWelfare(dataclasses.replace(problem.instance, task_x=None))


def without_pairs(tasks: int = 3) -> OfflineWelfare:
    none = np.zeros(0, dtype=np.int64)
    ones = np.ones(tasks)
    return OfflineWelfare(
        SensingMarket(100 * ones, 5 * ones, 0.1 * ones, np.full(2, 0.9), none, none, [], [], [], service="optional")
    )


def overspent(problem: OfflineWelfare) -> Assignment:
    """Return a plan that breaks nearly everything: every task takes its first six candidates."""
    of = problem.instance
    return Assignment([of.pair_worker[of.pairs_of(task)][:6] for task in range(of.num_tasks)])


PLAYERS = DataCoalition(np.array([0.0018, 0.00215, 0.0022, 0.015, 0.0155, 0.017]), 0.25, 1.0)
NONE_STABLE = StableCoalition(DataCoalition(np.array([2.2, 5.4, 7.0, 11, 30, 33, 34, 36, 38]) * 1e-4, 0.16, 1.0))
"""Figure 1 of the paper: at sigma = 0.4 no coalition is Nash-stable."""
ITEMS = Knapsack(KnapsackInstance([3.0, 4.0, 5.0, 0.0], [4.0, 5.0, 6.5, 1.0], 7.5))


def certified(problem: Problem[Any], *plans: Result) -> list[Certificate]:
    bound = find_bound(problem)
    return [seal(problem, plan, bound) for plan in plans]


@cache
def pages() -> dict[str, tuple[Problem[Any], list[Certificate]]]:
    """Return problems with certificates of every sort that the page must show."""
    welfare, stable = market(), StableCoalition(PLAYERS)
    greedy, response = mcsopt.heuristics.greedy(welfare), mcsopt.heuristics.best_response(welfare)
    broken = conclude(welfare, HOSTILE, overspent(welfare), message=HOSTILE)
    required = OfflineWelfare(dataclasses.replace(without_pairs().instance, service="required"))
    nobody = conclude(NONE_STABLE, "guess", Coalition([0, 1]))
    players = CentralCoalition(PLAYERS)
    return {
        "gaps": (welfare, certified(welfare, greedy, response)),
        "violations": (welfare, certified(welfare, broken, greedy)),
        "only violations": (welfare, certified(welfare, broken)),
        "equilibria": (welfare, [certify_equilibrium(welfare, plan) for plan in (greedy, response, broken)]),
        "infeasible": (required, certified(required, conclude(required, "plan", required.empty_solution()))),
        "no plan": (welfare, certified(welfare, conclude(welfare, "idle", None))),
        "stable": (stable, certified(stable, mcsopt.solve(stable))),
        "none stable": (NONE_STABLE, certified(NONE_STABLE, nobody)),
        "central": (players, certified(players, mcsopt.solve(players))),
        "knapsack": (ITEMS, certified(ITEMS, conclude(ITEMS, "mine", Packing([0])))),
    }
