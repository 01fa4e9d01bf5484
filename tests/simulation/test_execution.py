"""One epoch under every method: who is contracted, who comes, who is recruited, and by what knowledge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.problems import OfflineWelfare
from mcsopt.simulation import METHODS, Policy, execute, measure, method
from mcsopt.simulation.bounds import wait_and_see
from mcsopt.simulation.exchanges import Exchanges
from mcsopt.simulation.execution import stage_plan
from tests.simulation.small_scenarios import scenario

NAMES = [one.name for one in METHODS]


def sets(run):
    return [(*a, *b) for a, b in zip(run.served, run.recruited, strict=True)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_everybody_serves_once_within_budgets_and_only_who_came(name, seed):
    drawn = scenario(seed)
    run = execute(drawn, method(name))
    final = sets(run)
    workers = [j for members in final for j in members]
    assert len(set(workers)) == len(workers)
    assert drawn.arrived[workers].all()
    contracted = {j for members in stage_plan(run.plan).sets for j in members}
    assert not contracted & {j for members in run.recruited for j in members}
    for task, members in enumerate(final):
        assert sum(drawn.market.payment[task, list(members)]) <= drawn.market.budget[task] + 2e-9
        for j in members:
            assert drawn.market.payment[task, j] >= run.cost[task, j] - 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_the_same_scenario_gives_the_same_run(name):
    first, again = (execute(scenario(5), method(name)) for _ in range(2))
    assert (first.served, first.recruited, first.offline, first.online) == (
        again.served, again.recruited, again.offline, again.online,
    )  # fmt: skip


def test_each_method_sees_its_own_reports():
    drawn = scenario(0, tasks=5, workers=30)
    pairs = {}
    for name in ("iParts", "iParts(NoP)", "Greedy", "ConOn"):
        market = execute(drawn, method(name)).market
        pairs[name] = set(zip(market.pair_task.tolist(), market.pair_worker.tolist(), strict=True))
    assert pairs["iParts"] == pairs["Greedy"] == pairs["ConOn"]
    assert all(drawn.reports[j, i] for i, j in pairs["iParts"])
    assert all(drawn.intents[j, i] for i, j in pairs["iParts(NoP)"])
    assert pairs["iParts"] != pairs["iParts(NoP)"]


def test_true_intents_cost_no_privacy_unless_asked():
    drawn = scenario(0)
    free = execute(drawn, method("iParts(NoP)")).cost
    same = execute(drawn, method("iParts(NoP)"), Policy(open_cost="same")).cost
    np.testing.assert_allclose(free, drawn.market.execution_cost, atol=1e-9)
    np.testing.assert_allclose(same - free, (drawn.market.privacy_coefficient / drawn.calibration.epsilon)[None, :]
                               * np.ones((4, 1)), atol=2e-9)  # fmt: skip


def test_single_stages_do_nothing_in_the_other():
    drawn = scenario(1)
    off, on = execute(drawn, method("ConOff")), execute(drawn, method("ConOn"))
    assert not any(off.recruited)
    assert off.online.messages == 0
    assert not any(stage_plan(on.plan).sets)
    assert on.offline.messages == 0
    assert stage_plan(off.plan) == stage_plan(execute(drawn, method("iParts")).plan)


def test_without_redundancy_in_mind_the_plan_is_that_of_a_market_without():
    drawn = scenario(2, tasks=5, workers=25)
    blind = execute(drawn, method("iParts(NoR)"))
    seen = blind.plan.problem.instance
    assert not seen.redundancy.any()
    assert np.array_equal(blind.market.redundancy, drawn.market.redundancy)
    assert not blind.repair.problem.instance.redundancy.any()


def test_contracts_hold_though_later_reports_differ():
    drawn = scenario(3, tasks=5, workers=25)
    run = execute(drawn, method("iParts(NoMem)"))
    assert stage_plan(run.plan) == stage_plan(execute(drawn, method("iParts")).plan)
    for task, members in enumerate(run.recruited):
        assert all(drawn.later_reports[j, task] for j in members)
    base = run.repair.problem.instance
    for task, members in enumerate(run.served):
        assert base.base_count[task] == len(members)
        assert base.base_quality_sum[task] == pytest.approx(sum(drawn.market.quality[task, list(members)]))


def test_workers_who_refuse_count_as_not_arrived():
    drawn = scenario(0, tasks=5, workers=25)
    serve, refuse = (execute(drawn, method("iParts"), Policy(mismatch=how)) for how in ("serve", "refuse"))
    unwilling = [(i, j) for i, members in enumerate(serve.served) for j in members if not drawn.intents[j, i]]
    assert unwilling  # the reports lie often enough for the test to say something
    for task, members in enumerate(sets(refuse)):
        assert all(drawn.intents[j, task] for j in members)
    contracted = {j for members in stage_plan(refuse.plan).sets for j in members}
    assert not contracted & set(refuse.idle.tolist())


def test_nobody_who_refuses_is_lost_where_intents_are_known():
    drawn = scenario(0, tasks=5, workers=25)
    serve, refuse = (execute(drawn, method("iParts(NoP)"), Policy(mismatch=how)) for how in ("serve", "refuse"))
    assert sets(serve) == sets(refuse)


def test_the_optimal_stages_are_optimal_and_checked():
    drawn = scenario(0)
    run, game = execute(drawn, method("Optimal")), execute(drawn, method("iParts"))
    problem = OfflineWelfare(run.market)
    assert run.plan.status.value == run.repair.status.value == "PROVED"
    assert run.plan.assurance.value == run.repair.assurance.value == "checked"
    assert run.plan.objective >= problem.evaluate(stage_plan(game.plan)) - 1e-9


def test_a_stage_without_a_feasible_plan_recruits_nobody():
    """Restoration is required, and cannot be had."""
    drawn = scenario(0)
    poor = replace(drawn, market=replace(drawn.market, demand=np.full(4, 1e6)))
    for name in ("Optimal", "iParts", "Greedy"):
        assert not any(execute(poor, method(name), Policy(restore="required")).recruited) or name == "Greedy"


@pytest.mark.parametrize("name", ["iParts", "ConOn"])
def test_ctrl_c_is_not_taken_for_the_end_of_a_stage(monkeypatch, name):
    """The games keep what they have when it comes; as a run of the method that would be a false measurement."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Exchanges, "round", interrupted)
    with pytest.raises(KeyboardInterrupt):
        execute(scenario(0), method(name))


