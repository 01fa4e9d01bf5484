"""LP and MPS files, read back by HiGHS itself: the optimum is that of `mcsopt.solve`, the numbers are all there."""

from __future__ import annotations

import sys
from types import ModuleType

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest

from mcsopt.data import data_coalition, default_instance, knapsack, sensing_market
from mcsopt.errors import InputError, TooLarge
from mcsopt.models import write_model
from mcsopt.problems import (
    CentralCoalition,
    CoalitionStructure,
    FiniteMdp,
    Knapsack,
    KnapsackInstance,
    OfflineWelfare,
    OnlineRecruitment,
    StableCoalition,
    WorkerPath,
    problem_types,
)
from mcsopt.result import Status
from mcsopt.solvers import solve

PRESOLVE = {"stable-coalition": "off"}  # HiGHS's has cut off coalitions that keep every row
STATED = {
    "offline-welfare": OfflineWelfare(sensing_market(tasks=6, workers=24, seed=1)),
    "online-recruitment": OnlineRecruitment(default_instance("online-market")),
    "knapsack": Knapsack(default_instance("knapsack")),
    "central-coalition": CentralCoalition(data_coalition(players=6, seed=1)),
    "stable-coalition": StableCoalition(default_instance("data-coalition")),
    "finite-mdp": FiniteMdp(default_instance("finite-mdp")),
    "worker-path": WorkerPath(default_instance("worker-path")),
    "coalition-structure": CoalitionStructure(default_instance("coalition-structure")),
}


def read_back(path, presolve: str = "on") -> highspy.Highs:
    """Solve a file with HiGHS itself, as tightly as it can."""
    solver = highspy.Highs()
    solver.silent()
    for name, value in {"mip_rel_gap": 0.0, "mip_feasibility_tolerance": 1e-9, "presolve": presolve}.items():
        solver.setOptionValue(name, value)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk
    solver.run()
    return solver


@pytest.mark.parametrize("ending", ["lp", "mps"])
@pytest.mark.parametrize("name", STATED)
def test_the_optimum_of_the_file_is_that_of_solve(tmp_path, name, ending):
    problem = STATED[name]
    write_model(problem, tmp_path / f"model.{ending}")
    solver, best = read_back(tmp_path / f"model.{ending}", PRESOLVE.get(name, "on")), solve(problem)
    assert best.status is Status.PROVED
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    assert solver.getObjectiveValue() == pytest.approx(best.objective, rel=1e-7)


@pytest.mark.parametrize("ending", ["lp", "mps"])
@pytest.mark.parametrize("name", STATED)
def test_small_problems_of_every_sort(tmp_path, name, ending):
    rng, question, seen = np.random.default_rng(4), type(STATED[name]), set()
    for _ in range(6):
        problem = question.random_small(rng)
        best = solve(problem)
        seen.add(best.status)
        write_model(problem, tmp_path / f"model.{ending}")
        if best.status is Status.INFEASIBLE or not (best.objective or name == "stable-coalition"):
            continue  # HiGHS calls a program without columns empty, and near-ties of stability may be in the file
        solver = read_back(tmp_path / f"model.{ending}", PRESOLVE.get(name, "on"))
        if name == "stable-coalition":
            assert solver.getObjectiveValue() <= best.objective * (1 + 1e-7)  # a relaxation
        else:
            assert solver.getObjectiveValue() == pytest.approx(best.objective, rel=1e-7, abs=1e-7)
    assert Status.PROVED in seen


def test_every_problem_is_written_or_said_to_be_refused(tmp_path):
    for name, question in problem_types().items():
        problem = question(default_instance(question.instance_type.kind))
        if name in STATED:
            write_model(problem, tmp_path / "model.lp")
        else:
            with pytest.raises(InputError):
                write_model(problem, tmp_path / "model.lp")


@pytest.mark.parametrize("ending", ["lp", "mps"])
def test_numbers_are_written_to_the_last_bit(tmp_path, ending):
    instance = knapsack(items=30, seed=2)
    write_model(Knapsack(instance), tmp_path / f"k.{ending}")
    solver = highspy.Highs()
    solver.silent()
    solver.readModel(str(tmp_path / f"k.{ending}"))
    lp = solver.getLp()
    order = {name: k for k, name in enumerate(lp.col_names_)}
    columns = [order[f"take({item})"] for item in range(30)]
    assert np.array(lp.col_cost_)[columns].tolist() == instance.value.tolist()
    weight = dict(
        zip(np.repeat(np.arange(lp.num_col_), np.diff(lp.a_matrix_.start_)), lp.a_matrix_.value_, strict=True)
    )
    assert [weight[k] for k in columns] == instance.weight.tolist()


def test_an_infeasible_market_is_written_as_one(tmp_path):
    market = sensing_market(tasks=4, workers=2, seed=0, service="required")
    write_model(OfflineWelfare(market), tmp_path / "model.lp")
    assert read_back(tmp_path / "model.lp").getModelStatus() == highspy.HighsModelStatus.kInfeasible


def test_the_ending_and_the_format(tmp_path):
    problem = Knapsack(KnapsackInstance([3.0], [4.0], 5.0))
    write_model(problem, tmp_path / "model.MPS")
    write_model(problem, tmp_path / "model.txt", "mps")
    assert (tmp_path / "model.MPS").read_text() == (tmp_path / "model.txt").read_text()
    write_model(problem, tmp_path / "model", "lp")
    assert "take(0)" in (tmp_path / "model").read_text()
    before = sorted(tmp_path.iterdir())
    for path, form, message in (
        ("model.nl", None, "model.nl: has an unknown ending; name it .lp or .mps, or say which it is"),
        ("model", None, "model: has an unknown ending"),
        ("model.lp", "mps", "model.lp: would be of format 'mps'; name it .mps"),
        ("model.lp", "nl", "format: is 'nl'; use 'lp' or 'mps'"),
        ("none/model.lp", None, "cannot be written: there is no folder"),
    ):
        with pytest.raises(InputError) as caught:
            write_model(problem, tmp_path / path, form)
        assert message in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_statement_that_is_too_large_leaves_no_file(tmp_path):
    with pytest.raises(TooLarge, match="the statement takes up to 300"):
        write_model(CentralCoalition(data_coalition(players=301, seed=0)), tmp_path / "model.lp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["objective", "constraint", "none"])
def test_what_is_not_linear_is_refused(tmp_path, monkeypatch, part):
    def build_pyomo(problem):
        model = pyo.ConcreteModel()
        model.x = pyo.Var(bounds=(0, 1))
        model.bent = pyo.Objective(expr=model.x**2) if part == "objective" else pyo.Constraint(expr=model.x**3 <= 1)
        return model

    module = ModuleType("mcsopt.models.knapsack")
    if part != "none":
        module.build_pyomo = build_pyomo
    monkeypatch.setitem(sys.modules, "mcsopt.models.knapsack", module)
    with pytest.raises(InputError) as caught:
        write_model(STATED["knapsack"], tmp_path / "model.lp")
    wanted = "is stated with bent, which is not linear; take" if part != "none" else "is not stated in Pyomo; read it:"
    assert str(caught.value).startswith(f"problem: 'knapsack' {wanted}")
    assert list(tmp_path.iterdir()) == []
