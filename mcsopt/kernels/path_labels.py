"""Label setting for worker paths: partial paths by rising time, dominance on sets of bits, bounds on completions.

A label is a partial path: last node, start of service there, profit, and the set U of nodes it cannot serve any more,
visited or out of reach. At one node a label dominates another that is no earlier, no richer, and has all of its U: each
completion of the other serves nodes outside U only, so it completes the first as well, no later, and profits never
rise with time. A label is dropped too if its profit, the prices given back for nodes outside U, and the bound of
`path_bounds` on its completion do not exceed what is to be beaten.

Labels wait in buckets of time and are tested for dominance when their turn comes: then all that could dominate them,
but for trips of no length, have had theirs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from mcsopt.kernels.path_bounds import FIRST, SECOND, STOP, ends, fits, profit_at
from mcsopt.kernels.path_map import PathMap, TimeGrid

DONE, PAUSED, FULL = range(3)
LABELS, POPPED, SEATS, BUCKET, BEST = range(5)
NUM_COUNTS = 5
VALUE, LIMIT, MARGIN = range(3)
NUM_REALS = 3
NONE = -1
BLOCK = 16
"""Labels of one node that lie side by side."""


class Labels(NamedTuple):
    """Every label made, and where it waits.

    Attributes
    ----------
    time, profit, credit : array of float
        Start of service, profit collected, prices of the nodes outside U.
    node, parent, waiting : array of int
        Last node; label before; next label of the same bucket.
    barred : array of uint64, shape (capacity, words)
        U.
    """

    time: np.ndarray
    profit: np.ndarray
    credit: np.ndarray
    node: np.ndarray
    parent: np.ndarray
    waiting: np.ndarray
    barred: np.ndarray


class Seats(NamedTuple):
    """Labels that had their turn, by node, in chained blocks of `BLOCK`.

    Attributes
    ----------
    time, profit, barred : arrays
        As of labels.
    richest, chain, filled : arrays by block
        Largest profit; next block of the node; number of entries.
    head : array of int, shape (n,)
        Newest block of each node.
    """

    time: np.ndarray
    profit: np.ndarray
    barred: np.ndarray
    richest: np.ndarray
    chain: np.ndarray
    filled: np.ndarray
    head: np.ndarray


class Guide(NamedTuple):
    """What prunes: prices, the grid, and the two rows of `path_bounds.relax`."""

    price: np.ndarray
    grid: TimeGrid
    worth: np.ndarray
    then: np.ndarray


def new_labels(capacity: int, words: int) -> Labels:
    """Return room for so many labels."""
    real, whole = (lambda: np.empty(capacity)), (lambda: np.empty(capacity, np.int32))
    return Labels(real(), real(), real(), whole(), whole(), whole(), np.empty((capacity, words), np.uint64))


def new_seats(capacity: int, words: int, nodes: int) -> Seats:
    """Return room for the labels' turns."""
    blocks = capacity // BLOCK + nodes + 1
    return Seats(
        np.empty(blocks * BLOCK), np.empty(blocks * BLOCK), np.empty((blocks * BLOCK, words), np.uint64),
        np.empty(blocks), np.empty(blocks, np.int32), np.zeros(blocks, np.int32), np.full(nodes, NONE, np.int32),
    )  # fmt: skip


def grown(old: tuple[np.ndarray, ...], new: tuple[np.ndarray, ...]) -> None:
    """Copy arrays into longer ones, in place."""
    for source, target in zip(old, new, strict=True):
        target[: len(source)] = source


