from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from mcsopt.problems import Assignment, OfflineWelfare, SensingMarket
from mcsopt.verification import check
from mcsopt.verification.check import candidates, sets
from mcsopt.verification.check import offline_welfare as checker
from mcsopt.verification.check.rounding import sum_up
from mcsopt.verification.check.strict import Run
from tests.verification.check.check_oracle import exact_value_and_risk


def parsed(problem: OfflineWelfare, run: Run | None = None) -> checker.Market:
    return checker.parse_instance(problem.instance.to_json(), problem.mismatch, run or Run())


def plan_of(market: checker.Market, plan: Assignment) -> list[list[int]]:
    document = {
        "format": "mcsopt-solution/1",
        "problem": "offline-welfare",
        "assignment": list(map(list, plan.sets)),
    }
    return checker.parse_solution(market, document)


def random_plan(rng: np.random.Generator, problem: OfflineWelfare) -> Assignment:
    market = problem.instance
    share = rng.random()
    return Assignment(
        [j for j in market.pair_worker[market.pairs_of(i)] if rng.random() < share] for i in range(market.num_tasks)
    )


def broken(found: object) -> list[tuple[str, str]]:
    return sorted((v.constraint.split(" (")[0], v.where) for v in found)  # type: ignore[attr-defined]  # both kinds


