"""Messages are counted in the run: held to a count by hand, and to one from the plans after each round."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.heuristics import aspire_off, greedy
from mcsopt.heuristics.aspire_on import aspire_on
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.simulation import execute, method
from mcsopt.simulation.exchanges import Exchanges, Overhead
from tests.simulation.small_scenarios import scenario


def available(problem, plan: Assignment) -> int:
    """Count the candidate pairs whose worker is idle or the task's own."""
    market = problem.instance
    owner = {j: i for i, workers in enumerate(plan.sets) for j in workers}
    return sum(
        bool(problem.candidate[p])
        and owner.get(int(market.pair_worker[p]), int(market.pair_task[p])) == market.pair_task[p]
        for p in range(market.num_pairs)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stage", ["offline", "online"])
def test_every_round_asks_every_available_candidate_once(seed, stage):
    drawn = scenario(seed, tasks=6, workers=30)
    run = execute(drawn, method("iParts" if stage == "offline" else "ConOn"))
    problem, heuristic = (run.plan.problem, aspire_off) if stage == "offline" else (run.repair.problem, aspire_on)
    whole = heuristic(problem)
    # After k rounds the plan is that of a run cut short; the last round finds nothing to move.
    states = [heuristic(problem, max_rounds=k).solution for k in range(len(whole.trace) + 1)]
    counted = sum(available(problem, state) for state in states)
    overhead = run.offline if stage == "offline" else run.online
    assert overhead.rounds == len(states) > 2
    assert overhead.messages == 2 * counted > 0


def test_greedy_asks_the_idle_candidates_of_each_task_in_turn():
    drawn = scenario(1, tasks=5, workers=25)
    run = execute(drawn, method("Greedy"))
    problem = OfflineWelfare(run.market)
    plan, market = greedy(problem, screen=False).solution, run.market
    taken: set[int] = set()
    counted = 0
    for task in range(market.num_tasks):
        where = market.pairs_of(task)
        counted += sum(bool(problem.candidate[p]) and int(market.pair_worker[p]) not in taken
                       for p in range(where.start, where.stop))  # fmt: skip
        taken |= set(plan.sets[task])
    assert run.offline.messages == 2 * counted


def test_what_messages_cost_by_hand():
    drawn = scenario(0, tasks=2, workers=6)
    market = drawn.market.reported(np.ones((6, 2)), drawn.calibration.epsilon)
    messages = Exchanges(market)
    messages.round(np.array([0, 3]))
    messages.round(np.array([3]))
    first, second = ((market.pair_task[p], market.pair_worker[p]) for p in (0, 3))
    up = drawn.uplink[first] + 2 * drawn.uplink[second]
    down = drawn.downlink[first] + 2 * drawn.downlink[second]
    energy = sum(
        count * (drawn.worker_power[j] * drawn.uplink[i, j] + drawn.task_power[i] * drawn.downlink[i, j])
        for count, (i, j) in ((1, first), (2, second))
    )
    found = messages.overhead(drawn)
    assert (found.rounds, found.messages) == (2, 6)
    assert found.latency == pytest.approx(up + down)
    assert found.energy == pytest.approx(energy)
    assert found.latency_letter == pytest.approx(2 * (up + down))  # each message charged both ways
    assert found.energy_letter == pytest.approx(2 * energy)


def test_overheads_add_up():
    assert Overhead(1, 2, 3.0, 4.0, 5.0, 6.0) + Overhead(1, 1, 1.0, 1.0, 1.0, 1.0) == Overhead(2, 3, 4.0, 5.0, 6.0, 7.0)
