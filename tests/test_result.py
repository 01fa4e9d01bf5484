"""The gap, and the status that an answer has earned."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mcsopt.errors import BackendFault, NoSolution
from mcsopt.problems import Knapsack, KnapsackInstance, Packing
from mcsopt.result import Assurance, Sense, Status, Termination, TraceStep, conclude, relative_gap
from mcsopt.tolerances import PROVED_GAP

PROBLEM = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.5], 7.5))
BEST, GOOD, TOO_HEAVY = Packing([0, 1]), Packing([0]), Packing([0, 2])  # worth 9, 4 and 10.5

numbers = st.floats(-1e100, 1e100)


@given(objective=numbers, bound=numbers, sense=st.sampled_from(Sense))
@example(objective=0.0, bound=0.0, sense=Sense.MAX)
@example(objective=-1.0, bound=1.0, sense=Sense.MAX)
@example(objective=0.0, bound=5e-324, sense=Sense.MAX)
def test_the_gap_is_its_formula_or_the_bound_is_false(objective, bound, sense):
    scale = max(abs(objective), abs(bound))
    beaten = objective > bound if sense is Sense.MAX else objective < bound
    if beaten and abs(objective - bound) > PROVED_GAP * scale:
        with pytest.raises(BackendFault, match="beats the bound"):
            relative_gap(objective, bound, sense)
        return
    gap = relative_gap(objective, bound, sense)
    assert gap is not None
    assert 0 <= gap <= 2
    assert gap == (0 if beaten or scale == 0 else abs(bound - objective) / scale)


@given(objective=numbers, bound=numbers)
def test_both_senses_are_mirror_images(objective, bound):
    assume(objective <= bound)
    assert relative_gap(objective, bound, Sense.MAX) == relative_gap(-objective, -bound, Sense.MIN)


@given(number=st.none() | numbers, sense=st.sampled_from(Sense))
def test_no_gap_without_both_numbers(number, sense):
    assert relative_gap(number, None, sense) is None
    assert relative_gap(None, number, sense) is None


@given(bound=st.floats(1e-3, 1e6), excess=st.floats(0, 0.99 * PROVED_GAP))
def test_a_bound_beaten_by_rounding_only_is_met(bound, excess):
    assert relative_gap(bound * (1 + excess), bound, Sense.MAX) == 0


def test_better_is_strict():
    assert Sense.MAX.better(2, 1)
    assert Sense.MIN.better(1, 2)
    assert not Sense.MAX.better(1, 1)
    assert not Sense.MIN.better(1, 1)


@given(
    solution=st.none() | st.sampled_from([BEST, GOOD, TOO_HEAVY, Packing([])]),
    bound=st.none() | st.floats(0, 20) | st.sampled_from([9.0, 9.0 * (1 + PROVED_GAP), 9.0 * (1 + 3 * PROVED_GAP)]),
    infeasible=st.booleans(),
)
@example(solution=BEST, bound=9.0 * (1 + PROVED_GAP), infeasible=False)
def test_the_status_says_what_was_shown(solution, bound, infeasible):
    feasible = solution is not None and not PROBLEM.violations(solution)
    worth = PROBLEM.evaluate(solution) if feasible else None
    false_bound = feasible and bound is not None and worth - bound > PROVED_GAP * max(worth, bound)
    if (feasible and infeasible) or false_bound:
        with pytest.raises(BackendFault, match=r"^oracle: "):
            conclude(PROBLEM, "oracle", solution, dual_bound=bound, infeasible=infeasible)
        return
    result = conclude(PROBLEM, "oracle", solution, dual_bound=bound, infeasible=infeasible, assurance=Assurance.FLOAT)
    gap = relative_gap(worth, bound, Sense.MAX)
    expected = {
        (True, False): Status.FEASIBLE if gap is None else Status.PROVED if gap <= PROVED_GAP else Status.BOUNDED,
        (False, False): Status.UNKNOWN,
        (False, True): Status.INFEASIBLE,
    }[feasible, infeasible]
    assert result.status is expected
    assert result.feasible == feasible
    assert result.gap == gap
    assert result.objective == (None if solution is None else PROBLEM.evaluate(solution))
    assert result.violations == (() if solution is None else PROBLEM.violations(solution))
    claims = infeasible or bound is not None
    assert result.assurance is (Assurance.FLOAT if claims else None)


def test_a_method_s_own_words_are_kept_but_not_its_number():
    trace = (TraceStep(0, 1, 2.5),)
    seconds = {"solve": 1.0}
    result = conclude(
        PROBLEM, "oracle", GOOD, termination=Termination.ROUNDS, seconds=seconds, seed=0, trace=trace,
        evidence={"kind": "none"}, message="hello",
    )  # fmt: skip
    seconds["solve"] = 2.0
    assert result.seconds == {"solve": 1.0}
    assert (result.method, result.objective, result.termination) == ("oracle", 4.0, Termination.ROUNDS)
    assert (result.seed, result.trace, result.evidence, result.message) == (0, trace, {"kind": "none"}, "hello")


def test_results_are_frozen():
    result = conclude(PROBLEM, "oracle", GOOD)
    with pytest.raises(AttributeError):
        result.objective = 5.0


def test_a_solution_can_be_required():
    assert conclude(PROBLEM, "oracle", GOOD).require_solution() is GOOD
    with pytest.raises(NoSolution, match=r"oracle holds no solution \(INFEASIBLE\): too tight"):
        conclude(PROBLEM, "oracle", None, infeasible=True, message="too tight").require_solution()
    with pytest.raises(NoSolution, match=r"\(UNKNOWN\): none found"):
        conclude(PROBLEM, "oracle", None).require_solution()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_fault(number):
    with pytest.raises(BackendFault, match="no finite numbers"):
        relative_gap(1.0, number, Sense.MAX)
    with pytest.raises(BackendFault, match="no finite numbers"):
        relative_gap(number, 1.0, Sense.MIN)
    with pytest.raises(BackendFault, match=r"^oracle: .*no finite numbers"):
        conclude(PROBLEM, "oracle", BEST, dual_bound=number)
