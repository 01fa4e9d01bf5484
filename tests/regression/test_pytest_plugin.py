"""The pytest plugin, run by pytest on tests of a user."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mcsopt.errors import InputError
from mcsopt.regression.library_selection import read_sizes, select
from tests.regression import small_library

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "mcsopt.regression.pytest_plugin"

TEST = """
import pytest
from mcsopt.heuristics import density_greedy
from mcsopt.regression import assert_certified_gap, assert_feasible

@pytest.mark.mcsopt_library(problem="knapsack", size=["tiny", "small"])
def test_gap(mcsopt_instance):
    problem = mcsopt_instance.problem()
    plan = density_greedy(problem)
    assert_feasible(problem, plan)
    certificate = assert_certified_gap(problem, plan, max_gap={max_gap}, bound=mcsopt_instance)
    assert 0 <= certificate.gap <= 1
"""


class Loaded:
    """Keeps what a run has loaded: pytester forgets it, and compiled packages cannot be loaded a second time."""

    def __init__(self):
        self.modules = {}  # a usage error comes before any run

    def pytest_unconfigure(self):
        self.modules |= {name: module for name, module in sys.modules.items() if not name.startswith("test_")}

    def keep(self):
        for name, module in self.modules.items():
            sys.modules.setdefault(name, module)


@pytest.fixture
def loaded():
    """Outlive pytester, which forgets after each run and once more in the end."""
    found = Loaded()
    yield found
    found.keep()


@pytest.fixture
def run(loaded, pytester, monkeypatch):
    """Run pytest with the plugin, whether or not the entry point has loaded it, on the small library."""
    small_library.install(monkeypatch)

    def of(source, *words):
        pytester.makepyfile(source)
        result = pytester.runpytest_inprocess(
            "-p", "no:mcsopt", "-p", PLUGIN, "-p", "no:cacheprovider", *words, plugins=[loaded]
        )
        loaded.keep()
        return result

    return of


def test_a_heuristic_passes_on_every_instance_by_name(run):
    result = run(TEST.format(max_gap=1), "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines([f"*::test_gap[[]knapsack/s{k}[]] PASSED*" for k in range(4)])


def test_a_heuristic_that_fails_says_why_and_where_it_was_called(run):
    result = run(TEST.format(max_gap=0))
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] >= 1
    result.stdout.fnmatch_lines(
        [
            ">*certificate = assert_certified_gap(*",
            "E*AssertionError: the certified gap of density-greedy on knapsack exceeds max_gap",
            "E*objective *",
            "E*bound *, the optimum: by knapsack, re-derived by the checker",
            "E*gap *",
            "E*max_gap *0",
            "E*worst violation  none",
        ]
    )
    assert "assertions.py" not in result.stdout.str()


def test_without_a_marker_it_runs_on_all_tiny_instances(run):
    result = run("def test_it(mcsopt_instance):\n    assert mcsopt_instance.size == 'tiny'\n")
    solvable = [one for one in small_library.ENTRIES if "infeasible" not in one.tags]
    result.assert_outcomes(passed=sum(one.size == "tiny" for one in solvable))


def test_the_nearest_marker_counts_and_a_tag_selects(run):
    source = """
        import pytest
        @pytest.mark.mcsopt_library(problem="offline-welfare")
        class TestIt:
            @pytest.mark.mcsopt_library(size=("tiny", "small"), tag="odd")
            def test_near(self, mcsopt_instance):
                assert "odd" in mcsopt_instance.tags
            def test_far(self, mcsopt_instance):
                assert mcsopt_instance.problem_name == "offline-welfare"
    """
    run(source).assert_outcomes(passed=2 + 3)


def test_instances_without_a_solution_run_where_they_are_asked_for(run):
    source = """
        import pytest
        @pytest.mark.mcsopt_library(tag="infeasible")
        def test_it(mcsopt_instance):
            assert mcsopt_instance.name == "offline-welfare/impossible"
    """
    run(source).assert_outcomes(passed=1)


def test_a_fixture_of_the_user_may_ask_for_it(run):
    source = """
        import pytest
        @pytest.fixture
        def problem(mcsopt_instance):
            return mcsopt_instance.problem()
        @pytest.mark.mcsopt_library(problem="knapsack")
        def test_it(problem):
            assert problem.name == "knapsack"
    """
    run(source).assert_outcomes(passed=3)


def test_other_tests_are_left_alone(run):
    run("def test_it():\n    pass\n", "--strict-markers", "--mcsopt-size", "small").assert_outcomes(passed=1)


def test_sizes_of_the_command_line_take_the_place_of_the_markers(run):
    result = run(TEST.format(max_gap=1), "-v", "--mcsopt-size", "small")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*[[]knapsack/s3[]] PASSED*"])
    run(TEST.format(max_gap=1), "--mcsopt-size=tiny,small").assert_outcomes(passed=4)


def test_where_the_command_line_leaves_nothing_the_test_is_skipped(run):
    result = run(TEST.format(max_gap=1), "-rs", "--mcsopt-size", "large")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*no library instance of size large is selected"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("problem='knapsak'", "problem: 'knapsak' is not known; use one of *knapsack*"),
        ("size='huge'", "size: holds 'huge'; use tiny, small, medium, large"),
        ("size=[]", "size: is [[][]]; give some of tiny, *"),
        ("size=3", "size: is 3; give some of tiny, *"),
        ("tag='even'", "tag: is 'even'; use one of infeasible, odd"),
        ("sizes='tiny'", "sizes: is not a known argument; use problem, size, tag"),
        ("'knapsack'", "arguments: ('knapsack',) have no name; name them: problem, size, tag"),
        ("problem='offline-welfare', tag='odd'", "no instance has problem='offline-welfare', tag='odd'"),
    ],
)
def test_a_marker_that_is_wrong_fails_the_collection_in_one_line(run, arguments, message):
    source = f"""
        import pytest
        @pytest.mark.mcsopt_library({arguments})
        def test_it(mcsopt_instance):
            pass
    """
    result = run(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"mcsopt_library of *::test_it: {message}"])
    assert "Traceback" not in result.stdout.str()
    assert "library_selection.py" not in result.stdout.str()


def test_a_wrong_size_on_the_command_line_is_a_usage_error(run):
    result = run("def test_it():\n    pass\n", "--mcsopt-size", "tiny,huge")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*argument --mcsopt-size: --mcsopt-size: holds 'huge'; use tiny, *"])


def test_help_and_markers_name_it(run):
    run("", "--help").stdout.fnmatch_lines(["*--mcsopt-size=SIZES*"])
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.mcsopt_library(problem=None, size='tiny', tag=None):*"])
    run("", "--fixtures").stdout.fnmatch_lines(["mcsopt_instance*"])


def test_sizes_are_read_once_each():
    assert read_sizes(["small", "tiny", "small"], "x") == ("small", "tiny")
    with pytest.raises(InputError, match="x: holds ''"):
        read_sizes([""], "x")


def test_selection_of_the_shipped_library():
    tiny = select()
    assert tiny
    assert {entry.size for entry in tiny} == {"tiny"}
    assert {entry.status for entry in tiny} == {"PROVED"}
    assert {entry.status for entry in select(tag="infeasible")} == {"INFEASIBLE"}
    assert {entry.problem_name for entry in select("knapsack")} == {"knapsack"}


def test_loading_the_plugin_loads_nothing_else():
    heavy = "{'numpy', 'scipy', 'numba', 'pyomo', 'highspy', 'ortools', 'pyarrow', 'rich', 'mcsopt.problems'}"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {PLUGIN}; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("workers", [0, 2])
def test_an_installed_mcsopt_brings_the_plugin_and_it_works_with_xdist(tmp_path, workers):
    """The entry point as pyproject.toml declares it, found by pytest in the metadata of an installed package."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    metadata = tmp_path / "site" / "installed_mcsopt-1.dist-info"
    metadata.mkdir(parents=True)
    lines = [f"{name} = {value}" for name, value in declared.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines]) + "\n")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: installed-mcsopt\nVersion: 1\n")
    (tmp_path / "test_mine.py").write_text(
        "def test_it(mcsopt_instance):\n    assert mcsopt_instance.problem().instance.digest()\n"
    )
    path = os.pathsep.join([str(tmp_path / "site"), str(ROOT)])
    words = ("-W", "error", "-v", "-n", str(workers), "-p", "no:cacheprovider", "test_mine.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    expected = {entry.name for entry in select()}
    assert {name for name in expected if f"test_it[{name}]" in done.stdout} == expected
    assert f"{len(expected)} passed" in done.stdout
