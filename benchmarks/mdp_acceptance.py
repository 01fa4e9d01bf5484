"""Rows of the acceptance table: solvers of finite decision processes agree, and no false certificate passes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.factory import SolverFactory

from benchmarks.criteria import Effort, Row
from mcsopt.data.decision_processes import decision_process
from mcsopt.models.finite_mdp import build_pyomo
from mcsopt.problems import DecisionProcess, FiniteMdp
from mcsopt.result import Status
from mcsopt.solvers import solve
from mcsopt.verification import certify, verify
from tests.conformance import mutation

AGREE = 1e-8
PROCESSES, MUTANTS, INSTANCES = 200, 100_000, 30


def draw(k: int) -> FiniteMdp:
    """Return process k: 2 to 200 states, half of them over 1 to 12 steps, discounts 0.5 to 0.999 or 1."""
    rng = np.random.default_rng([9, k])
    horizon = None if k % 2 else int(rng.integers(1, 13))
    discount = float(rng.choice([0.5, 0.9, 0.99, 0.999] if horizon is None else [0.5, 0.95, 1.0]))
    states, actions, successors = (int(n) for n in (rng.integers(2, 201), rng.integers(1, 6), rng.integers(1, 6)))
    process = decision_process(states, actions, successors, horizon, discount, seed=k, terminal=0.1)
    return FiniteMdp(process)


def program_value(problem: FiniteMdp) -> float:
    """Return the optimal value of the linear program, as HiGHS has it."""
    model = build_pyomo(problem)
    if not len(model.visits):
        return 0.0
    SolverFactory("highs").solve(model)
    return float(pyo.value(model.expected_return)) * float(model.objective_unit)


def unrolled(problem: FiniteMdp) -> FiniteMdp:
    """Return a process of finite horizon as one without: a state for each step and state, the last ones terminal."""
    data, steps = problem.instance, problem.instance.horizon
    assert steps is not None
    layer = np.repeat(np.arange(steps), len(data.state)) * data.num_states
    return FiniteMdp(
        DecisionProcess(
            num_states=data.num_states * (steps + 1),
            start=data.start,
            state=layer + np.tile(data.state, steps),
            action=np.tile(data.action, steps),
            next_state=layer + data.num_states + np.tile(data.next_state, steps),
            probability=np.tile(data.probability, steps),
            reward=np.tile(data.reward, steps),
            discount=data.discount,
        )
    )


def mdp(effort: Effort) -> Iterator[Row]:
    """Backward induction, value iteration and the linear program agree; certificates; forgeries."""
    count, differ, refused, unproved = effort.size(PROCESSES), 0.0, [], 0
    for k in range(count):
        if k % 20 == 0:
            effort.report(f"process {k} of {count}")
        problem = draw(k)
        result = solve(problem)
        assert result.objective is not None
        others = [solve(problem, solver="highs").objective, program_value(problem)]
        if problem.instance.horizon is not None and problem.instance.discount < 1:
            others.append(solve(unrolled(problem)).objective)
        for other in others:
            assert other is not None
            differ = max(differ, abs(other - result.objective) / max(1.0, abs(result.objective)))
        unproved += result.status is not Status.PROVED
        certificate = certify(problem, result)
        verdict = verify(certificate)
        if not verdict.accepted or certificate.status is not Status.PROVED:
            refused.append((k, verdict.reason))
    name = f"finite MDPs: backward induction, value iteration, linear program; {count} of up to 200 states"
    yield Row(
        name,
        f"objectives within {AGREE:g}, all PROVED",
        f"{differ:.2g}, {unproved} not",
        differ <= AGREE and not unproved,
    )
    yield Row("finite MDPs: their certificates verify", "all", f"{count - len(refused)} of {count}", not refused)

    effort.report("forging certificates")
    tally = mutation.run(mutation.certificates("finite-mdp", INSTANCES), effort.size(MUTANTS), seed=1)
    met = not tally.false_accepted and not tally.crashes
    yield Row("finite MDPs: false mutants accepted", f"0 of {tally.total:,}", str(tally), met)
