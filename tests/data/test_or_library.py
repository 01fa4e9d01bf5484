"""Generalised assignment as a market: the same answers as its own program, and files that are none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mcsopt
from mcsopt.data import GeneralisedAssignment, generalised_assignments
from mcsopt.errors import InputError
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.result import Assurance, Status, conclude
from tests.data.assignment_cases import drawn, optimum, written

SMALL = GeneralisedAssignment([[4, 7], [6, 5]], [[2, 2], [2, 2]], [2, 2], "max")


def plans(jobs: GeneralisedAssignment):
    """Every plan of the market: each job at one agent, or at none (-1)."""
    for agents in itertools.product(range(-1, jobs.num_agents), repeat=jobs.num_jobs):
        yield agents, Assignment([j for j, i in enumerate(agents) if i == agent] for agent in range(jobs.num_agents))


@st.composite
def tiny(draw):
    m, n = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    rows = st.lists(st.lists(st.integers(0, 12), min_size=n, max_size=n), min_size=m, max_size=m)
    capacity = st.lists(st.integers(0, 20), min_size=m, max_size=m)
    return GeneralisedAssignment(draw(rows), draw(rows), draw(capacity), draw(st.sampled_from(["max", "min"])))


@settings(max_examples=60)
@given(tiny())
def test_welfare_is_profit_shifted_and_no_job_left_out_pays(jobs):
    problem = OfflineWelfare(jobs.market())
    for agents, plan in plans(jobs):
        # From the definition alone: exactly one agent a job, within capacities.
        spent = [sum(int(jobs.resource[i, j]) for j, i in enumerate(agents) if i == k) for k in range(jobs.num_agents)]
        fits = all(used <= limit for used, limit in zip(spent, jobs.capacity.tolist(), strict=True))
        assert (problem.violations(plan) == ()) == fits
        welfare = problem.evaluate(plan)
        if -1 in agents:
            assert welfare <= jobs.complete_welfare - 1
            assert jobs.agents_of(plan) is jobs.objective_of(plan) is None
            continue
        total = sum(int(jobs.objective[i, j]) for j, i in enumerate(agents))
        assert welfare == jobs.offset + (total if jobs.sense == "max" else -total)
        assert welfare >= jobs.complete_welfare
        assert jobs.agents_of(plan) == (agents if fits else None)
        assert jobs.objective_of(plan) == (total if fits else None)


def test_the_least_that_is_added_suffices_only_just():
    # Profits that differ by 3 for one job: leaving the other out is worth one less than the worst complete plan.
    jobs = GeneralisedAssignment([[0, 5], [3, 5]], [[1, 1], [1, 1]], [2, 2])
    values = {agents: OfflineWelfare(jobs.market()).evaluate(plan) for agents, plan in plans(jobs)}
    assert values[(0, 0)] == jobs.complete_welfare == 8
    assert values[(1, -1)] == 7


@pytest.mark.parametrize("sense", ["max", "min"])
@pytest.mark.parametrize(
    ("tightness", "seen"),
    [(1.0, {Status.PROVED}), (0.8, {Status.PROVED, Status.INFEASIBLE}), (0.6, {Status.INFEASIBLE})],
)
def test_the_optimum_is_that_of_the_problem_s_own_program(sense, tightness, seen):
    answers = set()
    for seed in range(8):
        jobs = drawn(3, 9, sense, seed, tightness=tightness)
        result = mcsopt.solve(OfflineWelfare(jobs.market()), solver="branch-and-price")
        answer, wanted = jobs.answer(result), optimum(jobs)
        answers.add(answer.status)
        assert answer.objective == wanted
        assert answer.status is (Status.INFEASIBLE if wanted is None else Status.PROVED)
        if wanted is not None:
            assert answer.bound == wanted
            assert sum(jobs.objective[i, j] for j, i in enumerate(answer.agents)) == wanted
    assert answers == seen


@pytest.mark.parametrize("sense", ["max", "min"])
def test_the_size_of_the_library_s_first_file(sense):
    jobs = drawn(5, 15, sense, seed=1)
    answer = jobs.answer(mcsopt.solve(OfflineWelfare(jobs.market())))
    assert (answer.status, answer.objective) == (Status.PROVED, optimum(jobs))


def concluded(jobs: GeneralisedAssignment, plan, bound):
    assurance = None if bound is None else Assurance.FLOAT
    return conclude(OfflineWelfare(jobs.market()), "by hand", plan, dual_bound=bound, assurance=assurance)


def test_what_a_run_says_of_the_assignment():
    best, worst, half = Assignment([[1], [0]]), Assignment([[0], [1]]), Assignment([[1], []])
    assert SMALL.answer(concluded(SMALL, best, 14.0)).status is Status.PROVED
    answer = SMALL.answer(concluded(SMALL, best, 14.9))  # integers: no profit between 13 and 14
    assert (answer.status, answer.agents, answer.objective, answer.bound) == (Status.PROVED, (1, 0), 13, 13)
    answer = SMALL.answer(concluded(SMALL, worst, 14.0))
    assert (answer.status, answer.objective, answer.bound) == (Status.BOUNDED, 9, 13)
    assert SMALL.answer(concluded(SMALL, worst, None)).status is Status.FEASIBLE
    assert SMALL.answer(concluded(SMALL, half, None)).status is Status.UNKNOWN
    answer = SMALL.answer(concluded(SMALL, half, 14.0))
    assert (answer.status, answer.agents, answer.objective, answer.bound) == (Status.UNKNOWN, None, None, 13)
    assert SMALL.answer(concluded(SMALL, None, None)).status is Status.UNKNOWN


def test_a_bound_a_rounding_below_excludes_nothing():
    assert SMALL.answer(concluded(SMALL, None, 10 - 1e-9)).status is Status.UNKNOWN
    assert SMALL.answer(concluded(SMALL, None, 9.999)).status is Status.INFEASIBLE


def test_costs_are_bounded_from_below():
    jobs = GeneralisedAssignment(SMALL.objective, SMALL.resource, SMALL.capacity, "min")
    answer = jobs.answer(concluded(jobs, Assignment([[1], [0]]), jobs.offset - 8.5))
    assert (answer.status, answer.objective, answer.bound) == (Status.BOUNDED, 13, 9)


def test_a_plan_that_breaks_a_rule_is_no_assignment():
    assert SMALL.agents_of(Assignment([[0, 1], []])) is None  # beyond the capacity
    assert SMALL.agents_of(Assignment([[1], [0, 1]])) is None
    assert SMALL.agents_of(Assignment([[0, 1], [1]])) is None
    # The resources leave room, but a job is given twice.
    roomy = GeneralisedAssignment(SMALL.objective, SMALL.resource, [9, 9])
    assert roomy.agents_of(Assignment([[0, 1], [1]])) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": [[1, 2]]}, r"resource: has shape \(2, 2\); give shape \(1, 2\)"),
        ({"objective": [1, 2]}, r"objective: has shape \(2,\); give one row per agent"),
        ({"objective": np.zeros((0, 2), dtype=int)}, r"objective: has shape \(0, 2\)"),
        ({"objective": [[1], [2, 3]]}, "objective: has rows of unequal length"),
        ({"objective": [[1, 2], [3, 4.5]]}, "objective: holds something else than integers from 0"),
        ({"objective": [[1, 2], [3, -4]]}, "objective: holds something else than integers from 0"),
        ({"resource": [[True, True], [True, True]]}, "resource: holds something else than integers"),
        ({"objective": [[0, 0], [2**52, 0]]}, "objective: is too large for exact doubles; scale"),
        ({"capacity": [1]}, r"capacity: has shape \(1,\); give shape \(2,\)"),
        ({"sense": "most"}, "sense: is 'most'; use 'max' or 'min'"),
    ],
)
def test_data_that_make_no_problem(change, message):
    data = {"objective": [[4, 7], [6, 5]], "resource": [[2, 2], [2, 2]], "capacity": [2, 2]} | change
    with pytest.raises(InputError, match=message):
        GeneralisedAssignment(**data)


def test_the_largest_numbers_are_exact():
    jobs = GeneralisedAssignment([[0, 0], [2**50, 0]], [[1, 1], [1, 1]], [2, 2])
    welfare = OfflineWelfare(jobs.market()).evaluate(Assignment([[1], [0]]))
    assert welfare == jobs.offset + 2**50
    assert jobs.complete_welfare == 2 * (2**50 + 1)


# Files ----------------------------------------------------------------------------------------------------------------


def test_every_problem_of_a_file_is_read(tmp_path):
    cases = [drawn(2, 3, "min", seed=0), drawn(1, 4, "min", seed=1), drawn(4, 1, "min", seed=2)]
    found = generalised_assignments(written(tmp_path / "gap.txt", *cases), sense="min")
    assert len(found) == 3
    for read, case in zip(found, cases, strict=True):
        assert read.market().digest() == case.market().digest()
        assert read.sense == "min"


def test_line_breaks_mean_nothing(tmp_path):
    case = drawn(2, 5, "max", seed=3)
    words = written(tmp_path / "a.txt", case).read_text().split()
    (tmp_path / "b.txt").write_text("\n\n".join(words))
    (tmp_path / "c.txt").write_text("\t".join(words))
    for name in ("b.txt", "c.txt"):
        assert generalised_assignments(tmp_path / name)[0].market().digest() == case.market().digest()


GOOD = "1\n2 2\n4 7\n6 5\n2 2\n2 2\n2 2\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "gap.txt: is empty; give an OR-Library file of assignment problems"),
        (
            "x",
            "line 1: has 'x' for the number of problems, not an integer; the number of problems is an integer from 1",
        ),
        ("0\n", "line 1: has '0' for the number of problems; the number of problems is an integer from 1 to 2^53"),
        ("1\n", "line 1: says that the number of problems is 1: at least 5 numbers, and 0 follow; correct the number"),
        (
            GOOD.replace("2 2\n4", "0 2\n4"),
            "line 2: has '0' for the number of agents of problem 0; the number of agents",
        ),
        (GOOD.replace("2 2\n4", "2 99\n4"), "line 2: says that the number of jobs of problem 0 is 99: at least 396 n"),
        (
            GOOD.replace("2 2\n4", "2 1000000000\n4"),
            "line 2: says that the number of jobs of problem 0 is 1,000,000,00",
        ),
        (GOOD[:-3], "line 7: is the last, and capacity of problem 0 [0][1] is missing; complete the file"),
        (GOOD.replace("7", "7.5"), "line 3: has '7.5' for objective of problem 0 [0][1], not an integer; objective of"),
        (
            GOOD.replace("7", "-7"),
            "line 3: has '-7' for objective of problem 0 [0][1]; objective of problem 0 [0][1] is",
        ),
        (GOOD.replace("7", "seven"), "line 3: has 'seven' for objective of problem 0 [0][1], not an integer"),
        (GOOD.replace("7", "7_0"), "line 3: has '7_0' for objective of problem 0 [0][1], not an integer"),
        (GOOD.replace("7", "nan"), "line 3: has 'nan' for objective of problem 0 [0][1], not an integer"),
        (GOOD.replace("7", "9" * 5000), "line 3: has '9999999"),
        (
            GOOD.replace("7", str(2**53)),
            "line 2: begins a problem whose objective is too large for exact doubles; scal",
        ),
        (
            GOOD + "336\n",
            "line 8: goes on with '336' where the file should end; give as many problems as the first line says",
        ),
        (GOOD.replace("1\n", "2\n", 1), "line 7: is the last, and the number of agents of problem 1 is missing; compl"),
    ],
)
def test_a_file_that_is_none(tmp_path, text, message):
    path = tmp_path / "gap.txt"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        generalised_assignments(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: {message}" if text else f"{tmp_path}/{message}")
    assert len(line.removeprefix(str(path))) < 300


def test_a_sense_that_is_none(tmp_path):
    with pytest.raises(InputError, match="sense: is 'up'; use 'max' or 'min'"):
        generalised_assignments(written(tmp_path / "gap.txt", SMALL), sense="up")
