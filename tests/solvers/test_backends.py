"""What backends say at their limits."""

from mcsopt.data import default_instance
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Status
from mcsopt.solvers import solve


def test_a_backend_stopped_before_it_had_a_solution_claims_no_bound():
    """CP-SAT shows the default 0 as its bound then; beside the empty plan, worth 0, that would read PROVED."""
    problem = OfflineWelfare(default_instance("sensing-market"))
    stopped = solve(problem, solver="cp-sat", time_limit=1e-6)
    assert stopped.status is Status.FEASIBLE
    assert stopped.dual_bound is None
