"""Is there a sum of `count` of some sorted numbers inside a window? Exhaustive, with a stated limit of work."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from mcsopt.verification.check.strict import Refused, Run

LIST = 2.0**20
"""Longest list of sums on one side of a meeting in the middle."""
COUNTED = 4096
"""Of blocks up to this long, the ways to choose among equal numbers are told apart from those among different ones."""
MOST_SUMS = 4 * 10**8
MOST_NODES = 400_000
_KEPT = 2**24

Block = tuple[int, int, int]
"""``(start, stop, count)``: `count` of the numbers ``values[start:stop]``."""


@dataclass
class WindowSums:
    """Sums of fixed cardinality of ascending positive numbers.

    Branch and bound over blocks of consecutive numbers, of each of which so many are taken: their sum lies between
    that of the least and that of the largest, from the prefix sums. A block is cut in two, at the middle or at a wide
    gap, with every way to divide its count; once few ways are left, the blocks go to two sorted lists of all their
    sums, and a binary search for each sum of one list finds whether a sum of the other completes it. Of equal numbers
    only how many are taken counts: a cut never parts them, and a list has each of their choices once.

    Parameters
    ----------
    values : array of float
    prefix : array of float
        ``prefix[i]``: sum of the first i values, correctly rounded.
    run : Run
        Counts ``sums examined`` and the time.

    Notes
    -----
    Bounds of blocks err by a few units of ``prefix``, which is added outward; sums in lists by 1e-14 relative to the
    sum, which the caller's window has to have room for.
    """

    values: np.ndarray
    prefix: np.ndarray
    run: Run
    nodes: int = 0
    _lists: dict[Block, np.ndarray] = field(default_factory=dict)
    _kept: int = 0
    _ways: dict[Block, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # For each number, where those equal to it begin and end.
        self._begin = np.searchsorted(self.values, self.values, side="left")
        self._end = np.searchsorted(self.values, self.values, side="right")

    def find(self, start: int, stop: int, count: int, low: float, high: float) -> float | None:
        """Return a sum of `count` of ``values[start:stop]`` in [low, high], or None; `Refused` if out of work."""
        pending: list[tuple[Block, ...]] = [((start, stop, count),)]
        while pending:
            blocks = pending.pop()
            self._tick()
            halves = self._halves(blocks)
            if halves is not None:
                found = self._meets(*halves, low, high)
                if found is not None:
                    return found
                continue
            pending.extend(self._cut(blocks, low, high))
        return None

    def _tick(self) -> None:
        self.nodes += 1
        if self.nodes % 64 == 0:
            self.run.tick()
        if self.nodes > MOST_NODES or self.run.work.get("sums examined", 0) > MOST_SUMS:
            raise Refused(f"the search exceeds {MOST_NODES:,} branches or {MOST_SUMS:,} sums")

    def _cut(self, blocks: tuple[Block, ...], low: float, high: float) -> list[tuple[Block, ...]]:
        widest = max(range(len(blocks)), key=lambda i: self._log_ways(blocks[i]))
        start, stop, count = blocks[widest]
        others = blocks[:widest] + blocks[widest + 1 :]
        cut = self._place(start, stop)
        first = np.arange(max(0, count - (stop - cut)), min(count, cut - start) + 1)
        rest, p = count - first, self.prefix
        least = math.fsum(p[a + c] - p[a] for a, _, c in others)
        most = math.fsum(p[b] - p[b - c] for _, b, c in others)
        slack = 2.0**-50 * (p[stop] + math.fsum(p[b] for _, b, _ in others))
        inside = (least + (p[start + first] - p[start]) + (p[cut + rest] - p[cut]) - slack <= high) & (
            most + (p[cut] - p[cut - first]) + (p[stop] - p[stop - rest]) + slack >= low
        )
        return [((start, cut, int(c)), (cut, stop, count - int(c)), *others) for c in first[inside]]

    def _place(self, start: int, stop: int) -> int:
        """Return where to cut a block: at its widest gap if that is half of its range, else near the middle."""
        gaps = np.diff(self.values[start:stop])
        widest = int(np.argmax(gaps))
        if 2 * gaps[widest] > self.values[stop - 1] - self.values[start]:
            return start + widest + 1
        return self._middle(start, stop)

    def _middle(self, start: int, stop: int) -> int:
        """Return the place nearest to the middle that parts no equal numbers; the block has different ones."""
        middle = (start + stop) // 2
        before, after = int(self._begin[middle]), int(self._end[middle])
        if before <= start or (after < stop and after - middle < middle - before):
            return after
        return before

    def _meets(self, first: list[Block], second: list[Block], low: float, high: float) -> float | None:
        a, b = self._product(first), self._product(second)
        if len(a) > len(b):
            a, b = b, a
        self.run.count("sums examined", len(a) + len(b))
        place = np.searchsorted(b, low - a)
        inside = place < len(b)
        least = b[place[inside]] + a[inside]
        return float(least.min()) if len(least) and least.min() <= high else None

    def _product(self, blocks: list[Block]) -> np.ndarray:
        total = np.zeros(1)
        for block in blocks:
            total = np.add.outer(total, self._sums(block)).ravel()
        return np.sort(total)

    def _sums(self, block: Block) -> np.ndarray:
        """Return all sums of a block."""
        start, stop, count = block
        if count == 0:
            return np.zeros(1)
        if count == stop - start:
            return np.array([math.fsum(self.values[start:stop].tolist())])
        if self._end[start] >= stop:
            return np.array([count * self.values[start]])
        if count == 1:
            return np.unique(self.values[start:stop])
        known = self._lists.get(block)
        if known is None:
            cut = self._middle(start, stop)
            ways = range(max(0, count - (stop - cut)), min(count, cut - start) + 1)
            known = np.concatenate([
                np.add.outer(self._sums((start, cut, c)), self._sums((cut, stop, count - c))).ravel() for c in ways
            ])  # fmt: skip
            self._kept += len(known)
            if self._kept > _KEPT:
                self._lists.clear()
                self._kept = len(known)
            self._lists[block] = known
        return known

    def _log_ways(self, block: Block) -> float:
        """Return the logarithm of how many choices a block has, equal numbers taken for one."""
        start, stop, count = block
        size = stop - start
        if count in (0, size) or self._end[start] >= stop:
            return 0.0
        ways = math.lgamma(size + 1) - math.lgamma(count + 1) - math.lgamma(size - count + 1)
        if size > COUNTED or ways == 0.0:
            return ways
        known = self._ways.get(block)
        if known is None:
            known = self._ways[block] = min(ways, self._log_choices(start, stop, min(count, size - count)))
        return known

    def _log_choices(self, start: int, stop: int, count: int) -> float:
        """Return the logarithm of how many multisets of `count` numbers a block has."""
        _, several = np.unique(self.values[start:stop], return_counts=True)
        if several.max() == 1:
            return math.inf
        choices = np.eye(1, count + 1)[0]
        for number in several.tolist():
            choices = np.convolve(choices, np.ones(min(number, count) + 1))[: count + 1]
        return math.log(choices[count])

    def _halves(self, blocks: tuple[Block, ...]) -> tuple[list[Block], list[Block]] | None:
        """Return the blocks in two groups, each with few enough sums to list; None if there are too many."""
        ways: list[float] = [0.0, 0.0]
        groups: tuple[list[Block], list[Block]] = ([], [])
        for block in sorted(blocks, key=self._log_ways, reverse=True):
            lighter = 0 if ways[0] <= ways[1] else 1
            ways[lighter] += self._log_ways(block)
            groups[lighter].append(block)
        return groups if max(ways) <= math.log(LIST) else None
