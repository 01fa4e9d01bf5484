"""What backends say at their limits, and what is left of one that is interrupted or given up."""

import _thread
import signal
import threading
import time

import numpy as np
import pytest

from mcsopt.data import default_instance, knapsack
from mcsopt.errors import BackendFault, TooLarge
from mcsopt.problems import Knapsack, KnapsackInstance, OfflineWelfare, Packing, SensingMarket
from mcsopt.result import Status, Termination
from mcsopt.solvers import Settings, backend, solve
from mcsopt.solvers.backend import BackendAnswer, run_guarded
from mcsopt.solvers.cp_sat import _CpSatSearch
from mcsopt.solvers.highs import _HighsSearch
from tests.commands.running import impossible

SMALL = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))
HARD = Knapsack(knapsack(200, "inverse-strongly-correlated", seed=1, integer=True, largest=1e6))
HAD = BackendAnswer(Packing([0]), 4.0, 10.0, finished=False)


@pytest.fixture(autouse=True)
def interruptible():
    """Let Ctrl-C interrupt: a process that a shell started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Waiting:
    """A search that strikes Ctrl-C, if asked to, and then waits to be stopped."""

    def __init__(self, *, strike=False, deaf=False, answer=HAD):
        self.strike, self.deaf, self.answer = strike, deaf, answer
        self.given, self.stops, self.released = [], 0, threading.Event()

    def solve(self, time_limit):
        self.given.append(time_limit)
        if self.strike:
            _thread.interrupt_main()
        assert self.released.wait(60)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def stop(self):
        self.stops += 1
        if not self.deaf:
            self.released.set()


def test_a_backend_stopped_before_it_had_a_solution_claims_no_bound():
    """CP-SAT shows the default 0 as its bound then; beside the empty plan, worth 0, that would read PROVED."""
    answer = _CpSatSearch(OfflineWelfare(default_instance("sensing-market")), seed=0).solve(1e-6)
    assert answer == BackendAnswer(finished=False, objective_error=answer.objective_error, message=answer.message)


@pytest.mark.parametrize(
    "search", [lambda: _HighsSearch(HARD), lambda: _CpSatSearch(HARD, seed=0)], ids=["highs", "cp"]
)
def test_a_search_stopped_before_it_begins_does_not_begin(search):
    begun = search()
    begun.stop()
    assert not begun.solve(None).finished


def test_highs_leaves_the_terminal_alone(capfd):
    solve(SMALL, solver="highs")
    assert capfd.readouterr() == ("", "")


def test_highs_where_a_constraint_cannot_hold():
    problem = OfflineWelfare(SensingMarket.from_json(impossible("scarce")))
    assert solve(problem, solver="highs").status is Status.INFEASIBLE


def test_highs_where_nothing_matters():
    """What has no weight and no value is in no row: the program has no column left."""
    result = solve(Knapsack(KnapsackInstance(np.zeros(3), np.zeros(3), 1.0)), solver="highs")
    assert (result.status, result.objective) == (Status.PROVED, 0.0)


def test_building_counts_towards_the_limit_and_is_no_hang(monkeypatch):
    monkeypatch.setattr(backend, "_GRACE", 0.0)
    search = Waiting()

    def build():
        time.sleep(0.02)
        return search

    result = run_guarded(SMALL, "slow", build, Settings(time_limit=0.01, start=Packing([1])))
    assert (result.termination, result.objective, result.dual_bound) == (Termination.TIME, 5.0, None)
    assert result.seconds["build"] >= 0.01
    assert search.given == []


def test_the_search_has_what_building_has_left():
    search = Waiting()
    search.released.set()
    result = run_guarded(SMALL, "quick", lambda: search, Settings(time_limit=60.0))
    assert search.given == [60.0 - result.seconds["build"]]


def test_a_model_that_cannot_be_built_is_a_fault_and_one_too_large_is_not():
    def build(error):
        raise error

    with pytest.raises(BackendFault, match="broken: crashed: ZeroDivisionError"):
        run_guarded(SMALL, "broken", lambda: build(ZeroDivisionError()), Settings())
    with pytest.raises(TooLarge, match="300 players"):
        run_guarded(SMALL, "small", lambda: build(TooLarge("300 players")), Settings())


def test_an_interrupted_build_leaves_the_start():
    def build():
        raise KeyboardInterrupt

    result = run_guarded(SMALL, "slow", build, Settings(start=Packing([1])))
    assert (result.termination, result.objective, result.dual_bound) == (Termination.INTERRUPTED, 5.0, None)


def test_what_an_interrupted_search_had_is_kept():
    result = run_guarded(SMALL, "polite", lambda: Waiting(strike=True), Settings())
    assert (result.termination, result.objective, result.dual_bound) == (Termination.INTERRUPTED, 4.0, 10.0)


def test_a_start_better_than_what_a_search_had_is_kept():
    search = Waiting()
    search.released.set()
    result = run_guarded(SMALL, "late", lambda: search, Settings(start=Packing([1])))
    assert (result.termination, result.objective, result.dual_bound) == (Termination.TIME, 5.0, 10.0)


def test_an_interrupted_search_that_had_just_finished_is_finished():
    optimum = BackendAnswer(Packing([0, 1]), 9.0, 9.0)
    result = run_guarded(SMALL, "quick", lambda: Waiting(strike=True, answer=optimum), Settings())
    assert (result.termination, result.status) == (Termination.FINISHED, Status.PROVED)


@pytest.mark.parametrize("fate", [{"deaf": True}, {"answer": RuntimeError("stopped")}], ids=["deaf", "crashes"])
def test_an_interrupted_search_that_has_no_answer_leaves_the_start(monkeypatch, fate):
    monkeypatch.setattr(backend, "_FAREWELL", 0.2)
    search = Waiting(strike=True, **fate)
    result = run_guarded(SMALL, "deaf", lambda: search, Settings(start=Packing([1])))
    assert (result.termination, result.objective, result.dual_bound) == (Termination.INTERRUPTED, 5.0, None)
    assert search.stops >= 1
    search.released.set()


def test_a_second_interruption_does_not_wait_for_the_farewell():
    search = Waiting(strike=True, deaf=True)
    search.stop = _thread.interrupt_main
    result = run_guarded(SMALL, "deaf", lambda: search, Settings(start=Packing([1])))
    assert (result.termination, result.objective) == (Termination.INTERRUPTED, 5.0)
    search.released.set()


def test_a_hang_is_named_and_asked_to_stop(monkeypatch):
    monkeypatch.setattr(backend, "_GRACE", 0.1 - 60)
    search = Waiting(deaf=True)
    with pytest.raises(BackendFault, match="deaf: hangs"):
        run_guarded(SMALL, "deaf", lambda: search, Settings(time_limit=60.0))
    assert search.stops == 1
    search.released.set()
