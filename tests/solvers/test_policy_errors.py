from __future__ import annotations

import numpy as np
import pytest

from mcsopt.data.decision_processes import decision_process
from mcsopt.errors import TooLarge
from mcsopt.heuristics import myopic
from mcsopt.problems import DecisionProcess, FiniteMdp, Policy
from mcsopt.seeds import generator
from mcsopt.solvers import policy_errors as module
from mcsopt.solvers import solve
from mcsopt.solvers.policy_errors import policy_errors


@pytest.mark.parametrize("seed", range(40))
def test_costs_sum_to_the_gap(seed: int) -> None:
    problem = FiniteMdp.random_small(generator(seed))
    best = solve(problem)
    for policy in (myopic(problem).solution, best.solution):
        errors = policy_errors(problem, policy)
        assert errors.optimum == pytest.approx(best.objective, abs=1e-9)
        assert errors.value == pytest.approx(problem.evaluate(policy), abs=1e-9)
        assert errors.cost.sum() == pytest.approx(best.objective - problem.evaluate(policy), abs=1e-9)
        assert (errors.cost >= -1e-12).all()
        assert errors.cost == pytest.approx(errors.visits * errors.regret, abs=1e-12)
    assert errors.cost == pytest.approx(np.zeros(problem.instance.num_states), abs=1e-9)


def test_an_error_costs_what_it_costs_times_how_often_it_is_made() -> None:
    # State 1 is reached with probability 1/4, and there 3 is lost; state 2 is not reached.
    data = DecisionProcess(
        4, 0, [0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 0, 1], [1, 3, 3, 3, 3, 3], [0.25, 0.75, 1, 1, 1, 1],
        [0.0, 0.0, 5.0, 2.0, 9.0, 0.0], 1.0, 3,
    )  # fmt: skip
    errors = policy_errors(FiniteMdp(data), Policy([0, 1, 1, -1]))
    assert errors.visits.tolist() == [1.0, 0.25, 0.0, 1.0]
    assert errors.regret.tolist() == [0.0, 3.0, 0.0, 0.0]
    assert errors.cost.tolist() == [0.0, 0.75, 0.0, 0.0]


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 100)
    problem = FiniteMdp(decision_process())
    with pytest.raises(TooLarge, match="20 states"):
        policy_errors(problem, myopic(problem).solution)
