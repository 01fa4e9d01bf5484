from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mcsopt.verification import check
from mcsopt.verification.check import compiled_search, pricing
from mcsopt.verification.check.compiled_search import CompiledSearch
from mcsopt.verification.check.fines import Cut, Fines
from mcsopt.verification.check.sets import Task
from mcsopt.verification.check.strict import Run
from tests.verification.check.check_oracle import MONEY, RISK, ROUNDING, exact_quality_and_risk, rationals


def rough_task(rng: np.random.Generator, size: int) -> Task:
    """Draw a task on coarse grids: equal workers, and exact ties of budget, demand and risk."""
    quality = rng.choice([0.0, 4.0, 6.0, 8.0, 12.0, 13.0], size)
    return Task(
        label="task 0",
        workers=np.arange(size),
        arrival=rng.choice([0.5, 0.75, 1.0] if rng.random() < 0.7 else [0.0, 0.5, 1.0], size),
        quality=np.maximum(quality + rng.choice([0.0, 0.0, -6e-12, 2e-13]), 0.0),
        payment=rng.choice([10.0, 20.0, 30.0], size) + rng.choice([0.0, 0.0, 1e-11, 5e-10]),
        cost=rng.choice([0.0, 2.0], size) * rng.choice([0.0, 1.0, 20.0]),
        weight=float(rng.choice([1.0, 7.0])),
        redundancy=float(rng.choice([0.0, 0.25, 0.5, 0.9])),
        demand=float(rng.choice([0.0, 4.0, 8.0, 12.0, 24.0])),
        budget=max(0.0, float(rng.choice([0.0, 30.0, 60.0, 80.0]) - rng.choice([0.0, 0.99e-9, 1.01e-9]))),
        risk_cap=float(rng.choice([0.0625, 0.125, 0.25, 0.5, 0.75, 1.0])),
    )


def smooth_task(rng: np.random.Generator, size: int) -> Task:
    """Draw a task in the ranges of the literature; sometimes with nearly equal qualities."""
    decay = rng.choice([4.0, 30.0])
    distance = rng.uniform(0, 15, size)
    return Task(
        label="task 0",
        workers=np.arange(size),
        arrival=rng.uniform(0.56, 0.96, size),
        quality=12 * np.exp(rng.normal(0, 0.1, size)) / (1 + distance / decay),
        payment=np.round(rng.uniform(40, 55, size), 1),
        cost=rng.uniform(0.8, 3.2, size) * distance,
        weight=7.0,
        redundancy=float(rng.uniform(0.0, 0.4)),
        demand=float(rng.uniform(12, 28)),
        budget=float(rng.uniform(150, 260)),
        risk_cap=float(rng.choice([0.05, 0.2, 0.4])),
    )


def crowded_task(rng: np.random.Generator, size: int) -> Task:
    """Draw a task on which workers with t_j < 0 may be worth their cost, for what they add to unlucky patterns."""
    task = smooth_task(rng, size)
    return replace(
        task,
        quality=rng.choice([8.5, 9.5, 14.0, 20.0], size) * rng.uniform(0.98, 1.02, size),
        cost=rng.uniform(0, 12, size),
        redundancy=0.4,
        demand=float(rng.uniform(23, 26)),
        risk_cap=float(rng.choice([0.3, 0.6, 0.8])),
    )


def any_task(rng: np.random.Generator, number: int, size: int) -> Task:
    """Draw a task of the kind that `number` stands for."""
    return (rough_task, rough_task, smooth_task, crowded_task)[number % 4](rng, size)


