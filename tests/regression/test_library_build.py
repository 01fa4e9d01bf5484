"""Building anew gives what is shipped; contradictions are refused; what is finished stays."""

from __future__ import annotations

import dataclasses
import json

import pytest

import mcsopt.regression.library_build as library_build
from mcsopt.data.library import entries, entry, read_library, shipped
from mcsopt.data.library_recipes import recipe
from mcsopt.data.library_storage import CERTIFICATE, INDEX, SOLUTION, place, read_document
from mcsopt.errors import BackendFault, InputError
from mcsopt.regression.library_build import build, contradictions
from mcsopt.regression.library_verify import faults
from mcsopt.result import Termination

KNAPSACK, NONE = "knapsack/by-hand-three", "stable-coalition/by-hand-figure-sigma-0.4"


def text_of(document: dict) -> str:
    return json.dumps(document, sort_keys=True)


def test_building_reproduces_instance_and_optimum(tmp_path):
    names = [KNAPSACK, NONE]
    done = list(build([recipe(name) for name in names], tmp_path, known=entries()))
    assert [one.refusals for one in done] == [(), ()]
    assert [one.entry for one in done] == list(read_library(tmp_path))
    for one in done:
        old = entry(one.recipe.name)
        assert one.entry.objective == old.objective
        assert one.entry.status == old.status
        assert text_of(one.entry.certificate()["instance"]) == text_of(old.certificate()["instance"])
        assert faults(one.entry) == []
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_an_entry_is_replaced_and_the_others_stay(tmp_path):
    list(build([recipe(KNAPSACK), recipe(NONE)], tmp_path))
    before = place(tmp_path, NONE, CERTIFICATE).read_bytes()
    list(build([recipe(KNAPSACK)], tmp_path))
    assert [one.name for one in read_library(tmp_path)] == [KNAPSACK, NONE]
    assert place(tmp_path, NONE, CERTIFICATE).read_bytes() == before


def test_a_certificate_too_large_to_ship_leaves_the_solution(tmp_path, monkeypatch):
    list(build([recipe(KNAPSACK)], tmp_path))
    monkeypatch.setattr(library_build, "MAX_CERTIFICATE", 10)
    (built,) = build([recipe(KNAPSACK)], tmp_path)
    assert built.entry.certificate_digest is None
    assert not place(tmp_path, KNAPSACK, CERTIFICATE).is_file()
    assert read_document(place(tmp_path, KNAPSACK, SOLUTION))["items"] == [0, 1]
    monkeypatch.setattr(library_build, "MAX_SOLUTION", 10)
    (built,) = build([recipe(KNAPSACK)], tmp_path)
    assert "too large to ship" in built.refusals[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": 9.1, "dual_bound": 9.1}, "the optimum is 9.0, and known as 9.1"),
        ({"objective": 8.0, "dual_bound": 8.9, "status": "BOUNDED"}, "worth 9.0 beats the known bound 8.9"),
        ({"objective": 9.1, "dual_bound": 9.5, "status": "BOUNDED"}, "the known solution worth 9.1 beats the bound"),
        ({"objective": None, "dual_bound": None, "status": "INFEASIBLE"}, "is PROVED, and known as INFEASIBLE"),
        ({"instance_digest": "sha256:0"}, "is about instance sha256:"),
        ({"options": {"stability": "nash"}}, "not sha256:"),
    ],
)
def test_a_contradiction_is_refused_and_not_written(tmp_path, changes, message):
    known = dataclasses.replace(entry(KNAPSACK), **changes)
    (built,) = build([recipe(KNAPSACK)], tmp_path, known=[known])
    assert built.entry is None
    assert message in built.refusals[0]
    assert list(tmp_path.iterdir()) == []


def test_what_is_better_or_closer_contradicts_nothing():
    proved = entry(KNAPSACK)
    worse = dataclasses.replace(proved, objective=8.0, dual_bound=10.0, status="BOUNDED")
    near = dataclasses.replace(proved, objective=9.000001, dual_bound=9.000001)
    assert contradictions(proved, worse) == contradictions(worse, proved) == contradictions(proved, near) == []


def test_what_does_not_verify_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(library_build, "faults", lambda entry: ["planted"])
    (built,) = build([recipe(KNAPSACK)], tmp_path)
    assert (built.entry, built.refusals) == (None, ("planted",))
    assert list(tmp_path.iterdir()) == []


def test_nothing_shown_is_refused(tmp_path, monkeypatch):
    def lost(*args, **options):
        raise BackendFault("solver", "lost its way")

    monkeypatch.setattr(library_build, "find_bound", lost)
    (built,) = build([recipe(KNAPSACK)], tmp_path)
    assert built.refusals == ("solver: lost its way",)


def test_no_solution_in_time_is_refused(tmp_path, monkeypatch):
    original = library_build.find_bound

    def poor(problem, **options):
        bound = original(problem, **options)
        result = dataclasses.replace(bound.result, solution=None, objective=None)
        return dataclasses.replace(bound, result=result, optimum=None)

    monkeypatch.setattr(library_build, "find_bound", poor)
    (built,) = build([recipe(KNAPSACK)], tmp_path)
    assert "found no solution in" in built.refusals[0]


def test_an_interruption_keeps_what_is_finished(tmp_path, monkeypatch):
    original = library_build.find_bound

    def struck(problem, **options):
        bound = original(problem, **options)
        if problem.name == "knapsack":
            return bound
        return dataclasses.replace(bound, result=dataclasses.replace(bound.result, termination=Termination.INTERRUPTED))

    monkeypatch.setattr(library_build, "find_bound", struck)
    building, lines = build([recipe(KNAPSACK), recipe(NONE)], tmp_path, progress=lambda line: lines.append(line)), []
    assert next(building).entry.name == KNAPSACK
    with pytest.raises(KeyboardInterrupt):
        next(building)
    assert [one.name for one in read_library(tmp_path)] == [KNAPSACK]
    assert lines == [KNAPSACK, NONE]


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"names .*nowhere, which is no folder"):
        next(build([recipe(KNAPSACK)], tmp_path / "no" / "nowhere"))
    assert next(build([recipe(KNAPSACK)], tmp_path / "new")).entry.name == KNAPSACK
    (tmp_path / INDEX).write_text("{}")
    with pytest.raises(InputError, match="format: is missing"):
        next(build([recipe(KNAPSACK)], tmp_path))


def test_an_unknown_recipe_is_refused():
    with pytest.raises(InputError, match="library: has no recipe for 'none'"):
        recipe("none")


def test_the_shipped_entries_lie_in_the_package():
    assert {one.folder for one in entries()} == {shipped()}
