"""Models show themselves in notebooks, and are otherwise the models they were."""

from __future__ import annotations

import pickle

import numpy as np
import pyomo.environ as pyo
import pytest

import mcsopt
from mcsopt.models import statement
from mcsopt.problems import CentralCoalition, DataCoalition, Knapsack, KnapsackInstance, OfflineWelfare, StableCoalition

PLAYERS = DataCoalition(np.array([0.0018, 0.00215, 0.0022, 0.015]), 0.25, 1.0)
ITEMS = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 6.5], 7.5))
PROBLEMS = [
    OfflineWelfare(mcsopt.data.sensing_market(tasks=4, workers=16, seed=0)),
    ITEMS,
    StableCoalition(PLAYERS),
    CentralCoalition(PLAYERS),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_a_model_says_what_it_asks(problem):
    model = mcsopt.model(problem)
    page = model._repr_html_()
    assert f"<td>{model.name}</td>" in page
    assert f"<td>{problem.sense}imise</td>" in page
    assert f"<td>{model.nvariables():,}</td>" in page
    assert f"<td>{model.nconstraints():,}</td>" in page
    assert statement(problem).describe(problem).splitlines()[0] in page
    assert "&lt;=" in page
    assert isinstance(model, pyo.ConcreteModel)
    assert model.ctype is pyo.Block
    assert model.clone()._repr_html_() == page


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_a_cp_sat_statement_says_what_it_asks(problem):
    stated = statement(problem).build_cp_sat(problem)
    page = stated._repr_html_()
    assert "CP-SAT model" in page
    assert f"<td>{len(stated.model.proto.variables):,}</td>" in page
    assert statement(problem).describe(problem).splitlines()[0] in page


def test_a_pickled_model_is_the_same_model():
    model = mcsopt.model(ITEMS)
    again = pickle.loads(pickle.dumps(model))
    assert again._repr_html_() == model._repr_html_()
    assert pyo.value(again.capacity.upper) == pyo.value(model.capacity.upper)


def test_a_solved_model_is_read_as_before():
    model = mcsopt.model(ITEMS)
    pyo.SolverFactory("appsi_highs").solve(model)
    assert statement(ITEMS).read_pyomo(ITEMS, model).items == (0, 1)
