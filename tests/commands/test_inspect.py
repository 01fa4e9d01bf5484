"""``mcsopt inspect``: what it prints is the model, as other programs read it."""

from __future__ import annotations

import math
from pathlib import Path

import highspy
import pytest
from ortools.sat.python import cp_model

from tests.commands.refusing import refused
from tests.commands.running import KNAPSACK, MARKET, changed, impossible, run, write

PROBLEMS = ["offline-welfare", "knapsack"]


def optimum(capsys: pytest.CaptureFixture[str], instance: Path, problem: str) -> float:
    value: float = run(capsys, "solve", instance, "--problem", problem, "--json").json["objective"]
    return value


def read_with_highs(path: Path) -> highspy.Highs:
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("mip_rel_gap", 0.0)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk
    solver.run()
    return solver


@pytest.mark.parametrize("problem", PROBLEMS)
def test_text_states_the_problem(capsys, instances, problem):
    outcome = run(capsys, "inspect", instances[problem], "--problem", problem)
    assert outcome.status == 0
    for word in ("choose", "max", "s.t.", "<="):
        assert word in outcome.out
    assert outcome.out == run(capsys, "inspect", instances[problem], "--problem", problem, "--format", "text").out


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("form", ["lp", "mps"])
def test_an_exported_program_has_the_same_optimum(capsys, instances, tmp_path, problem, form):
    outcome = run(capsys, "inspect", instances[problem], "--problem", problem, "--format", form)
    assert outcome.status == 0
    assert outcome.err == ""
    solver = read_with_highs(write(tmp_path / f"model.{form}", outcome.out))
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    assert solver.getObjectiveValue() == pytest.approx(optimum(capsys, instances[problem], problem), rel=1e-9)


@pytest.mark.parametrize("form", ["lp", "mps"])
def test_the_default_market_exports(capsys, tmp_path, form):
    text = run(capsys, "inspect", "--problem", "offline-welfare", "--format", form).out
    solver = read_with_highs(write(tmp_path / f"model.{form}", text))
    best = run(capsys, "solve", "--problem", "offline-welfare", "--json").json["objective"]
    assert solver.getObjectiveValue() == pytest.approx(best, rel=1e-7)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_cp_sat_model_has_the_same_optimum(capsys, instances, problem):
    outcome = run(capsys, "inspect", instances[problem], "--problem", problem, "--format", "cp-sat")
    assert outcome.status == 0
    model = cp_model.CpModel()
    assert model.proto.parse_text_format(outcome.out)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    # The objective is the problem's times a power of two, coefficients rounded up to integers.
    best = optimum(capsys, instances[problem], problem)
    scale = 2.0 ** round(math.log2(solver.objective_value / best))
    assert solver.objective_value / scale == pytest.approx(best, rel=1e-5)
    assert solver.objective_value / scale >= best


@pytest.mark.parametrize("form", ["lp", "mps"])
def test_an_impossible_market_exports_an_infeasible_program(capsys, tmp_path, form):
    for name in ("poor", "scarce"):
        instance = write(tmp_path / "m.json", impossible(name))
        outcome = run(capsys, "inspect", instance, "--problem", "offline-welfare", "--format", form)
        assert outcome.status == 0
        status = read_with_highs(write(tmp_path / f"{name}.{form}", outcome.out)).getModelStatus()
        assert status == highspy.HighsModelStatus.kInfeasible


@pytest.mark.parametrize("form", ["text", "lp", "mps", "cp-sat"])
def test_nothing_to_decide_can_still_be_inspected(capsys, tmp_path, form):
    empty = write(tmp_path / "k.json", changed(KNAPSACK, {("weight",): [], ("value",): []}))
    assert run(capsys, "inspect", empty, "--problem", "knapsack", "--format", form).status == 0
    none = write(tmp_path / "m.json", changed(MARKET, {("pairs",): {key: [] for key in MARKET["pairs"]}}))
    assert run(capsys, "inspect", none, "--problem", "offline-welfare", "--format", form).status == 0


# Written in place of printed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("form", ["text", "lp", "mps", "cp-sat"])
def test_what_is_written_is_what_is_printed(capsys, instances, tmp_path, problem, form):
    words = ("inspect", instances[problem], "--problem", problem, "--format", form)
    outcome = run(capsys, *words, "-o", tmp_path / "model.out")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err == f"wrote {tmp_path / 'model.out'}\n"
    assert (tmp_path / "model.out").read_text() == run(capsys, *words).out


@pytest.mark.parametrize(("name", "form"), [("m.lp", "lp"), ("m.MPS", "mps"), ("m.txt", "text"), ("m", "text")])
def test_the_ending_says_the_format(capsys, instances, tmp_path, name, form):
    words = ("inspect", instances["knapsack"], "--problem", "knapsack")
    assert run(capsys, *words, "-o", tmp_path / name).status == 0
    assert (tmp_path / name).read_text() == run(capsys, *words, "--format", form).out


def test_outputs_that_are_refused(capsys, instances, tmp_path):
    instance = instances["knapsack"]
    words = ("inspect", instance, "--problem", "knapsack")
    line = refused(capsys, tmp_path, *words, "--format", "lp", "-o", tmp_path / "m.mps")
    assert line == f"mcsopt: --format: is lp, and {tmp_path / 'm.mps'} ends in .mps; drop one of them\n"
    assert "ends in .lp" in refused(capsys, tmp_path, *words, "--format", "text", "-o", tmp_path / "m.lp")
    assert "there is no folder" in refused(capsys, tmp_path, *words, "-o", tmp_path / "none" / "m.lp")
    assert "which is read here" in refused(capsys, tmp_path, *words, "-o", instance)


def test_a_statement_too_large_to_write_says_to_take_a_smaller_instance(capsys, tmp_path):
    instance = tmp_path / "large.json"
    run(capsys, "generate", "--kind", "data-coalition", "--players", 301, "--seed", 0, "-o", instance)
    outcome = run(capsys, "inspect", instance, "--problem", "stable-coalition", "--format", "cp-sat")
    assert outcome.status == 2
    assert "instance: is too large to write its statement out (301 players" in outcome.err
    assert outcome.err.endswith("inspect a smaller one of its kind\n")
