"""``mcsopt certify --policy``: tables of decisions, certified as any plan is."""

import json
from pathlib import Path

import pytest

from mcsopt.commands import policy_file
from mcsopt.data.files import write_instance, write_solution
from mcsopt.data.worker_processes import worker_process
from mcsopt.problems import DecisionProcess, FiniteMdp, Policy
from mcsopt.problems.worker_process import tabular
from mcsopt.solvers.worker_process import greedy_by_expectation, optimal, value_of
from mcsopt.verification import verify
from tests.commands.running import KNAPSACK, run, write

MDP = ("--problem", "finite-mdp")
PROCESS = DecisionProcess(2, 0, [0, 0], [0, 1], [0, 1], [1.0, 1.0], [1.0, 1.5], discount=1.0, horizon=3)
"""Action 0 pays 1 and stays, action 1 pays 1.5 and ends: best is 0, 0, 1, worth 3.5."""


@pytest.fixture
def instance(tmp_path):
    path = tmp_path / "mdp.json"
    write_instance(PROCESS, path)
    return path


def text(tmp_path, content):
    path = tmp_path / "policy"
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("content", "objective"),
    [("[0, -1]", 3.0), ("[[0, -1], [0, -1], [1, -1]]", 3.5), ("0\n-1\n", 3.0), (" 1\n\n -1", 1.5)],
)
def test_a_table_is_certified(capsys, tmp_path, instance, content, objective):
    policy, certificate = text(tmp_path, content), tmp_path / "c.json"
    outcome = run(capsys, "certify", instance, *MDP, "--policy", policy, "--certificate", certificate, "--json")
    assert outcome.status == 0
    document = outcome.json
    assert (document["objective"], document["optimum"]) == (objective, 3.5)
    assert (document["heuristic"], document["plan"]) == (None, str(policy))
    assert verify(json.loads(certificate.read_text())).accepted


def test_a_solution_file_is_a_policy(capsys, tmp_path, instance):
    path = tmp_path / "solution.json"
    write_solution(FiniteMdp(PROCESS), Policy([1, -1]), path)
    outcome = run(capsys, "certify", instance, *MDP, "--policy", path, "--max-gap", 0.5)
    assert outcome.status == 1
    assert "policy" in outcome.out


def test_decisions_of_a_worker_process_are_a_policy(capsys, tmp_path):
    process = worker_process(2, seed=0, speed=4000.0)
    greedy, path = value_of(process, greedy_by_expectation(process)), tmp_path / "worker.json"
    write_instance(tabular(process), path)
    policy = text(tmp_path, "\n".join(map(str, greedy.actions)))
    document = run(capsys, "certify", path, *MDP, "--policy", policy, "--json").json
    assert document["objective"] == pytest.approx(greedy.value, abs=1e-9)
    assert document["optimum"] == pytest.approx(optimal(process).value, abs=1e-9)
    assert document["violations"] == []


def test_an_action_that_a_state_lacks_is_a_violation(capsys, tmp_path, instance):
    outcome = run(capsys, "certify", instance, *MDP, "--policy", text(tmp_path, "[5, -1]"), "--json")
    assert outcome.status == 3
    assert "state 0" in str(outcome.json["violations"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0\nx\n", "line 2: is 'x', not an action; give a table"),
        ("[0]", "policy: has 1 entries; give one action for each of the 2 states"),
        ("[0, 0.5]", "policy[1]: is 0.5, not an integer"),
        ("[0, ", "line 1, column"),
        ("{}", "format"),
        ("", "is empty; give a policy"),
        ("\x80\x04K", "line 1: is "),
    ],
)
def test_bad_tables_are_named(capsys, tmp_path, instance, content, message):
    path = text(tmp_path, content)
    outcome = run(capsys, "certify", instance, *MDP, "--policy", path)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
    assert str(path) in outcome.err


def test_no_file_and_no_text(capsys, tmp_path, instance):
    missing = run(capsys, "certify", instance, *MDP, "--policy", tmp_path / "none")
    assert (missing.status, "does not exist" in missing.err) == (2, True)
    binary = tmp_path / "weights.pkl"
    binary.write_bytes(b"\x80\x04\xff\xfe")
    refused = run(capsys, "certify", instance, *MDP, "--policy", binary)
    assert (refused.status, "is not UTF-8 text; give a policy as a table" in refused.err) == (2, True)


def test_it_is_for_decision_processes(capsys, tmp_path):
    path = write(tmp_path / "knapsack.json", KNAPSACK)
    outcome = run(capsys, "certify", path, "--problem", "knapsack", "--policy", text(tmp_path, "[0]"))
    assert outcome.status == 2
    assert "--policy: is for problem 'finite-mdp'; give --plan" in outcome.err


def test_it_is_not_overwritten(capsys, tmp_path, instance):
    path = text(tmp_path, "[0, -1]")
    outcome = run(capsys, "certify", instance, *MDP, "--policy", path, "--certificate", path)
    assert outcome.status == 2
    assert path.read_text() == "[0, -1]"


def lazy(problem: FiniteMdp, path: str) -> Policy:
    assert Path(path).read_bytes().startswith(b"LAZY")
    return Policy([0, -1])


def test_a_reader_is_told_by_how_the_file_begins(capsys, tmp_path, instance, monkeypatch):
    form = policy_file.Reader(b"LAZY\x00", f"{__name__}:lazy")
    monkeypatch.setattr(policy_file, "READERS", (form,))
    path = tmp_path / "weights"
    path.write_bytes(b"LAZY\x00\xff")
    assert run(capsys, "certify", instance, *MDP, "--policy", path, "--json").json["objective"] == 3.0
    other = text(tmp_path, "[1, -1]")
    assert run(capsys, "certify", instance, *MDP, "--policy", other, "--json").json["objective"] == 1.5
