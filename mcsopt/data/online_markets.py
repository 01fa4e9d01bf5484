"""What is left of a crowdsensing market once its plan is known and arrivals are: the market of the online stage."""

from __future__ import annotations

import numpy as np

from mcsopt.data.markets import sensing_market
from mcsopt.errors import InputError
from mcsopt.problems import Assignment, OnlineMarket, SensingMarket
from mcsopt.seeds import generator
from mcsopt.tolerances import MONEY

_STREAM = 3  # of the seed, so that arrivals do not repeat the numbers of the market


def online_market(
    market: SensingMarket, plan: Assignment, arrived: np.ndarray, *, objective: str = "increment"
) -> OnlineMarket:
    """Return what a plan and the arrivals leave to the online stage.

    Parameters
    ----------
    market : SensingMarket
    plan : Assignment
        Contracts, within the budgets; their risks play no part.
    arrived : array of bool, shape (J,)
        ``alpha_j``, whether each worker is there.
    objective : {"increment", "recruits"}
        See `OnlineMarket`.

    Returns
    -------
    OnlineMarket
        All tasks, met or not, with base quality (47) and remaining budget (50); of the workers only those without a
        contract who are there (49): worker k is number ``idle_workers(market, plan, arrived)[k]`` of `market`.

    Raises
    ------
    InputError
        For a plan of another size, without a pair, with a worker twice or beyond a budget; for arrivals of another
        length.

    Examples
    --------
    >>> market = sensing_market(tasks=2, workers=6, seed=0)
    >>> online = online_market(market, Assignment([[1], []]), np.array([True, True, False, True, True, True]))
    >>> online.base_count.tolist(), online.num_workers
    ([1, 0], 4)
    """
    idle = idle_workers(market, plan, arrived)
    task, worker = _contracts(plan)
    pair = _pairs(market, task, worker)
    come = np.asarray(arrived)[worker]
    task, pair = task[come], pair[come]

    def total(column: np.ndarray) -> np.ndarray:
        return np.bincount(task, weights=column[pair], minlength=market.num_tasks)

    left = market.budget - total(market.payment)
    # Sums round, and a budget holds to its tolerance.
    beyond = np.flatnonzero(left < -2 * MONEY)
    if beyond.size:
        first = int(beyond[0])
        raise InputError(f"plan[{first}]", f"pays {-left[first]:.6g} more than the budget", "give a feasible plan")
    number = np.full(market.num_workers, -1, dtype=np.int64)
    number[idle] = np.arange(len(idle))
    open_pairs = np.flatnonzero(number[market.pair_worker] >= 0)

    def of(rows: np.ndarray, *columns: str) -> dict[str, np.ndarray]:
        found = {name: getattr(market, name) for name in columns}
        return {name: values[rows] for name, values in found.items() if values is not None}

    return OnlineMarket(
        budget=np.maximum(left, 0.0), demand=market.demand, redundancy=market.redundancy,
        **of(idle, "arrival", "privacy_budget", "worker_x", "worker_y"),
        **of(open_pairs, "pair_task", "payment", "cost", "quality", "intent_prior"),
        pair_worker=number[market.pair_worker[open_pairs]], task_x=market.task_x, task_y=market.task_y,
        quality_weight=market.quality_weight, quality_risk=market.quality_risk, mismatch_risk=market.mismatch_risk,
        service=market.service, objective=objective,
        base_quality_sum=total(market.quality), base_count=np.bincount(task, minlength=market.num_tasks),
    )  # fmt: skip


