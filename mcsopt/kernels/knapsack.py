"""Branch and bound for the 0-1 knapsack problem: the compiled inner loops.

Items are sorted by decreasing efficiency value/weight; all weights and values are positive. The *break
solution* takes the items ``0..split-1`` that fit one after another. The search describes every packing by
what it changes in the break solution, from the split outwards: with room left it decides the next item on the
right (take it, or not), with too much weight the next item on the left (drop it, or not). After d decisions
exactly the d items around the split are decided, so a node is (change of value, room, left, right) and its
Dantzig bound needs no sums: ``change + room * efficiency[right]`` with room left, ``change + room *
efficiency[left]`` without (Pisinger, An expanding-core algorithm for the exact 0-1 knapsack problem, EJOR 87,
1995).

Rounding. Change and room are small numbers, a few items' worth, whatever the number of items. The room is
held as an unevaluated sum of two doubles (error about 1e-30 of a weight), so whether a packing exceeds the
capacity by more than the tolerance 1e-9 is decided as by exact arithmetic. The change is one double (error
about 1e-15 of a value for each decision); it only steers pruning, whose slack is 1e-10 of the objective.
Values of many real items are denser than doubles, so a smaller slack would be pretence. Bounds that are
reported come from `leaf_bound`, which rounds outwards.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LEAF = -1
"""Entry of a recorded tree for a node that is not branched on."""

# Places in the two arrays that hold the search between calls of `search`.
CHANGE, ROOM, ROOM_LOW, BEST, SLACK, CEILING, BASE, RELATIVE_SLACK = range(8)
LEFT, RIGHT, DEPTH, BEST_SIZE, NODES, TREE_SIZE, DONE = range(7)
NUM_REALS, NUM_COUNTS = 8, 7

_EPS = 2.0**-52


@njit(cache=True)
def _add(high: float, low: float, term: float) -> tuple[float, float]:
    """Return ``(high + low) + term`` as two doubles (Knuth's two-sum, then renormalised)."""
    total = high + term
    part = total - high
    low += (high - (total - part)) + (term - part)
    rounded = total + low
    return rounded, low - (rounded - total)


@njit(cache=True)
def _record(tree: np.ndarray, counts: np.ndarray, entry: int) -> None:
    """Append an entry to the tree; past its end only count, so that the caller sees it is incomplete."""
    if counts[TREE_SIZE] < len(tree):
        tree[counts[TREE_SIZE]] = entry
    counts[TREE_SIZE] += 1


@njit(cache=True)
def fill(weight: np.ndarray, split: int, room: float, room_low: float, added: np.ndarray) -> int:
    """Write into `added` the items right of the split that still fit, taken greedily; return their number."""
    count = 0
    for item in range(split, len(weight)):
        high, low = _add(room, room_low, -weight[item])
        if high >= 0.0:
            room, room_low = high, low
            added[count] = item
            count += 1
    return count


@njit(cache=True)
def search(
    weight: np.ndarray,
    value: np.ndarray,
    efficiency: np.ndarray,
    split: int,
    reals: np.ndarray,
    counts: np.ndarray,
    stack_item: np.ndarray,
    stack_changed: np.ndarray,
    stack_real: np.ndarray,
    best: np.ndarray,
    tree: np.ndarray,
    node_budget: int,
) -> None:
    """Continue the depth-first search for at most `node_budget` nodes.

    Parameters
    ----------
    weight, value : array of float, shape (n,)
        Positive, sorted by decreasing efficiency.
    efficiency : array of float, shape (n + 1,)
        ``value / weight``, then 0.
    split : int
        Number of items in the break solution.
    reals, counts : arrays, shapes (NUM_REALS,), (NUM_COUNTS,)
        State; set up by the caller: room of the break solution (two doubles), value of the best known packing
        relative to the break solution (`BEST`), value of the break solution (`BASE`), slack of pruning
        relative to the objective; LEFT = split - 1, RIGHT = split, all else 0 (CEILING: -inf). On return BEST
        and BEST_SIZE describe the best packing, CEILING the largest bound pruned, DONE is 1 when nothing is
        left. TREE_SIZE beyond ``len(tree)`` means that the tree did not fit.
    stack_item, stack_changed, stack_real : arrays, shapes (n + 1,), (n + 1,), (n + 1, 3)
        The current path: item decided, whether the break solution is changed there, node before the decision.
    best : array of int, shape (n,)
        Items in which the best packing found differs from the break solution.
    tree : array of int
        Nodes in order of visit: the item branched on (first child: changed, second: not), or `LEAF`. Empty:
        not recorded.
    node_budget : int
        Largest number of nodes visited by this call.
    """
    n = len(weight)
    recording = len(tree) > 0
    change, room, low = reals[CHANGE], reals[ROOM], reals[ROOM_LOW]
    left, right, depth = counts[LEFT], counts[RIGHT], counts[DEPTH]
    ceiling = reals[CEILING]
    reals[SLACK] = reals[RELATIVE_SLACK] * (reals[BASE] + reals[BEST])
    threshold = reals[BEST] + reals[SLACK]
    visited = 0
    while visited < node_budget and counts[DONE] == 0:
        visited += 1
        if room >= 0.0:
            if change > reals[BEST]:
                reals[BEST] = change
                reals[SLACK] = reals[RELATIVE_SLACK] * (reals[BASE] + change)
                threshold = change + reals[SLACK]
                size = 0
                for k in range(depth):
                    if stack_changed[k]:
                        best[size] = stack_item[k]
                        size += 1
                counts[BEST_SIZE] = size
            item = right
            bound = change + room * efficiency[right]
            branch = right < n and bound > threshold
        else:
            item = left
            bound = change + room * efficiency[left] if left >= 0 else -np.inf
            branch = bound > threshold
        if branch:
            if recording:
                _record(tree, counts, item)
            stack_item[depth] = item
            stack_changed[depth] = 1
            stack_real[depth, 0], stack_real[depth, 1], stack_real[depth, 2] = change, room, low
            depth += 1
            if item >= split:
                change += value[item]
                room, low = _add(room, low, -weight[item])
                right += 1
            else:
                change -= value[item]
                room, low = _add(room, low, weight[item])
                left -= 1
            continue
        if recording:
            _record(tree, counts, LEAF)
        ceiling = max(ceiling, bound)
        while depth > 0 and not stack_changed[depth - 1]:
            depth -= 1
        if depth == 0:
            counts[DONE] = 1
            break
        # Back to the last node whose second child is open. d decisions stand between left and right there.
        k = depth - 1
        stack_changed[k] = 0
        change, room, low = stack_real[k, 0], stack_real[k, 1], stack_real[k, 2]
        item = stack_item[k]
        if item >= split:
            right = item + 1
            left = item - 1 - k
        else:
            left = item - 1
            right = item + 1 + k
    reals[CHANGE], reals[ROOM], reals[ROOM_LOW], reals[CEILING] = change, room, low, ceiling
    counts[LEFT], counts[RIGHT], counts[DEPTH] = left, right, depth
    counts[NODES] += visited


@njit(cache=True)
def _dantzig(
    weight: np.ndarray,
    value: np.ndarray,
    left: int,
    right: int,
    high: float,
    low: float,
    room: float,
    room_low: float,
) -> float:
    """Return the Dantzig bound of a node, rounded up; -inf if it is empty. Value change: high + low."""
    n = len(weight)
    part = 0.0
    if room >= 0.0:
        while right < n and weight[right] <= room:
            high, low = _add(high, low, value[right])
            room, room_low = _add(room, room_low, -weight[right])
            right += 1
        if right < n:
            part = value[right] * (room / weight[right])
    else:
        while left >= 0 and room + weight[left] < 0.0:
            high, low = _add(high, low, -value[left])
            room, room_low = _add(room, room_low, weight[left])
            left -= 1
        if left < 0:
            return -np.inf
        part = value[left] * (room / weight[left])
    if part != 0.0:
        high, low = _add(high, low, part + abs(part) * 4.0 * _EPS)
    # Round up where something was cut off; sums that are exact (integers, say) stay what they are.
    return high if low <= 0.0 else high + abs(high) * _EPS


@njit(cache=True)
def leaf_bound(
    weight: np.ndarray, value: np.ndarray, split: int, room: float, room_low: float, tree: np.ndarray
) -> float:
    """Return the largest Dantzig bound over the leaves of a recorded tree.

    Parameters
    ----------
    weight, value, split : see :func:`search`
    room, room_low : float
        Capacity left by the break solution, as two doubles.
    tree : array of int
        A whole tree in order of visit (see :func:`search`).

    Returns
    -------
    float
        The bound relative to the value of the break solution, rounded up; -inf if every leaf is empty.
    """
    stack_item = np.empty(len(tree), np.int64)
    stack_real = np.empty((len(tree), 4))
    depth_at = np.empty(len(tree), np.int64)
    open_nodes, depth = 0, 0
    high, low = 0.0, 0.0
    left, right = split - 1, split
    largest = -np.inf
    for entry in tree:
        if entry != LEAF:
            stack_item[open_nodes] = entry
            depth_at[open_nodes] = depth
            node = stack_real[open_nodes]
            node[0], node[1], node[2], node[3] = high, low, room, room_low
            open_nodes += 1
            sign = 1.0 if entry >= split else -1.0
            high, low = _add(high, low, sign * value[entry])
            room, room_low = _add(room, room_low, -sign * weight[entry])
        else:
            largest = max(largest, _dantzig(weight, value, left, right, high, low, room, room_low))
            if open_nodes == 0:
                break
            open_nodes -= 1
            entry = stack_item[open_nodes]
            depth = depth_at[open_nodes]
            node = stack_real[open_nodes]
            high, low, room, room_low = node[0], node[1], node[2], node[3]
        left, right = (entry - 1 - depth, entry + 1) if entry >= split else (entry - 1, entry + 1 + depth)
        depth += 1
    return largest


@njit(cache=True)
def taken_first(tree: np.ndarray, split: int) -> np.ndarray:
    """Return a whole tree with the child that takes the item first, instead of the one that changes it."""
    length = len(tree)
    size = np.ones(length, np.int64)
    for k in range(length - 1, -1, -1):
        if tree[k] != LEAF:
            first = size[k + 1]
            size[k] = 1 + first + size[k + 1 + first]
    ordered = np.empty(length, np.int64)
    waiting = np.empty(length + 1, np.int64)
    waiting[0] = 0
    count = 1
    for k in range(length):
        count -= 1
        node = waiting[count]
        ordered[k] = tree[node]
        if tree[node] != LEAF:
            first = node + 1
            second = first + size[first]
            if tree[node] < split:
                first, second = second, first
            waiting[count], waiting[count + 1] = second, first
            count += 2
    return ordered
