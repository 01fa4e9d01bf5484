"""Why no stable coalition costs less than a bound B: sizes, cells of each size, and a search of what is left.

Let ``a_i = (c_i^2 / 2)^(1/3)``, players by ascending a, ranks from 0; ``A = sum_S a``; ``P_k`` the sum of the k least
a; ``e = (2 alpha + 1) / 3``; ``T = sigma^2 (1 + 1e-12)`` (ties: see `stability`). From Definitions 5-8, for |S| = k,

- members stay iff ``A + 2 max_S a <= U_k = T (k - 1) / k^e``;
- Nash: nobody enters iff ``A + r_k a_s > E_k = T (k + 1) / k^e`` with ``r_k = 3 ((k + 1) / k)^(e + 1)``, s the cheapest
  outsider;
- robust: nobody enters iff ``A + a_s + 2 max(max_S a, a_s) > R_k = T k / (k + 1)^e``;
- the social cost is ``(n + 1 - k) sigma^2 + g_k A`` with ``g_k = (k + 2) k^e / k``; it is at least B iff
  ``A >= C_k = (B - (n + 1 - k) sigma^2) / g_k``.

For each size k: it is dead if the k cheapest do not stay (their A and their largest a are the least there are),
bounded if ``P_k >= C_k``. Else the k cheapest themselves are tried, and all others by cells (s, m): s < k the cheapest
outsider, m the class of the most expensive member. A class is the ranks with one and the same a: which of them are
members changes nothing, so they may be taken to come first. Then the ranks below s are members, no other of the class
of s is, and k - s - 1 more lie between ``f``, the first rank after that class, and ``l``, the last rank of m, which
stands for the most expensive member. Some rank from k on is a member, so ``l >= k``. In a cell

    P_s + a_m + (sum of the ranks f..f+k-s-2)  <=  A  <=  P_s + a_m + (sum of the k - s - 1 ranks below l)
    max(E_k - r_k a_s  or  R_k - a_s - 2 a_m)  <  A  <=  U_k - 2 a_m,    A < C_k,

and over a block of cells, ``s0..s1`` by ``m0..m1``,

    P_k - a_s1 + a_m0  <=  A  <=  P_s0 + a_m1 + (sum of the k - s0 - 1 ranks below l1),

where the other bounds, monotone in s and in m, are at their extremes in a corner. A block whose bounds exclude each
other is closed, others are cut in two; the single cells that remain are searched for a sum in their window
(`window_sums`).

Everything is in doubles, with each threshold moved outward by `ROUNDING`: what is excluded is excluded in exact
arithmetic. The B claimed is lowered by 1e-12 relative before all this, so that it may be an objective rounded to a
double; what is proved, and handed back, is the lowered one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsopt.verification.check.coalition import ROUNDING, Players, roots
from mcsopt.verification.check.stability import TIE
from mcsopt.verification.check.strict import Refused, Run
from mcsopt.verification.check.window_sums import WindowSums

CHUNK = 2**16
MOST_BLOCKS = 3 * 10**7
MOST_SEARCHES = 200_000
ALLOWANCE = 1e-12
"""By how much, relative, the bound proved is below the one claimed: room for its rounding to a double."""


@dataclass(frozen=True)
class Thresholds:
    """The numbers of each size, index k; entries 0 and 1 mean nothing. All moved outward by their rounding.

    Attributes
    ----------
    stay : array
        ``U_k``.
    enter : array
        ``E_k`` or ``R_k``.
    weight : array
        ``r_k``; 1 for robust.
    cost : array
        ``C_k``; infinity if the claim is that no stable coalition exists.
    """

    stay: np.ndarray
    enter: np.ndarray
    weight: np.ndarray
    cost: np.ndarray

    @classmethod
    def of(cls, players: Players, notion: str, bound: float | None) -> Thresholds:
        """Compute them for a bound B; None: the claim is that no stable coalition exists."""
        n, t, e = players.number, players.variance * (1 + TIE), (2 * players.alpha + 1) / 3
        k = np.maximum(np.arange(n + 1.0), 1.0)
        power, after = k**e, (k + 1) ** e
        if notion == "nash":
            enter, weight = t * (k + 1) / power, 3 * (after / power) * ((k + 1) / k)
        else:
            enter, weight = t * k / after, np.ones(n + 1)
        cost = np.full(n + 1, np.inf)
        if bound is not None:
            cost = (bound * (1 + ROUNDING) - (n + 1 - k) * players.variance) / ((k + 2) * power / k)
        return cls(t * (k - 1) / power * (1 + ROUNDING), enter * (1 - ROUNDING), weight, cost)


@dataclass(frozen=True)
class Blocks:
    """Blocks of cells: of size k, cheapest outsider s0..s1, class of the most expensive member m0..m1.

    Arrays of equal length.
    """

    k: np.ndarray
    s0: np.ndarray
    s1: np.ndarray
    m0: np.ndarray
    m1: np.ndarray

    def __len__(self) -> int:
        return len(self.k)

    def __getitem__(self, which: np.ndarray | slice) -> Blocks:
        return Blocks(self.k[which], self.s0[which], self.s1[which], self.m0[which], self.m1[which])


class Proof:
    """The claim that every stable coalition costs at least a bound, or, with None, that there is none.

    Parameters
    ----------
    players : Players
    notion : {"nash", "robust"}
    claimed : float or None
    run : Run
        Counts sizes dead and bounded, blocks of cells bounded, cells searched, sums examined.

    Attributes
    ----------
    bound : float or None
        What is proved if `verify` returns: the claimed bound less 1e-12 of it.
    worth, last : arrays
        a and the last rank of each class.
    group : array
        The class of each rank.
    """

    def __init__(self, players: Players, notion: str, claimed: float | None, run: Run) -> None:
        self.players, self.notion, self.claimed, self.run = players, notion, claimed, run
        self.bound = None if claimed is None else claimed - ALLOWANCE * abs(claimed)
        self.a, self.prefix = roots(players)
        self.worth, sizes = np.unique(self.a, return_counts=True)
        self.last = np.cumsum(sizes) - 1
        self.group = np.repeat(np.arange(len(sizes)), sizes)
        self.at = Thresholds.of(players, notion, self.bound)
        self.sums = WindowSums(self.a, self.prefix, run)
        self.searches = 0

    def verify(self) -> None:
        """Return if the claim is proved; else `Refused`, naming the size and cell that stands against it."""
        self.run.tick()
        pending = [self._sizes()]
        examined = 0
        while pending:
            self.run.tick()
            blocks = pending.pop()
            if len(blocks) > CHUNK:
                pending += [blocks[CHUNK:], blocks[:CHUNK]]
                continue
            examined += len(blocks)
            low, high = self._window(blocks)
            least, most = self._reach(blocks)
            left = np.maximum(low, least) <= np.minimum(high, most)
            self.run.count("cell blocks bounded", int(len(blocks) - left.sum()))
            blocks, low, high = blocks[left], low[left], high[left]
            single = (blocks.s0 == blocks.s1) & (blocks.m0 == blocks.m1)
            self._search(blocks[single], low[single], high[single])
            if examined > MOST_BLOCKS:
                raise Refused(f"{self._claim()} is not proved within {MOST_BLOCKS:,} blocks of cells")
            if not single.all():
                pending.append(self._halved(blocks[~single]))

    def _claim(self) -> str:
        if self.claimed is None:
            return f"evidence.bound is null, but that no coalition is stable ({self.notion})"
        return f"evidence.bound, {self.claimed!r},"

    def _cost(self, k: int, total: float) -> float:
        """Return the social cost of a coalition of size k whose roots sum to `total`."""
        e = (2 * self.players.alpha + 1) / 3
        return (self.players.number + 1 - k) * self.players.variance + (k + 2) * float(k) ** e / k * total

    def _sizes(self) -> Blocks:
        """Settle what sizes alone settle and return the cells of the others."""
        n, a, p, at = self.players.number, self.a, self.prefix, self.at
        k = np.arange(2, n + 1)
        dead = p[k] + 2 * a[k - 1] > at.stay[k]
        bounded = ~dead & (p[k] >= at.cost[k])
        self.run.count("sizes dead", int(dead.sum()))
        self.run.count("sizes bounded", int(bounded.sum()))
        k = k[~(dead | bounded)]
        grand = k == n
        out = a[np.minimum(k, n - 1)]
        weight = at.weight[k] if self.notion == "nash" else 3.0
        stable = grand | (p[k] + weight * out >= at.enter[k])
        if stable.any():
            size = int(k[stable][0])
            worth = self._cost(size, float(p[size]))
            raise Refused(f"{self._claim()} is not proved: the {size} cheapest players are stable and cost {worth:.9g}")
        k = k[~grand]
        zero = np.zeros_like(k)
        return Blocks(k, zero, k - 1, self.group[k], zero + len(self.worth) - 1)

    def _window(self, b: Blocks) -> tuple[np.ndarray, np.ndarray]:
        """Return what the conditions ask of the sum A over each block: outward bounds, for the search of cells too."""
        at, worth = self.at, self.worth
        enter = at.enter[b.k] - at.weight[b.k] * self.a[b.s1]
        if self.notion == "robust":
            enter -= 2 * worth[b.m1]
        return enter, np.minimum(at.stay[b.k] - 2 * worth[b.m0], at.cost[b.k])

    def _reach(self, b: Blocks) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the largest sum A over each block, with room for the rounding of both.

        Single cells that are empty get bounds that exclude each other.
        """
        a, p, worth, last = self.a, self.prefix, self.worth, self.last[b.m1]
        between = b.k - b.s0 - 1
        most = p[b.s0] + worth[b.m1] + (p[last] - p[last - between])
        # Prefix sums may be far larger than their difference.
        slack = 2.0**-49 * p[last + 1]
        least = p[b.k] - a[b.s1] + worth[b.m0]
        single = np.flatnonzero((b.s0 == b.s1) & (b.m0 == b.m1))
        s, among = b.s0[single], between[single]
        first = self.last[self.group[s]] + 1
        full = first + among > last[single]
        until = np.minimum(first + among, last[single])
        tight = p[s] + worth[b.m0[single]] + (p[until] - p[first]) - slack[single]
        least[single] = np.where(full, np.inf, np.maximum(least[single], tight))
        return least, most + slack

    def _halved(self, b: Blocks) -> Blocks:
        """Cut each block in two, across the side along which the roots spread more."""
        wide_s, wide_m = self.a[b.s1] - self.a[b.s0], self.worth[b.m1] - self.worth[b.m0]
        by_s = (b.s0 < b.s1) & ((wide_s >= wide_m) | (b.m0 == b.m1))
        s, m = (b.s0 + b.s1) // 2, (b.m0 + b.m1) // 2
        first = Blocks(b.k, b.s0, np.where(by_s, s, b.s1), b.m0, np.where(by_s, b.m1, m))
        second = Blocks(b.k, np.where(by_s, s + 1, b.s0), b.s1, np.where(by_s, b.m0, m + 1), b.m1)
        join = np.concatenate
        return Blocks(*(join(pair) for pair in zip(_columns(first), _columns(second), strict=True)))

    def _search(self, cells: Blocks, low: np.ndarray, high: np.ndarray) -> None:
        """Search single cells for a sum in their windows; `Refused` if there is one."""
        for k, s, m, least, most in zip(
            cells.k.tolist(), cells.s0.tolist(), cells.m0.tolist(), low.tolist(), high.tolist(), strict=True
        ):
            self.searches += 1
            self.run.count("cells searched")
            first, last = int(self.last[self.group[s]]) + 1, int(self.last[m])
            cell = f"size {k}, cheapest outsider of rank {s}, most expensive member of rank {last}"
            fixed = float(self.prefix[s] + self.worth[m])
            try:
                if self.searches > MOST_SEARCHES:
                    raise Refused(f"more than {MOST_SEARCHES:,} cells would have to be searched")
                found = self.sums.find(first, last, k - s - 1, least - fixed, most - fixed)
            except Refused as refusal:
                raise type(refusal)(f"{self._claim()} is not proved: cell ({cell}) is open: {refusal}") from None
            if found is not None:
                worth = self._cost(k, fixed + found)
                raise Refused(f"{self._claim()} is not proved: cell ({cell}) holds a coalition that costs {worth:.9g}")


def _columns(b: Blocks) -> tuple[np.ndarray, ...]:
    return b.k, b.s0, b.s1, b.m0, b.m1
