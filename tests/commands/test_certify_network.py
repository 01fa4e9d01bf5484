"""``mcsopt certify --policy`` with a saved network."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from mcsopt.data.decision_processes import decision_process
from mcsopt.data.files import write_instance
from mcsopt.heuristics.dqn import learn
from mcsopt.heuristics.dqn_weights import MAGIC, save_network
from mcsopt.problems import FiniteMdp
from tests.commands.running import run

MDP = ("--problem", "finite-mdp")


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    write_instance(decision_process(states=12, seed=3), tmp_path / "mdp.json")
    return tmp_path / "mdp.json"


def test_a_network_is_certified_as_the_policy_it_takes(capsys, tmp_path, instance):
    problem = FiniteMdp(decision_process(states=12, seed=3))
    learned = learn(problem, steps=30)
    save_network(learned.network, tmp_path / "q.net", actions=learned.actions)
    outcome = run(capsys, "certify", instance, *MDP, "--policy", tmp_path / "q.net", "--json")
    document = outcome.json
    assert outcome.status == 0
    assert document["objective"] == learned.value
    assert document["dual_bound"] >= learned.value
    assert document["gap"] is not None


@pytest.mark.parametrize("data", [MAGIC, MAGIC + pickle.dumps({"a": 1}), MAGIC + b"\x02" + bytes(7) + b"{}"])
def test_what_is_no_network_is_one_line(capsys, tmp_path, instance, data):
    (tmp_path / "bad.net").write_bytes(data)
    outcome = run(capsys, "certify", instance, *MDP, "--policy", tmp_path / "bad.net")
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "bad.net" in outcome.err


def test_a_network_of_another_process_is_refused(capsys, tmp_path, instance):
    learned = learn(FiniteMdp(decision_process(states=5)), steps=3)
    save_network(learned.network, tmp_path / "q.net", actions=learned.actions)
    outcome = run(capsys, "certify", instance, *MDP, "--policy", tmp_path / "q.net")
    assert outcome.status == 2
    assert "5 states told by number, the process 12" in outcome.err
