import pkgutil

import pytest

import mcsopt.heuristics
from mcsopt.data import sensing_market
from mcsopt.errors import InputError
from mcsopt.heuristics import greedy, load_heuristic
from mcsopt.heuristics.registry import HEURISTICS
from mcsopt.problems import OfflineWelfare
from mcsopt.result import Status


@pytest.fixture
def problem():
    return OfflineWelfare(sensing_market(tasks=4, workers=16, seed=0))


@pytest.mark.parametrize("heuristic", HEURISTICS, ids=lambda heuristic: heuristic.name)
def test_the_package_hands_on_every_heuristic(heuristic):
    name = heuristic.function.partition(":")[2]
    assert name in mcsopt.heuristics.__all__
    assert getattr(mcsopt.heuristics, name) is pkgutil.resolve_name(heuristic.function)


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "own_plans.py").write_text(
        "from mcsopt.heuristics import greedy\n"
        "def as_result(problem, seed): return greedy(problem)\n"
        "def as_solution(problem, seed): return greedy(problem).solution\n"
        "def as_mapping(problem, seed): return {'assignment': greedy(problem).solution.sets}\n"
        "def as_nonsense(problem, seed): return 42\n"
        "number = 3\n"
    )
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize("name", ["as_result", "as_solution", "as_mapping"])
def test_own_functions_may_answer_in_three_forms(problem, name):
    result = load_heuristic(f"own_plans:{name}", problem)(problem, seed=3)
    assert result.status is Status.FEASIBLE
    assert result.objective == greedy(problem).objective


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_plans:missing", "has no function 'missing'"),
        ("own_plans:number", "has no function 'number'"),
        ("no_such_module:plan", "'no_such_module' cannot be imported"),
        ("nonsense", "'nonsense' is not known"),
        ("density-greedy", "does not plan for offline-welfare"),
    ],
)
def test_unusable_names_are_refused(problem, name, message):
    with pytest.raises(InputError, match=message):
        load_heuristic(name, problem)


@pytest.mark.usefixtures("own_module")
def test_a_wrong_answer_is_refused_saying_what_to_return(problem):
    with pytest.raises(InputError, match=r"as_nonsense: solution: is of type int; give Assignment"):
        load_heuristic("own_plans:as_nonsense", problem)(problem, seed=0)
