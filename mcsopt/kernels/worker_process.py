"""Backward induction over the rows of a worker's process (`mcsopt.problems.worker_process.rows`), in doubles.

A row holds one value per slot at which the worker may be there. Every transition leads to a row of a greater number, or
within a row to a later slot: one pass from the last row to the first settles all values. Outcomes are added in the
order of their slots; no sum is reordered.
"""

from __future__ import annotations

import numpy as np
from numba import njit

CONTINUE, ABANDON = 0, 1


@njit(cache=True)
def induct(
    task: np.ndarray,
    left: np.ndarray,
    first: np.ndarray,
    onward: np.ndarray,
    abandon: np.ndarray,
    offset: np.ndarray,
    last_slot: int,
    travel_reward: float,
    delay_law: np.ndarray,
    opening: np.ndarray,
    latest: np.ndarray,
    due: np.ndarray,
    reward: np.ndarray,
    sensing: np.ndarray,
    service_law: np.ndarray,
    given: bool,
    decision: np.ndarray,
    values: np.ndarray,
) -> None:
    """Find what every state is worth, under the best decisions or under given ones.

    Parameters
    ----------
    task, left, first, onward, abandon, offset, last_slot : array, int
        As in `Rows`.
    travel_reward : float
        Expected reward of a travelled slot.
    delay_law : array of float
        ``Pr(delay = k)`` of a travelled slot.
    opening, latest, due, reward, sensing, service_law : array
        As in `Services`; `reward` is expected, by task and slot at which sensing begins.
    given : bool
        Whether `decision` is followed, and not written.
    decision : array of uint8, shape (num_states,)
        0 continue, 1 abandon. Of equal worth, the best is to continue.
    values : array of float, shape (num_states,)
        Written.
    """
    room = last_slot + 1 + max(len(delay_law), sensing.max() + service_law.shape[1] if len(sensing) else 1)
    after = np.empty(room + 1)
    end = len(task) - 1
    values[offset[end]] = 0.0
    nothing = np.zeros(last_slot + 1)
    for row in range(end - 1, -1, -1):
        i, begin = task[row], offset[row]
        mine, chosen = values[begin : offset[row + 1]], decision[begin : offset[row + 1]]
        gone = offset[abandon[row]] + first[row] - first[abandon[row]]
        leaving = nothing if abandon[row] == end else values[gone : gone + len(mine)]
        if left[row] > 0:
            _spread(values, offset, first, onward[row], first[row] + 1, after)
            _travel(mine, after, travel_reward, delay_law)
            if given:
                _follow(mine, leaving, due[i], chosen)
            else:
                _choose(mine, leaving, due[i], chosen)
        else:
            _spread(values, offset, first, onward[row], first[row], after)
            _serve(
                mine, leaving, after, first[row], opening[i], latest[i], due[i], reward[i], sensing[i],
                service_law[i], given, chosen,
            )  # fmt: skip


@njit(cache=True)
def alone(
    task: np.ndarray,
    left: np.ndarray,
    first: np.ndarray,
    onward: np.ndarray,
    offset: np.ndarray,
    last_slot: int,
    travel_reward: float,
    delay_law: np.ndarray,
    opening: np.ndarray,
    latest: np.ndarray,
    due: np.ndarray,
    reward: np.ndarray,
    decision: np.ndarray,
    values: np.ndarray,
) -> None:
    """Find what going on with the task ahead is worth by itself, and abandon where that is below its compensation.

    Parameters as in `induct`; `values` are those of the one task, whatever is decided.
    """
    after = np.empty(last_slot + 2 + len(delay_law))
    values[offset[len(task) - 1]] = 0.0
    for row in range(len(task) - 2, -1, -1):
        i = task[row]
        mine, chosen = values[offset[row] : offset[row + 1]], decision[offset[row] : offset[row + 1]]
        if left[row] > 0:
            _spread(values, offset, first, onward[row], first[row] + 1, after)
            _travel(mine, after, travel_reward, delay_law)
        else:
            for j in range(len(mine)):
                slot = max(first[row] + j, opening[i])
                mine[j] = reward[i, slot] if slot <= latest[i] else -due[i]
        for j in range(len(mine)):
            forced = left[row] == 0 and max(first[row] + j, opening[i]) > latest[i]
            chosen[j] = ABANDON if forced or mine[j] < -due[i] else CONTINUE


@njit(cache=True)
def _spread(
    values: np.ndarray,
    offset: np.ndarray,
    first: np.ndarray,
    row: int,
    slot: int,
    after: np.ndarray,
) -> None:
    """Write a row's values from `slot` on, and beyond its last slot that of the last; the end has that one only."""
    begin = offset[row] + slot - first[row]
    count = max(0, offset[row + 1] - begin) if row < len(first) - 1 else 0
    after[:count] = values[begin : begin + count]
    after[count:] = values[offset[row + 1] - 1]


@njit(cache=True)
def _travel(mine: np.ndarray, after: np.ndarray, reward: float, law: np.ndarray) -> None:
    """Write ``reward + sum_k law[k] after[t + k]``: delays outside, slots inside, for the compiler to take several."""
    for j in range(len(mine)):
        mine[j] = reward + law[0] * after[j]
    for k in range(1, len(law)):
        if law[k] > 0:
            for j in range(len(mine)):
                mine[j] += law[k] * after[j + k]


@njit(cache=True)
def _choose(mine: np.ndarray, leaving: np.ndarray, due: float, chosen: np.ndarray) -> None:
    for j in range(len(mine)):
        other = leaving[j] - due
        chosen[j] = ABANDON if other > mine[j] else CONTINUE
        mine[j] = max(mine[j], other)


@njit(cache=True)
def _follow(mine: np.ndarray, leaving: np.ndarray, due: float, chosen: np.ndarray) -> None:
    for j in range(len(mine)):
        if chosen[j] == ABANDON:
            mine[j] = leaving[j] - due


@njit(cache=True)
def _serve(
    mine: np.ndarray,
    leaving: np.ndarray,
    after: np.ndarray,
    first: int,
    opening: int,
    latest: int,
    due: float,
    reward: np.ndarray,
    sensing: int,
    law: np.ndarray,
    given: bool,
    chosen: np.ndarray,
) -> None:
    """Value the row at a task: wait before the window, sense within it, abandon where it is too late."""
    for j in range(len(mine) - 1, -1, -1):
        slot, other = first + j, leaving[j] - due
        if max(slot, opening) > latest:
            mine[j] = other
            if not given:
                chosen[j] = ABANDON
            continue
        if slot < opening:
            worth = mine[j + 1]
        else:
            worth = reward[slot]
            for s in range(len(law)):
                worth += law[s] * after[j + sensing + s]
        if not given:
            chosen[j] = ABANDON if other > worth else CONTINUE
        mine[j] = other if chosen[j] == ABANDON else worth
