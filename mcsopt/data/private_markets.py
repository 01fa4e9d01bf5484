"""Crowdsensing markets whose workers have not reported yet: every pair's data, and priors of private intents."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from mcsopt.data.markets import VARIANTS, check_market_size
from mcsopt.errors import InputError
from mcsopt.problems import SensingMarket
from mcsopt.seeds import generator
from mcsopt.tolerances import MONEY

MEDIAN_QUALITY = 16.0
"""Of the pairs whose payment covers the execution cost: nearly every task has a set that meets the risk limit, and at
10 only a quarter of them has one."""
_STREAM = 4  # of the seed, so that these markets do not repeat the numbers of others


@dataclass(frozen=True, eq=False)
class PrivateMarket:
    """Tasks i = 1..I, workers j = 1..J, and what would hold of each pair: the input of PRIMER and MIRROR.

    Parameters
    ----------
    budget, demand, redundancy : array of float, shape (I,)
        As in `SensingMarket`.
    arrival : array of float, shape (J,)
        ``pi_j`` in [0, 1].
    privacy_coefficient : array of float, shape (J,)
        ``lambda_j >= 0``: the privacy cost is ``lambda_j / eps_j`` (19).
    flip_weight : array of float, shape (J,)
        ``gamma_j >= 0``, what a flipped entry counts in the distortion (1).
    payment, execution_cost, quality, prior : array of float, shape (I, J)
        ``p_ij``, ``mu_j`` times the distance (18), ``q_ij`` and ``phi_ij = Pr(b_ij = 1)``.
    task_x, task_y : array of float, shape (I,)
    worker_x, worker_y : array of float, shape (J,)
        Planar positions; for pictures only.
    source : str
        Where it comes from, in words.
    """

    budget: np.ndarray
    demand: np.ndarray
    redundancy: np.ndarray
    arrival: np.ndarray
    privacy_coefficient: np.ndarray
    flip_weight: np.ndarray
    payment: np.ndarray
    execution_cost: np.ndarray
    quality: np.ndarray
    prior: np.ndarray
    task_x: np.ndarray
    task_y: np.ndarray
    worker_x: np.ndarray
    worker_y: np.ndarray
    source: str = ""

    def __post_init__(self) -> None:
        tasks, workers = len(self.budget), len(self.arrival)
        shapes: dict[str, tuple[int, ...]] = {}
        shapes |= dict.fromkeys(("payment", "execution_cost", "quality", "prior"), (tasks, workers))
        shapes |= dict.fromkeys(("arrival", "privacy_coefficient", "flip_weight", "worker_x", "worker_y"), (workers,))
        for column in fields(self):
            value = getattr(self, column.name)
            if isinstance(value, np.ndarray):
                shape = shapes.get(column.name, (tasks,))
                if value.shape != shape:
                    raise InputError(column.name, f"has shape {value.shape}", f"give shape {shape}")
                value.setflags(write=False)

    @property
    def num_tasks(self) -> int:
        """Number of tasks I."""
        return len(self.budget)

    @property
    def num_workers(self) -> int:
        """Number of workers J."""
        return len(self.arrival)

    def cost(self, epsilon: np.ndarray) -> np.ndarray:
        """Return ``c_ij``, execution and privacy cost (17), shape (I, J), for budgets eps_j; infinity costs nothing.

        A NaN (a worker without a budget) makes the costs of that worker NaN.
        """
        return np.round(self.execution_cost + self.privacy_coefficient / epsilon, 9)

    def reported(self, reports: np.ndarray, epsilon: np.ndarray) -> SensingMarket:
        """Return the market that the platform plans on: the pairs whose report is 1 and whose payment covers the cost.

        Parameters
        ----------
        reports : array of 0 and 1, shape (J, I)
            Of each worker, about every task.
        epsilon : array of float, shape (J,)
            Budgets of the reports; NaN: PRIMER found none, and the worker takes no part.

        Returns
        -------
        SensingMarket
            With all tasks and workers.
        """
        if reports.shape != (self.num_workers, self.num_tasks):
            raise InputError("reports", f"has shape {reports.shape}", f"give {self.num_workers} x {self.num_tasks}")
        cost = self.cost(epsilon)
        # A comparison with NaN is false: workers without a budget drop out here.
        task, worker = np.nonzero((reports.T == 1) & (self.payment >= cost - MONEY))
        finite = np.isfinite(epsilon).all()
        return SensingMarket(
            budget=self.budget, demand=self.demand, redundancy=self.redundancy, arrival=self.arrival,
            pair_task=task, pair_worker=worker, payment=self.payment[task, worker], cost=cost[task, worker],
            quality=self.quality[task, worker], intent_prior=self.prior[task, worker],
            privacy_budget=epsilon if finite else None,
            task_x=self.task_x, task_y=self.task_y, worker_x=self.worker_x, worker_y=self.worker_y,
        )  # fmt: skip


def private_market(*, tasks: int = 40, workers: int = 160, seed: int = 0, variant: str = "default") -> PrivateMarket:
    """Draw a crowdsensing market before its workers report.

    As `sensing_market`, but for: all pairs are kept; intent priors uniform in [0.3, 0.7]; ``gamma_j`` uniform in
    [0.9, 1.1] / I; qualities are scaled so that their median over the pairs whose payment covers the execution cost is
    16; and there are no privacy budgets, which PRIMER finds.

    Parameters
    ----------
    tasks, workers : int
        Numbers of tasks and workers, >= 1.
    seed : int
        Any integer >= 0; the same arguments give the same market.
    variant : {"default", "hard"}
        How quality falls with distance, see `mcsopt.data.markets.VARIANTS`.

    Examples
    --------
    >>> market = private_market(tasks=4, workers=12, seed=0)
    >>> market.payment.shape, float(market.prior.min()) >= 0.3
    ((4, 12), True)
    """
    check_market_size(tasks, workers, None, variant)
    if workers < 1:
        raise InputError("workers", f"is {workers}", "give an integer >= 1")
    rng, model = generator(seed, _STREAM), VARIANTS[variant]
    side = 10 * np.sqrt(tasks / 40)
    task_xy, worker_xy = rng.uniform(0, side, (tasks, 2)), rng.uniform(0, side, (workers, 2))
    budget, demand, redundancy = draw_tasks(rng, tasks)
    arrival, theta = rng.uniform(0.56, 0.96, workers), rng.uniform(45, 55, workers)
    mu, privacy_coefficient = rng.uniform(0.2, 0.8, workers), rng.uniform(1, 5, workers)
    distance = np.hypot(*(task_xy[:, None, :] - worker_xy[None, :, :]).transpose(2, 0, 1))
    quality = theta / 50 * np.exp(rng.normal(0, model.spread, distance.shape)) / (1 + distance / model.decay)
    # Rounded: the last bits of exponentials and distances depend on the processor, and digests must not.
    execution_cost = np.round(4 * mu * distance, 9)
    payment, prior, flip_weight = draw_reports(rng, tasks, workers)
    return PrivateMarket(
        budget=budget, demand=demand, redundancy=redundancy, arrival=arrival, privacy_coefficient=privacy_coefficient,
        flip_weight=flip_weight, payment=payment, execution_cost=execution_cost,
        quality=scaled_quality(quality, payment >= execution_cost), prior=prior,
        task_x=task_xy[:, 0].copy(), task_y=task_xy[:, 1].copy(),
        worker_x=worker_xy[:, 0].copy(), worker_y=worker_xy[:, 1].copy(), source=f"generated ({variant})",
    )  # fmt: skip


def draw_tasks(rng: np.random.Generator, tasks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return budgets, demands and redundancies in the ranges of the paper."""
    return rng.uniform(200, 250, tasks), rng.uniform(20, 28, tasks), rng.uniform(0.05, 0.40, tasks)


def draw_reports(rng: np.random.Generator, tasks: int, workers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return payments and priors of all pairs, and the weights of a flipped entry."""
    payment = np.round(rng.uniform(40, 55, (tasks, workers)), 1)
    prior = rng.uniform(0.3, 0.7, (tasks, workers))
    return payment, prior, rng.uniform(0.9, 1.1, workers) / tasks


def scaled_quality(relative: np.ndarray, payable: np.ndarray) -> np.ndarray:
    """Return qualities whose median over the payable pairs is 16, rounded to 9 decimals; over all pairs if none is."""
    median = float(np.median(relative[payable] if payable.any() else relative))
    return np.round(MEDIAN_QUALITY / median * relative, 9)
