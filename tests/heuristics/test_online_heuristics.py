"""ASPIRE-On, best responses and greedy online, and what the paper says of them: each claim can come out false."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.data import default_instance, drawn_online_market
from mcsopt.errors import InputError
from mcsopt.heuristics import aspire_on, best_response, greedy
from mcsopt.heuristics.best_response import ORDERS
from mcsopt.problems import Assignment, OnlineMarket, OnlineRecruitment
from mcsopt.result import Status, Termination
from mcsopt.solvers import solve
from mcsopt.verification.regret import best_deviation
from tests.conformance.deviations import best_gain, choices, gain_of, regret

SEEDS = st.integers(0, 2**32 - 1)
MODES = st.sampled_from(["optional", "max"])


def brute_force(problem: OnlineRecruitment) -> Any:
    """Return the best of all plans, None if none is feasible."""
    return solve(problem, solver="enumeration").solution


def small(seed: int, restore: str | None = None) -> OnlineRecruitment:
    drawn = OnlineRecruitment.random_small(np.random.default_rng(seed))
    return drawn if restore is None else replace(drawn, restore=restore)


def market(tasks: int, workers: int, **changes: Any) -> OnlineMarket:
    """Every task demands 10 of nobody and has a pair with every worker, who delivers 12 for 50 at a cost of 10."""
    pairs = tasks * workers
    return OnlineMarket(**{
        "budget": np.full(tasks, 50.0), "demand": np.full(tasks, 10.0), "redundancy": np.full(tasks, 0.5),
        "arrival": np.ones(workers), "pair_task": np.repeat(np.arange(tasks), workers),
        "pair_worker": np.tile(np.arange(workers), tasks), "payment": np.full(pairs, 50.0),
        "cost": np.full(pairs, 10.0), "quality": np.full(pairs, 12.0), "base_quality_sum": np.zeros(tasks),
        "base_count": np.zeros(tasks, dtype=int),
    } | changes)  # fmt: skip


# The algorithm, by its letter -----------------------------------------------------------------------------------------


def plain_aspire_on(problem: OnlineRecruitment, threshold: float) -> tuple[Assignment, list[int]]:
    """Algorithm 4 without a thought for speed: every knapsack by trying every set, every round anew."""
    market, plan, movers = problem.instance, problem.empty_solution(), []
    value = market.quality_weight * market.quality - market.cost

    def proposal(task: int) -> tuple[int, ...]:
        def surrogate(members: tuple[int, ...]) -> float:
            return float(value[problem.pairs(task, members)].sum())

        def usable(members: tuple[int, ...]) -> bool:
            pairs = problem.pairs(task, members)
            return bool(problem.candidate[pairs].all()) and market.payment[pairs].sum() <= problem.budget[task]

        return max((s for s in choices(problem, plan, task) if usable(s)), key=surrogate)

    while True:
        moves = []
        for task in range(market.num_tasks):
            members = proposal(task)
            if not members or not problem.set_violations(task, members):
                moves.append((gain_of(problem, plan, task, members), -task, members))
        gain, mover, members = max(moves, default=(0.0, 0, ()))
        if gain <= threshold:
            return plan, movers
        plan = Assignment([*plan.sets[:-mover], members, *plan.sets[-mover + 1 :]])
        movers.append(-mover)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(SEEDS, MODES)
def test_the_run_is_that_of_the_letter(seed: int, restore: str) -> None:
    problem = small(seed, restore)
    market = problem.instance
    if market.num_pairs > 16 or len(set(market.quality.tolist())) < market.num_pairs:
        return  # ties between knapsacks may be broken either way
    plan, movers = plain_aspire_on(problem, 1e-4)
    result = aspire_on(problem)
    assert [step.mover for step in result.trace] == movers
    assert result.solution == plan


@settings(max_examples=60, derandomize=True, deadline=None)
@given(SEEDS, MODES)
def test_no_heuristic_beats_the_optimum_and_regret_is_that_of_brute_force(seed: int, restore: str) -> None:
    problem = small(seed, restore)
    best = problem.evaluate(brute_force(problem))
    for plan in (aspire_on(problem), best_response(problem), greedy(problem)):
        assert plan.status is Status.FEASIBLE
        assert plan.objective is not None
        assert plan.objective <= best + 1e-9 * max(1.0, abs(best))
        found = best_deviation(problem, plan.solution)
        assert found is not None
        assert found.regret == pytest.approx(regret(problem, plan.require_solution()), abs=1e-9)


# Claims ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, derandomize=True, deadline=None)
@given(SEEDS, SEEDS, MODES)
def test_a_task_gains_what_the_potential_rises_by(seed: int, drawn: int, restore: str) -> None:
    """Theorem 2, (61)-(63), for either objective: on feasible profiles, task by task."""
    problem, rng = small(seed, restore), np.random.default_rng(drawn)
    plan = best_response(problem, order="random", seed=drawn % 100, max_rounds=int(rng.integers(0, 4))).solution
    for task in range(problem.instance.num_tasks):
        alone = Assignment([*plan.sets[:task], (), *plan.sets[task + 1 :]])
        for members in itertools.islice(choices(problem, plan, task), 40):
            if problem.set_violations(task, members):
                continue
            changed = Assignment([*plan.sets[:task], members, *plan.sets[task + 1 :]])
            # U_i by (59), before and after: its difference is that of the potential.
            payoffs = [problem.evaluate(profile) - problem.evaluate(alone) for profile in (plan, changed)]
            rise = problem.evaluate(changed) - problem.evaluate(plan)
            assert payoffs[1] - payoffs[0] == pytest.approx(rise, abs=1e-8)
            assert gain_of(problem, plan, task, members) == pytest.approx(rise, abs=1e-8)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(SEEDS, MODES)
def test_the_potential_rises_with_every_move_and_every_profile_is_feasible(seed: int, restore: str) -> None:
    """Finite improvement (Proposition 6) and feasibility preserved (Proposition 4): both hold."""
    problem = small(seed, restore)
    whole = aspire_on(problem)
    assert whole.termination is Termination.FINISHED
    potentials = [0.0, *(step.potential for step in whole.trace)]
    assert all(later > earlier + 1e-4 for earlier, later in itertools.pairwise(potentials))
    for rounds in range(len(whole.trace)):
        part = aspire_on(problem, max_rounds=rounds)
        assert part.status is Status.FEASIBLE
        assert part.termination is Termination.ROUNDS
        assert part.objective == pytest.approx(potentials[rounds], abs=1e-8)


def test_two_unmet_tasks_never_leave_the_empty_profile_if_both_must_be_restored():
    """The letter of (52d), against step 6 of the paper: it stops at once, though a plan that restores both exists."""
    problem = OnlineRecruitment(market(tasks=2, workers=2), restore="required")
    stuck = aspire_on(problem)
    assert stuck.solution == problem.empty_solution()
    assert stuck.status is Status.UNKNOWN
    assert len(stuck.violations) == 2
    assert "no single move restores all unmet tasks" in stuck.message
    assert best_response(problem).status is Status.FEASIBLE
    # A single unmet task can move, beside one that is met.
    single = market(tasks=2, workers=2, base_quality_sum=[0.0, 12.0], base_count=[0, 1])
    result = aspire_on(OnlineRecruitment(single, restore="required"))
    assert result.status is Status.FEASIBLE
    assert result.message == ""


def test_a_fixed_point_need_not_be_an_equilibrium_because_the_knapsack_ignores_redundancy():
    """The smallest: one task, two workers. Both are worth 70 + 10 to the knapsack, together 100/3; one alone 70."""
    problem = OnlineRecruitment(market(
        1, 2, budget=[100.0], demand=[8.0], quality=[10.0, 10.0], cost=[0.0, 60.0], payment=[40.0, 60.0],
    ))  # fmt: skip
    result = aspire_on(problem)
    assert result.termination is Termination.FINISHED
    assert result.solution == Assignment([[0, 1]])
    assert result.objective == pytest.approx(7 * 20 / 1.5 - 60)
    found = best_deviation(problem, result.solution)
    assert (found.task, found.workers, found.regret) == (0, (0,), pytest.approx(70 - 100 / 3))
    assert best_response(problem).solution == Assignment([[0]])


def test_a_fixed_point_need_not_restore_what_could_be_restored():
    """The smallest: one task, two workers, one of whom can be paid. The better value misses the demand by a little."""
    problem = OnlineRecruitment(market(1, 2, quality=[9.5, 10.0], cost=[0.0, 20.0]))
    result = aspire_on(problem)
    assert result.termination is Termination.FINISHED
    assert result.solution == problem.empty_solution()
    assert best_deviation(problem, result.solution).regret == pytest.approx(7 * 10 - 20)
    assert best_response(problem).solution == Assignment([[1]])


def test_an_equilibrium_need_not_be_optimal():
    """Two tasks, three workers, each task with a single one it would rather have: who moves first takes it."""
    problem = OnlineRecruitment(market(2, 2, quality=[14.0, 13.0, 13.5, 9.0]))
    result = best_response(problem)
    assert best_deviation(problem, result.solution).regret == 0.0
    best = brute_force(problem)
    assert result.solution == Assignment([[0], []])
    assert best == Assignment([[1], [0]])
    assert problem.evaluate(best) > result.objective + 70


def test_restorations_that_cost_more_than_they_are_worth():
    costly = OnlineRecruitment(market(2, 2, cost=np.full(4, 45.0), quality_weight=1.0))
    restore = replace(costly, restore="max")
    assert best_response(costly).solution == Assignment([[], []])
    assert sum(map(bool, best_response(restore).solution.sets)) == 2
    # Algorithm 4 proposes nobody whose surrogate (64) is negative, however much a restoration counts.
    assert aspire_on(restore).solution == Assignment([[], []])


# Best responses -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, derandomize=True, deadline=None)
@given(SEEDS, SEEDS, st.sampled_from(ORDERS))
def test_best_responses_end_at_equilibria(seed: int, order_seed: int, order: str) -> None:
    problem = small(seed)
    result = best_response(problem, order=order, seed=order_seed)
    assert result.termination is Termination.FINISHED
    unmet = {v.where for v in result.violations}
    for task in range(problem.instance.num_tasks):
        gain = best_gain(problem, result.require_solution(), task)
        # A task that must be restored and is not: nothing restores it while the others keep theirs.
        assert gain == -np.inf if f"task {task}" in unmet else gain <= 1e-9
    assert all(v.constraint == problem.MUST_SERVE for v in result.violations)


def test_best_response_starts_from_a_plan_and_refuses_one_that_is_infeasible():
    problem = OnlineRecruitment(market(2, 2, quality=[14.0, 13.0, 13.5, 9.0]))
    again = best_response(problem, start=Assignment([[1], [0]]))
    assert again.solution == Assignment([[1], [0]])
    with pytest.raises(InputError, match=r"start: is infeasible: demand restored \(52d\)"):
        best_response(problem, start=Assignment([[], [1]]))
    required = replace(problem, restore="required")
    assert best_response(required, start=Assignment([[1], []])).solution == Assignment([[1], [0]])


# Greedy ---------------------------------------------------------------------------------------------------------------


def test_greedy_takes_the_best_by_64_and_withdraws_what_restores_nothing():
    # Task 0 takes worker 0 (7 * 9 - 10), who alone misses the demand; screened, task 1 may have the worker.
    quality = np.array([9.0, 8.0, 12.0, 11.0])
    problem = OnlineRecruitment(market(2, 2, quality=quality))
    assert greedy(problem, screen=False).solution == Assignment([[0], [1]])
    assert greedy(problem, screen=False).status is Status.UNKNOWN
    assert greedy(problem).solution == Assignment([[], [0]])


def test_greedy_online_knows_who_is_there():
    # (41) would weigh worker 0 down by the probability of an arrival that has been seen.
    problem = OnlineRecruitment(market(1, 2, arrival=[0.1, 1.0], quality=[13.0, 12.0]))
    assert greedy(problem).solution == Assignment([[0]])


# At large -------------------------------------------------------------------------------------------------------------


def test_the_default_market_is_one_where_every_heuristic_misses_the_optimum():
    problem = OnlineRecruitment(default_instance("online-market"))
    optimum = 319.306
    aspire, response, plain = (run(problem) for run in (aspire_on, best_response, greedy))
    assert aspire.objective == pytest.approx(267.90, abs=0.05)
    for result in (aspire, response, plain):
        assert result.status is Status.FEASIBLE
        assert result.objective < 0.95 * optimum
    assert best_deviation(problem, aspire.solution).regret > 10
    assert best_deviation(problem, response.solution).regret == 0.0


@pytest.mark.parametrize("contracted", [0.0, 0.6])
@pytest.mark.parametrize("restore", ["optional", "max"])
def test_plans_of_larger_markets_are_feasible(contracted: float, restore: str) -> None:
    drawn = drawn_online_market(tasks=30, workers=120, seed=3, contracted=contracted)
    problem = OnlineRecruitment(drawn, restore=restore)
    plans = [aspire_on(problem), best_response(problem), greedy(problem)]
    assert all(plan.status is Status.FEASIBLE and plan.objective > 0 for plan in plans)
    assert best_deviation(problem, plans[1].solution).regret <= 1e-9


def test_without_unmet_tasks_or_workers_nobody_moves():
    met = market(2, 2, base_quality_sum=[12.0, 12.0], base_count=[1, 1])
    nobody = OnlineMarket(**{field.name: getattr(market(2, 0), field.name) for field in OnlineMarket.FIELDS})
    for case in (met, nobody):
        for run in (aspire_on, best_response, greedy):
            result = run(OnlineRecruitment(case))
            assert result.solution == Assignment([[], []])
            assert result.trace == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": -1.0}, "threshold: is -1.0; give a number >= 0"),
        ({"threshold": float("nan")}, "threshold: is nan; give a number >= 0"),
        ({"max_rounds": -1}, "max_rounds: is -1; give an integer >= 0"),
        ({"max_rounds": True}, "max_rounds: is True; give an integer >= 0"),
        ({"max_rounds": 2.0}, "max_rounds: is 2.0; give an integer >= 0"),
    ],
)
def test_parameters_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        aspire_on(OnlineRecruitment(market(1, 1)), **arguments)