def idle_workers(market: SensingMarket, plan: Assignment, arrived: np.ndarray) -> np.ndarray:
    """Return the numbers of the workers who are there without a contract, ascending; parameters as `online_market`."""
    there = np.array(arrived)
    if there.shape != (market.num_workers,) or there.dtype != bool:
        what = f"is an array of shape {there.shape} and type {there.dtype}"
        raise InputError("arrived", what, f"give {market.num_workers} truth values, one a worker")
    if len(plan.sets) != market.num_tasks:
        what = f"has length {len(plan.sets)}, the number of tasks is {market.num_tasks}"
        raise InputError("plan", what, "give one list of workers per task")
    _, worker = _contracts(plan)
    if worker.size and not 0 <= worker.min() <= worker.max() < market.num_workers:
        raise InputError("plan", "names a worker who is not in the market", f"there are {market.num_workers}")
    uses = np.bincount(worker, minlength=market.num_workers)
    if uses.max(initial=0) > 1:
        raise InputError("plan", f"contracts worker {int(np.argmax(uses))} more than once", "give a feasible plan")
    there[worker] = False
    return np.flatnonzero(there)


def _contracts(plan: Assignment) -> tuple[np.ndarray, np.ndarray]:
    """Return task and worker of every contract, by task."""
    sizes = [len(workers) for workers in plan.sets]
    worker = np.fromiter((j for workers in plan.sets for j in workers), dtype=np.int64, count=sum(sizes))
    return np.repeat(np.arange(len(sizes)), sizes), worker


def _pairs(market: SensingMarket, task: np.ndarray, worker: np.ndarray) -> np.ndarray:
    """Return the position of each contract in the pair arrays."""
    keys = market.pair_task * market.num_workers + market.pair_worker
    wanted = task * market.num_workers + worker
    found = np.searchsorted(keys, wanted)
    missing = np.flatnonzero(np.append(keys, -1)[found] != wanted)
    if missing.size:
        i, j = int(task[missing[0]]), int(worker[missing[0]])
        raise InputError(f"plan[{i}]", f"names worker {j}, with whom task {i} has no pair", "use the market's pairs")
    return found


def drawn_online_market(
    *,
    tasks: int = 40,
    workers: int = 160,
    seed: int = 0,
    variant: str = "default",
    candidates: int | None = None,
    contracted: float = 0.6,
    objective: str = "increment",
) -> OnlineMarket:
    """Draw a crowdsensing market, contracts and arrivals, and return what they leave to the online stage.

    The market is `sensing_market`'s. Contracts, by task: idle candidates by descending ``pi_j (omega3 q_ij - c_ij)``,
    while the payments keep within the share `contracted` of the budget. Then each worker arrives with probability
    ``pi_j``.

    Parameters
    ----------
    tasks, workers, seed, variant, candidates
        As for `sensing_market`; the seed also draws the arrivals.
    contracted : float
        Share of each budget that contracts may take, in [0, 1]; 0: nobody is contracted, everybody is recruited online.
    objective : {"increment", "recruits"}
        See `OnlineMarket`.

    Returns
    -------
    OnlineMarket

    Raises
    ------
    InputError
        For arguments out of range.

    Examples
    --------
    >>> online = drawn_online_market(tasks=10, workers=40, seed=1)
    >>> int(online.unmet.sum()), online.num_workers
    (9, 10)
    """
    if not 0 <= contracted <= 1:
        raise InputError("contracted", f"is {contracted!r}", "give a share in [0, 1]")
    market = sensing_market(tasks=tasks, workers=workers, seed=seed, variant=variant, candidates=candidates)
    arrived = generator(seed, _STREAM).random(market.num_workers) < market.arrival
    return online_market(market, _drawn_contracts(market, contracted), arrived, objective=objective)


def _drawn_contracts(market: SensingMarket, share: float) -> Assignment:
    worth = market.arrival[market.pair_worker] * (market.quality_weight * market.quality - market.cost)
    idle = np.ones(market.num_workers, dtype=bool)
    sets: list[list[int]] = []
    for task in range(market.num_tasks):
        left, chosen, first = share * float(market.budget[task]), [], market.pairs_of(task).start
        for pair in first + np.argsort(-worth[market.pairs_of(task)], kind="stable"):
            j = int(market.pair_worker[pair])
            if idle[j] and worth[pair] > 0 and market.payment[pair] <= left:
                chosen.append(j)
                left -= float(market.payment[pair])
        idle[chosen] = False
        sets.append(chosen)
    return Assignment(sets)