@pytest.mark.parametrize("seed", range(150))
def test_objective_and_violations_equal_those_of_the_problem(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = OfflineWelfare.random_small(rng)
    market = parsed(problem)
    assert (market.within_cap != candidates.TIE).all()
    assert (market.possible == problem.candidate).all()
    for _ in range(5):
        plan = random_plan(rng, problem)
        pairs = plan_of(market, plan)
        assert checker.objective_of(market, pairs) == pytest.approx(problem.evaluate(plan), rel=1e-12, abs=1e-11)
        mine, theirs = checker.violations_of(market, pairs, Run()), problem.violations(plan)
        assert broken(mine) == broken(theirs)
        amounts = {(v.constraint.split(" (")[0], v.where): v.amount for v in theirs}
        for breach in mine:
            assert breach.amount == pytest.approx(amounts[breach.constraint, breach.where], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_values_lie_within_their_error_bound_and_risks_are_exact(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    problem = OfflineWelfare.random_small(rng)
    market = parsed(problem)
    for i in range(market.num_tasks):
        pairs = np.array([pair for _, pair in sorted(market.pair_at[i].items())], dtype=np.int64)
        chosen = pairs[rng.permutation(len(pairs))[:5]]
        if not len(chosen):
            continue
        task = market.task(i, chosen)
        members = tuple(int(j) for j in task.workers)
        everyone = np.arange(task.size)
        value, risk = exact_value_and_risk(problem, i, tuple(sorted(members)))
        derived, error = task.value(task.block_of(everyone.tolist()))
        assert abs(Fraction(float(derived[0])) - value) <= Fraction(float(error[0]))
        assert error[0] <= 1e-12 * max(1.0, abs(derived[0]) + 100)
        assert task.exact_risk(everyone.tolist(), Run()) == risk
        assert abs(Fraction(float(task.risk(everyone[None, :], Run())[0])) - risk) <= Fraction(1, 10**14)


def test_risk_of_a_set_beyond_one_array_of_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    k = 9
    task = sets.Task(
        "task 0", np.arange(k), rng.uniform(0.1, 0.9, k), rng.integers(1, 6, k).astype(float), np.ones(k), np.ones(k),
        7.0, 0.25, 6.0, 100.0, 0.2,
    )  # fmt: skip
    whole = task.risk(np.arange(k)[None, :], Run())[0]
    monkeypatch.setattr(sets, "TAIL", 3)
    assert task.risk(np.arange(k)[None, :], Run())[0] == pytest.approx(whole, rel=1e-14)
    assert float(task.exact_risk(range(k), Run())) == pytest.approx(whole, rel=1e-14)


def market_of(**changes: object) -> SensingMarket:
    data: dict[str, object] = {
        "budget": [100.0], "demand": [10.0], "redundancy": [0.25], "arrival": [0.5, 0.5],
        "pair_task": [0, 0], "pair_worker": [0, 1], "payment": [50.0, 50.0], "cost": [1.0, 1.0],
        "quality": [10.0, 2.5], "quality_risk": 0.5,
    }  # fmt: skip
    return SensingMarket(**{**data, **changes})  # type: ignore[arg-type]  # fields by name


def test_exact_ties_of_demand_and_risk_are_decided_in_rationals() -> None:
    # Worker 0 alone meets the demand exactly, and with worker 1 exactly again; the risk is exactly rho1.
    run = Run()
    market = parsed(OfflineWelfare(market_of()), run)
    assert checker.violations_of(market, plan_of(market, Assignment([[0, 1]])), run) == ()
    assert run.work["rational decisions"] >= 3
    closer = parsed(OfflineWelfare(market_of(quality_risk=0.5 - 2e-12)))
    found = checker.violations_of(closer, plan_of(closer, Assignment([[0, 1]])), Run())
    assert [breach.constraint for breach in found] == ["quality risk"]
    short = parsed(OfflineWelfare(market_of(quality=[10.0 - 3e-12, 2.5])))
    found = checker.violations_of(short, plan_of(short, Assignment([[0, 1]])), Run())
    assert [breach.constraint for breach in found] == ["quality risk"]


@pytest.mark.parametrize(("payment", "allowed"), [(1.0, True), (1 - 0.9e-9, True), (1 - 1.1e-9, False)])
def test_payment_against_cost_within_its_slack(payment: float, allowed: bool) -> None:
    market = parsed(OfflineWelfare(market_of(payment=[payment, 50.0])))
    assert bool(market.possible[0]) is allowed


@pytest.mark.parametrize(("over", "allowed"), [(0.0, True), (0.9e-9, True), (1.1e-9, False)])
def test_budget_within_its_slack(over: float, allowed: bool) -> None:
    problem = OfflineWelfare(market_of(payment=[50.0, 50.0 + over]))
    market = parsed(problem)
    assert (checker.violations_of(market, plan_of(market, Assignment([[0, 1]])), Run()) == ()) is allowed


def test_mismatch_by_ratio_on_its_cap() -> None:
    market = parsed(OfflineWelfare(market_of(intent_prior=[0.75, 0.75 - 3e-12], mismatch_risk=0.25)))
    assert market.within_cap.tolist() == [candidates.YES, candidates.NO]


def pair_market(prior: float, epsilon: float, cap: float) -> checker.Market:
    instance = market_of(intent_prior=[prior, 1.0], privacy_budget=[epsilon, 1.0], mismatch_risk=cap)
    return parsed(OfflineWelfare(instance, mismatch="pair"))


@pytest.mark.parametrize(
    ("prior", "epsilon", "cap", "state"),
    [
        (0.5, 1.0, 0.2689414213699951, candidates.YES),
        (0.5, 1.0, 0.2689414213699951 - 2e-12, candidates.NO),
        (0.0, 5.0, 1.0, candidates.YES),
        (0.0, 5.0, 0.9, candidates.NO),
        (1.0, 5.0, 1e-9, candidates.YES),
        (5e-324, 800.0, 0.2, candidates.YES),
        (5e-324, 701.0, 0.2, candidates.NO),
        (5e-324, 1e100, 1e-300, candidates.YES),
        (0.5, 1e-300, 0.5, candidates.YES),
        (0.5, 1e-300, 0.5 - 2e-12, candidates.NO),
    ],
)
def test_mismatch_by_pair_is_decided_by_intervals(prior: float, epsilon: float, cap: float, state: int) -> None:
    assert pair_market(prior, epsilon, cap).within_cap[0] == state


def test_an_undecided_tie_counts_for_the_bound_and_not_for_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "DIGITS", 3)
    market = pair_market(0.5, 1.0, 0.2689414213699951)
    assert market.within_cap[0] == candidates.TIE
    assert market.possible[0]
    with pytest.raises(check.Refused, match="task 0, worker 0 is an undecided tie"):
        checker.violations_of(market, plan_of(market, Assignment([[0]])), Run())


def test_pair_option_needs_privacy_budgets() -> None:
    instance = market_of(intent_prior=[0.5, 0.5]).to_json()
    with pytest.raises(check.Refused, match="lacks privacy_budget"):
        checker.parse_instance(instance, "pair", Run())


def test_sets_over_24_workers_are_refused() -> None:
    k = 25
    market = market_of(
        budget=[1e6], arrival=[0.9] * k, pair_task=[0] * k, pair_worker=list(range(k)), payment=[1.0] * k,
        cost=[0.0] * k, quality=[1.0] * k,
    )  # fmt: skip
    asked = parsed(OfflineWelfare(market))
    with pytest.raises(check.Refused, match="25 workers of task 0 is needed; it is checked up to 24"):
        checker.violations_of(asked, plan_of(asked, Assignment([range(k)])), Run())


@pytest.mark.parametrize("seed", range(40))
def test_order_of_pairs_plays_no_part(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = OfflineWelfare.random_small(rng)
    instance = problem.instance.to_json()
    order = rng.permutation(problem.instance.num_pairs)
    mixed = {
        **instance,
        "pairs": {key: [column[k] for k in order] for key, column in instance["pairs"].items()},
    }
    prices = rng.uniform(0, 5, problem.instance.num_tasks).tolist()
    evidence = {"kind": "budget-prices", "price": prices}
    bounds = [check.derive("offline-welfare", problem.options, data, evidence).dual_bound for data in (instance, mixed)]
    assert bounds[0] == bounds[1]
    plan = random_plan(rng, problem)
    one, other = parsed(problem), checker.parse_instance(mixed, problem.mismatch, Run())
    assert checker.objective_of(one, plan_of(one, plan)) == checker.objective_of(other, plan_of(other, plan))


def test_sum_up_is_the_least_upper_double() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        terms = (rng.normal(size=6) * 10.0 ** rng.integers(-12, 12, 6)).tolist()
        exact = sum(map(Fraction, terms))
        assert Fraction(sum_up(terms)) >= exact
        assert Fraction(math.nextafter(sum_up(terms), -math.inf)) < exact
    assert sum_up([1.0, 1e-30, -1.0, -1e-30]) == 0.0
    assert sum_up([]) == 0.0


@pytest.mark.parametrize("seed", range(60))
def test_budget_prices_equal_their_formula_in_rationals(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = OfflineWelfare.random_small(rng)
    market = problem.instance
    price = np.where(rng.random(market.num_tasks) < 0.2, 0.0, rng.uniform(0, 4, market.num_tasks))
    evidence = {"kind": "budget-prices", "price": price.tolist()}
    derived = check.derive("offline-welfare", problem.options, market.to_json(), evidence)
    exact = sum((Fraction(float(y)) * (Fraction(float(b)) + Fraction(1, 10**9))
                 for y, b in zip(price, market.budget, strict=True)), Fraction(0))  # fmt: skip
    for j in range(market.num_workers):
        terms = [Fraction(0)]
        for k in np.flatnonzero((market.pair_worker == j) & problem.candidate):
            gain = Fraction(market.quality_weight) * Fraction(float(market.quality[k])) - Fraction(
                float(market.cost[k])
            )
            paid = Fraction(float(price[market.pair_task[k]])) * Fraction(float(market.payment[k]))
            terms.append(Fraction(float(market.arrival[j])) * gain - paid)
        exact += max(terms)
    assert derived.dual_bound is not None
    assert 0 <= Fraction(derived.dual_bound) - exact <= Fraction(1, 10**10)
    assert not derived.infeasible


def test_a_market_with_nothing_in_it() -> None:
    empty = {name: [] for name in ("budget", "demand", "redundancy", "arrival", "pair_task", "pair_worker", "payment",
                                   "cost", "quality")}  # fmt: skip
    instance = SensingMarket(**empty).to_json()
    for evidence in (
        {"kind": "budget-prices", "price": []},
        {"kind": "price-tree", "tree": [{"worker": [], "price": []}]},
    ):
        assert check.derive("offline-welfare", {"mismatch": "ratio"}, instance, evidence).dual_bound == 0.0
