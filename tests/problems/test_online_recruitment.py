"""The ground truth of online recruitment, against its definition in rationals and against (43)-(52)."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.errors import InputError
from mcsopt.problems import Assignment, OnlineMarket, OnlineRecruitment

SEEDS = st.integers(0, 2**32 - 1)
MODES = st.sampled_from(["optional", "max", "required"])


def market(**changes: Any) -> OnlineMarket:
    """Task 0 misses 8 of 20, task 1 is met, task 2 has nothing; worker 2's payment at task 0 is below its cost."""
    return OnlineMarket(**{
        "budget": [100.0, 60.0, 80.0], "demand": [20.0, 10.0, 15.0], "redundancy": [0.25, 0.5, 0.0],
        "arrival": [0.9, 0.8, 1.0, 0.5], "pair_task": [0, 0, 0, 1, 2, 2], "pair_worker": [0, 1, 2, 1, 1, 3],
        "payment": [45.0, 60.0, 20.0, 55.0, 50.0, 40.0], "cost": [10.0, 20.0, 25.0, 5.0, 5.0, 30.0],
        "quality": [9.0, 14.0, 30.0, 9.0, 15.0, 8.0], "base_quality_sum": [12.0, 18.0, 0.0], "base_count": [1, 2, 0],
    } | changes)  # fmt: skip


def small(seed: int, **changes: Any) -> OnlineRecruitment:
    drawn = OnlineRecruitment.random_small(np.random.default_rng(seed))
    return replace(drawn, **changes) if changes else drawn


def random_plan(problem: OnlineRecruitment, rng: np.random.Generator) -> Assignment:
    """Return disjoint sets drawn from the pairs, feasible or not."""
    instance, sets = problem.instance, [[] for _ in range(problem.instance.num_tasks)]
    for worker in range(instance.num_workers):
        tasks = instance.pair_task[instance.pair_worker == worker]
        if len(tasks) and rng.random() < 0.4:
            sets[int(rng.choice(tasks))].append(worker)
    return Assignment(sets)


def test_the_increment_counts_the_rise_of_the_delivered_quality():
    problem = OnlineRecruitment(market())
    # Task 0: (12 + 14) / 1.25 after 12; task 2: 8 after nothing.
    assert problem.evaluate(Assignment([[1], [], [3]])) == pytest.approx(7 * (26 / 1.25 - 12) - 20 + 7 * 8 - 30)
    assert problem.final_quality(0, [1]) == pytest.approx(26 / 1.25)
    assert problem.final_quality(2, []) == 0.0


def test_the_letter_counts_the_recruits_alone():
    problem = OnlineRecruitment(market(objective="recruits"))
    both = 7 * (9 + 14) / 1.25 - 30
    assert problem.evaluate(Assignment([[0, 1], [], []])) == pytest.approx(both)
    assert problem.evaluate(problem.empty_solution()) == 0.0


def test_the_letter_calls_a_gain_what_delivers_less_than_it_costs():
    """(44) values recruits as if nobody had delivered: here 7 * 14 - 60 > 0, while quality rises by 8.8 * 7 < 62."""
    plan = Assignment([[1], [], []])
    costs = {"cost": [10.0, 60.0, 25.0, 5.0, 5.0, 30.0], "quality_weight": 6.5}
    assert OnlineRecruitment(market(objective="recruits", **costs)).evaluate(plan) > 0
    assert OnlineRecruitment(market(**costs)).evaluate(plan) < 0


@settings(derandomize=True)
@given(SEEDS, SEEDS)
def test_the_welfare_is_what_tasks_and_workers_get_and_payments_cancel(instance: int, drawn: int) -> None:
    """(43) and (44), added up to (45), give the objective "recruits"."""
    problem = small(instance, restore="optional")
    problem = replace(problem, instance=replace(problem.instance, objective="recruits"))
    market = problem.instance
    plan = random_plan(problem, np.random.default_rng(drawn))
    tasks, workers = 0.0, 0.0
    for i, members in enumerate(plan.sets):
        pairs = problem.pairs(i, members)
        if pairs:
            aggregate = market.quality[pairs].sum() / (1 + (len(pairs) - 1) * market.redundancy[i])
            tasks += market.quality_weight * aggregate - market.payment[pairs].sum()
            workers += (market.payment[pairs] - market.cost[pairs]).sum()
    assert problem.evaluate(plan) == pytest.approx(tasks + workers, abs=1e-9)


@settings(derandomize=True)
@given(SEEDS, SEEDS)
def test_constraints_hold_as_rationals_say(instance: int, drawn: int) -> None:
    problem = small(instance)
    market, plan = problem.instance, random_plan(problem, np.random.default_rng(drawn))
    broken: set[tuple[str, int]] = set()
    for i, members in enumerate(plan.sets):
        pairs = problem.pairs(i, members)
        zeta, demand = Fraction(market.redundancy[i]), Fraction(market.demand[i])
        base, count = Fraction(market.base_quality_sum[i]), int(market.base_count[i])
        slack = Fraction(1, 10**12)
        unmet = base + slack < demand * (1 + (count - 1) * zeta)
        assert unmet == market.unmet[i]
        total = base + sum((Fraction(q) for q in market.quality[pairs]), Fraction(0))
        restored = total + slack >= demand * (1 + (count + len(pairs) - 1) * zeta)
        if pairs and unmet and not restored:
            broken.add(("demand restored (52d)", i))
        if pairs and not unmet:
            broken.add(("only unmet tasks recruit (48)", i))
        if not pairs and unmet and problem.restore == "required":
            broken.add(("restoration required (52d)", i))
        if sum(map(Fraction, market.payment[pairs]), Fraction(0)) > Fraction(market.budget[i]) + Fraction(1, 10**9):
            broken.add(("remaining budget (52b)", i))
        if (market.cost[pairs] > market.payment[pairs] + 1e-9).any():
            broken.add(("payment covers cost (52c)", i))
    found = {(v.constraint, int(v.where.split(",")[0].split()[1])) for v in problem.violations(plan)}
    assert found == broken


