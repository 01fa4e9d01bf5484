from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from mcsopt.data.decision_processes import decision_process
from mcsopt.problems import DecisionProcess, FiniteMdp
from mcsopt.solvers import solve
from mcsopt.verification import certify, check, verify
from mcsopt.verification.check import decision_policy
from mcsopt.verification.check import finite_mdp as checker
from mcsopt.verification.check.strict import Refused, Run


def draw(seed: int) -> tuple[np.random.Generator, FiniteMdp]:
    rng = np.random.default_rng(seed)
    return rng, FiniteMdp.random_small(rng)


def parsed(problem: FiniteMdp) -> Any:
    return checker.parse_instance(problem.instance.to_json(), None, Run())


def optimal_values(problem: FiniteMdp) -> list[list[Fraction]]:
    """Return the optimal values by step, plainly; an infinite horizon is cut off after 300 steps."""
    data = problem.instance
    after = [Fraction(0)] * data.num_states
    steps = []
    for _ in range(data.horizon or 300):
        gains: dict[tuple[int, int], Fraction] = {}
        rows = zip(data.state, data.action, data.next_state, data.probability, data.reward, strict=True)
        for s, a, e, p, r in rows:
            gain = Fraction(float(p)) * (Fraction(float(r)) + Fraction(data.discount) * after[e])
            gains[int(s), int(a)] = gains.get((int(s), int(a)), Fraction(0)) + gain
        worth = [
            max((g for (s, _), g in gains.items() if s == state), default=Fraction(0)) for state in range(len(after))
        ]
        after = worth if data.horizon else [Fraction(float(w)) for w in worth]
        steps.insert(0, after)
    return steps


def evidence(problem: FiniteMdp, steps: list[list[Any]]) -> dict[str, Any]:
    lists = [[float(v) for v in step] for step in steps]
    return {"kind": "value-function", "value": lists if problem.instance.horizon else lists[0]}


def derive(problem: FiniteMdp, found: dict[str, Any]) -> float:
    bound = check.derive("finite-mdp", {}, problem.instance.to_json(), found).dual_bound
    assert bound is not None
    return bound


@pytest.mark.parametrize("seed", range(80))
def test_objective_and_violations_equal_those_of_the_problem(seed: int) -> None:
    rng, problem = draw(seed)
    table, states = parsed(problem), problem.instance.num_states
    for _ in range(8):
        shape = (problem.instance.horizon, states) if problem.instance.horizon and rng.random() < 0.5 else states
        policy = problem.as_solution(rng.integers(-1, 6, shape).tolist())
        plan = checker.parse_solution(table, problem.solution_document(policy))
        assert checker.objective_of(table, plan) == problem.evaluate(policy)
        assert [b.where for b in checker.violations_of(table, plan, Run())] == [
            v.where for v in problem.violations(policy)
        ] or problem.instance.horizon == 1


