"""The best priced set of one task by compiled search: what `pricing.best_searched` finds, some hundred times faster.

TODO
"""

from __future__ import annotations

import numpy as np

from mcsopt.verification.check import compiled_kernel as kernel
from mcsopt.verification.check.sets import Task
from mcsopt.verification.check.strict import Run

QUOTA = 20_000
"""Nodes between two looks at the clock: some tenths of a second."""


def takes(task: Task) -> bool:
    """Whether the compiled search takes a task: no more than `LARGEST` members are affordable."""
    paid = np.cumsum(np.sort(task.payment))
    return int((paid <= task.limit + 2 * task.money_band).sum()) <= kernel.LARGEST


class CompiledSearch:
    """Searches of one task, for any prices. Not for two threads at a time."""

    def __init__(self, task: Task) -> None:
        demand, redundancy, top = task.demand, task.redundancy, kernel.LARGEST
        helps = task.quality - redundancy * demand
        # As in `pricing`: sums of t_j with their rounding, and the slack of qualities.
        scale = demand + 1 + float(np.abs(helps).max(initial=0.0)) * 2 * top
        number = np.arange(2 * top + 2)
        self.task = task
        self.state = kernel.new_state(task.size)
        self.given = kernel.Given(
            help=helps,
            arrival=task.arrival,
            quality=task.quality,
            cost=task.cost,
            payment=task.payment,
            cheapest=np.argsort(task.payment, kind="stable"),
            share=1 / (1 + number * redundancy),
            needed=demand * (1 + (number[: top + 1] - 1) * redundancy) - 1e-12,
            weight=task.weight,
            demand=demand,
            redundancy=redundancy,
            reach=demand * (1 - redundancy) - 1e-9 - 1e-12 * scale,
            near=max(1e-10, 4 * (top + 4) * kernel.UNIT * (top + 1) * (float(task.quality.max(initial=0.0)) + demand + 1)),
            risk_cap=task.risk_cap,
            limit=task.limit,
            money_band=task.money_band,
            settled=task.risk_cap >= 1 or demand == 0,
        )

    def best(self, price: np.ndarray, banned: np.ndarray, valued: bool, floor: float, run: Run) -> float:
        """Return an upper bound, tight to rounding, on `floor` and the best feasible unbanned set.

        Parameters
        ----------
        price : array of float, shape (m,)
            Prices u >= 0 of the candidates.
        banned : array of bool, shape (m,)
        valued : bool
            Whether v(A) counts; otherwise ``-sum u`` alone is maximised.
        floor : float
            Sets worth no more than this need not be told apart; -inf: none.
        run : Run
            Time and work.
        """
        run.tick()
        kernel.begin(self.given, self.state, price, banned, valued, floor)
        while True:
            standing = kernel.search(self.given, self.state, QUOTA)
            run.tick()
            if standing != kernel.PAUSED:
                self._decide(run)
            if standing == kernel.DONE:
                break
        run.count("nodes searched", int(self.state.place[kernel.NODES]))
        return float(self.state.number[kernel.FOUND])

    def _decide(self, run: Run) -> None:
        """Decide the sets that rounding left in doubt, from the best, as far as they matter."""
        state = self.state
        count = int(state.place[kernel.DOUBTED])
        state.place[kernel.DOUBTED] = 0
        for row in np.argsort(-state.worth[:count], kind="stable"):
            worth = float(state.worth[row])
            if not worth > state.number[kernel.FOUND]:
                return
            members = state.doubtful[row][state.doubtful[row] >= 0]
            run.count("rational decisions")
            if self.task.affordable(members.tolist()) and self.task.keeps_risk(members[None, :], run)[0]:
                kernel.keep(state, members, worth)
