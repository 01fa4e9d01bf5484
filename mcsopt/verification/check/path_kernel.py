"""Compiled loops of `path_compiled`, in doubles rounded outward: times down, profits and bounds up.

All of it is in one file: numba's cache does not see changes in others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

DONE, PAUSED, FULL = range(3)
STOP = -1
MADE, WAITING, TAKEN, PAGES = range(4)
PAGE = 32
"""Entries of a page of the archive."""


class Times(NamedTuple):
    """The instance: `back` is infinite where the worker need not be; `due` and `back` include the slack, rounded up."""

    open: np.ndarray
    due: np.ndarray
    service: np.ndarray
    travel: np.ndarray
    back: float
    profit: np.ndarray
    first: np.ndarray


class Cells(NamedTuple):
    """Cells of time: their width, the first of each node, and of each its best and second-best completion."""

    step: float
    first: np.ndarray
    node: np.ndarray
    left: np.ndarray
    value: np.ndarray
    then: np.ndarray
    other: np.ndarray


class Queue(NamedTuple):
    """Labels, a heap of those that wait, and the archive of those taken, in pages chained by node."""

    start: np.ndarray
    profit: np.ndarray
    node: np.ndarray
    shut: np.ndarray
    heap: np.ndarray
    page_of: np.ndarray
    page_next: np.ndarray
    page_size: np.ndarray
    page_top: np.ndarray
    kept: np.ndarray


@njit(cache=True, nogil=True)
def down(a: float, b: float) -> float:
    """Return a + b rounded down: as it is where it is exact (Knuth's two-sum)."""
    total = a + b
    if np.isinf(total):
        return total
    part = total - a
    error = (a - (total - part)) + (b - part)
    return np.nextafter(total, -np.inf) if error < 0.0 else total


@njit(cache=True, nogil=True)
def up(a: float, b: float) -> float:
    """Return a + b rounded up."""
    return -down(-a, -b)


@njit(cache=True, nogil=True)
def closure(t: Times) -> np.ndarray:
    """Return the least time between the end of one service and the start of another, by way of any tasks."""
    n = len(t.open)
    least = t.travel.copy()
    for k in range(1, n):
        for i in range(n):
            there = down(least[i, k], t.service[k])
            if there < np.inf:
                for j in range(n):
                    least[i, j] = min(least[i, j], down(there, least[k, j]))
    return least


@njit(cache=True, nogil=True)
def worth(t: Times, node: int, start: float) -> float:
    """Return the profit of a service that starts no sooner than `start`."""
    size = t.first[node + 1] - t.first[node]
    since = 0
    if size > 1:
        since = min(int(np.ceil(down(start, -t.open[node]))), size - 1)
    return t.profit[t.first[node] + since]


@njit(cache=True, nogil=True)
def arrival(t: Times, node: int, start: float, after: int) -> float:
    """Return when service starts at the next node, rounded down."""
    return max(down(down(start, t.service[node]), t.travel[node, after]), t.open[after])


@njit(cache=True, nogil=True)
def home(t: Times, node: int, start: float) -> bool:
    """Whether a path may end here."""
    return t.back == np.inf or down(down(start, t.service[node]), t.travel[node, 0]) <= t.back


@njit(cache=True, nogil=True)
def cell_of(t: Times, c: Cells, node: int, start: float) -> int:
    """Return the cell of a start: its left end is not after it."""
    return c.first[node] + int(down(start, -t.open[node]) / c.step)


@njit(cache=True, nogil=True)
def relax(t: Times, c: Cells, price: np.ndarray, order: np.ndarray) -> float:
    """Fill the cells, latest first; return the bound on all paths."""
    n, roof, paid = len(price), 0.0, 0.0
    for node in range(1, n):
        paid = up(paid, price[node])
        if t.due[node] >= t.open[node]:
            roof = up(roof, max(0.0, up(t.profit[t.first[node]], -price[node])))
    c.value[:] = roof
    c.other[:] = roof
    c.then[:] = STOP
    for cell in order:
        node, start = c.node[cell], c.left[cell]
        best, then, other = -np.inf, STOP, -np.inf
        if node == 0 or home(t, node, start):
            best = 0.0
        for after in range(1, n):
            if after == node:
                continue
            at = arrival(t, node, start, after)
            if at > t.due[after]:
                continue
            there = cell_of(t, c, after, at)
            more = c.other[there] if c.then[there] == node else c.value[there]
            total = up(up(worth(t, after, at), -price[after]), more)
            if total > best:
                best, then, other = total, after, best
            elif total > other:
                other = total
        c.value[cell], c.then[cell], c.other[cell] = min(best, roof), then, min(other, roof)
    return up(paid, c.value[c.first[0]])


@njit(cache=True, nogil=True)
def _push(q: Queue, counts: np.ndarray, x: int) -> None:
    place = counts[WAITING]
    counts[WAITING] += 1
    while place > 0:
        above = (place - 1) >> 1
        if q.start[q.heap[above]] <= q.start[x]:
            break
        q.heap[place] = q.heap[above]
        place = above
    q.heap[place] = x


@njit(cache=True, nogil=True)
def _pop(q: Queue, counts: np.ndarray) -> int:
    top = q.heap[0]
    counts[WAITING] -= 1
    size, last, place = counts[WAITING], q.heap[counts[WAITING]], 0
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and q.start[q.heap[below + 1]] < q.start[q.heap[below]]:
            below += 1
        if q.start[last] <= q.start[q.heap[below]]:
            break
        q.heap[place] = q.heap[below]
        place = below
    q.heap[place] = last
    return top


@njit(cache=True, nogil=True)
def _subset(small: np.ndarray, large: np.ndarray) -> bool:
    for word in range(len(small)):  # noqa: SIM110 - a generator does not compile
        if small[word] & ~large[word]:
            return False
    return True


@njit(cache=True, nogil=True)
def _archived(q: Queue, counts: np.ndarray, x: int) -> bool:
    """Put a label into the archive, unless one there is no later, no poorer, and shuts out nothing else."""
    node = q.node[x]
    page = q.page_of[node]
    while page != STOP:
        if q.page_top[page] >= q.profit[x]:
            for k in range(page * PAGE, page * PAGE + q.page_size[page]):
                y = q.kept[k]
                if q.profit[y] >= q.profit[x] and q.start[y] <= q.start[x] and _subset(q.shut[y], q.shut[x]):
                    return False
        page = q.page_next[page]
    page = q.page_of[node]
    if page == STOP or q.page_size[page] == PAGE:
        fresh = counts[PAGES]
        counts[PAGES] += 1
        q.page_next[fresh], q.page_size[fresh], q.page_top[fresh] = page, 0, 0.0
        q.page_of[node] = page = fresh
    q.kept[page * PAGE + q.page_size[page]] = x
    q.page_size[page] += 1
    q.page_top[page] = max(q.page_top[page], q.profit[x])
    return True


@njit(cache=True, nogil=True)
def _ahead(t: Times, c: Cells, node: int, start: float, shut: np.ndarray) -> float:
    """Return the bound on completions: the second best where the best begins with a node shut out."""
    cell = cell_of(t, c, node, start)
    then = c.then[cell]
    if then != STOP and shut[then // 64] >> np.uint64(then % 64) & np.uint64(1):
        return c.other[cell]
    return c.value[cell]


@njit(cache=True, nogil=True)
def _settled(total: float, claim: float, whole: bool) -> bool:
    """Whether a bound does not exceed the claim; a path of integer profits is worth no more than its floor."""
    return (np.floor(total) if whole else total) <= claim


@njit(cache=True, nogil=True)
def plant(t: Times, q: Queue, counts: np.ndarray) -> None:
    """Let the start wait."""
    q.start[0], q.profit[0], q.node[0] = t.open[0], 0.0, 0
    q.shut[0] = np.uint64(0)
    counts[MADE] = 1
    _push(q, counts, 0)


@njit(cache=True, nogil=True)
def search(
    t: Times,
    c: Cells,
    least: np.ndarray,
    price: np.ndarray,
    whole: bool,
    q: Queue,
    reached: np.ndarray,
    counts: np.ndarray,
    quota: int,
) -> int:
    """Take labels by rising time; ``reached[0]`` rises to the best path above the claim it starts with."""
    n = len(price)
    while counts[WAITING]:
        if not quota:
            return PAUSED
        if counts[MADE] + n > len(q.start):
            return FULL
        quota -= 1
        x = _pop(q, counts)
        counts[TAKEN] += 1
        if not _archived(q, counts, x):
            continue
        node, start = q.node[x], q.start[x]
        for after in range(1, n):
            if q.shut[x, after // 64] >> np.uint64(after % 64) & np.uint64(1):
                continue
            at = arrival(t, node, start, after)
            if at > t.due[after]:
                continue
            profit = up(q.profit[x], worth(t, after, at))
            if profit > reached[0] and home(t, after, at):
                reached[0] = profit
            y = counts[MADE]
            q.shut[y] = q.shut[x]
            q.shut[y, after // 64] |= np.uint64(1) << np.uint64(after % 64)
            free, credit = down(at, t.service[after]), 0.0
            for k in range(1, n):
                bit = np.uint64(1) << np.uint64(k % 64)
                if q.shut[y, k // 64] & bit:
                    continue
                if down(free, least[after, k]) > t.due[k]:
                    q.shut[y, k // 64] |= bit
                else:
                    credit = up(credit, price[k])
            total = up(up(profit, credit), _ahead(t, c, after, at, q.shut[y]))
            if not _settled(total, reached[0], whole):
                q.start[y], q.profit[y], q.node[y] = at, profit, after
                counts[MADE] += 1
                _push(q, counts, y)
    return DONE


@njit(cache=True, nogil=True)
def subsets(t: Times, soonest: np.ndarray, total: np.ndarray, low: int, high: int, best: float) -> float:
    """Extend the sets of tasks numbered `low` up to `high`; return the best profit of a set that some path serves.

    ``soonest[S, j]`` is the earliest start at task ``j + 1``, the last of the tasks of S: with profits that do not
    depend on time nothing else matters.
    """
    m = len(t.open) - 1
    for now in range(low, high):
        if now:
            lowest = 0
            while not now >> lowest & 1:
                lowest += 1
            total[now] = up(total[now & (now - 1)], t.profit[t.first[lowest + 1]])
        for last in range(m):
            start = soonest[now, last]
            if start == np.inf and now:
                continue
            node = last + 1
            if not now:
                if last:
                    break
                node, start = 0, t.open[0]
            elif total[now] > best and home(t, node, start):
                best = total[now]
            for after in range(m):
                if not now >> after & 1:
                    at = arrival(t, node, start, after + 1)
                    there = now | 1 << after
                    if at <= t.due[after + 1] and at < soonest[there, after]:
                        soonest[there, after] = at
    return best
