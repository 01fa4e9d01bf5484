"""A worker's process as a table of transitions, for the solvers and the checker of finite processes."""

from __future__ import annotations

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.problems.decision_process import DecisionProcess
from mcsopt.problems.worker_process.contracts import ABANDON, CONTINUE, WorkerProcess

MOST_TABULAR = 1_000_000
"""Most states that are listed: each has a dozen outcomes."""


def tabular(process: WorkerProcess) -> DecisionProcess:
    """Return the process as a `finite-mdp` instance: states have the same numbers, action 0 continues, 1 abandons.

    The reward of a service is its expectation given the slots that the transmission takes. Undiscounted, over as many
    steps as the longest episode can have.

    Raises
    ------
    TooLarge
        Beyond 1,000,000 states.
    """
    rows, served = process.rows, process.services
    if rows.num_states > MOST_TABULAR:
        raise TooLarge(f"{rows.num_states:,} states; a table is made of up to {MOST_TABULAR:,}")
    # The end, the last state, is terminal.
    state = np.arange(rows.num_states - 1)
    row, slot = rows.places(state)
    task, late = rows.task[row].astype(np.int64), process.hopeless(row, slot)
    travelling = rows.left[row] > 0
    waiting = ~travelling & ~late & (slot < served.opening[task])
    serving = ~travelling & ~late & ~waiting
    abandoned = rows.state(rows.abandon[row], slot)
    parts = [(state, ABANDON, abandoned, np.ones(len(state)), -served.due[task])]
    at, moving = state[travelling], rows.onward[row[travelling]]
    for delay in np.flatnonzero(process.delay_law).tolist():
        cost = process.worker.travel_cost + process.worker.delay_cost * delay
        chance = np.full(len(at), process.delay_law[delay])
        parts.append((at, CONTINUE, rows.state(moving, slot[travelling] + 1 + delay), chance, np.full(len(at), -cost)))
    at = state[waiting]
    parts.append((at, CONTINUE, at + 1, np.ones(len(at)), np.zeros(len(at))))
    for slots in range(served.law.shape[1]):
        there = serving & (served.law[task, slots] > 0)
        i, begin = task[there], slot[there]
        chance = served.law[i, slots]
        pay = np.where(served.completed(i, begin, np.array(slots)), served.paid[i], -served.due[i])
        cost = served.sensing_cost[i] + served.transmission_cost * served.mean[i, slots] / chance
        after = rows.state(rows.onward[row[there]], begin + served.sensing[i] + slots)
        parts.append((state[there], CONTINUE, after, chance, pay - cost))
    return DecisionProcess(
        num_states=rows.num_states,
        start=0,
        state=np.concatenate([part[0] for part in parts]),
        action=np.concatenate([np.full(len(part[0]), part[1]) for part in parts]),
        next_state=np.concatenate([part[2] for part in parts]),
        probability=np.concatenate([part[3] for part in parts]),
        reward=np.concatenate([part[4] for part in parts]),
        discount=1.0,
        horizon=most_steps(process),
    )


def most_steps(process: WorkerProcess) -> int:
    """Return a number of steps in which every episode ends: of each task the longest leg, the wait, and one more."""
    rows, served, steps = process.rows, process.services, 0
    for task in range(process.num_tasks):
        of_task = rows.task == task
        wait = int(served.opening[task]) - int(rows.first[of_task & (rows.left == 0)][0])
        steps += int(rows.left[of_task].max()) + max(wait, 0) + 1
    return steps
