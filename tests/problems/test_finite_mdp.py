from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import DecisionProcess, FiniteMdp, Policy
from mcsopt.problems import policy_value as evaluation
from mcsopt.problems.finite_mdp import reached
from mcsopt.problems.policy_value import fixed_point, policy_value
from mcsopt.seeds import generator

SMALL = {
    "num_states": 3, "start": 0, "state": [0, 0, 1, 1], "action": [4, 4, 2, 7], "next_state": [1, 2, 0, 2],
    "probability": [0.25, 0.75, 1.0, 1.0], "reward": [4.0, 0.0, -1.0, 8.0], "discount": 0.5,
}  # fmt: skip


def process(**changes: object) -> DecisionProcess:
    return DecisionProcess(**{**SMALL, **changes})


def simulated(data: DecisionProcess, policy: Policy, steps: int) -> float:
    """Follow the distribution over states forwards: no recursion of values."""
    here, total = {data.start: 1.0}, 0.0
    for t in range(steps):
        actions = policy.steps[min(t, len(policy.steps) - 1)]
        after: dict[int, float] = {}
        for s, a, e, p, r in zip(data.state, data.action, data.next_state, data.probability, data.reward, strict=True):
            mass = here.get(int(s), 0.0)
            if mass and actions[s] == a:
                total += data.discount**t * mass * p * r
                after[int(e)] = after.get(int(e), 0.0) + mass * p
        here = after
    return total


def test_values_by_hand():
    problem = FiniteMdp(process())
    # Stop: 0.25 (4 + 0.5 * 8); go on: v = 1 + 0.125 (-1 + v/2).
    assert problem.evaluate(Policy([4, 7, -1])) == 2.0
    assert problem.evaluate(Policy([4, 2, -1])) == pytest.approx(float(Fraction(7, 8) / Fraction(15, 16)), rel=1e-15)
    assert FiniteMdp(process(horizon=1)).evaluate(Policy([4, 7, -1])) == 1.0
    assert FiniteMdp(process(horizon=3)).evaluate(Policy([[4, 2, 0], [4, 2, 0], [4, 7, 0]])) == 1.0 - 0.125 + 0.0625
    assert FiniteMdp(process(start=2)).evaluate(Policy([4, 2, 9])) == 0.0


def test_an_action_that_is_not_there_is_a_violation_and_ends_the_process():
    problem = FiniteMdp(process())
    (broken,) = problem.violations(Policy([4, 3, 5]))
    assert (broken.where, broken.amount) == ("state 1", 1.0)
    assert problem.evaluate(Policy([4, 3, 5])) == 1.0
    assert problem.violations(Policy([4, 2, 99])) == ()
    staged = FiniteMdp(process(horizon=2)).violations(Policy([[4, 2, -1], [-1, 2, -1]]))
    assert [v.where for v in staged] == ["state 0, step 1"]


@pytest.mark.parametrize("seed", range(60))
def test_evaluation_agrees_with_following_the_distribution(seed: int) -> None:
    problem = FiniteMdp.random_small(generator(seed))
    steps = problem.instance.horizon or 400
    for policy in list(problem.every_solution())[:5]:
        assert problem.evaluate(policy) == pytest.approx(simulated(problem.instance, policy, steps), abs=1e-11)
        assert problem.violations(policy) == ()
        assert problem.parse_solution(problem.solution_document(policy)) == policy


