"""Markets of taxi trips before their workers report: the input of the two-stage simulation."""

from __future__ import annotations

import numpy as np

from mcsopt.data.private_markets import PrivateMarket, draw_reports, draw_tasks, scaled_quality
from mcsopt.data.taxi_market import Region, draw_workers, relative_quality, trips_inside, whole_count
from mcsopt.data.trips import Trips
from mcsopt.seeds import generator

_STREAM = 8  # of the seed, so that these markets do not repeat the numbers of others


def chicago_private_market(
    trips: Trips, *, tasks: int = 40, workers: int = 160, area: int | None = None, seed: int = 0
) -> PrivateMarket:
    """Draw a crowdsensing market of taxi trips before its workers report.

    As `mcsopt.data.taxi_market.chicago_market`, but for: all pairs are kept; ``gamma_j`` is uniform in [0.9, 1.1] / I;
    the median quality of 16, and the median distance whose quarter is the least that counts, are over the pairs whose
    payment covers the execution cost; and there are no privacy budgets, which PRIMER finds.

    Parameters
    ----------
    trips : Trips
        Usable trips.
    tasks, workers : int
        Numbers of tasks and workers, >= 1.
    area : int, optional
        Community area, 1 to 77. None: the one in which most usable trips start.
    seed : int
        Any integer >= 0; the same arguments give the same market.

    Raises
    ------
    InputError
        For numbers out of range, an area without trips, or fewer trips than workers.
    """
    tasks, workers = whole_count("tasks", tasks), whole_count("workers", workers)
    used, inside = trips_inside(trips, area, workers)
    region = Region.around(trips.pickup_latitude[inside], trips.pickup_longitude[inside])
    rng = generator(seed, _STREAM)
    chosen = inside[rng.choice(len(inside), size=workers, replace=False)]
    task_x, task_y = rng.uniform(0, region.width, tasks), rng.uniform(0, region.height, tasks)
    budget, demand, redundancy = draw_tasks(rng, tasks)
    pool = draw_workers(rng, trips, chosen, region)
    ways = [pool.distances(x, y) for x, y in zip(task_x, task_y, strict=True)]
    there, back = (np.array(part) for part in zip(*ways, strict=True))
    execution_cost = np.round(pool.execution_cost(there, back), 9)
    payment, prior, flip_weight = draw_reports(rng, tasks, workers)
    payable, distance = payment >= execution_cost, there + back
    median = float(np.median(distance[payable] if payable.any() else distance))
    return PrivateMarket(
        budget=budget, demand=demand, redundancy=redundancy, arrival=pool.arrival,
        privacy_coefficient=pool.privacy_coefficient, flip_weight=flip_weight, payment=payment,
        execution_cost=execution_cost,
        quality=scaled_quality(relative_quality(pool.theta, distance, median), payable), prior=prior,
        task_x=1000 * task_x, task_y=1000 * task_y, worker_x=1000 * pool.start[0], worker_y=1000 * pool.start[1],
        source=f"{trips.source or 'trips'}, community area {used}",
    )  # fmt: skip
