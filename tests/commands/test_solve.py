"""``mcsopt solve``: the optimum or a bound, solution files, starts, why there is none."""

from __future__ import annotations

import json

import pytest

from tests.commands.running import IMPOSSIBLE, PACKING, PLAN, changed, impossible, run, write

KEYS = {
    "problem", "options", "instance_digest", "solver", "status", "assurance", "termination", "objective", "dual_bound",
    "gap", "solution", "violations", "seconds", "seed", "versions", "message",
}  # fmt: skip
EXACT = [
    ("offline-welfare", "branch-and-price"), ("offline-welfare", "highs"), ("offline-welfare", "cp-sat"),
    ("offline-welfare", "enumeration"), ("knapsack", "knapsack"), ("knapsack", "highs"), ("knapsack", "cp-sat"),
    ("knapsack", "enumeration"),
]  # fmt: skip
SOLVERS = [*EXACT, ("offline-welfare", "linear-bound")]


@pytest.mark.parametrize(("problem", "solver"), SOLVERS)
def test_json_of_every_solver(capsys, instances, problem, solver):
    outcome = run(capsys, "solve", instances[problem], "--problem", problem, "--solver", solver, "--json", "--seed", 5)
    assert outcome.status == 0
    document = outcome.json
    assert set(document) == KEYS
    assert document["solver"] == solver
    assert document["seed"] == 5
    assert document["assurance"] == ("backend" if solver in ("highs", "cp-sat") else "float")
    assert document["termination"] == "finished"
    assert document["objective"] <= document["dual_bound"] * (1 + 1e-9)
    if (problem, solver) in EXACT:
        best = run(capsys, "solve", instances[problem], "--problem", problem, "--json").json
        assert document["objective"] == pytest.approx(best["objective"], rel=1e-9)
        assert best["status"] == "PROVED"


@pytest.mark.parametrize(("problem", "solver"), SOLVERS)
def test_a_time_limit_of_zero_still_gives_a_plan(capsys, instances, problem, solver):
    words = ("solve", instances[problem], "--problem", problem, "--solver", solver, "--time-limit", 0, "--json")
    outcome = run(capsys, *words)
    assert outcome.status == 0
    document = outcome.json
    assert document["objective"] >= 0
    assert document["violations"] == []
    if solver in ("highs", "cp-sat", "enumeration"):
        assert document["dual_bound"] is None  # nobody has given one; unknown is null
    else:
        assert document["dual_bound"] >= document["objective"] * (1 - 1e-9)


@pytest.mark.parametrize("problem", ["offline-welfare", "knapsack"])
def test_the_default_solver_bounds_in_no_time(capsys, problem):
    document = run(capsys, "solve", "--problem", problem, "--time-limit", 0, "--json").json
    assert document["status"] == "BOUNDED"
    assert document["termination"] == "time"
    assert document["gap"] > 0


def test_the_solution_file_can_be_certified_and_started_from(capsys, instances, tmp_path):
    target = tmp_path / "solution.json"
    for problem, instance in instances.items():
        outcome = run(capsys, "solve", instance, "--problem", problem, "-o", target)
        assert outcome.status == 0
        assert f"wrote {target}" in outcome.out
        assert json.loads(target.read_text())["format"] == "mcsopt-solution/1"
        certified = run(capsys, "certify", instance, "--problem", problem, "--plan", target, "--json").json
        assert certified["status"] == "PROVED"
        started = run(
            capsys, "solve", instance, "--problem", problem, "--start", target, "--time-limit", 0, "--json"
        ).json
        assert started["objective"] == certified["objective"]


def test_a_start_is_kept_by_a_backend_without_time(capsys, instances, tmp_path):
    start = write(tmp_path / "start.json", PACKING)
    words = ("--problem", "knapsack", "--solver", "highs", "--time-limit", 0, "--start", start, "--json")
    assert run(capsys, "solve", instances["knapsack"], *words).json["solution"] == PACKING


def test_an_infeasible_start_is_ignored(capsys, instances, tmp_path):
    start = write(tmp_path / "start.json", changed(PLAN, {("assignment",): [[1], [1]]}))
    words = ("--problem", "offline-welfare", "--start", start, "--json")
    outcome = run(capsys, "solve", instances["offline-welfare"], *words)
    assert outcome.status == 0
    assert outcome.json["status"] == "PROVED"


def test_the_table(capsys, instances):
    outcome = run(capsys, "solve", instances["knapsack"], "--problem", "knapsack")
    assert outcome.status == 0
    for word in ("knapsack", "9.0000", "PROVED", "assurance: float", "termination: finished"):
        assert word in outcome.out


def test_a_gap_that_is_close_enough(capsys, tmp_path):
    market = tmp_path / "market.json"
    words = ("--kind", "sensing-market", "--tasks", 12, "--workers", 48, "--variant", "hard", "--seed", 0, "-o", market)
    assert run(capsys, "generate", *words).status == 0
    outcome = run(capsys, "solve", market, "--problem", "offline-welfare", "--gap", "0.05", "--json")
    assert outcome.status == 0
    assert (outcome.json["status"], outcome.json["termination"]) == ("BOUNDED", "gap")
    assert 0 < outcome.json["gap"] <= 0.05


@pytest.mark.parametrize("solver", [None, "highs", "cp-sat", "enumeration", "branch-and-price"])
@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_impossible_market_says_why_whoever_is_asked(capsys, tmp_path, name, solver):
    instance, target = write(tmp_path / "m.json", impossible(name)), tmp_path / "out.json"
    chosen = ("--solver", solver) if solver else ()
    words = ("solve", instance, "--problem", "offline-welfare", "--output", target, *chosen)
    outcome = run(capsys, *words, "--json")
    assert outcome.status == 3
    assert outcome.json["status"] == "INFEASIBLE"
    assert outcome.json["solution"] is None
    assert IMPOSSIBLE[name][1] in outcome.json["message"]
    assert not target.exists()
    human = run(capsys, *words)
    assert human.status == 3
    assert IMPOSSIBLE[name][1] in human.out


def test_no_plan_within_the_limits_is_unknown_not_infeasible(capsys, tmp_path):
    instance = write(tmp_path / "m.json", impossible("scarce"))
    words = ("--problem", "offline-welfare", "--solver", "linear-bound", "--json")
    outcome = run(capsys, "solve", instance, *words)
    assert outcome.status == 3
    assert outcome.json["status"] == "UNKNOWN"
    assert outcome.json["dual_bound"] is not None
