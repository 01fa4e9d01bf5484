"""``mcsopt certify``: gaps, certificates, exit statuses."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from mcsopt.data import library
from mcsopt.data.files import write_solution
from mcsopt.verification import check
from tests.commands.running import (
    IMPOSSIBLE,
    ITEMS,
    KNAPSACK,
    MARKET,
    PACKING,
    PLAN,
    WELFARE,
    changed,
    impossible,
    run,
    write,
)

KEYS: dict[str, tuple[type, ...]] = {
    "problem": (str,),
    "options": (dict,),
    "instance_digest": (str,),
    "heuristic": (str, type(None)),
    "solver": (str,),
    "status": (str,),
    "assurance": (str, type(None)),
    "termination": (str,),
    "objective": (float, type(None)),
    "dual_bound": (float, type(None)),
    "gap": (float, type(None)),
    "solution": (dict, type(None)),
    "violations": (list,),
    "seconds": (dict,),
    "seed": (int, type(None)),
    "versions": (dict,),
    "optimum": (float, type(None)),
    "regret": (float, type(None)),
    "certificate": (str, type(None)),
    "report": (str, type(None)),
    "message": (str,),
    "faults": (list,),
}


def assert_run(document: dict[str, Any]) -> None:
    for key, kinds in KEYS.items():
        assert isinstance(document[key], kinds), key
    assert all(isinstance(seconds, float) and seconds >= 0 for seconds in document["seconds"].values())


@pytest.mark.parametrize("heuristic", ["greedy", "aspire-off"])
def test_json_of_a_market(capsys, market, heuristic):
    outcome = run(capsys, "certify", market, *WELFARE, "--heuristic", heuristic, "--json", "--seed", 3)
    assert outcome.status == 0
    assert outcome.err == ""
    document = outcome.json
    assert_run(document)
    assert document["heuristic"] == heuristic
    assert document["problem"] == "offline-welfare"
    assert document["assurance"] == "checked"
    assert document["termination"] == "finished"
    assert document["seed"] == 3
    assert document["violations"] == []
    assert document["solution"]["format"] == "mcsopt-solution/1"
    assert document["certificate"] is None
    brute = run(capsys, "solve", market, *WELFARE, "--solver", "enumeration", "--json").json
    assert document["optimum"] == pytest.approx(brute["objective"], rel=1e-9)
    assert document["dual_bound"] == pytest.approx(brute["objective"], rel=1e-7)
    assert document["gap"] == pytest.approx(1 - document["objective"] / document["dual_bound"])
    assert document["regret"] >= 0


def test_json_of_a_knapsack(capsys, knapsack):
    document = run(capsys, "certify", knapsack, *ITEMS, "--heuristic", "density-greedy", "--json").json
    assert_run(document)
    assert document["status"] == "PROVED"
    assert document["objective"] == document["optimum"] == 9.0
    assert document["gap"] == 0
    assert document["regret"] is None  # a knapsack is no game


def test_several_heuristics_give_runs_and_a_list_of_certificates(capsys, market, tmp_path):
    target = tmp_path / "certificates.json"
    names = ["greedy", "aspire-off", "greedy"]
    outcome = run(capsys, "certify", market, *WELFARE, "--heuristic", *names, "--json", "--certificate", target)
    assert outcome.status == 0
    document = outcome.json
    assert [part["heuristic"] for part in document["runs"]] == names
    for part in document["runs"]:
        assert_run(part)
        assert part["certificate"] == str(target)
    for key in ("problem", "instance_digest", "versions", "seed", "optimum"):
        assert document[key] == document["runs"][0][key]
    certificates = json.loads(target.read_text())
    assert [c["objective"] for c in certificates] == [part["objective"] for part in document["runs"]]
    assert all(check.check(certificate).accepted for certificate in certificates)


def test_one_heuristic_gives_one_certificate(capsys, knapsack, tmp_path):
    target = tmp_path / "one.json"
    outcome = run(capsys, "certify", knapsack, *ITEMS, "--heuristic", "density-greedy", "--certificate", target)
    assert outcome.status == 0
    assert str(target) in outcome.out
    assert check.check(json.loads(target.read_text())).accepted
    assert list(tmp_path.glob(".*partial")) == []


def test_the_table_shows_each_plan_and_the_optimum(capsys, market):
    outcome = run(capsys, "certify", market, *WELFARE, "--heuristic", "greedy", "aspire-off")
    assert outcome.status == 0
    for word in ("greedy", "aspire-off", "optimum", "PROVED", "re-derived by the checker", "branch-and-price"):
        assert word in outcome.out


@pytest.mark.parametrize(
    ("problem", "heuristic"),
    [("offline-welfare", "greedy"), ("offline-welfare", "aspire-off"), ("knapsack", "density-greedy")],
)
def test_the_embedded_default_is_used_without_an_instance(capsys, problem, heuristic):
    outcome = run(capsys, "certify", "--problem", problem, "--heuristic", heuristic)
    assert outcome.status == 0
    assert "embedded default" in outcome.out


@pytest.mark.parametrize(("problem", "heuristic"), [("offline-welfare", "greedy"), ("knapsack", "density-greedy")])
@pytest.mark.parametrize("solver", [None, "highs", "cp-sat"])
def test_a_time_limit_of_zero_still_bounds(capsys, market, knapsack, problem, heuristic, solver):
    instance = market if problem == "offline-welfare" else knapsack
    chosen = ("--solver", solver) if solver else ()
    outcome = run(
        capsys,
        "certify",
        instance,
        "--problem",
        problem,
        "--heuristic",
        heuristic,
        "--time-limit",
        0,
        "--json",
        *chosen,
    )
    assert outcome.status == 0
    document = outcome.json
    assert document["dual_bound"] >= document["objective"]
    assert document["status"] in ("PROVED", "BOUNDED")
    assert document["assurance"] == "checked"


@pytest.mark.parametrize("solver", ["branch-and-price", "linear-bound", "highs", "cp-sat", "enumeration"])
def test_every_solver_serves_certify(capsys, market, solver):
    document = run(capsys, "certify", market, *WELFARE, "--heuristic", "greedy", "--solver", solver, "--json").json
    assert document["assurance"] == "checked"
    # Solvers without evidence are heard, and held against the evidence of another.
    assert document["solver"] == (solver if solver in ("branch-and-price", "linear-bound") else "branch-and-price")
    assert document["faults"] == []


def test_the_option_of_a_problem_is_passed_on(capsys, tmp_path):
    prior = {("pairs", "intent_prior"): [0.5] * 4, ("workers", "privacy_budget"): [0.1] * 3}
    instance = write(tmp_path / "m.json", changed(MARKET, prior))
    ratio, pair = (
        run(
            capsys, "certify", instance, *WELFARE, "--heuristic", "greedy", "--json", "--option", f"mismatch={mode}"
        ).json
        for mode in ("ratio", "pair")
    )
    assert ratio["options"] == {"mismatch": "ratio"}
    assert pair["options"] == {"mismatch": "pair"}
    assert ratio["objective"] == 0  # (1 - 0.5) / 2 exceeds 0.2 everywhere
    assert pair["objective"] == 0
    assert ratio["instance_digest"] == pair["instance_digest"]


@pytest.mark.parametrize(("gap", "status"), [("0", 1), ("0.1", 1), ("0.5", 0), ("inf", 0)])
def test_max_gap(capsys, market, tmp_path, gap, status):
    plan = write(tmp_path / "plan.json", changed(PLAN, {("assignment",): [[0], [1]]}))
    document = run(capsys, "certify", market, *WELFARE, "--plan", plan, "--json").json
    assert 0.1 < document["gap"] < 0.5
    outcome = run(capsys, "certify", market, *WELFARE, "--plan", plan, "--json", "--max-gap", gap)
    assert outcome.status == status
    assert outcome.json["gap"] == document["gap"]


def test_what_is_proved_optimal_exceeds_no_gap(capsys, tmp_path):
    case = library.entry("stable-coalition/by-hand-printed-nash")
    plan = tmp_path / "plan.json"
    write_solution(case.problem(), case.solution(), plan)
    words = ("certify", f"library:{case.name}", "--problem", case.problem_name, "--plan", plan, "--max-gap", "0")
    outcome = run(capsys, *words, "--json")
    assert (outcome.json["status"], outcome.status) == ("PROVED", 0)
    assert outcome.json["gap"] > 0  # the rounding of the bound


def test_max_gap_speaks_of_the_worst_run(capsys, tmp_path):
    (tmp_path / "empty_plan.py").write_text("def empty(problem, seed):\n    return problem.empty_solution()\n")
    target = write(tmp_path / "k.json", KNAPSACK)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setattr(sys, "path", list(sys.path))
        words = ("certify", target, *ITEMS, "--heuristic", "density-greedy", "empty_plan:empty", "--max-gap", 0.5)
        assert run(capsys, *words).status == 1


def test_a_plan_from_a_file(capsys, market, knapsack, tmp_path):
    plan, packing = write(tmp_path / "plan.json", PLAN), write(tmp_path / "packing.json", PACKING)
    document = run(capsys, "certify", market, *WELFARE, "--plan", plan, "--json").json
    assert document["heuristic"] is None
    assert document["plan"] == str(plan)
    assert document["solution"] == PLAN
    outcome = run(capsys, "certify", knapsack, *ITEMS, "--plan", packing, "--json")
    assert outcome.json["objective"] == 4.0
    assert outcome.json["gap"] == pytest.approx(5 / 9)


def test_an_infeasible_plan_is_reported_not_certified(capsys, market, tmp_path):
    target, plan = tmp_path / "c.json", write(tmp_path / "p.json", changed(PLAN, {("assignment",): [[1], [1]]}))
    outcome = run(
        capsys, "certify", market, *WELFARE, "--plan", plan, "--json", "--certificate", target, "--max-gap", 9
    )
    assert outcome.status == 3
    document = outcome.json
    assert document["status"] == "UNKNOWN"
    assert document["gap"] is None
    assert [v["constraint"] for v in document["violations"]] == ["one task per worker (25a)"]
    certificate = json.loads(target.read_text())
    assert certificate["solution"] is None
    assert certificate["objective"] is None
    human = run(capsys, "certify", market, *WELFARE, "--plan", plan)
    assert human.status == 3
    assert "one task per worker (25a) broken at worker 1 by 1" in human.out


def test_an_overfull_knapsack_is_reported(capsys, knapsack, tmp_path):
    plan = write(tmp_path / "p.json", changed(PACKING, {("items",): [0, 2]}))
    outcome = run(capsys, "certify", knapsack, *ITEMS, "--plan", plan, "--json")
    assert outcome.status == 3
    assert outcome.json["violations"] == [{"constraint": "capacity", "where": "knapsack", "amount": 0.5}]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_impossible_market_says_which_constraints_conflict(capsys, tmp_path, name):
    instance, target = write(tmp_path / "m.json", impossible(name)), tmp_path / "c.json"
    words = ("certify", instance, *WELFARE, "--heuristic", "greedy", "--certificate", target)
    outcome = run(capsys, *words, "--json")
    assert outcome.status == 3
    assert outcome.json["status"] == "INFEASIBLE"
    assert outcome.json["assurance"] == "checked"
    assert outcome.json["dual_bound"] is None
    assert IMPOSSIBLE[name][1] in outcome.json["message"]
    assert check.check(json.loads(target.read_text())).accepted
    human = run(capsys, *words)
    assert human.status == 3
    assert IMPOSSIBLE[name][1] in human.out


def test_more_than_ten_violations_are_counted(capsys, tmp_path):
    tasks = 14
    market = changed(
        MARKET,
        {
            ("tasks",): {"budget": [1] * tasks, "demand": [5] * tasks, "redundancy": [0.1] * tasks},
            ("pairs",): {
                "task": list(range(tasks)), "worker": [0] * tasks, "payment": [40] * tasks, "cost": [5] * tasks,
                "quality": [12] * tasks,
            },
        },
    )  # fmt: skip
    instance = write(tmp_path / "m.json", market)
    plan = write(tmp_path / "p.json", changed(PLAN, {("assignment",): [[0]] * tasks}))
    outcome = run(capsys, "certify", instance, *WELFARE, "--plan", plan)
    assert outcome.status == 3
    assert outcome.out.count("budget (25c) broken") == 10
    assert "and 5 more violations" in outcome.out
