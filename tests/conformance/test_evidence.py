"""Whatever is done to evidence, what it derives is a bound, or it is refused: each checker's soundness by itself."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.problems import Problem
from mcsopt.verification import certify, check
from tests.conformance.alterations import altered
from tests.conformance.suite import EVIDENCE, draws, truth, worse

MUTANTS, DRAWS = 40, 15
BEATEN = 1e-11
"""Relative, for the rounding of brute force, as in `judge`."""


def derived(problem: Problem, evidence: object) -> check.Derivation | None:
    """Return what evidence proves, None if it is refused."""
    try:
        return check.derive(problem.name, problem.options, problem.instance.to_json(), evidence)
    except check.Refused:
        return None


@pytest.mark.parametrize(("name", "method"), EVIDENCE)
def test_no_evidence_derives_a_bound_that_the_optimum_beats(name: str, method: str) -> None:
    rng, false, believed = np.random.default_rng(1), [], 0
    for problem in draws(name, DRAWS):
        best = truth(problem).optimum
        for time_limit in (None, 0.0):
            sealed = certify(problem, problem.empty_solution(), solver=method, time_limit=time_limit)
            for _ in range(MUTANTS):
                forged, what = altered({"evidence": sealed.document["evidence"]}, rng, within=("evidence",))
                found = derived(problem, forged.get("evidence"))
                if found is None:
                    continue
                believed += 1
                if best is not None and (found.infeasible or worse(problem, found.dual_bound, best, BEATEN)):
                    false.append((what, found.dual_bound, best))
    assert not false, false[:3]
    assert believed or set(sealed.document["evidence"]) == {"kind"}  # else nothing was tried
