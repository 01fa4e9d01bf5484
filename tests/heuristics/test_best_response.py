"""Best-response dynamics: exact responses, a rising potential, and equilibria where they stop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.data import sensing_market
from mcsopt.errors import InputError, TooLarge
from mcsopt.heuristics import best_response, greedy
from mcsopt.heuristics.best_response import ORDERS
from mcsopt.kernels.deviations import Deviations
from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket
from mcsopt.result import Status, Termination
from mcsopt.solvers import solve
from mcsopt.verification.regret import best_deviation
from tests.conformance.deviations import best_gain, choices, gain_of

SEEDS = st.integers(0, 2**32 - 1)
THRESHOLD = 1e-9


def small(seed: int) -> OfflineWelfare:
    return OfflineWelfare.random_small(np.random.default_rng(seed))


def market(**changes: object) -> SensingMarket:
    """Two tasks that want the same worker: 0 may have 0 or 1, 1 may have 1 only."""
    return SensingMarket(
        **{
            "budget": np.array([50.0, 50.0]),
            "demand": np.array([5.0, 5.0]),
            "redundancy": np.array([0.2, 0.2]),
            "arrival": np.array([1.0, 1.0]),
            "pair_task": np.array([0, 0, 1]),
            "pair_worker": np.array([0, 1, 1]),
            "payment": np.array([40.0, 40.0, 40.0]),
            "cost": np.array([10.0, 10.0, 10.0]),
            "quality": np.array([10.0, 12.0, 11.0]),
        }
        | changes  # type: ignore[arg-type]  # keywords by name
    )


@settings(max_examples=60, derandomize=True)
@given(instance=SEEDS, seed=SEEDS, order=st.sampled_from(ORDERS))
def test_a_fixed_point_is_an_equilibrium(instance: int, seed: int, order: str) -> None:
    problem = small(instance)
    result = best_response(problem, seed=seed, order=order)
    assert result.termination is Termination.FINISHED
    unserved = {v.where for v in result.violations}
    for task, workers in enumerate(result.solution.sets):
        if f"task {task}" in unserved:
            # Nobody can serve it while the others keep theirs.
            assert best_gain(problem, result.solution, task) == -float("inf")
        else:
            assert best_gain(problem, result.solution, task) <= THRESHOLD
            assert not problem.set_violations(task, workers)
    if result.feasible:
        found = best_deviation(problem, result.solution)
        assert found is not None
        assert found.regret <= THRESHOLD


@settings(max_examples=30, derandomize=True)
@given(instance=SEEDS, order=st.sampled_from(ORDERS))
def test_every_move_raises_the_potential(instance: int, order: str) -> None:
    problem = small(instance)
    result = best_response(problem, order=order, threshold=0.0)
    potentials = [step.potential for step in result.trace]
    if problem.instance.service == "optional":
        assert all(b > a for a, b in zip([0.0, *potentials], potentials, strict=False))
    assert [step.round for step in result.trace] == list(range(len(potentials)))
    if potentials:
        assert potentials[-1] == pytest.approx(result.objective, abs=1e-9)


def plain(problem: OfflineWelfare, order: str) -> tuple[list[tuple[int, ...]], list[int]]:
    """The dynamics without a thought for speed: every response by trying every set. Service is optional."""
    plan = problem.empty_solution()
    movers: list[int] = []

    def response(task: int) -> tuple[float, tuple[int, ...]]:
        feasible = (s for s in choices(problem, plan, task) if not problem.set_violations(task, s))
        return max((gain_of(problem, plan, task, s), s) for s in feasible)

    while True:
        before = len(movers)
        tasks = range(problem.instance.num_tasks)
        if order == "largest-gain":
            gain, first, workers = max(((gain, -i, s) for i in tasks for gain, s in [response(i)]), key=lambda t: t[:2])
            moves = [(-first, workers)] if gain > THRESHOLD else []
            for task, workers in moves:
                plan = Assignment([*plan.sets[:task], workers, *plan.sets[task + 1 :]])
                movers.append(task)
        else:
            for task in tasks:
                gain, workers = response(task)
                if gain > THRESHOLD:
                    plan = Assignment([*plan.sets[:task], workers, *plan.sets[task + 1 :]])
                    movers.append(task)
        if len(movers) == before:
            return list(plan.sets), movers


@pytest.mark.kernel
@pytest.mark.parametrize("order", ["largest-gain", "round-robin"])
def test_the_run_equals_a_plain_transcription(order: str) -> None:
    moved = 0
    for seed in range(8):
        problem = OfflineWelfare(sensing_market(tasks=5, workers=14, seed=seed))
        sets, movers = plain(problem, order)
        result = best_response(problem, order=order)
        assert [step.mover for step in result.trace] == movers
        assert list(result.solution.sets) == sets
        moved += len(movers)
    assert moved > 8


def test_what_is_not_looked_at_again_has_not_changed() -> None:
    problem = OfflineWelfare(sensing_market(tasks=12, workers=48, seed=2))
    # Poor sets first, so that workers are released as well as taken.
    start = greedy(problem).solution
    game, rng, moves = Deviations(problem, start), np.random.default_rng(0), 0
    while True:
        game.look()
        fresh = Deviations(problem, Assignment(game.sets))
        fresh.look()
        assert game.response_value == pytest.approx(fresh.response_value, abs=1e-9)
        assert game.value.tolist() == fresh.value.tolist()
        willing = np.flatnonzero(game.gains() > THRESHOLD)
        if not len(willing):
            break
        game.move(int(rng.choice(willing)))
        moves += 1
        assert len(game.stale) < 12
    assert moves > 2


def test_orders_lead_to_different_equilibria_and_seeds_to_different_orders() -> None:
    problem = OfflineWelfare(sensing_market(tasks=20, workers=80, seed=0))
    runs = {order: best_response(problem, order=order, seed=1) for order in ORDERS}
    assert len({run.objective for run in runs.values()}) > 1
    assert runs["random"].trace == best_response(problem, order="random", seed=1).trace
    assert runs["random"].trace != best_response(problem, order="random", seed=2).trace
    assert runs["round-robin"].trace == best_response(problem, order="round-robin", seed=2).trace


def test_a_start_is_improved_and_an_optimum_stays() -> None:
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=0))
    start = greedy(problem)
    assert best_deviation(problem, start.solution).regret > 1
    result = best_response(problem, start=start)
    assert result.objective > start.objective
    assert best_response(problem, start=start.solution).solution == result.solution
    assert best_response(problem, start={"assignment": start.solution.sets}).solution == result.solution
    optimum = solve(problem)
    stays = best_response(problem, start=optimum)
    assert (stays.solution, stays.trace) == (optimum.solution, ())


def test_the_best_response_may_be_to_leave() -> None:
    # Worth 7 * 10 - 90 < 0, and the other worker is no better.
    problem = OfflineWelfare(market(cost=np.full(3, 90.0), payment=np.full(3, 95.0), budget=np.full(2, 100.0)))
    result = best_response(problem, start={"assignment": [[0], []]})
    assert result.solution.sets == ((), ())
    assert [step.mover for step in result.trace] == [0]


def test_required_service_is_given_even_at_a_loss() -> None:
    losses = {"cost": np.array([80.0, 90.0, 80.0]), "payment": np.full(3, 95.0), "budget": np.full(2, 100.0)}
    problem = OfflineWelfare(market(service="required", **losses))
    result = best_response(problem)
    assert result.status is Status.FEASIBLE
    assert result.solution.sets == ((0,), (1,))
    assert result.objective < 0
    # Among those who must begin to serve, the response worth most comes first: 77 - 80 before 84 - 90 and 70 - 80.
    assert [step.mover for step in result.trace] == [1, 0]


def test_a_task_left_without_a_feasible_set_is_reported() -> None:
    # Task 0 takes worker 1, the better one, and task 1 has no other.
    problem = OfflineWelfare(market(service="required"))
    result = best_response(problem)
    assert result.solution.sets == ((1,), ())
    assert result.status is Status.UNKNOWN
    assert [str(v) for v in result.violations] == ["service required broken at task 1 by 1"]


def test_the_limit_on_moves_is_reported() -> None:
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))
    result = best_response(problem, max_rounds=2)
    assert (result.termination, len(result.trace)) == (Termination.ROUNDS, 2)
    assert result.message == "stopped at the limit of 2 rounds"
    assert best_response(problem, max_rounds=0).solution == problem.empty_solution()


def test_an_interrupted_run_keeps_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=8))
    calls = iter(range(2))
    move = Deviations.move

    def struck(game: Deviations, task: int) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        move(game, task)

    monkeypatch.setattr(Deviations, "move", struck)
    result = best_response(problem)
    assert (result.termination, result.status) == (Termination.INTERRUPTED, Status.FEASIBLE)
    assert len(result.trace) == sum(map(bool, result.solution.sets)) == 2


def test_progress_is_reported() -> None:
    lines: list[str] = []
    problem = OfflineWelfare(sensing_market(tasks=400, workers=1600, seed=0, candidates=20))
    result = best_response(problem, progress=lines.append)
    assert len(lines) == len(result.trace) // 100 >= 1
    assert lines[0].startswith("best-response: round 100, potential ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "last"}, "order: is 'last'"),
        ({"threshold": -1.0}, "threshold: is -1.0"),
        ({"threshold": float("nan")}, "threshold: is nan"),
        ({"max_rounds": -1}, "max_rounds: is -1"),
        ({"max_rounds": True}, "max_rounds: is True"),
        ({"start": {"assignment": [[1], [1]]}}, "start: is infeasible: one task per worker"),
        ({"start": {"assignment": [[0, 1], []]}}, "start: is infeasible: budget"),
        ({"start": {"assignment": [[2], []]}}, "worker"),
        ({"start": 3}, "solution: is of type int"),
    ],
)
def test_bad_parameters_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        best_response(OfflineWelfare(market()), **options)  # type: ignore[arg-type]  # keywords by name


def test_markets_that_exact_pricing_does_not_take_are_refused() -> None:
    pairs = np.arange(20)
    one = np.ones(20)
    cheap = SensingMarket(
        budget=np.array([100.0]), demand=np.array([5.0]), redundancy=np.array([0.1]), arrival=one,
        pair_task=np.zeros(20, dtype=np.int64), pair_worker=pairs, payment=one, cost=0 * one, quality=one,
    )  # fmt: skip
    with pytest.raises(TooLarge, match="pays for 20 workers"):
        best_response(OfflineWelfare(cheap))
