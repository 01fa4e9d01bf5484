import os
import time
from importlib.util import find_spec

import pytest

from benchmarks.formulations import (
    OURS,
    Market,
    Run,
    by_size,
    conclusion,
    contradictions,
    judged,
    lines,
    ours,
    rivals,
    verdicts,
)
from benchmarks.isolation import Ended, call
from benchmarks.rival_statements import RIVALS, Answer
from mcsopt.problems import Assignment

SMALL, OTHER = Market(5, 20, "default", 0), Market(5, 20, "default", 1)


def test_every_rival_that_is_installed_agrees_with_branch_and_price(tmp_path):
    runs = [ours(SMALL, 60.0), *rivals(SMALL, list(RIVALS), 60.0, 10_000, tmp_path)]
    assert [run.method for run in runs] == [OURS, *RIVALS]
    for run in runs:
        installed = run.method == OURS or find_spec(RIVALS[run.method][0]) is not None
        assert (run.proved, run.note == "not installed") == (installed, not installed), run
    assert contradictions(runs) == []
    proved = [run.objective for run in runs if run.proved]
    assert proved == pytest.approx([proved[0]] * len(proved), rel=1e-6)


def test_sets_that_cannot_be_listed_leave_no_rival_a_model(tmp_path):
    runs = list(rivals(SMALL, ["HiGHS", "CP-SAT"], 60.0, 10, tmp_path))
    assert [(run.proved, run.seconds, run.gap) for run in runs] == [(False, 60.0, None)] * 2
    assert all("not listed: TooLarge" in run.note for run in runs)


def test_a_process_is_ended_and_what_went_wrong_in_it_is_told():
    with pytest.raises(Ended, match="still running after"):
        call(time.sleep, 600, seconds=0.2)
    with pytest.raises(Ended, match="exit status 7"):
        call(os._exit, 7, seconds=60)
    with pytest.raises(Ended, match="ValueError"):
        call(int, "seven", seconds=60)
    assert call(int, "7", seconds=60)[0] == 7


def test_false_answers_are_found_out():
    problem = SMALL.problem()
    run = Run(SMALL, "rival", False, 60.0, listing=1.0)
    market = problem.instance
    everybody = Assignment([market.pair_worker[market.pairs_of(0)].tolist(), *[()] * 4])
    wrong = judged(run, 2.0, Answer(0.1, everybody, 1.0, True), 60.0)
    assert not wrong.proved
    assert len(contradictions([wrong])) == 1
    empty = judged(run, 2.0, Answer(0.1, problem.empty_solution(), 0.0, True), 60.0)
    assert empty.proved
    assert empty.seconds == 3.0
    true = Run(SMALL, OURS, True, 0.1, objective=418.7, bound=418.7)
    assert len(contradictions([true, empty])) == 2  # a bound of 0, and an optimum of 0
    below = judged(run, 2.0, Answer(0.1, problem.empty_solution(), -1.0, True), 60.0)
    assert "FALSE" in below.note
    late = judged(run, 59.5, Answer(0.1, problem.empty_solution(), 0.0, True), 60.0)
    assert (late.proved, late.seconds) == (False, 60.0)


def test_ratios_are_to_the_best_rival_of_each_market_and_say_where_they_are_lower_bounds():
    runs = [
        Run(SMALL, OURS, True, 0.1, objective=1.0, bound=1.0),
        Run(SMALL, "a", True, 4.0, objective=1.0, bound=1.0),
        Run(SMALL, "b", False, 60.0),
        Run(OTHER, OURS, True, 0.5, objective=1.0, bound=1.0),
        Run(OTHER, "a", False, 60.0, objective=0.5, bound=1.0),
        Run(OTHER, "b", False, 60.0),
    ]
    assert by_size(runs) == {(5, 20): [(pytest.approx(40.0), True), (120.0, False)]}
    assert list(verdicts(runs)) == [["5 x 20", "1 of 2", ">= 80", "40", "120", "40"]]
    assert "5 x 20" in conclusion(runs)
    assert "at least 80 times" in conclusion(runs)
    table = {line[1]: line for line in lines(runs)}
    assert table[OURS][2:5] == ["2 of 2", "0.3", "0.5"]
    assert table["a"][2:5] == ["1 of 2", "32", ">= 60"]
    assert table["a"][8:10] == ["25 %", ">= 80"]
    assert table["b"][8] == "-"
