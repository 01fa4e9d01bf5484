"""Problems, solvers and heuristics that other packages announce by entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcsopt.data import sensing_market
from mcsopt.errors import InputError
from mcsopt.heuristics import heuristics, load_heuristic
from mcsopt.plugins import with_plugins
from mcsopt.problems import OfflineWelfare, problem_types
from mcsopt.solvers import Solver, solve, solvers, solvers_of
from tests.commands.running import run

THEIRS = '''
from mcsopt.heuristics.registry import Heuristic
from mcsopt.problems import OfflineWelfare
from mcsopt.result import conclude
from mcsopt.solvers import Solver

class Theirs(OfflineWelfare):
    """A question of their own."""
    name = "their-welfare"

lazy = Heuristic("lazy", ("offline-welfare",), "theirs:plan", "nobody works")
empty = Solver("empty", ("offline-welfare",), "theirs", "the empty plan")
impostor = Solver("highs", ("offline-welfare",), "theirs", "not HiGHS")

def plan(problem, *, seed=0):
    return solve(problem, None)

def solve(problem, settings):
    return conclude(problem, "empty", problem.empty_solution())
'''


@pytest.fixture
def announce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a package whose entry points are given as lines by group."""
    (tmp_path / "theirs.py").write_text(THEIRS)
    (tmp_path / "broken.py").write_text("raise SystemExit('no\\nlicence')")
    known = (problem_types, solvers, heuristics)

    def install(**lines: str) -> None:
        metadata = tmp_path / "their_package-1.dist-info"
        metadata.mkdir()
        text = "\n".join(f"[mcsopt.{group}]\n{line}" for group, line in lines.items())
        (metadata / "entry_points.txt").write_text(text)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1\n")
        monkeypatch.syspath_prepend(tmp_path)
        for function in known:
            function.cache_clear()

    yield install
    sys.modules.pop("theirs", None)
    for function in known:
        function.cache_clear()


@pytest.fixture
def problem() -> OfflineWelfare:
    return OfflineWelfare(sensing_market(tasks=4, workers=16, seed=0))


def test_what_others_announce_is_found(announce, problem):
    before = solvers_of("offline-welfare")
    announce(problems="their-welfare = theirs:Theirs", solvers="empty = theirs:empty", heuristics="lazy = theirs:lazy")
    assert problem_types()["their-welfare"].__name__ == "Theirs"
    assert list(problem_types()) == sorted(problem_types())
    assert load_heuristic("lazy", problem)(problem, seed=0).objective == 0
    assert solve(problem, solver="empty").objective == 0
    names = [found.name for found in solvers_of("offline-welfare")]
    assert set(names) == {"empty", *(found.name for found in before)}
    assert names.index("linear-bound") < names.index("empty") < names.index("highs")


def test_a_plugin_goes_by_its_own_name_whatever_its_entry_point_is_called(announce, problem):
    announce(solvers="another-name = theirs:empty")
    assert "another-name" not in solvers()
    assert solve(problem, solver="empty").method == "empty"


def test_ours_keep_their_names(announce):
    announce(solvers="highs = theirs:impostor")
    assert solvers()["highs"].module == "mcsopt.solvers.highs"


def test_the_command_line_lists_them(announce, capsys):
    announce(heuristics="lazy = theirs:lazy")
    assert "nobody works" in run(capsys, "list").out


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("missing:empty", "ModuleNotFoundError: No module named 'missing'"),
        ("theirs:missing", "AttributeError: module 'theirs' has no attribute 'missing'"),
        ("theirs:solve.module", "AttributeError: 'function' object has no attribute 'module'"),
        ("theirs:plan", "AttributeError: 'function' object has no attribute 'name'"),
        ("broken:empty", "SystemExit: no\\nlicence"),
    ],
)
def test_one_that_cannot_be_loaded_is_named_with_its_package(announce, capsys, value, what):
    announce(solvers=f"empty = {value}")
    line = f"entry point mcsopt.solvers empty: {value!r} cannot be loaded ({what}); mend or uninstall their-package"
    with pytest.raises(InputError) as raised:
        solvers()
    assert str(raised.value) == line
    outcome = run(capsys, "solve", "--problem", "knapsack")
    assert (outcome.status, outcome.out, outcome.err) == (2, "", f"mcsopt: {line}\n")


def test_without_others_there_are_ours():
    ours = (Solver("a", ("knapsack",), "m", "one"), Solver("b", ("knapsack",), "m", "two"))
    assert with_plugins(ours, "mcsopt.of-nobody") == {"a": ours[0], "b": ours[1]}