@njit(cache=True, nogil=True)
def plant(place: PathMap, guide: Guide, labels: Labels, buckets: np.ndarray, counts: np.ndarray) -> None:
    """Put the label of the start into the first bucket."""
    labels.time[0], labels.profit[0] = place.open[0], 0.0
    labels.node[0], labels.parent[0], labels.waiting[0] = 0, NONE, NONE
    labels.barred[0] = np.uint64(0)
    credit = 0.0
    for node in range(1, len(place.open)):
        if place.due[node] < place.open[node]:
            labels.barred[0, node // 64] |= np.uint64(1) << np.uint64(node % 64)
        else:
            credit += guide.price[node]
    labels.credit[0] = credit
    buckets[:] = NONE
    buckets[0] = 0
    counts[LABELS] = 1


@njit(cache=True, nogil=True)
def completion(guide: Guide, node: int, since: float, barred: np.ndarray) -> float:
    """Return the bound on what comes after a service that starts `since` after its window opened, prices paid."""
    cell = guide.grid.first[node] + int(since / guide.grid.step)
    after = guide.then[FIRST, cell]
    if after != STOP and barred[after >> 6] >> np.uint64(after & 63) & np.uint64(1):
        return guide.worth[SECOND, cell]
    return guide.worth[FIRST, cell]


@njit(cache=True, nogil=True)
def _dominated(labels: Labels, seats: Seats, x: int) -> bool:
    time, profit, words = labels.time[x], labels.profit[x], labels.barred.shape[1]
    block = seats.head[labels.node[x]]
    while block != NONE:
        if seats.richest[block] >= profit:
            for seat in range(block * BLOCK, block * BLOCK + seats.filled[block]):
                if seats.profit[seat] < profit or seats.time[seat] > time:
                    continue
                inside = True
                for word in range(words):
                    if seats.barred[seat, word] & ~labels.barred[x, word]:
                        inside = False
                        break
                if inside:
                    return True
        block = seats.chain[block]
    return False


@njit(cache=True, nogil=True)
def _seat(labels: Labels, seats: Seats, counts: np.ndarray, x: int) -> None:
    node = labels.node[x]
    block = seats.head[node]
    if block == NONE or seats.filled[block] == BLOCK:
        fresh = counts[SEATS]
        counts[SEATS] += 1
        seats.chain[fresh], seats.filled[fresh], seats.richest[fresh] = block, 0, -np.inf
        seats.head[node] = block = fresh
    seat = block * BLOCK + seats.filled[block]
    seats.filled[block] += 1
    seats.time[seat], seats.profit[seat] = labels.time[x], labels.profit[x]
    seats.barred[seat] = labels.barred[x]
    seats.richest[block] = max(seats.richest[block], labels.profit[x])


@njit(cache=True, nogil=True)
def _out_of_reach(place: PathMap, node: int, time: float) -> int:
    """Return how many of the sorted limits of a node have passed."""
    low, high = 0, place.limits.shape[1]
    while low < high:
        middle = (low + high) // 2
        if place.limits[node, middle] < time:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def child(
    place: PathMap, guide: Guide, labels: Labels, x: int, j: int, at: float, profit: float, beat: float, y: int
) -> bool:
    """Write the extension of label x to node j as label y; return whether its bound exceeds `beat`."""
    given = labels.credit[x] - guide.price[j]
    since = at - place.open[j]
    if profit + given + completion(guide, j, since, labels.barred[x]) <= beat:
        return False
    passed = _out_of_reach(place, j, at)
    for word in range(labels.barred.shape[1]):
        now = labels.barred[x, word] | place.barred[j, passed, word]
        if word == j >> 6:
            now |= np.uint64(1) << np.uint64(j & 63)
        labels.barred[y, word] = now
        fresh = now & ~labels.barred[x, word]
        node = word << 6
        while fresh:
            if fresh & np.uint64(1) and node != j:
                given -= guide.price[node]
            fresh >>= np.uint64(1)
            node += 1
    if profit + given + completion(guide, j, since, labels.barred[y]) <= beat:
        return False
    labels.time[y], labels.profit[y], labels.credit[y] = at, profit, given
    labels.node[y], labels.parent[y], labels.waiting[y] = j, x, NONE
    return True


@njit(cache=True, nogil=True)
def threshold(reals: np.ndarray) -> float:
    """Return what a bound must exceed: the claim, or the best path, and the margin."""
    best = max(reals[VALUE], reals[LIMIT])
    return best + reals[MARGIN] if reals[MARGIN] > 0.0 else best * (1.0 - reals[MARGIN])


@njit(cache=True, nogil=True)
def search(
    place: PathMap,
    guide: Guide,
    labels: Labels,
    seats: Seats,
    buckets: np.ndarray,
    reals: np.ndarray,
    counts: np.ndarray,
    quota: int,
) -> int:
    """Give labels their turn until none waits (`DONE`), the quota is used (`PAUSED`) or no room is left (`FULL`).

    Parameters
    ----------
    place, guide, labels, seats
    buckets : array of int
        First waiting label of each stretch of time from the start to the horizon.
    reals : array of float
        `VALUE`: the best path known, raised; `LIMIT`: paths up to it need not be found; `MARGIN`: absolute if positive,
        relative if negative.
    counts : array of int
        `LABELS` made, `POPPED`, `SEATS` blocks used, `BUCKET` now emptied, `BEST` label (or `NONE`).
    quota : int
    """
    n = len(place.open)
    scale = len(buckets) / max(place.horizon + place.slack - place.open[0], 1e-300)
    # In locals: passing the whole instance on counts references in the innermost loop.
    opened, due, price = place.open, place.due, guide.price
    cells, step, worth, then = guide.grid.first, guide.grid.step, guide.worth, guide.then
    while counts[BUCKET] < len(buckets):
        x = buckets[counts[BUCKET]]
        if x == NONE:
            counts[BUCKET] += 1
            continue
        if quota <= 0:
            return PAUSED
        if counts[LABELS] + 2 * n > len(labels.time):
            return FULL
        buckets[counts[BUCKET]] = labels.waiting[x]
        quota -= 1
        counts[POPPED] += 1
        node, beat = labels.node[x], threshold(reals)
        if x:
            since = labels.time[x] - place.open[node]
            bound = labels.profit[x] + labels.credit[x] + completion(guide, node, since, labels.barred[x])
            if bound <= beat or _dominated(labels, seats, x):
                continue
            _seat(labels, seats, counts, x)
        free, trip, shut = labels.time[x] + place.service[node], place.travel[node], labels.barred[x]
        collected, given = labels.profit[x], labels.credit[x]
        for j in range(1, n):
            if shut[j >> 6] >> np.uint64(j & 63) & np.uint64(1):
                continue
            at = max(free + trip[j], opened[j])
            if at > due[j] or not fits(place, j, at):
                continue
            profit = collected + profit_at(place, j, at)
            y = counts[LABELS]
            # A path whose bound is what it is worth is the best of its kind, yet nothing to extend: look at it first.
            if profit > reals[VALUE] and ends(place, j, at):
                reals[VALUE], counts[BEST] = profit, y
                labels.node[y], labels.parent[y] = j, x
                beat = threshold(reals)
                counts[LABELS] += 1
                y += 1
            cell = cells[j] + int((at - opened[j]) / step)
            after = then[FIRST, cell]
            ahead = worth[FIRST, cell]
            if after != STOP and shut[after >> 6] >> np.uint64(after & 63) & np.uint64(1):
                ahead = worth[SECOND, cell]
            if profit + given - price[j] + ahead <= beat:
                continue
            if child(place, guide, labels, x, j, at, profit, beat, y):
                counts[LABELS] += 1
                bucket = min(max(int((at - place.open[0]) * scale), counts[BUCKET]), len(buckets) - 1)
                labels.waiting[y] = buckets[bucket]
                buckets[bucket] = y
    return DONE


@njit(cache=True, nogil=True)
def path_of(labels: Labels, x: int, path: np.ndarray) -> int:
    """Write the nodes of a label's path into `path` and return their number."""
    size, y = 0, x
    while y > 0:
        size += 1
        y = labels.parent[y]
    y = x
    for k in range(size - 1, -1, -1):
        path[k] = labels.node[y]
        y = labels.parent[y]
    return size


@njit(cache=True, nogil=True)
def beam(place: PathMap, guide: Guide, labels: Labels, width: int, reals: np.ndarray, counts: np.ndarray) -> None:
    """Extend the `width` labels of the best bounds, task by task, from the planted start; keep the best path.

    Nothing is shown thereby: what is found only raises `VALUE` and sets `BEST`.
    """
    n = len(place.open)
    level = np.zeros(1, np.int64)
    while len(level):
        made = counts[LABELS]
        rank = np.empty(2 * len(level) * n)
        for x in level:
            node = labels.node[x]
            free = labels.time[x] + place.service[node]
            for j in range(1, n):
                if labels.barred[x, j >> 6] >> np.uint64(j & 63) & np.uint64(1):
                    continue
                at = max(free + place.travel[node, j], place.open[j])
                if not fits(place, j, at) or counts[LABELS] + 2 >= len(labels.time):
                    continue
                profit, y = labels.profit[x] + profit_at(place, j, at), counts[LABELS]
                if profit > reals[VALUE] and ends(place, j, at):
                    reals[VALUE], counts[BEST] = profit, y
                    labels.node[y], labels.parent[y] = j, x
                    rank[y - made] = -np.inf
                    counts[LABELS] += 1
                    y += 1
                if child(place, guide, labels, x, j, at, profit, threshold(reals), y):
                    since = at - place.open[j]
                    rank[y - made] = profit + labels.credit[y] + completion(guide, j, since, labels.barred[y])
                    counts[LABELS] += 1
        best = np.argsort(-rank[: counts[LABELS] - made])
        level = np.empty(min(width, len(best)), np.int64)
        kept = 0
        for place_of in best:
            if kept == width or rank[place_of] == -np.inf:
                break
            y = made + place_of
            twin = False
            for z in level[:kept]:
                if (
                    labels.node[z] == labels.node[y]
                    and labels.time[z] <= labels.time[y]
                    and (labels.profit[z] >= labels.profit[y])
                ):
                    twin = True
                    for word in range(labels.barred.shape[1]):
                        if labels.barred[z, word] & ~labels.barred[y, word]:
                            twin = False
                            break
                    if twin:
                        break
            if not twin:
                level[kept] = y
                kept += 1
        level = level[:kept]
