"""The library: every number of every entry, as far as its certificate is shipped."""

from __future__ import annotations

import dataclasses
import json

import pytest

from mcsopt.data import library
from mcsopt.data.library.recipes import RECIPES
from mcsopt.errors import InputError
from mcsopt.problems import Packing, problem_types
from mcsopt.regression.library_build import faults_of
from mcsopt.result import relative_gap

SHIPPED = [entry for entry in library.entries() if entry.certificate_digest]


def named(entries):
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: entry.name)


@named(SHIPPED)
def test_every_certificate_verifies_and_the_index_says_what_it_says(entry):
    assert faults_of(entry) == []


@named([entry for entry in SHIPPED if entry.objective is not None])
def test_the_best_known_solution_is_worth_what_the_index_says(entry):
    problem, solution = entry.problem(), entry.solution()
    assert problem.violations(solution) == ()
    assert problem.evaluate(solution) == entry.objective
    gap = relative_gap(entry.objective, entry.dual_bound, problem.sense)
    assert (gap <= 1e-7) == (entry.status == "PROVED")
    assert entry.optimum == (entry.objective if entry.status == "PROVED" else None)


@named([entry for entry in library.entries() if not entry.certificate_digest])
def test_what_is_not_shipped_is_large_and_has_a_recipe(entry):
    assert entry.size == "large"
    assert entry.certificate() is None
    assert entry.solution() is None
    assert entry.dual_bound is not None or entry.status == "INFEASIBLE"


def test_the_library_is_what_the_recipes_make():
    assert {entry.name for entry in library.entries()} == set(RECIPES)
    for entry in library.entries():
        assert RECIPES[entry.name].describe().items() <= entry.made.items()


def test_it_is_graded_for_every_problem():
    for problem in problem_types():
        sizes = {entry.size for entry in library.entries(problem)}
        assert sizes == set(library.SIZES)
    assert library.entries("offline-welfare", tag="required-service")
    assert {entry.status for entry in library.entries()} == {"PROVED", "BOUNDED", "INFEASIBLE"}
    hard = library.entries("offline-welfare", size="medium", tag="hard")
    assert max(entry.problem().instance.num_tasks for entry in hard) == 80


def test_the_known_optima_of_small_examples():
    assert library.entry("knapsack/textbook").optimum == 9.0
    assert library.entry("knapsack/textbook").solution() == Packing([0, 1])
    assert library.entry("offline-welfare/knapsack-set-stops").optimum == 64.0
    assert library.entry("offline-welfare/two-of-three").optimum == 2 * (7 * 10 - 5)
    assert library.entry("stable-coalition/nash-six-players").solution().members == (0, 1, 2, 3)
    assert library.entry("stable-coalition/nash-figure-1").status == "INFEASIBLE"


def test_selection():
    tiny = library.entries("knapsack", size="tiny")
    assert tiny
    assert {entry.size for entry in tiny} == {"tiny"}
    both = library.entries("knapsack", size=["small", "tiny"])
    assert {entry.name for entry in both} > {entry.name for entry in tiny}
    assert [entry.size for entry in both] == sorted((entry.size for entry in both), key=library.SIZES.index)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: library.entry("knapsack/textbok"), "did you mean knapsack/textbook"),
        (lambda: library.entry("nothing"), "library list"),
        (lambda: library.entries("nothing"), "is not known"),
        (lambda: library.entries(size="huge"), "use one of tiny"),
        (lambda: library.read_index('{"format": "mcsopt-library/9"}'), "is needed"),
    ],
)
def test_what_is_not_there_is_refused(ask, message):
    with pytest.raises(InputError, match=message):
        ask()


ENTRY = library.entry("offline-welfare/default-3x10-s1")


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ({"objective": ENTRY.objective + 1}, "the index says"),
        ({"dual_bound": ENTRY.dual_bound - 1}, "the index says"),
        ({"status": "BOUNDED"}, "the index says"),
        ({"problem_name": "knapsack"}, "cannot be read"),
        ({"instance_digest": "sha256:0"}, "cannot be read"),
        ({"certificate_digest": "sha256:0"}, "not the one that the index names"),
        ({"options": {"mismatch": "pair"}}, "the index says"),
        ({"made": {"generator": "sensing-market", "arguments": {"tasks": 3}}}, "recipe"),
        ({"name": "offline-welfare/default-3x10-s2"}, "cannot be read"),
    ],
)
def test_planted_errors_in_the_index_are_found(planted, found):
    assert found in "; ".join(faults_of(dataclasses.replace(ENTRY, **planted)))


@pytest.mark.parametrize("key", ["objective", "dual_bound"])
def test_a_certificate_that_lies_consistently_is_found(monkeypatch, key):
    document = ENTRY.certificate()
    document[key] *= 1.5
    lying = dataclasses.replace(ENTRY, certificate_digest=library.certificate_digest(document), **{key: document[key]})
    monkeypatch.setattr(library.Entry, "certificate", lambda entry: document)
    assert "the checker refuses" in "; ".join(faults_of(lying))


def test_the_digest_of_a_certificate_does_not_depend_on_the_order_of_its_keys():
    document = ENTRY.certificate()
    turned = json.loads(json.dumps(dict(reversed(document.items()))))
    assert library.certificate_digest(turned) == ENTRY.certificate_digest
