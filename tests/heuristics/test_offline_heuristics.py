"""Greedy and ASPIRE-Off: feasible, reproducible, and what the paper says they are."""

import itertools

import numpy as np
import pytest

from benchmarks.aspire_off import transcription
from mcsopt.data import sensing_market
from mcsopt.errors import InputError
from mcsopt.heuristics import aspire_off, greedy
from mcsopt.heuristics.greedy import surrogate_value
from mcsopt.problems import OfflineWelfare, SensingMarket
from mcsopt.result import Status, Termination
from mcsopt.seeds import generator
from mcsopt.solvers import solve


def problem(seed=0, **options):
    return OfflineWelfare(sensing_market(**({"tasks": 8, "workers": 32, "seed": seed} | options)))


@pytest.mark.parametrize("heuristic", [greedy, aspire_off])
def test_plans_are_feasible_and_traces_add_up(heuristic):
    for seed in range(5):
        result = heuristic(problem(seed))
        assert result.status is Status.FEASIBLE
        assert result.dual_bound is None
        if result.trace:
            assert result.trace[-1].potential == pytest.approx(result.objective)
        assert len({step.round for step in result.trace}) == len(result.trace)


def test_the_published_greedy_never_tests_the_risk():
    broken = [greedy(problem(seed), screen=False) for seed in range(5)]
    assert any(result.status is Status.UNKNOWN and result.violations for result in broken)
    assert all(v.constraint == "quality risk (25g)" for result in broken for v in result.violations)


def plain_aspire(question):
    """Algorithm 3 transcribed without a thought for speed: brute-force knapsacks, exact values."""
    market, surrogate = question.instance, surrogate_value(question)
    sets = [()] * market.num_tasks
    movers = []
    while True:
        taken = {j for members in sets for j in members}
        best = (1e-4, None, None)
        for task in range(market.num_tasks):
            where = market.pairs_of(task)
            free = [
                p for p in range(where.start, where.stop)
                if question.candidate[p] and surrogate[p] > 0
                and (market.pair_worker[p] not in taken or market.pair_worker[p] in sets[task])
            ]  # fmt: skip
            masks = np.arange(1 << len(free))
            bits = (masks[:, None] >> np.arange(len(free))) & 1
            worth = np.where(bits @ market.payment[free] <= question.budget[task], bits @ surrogate[free], -1.0)
            members = tuple(int(market.pair_worker[free[k]]) for k in np.flatnonzero(bits[np.argmax(worth)]))
            if members and question.set_violations(task, members):
                continue
            gain = (question.set_value(task, members) if members else 0.0) - (
                question.set_value(task, sets[task]) if sets[task] else 0.0
            )
            if gain > best[0]:
                best = (gain, task, members)
        if best[1] is None:
            return sets, movers
        sets[best[1]] = best[2]
        movers.append(best[1])


@pytest.mark.kernel
def test_aspire_off_equals_a_plain_transcription():
    moved = 0
    for seed in range(12):
        question = problem(seed, tasks=5, workers=14)
        sets, movers = plain_aspire(question)
        result = aspire_off(question)
        assert [step.mover for step in result.trace] == movers
        assert list(result.solution.sets) == [tuple(sorted(members)) for members in sets]
        moved += len(movers)
    assert moved > 10


@pytest.mark.kernel
def test_common_samples_lead_to_the_plan_of_a_numpy_transcription():
    for seed in range(3):
        question = problem(seed)
        samples = generator(seed, 1).random((32, 60)) < question.instance.arrival[:, None]
        result = aspire_off(question, seed=seed, samples="common", num_samples=60)
        assert result.solution.sets == tuple(tuple(sorted(s)) for s in transcription(question, samples))


def test_fresh_samples_as_published_run_into_the_round_limit():
    result = aspire_off(problem(0, tasks=40, workers=160), samples="fresh", num_samples=20, max_rounds=150)
    assert result.termination is Termination.ROUNDS
    assert len({step.mover for step in result.trace}) < len(result.trace)