@pytest.mark.parametrize(
    ("sets", "constraint", "amount"),
    [
        ([[2], [], []], "payment covers cost (52c)", 5.0),
        ([[0, 1], [], []], "remaining budget (52b)", 5.0),
        ([[1], [], [1]], "one task per worker (52a)", 1.0),
        ([[], [1], []], "only unmet tasks recruit (48)", 1.0),
        ([[0], [], []], "demand restored (52d)", 4.0),
    ],
)
def test_each_constraint_is_reported_with_its_amount(sets, constraint, amount):
    found = {v.constraint: v.amount for v in OnlineRecruitment(market()).violations(Assignment(sets))}
    assert found == {constraint: pytest.approx(amount)}


def test_restoration_may_be_required():
    plan = Assignment([[1], [], []])
    assert OnlineRecruitment(market()).violations(plan) == ()
    assert OnlineRecruitment(market(), restore="max").violations(plan) == ()
    required = OnlineRecruitment(market(), restore="required").violations(plan)
    assert [(v.constraint, v.where, v.amount) for v in required] == [("restoration required (52d)", "task 2", 15.0)]


def test_candidates_are_rational_pairs_of_unmet_tasks():
    assert OnlineRecruitment(market()).candidate.tolist() == [True, True, False, False, True, True]


def feasible_plans(problem: OnlineRecruitment) -> list[Assignment]:
    options = []
    for i in range(problem.instance.num_tasks):
        workers = problem.instance.pair_worker[problem.instance.pairs_of(i)].tolist()
        sets = itertools.chain.from_iterable(itertools.combinations(workers, k) for k in range(len(workers) + 1))
        options.append([members for members in sets if not problem.set_violations(i, members)])
    plans = (Assignment(sets) for sets in itertools.product(*options))
    return [plan for plan in plans if not problem.violations(plan)]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(SEEDS)
def test_with_max_more_restored_tasks_always_count_more_than_welfare(seed: int) -> None:
    problem, plain = small(seed, restore="max"), small(seed, restore="optional")
    plans = feasible_plans(problem) if problem.instance.num_pairs <= 14 else []
    ranked = sorted(plans, key=lambda plan: (sum(map(bool, plan.sets)), plain.evaluate(plan)))
    values = [problem.evaluate(plan) for plan in ranked]
    for (a, x), (b, y) in itertools.pairwise(zip(ranked, values, strict=True)):
        more = sum(map(bool, b.sets)) - sum(map(bool, a.sets))
        assert y >= x + 1 if more else y >= x - 1e-9
    assert problem.restoration_weight == math.floor(problem.restoration_weight)
    assert plain.restoration_weight == 0.0


def test_the_weight_of_a_restoration_by_hand():
    # Task 0 pays one of workers 0 and 1, not both, so K = 1: 7 * 14 + 20. Task 2 has K = 1, too: 7 * 15 + 30.
    problem = OnlineRecruitment(market(), restore="max")
    assert problem.restoration_weight == 7 * 14 + 20 + 7 * 15 + 30 + 2
    assert problem.evaluate(Assignment([[1], [], []])) == pytest.approx(255 + 7 * 8.8 - 20)
    # A set that restores nothing earns no weight, and neither does one of a task that is met.
    assert problem.evaluate(Assignment([[0], [1], []])) == pytest.approx(
        OnlineRecruitment(market()).evaluate(Assignment([[0], [1], []]))
    )


@settings(derandomize=True)
@given(SEEDS, MODES, st.sampled_from(["increment", "recruits"]))
def test_a_number_of_recruits_makes_it_linear(seed: int, restore: str, objective: str) -> None:
    problem = small(seed, restore=restore)
    problem = replace(problem, instance=replace(problem.instance, objective=objective))
    rng, market = np.random.default_rng(seed), problem.instance
    for task in np.flatnonzero(market.unmet).tolist():
        workers = market.pair_worker[market.pairs_of(task)]
        share, offset, needed = problem.by_number(task, len(workers))
        for count in range(1, len(workers) + 1):
            members = np.sort(rng.permutation(workers)[:count]).tolist()
            pairs = problem.pairs(task, members)
            quality = market.quality[pairs].sum()
            linear = share[count - 1] * quality - market.cost[pairs].sum() + offset[count - 1]
            restored = not [v for v in problem.set_violations(task, members) if "restored" in v.constraint]
            if abs(quality - needed[count - 1]) > 1e-13 * (1 + needed[count - 1]):
                assert (quality >= needed[count - 1]) == restored
            if restored:
                assert problem.set_value(task, members) == pytest.approx(linear, abs=1e-8)


def test_unknown_options_and_workers_without_a_pair_are_refused():
    with pytest.raises(InputError, match="option restore: is 'all'; use one of 'optional', 'max', 'required'"):
        OnlineRecruitment(market(), restore="all")
    with pytest.raises(InputError, match="names worker 0, with whom task 2 has no pair"):
        OnlineRecruitment(market()).evaluate(Assignment([[], [], [0]]))
