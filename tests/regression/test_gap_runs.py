"""Runs over entries and seeds: what is recorded, and what stops them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsopt.errors import BackendFault, InputError
from mcsopt.heuristics import density_greedy, load_heuristic
from mcsopt.problems import Packing
from mcsopt.regression import gap_runs
from mcsopt.regression.gap_runs import Target, run_heuristics, run_seeds
from mcsopt.result import Termination, conclude
from tests.regression.small_library import entry

SACKS = [Target(entry(name)) for name in ("knapsack/s0", "knapsack/s1")]


def plain(heuristic):
    return lambda problem: heuristic


def test_runs_are_those_of_the_heuristic_against_the_certified_bound():
    lines = []
    work = [("density-greedy", lambda problem: load_heuristic("density-greedy", problem), SACKS, 2)]
    runs = run_heuristics(work, progress=lines.append)
    assert runs.complete
    assert lines == ["density-greedy on knapsack/s0", "density-greedy on knapsack/s1"]
    for one, target in zip(runs.done, SACKS, strict=True):
        objective = density_greedy(target.problem).objective
        assert one.bound == pytest.approx(entry(one.entry).certificate()["dual_bound"])
        assert one.objectives == (objective, objective)
        assert one.gaps == (pytest.approx(1 - objective / one.bound),) * 2
        assert one.instance == target.problem.instance.digest()
        assert one.seeds == run_seeds(one.entry, 2)


def test_every_run_has_a_seed_of_its_own():
    heard = []

    def listening(problem, *, seed):
        heard.append(seed)
        return density_greedy(problem)

    run_heuristics([("h", plain(listening), SACKS, 5)])
    assert heard == [*run_seeds("knapsack/s0", 5), *run_seeds("knapsack/s1", 5)]
    assert len(set(heard)) == 10
    assert all(0 <= seed < 2**31 for seed in heard)


def test_an_infeasible_plan_is_recorded_as_none():
    def sometimes(problem, *, seed):
        every = Packing(range(problem.instance.num_items))
        return conclude(problem, "h", every if seed == run_seeds("knapsack/s0", 3)[1] else Packing([]))

    (one,) = run_heuristics([("h", plain(sometimes), SACKS[:1], 3)]).done
    assert one.objectives == (0.0, None, 0.0)
    assert one.gaps == (1.0, None, 1.0)
    assert one.infeasible == (one.seeds[1],)


def test_a_run_that_time_stopped_is_refused():
    slow = plain(lambda problem, seed: replace(density_greedy(problem), termination=Termination.TIME))
    with pytest.raises(InputError, match="heuristic h: was stopped by a time limit"):
        run_heuristics([("h", slow, SACKS, 1)])


def test_a_run_that_changes_its_instance_is_refused():
    def lighter(problem, *, seed):
        weight = problem.instance.weight
        weight.setflags(write=True)
        weight *= 0.99
        return density_greedy(problem)

    with pytest.raises(InputError, match="heuristic h: has changed the instance knapsack/s0"):
        run_heuristics([("h", plain(lighter), [Target(entry("knapsack/s0"))], 1)])


@pytest.mark.parametrize("how", ["raises", "keeps its best"])
def test_ctrl_c_keeps_the_finished_entries(how):
    def struck(problem, *, seed):
        if seed == run_seeds("knapsack/s1", 2)[1]:
            if how == "raises":
                raise KeyboardInterrupt
            return replace(density_greedy(problem), termination=Termination.INTERRUPTED)
        return density_greedy(problem)

    runs = run_heuristics([("h", plain(struck), SACKS, 2), ("g", plain(struck), SACKS, 2)])
    assert not runs.complete
    assert [one.entry for one in runs.done] == ["knapsack/s0"]


def test_a_run_that_beats_the_bound_is_a_fault_that_names_both(monkeypatch):
    target = Target(entry("knapsack/s0"))
    target.__dict__["bound"] = 1.0
    with pytest.raises(BackendFault, match=r"^h: a feasible solution worth .* beats the bound 1.0 of knapsack/s0"):
        run_heuristics([("h", plain(lambda problem, seed: density_greedy(problem)), [target], 1)])


def test_the_bound_is_derived_once_for_each_entry(monkeypatch):
    derived, stored = [], gap_runs.stored_bound
    monkeypatch.setattr(gap_runs, "stored_bound", lambda *a: derived.append(a) or stored(*a))
    targets = [Target(entry("knapsack/s0"))]
    work = [(name, plain(lambda problem, seed: density_greedy(problem)), targets, 3) for name in "gh"]
    assert len(run_heuristics(work).done) == 2
    assert len(derived) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("knapsack/vast", "knapsack/vast has no stored certificate"),
        ("offline-welfare/impossible", "offline-welfare/impossible is proved to have none, hence no gap"),
    ],
)
def test_an_entry_without_a_bound_is_refused(name, message):
    with pytest.raises(InputError, match=message):
        Target(entry(name)).bound  # noqa: B018  # the access is the test