@pytest.mark.parametrize("seed", range(80))
def test_doubles_agree_with_rationals(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _, problem = draw(seed)
    result = solve(problem)
    table = parsed(problem)
    plan = checker.parse_solution(table, problem.solution_document(result.solution))
    exact, bound = checker.objective_of(table, plan), derive(problem, dict(result.evidence or {}))
    for name in ("FEW_STATES", "FEW_STEPS"):
        monkeypatch.setattr(decision_policy, name, -1)
    monkeypatch.setattr(checker, "EXACT", -1)
    assert exact <= bound <= derive(problem, dict(result.evidence or {})) <= bound + 1e-11 * max(1.0, abs(bound))
    if not table.acting[table.start]:
        return
    for dense in (500, 0):
        monkeypatch.setattr(decision_policy, "DENSE", dense)
        assert checker.objective_of(table, plan) == pytest.approx(exact, abs=1e-12)
    if problem.instance.horizon is None and (table.chosen(plan.steps[0]) >= 0).any():
        monkeypatch.setattr(decision_policy, "UNDECIDED", -1.0)
        with pytest.raises(Refused, match="the discount is too near to 1"):
            checker.objective_of(table, plan)


@pytest.mark.parametrize("seed", range(80))
def test_any_value_function_proves_a_bound_and_the_optimal_one_the_optimum(seed: int) -> None:
    rng, problem = draw(seed)
    steps = optimal_values(problem)
    best = float(steps[0][problem.instance.start])
    assert derive(problem, evidence(problem, steps)) == pytest.approx(best, abs=1e-12)
    for spread in (1e-6, 1.0, 100.0):
        other = [[float(v) + rng.normal(0, spread) for v in step] for step in steps]
        assert derive(problem, evidence(problem, other)) >= best - 1e-12
    assert derive(problem, evidence(problem, [[0.0] * len(step) for step in steps])) >= best - 1e-12


def test_a_value_below_the_optimum_is_raised_by_the_residual() -> None:
    # One state that pays 1 and comes back half of the time: worth 1/(1 - 1/4). Of the value 1 a quarter is missing.
    data = DecisionProcess(2, 0, [0, 0], [0, 0], [0, 1], [0.5, 0.5], [1.0, 1.0], 0.5)
    assert derive(FiniteMdp(data), {"kind": "value-function", "value": [1.0, 0.0]}) == 1.0 + 0.25 / (1 - 0.5)
    # Of a terminal state nothing is believed.
    assert derive(FiniteMdp(data), {"kind": "value-function", "value": [1.0, -50.0]}) == 1.0 + 0.25 / (1 - 0.5)
    # Above the optimum: it stands.
    assert derive(FiniteMdp(data), {"kind": "value-function", "value": [2.0, 0.0]}) == 2.0


def test_sums_above_one_count() -> None:
    # Probabilities are taken literally: 1 + 5e-10 a step over 1,000 steps.
    total = 0.5000000005
    data = DecisionProcess(1, 0, [0, 0], [0, 0], [0, 0], [0.5, total], [1.0, 1.0], 1.0, 1000)
    problem = FiniteMdp(data)
    result = solve(problem)
    exact = sum((Fraction(0.5) + Fraction(total)) ** (t + 1) for t in range(1000))
    assert abs(result.objective - exact) <= 1e-9
    assert derive(problem, dict(result.evidence or {})) >= exact
    zero = derive(problem, {"kind": "value-function", "value": [[0.0]] * 1000})
    assert exact <= zero == pytest.approx(float(exact), rel=1e-12)


def test_large_certificates_are_proved_in_doubles() -> None:
    for horizon, discount in ((None, 0.99), (40, 1.0)):
        problem = FiniteMdp(decision_process(states=3000, actions=3, successors=4, horizon=horizon, discount=discount))
        certificate = certify(problem, solve(problem))
        assert certificate.status == "PROVED"
        assert verify(certificate).accepted
        assert "doubles with error bounds" in certificate.document["arithmetic"]


def test_discounts_near_one_are_decided_in_rationals() -> None:
    problem = FiniteMdp(decision_process(states=60, actions=2, successors=3, discount=1 - 1e-8, terminal=0.0))
    certificate = certify(problem, solve(problem))
    assert verify(certificate).accepted
    assert certificate.gap is not None
    assert certificate.gap < 1e-6


INSTANCE = DecisionProcess(2, 0, [0, 0], [0, 0], [0, 1], [0.5, 0.5], [1.0, 1.0], 0.5).to_json()


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"kind": "value-function", "value": [1.0]}, "has 1 entries instead of 2"),
        ({"kind": "value-function", "value": [[1.0], 0.0]}, r"value\[0\] is a list"),
        ({"kind": "value-function", "value": [1.0, float("nan")]}, "nan"),
        ({"kind": "value-function", "value": [1e300, 0.0]}, "outside"),
        ({"kind": "value-function"}, "lacks the key 'value'"),
        ({"kind": "values", "value": [1.0, 0.0]}, "not 'value-function'"),
        ({"kind": "value-function", "value": [1.0, 0.0], "more": 1}, "unknown key"),
    ],
)
def test_bad_evidence_is_refused(found: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        check.derive("finite-mdp", {}, INSTANCE, found)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"discount": 1.0}, "without a horizon the return need not be finite"),
        ({"discount": 0.0}, "outside"),
        ({"horizon": 0}, "instance.horizon is 0"),
        ({"horizon": 2.0}, "instance.horizon is 2.0"),
        ({"num_states": 10**8}, "num_states is 100000000"),
        ({"start": 2}, "start is 2"),
        ({"transitions": INSTANCE["transitions"] | {"probability": [0.5, 0.4]}}, "state 0, action 0, sum to 0.9"),
        ({"transitions": INSTANCE["transitions"] | {"reward": [1.0]}}, "has 1 entries instead of 2"),
    ],
)
def test_bad_instances_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        check.derive("finite-mdp", {}, INSTANCE | changes, {"kind": "value-function", "value": [2.0, 0.0]})


def test_policies_are_read_strictly() -> None:
    table = checker.parse_instance(INSTANCE, None, Run())
    document = {"format": "mcsopt-solution/1", "problem": "finite-mdp"}
    for policy, reason in (
        ([0], "has 1 entries"), ([[0, 0]], "horizon is infinite"), ([0.0, 0], "neither an action nor -1"),
        ([True, 0], "neither"), ([-2, 0], "neither"), ({}, "not a list"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=reason):
            checker.parse_solution(table, document | {"policy": policy})


def test_nothing_to_decide_over_many_steps() -> None:
    problem = FiniteMdp(DecisionProcess(2, 1, [], [], [], [], [], 1.0, 40))
    certificate = certify(problem, problem.empty_solution())
    assert (certificate.objective, certificate.dual_bound, certificate.status) == (0.0, 0.0, "PROVED")
    assert verify(certificate).accepted
