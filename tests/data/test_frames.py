"""Frames of instances, plans and traces: exact, complete, and back again; what would mean something else is refused."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from mcsopt.data import (
    assignment_frame,
    default_instance,
    instance_frames,
    instance_from_frames,
    instance_scalars,
    sensing_market,
    trace_frame,
)
from mcsopt.errors import InputError
from mcsopt.heuristics import aspire_off, density_greedy
from mcsopt.problems import Assignment, Knapsack, OfflineWelfare, instance_types, problem_types

GROUPS = {
    "sensing-market": {
        "tasks": "budget demand redundancy x y",
        "workers": "arrival privacy_budget x y",
        "pairs": "task worker payment cost quality intent_prior",
    },
    "knapsack": {"items": "weight value"},
    "data-coalition": {"players": "cost"},
    "coalition-structure": {"coalitions": "value feasible"},
}


@pytest.fixture
def market():
    return sensing_market(tasks=4, workers=16, seed=0)


@pytest.mark.parametrize("kind", GROUPS)
def test_the_columns_of_an_instance(kind):
    instance = default_instance(kind)
    frames = instance_frames(instance)
    document = instance.to_json()
    assert list(frames) == list(GROUPS[kind])
    for name, columns in GROUPS[kind].items():
        frame = frames[name]
        assert list(frame.columns) == columns.split()
        assert frame.index.tolist() == list(range(len(frame)))
        assert frame.index.name == name[:-1]
        for column in frame:
            assert frame[column].tolist() == document.get(name, document)[column]  # exact, no tolerance
            assert frame[column].dtype == ("int64" if column in ("task", "worker", "feasible") else "float64")


@pytest.mark.parametrize("problem", problem_types())
def test_every_instance_comes_back(problem):
    question = problem_types()[problem]
    rng = np.random.default_rng(0)
    for _ in range(10):
        drawn = question.random_small(rng).instance
        again = instance_from_frames(drawn.kind, instance_frames(drawn), instance_scalars(drawn))
        assert again.digest() == drawn.digest()


def test_a_frame_is_a_copy(market):
    frames = instance_frames(market)
    frames["tasks"].loc[0, "budget"] = 0.0
    assert market.budget[0] > 0


def test_an_instance_is_changed_through_its_frames(market):
    frames, scalars = instance_frames(market), instance_scalars(market)
    assert scalars == {"quality_weight": 7.0, "quality_risk": 0.2, "mismatch_risk": 0.2, "service": "optional"}
    frames["pairs"] = frames["pairs"][frames["pairs"]["payment"] <= 45].sample(frac=1, random_state=0)
    richer = instance_from_frames("sensing-market", frames, scalars | {"service": "required"})
    assert richer.num_pairs == (market.payment <= 45).sum() < market.num_pairs
    assert richer.service == "required"
    assert (np.diff(richer.pair_task) >= 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.update(tasks=f["tasks"].sort_values("budget")), "tasks: is not indexed 0, 1, 2, ..., and pairs"),
        (lambda f: f.update(workers=f["workers"][1:]), "workers: is not indexed 0, 1, 2, ..., and pairs refer to its"),
        (lambda f: f.update(jobs=f["tasks"]), "'jobs': is no frame of kind 'sensing-market'; it has pairs, tasks, w"),
        (lambda f: f.pop("pairs"), "pairs.task: is missing or null; add it"),
        (lambda f: f["tasks"].insert(0, "colour", 1.0), "tasks.colour: is not a known field; known here: budget, de"),
        (lambda f: f["tasks"].insert(0, "demand", 1.0, allow_duplicates=True), "tasks.demand: occurs twice; keep one"),
        (lambda f: f["tasks"].pop("demand"), "tasks.demand: is missing or null; add it"),
        (lambda f: f["pairs"].__setitem__("cost", np.nan), "pairs.cost[0]: is nan; give a number >= 0"),
        (lambda f: f["pairs"].__setitem__("cost", None), "pairs.cost[0]: is null, not a number; give a number >= 0"),
        (lambda f: f["pairs"].__setitem__("cost", "7"), "pairs.cost[0]: is '7', not a number; give a number >= 0"),
        (lambda f: f["pairs"].__setitem__("cost", True), "pairs.cost[0]: is true, not a number; give a number >= 0"),
        (lambda f: f["pairs"].__setitem__("worker", 0.5), "pairs.worker[0]: is 0.5, not an integer; give"),
        (lambda f: f["workers"].__setitem__("arrival", 1.5), "workers.arrival[0]: is 1.5; give a number in [0, 1]"),
    ],
)  # fmt: skip
def test_frames_that_make_no_market(market, change, message):
    frames = instance_frames(market)
    change(frames)
    with pytest.raises(InputError) as caught:
        instance_from_frames("sensing-market", frames, instance_scalars(market))
    assert str(caught.value).startswith(message)


def test_a_kind_or_a_scalar_that_is_none(market):
    with pytest.raises(InputError, match="kind: is 'supermarket'; use one of"):
        instance_from_frames("supermarket", {})
    with pytest.raises(InputError, match="quality_weight: is missing or null; add it"):
        instance_from_frames("sensing-market", instance_frames(market))
    with pytest.raises(InputError, match="colour: is not a known field"):
        instance_from_frames("sensing-market", instance_frames(market), {"colour": "red"})
    with pytest.raises(InputError, match=r"scalars.tasks: is a group of columns; give it as a frame"):
        instance_from_frames("sensing-market", {}, {"tasks": {"budget": [1.0]}})
    with pytest.raises(InputError, match="tasks: is a dict; give a pandas DataFrame"):
        instance_from_frames("sensing-market", {"tasks": {"budget": [1.0]}})


def test_a_plan_as_a_frame(market):
    problem = OfflineWelfare(market)
    plan = aspire_off(problem, seed=0).solution
    frame = assignment_frame(problem, plan)
    assert len(frame) == sum(map(len, plan.sets)) > 0
    assert Assignment([frame["worker"][frame["task"] == i] for i in range(market.num_tasks)]) == plan
    assert frame.equals(assignment_frame(problem, {"assignment": plan.sets}))
    pairs = instance_frames(market)["pairs"].loc[frame["pair"]].reset_index(drop=True)
    for column in ("task", "worker", "payment", "cost", "quality", "intent_prior"):
        assert frame[column].tolist() == pairs[column].tolist()
    assert frame["arrival"].tolist() == market.arrival[frame["worker"]].tolist()
    spent = frame.groupby("task")["payment"].sum()
    assert (spent <= market.budget[spent.index] + 1e-9).all()


def test_an_empty_plan_has_the_same_columns(market):
    problem = OfflineWelfare(market)
    full = assignment_frame(problem, aspire_off(problem, seed=0).solution)
    empty = assignment_frame(problem, problem.empty_solution())
    assert len(empty) == 0
    assert empty.dtypes.equals(full.dtypes)


def test_plans_that_make_no_frame(market):
    problem = OfflineWelfare(market)
    with pytest.raises(InputError, match=r"assignment\[0\]: names worker"):
        assignment_frame(problem, Assignment([[int(j)] for j in _without_pair(market)]))
    with pytest.raises(InputError, match="solution: is of type NoneType"):
        assignment_frame(problem, None)
    with pytest.raises(InputError, match="problem: has no assignment of workers to tasks; select rows"):
        assignment_frame(Knapsack(default_instance("knapsack")), {"items": []})


def _without_pair(market):
    """Return, for each task, a worker it has no pair with."""
    everybody = np.arange(market.num_workers)
    return [np.setdiff1d(everybody, market.pair_worker[market.pairs_of(i)])[0] for i in range(market.num_tasks)]


def test_a_trace_as_a_frame(market):
    run = aspire_off(OfflineWelfare(market), seed=0)
    frame = trace_frame(run)
    assert len(frame) == len(run.trace) > 0
    assert list(frame.itertuples(index=False, name=None)) == [(s.round, s.mover, s.potential) for s in run.trace]
    none = trace_frame(density_greedy(Knapsack(default_instance("knapsack"))))
    assert len(none) == 0
    assert none.dtypes.equals(frame.dtypes)
    assert [str(dtype) for dtype in none.dtypes] == ["int64", "int64", "float64"]


def test_without_pandas_there_is_a_remedy(market, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for ask in (lambda: instance_frames(market), lambda: assignment_frame(OfflineWelfare(market), None)):
        with pytest.raises(InputError, match="pandas: is not installed; pip install pandas"):
            ask()


def test_every_kind_of_this_file_is_there():
    assert set(GROUPS) <= set(instance_types())
    assert isinstance(instance_frames(default_instance("knapsack"))["items"], pd.DataFrame)
