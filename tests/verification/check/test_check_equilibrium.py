"""The checker's equilibrium regret, against exact brute force; and every way to misstate it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from mcsopt.data import sensing_market
from mcsopt.errors import BackendFault, InputError, TooLarge
from mcsopt.heuristics import aspire_off, best_response, greedy
from mcsopt.problems import Assignment, Knapsack, KnapsackInstance, OfflineWelfare, Packing, SensingMarket
from mcsopt.result import Assurance, Status
from mcsopt.verification import certify, certify_equilibrium, check, plain_certificate, verify
from mcsopt.verification.check import equilibrium, sets
from mcsopt.verification.check.document import canonical_digest
from mcsopt.verification.regret import Regret
from tests.verification.check.check_oracle import exact_value_and_risk, feasible_sets

Document = dict[str, Any]


def exact_regret(problem: OfflineWelfare, plan: Assignment) -> Fraction:
    """The regret by all feasible sets of own and idle workers, in rationals."""
    regret = Fraction(0)
    for task, own in enumerate(plan.sets):
        taken = {j for other, workers in enumerate(plan.sets) if other != task for j in workers}
        values = [v for s, v in feasible_sets(problem, task).items() if taken.isdisjoint(s)]
        if problem.instance.service == "optional":
            values.append(Fraction(0))
        current = exact_value_and_risk(problem, task, own)[0] if own else Fraction(0)
        regret = max([regret, *(value - current for value in values)])
    return regret


def random_feasible(problem: OfflineWelfare, rng: np.random.Generator) -> Assignment:
    """A feasible set for each task in turn, drawn from what is left; nobody with one chance in three."""
    taken: set[int] = set()
    plan = []
    for task in range(problem.instance.num_tasks):
        open_to = [s for s in feasible_sets(problem, task) if taken.isdisjoint(s)]
        chosen: tuple[int, ...] = ()
        if open_to and rng.random() < 2 / 3:
            chosen = open_to[int(rng.integers(len(open_to)))]
        taken |= set(chosen)
        plan.append(chosen)
    return Assignment(plan)


@pytest.mark.parametrize("seed", range(40))
def test_the_regret_equals_exact_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = OfflineWelfare.random_small(rng)
    plans = [
        random_feasible(problem, rng),
        problem.empty_solution(),
        *(run(problem).solution for run in (greedy, aspire_off, best_response)),
    ]
    for plan in plans:
        if problem.violations(plan):
            continue
        certificate = certify_equilibrium(problem, plan)
        truth = exact_regret(problem, plan)
        assert certificate.regret is not None
        assert Fraction(certificate.regret) >= truth
        assert certificate.regret <= float(truth) + 1e-10
        assert (certificate.regret == 0) == (truth == 0)
        verdict = verify(certificate)
        assert verdict.accepted, verdict.reason
        assert (verdict.status, verdict.regret) == ("FEASIBLE", certificate.regret)


def test_values_are_exact() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        problem = OfflineWelfare.random_small(rng)
        market = problem.instance
        pairs = market.pairs_of(0)
        workers = market.pair_worker[pairs]
        if not len(workers):
            continue
        task = sets.Task("task 0", workers, market.arrival[workers], market.quality[pairs], market.payment[pairs],
                         market.cost[pairs], market.quality_weight, float(market.redundancy[0]),
                         float(market.demand[0]), float(market.budget[0]), market.quality_risk)  # fmt: skip
        members = sorted(rng.permutation(len(workers))[:4].tolist())
        wanted = exact_value_and_risk(problem, 0, tuple(int(workers[k]) for k in members))[0]
        assert task.exact_value(members) == wanted


# Ties ---------------------------------------------------------------------------------------------------------------


def twins(second: float = 12.0, weight: float = 7.0) -> OfflineWelfare:
    """One task that takes one worker; three who are alike, but perhaps for the quality of the second."""
    return OfflineWelfare(
        SensingMarket(
            budget=np.array([50.0]), demand=np.array([5.0]), redundancy=np.array([0.1]), arrival=np.full(3, 0.9),
            pair_task=np.zeros(3, dtype=np.int64), pair_worker=np.arange(3), payment=np.full(3, 40.0),
            cost=np.full(3, 10.0), quality=np.array([12.0, second, 12.0]), quality_weight=weight,
        )
    )  # fmt: skip


def test_a_tie_is_an_equilibrium() -> None:
    certificate = certify_equilibrium(twins(), Assignment([[0]]))
    assert certificate.regret == 0.0
    assert verify(certificate).work["rational decisions"] == 2


def test_a_difference_of_one_double_is_seen() -> None:
    better = float(np.nextafter(12.0, 13.0))
    problem = twins(better)
    certificate = certify_equilibrium(problem, Assignment([[0]]))
    assert certificate.regret is not None
    assert 0 < certificate.regret < 1e-13
    assert Fraction(certificate.regret) >= exact_regret(problem, Assignment([[0]]))
    assert certificate.document["evidence"]["task"] is None
    assert certify_equilibrium(problem, Assignment([[1]])).regret == 0.0
    forged = copy.deepcopy(dict(certificate.document))
    forged["evidence"]["regret"] = 0.0
    assert "regret is recorded as 0.0, but one player alone can gain up to" in check.check(forged).reason


def test_values_beyond_the_accuracy_of_doubles_are_told_apart_all_the_same() -> None:
    for quality in (12.0, float(np.nextafter(12.0, 11.0))):
        certificate = certify_equilibrium(twins(quality, weight=1e12), Assignment([[0]]))
        assert certificate.regret == 0.0
    loser = certify_equilibrium(twins(float(np.nextafter(12.0, 13.0)), weight=1e12), Assignment([[0]]))
    assert loser.regret is not None
    assert 0 < loser.regret < 0.01


def test_of_too_many_ties_the_doubles_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equilibrium, "TIES", 1)
    certificate = certify_equilibrium(twins(), Assignment([[0]]))
    assert certificate.regret is not None
    assert 0 < certificate.regret < 1e-10
    assert verify(certificate).accepted


def test_leaving_is_a_deviation_unless_service_is_required() -> None:
    costly = {"cost": np.full(3, 90.0), "payment": np.full(3, 95.0), "budget": np.array([100.0])}
    base = twins().instance
    fields = {f.name: getattr(base, f.name) for f in base.FIELDS} | costly
    plan = Assignment([[0]])
    problem = OfflineWelfare(SensingMarket(**fields))
    certificate = certify_equilibrium(problem, plan)
    assert certificate.regret == pytest.approx(0.9 * (90 - 7 * 12))
    assert certificate.deviation == Regret(certificate.regret, 0, ())
    assert verify(certificate).accepted
    required = OfflineWelfare(SensingMarket(**fields | {"service": "required"}))
    assert certify_equilibrium(required, plan).regret == 0.0
    # Worth exactly 0: leaving gains nothing.
    even = OfflineWelfare(SensingMarket(**fields | {"cost": np.full(3, 84.0)}))
    assert certify_equilibrium(even, plan).regret == 0.0


# Planted faults -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def honest() -> Document:
    """A certificate of a greedy plan at which some task can gain much."""
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=0))
    return dict(certify_equilibrium(problem, greedy(problem)).document)


def test_the_honest_one_is_accepted(honest: Document) -> None:
    verdict = check.check(honest)
    assert verdict.accepted
    assert verdict.regret == honest["evidence"]["regret"] > 100
    assert "no player gains more than 154.3" in verdict.reason
    assert check.check(json.loads(json.dumps(honest))).accepted


def evidence(**changes: Any) -> Callable[[Document], None]:
    def plant(document: Document) -> None:
        document["evidence"] |= changes

    return plant


def scaled(factor: float) -> Callable[[Document], None]:
    def plant(document: Document) -> None:
        document["evidence"]["regret"] *= factor

    return plant


def _anothers_worker(document: Document) -> None:
    busy = next(workers for workers in document["solution"]["assignment"] if workers)
    document["evidence"]["workers"][0] = busy[0]


def _a_stranger(document: Document) -> None:
    pairs, task = document["instance"]["pairs"], document["evidence"]["task"]
    known = {j for i, j in zip(pairs["task"], pairs["worker"], strict=True) if i == task}
    document["evidence"]["workers"][0] = min(set(range(40)) - known)


def _too_few(document: Document) -> None:
    del document["evidence"]["workers"][1:]


def _too_many(document: Document) -> None:
    pairs, task = document["instance"]["pairs"], document["evidence"]["task"]
    taken = {j for workers in document["solution"]["assignment"] for j in workers}
    document["evidence"]["workers"] = [
        j for i, j in zip(pairs["task"], pairs["worker"], strict=True) if i == task and j not in taken
    ][:8]


def _another_task(document: Document) -> None:
    document["evidence"] |= {"task": document["evidence"]["task"] - 1, "workers": []}


def _no_regret(document: Document) -> None:
    del document["evidence"]["regret"]


def _an_unserved_plan(document: Document) -> None:
    """The plan is another, worth what is recorded; the deviation is no longer the best."""
    document["solution"]["assignment"] = [[] for _ in document["solution"]["assignment"]]
    document["objective"] = 0.0


def _a_broken_plan(document: Document) -> None:
    document["solution"]["assignment"][document["evidence"]["task"]] = document["evidence"]["workers"][:1]


def _proved(document: Document) -> None:
    document |= {"status": "PROVED", "dual_bound": document["objective"], "gap": 0.0}


def _a_bound_beside_it(document: Document) -> None:
    document["dual_bound"] = document["objective"]


def _a_better_market(document: Document) -> None:
    """Another worker becomes excellent: the digest is put in order, the regret is not."""
    market = document["instance"]
    market["pairs"]["quality"] = [2 * q for q in market["pairs"]["quality"]]
    document["digest"] = canonical_digest(market)
    problem = OfflineWelfare(SensingMarket.from_json(market))
    document["objective"] = problem.evaluate(problem.parse_solution(document["solution"]))


FAULTS: list[tuple[Callable[[Document], None], str]] = [
    (scaled(0.0), "regret is recorded as 0.0, but one player alone can gain up to 154.3"),
    (scaled(0.5), "but one player alone can gain up to 154.3"),
    (scaled(1 - 1e-9), "but one player alone can gain up to 154.3"),
    (scaled(1 + 1e-8), "but no player alone can gain more than 154.3"),
    (scaled(2.0), "but no player alone can gain more than 154.3"),
    (evidence(regret=-1.0), "evidence.regret is -1.0, outside"),
    (evidence(regret="1"), "evidence.regret is '1', not a number"),
    (evidence(regret=True), "evidence.regret is true, not a number"),
    (_no_regret, "evidence lacks the key 'regret'"),
    (evidence(why="so"), "evidence has the unknown key 'why'"),
    (evidence(kind="price-tree"), "evidence is given, of kind 'price-tree', which FEASIBLE does not allow"),
    (evidence(task=None), "evidence.workers names workers, but evidence.task is null"),
    (evidence(task=None, workers=[]), "one task alone can gain 154.3"),
    (evidence(task=None, workers=[], regret=0.0), "one task alone can gain 154.3"),
    (evidence(task=10), "evidence.task is 10, not an index from 0 to 9"),
    (evidence(task=6.0), "evidence.task is 6.0, not an integer"),
    (evidence(workers=[2, 2]), "evidence.workers[1] repeats 2"),
    (evidence(workers=[40]), "evidence.workers[0] is 40, not an index from 0 to 39"),
    (evidence(workers=None), "evidence.workers is null, not a list"),
    (_anothers_worker, "task 6 cannot choose him"),
    (_a_stranger, "with whom task 6 has no pair"),
    (_too_few, "the deviation named is infeasible: quality risk"),
    (_too_many, "the deviation named is infeasible: budget"),
    (_another_task, "the deviation named gains it 0.0"),
    (_an_unserved_plan, "one task alone can gain"),
    (_a_broken_plan, "the solution is infeasible"),
    (_proved, "evidence.kind is 'equilibrium', not 'budget-prices' or 'price-tree'"),
    (_a_bound_beside_it, "dual_bound is given, which the status FEASIBLE does not allow"),
    (_a_better_market, "one task alone can gain"),
]


@pytest.mark.parametrize(("plant", "reason"), FAULTS)
def test_planted_faults_are_refused(honest: Document, plant: Callable[[Document], None], reason: str) -> None:
    document = copy.deepcopy(honest)
    plant(document)
    verdict = check.check(document)
    assert not verdict.accepted
    assert reason in verdict.reason
    assert verdict.regret is None


def test_a_problem_that_is_no_game_has_no_such_evidence() -> None:
    problem = Knapsack(KnapsackInstance([3.0], [4.0], 7.5))
    with pytest.raises(InputError, match="knapsack is no game"):
        certify_equilibrium(problem, Packing([0]))
    document = dict(plain_certificate(problem, certify(problem, Packing([0])).plan).document)
    assert check.check(document).accepted
    document["evidence"] = {"kind": "equilibrium", "regret": 0.0, "task": None, "workers": []}
    assert "which FEASIBLE does not allow" in check.check(document).reason


def test_a_derivation_of_another_plan_is_not_believed(honest: Document) -> None:
    problem = OfflineWelfare(SensingMarket.from_json(honest["instance"]))
    nobody = {"kind": "equilibrium", "task": None, "workers": []}
    stable = best_response(problem).solution
    known = check.derive_regret(
        problem.name, problem.options, honest["instance"], problem.solution_document(stable), nobody
    )
    assert known.regret == 0.0
    forged = honest | {"evidence": nobody | {"regret": 0.0}}
    assert not check.check(forged, derivation=known).accepted
    # Of its own plan it is.
    honest_one = dict(certify_equilibrium(problem, stable).document)
    assert check.check(honest_one, derivation=known).accepted


# The function -------------------------------------------------------------------------------------------------------


def test_a_deviation_that_loses_is_no_evidence() -> None:
    document = dict(certify_equilibrium(twins(), Assignment([[0]])).document)
    document["evidence"] = document["evidence"] | {"task": 0, "workers": []}
    assert "the deviation named gains it -" in check.check(document).reason
    # To stay is a deviation that gains nothing.
    document["evidence"] = document["evidence"] | {"task": 0, "workers": [0]}
    assert check.check(document).accepted


def test_the_certificate_of_an_equilibrium(tmp_path: Any) -> None:
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=0))
    certificate = certify_equilibrium(problem, best_response(problem))
    assert (certificate.status, certificate.assurance) == (Status.FEASIBLE, Assurance.CHECKED)
    assert (certificate.regret, certificate.gap, certificate.dual_bound, certificate.bound) == (0.0, None, None, None)
    assert certificate.deviation == Regret(0.0, None, ())
    assert "0.000000" in certificate._repr_html_()
    path = tmp_path / "c.json"
    certificate.save(path)
    verdict = verify(path, instance_digest=problem.instance.digest())
    assert verdict.accepted
    assert "a constrained Nash equilibrium" in verdict.reason


def test_a_broken_plan_is_not_certified() -> None:
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=0))
    certificate = certify_equilibrium(problem, greedy(problem, screen=False))
    assert certificate.plan.violations
    assert (certificate.status, certificate.objective, certificate.regret) == (Status.UNKNOWN, None, None)
    assert certificate.document["solution"] is None
    assert verify(certificate).accepted


def test_time_runs_out_and_a_better_deviation_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = OfflineWelfare(sensing_market(tasks=10, workers=40, seed=0))
    plan = greedy(problem)
    with pytest.raises(TooLarge, match="time limit of 0 s hit"):
        certify_equilibrium(problem, plan, time_limit=0)
    monkeypatch.setattr("mcsopt.verification.equilibrium.best_deviation", lambda *_: Regret(0.0, None, ()))
    with pytest.raises(BackendFault, match="the checker refuses its deviation: one task alone can gain"):
        certify_equilibrium(problem, plan)
