from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from mcsopt.problems import CentralCoalition, PrivateCoalition
from mcsopt.verification import check
from tests.verification.check.coalition_oracle import SPEC, all_coalitions, altered, certificate

FLOAT = 1e-13
CLOSED = {"kind": "closed-form"}


@pytest.mark.parametrize("seed", range(80))
def test_the_central_bound_is_the_optimum_over_all_coalitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = CentralCoalition.random_small(rng)
    data, n = problem.instance, problem.instance.num_players
    plans = [PrivateCoalition(m, data.assigned_privacy(m)) for m in all_coalitions(n)]
    best = min([*plans, PrivateCoalition((), ())], key=problem.evaluate)
    verdict = check.check(certificate(problem, best, CLOSED))
    assert (verdict.accepted, verdict.status) == (True, "PROVED"), verdict.reason
    assert verdict.dual_bound is not None
    worth = problem.evaluate(best)
    assert worth * (1 - 2e-13) < verdict.dual_bound < worth
    for _ in range(20):
        members = np.flatnonzero(rng.random(n) < 0.6).tolist()
        if len(members) == 1:
            continue
        levels = np.array(data.assigned_privacy(members) if members else []) * rng.uniform(0.8, 1.25, len(members))
        plan = PrivateCoalition(members, levels.tolist())
        verdict = check.check(certificate(problem, plan, CLOSED))
        assert verdict.accepted, verdict.reason
        assert verdict.objective == pytest.approx(problem.evaluate(plan), rel=FLOAT)
        assert verdict.dual_bound <= problem.evaluate(plan)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"objective": 0.5}, "objective is recorded"),
        ({"dual_bound": 1.2}, "only proves"),
        ({"solution__members": [0]}, "privacy has 6 entries instead of 1"),
        ({"solution__members": [0], "solution__privacy": [1.0]}, "no member or two"),
        ({"solution__privacy": [1.0] * 5}, "instead of 6"),
        ({"solution__privacy": [1.0] * 5 + [0.0]}, r"privacy\[5\] is 0.0, outside"),
        ({"solution__privacy": [1.0] * 5 + [1e-200]}, "outside"),
        ({"solution__privacy": [1.0] * 6}, "objective is recorded"),
        ({"evidence__kind": "cell-bounds"}, "not 'closed-form'"),
        ({"evidence__bound": 1.0}, "unknown key"),
        ({"options__stability": "nash"}, "unknown key"),
    ],
)
def test_planted_errors_of_the_central_problem_are_caught(changes: dict[str, Any], reason: str) -> None:
    problem = CentralCoalition(SPEC)
    members = tuple(range(6))
    honest = certificate(problem, PrivateCoalition(members, SPEC.assigned_privacy(members)), CLOSED)
    assert check.check(honest).accepted
    verdict = check.check(altered(honest, **changes))
    assert not verdict.accepted
    assert re.search(reason, verdict.reason), verdict.reason
