"""One epoch of a market under one method: reports, contracts, arrivals, repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcsopt.data.online_markets import idle_workers, online_market
from mcsopt.errors import InputError
from mcsopt.heuristics.aspire_off import aspire_off
from mcsopt.heuristics.aspire_on import aspire_on
from mcsopt.heuristics.greedy import greedy
from mcsopt.problems import Assignment, OfflineWelfare, OnlineRecruitment, SensingMarket
from mcsopt.result import Result, conclude
from mcsopt.simulation.bounds import certified_optimum, whole
from mcsopt.simulation.exchanges import Exchanges, Overhead
from mcsopt.simulation.methods import Method, Stage
from mcsopt.simulation.scenario import Scenario
from mcsopt.solvers import Settings

_READINGS = {
    "mismatch": ("serve", "refuse"),
    "open_cost": ("none", "same"),
    "mismatch_risk": OfflineWelfare.OPTIONS["mismatch"],
    "service": ("optional", "required"),
}
_CERTAIN = 700.0
"""A privacy budget at which a report is the truth: ``exp(-700)`` is nothing beside 1."""


@dataclass(frozen=True)
class Policy:
    """Readings of the paper, where it is silent or contradicts itself.

    Parameters
    ----------
    objective : {"increment", "recruits"}
        What the online stage counts as quality, see `OnlineMarket`.
    restore : {"optional", "max", "required"}
        Whether an unmet task may decline recruits, see `OnlineRecruitment`.
    mismatch : {"serve", "refuse"}
        Whether a worker whose true intent is 0 serves all the same (the letter), or counts as not arrived.
    mismatch_risk : {"ratio", "pair"}
        What planning caps at ``rho2``: (24), which spreads a pair's risk over all tasks, or the posterior of the pair
        itself, see `OfflineWelfare`.
    service : {"optional", "required"}
        Whether contracts must serve every task; a method that finds none that do contracts nobody.
    open_cost : {"none", "same"}
        Whether true intents, which iParts(NoP) knows, cost no privacy, or as much as the reports.
    samples : {"exact", "common", "fresh"}
        How ASPIRE-Off evaluates sets.
    search : {"scan", "exact"}
        How PRIMER looks for budgets: grid points, as published, or the least budget.
    time_limit : float or None
        Wall-clock seconds of each exact solve.
    gap : float
        Relative gap, >= 0, at which each exact solve may stop; 0: prove. Optimal then decides by plans within it.
    """

    objective: str = "increment"
    restore: str = "optional"
    mismatch: str = "serve"
    mismatch_risk: str = "ratio"
    service: str = "optional"
    open_cost: str = "none"
    samples: str = "exact"
    search: str = "scan"
    time_limit: float | None = 60.0
    gap: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in _READINGS.items():
            if getattr(self, name) not in allowed:
                raise InputError(name, f"is {getattr(self, name)!r}", f"use one of {', '.join(map(repr, allowed))}")
        Settings(time_limit=self.time_limit, gap=self.gap)  # refuses what solvers refuse, before the work

    @property
    def effort(self) -> dict[str, Any]:
        """Return how hard an exact solve is to try: its time limit and its gap."""
        return {"time_limit": self.time_limit, "gap": self.gap}


@dataclass(frozen=True, eq=False)
class Execution:
    """What a method did, and what came of it.

    Attributes
    ----------
    scenario, method
    market : SensingMarket
        What the platform saw offline: the pairs reported, with the costs of this method.
    plan : Result
        Of the offline stage.
    repair : Result
        Of the online stage; its problem has workers `idle`.
    idle : array of int
        The market's number of each worker of the online stage.
    served : tuple of tuple of int
        Contracted workers who came, per task.
    recruited : tuple of tuple of int
        Recruits who served, per task.
    cost : array of float, shape (I, J)
        ``c_ij`` of this method; NaN for workers without a budget.
    offline, online : Overhead
        Of the messages of each stage.
    """

    scenario: Scenario
    method: Method
    market: SensingMarket
    plan: Result
    repair: Result
    idle: np.ndarray
    served: tuple[tuple[int, ...], ...]
    recruited: tuple[tuple[int, ...], ...]
    cost: np.ndarray
    offline: Overhead
    online: Overhead

    @property
    def contracting(self) -> OfflineWelfare:
        """The offline problem as it truly is, with redundancy, whatever the method saw."""
        return OfflineWelfare(self.market, mismatch=self.plan.problem.options["mismatch"])


def execute(scenario: Scenario, method: Method, policy: Policy | None = None) -> Execution:
    """Let one method plan, meet the arrivals, and repair.

    Ctrl-C raises `KeyboardInterrupt`, though heuristics and solvers alone would keep their best so far.

    Examples
    --------
    >>> from mcsopt.data.private_markets import private_market
    >>> from mcsopt.simulation import draw_scenario, method
    >>> scenario = draw_scenario(private_market(tasks=4, workers=16, seed=0), seed=0)
    >>> run = execute(scenario, method("ConOff"))
    >>> run.repair.solution.sets
    ((), (), (), ())
    """
    policy = policy or Policy()
    reports, epsilon = _reports(scenario, method, policy)
    market = _planning_market(scenario.market.reported(reports, epsilon), epsilon, policy)
    messages = Exchanges(market)
    offline = OfflineWelfare(_seen(market, method), mismatch=policy.mismatch_risk)
    plan = whole(_OFFLINE[method.offline](offline, policy, scenario.seed, messages))
    contracts = stage_plan(plan)
    present = _present(scenario, contracts, policy)
    second = market
    if not method.memoized:
        again_reported = _planning_market(scenario.market.reported(scenario.later_reports, epsilon), epsilon, policy)
        second = _with_contracts(again_reported, market, contracts)
    idle = idle_workers(second, contracts, present)
    stage = online_market(_seen(second, method), contracts, present, objective=policy.objective)
    again = Exchanges(stage, idle)
    repair = whole(
        _ONLINE[method.online](OnlineRecruitment(stage, restore=policy.restore), policy, scenario.seed, again)
    )
    chosen = stage_plan(repair)
    recruits = [tuple(int(idle[k]) for k in workers) for workers in chosen.sets]
    return Execution(
        scenario=scenario, method=method, market=market, plan=plan, repair=repair, idle=idle,
        served=tuple(tuple(j for j in workers if present[j]) for workers in contracts.sets),
        recruited=tuple(_willing(scenario, task, workers, policy) for task, workers in enumerate(recruits)),
        cost=_cost(scenario, method, policy), offline=messages.overhead(scenario), online=again.overhead(scenario),
    )  # fmt: skip


def stage_plan(result: Result) -> Assignment:
    """Return what a stage decided: nobody where its problem has no feasible plan, or none was found."""
    plan: Assignment = result.problem.empty_solution() if result.solution is None else result.solution
    return plan


def _reports(scenario: Scenario, method: Method, policy: Policy) -> tuple[np.ndarray, np.ndarray]:
    """Return what the platform takes for intents, and the budgets that count as privacy cost."""
    if method.private:
        return scenario.reports, scenario.calibration.epsilon
    able = scenario.calibration.feasible  # the same workers take part, so that only the noise differs
    epsilon = np.where(able, np.inf if policy.open_cost == "none" else scenario.calibration.epsilon, np.nan)
    return scenario.intents, epsilon


def _planning_market(market: SensingMarket, epsilon: np.ndarray, policy: Policy) -> SensingMarket:
    """Return the reported market as planning reads it; workers without a budget have no pairs, their number is void."""
    budgets = np.nan_to_num(epsilon, nan=_CERTAIN, posinf=_CERTAIN) if policy.mismatch_risk == "pair" else None
    return replace(market, service=policy.service, privacy_budget=market.privacy_budget if budgets is None else budgets)


def _cost(scenario: Scenario, method: Method, policy: Policy) -> np.ndarray:
    return scenario.market.cost(_reports(scenario, method, policy)[1])


def _seen(market: SensingMarket, method: Method) -> SensingMarket:
    """Return the market as the method sees it: with redundancy or, iParts(NoR), without."""
    return market if method.redundancy else replace(market, redundancy=np.zeros(market.num_tasks))


def _present(scenario: Scenario, contracts: Assignment, policy: Policy) -> np.ndarray:
    """Return who counts as arrived; a contracted worker who refuses his task does not."""
    present = scenario.arrived.copy()
    if policy.mismatch == "refuse":
        for task, workers in enumerate(contracts.sets):
            for j in workers:
                present[j] &= bool(scenario.intents[j, task])
    return present


def _willing(scenario: Scenario, task: int, workers: tuple[int, ...], policy: Policy) -> tuple[int, ...]:
    return tuple(j for j in workers if policy.mismatch == "serve" or scenario.intents[j, task])


def _with_contracts(second: SensingMarket, first: SensingMarket, contracts: Assignment) -> SensingMarket:
    """Return the second market with the contracted pairs of the first: a contract holds whatever is reported later."""
    taken = np.array([j for workers in contracts.sets for j in workers], dtype=np.int64)
    contracted = np.zeros(first.num_pairs, dtype=bool)
    for task, workers in enumerate(contracts.sets):
        where = first.pairs_of(task)
        contracted[where] = np.isin(first.pair_worker[where], workers)
    rest = ~np.isin(second.pair_worker, taken)
    names = ("pair_task", "pair_worker", "payment", "cost", "quality", "intent_prior")
    joined: dict[str, Any] = {
        n: np.concatenate([getattr(second, n)[rest], getattr(first, n)[contracted]]) for n in names
    }
    return replace(second, **joined)


Offline = Callable[[OfflineWelfare, Policy, int, Exchanges], Result]
Online = Callable[[OnlineRecruitment, Policy, int, Exchanges], Result]


def _nobody(problem: OfflineWelfare | OnlineRecruitment, *_: object) -> Result:
    return conclude(problem, "none", problem.empty_solution())


_OFFLINE: dict[Stage, Offline] = {
    Stage.GAME: lambda problem, policy, seed, messages: aspire_off(
        problem, seed=seed, samples=policy.samples, on_round=messages.round
    ),
    Stage.GREEDY: lambda problem, policy, seed, messages: greedy(problem, screen=False, on_round=messages.round),
    Stage.OPTIMAL: lambda problem, policy, seed, messages: certified_optimum(problem, **policy.effort),
    Stage.NONE: _nobody,
}
_ONLINE: dict[Stage, Online] = {
    Stage.GAME: lambda problem, policy, seed, messages: aspire_on(problem, seed=seed, on_round=messages.round),
    Stage.GREEDY: lambda problem, policy, seed, messages: greedy(problem, screen=False, on_round=messages.round),
    Stage.OPTIMAL: lambda problem, policy, seed, messages: certified_optimum(problem, **policy.effort),
    Stage.NONE: _nobody,
}
