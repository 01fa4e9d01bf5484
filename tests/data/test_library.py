"""The library of instances: its API, and every entry held against its certificate, its recipe and the ground truth."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

import mcsopt
from mcsopt.data import library, load_instance
from mcsopt.data.library_recipes import make_instance, recipes
from mcsopt.data.library_storage import INDEX, packed, place, read_document, write_index
from mcsopt.data.load import read_named
from mcsopt.errors import InputError
from mcsopt.problems import problem_types
from mcsopt.result import Status, relative_gap

ENTRIES = library.entries()
CHECKED = [one for one in ENTRIES if one.size != "large"]
FOLDER = Path(str(library.shipped()))


def each(entries):
    return pytest.mark.parametrize("case", entries, ids=lambda one: one.name)


# Every entry ----------------------------------------------------------------------------------------------------------


def test_every_recipe_has_its_entry_and_every_file_its_entry():
    made = recipes()
    assert [one.name for one in ENTRIES] == list(made)
    for one in ENTRIES:
        recipe = made[one.name]
        assert (one.problem_name, one.size, one.tags) == (recipe.problem_name, recipe.size, recipe.tags)
        assert recipe.options.items() <= one.options.items()
        assert one.made["kind"] == recipe.kind
        assert one.made["arguments"] == json.loads(json.dumps(dict(recipe.arguments)))
    there = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file()}
    documents = {place(FOLDER, one.name, what) for one in ENTRIES for what in ("certificate", "solution")}
    assert there == {INDEX} | {str(file.relative_to(FOLDER)) for file in documents if file.is_file()}


@each(ENTRIES)
def test_the_index_says_what_can_be_true(case):
    assert case.name.startswith(f"{case.problem_name}/")
    assert case.problem_name in problem_types()
    assert set(case.options) == set(problem_types()[case.problem_name].OPTIONS)
    sense = problem_types()[case.problem_name].sense
    gap = relative_gap(case.objective, case.dual_bound, sense)
    if gap is None:
        assert (case.status, case.objective, case.dual_bound) == ("INFEASIBLE", None, None)
    else:
        assert case.status == ("PROVED" if gap <= 1e-7 else "BOUNDED")
    assert (case.optimum is None) == (case.status != "PROVED")
    assert ("infeasible" in case.tags) == (case.status == "INFEASIBLE")


@each(CHECKED)
def test_the_recipe_makes_the_same_instance(case):
    assert make_instance(case.made["kind"], case.made["arguments"]).digest() == case.instance_digest


@each(CHECKED)
def test_the_solution_is_feasible_and_worth_the_objective(case):
    problem, solution = case.problem(), case.solution()
    assert problem.options == case.options
    if solution is None:
        assert case.status == "INFEASIBLE"
    else:
        assert problem.violations(solution) == ()
        # Powers come from the system's library and may differ in their last bit.
        assert problem.evaluate(solution) == pytest.approx(case.objective, rel=1e-12)


def test_the_library_is_graded_and_small():
    assert 40 <= len(ENTRIES) <= 80
    assert {(one.problem_name, one.size) for one in ENTRIES} == {
        (problem, size)
        for problem in ("offline-welfare", "knapsack", "central-coalition", "stable-coalition")
        for size in ("tiny", "small", "medium", "large")
    }
    assert all(one.certificate_digest is not None for one in CHECKED)
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) <= 4_000_000


def test_numbers_that_are_known_otherwise():
    """The printed burdens of the source, and what can be told by hand."""
    nash = library.entry("stable-coalition/by-hand-printed-nash")
    assert nash.solution().members == (0, 1, 2, 3)
    assert nash.objective == pytest.approx(0.1727 + 0.1756 + 0.1760 + 0.2457 + 2 * 0.25, abs=2e-4)
    assert library.entry("stable-coalition/by-hand-figure-sigma-0.25").status == Status.PROVED
    assert library.entry("stable-coalition/by-hand-figure-sigma-0.4").status == Status.INFEASIBLE
    assert library.entry("stable-coalition/by-hand-tie").solution().members == (0, 1)
    assert library.entry("central-coalition/by-hand-empty").optimum == pytest.approx(3 * 0.01)
    assert library.entry("knapsack/by-hand-ties").optimum == pytest.approx(3 * 0.7)
    assert library.entry("knapsack/by-hand-zero-capacity").optimum == 0.0
    assert library.entry("offline-welfare/by-hand-budget-pays-nobody").optimum == 0.0
    # One worker each, arriving with 0.9, quality 12 at weight 7, cost 5; the risk of absence is below 0.2.
    assert library.entry("offline-welfare/by-hand-ties").optimum == pytest.approx(2 * 0.9 * (7 * 12 - 5))
    assert library.entry("offline-welfare/by-hand-scarce").status == Status.INFEASIBLE


# Looking up -----------------------------------------------------------------------------------------------------------


def test_entries_by_problem_size_and_tag():
    hard = library.entries("knapsack", size=["small", "medium"], tag="hard")
    assert {one.name.partition("/")[2] for one in hard} == {
        f"{family}strongly-correlated-{items}-s0" for family in ("", "almost-", "inverse-") for items in (100, 1000)
    }
    assert library.entries("knapsack", size="small") == library.entries("knapsack", size=("small",))
    assert library.entries("knapsack", size="tiny", tag="required-service") == ()
    assert mcsopt.data.library.entries() == ENTRIES


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"problem": "napsack"}, "'napsack' is not known"),
        ({"size": "huge"}, "size: is 'huge'; use one of tiny, small, medium, large"),
        ({"size": ("tiny", "huge")}, "size: is 'huge'"),
        ({"tag": "heard"}, "tag: is 'heard'; use one of empty, hard,"),
    ],
)
def test_what_no_entry_can_have_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        library.entries(**arguments)


def test_an_unknown_name_is_refused_with_near_matches():
    with pytest.raises(InputError, match=r"did you mean .*offline-welfare/default-40x160-s0"):
        library.entry("offline-welfare/default-40x160")
    with pytest.raises(InputError, match="see mcsopt library list"):
        library.entry("###")
    assert library.entry("library:knapsack/by-hand-ties") == library.entry("knapsack/by-hand-ties")


def test_an_entry_travels_to_another_process():
    case = library.entry("knapsack/by-hand-three")
    assert pickle.loads(pickle.dumps(case)) == case
    assert json.loads(json.dumps(case.to_json()))["name"] == case.name


# As an instance -------------------------------------------------------------------------------------------------------


def test_library_names_stand_for_instances():
    case = library.entry("stable-coalition/by-hand-figure-sigma-0.4")
    instance, lines = load_instance(f"library:{case.name}", "data-coalition")
    assert instance.digest() == read_named(f"library:{case.name}").digest() == case.instance_digest
    asked = "stable-coalition stability=nash: INFEASIBLE, no feasible solution"
    assert lines == [f"instance: library entry {case.name}, {asked}"]
    with pytest.raises(InputError, match="kind: is 'data-coalition'; this problem takes 'knapsack'"):
        load_instance(f"library:{case.name}", "knapsack")
    with pytest.raises(InputError, match="has no entry"):
        load_instance("library:none", "knapsack")


# Storage --------------------------------------------------------------------------------------------------------------


def test_the_shipped_bytes_are_canonical():
    case = library.entry("knapsack/by-hand-three")
    file = place(FOLDER, case.name, "certificate")
    content = packed(read_document(file))
    assert content == packed(case.certificate())
    assert content[4:8] == bytes(4)  # no time in the header


def test_an_index_is_written_as_it_is_shipped(tmp_path):
    write_index(tmp_path, reversed([one.to_json() for one in ENTRIES]))
    assert (tmp_path / INDEX).read_text() == (FOLDER / INDEX).read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{", "is cut off"),
        ("[]", "format: is missing or unknown"),
        ('{"format": "mcsopt-library/9", "entries": []}', "format: is missing or unknown"),
        ('{"format": "mcsopt-library/1"}', "entries: is null"),
        ('{"format": "mcsopt-library/1", "entries": [1]}', r"entries: is \[1\]"),
        ('{"format": "mcsopt-library/1", "entries": [{"name": "a"}]}', "entry 'a': lacks keys"),
    ],
)
def test_a_malformed_index_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / INDEX).write_text(text)
    with pytest.raises(InputError, match=message):
        library.read_library(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 7), ("problem", None), ("options", None), ("size", "vast"), ("size", ["tiny"]), ("tags", "hard"),
        ("objective", "9"), ("instance_digest", None), ("certificate_digest", 7), ("made", None),
    ],
)  # fmt: skip
def test_an_entry_of_another_type_is_refused(tmp_path, key, value):
    changed = library.entry("knapsack/by-hand-three").to_json() | {key: value}
    write_index(tmp_path, [changed])
    with pytest.raises(InputError, match=rf"\.{key}: is "):
        library.read_library(tmp_path)


@pytest.mark.parametrize("arguments", [{"foo": 1}, {"items": "x"}, None])
def test_arguments_that_no_generator_takes_are_refused(arguments):
    with pytest.raises(InputError, match="arguments: do not fit the generator of knapsack"):
        make_instance("knapsack", arguments)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"no gzip", "cannot be read"), (packed({})[:-9], "cannot be read"),
     (packed([]), "is not a JSON object")],
)  # fmt: skip
def test_a_damaged_document_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "d.json.gz").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_document(tmp_path / "d.json.gz")