def test_every_accepted_move_raises_the_potential():
    for samples in ("exact", "common"):
        potentials = [step.potential for step in aspire_off(problem(2), samples=samples).trace]
        assert all(b > a for a, b in itertools.pairwise(potentials))


@pytest.mark.parametrize("samples", ["exact", "common", "fresh"])
def test_same_seed_same_run(samples):
    first, second = (aspire_off(problem(1), seed=7, samples=samples, num_samples=40) for _ in range(2))
    assert first.trace == second.trace
    assert first.solution == second.solution
    assert first.seed == 7


def test_many_common_samples_approach_the_exact_run():
    question = problem(3)
    sampled = aspire_off(question, samples="common", num_samples=4000)
    assert sampled.trace[0].mover == aspire_off(question).trace[0].mover


def test_the_round_limit_is_reported():
    result = aspire_off(problem(0), max_rounds=1)
    assert result.termination is Termination.ROUNDS
    assert len(result.trace) == 1
    assert "limit of 1 rounds" in result.message


def test_interruption_keeps_the_contracts_so_far():
    question, calls = problem(0, tasks=40, workers=160), []

    def interrupt(line):
        calls.append(line)
        raise KeyboardInterrupt

    result = aspire_off(question, samples="fresh", max_rounds=500, num_samples=20, progress=interrupt)
    assert calls
    assert result.termination is Termination.INTERRUPTED
    assert len(result.solution.sets) == question.instance.num_tasks


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"samples": "many"}, "samples"),
        ({"num_samples": 0}, "num_samples"),
        ({"max_rounds": -1}, "max_rounds"),
        ({"threshold": float("nan")}, "threshold"),
    ],
)
def test_parameters_out_of_range_are_refused(options, field):
    with pytest.raises(InputError, match=f"^{field}"):
        aspire_off(problem(0), **options)


def test_proposition_5_is_refuted_a_stopped_run_need_not_be_an_equilibrium():
    """Smallest counterexample: one task, two workers; the knapsack takes both, one alone is worth more.

    Redundancy 0.9 makes the second worker's quality nearly worthless, which the surrogate (41) ignores.
    """
    market = SensingMarket(
        budget=[100.0], demand=[10.0], redundancy=[0.9], arrival=[1.0, 1.0], pair_task=[0, 0], pair_worker=[0, 1],
        payment=[50.0, 50.0], cost=[20.0, 20.0], quality=[12.0, 12.0],
    )  # fmt: skip
    question = OfflineWelfare(market)
    stopped = aspire_off(question)
    assert stopped.termination is Termination.FINISHED
    assert stopped.solution.sets == ((0, 1),)
    best = solve(question, solver="enumeration")
    assert best.objective == pytest.approx(7 * 12 - 20)
    assert best.objective > stopped.objective + 10


def test_workers_without_positive_surrogate_are_never_contracted():
    market = SensingMarket(
        budget=[100.0], demand=[0.0], redundancy=[0.0], arrival=[1.0], pair_task=[0], pair_worker=[0],
        payment=[50.0], cost=[40.0], quality=[1.0],
    )  # fmt: skip
    for heuristic in (greedy, aspire_off):
        assert heuristic(OfflineWelfare(market)).solution.sets == ((),)


def test_sets_beyond_what_can_be_evaluated_are_named():
    market = SensingMarket(
        budget=[40.0], demand=[10.0], redundancy=[0.1], arrival=[0.9] * 40, pair_task=[0] * 40,
        pair_worker=list(range(40)), payment=[1.0] * 40, cost=[0.1] * 40, quality=[5.0] * 40,
    )  # fmt: skip
    result = aspire_off(OfflineWelfare(market))
    assert result.solution.sets == ((),)
    assert "1 tasks stayed as they are: their knapsack sets exceed 24 workers" in result.message