@pytest.mark.parametrize("seed", range(40))
def test_doubles_agree_with_rationals(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = FiniteMdp.random_small(generator(seed))
    choice = problem.choice(next(problem.every_solution()))
    exact = policy_value(problem.instance, choice)
    for name in ("EXACT_STATES", "EXACT_STEPS"):
        monkeypatch.setattr(evaluation, name, -1)
    for states in (1000, 0):
        monkeypatch.setattr(evaluation, "DIRECT_STATES", states)
        assert policy_value(problem.instance, choice) == pytest.approx(exact, abs=1e-12)
    monkeypatch.setattr(evaluation, "NEAR_ONE", 0.0)
    assert policy_value(problem.instance, choice) == pytest.approx(exact, abs=1e-12)


def test_many_states_are_evaluated_with_a_small_residual():
    n = 3000
    rng = generator(0)
    ends = rng.integers(0, n, (n, 2))
    data = DecisionProcess(
        n,
        0,
        np.repeat(np.arange(n), 2),
        np.zeros(2 * n, int),
        ends.ravel(),
        np.full(2 * n, 0.5),
        rng.random(2 * n),
        0.999,
    )
    values = fixed_point(data, np.arange(n))
    residual = data.choices.expected_reward + 0.999 * (data.choices.matrix @ values) - values
    assert np.abs(residual).max() <= 1e-11


def test_a_discount_near_one_keeps_its_digits():
    # Two states in turn, 1 and 3: v = (1 + 3 d) / (1 - d^2).
    n, d = 12, 1 - 2.0**-30
    data = DecisionProcess(
        n,
        0,
        np.arange(n),
        np.zeros(n, int),
        (np.arange(n) + 1) % n,
        np.ones(n),
        np.where(np.arange(n) % 2, 3.0, 1.0),
        d,
    )
    exact = float((1 + 3 * Fraction(d)) / (1 - Fraction(d) ** 2))
    assert FiniteMdp(data).evaluate(Policy([0] * n)) == pytest.approx(exact, rel=1e-13)


def test_return_that_cancels_is_exact():
    # 0.1 and 0.9 are no decimals in doubles: what is left of a fair game is what they say, not rounding.
    data = DecisionProcess(2, 0, [0, 0], [0, 0], [1, 1], [0.1, 0.9], [9.0, -1.0], 1.0, 1)
    exact = Fraction(0.1) * 9 - Fraction(0.9)
    assert FiniteMdp(data).evaluate(Policy([0, -1])) == float(exact) != 0


def test_every_solution_varies_what_can_be_reached():
    policies = list(FiniteMdp(process(horizon=2)).every_solution())
    assert {policy.action for policy in policies} == {((4, 2, -1), (4, 2, -1)), ((4, 2, -1), (4, 7, -1))}
    assert reached(process(horizon=3)) == [{0}, {1, 2}, {0, 2}]
    assert reached(process()) == [{0, 1, 2}]
    assert reached(process(probability=[0.0, 1.0, 1.0, 1.0])) == [{0, 2}]
    many = DecisionProcess(1, 0, [0] * 3, [0, 1, 2], [0] * 3, [1.0] * 3, [0.0] * 3, 1.0, 10)
    with pytest.raises(TooLarge, match="more than 20,000 policies"):
        next(FiniteMdp(many).every_solution())
    with pytest.raises(TooLarge, match="1001 states"):
        next(FiniteMdp(process(num_states=1001)).every_solution())


def test_no_transitions_at_all():
    empty = FiniteMdp(DecisionProcess(2, 1, [], [], [], [], [], 0.5))
    assert empty.evaluate(empty.empty_solution()) == 0.0
    assert empty.empty_solution() == Policy([-1, -1])
    assert FiniteMdp(DecisionProcess(2, 1, [], [], [], [], [], 1.0, 40)).evaluate(Policy([3, 3])) == 0.0


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"probability": [0.25, 0.65, 1.0, 1.0]},
         r"transitions.probability: sums to 0\.9 at state 0, action 4, 0\.1 below 1; let the outcomes"),
        ({"probability": [0.5, 0.75, 1.0, 1.0]}, r"sums to 1\.25 at state 0, action 4, 0\.25 above 1"),
        ({"probability": [-0.25, 0.75, 1.0, 1.0]}, r"probability\[0\]: is -0\.25; give a number in \[0, 1\]"),
        ({"reward": [4.0, 0.0, float("nan"), 8.0]}, r"transitions.reward\[2\]: is nan"),
        ({"reward": [4.0, 0.0, float("inf"), 8.0]}, r"transitions.reward\[2\]: is inf"),
        ({"start": 3}, r"start: is 3; states go from 0 to 2"),
        ({"start": -1}, r"start: is -1"),
        ({"next_state": [1, 2, 0, 3]}, r"transitions.next_state\[3\]: is 3; states go from 0 to 2"),
        ({"state": [0, 0, 1, 5]}, r"transitions.state\[3\]: is 5"),
        ({"action": [4, 4, -1, 7]}, r"transitions.action\[2\]: is -1"),
        ({"action": [4, 4, 2]}, r"transitions.action: has length 3, transitions.state has 4"),
        ({"horizon": 0}, r"horizon: is 0; give an integer in \[1, 100000\]"),
        ({"horizon": 1.5}, r"horizon: is 1\.5, not an integer"),
        ({"discount": 1.0}, r"discount: is 1\.0 and the horizon infinite; give a discount < 1, or a horizon"),
        ({"discount": 0.0}, r"discount: is 0\.0; give a number in \(0, 1\]"),
        ({"discount": 1 - 1e-12, "probability": [0.2500000005, 0.75, 1.0, 1.0]}, r"discount: .*no longer below 1"),
        ({"num_states": 0}, r"num_states: is 0"),
    ],
)  # fmt: skip
def test_bad_processes_are_refused_in_a_line(changes: dict[str, object], line: str) -> None:
    with pytest.raises(InputError, match=line):
        process(**changes)


@pytest.mark.parametrize(
    ("policy", "horizon", "line"),
    [
        ([4, 7], None, r"policy: has 2 entries; give one action for each of the 3 states"),
        ([[4, 7, -1]], None, r"policy: is a list of lists; the horizon is infinite"),
        ([[4, 7, -1]], 2, r"policy: lists 1 steps; give 2 lists, one per step"),
        ([[4, 7, -1], [4, 7]], 2, r"policy\[1\]: has 2 entries"),
        ([[4, 7, -1], 4], 2, r"policy\[1\]: is 4; give a list"),
        ([4, 7, 0.5], None, r"policy\[2\]: is 0\.5, not an integer"),
        ([4, True, 0], None, r"policy\[1\]: is true, not an integer"),
        ([4, -2, 0], None, r"policy\[1\]: is -2; name an action"),
        ("4", None, r"policy: is '4'; give a list"),
    ],
)
def test_policies_of_the_wrong_shape_are_refused_in_a_line(policy: object, horizon: int | None, line: str) -> None:
    problem = FiniteMdp(process(horizon=horizon))
    with pytest.raises(InputError, match=line):
        problem.parse_solution({"format": "mcsopt-solution/1", "problem": "finite-mdp", "policy": policy})


def test_policies_are_taken_as_lists_and_arrays():
    problem = FiniteMdp(process(horizon=2))
    assert problem.as_solution([4, 7, -1]) == Policy(np.array([4, 7, -1]))
    assert problem.evaluate(Policy(np.array([[4, 7, -1], [4, 7, -1]]))) == problem.evaluate(Policy([4, 7, -1])) == 2.0


def test_a_file_may_say_null_for_no_horizon():
    document = process().to_json()
    assert "horizon" not in document
    assert DecisionProcess.from_json({**document, "horizon": None}).digest() == process().digest()
