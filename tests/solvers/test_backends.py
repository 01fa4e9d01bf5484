"""What backends say at their limits, and what is left when one is given up."""

import _thread
import io
import os
import sys
import threading

import pytest

from mcsopt.data import default_instance
from mcsopt.errors import BackendFault
from mcsopt.problems import Knapsack, KnapsackInstance, OfflineWelfare, Packing
from mcsopt.result import Status, Termination
from mcsopt.solvers import Settings, backend, solve
from mcsopt.solvers.backend import BackendAnswer, run_guarded

SMALL = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.0], 7.5))


def test_a_backend_stopped_before_it_had_a_solution_claims_no_bound():
    """CP-SAT shows the default 0 as its bound then; beside the empty plan, worth 0, that would read PROVED."""
    problem = OfflineWelfare(default_instance("sensing-market"))
    stopped = solve(problem, solver="cp-sat", time_limit=1e-6)
    assert stopped.status is Status.FEASIBLE
    assert stopped.dual_bound is None


def test_a_backend_left_behind_does_not_keep_the_terminal(monkeypatch, capfd):
    """Pyomo redirects the whole process's output while HiGHS runs: the complaint of a hang was never seen."""
    monkeypatch.setattr(backend, "_GRACE", 0.2)
    released, ended, streams = threading.Event(), threading.Event(), (sys.stdout, sys.stderr)
    elsewhere, own = os.open(os.devnull, os.O_WRONLY), os.dup(1)

    def hang(seconds):
        sys.stdout = sys.stderr = io.StringIO()
        os.dup2(elsewhere, 1)
        try:
            released.wait(60)
        finally:
            ended.set()
        return BackendAnswer(finished=False)

    with pytest.raises(BackendFault, match="hangs"):
        run_guarded(SMALL, "deaf", hang, Settings(time_limit=0.1))
    assert (sys.stdout, sys.stderr) == streams
    assert os.path.sameopenfile(1, own)
    released.set()
    assert ended.wait(60)
    os.close(elsewhere)
    os.close(own)


@pytest.mark.parametrize("kindly", [True, False], ids=["by-its-stop", "by-KeyboardInterrupt"])
def test_what_an_interrupted_backend_had_is_kept(kindly):
    asked = threading.Event()

    def search(seconds):
        _thread.interrupt_main()
        try:
            while not asked.wait(0.01):
                pass
        except KeyboardInterrupt:
            assert not kindly
        return BackendAnswer(Packing([0]), 4.0, 10.0, finished=False)

    result = run_guarded(SMALL, "polite", search, Settings(), stop=asked.set if kindly else None)
    assert result.termination is Termination.INTERRUPTED
    assert (result.objective, result.dual_bound) == (4.0, 10.0)


def test_a_backend_that_does_not_listen_leaves_the_start(monkeypatch):
    monkeypatch.setattr(backend, "_FAREWELL", 0.1)
    released = threading.Event()

    def deaf(seconds):
        _thread.interrupt_main()
        released.wait(60)
        return BackendAnswer(Packing([0]), 4.0, 10.0)

    result = run_guarded(SMALL, "deaf", deaf, Settings(start=Packing([1])))
    assert result.termination is Termination.INTERRUPTED
    assert (result.objective, result.dual_bound) == (5.0, None)
    released.set()
