"""Making the library again gives what was shipped, and a contradiction is refused."""

from __future__ import annotations

import dataclasses
import gzip
import json

import pytest

from mcsopt.data import library
from mcsopt.data.library.recipes import RECIPES
from mcsopt.errors import InputError
from mcsopt.regression import library_build
from mcsopt.regression.library_build import build, contradictions
from mcsopt.verification import verify

NAMES = ("knapsack/textbook", "offline-welfare/one-worker-two-tasks", "stable-coalition/nash-six-players")
PROVED, INFEASIBLE, _ = map(library.entry, NAMES)


def test_an_entry_made_again_is_the_one_shipped(tmp_path):
    lines = []
    made = build([RECIPES[name] for name in NAMES], tmp_path, known=library.entries(), report=lines.append)
    index = library.read_index((tmp_path / "index.json").read_text())
    assert set(index) == set(NAMES) == {entry.name for entry in made}
    assert len(lines) == 2 * len(NAMES)
    for name in NAMES:
        shipped = library.entry(name)
        assert index[name].instance_digest == shipped.instance_digest
        assert index[name].status == shipped.status
        assert index[name].objective == shipped.objective
        document = json.loads(gzip.decompress((tmp_path / library.file_of(name)).read_bytes()))
        assert verify(document).accepted
        assert library.certificate_digest(document) == index[name].certificate_digest


def test_the_same_certificate_gives_the_same_bytes_and_an_index_grows(tmp_path):
    build([RECIPES[NAMES[0]]], tmp_path)
    build([RECIPES[NAMES[1]]], tmp_path)
    assert set(library.read_index((tmp_path / "index.json").read_text())) == set(NAMES[:2])
    _, certificate = library_build.make(RECIPES[NAMES[0]])
    for name in ("a", "b"):
        library_build.write_certificate(certificate, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_is_finished_survives_an_interruption(tmp_path, monkeypatch):
    make, left = library_build.make, [1]

    def interrupted(recipe, **limits):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return make(recipe, **limits)

    monkeypatch.setattr(library_build, "make", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build([RECIPES[name] for name in NAMES], tmp_path)
    assert set(library.read_index((tmp_path / "index.json").read_text())) == {NAMES[0]}


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ({"objective": 8.0, "dual_bound": 8.0}, "beats the bound 8.0"),
        ({"objective": 10.0, "dual_bound": 10.0}, "a solution worth 10.0 beats"),
        ({"instance_digest": "sha256:0"}, "another instance"),
        ({"status": "INFEASIBLE", "objective": None, "dual_bound": None}, "INFEASIBLE before, PROVED now"),
    ],
)
def test_a_contradiction_is_refused_and_nothing_is_written(tmp_path, planted, found):
    old = dataclasses.replace(PROVED, **planted)
    assert found in "; ".join(contradictions(old, PROVED))
    with pytest.raises(InputError, match="one of the two is wrong"):
        build([RECIPES[PROVED.name]], tmp_path, known=[old])
    assert not (tmp_path / "index.json").exists()


def test_a_weaker_bound_is_no_contradiction():
    weaker = dataclasses.replace(PROVED, status="BOUNDED", objective=8.0, dual_bound=9.5)
    assert contradictions(PROVED, weaker) == contradictions(weaker, PROVED) == []
    assert contradictions(INFEASIBLE, INFEASIBLE) == []
