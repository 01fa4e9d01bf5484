"""What no method can exceed, proved: the optimum of each stage, and the welfare of one who knows the arrivals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mcsopt.problems import AssignmentProblem, OfflineWelfare, SensingMarket
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.verification import find_bound


def certified_optimum(
    problem: AssignmentProblem, *, time_limit: float | None = 60.0, start: Any = None, gap: float = 0.0
) -> Result:
    """Return the best plan found for a stage's problem, with a bound that the checker derived.

    PROVED if they meet; on a time limit, or within the relative gap that will do, the bound holds all the same. Ctrl-C
    ends it, see `whole`.
    """
    found = find_bound(problem, time_limit=time_limit, start=start, gap=gap)
    best = whole(found.result)
    return conclude(
        problem, best.method, best.solution, dual_bound=found.derivation.dual_bound, assurance=Assurance.CHECKED,
        termination=best.termination, seconds=best.seconds, message=best.message,
    )  # fmt: skip


def whole(result: Result) -> Result:
    """Return a result; raise `KeyboardInterrupt` if Ctrl-C cut it short, for half a stage is no measurement of it."""
    if result.termination is Termination.INTERRUPTED:
        raise KeyboardInterrupt
    return result


def wait_and_see(
    market: SensingMarket, arrived: np.ndarray, *, time_limit: float | None = 60.0, gap: float = 0.0
) -> Result:
    """Bound the welfare of every two-stage method on these candidates and budgets, given who comes.

    The offline problem among those who come, who come for sure, without risk limits: any method ends with disjoint
    sets of arrived candidates within the budgets, and is worth no more than the best such sets. Restoration is not
    asked for, nor is any set refused for its quality.

    Parameters
    ----------
    market : SensingMarket
        Candidates as reported, with costs.
    arrived : array of bool, shape (J,)
    time_limit : float or None
        Wall-clock seconds.
    gap : float
        Relative gap that is close enough.

    Returns
    -------
    Result
        Its ``dual_bound`` is the bound, its objective what the best sets found are worth.
    """
    return certified_optimum(OfflineWelfare(known_arrivals(market, arrived)), time_limit=time_limit, gap=gap)


def known_arrivals(market: SensingMarket, arrived: np.ndarray) -> SensingMarket:
    """Return the market of those who come, and come for sure, with no limit to the quality risk."""
    keep = arrived[market.pair_worker]
    columns = {name: getattr(market, name)[keep] for name in ("pair_task", "pair_worker", "payment", "cost", "quality")}
    return replace(
        market, arrival=np.ones(market.num_workers), quality_risk=1.0, intent_prior=None, service="optional", **columns
    )
