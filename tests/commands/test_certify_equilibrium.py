"""``certify --equilibrium``: the regret of each plan in place of its gap."""

from __future__ import annotations

import json

import pytest

from mcsopt.verification import check
from tests.commands.running import KNAPSACK, MARKET, PLAN, WELFARE, changed, run, write
from tests.commands.test_certify import KEYS


def test_json_and_certificates(capsys, market, tmp_path):
    target = tmp_path / "c.json"
    words = ("certify", market, *WELFARE, "--heuristic", "greedy", "best-response", "--equilibrium")
    outcome = run(capsys, *words, "--json", "--certificate", target)
    assert outcome.status == 0
    assert outcome.err == ""
    for part in outcome.json["runs"]:
        for key, kinds in KEYS.items():
            assert isinstance(part[key], (*kinds, type(None)) if key == "solver" else kinds), key
        assert (part["status"], part["assurance"], part["termination"]) == ("FEASIBLE", "checked", "finished")
        assert (part["solver"], part["dual_bound"], part["gap"], part["optimum"]) == (None, None, None, None)
        assert "equilibrium" in part["seconds"]
    assert outcome.json["runs"][1]["regret"] == 0.0
    documents = json.loads(target.read_text())
    assert [d["evidence"]["regret"] for d in documents] == [part["regret"] for part in outcome.json["runs"]]
    verified = run(capsys, "verify", target, "--json")
    assert verified.status == 0
    claimed = [part["regret"] for part in outcome.json["runs"]]
    assert [part["regret"] for part in verified.json["certificates"]] == claimed


def test_the_table_names_the_deviation(capsys, market, tmp_path):
    # Task 0 could do better with the idle worker 0, task 1 with nobody else.
    plan = write(tmp_path / "plan.json", changed(PLAN, {("assignment",): [[], [1]]}))
    outcome = run(capsys, "certify", market, *WELFARE, "--plan", plan, "--equilibrium")
    assert outcome.status == 0
    # 0.9 * 7 * 12 - 0.9 * 5
    assert "plan: no equilibrium, task 0 alone could gain 71.1000 with workers 0" in outcome.out
    assert "re-derived by the checker" in outcome.out
    stable = run(capsys, "certify", market, *WELFARE, "--heuristic", "best-response", "--equilibrium")
    assert "yes" in stable.out
    assert "could gain" not in stable.out
    gaps = run(capsys, "certify", market, *WELFARE, "--plan", plan)
    assert "plan: no equilibrium, task 0 alone could gain 71.1000 with workers 0" in gaps.out


def test_a_task_may_gain_by_leaving(capsys, tmp_path):
    costs = {("pairs", "cost"): [100.0, 100.0, 7, 8], ("pairs", "payment"): [100.0, 100.0, 42, 43]}
    market = write(tmp_path / "m.json", changed(MARKET, costs))
    plan = write(tmp_path / "plan.json", changed(PLAN, {("assignment",): [[0], [1, 2]]}))
    outcome = run(capsys, "certify", market, *WELFARE, "--plan", plan, "--equilibrium")
    # 0.9 * 100 - 0.9 * 7 * 12
    assert "plan: no equilibrium, task 0 alone could gain 14.4000 without workers" in outcome.out


def test_an_infeasible_plan_is_not_certified(capsys, market, tmp_path):
    target, plan = tmp_path / "c.json", write(tmp_path / "p.json", changed(PLAN, {("assignment",): [[1], [1]]}))
    words = ("certify", market, *WELFARE, "--plan", plan, "--equilibrium")
    outcome = run(capsys, *words, "--json", "--certificate", target)
    assert outcome.status == 3
    assert (outcome.json["status"], outcome.json["regret"]) == ("UNKNOWN", None)
    assert json.loads(target.read_text())["evidence"] is None
    assert check.check(json.loads(target.read_text())).accepted
    human = run(capsys, *words)
    assert "unknown" in human.out
    assert "one task per worker (25a) broken at worker 1" in human.out


def test_an_interrupted_search_keeps_the_plan(capsys, market, tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("mcsopt.verification.equilibrium.best_deviation", interrupt)
    target = tmp_path / "c.json"
    words = ("--heuristic", "greedy", "--equilibrium", "--json", "--certificate", target)
    outcome = run(capsys, "certify", market, *WELFARE, *words)
    assert outcome.status == 0
    assert outcome.err == "mcsopt: interrupted; nothing is claimed of greedy but its value\n"
    assert (outcome.json["status"], outcome.json["termination"]) == ("FEASIBLE", "interrupted")
    assert outcome.json["regret"] is None
    assert check.check(json.loads(target.read_text())).status == "FEASIBLE"


@pytest.mark.parametrize("words", [("--solver", "linear-bound"), ("--max-gap", "0.1")])
def test_there_is_no_bound_to_ask_for(capsys, market, words):
    outcome = run(capsys, "certify", market, *WELFARE, "--heuristic", "greedy", "--equilibrium", *words)
    assert outcome.status == 2
    assert "argument --equilibrium: there is no bound, hence no --solver and no --max-gap" in outcome.err


def test_a_problem_that_is_no_game_is_refused(capsys, tmp_path):
    items = write(tmp_path / "k.json", KNAPSACK)
    words = ("certify", items, "--problem", "knapsack", "--heuristic", "density-greedy", "--equilibrium")
    outcome = run(capsys, *words)
    assert outcome.status == 2
    assert outcome.err == "mcsopt: problem: knapsack is no game; certify the gap of the plan instead\n"


def test_the_time_limit_is_the_checkers(capsys, market):
    words = ("--heuristic", "greedy", "--equilibrium", "--time-limit", 0)
    outcome = run(capsys, "certify", market, *WELFARE, *words)
    assert outcome.status == 2
    assert "time limit of 0 s hit" in outcome.err
