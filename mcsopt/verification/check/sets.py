"""Exact quantities of worker sets of one task: budget, quality risk, expected welfare.

Sets are rows of local candidate indices, in increasing order; all sets of a block have the same size k.
Only correctly rounded elementwise operations in a fixed order are used, so that every machine with IEEE
doubles derives the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from mcsopt.verification.check.rounding import MONEY, NEAR, QUALITY, RISK, UNIT, scaled
from mcsopt.verification.check.strict import Refused, Run

MAX_SIZE = 24
"""Largest set whose risk, a sum over 2^k arrival patterns, is checked."""
TAIL = 14
"""Members whose arrival patterns are laid out as one array; those of larger sets are looped over."""
CELLS = 2**20
"""Patterns handled at a time."""
TINY = 1e-100
"""More than all underflows of one value can add up to, as numbers are at most 1e100."""


@dataclass(frozen=True)
class Block:
    """Sets of one size k and what extending them needs.

    Attributes
    ----------
    members : array of int, shape (n, k)
    count, mass : array of float, shape (n, k + 1)
        ``Pr(N = m)`` and ``E[arrived quality; N = m]`` for the number N of arrivals.
    spend, cost : array of float, shape (n,)
        Sums of payments and of ``pi_j c_ij``.
    """

    members: np.ndarray
    count: np.ndarray
    mass: np.ndarray
    spend: np.ndarray
    cost: np.ndarray

    def rows(self, which: np.ndarray | slice) -> Block:
        """Return the block of the sets `which`."""
        return Block(self.members[which], self.count[which], self.mass[which], self.spend[which], self.cost[which])


@dataclass(frozen=True)
class Task:
    """One task with its candidates: parallel arrays over local indices, and the task's own numbers."""

    label: str
    workers: np.ndarray
    arrival: np.ndarray
    quality: np.ndarray
    payment: np.ndarray
    cost: np.ndarray
    weight: float
    redundancy: float
    demand: float
    budget: float
    risk_cap: float

    def select(self, which: np.ndarray) -> Task:
        """Return the task with the candidates `which` only, in that order."""
        names = ("workers", "arrival", "quality", "payment", "cost")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    @property
    def size(self) -> int:
        """Number of candidates."""
        return len(self.workers)

    # Budget ------------------------------------------------------------------------------------------------

    @cached_property
    def limit(self) -> float:
        """Budget with its slack, as a double."""
        return self.budget + float(MONEY)

    @cached_property
    def money_band(self) -> float:
        """Distance from the budget within which payments are summed exactly: far above their rounding."""
        return max(NEAR, 4 * (self.size + 2) * UNIT * (self.budget + 1))

    @cached_property
    def _money(self) -> tuple[list[int], int]:
        payments, scale = scaled([*self.payment.tolist(), self.budget])
        return payments, payments.pop() + math.floor(MONEY * scale)

    def affordable(self, members: Sequence[int]) -> bool:
        """Whether the payments are at most ``B + 1e-9``, decided exactly."""
        payments, limit = self._money
        return sum(payments[j] for j in members) <= limit

    # Value -------------------------------------------------------------------------------------------------

    def root(self) -> Block:
        """Return the block of the empty set."""
        zero = np.zeros(1)
        return Block(np.zeros((1, 0), dtype=np.int64), np.ones((1, 1)), np.zeros((1, 1)), zero, zero)

    def children(self, block: Block, allowed: np.ndarray, run: Run) -> tuple[np.ndarray, np.ndarray]:
        """Return (row, new member) of every affordable extension by a later, `allowed` (n, m) candidate."""
        spend = block.spend[:, None] + self.payment[None, :]
        fits = allowed & (spend <= self.limit + self.money_band)
        if block.members.shape[1]:
            fits &= np.arange(self.size)[None, :] > block.members[:, -1:]
        near = fits & (spend >= self.limit - self.money_band)
        for row, new in zip(*np.nonzero(near), strict=True):
            run.count("rational decisions")
            fits[row, new] = self.affordable([*block.members[row].tolist(), int(new)])
        rows, news = np.nonzero(fits)
        return rows, news

    def extend(self, block: Block, rows: np.ndarray, new: np.ndarray) -> Block:
        """Return the sets ``rows[t]`` with the member ``new[t]`` added."""
        p, q = self.arrival[new][:, None], self.quality[new][:, None]
        count, mass = block.count[rows], block.mass[rows]
        zero = np.zeros((len(rows), 1))
        come = np.hstack([zero, count])
        mass = (1 - p) * np.hstack([mass, zero]) + p * (np.hstack([zero, mass]) + q * come)
        count = (1 - p) * np.hstack([count, zero]) + p * come
        return Block(
            np.hstack([block.members[rows], new[:, None]]),
            count,
            mass,
            block.spend[rows] + self.payment[new],
            block.cost[rows] + self.arrival[new] * self.cost[new],
        )

    def block_of(self, members: Sequence[int]) -> Block:
        """Return the block of one set."""
        block = self.root()
        for j in members:
            block = self.extend(block, np.zeros(1, dtype=np.int64), np.array([j]))
        return block

    def value(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Return the values ``v_i(A) = omega3 E[Q] - sum pi c`` in doubles, and a bound on their error.

        With u the unit roundoff: every number is a sum or product of nonnegative ones, so relative errors add
        up. ``Pr(N = m)`` takes 3 roundings a member, ``E[q; N = m]`` hence 3 a member and 1 more, the
        division by ``1 + (m-1) zeta`` 3, the sum over m another k - 1, the weight 1: at most 4k + 4; the cost
        takes k, the final difference 1. So the error is below ``(4k + 6) u (omega3 E[Q] + sum pi c)`` to
        first order in u; 6k + 8 covers the higher orders and the rounding of the bound itself, `TINY` covers
        underflow.
        """
        size = block.members.shape[1]
        quality = np.zeros(len(block.members))
        for arrived in range(1, size + 1):
            quality = quality + block.mass[:, arrived] / (1 + (arrived - 1) * self.redundancy)
        gross = self.weight * quality
        scale = gross + block.cost
        return gross - block.cost, (6 * size + 8) * UNIT * scale + np.where(scale > 0, TINY, 0.0)

    def exact_value(self, members: Sequence[int]) -> Fraction:
        """Return ``v_i(A)`` as a rational, by the law of the number of arrivals."""
        count, mass, cost = [Fraction(1)], [Fraction(0)], Fraction(0)
        for j in members:
            p, q, c = (Fraction(float(x[j])) for x in (self.arrival, self.quality, self.cost))
            stay, come = [*count, Fraction(0)], [Fraction(0), *count]
            mass = [
                (1 - p) * kept + p * (before + q * arrived)
                for kept, before, arrived in zip([*mass, Fraction(0)], [Fraction(0), *mass], come, strict=True)
            ]
            count = [(1 - p) * s + p * a for s, a in zip(stay, come, strict=True)]
            cost += p * c
        zeta = Fraction(self.redundancy)
        quality = sum((m / (1 + (n - 1) * zeta) for n, m in enumerate(mass) if n), Fraction(0))
        return Fraction(self.weight) * quality - cost

    # Risk --------------------------------------------------------------------------------------------------

    def needed(self, arrived: int) -> Fraction:
        """Return the least sum of qualities with which `arrived` arrivals meet the demand, slack included."""
        return Fraction(self.demand) * (1 + (arrived - 1) * Fraction(self.redundancy)) - QUALITY

    @cached_property
    def _exact_quality(self) -> tuple[list[int], list[int]]:
        qualities, scale = scaled(self.quality.tolist())
        return qualities, [math.ceil(self.needed(n) * scale) for n in range(MAX_SIZE + 1)]

    def meets(self, arrived: Sequence[int]) -> bool:
        """Whether the arrival of exactly these members meets the demand, decided exactly."""
        qualities, needed = self._exact_quality
        return sum(qualities[j] for j in arrived) >= needed[len(arrived)]

    def risk(self, members: np.ndarray, run: Run) -> np.ndarray:
        """Return ``Pr(Q < Q^D)`` of each set, shape (n,), in doubles; patterns within 1e-10 decided exactly.

        A pattern's probability takes at most 2k roundings, the sum over patterns, by halves, k more, all of
        nonnegative numbers that add up to at most 1: the error is below ``(3k + 9) u < 1e-14``.
        """
        size = members.shape[1]
        if size > MAX_SIZE:
            raise Refused(f"the risk of {size} workers of {self.label} is needed; it is checked up to {MAX_SIZE}")
        step = max(1, CELLS >> min(size, TAIL))
        parts = [self._risk_chunk(members[start : start + step], run) for start in range(0, len(members), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _risk_chunk(self, members: np.ndarray, run: Run) -> np.ndarray:
        size = members.shape[1]
        head = max(0, size - TAIL)
        parts = []
        for pattern in range(2**head):
            run.tick()
            arrived = [k for k in range(head) if pattern >> k & 1]
            probability = np.ones(len(members))
            for k in range(head):
                p = self.arrival[members[:, k]]
                probability = probability * (p if k in arrived else 1 - p)
            parts.append(probability * self._tail_risk(members, head, arrived, run))
        return _halved(np.stack(parts, axis=1))

    def _tail_risk(self, members: np.ndarray, head: int, arrived: list[int], run: Run) -> np.ndarray:
        """Return the probability of missing the demand given which of the first `head` members arrived."""
        size = members.shape[1]
        total = np.zeros((len(members), 1))
        for k in arrived:
            total = total + self.quality[members[:, k]][:, None]
        probability, number = np.ones((len(members), 1)), np.array([len(arrived)])
        for k in range(head, size):
            q, p = self.quality[members[:, k]][:, None], self.arrival[members[:, k]][:, None]
            total = np.hstack([total, total + q])
            probability = np.hstack([probability * (1 - p), probability * p])
            number = np.concatenate([number, number + 1])
        needed = self.demand * (1 + (number - 1) * self.redundancy) - float(QUALITY)
        slack = total - needed[None, :]
        missed = slack < 0
        scale = (size + 1) * (float(self.quality.max(initial=0.0)) + self.demand + 1)
        for row, pattern in zip(*np.nonzero(np.abs(slack) <= max(NEAR, 4 * (size + 4) * UNIT * scale)), strict=True):
            # Bit b of a pattern is member head + b: that is how the arrays above were doubled.
            present = [*arrived, *(head + b for b in range(size - head) if pattern >> b & 1)]
            run.count("rational decisions")
            missed[row, pattern] = not self.meets([int(members[row, k]) for k in present])
        return _halved(np.where(missed, probability, 0.0))

    def keeps_risk(self, members: np.ndarray, run: Run) -> np.ndarray:
        """Return, per set, whether ``Pr(Q < Q^D) <= rho1 + 1e-12``; decided in rationals within 1e-10."""
        excess = self.risk(members, run) - self.risk_cap
        keeps = excess <= float(RISK)
        for row in np.flatnonzero(np.abs(excess) <= NEAR):
            run.count("rational decisions")
            keeps[row] = self.exact_risk(members[row].tolist(), run) <= Fraction(self.risk_cap) + RISK
        return keeps

    def exact_risk(self, members: Sequence[int], run: Run) -> Fraction:
        """Return ``Pr(Q < Q^D)`` as a rational, by all arrival patterns of positive probability."""
        arrival, scale = scaled([float(self.arrival[j]) for j in members])
        qualities, needed = self._exact_quality
        missed, patterns = 0, 0
        pending = [(0, 1, 0, 0)]
        while pending:
            depth, probability, total, number = pending.pop()
            if depth == len(members):
                missed += probability if total < needed[number] else 0
                patterns += 1
                if patterns % 4096 == 0:
                    run.tick()
                continue
            come = arrival[depth]
            if come < scale:
                pending.append((depth + 1, probability * (scale - come), total, number))
            if come:
                quality = qualities[members[depth]]
                pending.append((depth + 1, probability * come, total + quality, number + 1))
        return Fraction(missed, scale ** len(members))


def _halved(terms: np.ndarray) -> np.ndarray:
    """Return row sums of a matrix with 2^k columns, adding halves: k roundings, in a fixed order."""
    while terms.shape[1] > 1:
        half = terms.shape[1] // 2
        terms = terms[:, :half] + terms[:, half:]
    return np.asarray(terms[:, 0])