@pytest.mark.parametrize(("name", "value"), [("mismatch", "shrug"), ("open_cost", 3)])
def test_unknown_readings_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name}: is "):
        Policy(**{name: value})


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match="method: is 'iPart'; use one of iParts, iParts"):
        method("iPart")


@pytest.mark.parametrize("name", ["iParts", "iParts(NoP)", "iParts(NoMem)", "Optimal"])
@pytest.mark.parametrize("seed", range(3))
def test_planning_may_cap_the_posterior_of_each_pair(name, seed):
    drawn = scenario(seed, tasks=5, workers=40)
    run = execute(drawn, method(name), Policy(mismatch_risk="pair"))
    pairs = [(i, j) for i, members in enumerate(stage_plan(run.plan).sets) for j in members]
    for i, j in pairs:
        prior, truth = drawn.market.prior[i, j], 1 / (1 + np.exp(-drawn.calibration.epsilon[j]))
        lied = (1 - prior) * (1 - truth)  # Bayes, after a report of 1
        risk = lied / (prior * truth + lied)
        assert risk <= run.market.mismatch_risk + 1e-12 or name == "iParts(NoP)"
    free = execute(drawn, method(name))
    served = sum(map(len, stage_plan(free.plan).sets))
    assert len(pairs) == served if name == "iParts(NoP)" else len(pairs) < served


@pytest.mark.parametrize("seed", range(4))
def test_contracts_that_must_serve_every_task_do_or_there_are_none(seed):
    drawn = scenario(seed, tasks=4, workers=24)
    policy = Policy(service="required")
    best = execute(drawn, method("Optimal"), policy)
    served = [len(members) > 0 for members in stage_plan(best.plan).sets]
    assert all(served) if best.plan.solution is not None else not any(served)
    assert best.contracting.instance.service == "required"
    bound = wait_and_see(best.market, drawn.arrived).dual_bound
    assert measure(best)["SW"] <= bound + 1e-9
