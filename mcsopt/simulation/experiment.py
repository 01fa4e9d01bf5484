"""Many epochs of many markets: every method on the same seeds, in parallel, each finished seed kept at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from mcsopt.data.private_markets import PrivateMarket, private_market
from mcsopt.errors import BackendFault, McsoptError
from mcsopt.result import Result
from mcsopt.simulation.bounds import certified_optimum, wait_and_see
from mcsopt.simulation.execution import Execution, Policy, execute, stage_plan
from mcsopt.simulation.methods import METHODS, Stage
from mcsopt.simulation.metrics import measure
from mcsopt.simulation.scenario import draw_scenario


@dataclass(frozen=True)
class Setting:
    """A size of market and where it comes from.

    Parameters
    ----------
    tasks, workers : int
    trips : str, optional
        A table of Chicago taxi trips; None: generated markets.
    area : int, optional
        Community area of the trips.
    """

    tasks: int
    workers: int
    trips: str | None = None
    area: int | None = None

    def market(self, seed: int) -> PrivateMarket:
        """Draw the market of a seed."""
        if self.trips is None:
            return private_market(tasks=self.tasks, workers=self.workers, seed=seed)
        from mcsopt.data.taxi_private import chicago_private_market

        return chicago_private_market(
            _trips(self.trips), tasks=self.tasks, workers=self.workers, area=self.area, seed=seed
        )


@cache
def _trips(path: str) -> Any:
    from mcsopt.data.trips import read_trips

    return read_trips(path)


def welfare_rows(setting: Setting, seed: int, policy: Policy) -> list[dict[str, Any]]:
    """Run every method on one seed, and set it beside what is proved (Figures 3 and 4).

    Returns
    -------
    list of dict
        `measure` of each method, and: ``plan_bound``, on the expected welfare of contracts on the same reports that
        keep the limits of risk; ``repair``, the objective of the online stage (``restore="max"``: with its weight of
        restored tasks), with ``repair_bound``, and ``repair_best``, what is known to be reached; ``bound``, wait and
        see on the same candidates, and ``bound_best`` likewise; None where nothing was bounded, or where a stage's plan
        breaks the constraints that its bound is for. Then a row of method ``Wait-and-see``, whose ``SW`` is the bound
        on the reported candidates.
    """
    scenario = draw_scenario(setting.market(seed), seed=seed, search=policy.search)
    runs = [execute(scenario, method, policy) for method in METHODS]
    bounds = {
        private: wait_and_see(run.market, scenario.arrived, **policy.effort)
        for private, run in {run.method.private: run for run in reversed(runs)}.items()
    }
    plans = {run.method.private: run.plan.dual_bound for run in runs if run.method.offline is Stage.OPTIMAL}
    rows = []
    for run in runs:
        same = run.method.memoized  # fresh reports online are other candidates
        best = bounds[run.method.private]
        repair = _best_repair(run, policy)
        rows.append(measure(run) | {
            "plan_bound": plans.get(run.method.private) if _keeps_limits(run) else None,
            "repair": run.repair.problem.evaluate(run.repair.solution) if run.repair.feasible else None,
            "repair_bound": repair.dual_bound if repair else None,
            "repair_best": repair.objective if repair and repair.feasible else None,
            "bound": best.dual_bound if same else None,
            "bound_best": best.objective if same else None,
        })  # fmt: skip
    rows.append({"method": "Wait-and-see", "SW": bounds[True].dual_bound, "bound_best": bounds[True].objective})
    return [{"tasks": setting.tasks, "workers": setting.workers, "seed": seed, **row} for row in rows]


def _keeps_limits(run: Execution) -> bool:
    """Whether a method contracted, and no contract breaks a limit in truth: others may be worth more than the most."""
    return run.method.offline is not Stage.NONE and not run.contracting.violations(stage_plan(run.plan))


def _best_repair(run: Execution, policy: Policy) -> Result | None:
    """Return the best online stage, with its bound, of a method that decides by the true qualities; else None."""
    if run.method.online is Stage.NONE or not run.method.redundancy:
        return None
    if run.method.online is Stage.OPTIMAL:
        return run.repair
    problem: Any = run.repair.problem
    start = run.repair.solution if run.repair.feasible else None
    return certified_optimum(problem, start=start, **policy.effort)


Rows = Callable[[Setting, int, Policy], list[dict[str, Any]]]
"""What is computed for one seed of a setting."""
Job = tuple[Rows, Setting, int, Policy]
Outcome = list[dict[str, Any]] | BackendFault
"""The rows of a job, or what a solver did that spoilt it: one seed costs no other."""


def _perform(job: Job) -> Outcome:
    function, setting, seed, policy = job
    try:
        return function(setting, seed, policy)
    except BackendFault as fault:
        return fault


def warm_up() -> None:
    """Run everything once on a market of the smallest size."""
    welfare_rows(Setting(3, 12), 0, Policy(time_limit=None))


def _begin() -> None:
    """Let this process end with the one that began it: at once on Ctrl-C, which reaches both, and if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_follow, daemon=True).start()
    warm_up()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def perform(jobs: Sequence[Job], *, processes: int | None = None) -> Iterator[tuple[Job, Outcome]]:
    """Yield each job with its rows as it finishes, in any order; the rows of a job do not depend on the others.

    Parameters
    ----------
    jobs : sequence of Job
    processes : int, optional
        How many run side by side; None: one for each core. With 1 they run here, in order.

    Raises
    ------
    McsoptError
        If one of the processes is killed.

    Notes
    -----
    An interruption loses the jobs that run, none that was yielded.
    """
    # Each process compiles, or loads from the cache, before the first clock starts.
    processes = min(processes or os.cpu_count() or 1, max(1, len(jobs)))
    if processes == 1:
        warm_up()
        for job in jobs:
            yield job, _perform(job)
        return
    # Spawned: a fork would copy the locks of threads that solvers may have started here.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:
        waiting: dict[Future[Outcome], Job] = {}
        rest = iter(jobs)
        try:
            while True:
                # No more than run, so that an interruption waits for none that has not begun.
                for job in islice(rest, processes - len(waiting)):
                    waiting[pool.submit(_perform, job)] = job
                if not waiting:
                    return
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
        except BrokenProcessPool:
            raise McsoptError(
                f"one of {processes} processes was killed, perhaps for want of memory; finished runs are kept: "
                "--resume goes on, --jobs asks for fewer processes"
            ) from None
        finally:
            for future in waiting:
                future.cancel()
