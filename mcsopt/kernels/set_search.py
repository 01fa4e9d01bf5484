"""What exact pricing must know of a family of assignment problems: its candidates, and the search of one task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import TooLarge
from mcsopt.kernels import pricing, recruit_sets
from mcsopt.problems import OfflineWelfare, OnlineRecruitment
from mcsopt.problems.assignment import AssignmentProblem

MAX_MEMBERS = 16
"""Largest set of contracts that is searched for: 2^16 arrival patterns a depth."""


@dataclass(frozen=True)
class Candidates:
    """Candidates of one task by increasing payment.

    Attributes
    ----------
    pairs, workers : array of int, shape (m,)
        Their pairs, and who they are.
    quality, arrival, cost, payment : array of float, shape (m,)
        `cost` is what taking one costs, expected.
    depth : int
        How many of them the budget pays at most.
    """

    pairs: np.ndarray
    workers: np.ndarray
    quality: np.ndarray
    arrival: np.ndarray
    cost: np.ndarray
    payment: np.ndarray
    depth: int


@dataclass(frozen=True)
class Question:
    """What is asked of one task.

    Attributes
    ----------
    keep : slice or array of bool
        Which of its candidates may be taken.
    loss : array of float
        What each of those loses: costs and prices.
    valued : bool
        Whether ``v_i(A)`` counts, or the prices alone.
    mark, hit, fine : array of int, int, array of float
        Cuts, one bit each; see `mcsopt.kernels.pricing.search`.
    floor : float
        Sets worth no more are not looked for.
    max_nodes : int
        Most nodes of the search.
    listing : bool
        Whether all sets above the floor are wanted.
    """

    keep: slice | np.ndarray
    loss: np.ndarray
    valued: bool
    mark: np.ndarray
    hit: int
    fine: np.ndarray
    floor: float
    max_nodes: int
    listing: bool


Found = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Room for members, sizes, values and doubts of sets; see `mcsopt.kernels.pricing.search`."""


class SetSearch(ABC):
    """The search for the best sets of one task, of one family of problems.

    Parameters
    ----------
    problem : AssignmentProblem
    """

    slow: bool
    """Whether a search takes long enough for threads to pay."""
    advice: str
    """What to do where a search is too large."""

    def __init__(self, problem: Any) -> None:
        self.problem = problem

    def candidates(self, task: int) -> Candidates:
        """Return the candidates of a task."""
        market, where = self.problem.instance, self.problem.instance.pairs_of(task)
        pairs = np.arange(where.start, where.stop)[self.problem.candidate[where]]
        pairs = pairs[np.argsort(market.payment[pairs], kind="stable")]
        workers, payment = market.pair_worker[pairs], market.payment[pairs]
        depth = int(np.searchsorted(np.cumsum(payment), self.problem.budget[task] * (1 + 1e-12), side="right"))
        return Candidates(
            pairs, workers, market.quality[pairs], market.arrival[workers], self.cost(pairs), payment, depth
        )  # fmt: skip

    @abstractmethod
    def cost(self, pairs: np.ndarray) -> np.ndarray:
        """Return what taking each pair costs, expected."""

    @abstractmethod
    def largest_worth(self) -> float:
        """Return the largest gain or cost that one pair may bring: the order of magnitude of values."""

    @abstractmethod
    def search(self, task: int, here: Candidates, asked: Question, found: Found) -> tuple[int, int, int]:
        """Return the number of sets found, the nodes searched, and how the search ended."""

    def _possible(self) -> np.ndarray:
        market = self.problem.instance
        return np.asarray(self.problem.candidate & (market.payment <= self.problem.budget[market.pair_task]))


