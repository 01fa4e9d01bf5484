"""The public face: every name of the interface works as it is written there, and importing costs nothing."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mcsopt
from mcsopt.errors import InputError
from mcsopt.result import Status
from tests.commands.running import KNAPSACK, write
from tests.real_trips import SAMPLE, needs_trips

ROOT = Path(__file__).resolve().parents[1]


def python(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_names_of_the_interface():
    market = mcsopt.data.sensing_market(tasks=4, workers=16, seed=0)
    problem = mcsopt.problems.OfflineWelfare(market)
    best = mcsopt.solve(problem, time_limit=60)
    assert isinstance(best, mcsopt.Result)
    assert best.status is mcsopt.Status.PROVED
    plan = mcsopt.heuristics.aspire_off(problem, seed=0)
    assert isinstance(plan, mcsopt.Result)
    assert plan.status is Status.FEASIBLE
    certificate = mcsopt.certify(problem, plan)
    assert isinstance(certificate, mcsopt.Certificate)
    assert certificate.gap == pytest.approx(1 - plan.objective / best.objective, abs=1e-7)
    assert certificate.status in (mcsopt.Status.PROVED, mcsopt.Status.BOUNDED)
    assert certificate.assurance is mcsopt.Assurance.CHECKED
    assert mcsopt.verify(certificate).accepted
    assert mcsopt.model(problem).name == "offline-welfare"
    assert best.termination is mcsopt.Termination.FINISHED


def test_a_certificate_is_saved_shown_and_verified(tmp_path):
    problem = mcsopt.problems.Knapsack(mcsopt.data.knapsack(items=8, seed=1))
    certificate = mcsopt.certify(problem, mcsopt.heuristics.density_greedy(problem))
    certificate.save(tmp_path / "c.json")
    assert mcsopt.verify(tmp_path / "c.json").accepted
    assert mcsopt.verify(str(tmp_path / "c.json")).accepted
    assert mcsopt.verify(dict(certificate.document)).accepted
    page = certificate._repr_html_()
    for word in ("<table>", "knapsack", certificate.status.value, "density-greedy", f"{certificate.objective:.6f}"):
        assert word in page
    with pytest.raises(mcsopt.errors.InputError, match="give a Certificate, its document or a path"):
        mcsopt.verify(3)


def test_a_certificate_without_a_plan_is_shown_with_dashes():
    problem = mcsopt.problems.Knapsack(mcsopt.problems.KnapsackInstance([3.0], [4.0], 2.0))
    certificate = mcsopt.certify(problem, mcsopt.problems.Packing([0]))
    assert certificate.status is Status.UNKNOWN
    assert certificate.objective is certificate.gap is None
    assert certificate._repr_html_().count("–") == 2


def test_what_a_page_shows_is_escaped():
    problem = mcsopt.problems.Knapsack(mcsopt.problems.KnapsackInstance([3.0], [4.0], 4.0))
    plan = mcsopt.result.conclude(problem, "<b>bold</b>", mcsopt.problems.Packing([0]))
    assert "&lt;b&gt;bold&lt;/b&gt;" in mcsopt.certify(problem, plan)._repr_html_()


@needs_trips
def test_taxi_trips_become_a_market():
    market = mcsopt.data.chicago(SAMPLE, tasks=3, workers=9, seed=0)
    assert (market.num_tasks, market.num_workers) == (3, 9)


def test_files_are_read_and_written_by_name(tmp_path):
    instance = mcsopt.data.read_instance(write(tmp_path / "k.json", KNAPSACK))
    mcsopt.data.write_instance(instance, tmp_path / "k.parquet")
    assert mcsopt.data.read_instance(tmp_path / "k.parquet").digest() == instance.digest()


@pytest.mark.parametrize(
    "package",
    ["", ".data", ".heuristics", ".models", ".privacy", ".problems", ".simulation", ".solvers", ".verification"],
)
def test_every_public_name_resolves(package):
    module = importlib.import_module(f"mcsopt{package}")
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(module, name) is not None
    if not package:
        assert dir(mcsopt) == sorted(names)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mcsopt' has no attribute 'optimise'"):
        mcsopt.optimise  # noqa: B018  # the access is the test


def test_star_import_gives_the_whole_interface():
    script = "from mcsopt import *; print(*sorted(n for n in dir() if not n.startswith('_')))"
    assert python(script).split() == sorted(mcsopt.__all__)


@pytest.mark.parametrize("module", ["mcsopt", "mcsopt.cli", "mcsopt.errors", "mcsopt.versions", "mcsopt.tolerances"])
def test_importing_costs_nothing(module):
    heavy = "{'numpy', 'scipy', 'numba', 'pyomo', 'highspy', 'ortools', 'pyarrow', 'rich', 'torch'}"
    assert python(f"import sys, {module}; dir({module}); print(sorted({heavy} & set(sys.modules)))") == "[]"


@pytest.mark.parametrize("module", ["mcsopt.privacy", "mcsopt.problems", "mcsopt.data", "mcsopt.result"])
def test_solvers_are_loaded_when_something_is_solved(module):
    heavy = "{'numba', 'pyomo', 'highspy', 'ortools', 'torch'}"
    assert python(f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_functions_win_over_modules_of_the_same_name():
    script = (
        "import mcsopt, mcsopt.heuristics.aspire_off, mcsopt.heuristics.greedy\n"
        "from mcsopt.heuristics import aspire_off, greedy\n"
        "print(*map(callable, (mcsopt.solve, mcsopt.certify, mcsopt.verify, mcsopt.model, mcsopt.data.knapsack,"
        " mcsopt.heuristics.aspire_off, mcsopt.heuristics.greedy, aspire_off, greedy)))"
    )
    assert set(python(script).split()) == {"True"}


def test_typed_for_users():
    assert (ROOT / "mcsopt" / "py.typed").is_file()


@pytest.mark.parametrize("asked", ["knapsack", 3, None])
def test_a_name_is_no_problem(asked):
    certified = (lambda what: mcsopt.certify(what, None)), (lambda what: mcsopt.certify_equilibrium(what, None))
    for function in (mcsopt.solve, mcsopt.model, *certified):
        with pytest.raises(InputError, match=r"problem: is .*; give a question about an instance"):
            function(asked)