def draw_question(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Draw prices (often zero, or on a grid), bans, and whether values count."""
    price = rng.uniform(0, rng.choice([1.0, 20.0, 40.0, 80.0]), size) * (rng.random(size) < rng.choice([0.0, 0.5, 1.0]))
    if rng.random() < 0.3:
        price = np.round(price / 5) * 5
    return price, rng.random(size) < rng.choice([0.0, 0.2]), bool(rng.random() < 0.75)


def exact_sets(task: Task) -> list[tuple[tuple[int, ...], Fraction]]:
    """Return every feasible nonempty set and its value, in rationals."""
    arrival, quality, payment, cost = map(rationals, (task.arrival, task.quality, task.payment, task.cost))
    zeta, demand = rationals((task.redundancy, task.demand))
    found = []
    for size in range(1, task.size + 1):
        for members in itertools.combinations(range(task.size), size):
            if sum(payment[j] for j in members) > Fraction(task.budget) + MONEY:
                continue
            mean, risk = exact_quality_and_risk(
                [quality[j] for j in members], [arrival[j] for j in members], zeta, demand
            )
            if risk <= Fraction(task.risk_cap) + RISK:
                value = Fraction(task.weight) * mean - sum(arrival[j] * cost[j] for j in members)
                found.append((members, value))
    return found


def draw_fines(rng: np.random.Generator, size: int) -> tuple[Fines, list[Cut]]:
    """Draw the fines of task 0 by up to eight cuts over the candidates and two tasks."""
    cuts = []
    for _ in range(int(rng.integers(0, 9)) if size >= 1 and rng.random() < 0.7 else 0):
        rows = sorted(rng.permutation(size + 2)[:3].tolist())
        price = float(rng.choice([0.0, 5.0, rng.uniform(0, 30)]))
        cuts.append(Cut(tuple(r - size for r in rows if r >= size), tuple(r for r in rows if r < size), price))
    return Fines.of_task(0, np.arange(size), cuts), cuts


def exact_fines(members: tuple[int, ...], cuts: list[Cut]) -> Fraction:
    hit = [cut for cut in cuts if len(set(members) & set(cut.worker)) + (0 in cut.task) >= 2]
    return sum((Fraction(cut.price) for cut in hit), Fraction(0))


def exact_best(
    sets: list[tuple[tuple[int, ...], Fraction]], price: np.ndarray, banned: np.ndarray, valued: bool, cuts: list[Cut]
) -> Fraction | None:
    """Return the best net worth of an unbanned set, or None."""
    return max(
        (
            (value if valued else 0) - sum((Fraction(float(price[j])) for j in members), exact_fines(members, cuts))
            for members, value in sets
            if not banned[list(members)].any()
        ),
        default=None,
    )


def same(left: float, right: float) -> bool:
    return left == right or math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-11)


@pytest.mark.kernel
@pytest.mark.parametrize("block", range(10))
def test_the_best_set_is_that_of_brute_force(block: int) -> None:
    rng, run = np.random.default_rng(block), Run()
    for number in range(20):
        task = any_task(rng, number, int(rng.integers(0, 7)))
        sets, search = exact_sets(task), CompiledSearch(task)
        for _ in range(5):
            price, banned, valued = draw_question(rng, task.size)
            fines, cuts = draw_fines(rng, task.size)
            exact = exact_best(sets, price, banned, valued, cuts)
            found = search.best(price, banned, valued, -math.inf, run, fines)
            if exact is None:
                assert found == -math.inf
            else:
                assert 0 <= Fraction(found) - exact <= ROUNDING
            floor = float(rng.choice([-20.0, 0.0, 30.0]))
            assert same(search.best(price, banned, valued, floor, run, fines), max(floor, found))


@pytest.mark.parametrize("block", range(20))
def test_compiled_search_agrees_with_the_pure_one(block: int) -> None:
    rng, run = np.random.default_rng(100 + block), Run()
    for number in range(20):
        task = any_task(rng, number, int(rng.integers(1, 13 if number % 4 < 2 else 26)))
        assert compiled_search.takes(task)
        search = CompiledSearch(task)
        for _ in range(3):
            price, banned, valued = draw_question(rng, task.size)
            fines, _ = draw_fines(rng, task.size)
            pure = pricing.best_searched(task, price, banned, valued, run, fines)
            assert same(search.best(price, banned, valued, -math.inf, run, fines), pure)
            assert same(search.best(price, banned, valued, 0.0, run, fines), max(0.0, pure))
            # What was asked before plays no part.
            assert same(CompiledSearch(task).best(price, banned, valued, -math.inf, run, fines), pure)


@pytest.mark.parametrize(("seed", "variant"), [(0, "default"), (1, "default"), (0, "hard"), (1, "hard")])
def test_compiled_search_agrees_with_the_pure_one_on_generated_markets(seed: int, variant: str) -> None:
    from mcsopt.data import sensing_market
    from mcsopt.verification.check import offline_welfare

    run, rng = Run(), np.random.default_rng(seed)
    market = sensing_market(tasks=12, workers=70, seed=seed, variant=variant)
    asked = offline_welfare.parse_instance(market.to_json(), "ratio", run)
    served = 0
    for i, pairs in enumerate(offline_welfare.possible_pairs(asked)):
        task = asked.task(i, pairs)
        search = CompiledSearch(task)
        # About what a worker is worth to the task, so that many sets nearly pay.
        price = np.maximum(0, 5.0 * task.quality * rng.uniform(0.5, 1.2, task.size) - 10)
        banned = np.zeros(task.size, dtype=bool)
        pure = pricing.best_searched(task, price, banned, True, run)
        assert same(search.best(price, banned, True, -math.inf, run), pure)
        served += pure > 0
    assert served


@pytest.mark.kernel
def test_sets_in_doubt_are_decided_in_rationals_however_many_they_are() -> None:
    size = 14
    for short, feasible in ((2e-13, True), (6e-12, False)):
        # Two of these workers just meet, or just miss, the demand.
        task = Task(
            "task 0", np.arange(size), np.full(size, 0.95), np.full(size, 12.0 - short), np.full(size, 40.0),
            np.zeros(size), 1.0, 0.0, 24.0, 80.0, 0.2,
        )  # fmt: skip
        run = Run()
        found = CompiledSearch(task).best(np.zeros(size), np.zeros(size, dtype=bool), True, 0.0, run)
        assert found == pytest.approx(22.8 if feasible else 0.0)
        # In doubt are the 91 pairs; they are decided 16 at a time.
        assert run.work["rational decisions"] >= (1 if feasible else 91)


@pytest.mark.kernel
def test_the_one_feasible_set_is_found_wherever_it_stands_among_those_in_doubt() -> None:
    size, free = 8, np.zeros(8, dtype=bool)
    for pair in itertools.combinations(range(size), 2):
        # Any other pair falls short of the demand by more than the slack; prices say in which order they come.
        quality = np.full(size, 12.0 - 3e-12)
        quality[list(pair)] = 12.0
        task = Task(
            "task 0", np.arange(size), np.full(size, 0.95), quality, np.full(size, 40.0), np.zeros(size), 1.0, 0.0,
            24.0, 80.0, 0.2,
        )  # fmt: skip
        price = 1e-6 * np.arange(size)
        assert CompiledSearch(task).best(price, free, True, 0.0, Run()) == pytest.approx(22.8)


@pytest.mark.kernel
def test_pauses_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        task = smooth_task(rng, 14)
        price, banned, valued = draw_question(rng, task.size)
        whole, parts = Run(), Run()
        best = CompiledSearch(task).best(price, banned, valued, -math.inf, whole)
        with monkeypatch.context() as patch:
            patch.setattr(compiled_search, "QUOTA", 1)
            assert CompiledSearch(task).best(price, banned, valued, -math.inf, parts) == best
        assert parts.work == whole.work


@pytest.mark.kernel
def test_huge_prices_and_a_budget_of_nothing() -> None:
    rng, run = np.random.default_rng(0), Run()
    task = smooth_task(rng, 10)
    task = replace(task, demand=10.0, budget=200.0, quality=np.maximum(task.quality, 9.0))
    free = np.zeros(10, dtype=bool)
    cheap = CompiledSearch(task).best(np.zeros(10), free, True, 0.0, run)
    assert cheap > 0
    price = np.where(np.arange(10) == 9, 1e100, 0.0)
    assert same(
        CompiledSearch(task).best(price, free, True, 0.0, run), pricing.best_searched(task, price, free, True, run)
    )
    assert CompiledSearch(task).best(np.full(10, 1e100), free, True, 0.0, run) == 0.0
    alone = CompiledSearch(task).best(np.full(10, 1e100), free, False, -math.inf, run)
    assert alone == pytest.approx(pricing.best_searched(task, np.full(10, 1e100), free, False, run), rel=1e-12)
    poor = replace(task, budget=0.0)
    assert CompiledSearch(poor).best(np.zeros(10), free, True, -math.inf, run) == -math.inf


def test_the_time_limit_holds_within_one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    task = smooth_task(np.random.default_rng(0), 20)
    run = Run(time_limit=0)
    with pytest.raises(check.OutOfTime):
        CompiledSearch(task).best(np.zeros(20), np.zeros(20, dtype=bool), True, 0.0, run)


@pytest.mark.parametrize("seed", range(10))
def test_expected_sets_are_about_the_affordable_ones(seed: int) -> None:
    task = smooth_task(np.random.default_rng(seed), 14)
    affordable = sum(
        task.affordable(members) for k in range(1, 8) for members in itertools.combinations(range(task.size), k)
    )
    assert 0.8 * affordable <= pricing.expected_sets(task) <= 1.25 * affordable