class ContractSearch(SetSearch):
    """Sets of contracts, who arrive or not: `mcsopt.kernels.pricing`."""

    slow = True
    advice = "use solver 'linear-bound'"
    problem: OfflineWelfare

    def candidates(self, task: int) -> Candidates:
        """Return the candidates of a task; `TooLarge` if its budget pays for more than `MAX_MEMBERS` of them."""
        here = super().candidates(task)
        if here.depth > MAX_MEMBERS:
            raise TooLarge(
                f"offline-welfare by exact pricing: the budget of task {task} pays for {here.depth} workers, searched "
                f"are sets of up to {MAX_MEMBERS}; {self.advice}"
            )
        return here

    def cost(self, pairs: np.ndarray) -> np.ndarray:
        """Return ``pi_j c_ij``."""
        market = self.problem.instance
        return np.asarray(market.arrival[market.pair_worker[pairs]] * market.cost[pairs])

    def largest_worth(self) -> float:
        """Return the largest ``pi_j omega3 q_ij`` or ``pi_j c_ij``."""
        market = self.problem.instance
        worth = np.maximum(market.quality_weight * market.quality, market.cost) * market.arrival[market.pair_worker]
        return float(np.max(worth[self._possible()], initial=0.0))

    def search(self, task: int, here: Candidates, asked: Question, found: Found) -> tuple[int, int, int]:
        """Return the number of sets found, the nodes searched, and how the search ended."""
        market, keep = self.problem.instance, asked.keep
        number, nodes, end = pricing.search(
            here.quality[keep], here.arrival[keep], asked.loss, here.payment[keep],
            float(market.quality_weight) if asked.valued else 0.0, float(market.redundancy[task]),
            float(market.demand[task]), float(self.problem.budget[task]), market.quality_risk + tolerances.RISK,
            tolerances.QUALITY, asked.mark, asked.hit, asked.fine, asked.floor, asked.max_nodes, asked.listing, *found,
        )  # fmt: skip
        return number, nodes, end


class RecruitSearch(SetSearch):
    """Sets of recruits, who are there: `mcsopt.kernels.recruit_sets`."""

    slow = False
    advice = "use solver 'highs'"
    problem: OnlineRecruitment

    def __init__(self, problem: OnlineRecruitment) -> None:
        super().__init__(problem)
        self._by_number: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray, float]] = {}

    def cost(self, pairs: np.ndarray) -> np.ndarray:
        """Return ``c_ij``."""
        return np.asarray(self.problem.instance.cost[pairs])

    def largest_worth(self) -> float:
        """Return the largest ``omega3 q_ij`` or ``c_ij``, or the weight of a restoration, if that is larger."""
        market = self.problem.instance
        worth = np.maximum(market.quality_weight * market.quality, market.cost)
        return float(np.max(worth[self._possible()], initial=self.problem.restoration_weight))

    def search(self, task: int, here: Candidates, asked: Question, found: Found) -> tuple[int, int, int]:
        """Return the number of sets found, the nodes searched, and how the search ended."""
        keep = asked.keep
        share, offset, needed, band = self._terms(task, here)
        if not asked.valued:
            share, offset = np.zeros(len(share)), np.zeros(len(share))
        number, nodes, end = recruit_sets.search(
            here.quality[keep], asked.loss, here.payment[keep], share, offset, needed, float(self.problem.budget[task]),
            band, asked.mark, asked.hit, asked.fine, asked.floor, asked.max_nodes, asked.listing, *found,
        )  # fmt: skip
        return number, nodes, end

    def _terms(self, task: int, here: Candidates) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return what a number of recruits makes of the task, and how much rounding may misjudge its demand."""
        if task not in self._by_number:
            market = self.problem.instance
            share, offset, needed = self.problem.by_number(task, here.depth)
            scale = float(np.max(here.quality, initial=0.0)) * here.depth + 2 * float(market.base_quality_sum[task])
            scale += float(np.max(needed, initial=0.0)) + 1
            self._by_number[task] = share, offset, needed, 4.0 * (here.depth + 4) * 2.0**-53 * scale
        return self._by_number[task]


SEARCHES: dict[type[AssignmentProblem], Callable[[Any], SetSearch]] = {
    OfflineWelfare: ContractSearch,
    OnlineRecruitment: RecruitSearch,
}
"""By type of problem, how the sets of a task are searched."""


def set_search(problem: AssignmentProblem) -> SetSearch:
    """Return the search of a problem's sets."""
    return next(search for family, search in SEARCHES.items() if isinstance(problem, family))(problem)
