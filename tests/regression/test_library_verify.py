"""Every entry of the library holds, and errors planted in it are found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mcsopt.data.library import entries, entry
from mcsopt.data.library_storage import CERTIFICATE, place
from mcsopt.problems.fields import canonical_digest
from mcsopt.regression.library_verify import faults
from mcsopt.verification import check
from tests.regression.library_copies import copied, with_certificate, with_index

KNAPSACK, TIES = "knapsack/by-hand-three", "knapsack/by-hand-ties"
NONE = "stable-coalition/by-hand-figure-sigma-0.4"


@pytest.mark.parametrize("name", [one.name for one in entries(size=("tiny", "small", "medium"))])
def test_every_entry_holds(name):
    assert faults(entry(name)) == []


@pytest.mark.parametrize("name", [KNAPSACK, NONE])
def test_the_digest_is_that_of_the_checker(name):
    """Two implementations, one of which trusts nobody."""
    certificate = entry(name).certificate()
    assert canonical_digest(certificate) == check.canonical_digest(certificate) == entry(name).certificate_digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": 9.5}, "objective is 9.5 in the index and 9.0 in the certificate"),
        ({"dual_bound": 8.5}, "dual_bound is 8.5 in the index"),
        ({"status": "BOUNDED"}, "status is 'BOUNDED' in the index and 'PROVED' in the certificate"),
        ({"options": {"stability": "nash"}}, "options is"),
        ({"problem": "central-coalition"}, "problem is 'central-coalition' in the index"),
        ({"instance_digest": "sha256:0"}, "the checker refuses the certificate"),
        ({"certificate_digest": "sha256:0"}, "the certificate has digest sha256:"),
    ],
)
def test_a_change_in_the_index_is_found(tmp_path, changes, message):
    case = with_index(copied(tmp_path, KNAPSACK), KNAPSACK, **changes)
    assert any(message in line for line in faults(case))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": 9.5}, "the checker refuses the certificate"),
        ({"dual_bound": 9.5}, "the checker refuses the certificate"),
        ({"arithmetic": "trust me"}, "the certificate has digest"),
        ({"created_by": {}}, "the certificate has digest"),
        ({"instance": None}, "the checker refuses the certificate"),
    ],
)
def test_a_change_in_a_certificate_is_found(tmp_path, changes, message):
    case = with_certificate(copied(tmp_path, KNAPSACK), KNAPSACK, **changes)
    assert any(message in line for line in faults(case))


def test_a_certificate_of_another_entry_is_found(tmp_path):
    copied(tmp_path, KNAPSACK, TIES)
    shutil.copy(str(place(tmp_path, TIES, CERTIFICATE)), str(place(tmp_path, KNAPSACK, CERTIFICATE)))
    case = with_index(tmp_path, KNAPSACK)
    assert {line.partition(" ")[0] for line in faults(case)} >= {"objective", "digest"}
    assert any("the certificate has digest" in line for line in faults(case))


def test_a_missing_file_is_found(tmp_path):
    case = with_index(copied(tmp_path, KNAPSACK), KNAPSACK)
    Path(str(place(tmp_path, KNAPSACK, CERTIFICATE))).unlink()
    (line,) = faults(case)
    assert "cannot be read" in line


def test_without_certificates_instance_and_solution_are_held_to_the_recipe(tmp_path):
    """As of a large entry, whose certificate is not shipped; played with a small one."""
    import json

    from mcsopt.data.library_storage import SOLUTION, packed, write_document

    folder = copied(tmp_path, KNAPSACK)
    solution = entry(KNAPSACK).certificate()["solution"]
    write_document(folder, KNAPSACK, SOLUTION, packed(solution))
    case = with_index(folder, KNAPSACK, certificate_digest=None)
    assert case.certificate() is None
    assert case.solution().items == (0, 1)
    assert faults(case) == []
    (line,) = faults(with_index(folder, KNAPSACK, objective=9.1))
    assert "the solution is worth 9.0, and 9.1 in the index" in line
    with_index(folder, KNAPSACK, objective=9.0)
    write_document(folder, KNAPSACK, SOLUTION, packed(solution | {"items": [0, 1, 2]}))
    assert any("the solution is infeasible: " in line for line in faults(case))
    Path(str(place(folder, KNAPSACK, SOLUTION))).unlink()
    assert faults(case) == ["status PROVED, but the solution is absent"]
    other = json.loads(json.dumps(case.made))
    other["arguments"]["capacity"] = 8.5
    (line,) = faults(with_index(folder, KNAPSACK, made=other))
    assert "has an instance with digest sha256:" in line
