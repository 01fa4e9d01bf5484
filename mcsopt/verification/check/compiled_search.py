"""The best priced set of one task by compiled search: what `pricing.best_searched` finds, a thousand times faster.

Depth first, over sets of exactly n members for each n in turn, so that a partial set P knows the number r of further
members. Each node keeps a list of the candidates that may still join; its children inherit what is left of it. With
``t_j = q_j - zeta Q^D``, ``a_j = omega3 pi_j q_j``, a found worth F, and numbers of arrivals N of P and K of the set R
of further members, a candidate j leaves the list

- if it is not affordable beside P and the cheapest r - 1 others of the list;
- if its best completion is not worth more than F. Of ``omega3 E[Q(P + R)]``, the arrivals of P bring ``E[g(K)]``,
  ``g(k) = omega3 E[Q_P / (1 + (N + k - 1) zeta)]``, Q_P their sum of qualities, and j in R brings ``a_j E[h(K_j)]``,
  ``h(k) = E[1 / (1 + (N + k) zeta)]``, K_j the arrivals of R but for j. g and h are convex and fall, so their means are
  at most those under the binomial law of the same mean (Hoeffding 1956, theorem 3), which are convex in its
  probability p (Bernstein polynomials), hence below their chord over the range [low, high] of the list's pi. The chord
  of g adds ``slope_g (pi_j - low) / r`` for each j. That of h adds ``slope_h / (r - 1) sum_{k != j} (pi_k - low)`` to
  the factor of a_j; summed over j, as slope_h <= 0, at most ``slope_h min a (pi_k - low)`` for each k. So the worth of
  P + R is at most base plus a sum of separate terms: compare with base, j's term and the r - 1 largest. For r = 1 it is
  exact;
- if it misses the risk even beside the best others. A pattern meets the demand iff the arrived t_j sum to at least
  ``(1 - zeta) Q^D - 1e-12``, and the r - 1 others are stochastically below as many members with the largest positive
  t of the list who arrive with the largest pi.

Fines of cuts (see `fines`) are due for the members taken; a further member is charged half of what it would be due,
as a cut has but two other rows once it has been hit, and the fine is due once. Elsewhere the bounds leave fines out.

Before the search, two kinds of candidates are dropped: those with whom no set is worth more than F, as their price is
above what they and the best others bring; and, as the best set without them is no worse, those with ``t_j <= 0`` (their
arrival never helps a pattern: the set without them keeps the risk if the set with them does) whose marginal worth on
every feasible set A is at most 0. It is ``pi_j (omega3 E[(q_j - zeta Q(A)) / (1 + N zeta)] - c_j) - u_j``; the
fraction is at most q_j, and ``t_j / (1 + zeta (n - 1))`` where A meets the demand, which it misses with probability
rho1 + 1e-12 at most; n is the largest affordable size. Without members of t_j > 0 no set meets a positive demand, so
what is left is not empty. Fines only make this truer.

Rounding: the bounds take at most some hundred roundings of numbers no larger than the sum of gains a_j and losses
``pi_j c_j + u_j`` of n members, and are compared with F less 1e-12 of n times the largest of these; probabilities and
sums of t_j are loosened by 1e-9 and more. Whole sets are judged with the very error bounds of `sets.Task`: their worth
from above, feasibility only where it is beyond 1e-10 of every threshold; the others are collected and decided in
rationals, from the most valuable, as far as they beat what was found.
"""

from __future__ import annotations

import numpy as np

from mcsopt.verification.check import compiled_kernel as kernel
from mcsopt.verification.check.compiled_state import LARGEST, Given, new_state
from mcsopt.verification.check.fines import NO_FINES, Fines
from mcsopt.verification.check.rounding import NEAR, QUALITY, UNIT
from mcsopt.verification.check.sets import Task
from mcsopt.verification.check.strict import Run

QUOTA = 20_000
"""Nodes between two looks at the clock: some tenths of a second."""


def takes(task: Task) -> bool:
    """Whether the compiled search takes a task: no more than `LARGEST` members are affordable."""
    return _largest(task) <= LARGEST


def _largest(task: Task) -> int:
    return int((np.cumsum(np.sort(task.payment)) <= task.limit + 2 * task.money_band).sum())


class CompiledSearch:
    """Searches of one task, for any prices. Not for two threads at a time."""

    floored = parallel = True  # sets worse than none are not looked for

    def __init__(self, task: Task) -> None:
        demand, redundancy, top = task.demand, task.redundancy, _largest(task)
        helps = task.quality - redundancy * demand
        # As in `pricing`: sums of t_j with their rounding, and the slack of qualities.
        scale = demand + 1 + float(np.abs(helps).max(initial=0.0)) * 2 * (top + 1)
        number = np.arange(2 * top + 2)
        self.task, self.workers = task, task.workers
        self.state = new_state(task.size, top)
        self.given = Given(
            pair=np.stack([helps, task.arrival, task.quality, task.cost, task.payment]),
            cheapest=np.argsort(task.payment, kind="stable"),
            share=1 / (1 + number * redundancy),
            needed=demand * (1 + (number[: top + 1] - 1) * redundancy) - float(QUALITY),
            weight=task.weight,
            demand=demand,
            redundancy=redundancy,
            reach=demand * (1 - redundancy) - 1e-9 - 1e-12 * scale,
            near=max(NEAR, 4 * (top + 4) * UNIT * (top + 1) * (float(task.quality.max(initial=0.0)) + demand + 1)),
            risk_cap=task.risk_cap,
            limit=task.limit,
            money_band=task.money_band,
            settled=task.risk_cap >= 1 or demand == 0,
        )

    def best(
        self, price: np.ndarray, banned: np.ndarray, valued: bool, floor: float, run: Run, fines: Fines = NO_FINES
    ) -> float:
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
        fines : Fines
            Of cuts.
        """
        run.tick()
        mark = fines.of(np.arange(len(price)))
        kernel.begin(self.given, self.state, price, banned, mark, fines.price, fines.hit, valued, floor)
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
                kernel.keep(state, state.doubtful[row].copy(), len(members), worth)
