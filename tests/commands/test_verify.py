"""``mcsopt verify``: accepts what holds, refuses what does not, and pins whose market it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.running import KNAPSACK, MARKET, changed, impossible, run, write

KEYS = ("problem", "accepted", "reason", "status", "objective", "dual_bound", "gap", "regret", "arithmetic", "work")


@pytest.fixture
def certificates(capsys, tmp_path) -> dict[str, Path]:
    """Certificates of a market, a knapsack, an impossible market, and a list of two."""
    found = {}
    for name, document, words in (
        ("market", MARKET, ("offline-welfare", "--heuristic", "greedy")),
        ("knapsack", KNAPSACK, ("knapsack", "--heuristic", "density-greedy")),
        ("impossible", impossible("poor"), ("offline-welfare", "--heuristic", "greedy")),
        ("list", MARKET, ("offline-welfare", "--heuristic", "greedy", "aspire-off")),
    ):
        instance, target = write(tmp_path / f"{name}.json", document), tmp_path / f"{name}.certificate.json"
        run(capsys, "certify", instance, "--certificate", target, "--problem", *words)
        found[name] = target
    return found


def tamper(path: Path, target: Path, changes: dict[tuple[Any, ...], Any]) -> Path:
    return write(target, changed(json.loads(path.read_text()), changes))


@pytest.mark.parametrize("name", ["market", "knapsack", "impossible"])
def test_an_honest_certificate_is_accepted(capsys, certificates, name):
    outcome = run(capsys, "verify", certificates[name])
    assert outcome.status == 0
    assert outcome.out.startswith("ACCEPTED")
    assert "arithmetic:" in outcome.out
    document = run(capsys, "verify", certificates[name], "--json").json
    assert set(document) == set(KEYS)
    assert document["accepted"] is True
    recorded = json.loads(certificates[name].read_text())
    for key in ("problem", "status", "objective"):
        assert document[key] == recorded[key]


def test_a_list_is_accepted_if_each_is(capsys, certificates, tmp_path):
    outcome = run(capsys, "verify", certificates["list"], "--json")
    assert outcome.status == 0
    assert outcome.json["accepted"] is True
    assert [part["accepted"] for part in outcome.json["certificates"]] == [True, True]
    shown = run(capsys, "verify", certificates["list"]).out
    assert shown.count("ACCEPTED") == 2
    assert "ACCEPTED offline-welfare, plan greedy: " in shown
    assert "ACCEPTED offline-welfare, plan aspire-off: " in shown
    false = tamper(certificates["list"], tmp_path / "false.json", {(1, "objective"): 1e6})
    outcome = run(capsys, "verify", false, "--json")
    assert outcome.status == 1
    assert outcome.json["accepted"] is False
    assert [part["accepted"] for part in outcome.json["certificates"]] == [True, False]


@pytest.mark.parametrize(
    "changes",
    [
        {("objective",): 1e6},
        {("gap",): 0.0},
        {("dual_bound",): 1.0},
        {("digest",): "sha256:" + "0" * 64},
        {("status",): "PROVED"},
        {("instance", "tasks", "budget", 0): 101},
        {("solution", "assignment"): [[], []]},
        {("format",): "mcsopt-certificate/2"},
        {("problem",): "knapsack"},
        {("problem",): "\x1b[31m\n\ud800"},
        {("evidence",): None},
        {("remark",): "hello"},
    ],
    ids=str,
)
def test_a_false_or_malformed_claim_is_refused(capsys, certificates, tmp_path, changes):
    false = tamper(certificates["market"], tmp_path / "false.json", changes)
    outcome = run(capsys, "verify", false)
    assert outcome.status == 1
    assert outcome.err == ""
    assert outcome.out.startswith("REFUSED")
    assert outcome.out.count("\n") == 1
    assert outcome.out[:-1].isprintable()
    document = run(capsys, "verify", false, "--json").json
    assert document["accepted"] is False
    assert document["reason"]


@pytest.mark.parametrize("content", ["{}", "[1]", '"text"', "null", "[[]]", '[{"problem": 3}]'])
def test_json_that_is_no_certificate_is_refused(capsys, tmp_path, content):
    outcome = run(capsys, "verify", write(tmp_path / "c.json", content))
    assert outcome.status == 1
    assert outcome.out.startswith("REFUSED certificate: ")


def test_the_instance_pins_whose_market_it_is(capsys, certificates, tmp_path):
    assert run(capsys, "verify", certificates["market"], "--instance", tmp_path / "market.json").status == 0
    other = write(tmp_path / "other.json", changed(MARKET, {("tasks", "budget"): [100, 121]}))
    outcome = run(capsys, "verify", certificates["market"], "--instance", other)
    assert outcome.status == 1
    assert "about another instance" in outcome.out
    outcome = run(capsys, "verify", certificates["market"], "--instance", tmp_path / "knapsack.json", "--json")
    assert outcome.status == 1
    assert outcome.json["accepted"] is False


def test_the_instance_may_list_its_pairs_in_another_order(capsys, certificates, tmp_path):
    pairs = {("pairs", key): column[::-1] for key, column in MARKET["pairs"].items()}
    same = write(tmp_path / "same.json", changed(MARKET, pairs))
    assert run(capsys, "verify", certificates["market"], "--instance", same).status == 0


def test_a_time_limit_of_zero_refuses(capsys, certificates):
    outcome = run(capsys, "verify", certificates["market"], "--time-limit", 0)
    assert outcome.status == 1
    assert "time limit" in outcome.out
    assert run(capsys, "verify", certificates["market"], "--time-limit", 60).status == 0
    assert run(capsys, "verify", certificates["market"], "--time-limit", "inf").status == 0
