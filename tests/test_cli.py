"""The command line as a whole: words in any order, help without heavy packages, pipes, one-line errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mcsopt.cli
from mcsopt.versions import versions
from tests.commands.running import KNAPSACK, MARKET, PLAN, run, write

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = [
    "certify", "verify", "solve", "inspect", "generate", "import", "library", "regress", "sweep", "list", "doctor",
]  # fmt: skip
HEAVY = {
    "numpy", "scipy", "numba", "pyomo", "highspy", "ortools", "pyarrow", "rich", "pandas", "torch", "mcsopt.problems",
    "mcsopt.data", "mcsopt.result",
}  # fmt: skip


def shell(*argv: object, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``python -m mcsopt argv...`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "mcsopt", *map(str, argv)], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}), **options,
    )  # fmt: skip


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return write(tmp_path / "market.json", MARKET)


# Words in any order ---------------------------------------------------------------------------------------------------

ORDERS = [
    "certify I --problem offline-welfare --heuristic greedy --json",
    "certify --problem offline-welfare I --heuristic greedy --json",
    "certify --problem offline-welfare --json I --heuristic greedy",
    "certify --problem offline-welfare --heuristic greedy --json I",
    "certify --problem offline-welfare --heuristic greedy I --json",
    "certify --problem offline-welfare --json --heuristic greedy I",
    "certify --problem offline-welfare --json --heuristic I greedy",
    "certify --heuristic greedy --problem=offline-welfare --json --seed 0 I --time-limit 5",
    "certify --json --heuristic=greedy I --problem offline-welfare",
    "certify I --problem offline-welfare --plan P --json",
    "certify --problem offline-welfare --plan P I --json",
    "certify --problem offline-welfare --plan P --json I",
    "solve I --problem offline-welfare --json",
    "solve --problem offline-welfare I --json",
    "solve --problem offline-welfare --json I",
]


@pytest.mark.parametrize("words", ORDERS)
def test_the_instance_may_stand_anywhere(capsys, market, tmp_path, words):
    plan = write(tmp_path / "plan.json", PLAN)
    argv = [{"I": str(market), "P": str(plan)}.get(word, word) for word in words.split()]
    outcome = run(capsys, *argv)
    assert outcome.status == 0
    digest = run(capsys, "solve", market, "--problem", "offline-welfare", "--json").json["instance_digest"]
    assert outcome.json["instance_digest"] == digest


@pytest.mark.parametrize("ending", [".json", ".JSON", ".parquet"])
def test_an_instance_swallowed_by_heuristics_is_found_by_its_ending(capsys, tmp_path, ending):
    instance = tmp_path / f"drawn{ending}"
    run(capsys, "generate", "--kind", "sensing-market", "--tasks", 2, "--workers", 6, "--seed", 0, "-o", instance)
    words = ("--problem", "offline-welfare", "--heuristic", "greedy", instance)
    assert run(capsys, "certify", *words).status == 0


@pytest.mark.parametrize(
    "words",
    ["--heuristic greedy aspire-off", "--heuristic greedy --heuristic aspire-off", "--heuristic greedy I aspire-off"],
)
def test_heuristics_after_one_flag_or_several(capsys, market, words):
    argv = [str(market) if word == "I" else word for word in words.split()]
    instance = () if str(market) in argv else (market,)
    outcome = run(capsys, "certify", *instance, *argv, "--problem", "offline-welfare", "--json")
    assert [part["heuristic"] for part in outcome.json["runs"]] == ["greedy", "aspire-off"]


# Help and versions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--help"], ["-h"], *([command, "--help"] for command in COMMANDS), ["--version"]])
def test_help_loads_nothing_heavy(words):
    script = (
        "import sys, io, contextlib\n"
        "from mcsopt.cli import main\n"
        "try:\n    status = main(sys.argv[1:])\nexcept SystemExit as exit_:\n    status = exit_.code\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == "[]\n"
    if words[0] == "--version":
        assert done.stdout == f"mcsopt {versions()['mcsopt']}\n"
    else:
        assert done.stdout.startswith("usage: mcsopt")


def test_help_names_every_command_and_status(capsys):
    text = run(capsys, "--help").out
    for word in [*COMMANDS, "exit status", "0 done", "1 the claim", "2 bad input", "3 no feasible"]:
        assert word in text


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        (
            "certify",
            "INSTANCE --problem --heuristic --plan --solver --time-limit --seed --max-gap --certificate --json",
        ),
        ("verify", "CERTIFICATE --instance --time-limit --json"),
        ("solve", "INSTANCE --problem --solver --time-limit --start --option --json"),
        ("inspect", "INSTANCE --problem --format text lp mps cp-sat -o"),
        ("import", "FILE --format or-gap pisinger knapsack --index --sense -o --json"),
        ("generate", "--kind --seed -o"),
    ],
)
def test_every_flag_of_the_interface_is_there(capsys, command, flags):
    text = run(capsys, command, "--help").out
    for flag in flags.split():
        assert flag in text


# Real processes -------------------------------------------------------------------------------------------------------


def test_python_m_mcsopt_does_the_main_job(tmp_path):
    instance, certificate = write(tmp_path / "k.json", KNAPSACK), tmp_path / "c.json"
    words = ("--problem", "knapsack", "--heuristic", "density-greedy", "--json", "--certificate", certificate)
    done = shell("certify", instance, *words)
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout)["objective"] == 9.0
    checked = shell("verify", certificate, "--instance", instance)
    assert checked.returncode == 0
    assert checked.stdout.startswith("ACCEPTED")


def test_an_own_module_is_found_in_the_working_directory(tmp_path):
    (tmp_path / "mine.py").write_text("def plan(problem, seed):\n    return {'items': [0]}\n")
    write(tmp_path / "k.json", KNAPSACK)
    words = ("certify", "k.json", "--problem", "knapsack", "--heuristic", "mine:plan", "--json")
    # Not by "python -m", which puts the working directory on the path of its own accord.
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import sys; from mcsopt.cli import main; sys.exit(main())", *words],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)["objective"] == 4.0


def test_bad_input_is_one_line_in_a_real_process(tmp_path):
    done = shell("certify", tmp_path / "none.json", "--problem", "knapsack", "--heuristic", "density-greedy")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"mcsopt: {tmp_path / 'none.json'}: does not exist; give the path of an instance\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["list"], ["--help"]])
def test_a_reader_that_leaves_is_no_error(words, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "mcsopt", *words], stdout=out, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["list"], ["inspect", "--problem", "knapsack"], ["library", "list", "--json"]])
def test_an_output_without_room_is_bad_input_and_no_claim_refuted(words, unbuffered):
    with open("/dev/full", "w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "mcsopt", *words], stdout=out, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert done.stderr == "mcsopt: the system refuses ([Errno 28] No space left on device); make room, or allow it\n"
    assert done.returncode == 2


@pytest.mark.parametrize("words", ["list", "library list --json", "inspect --problem knapsack"])
def test_a_closed_output_is_no_error(words):
    script = f"exec {sys.executable} -m mcsopt {words} >&-"
    done = subprocess.run(
        ["sh", "-c", script], stderr=subprocess.PIPE, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0


def test_what_the_system_refuses_is_one_line_with_the_output_closed_too(capsys, monkeypatch):
    def refused(argv: Any) -> int:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(mcsopt.cli, "_run", refused)
    monkeypatch.setattr(sys, "stdout", None)
    assert mcsopt.cli.main(["list"]) == 2
    line = "mcsopt: the system refuses ([Errno 13] Permission denied: '/somewhere'); make room, or allow it\n"
    assert capsys.readouterr().err == line


def test_no_place_for_compiled_code_is_said_in_one_line(tmp_path):
    # As if the package's folder and the home were write-protected: only the folder that NUMBA_CACHE_DIR names is left.
    env = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator", "NUMBA_DISABLE_JIT": "0"}
    words = ("solve", write(tmp_path / "k.json", KNAPSACK), "--problem", "knapsack", "--json")
    done = shell(*words, env=env | {"NUMBA_CACHE_DIR": ""})
    assert done.returncode == 2
    assert done.stdout == ""
    remedy = "set NUMBA_CACHE_DIR to a folder that may be written"
    assert done.stderr == f"mcsopt: there is no place to keep compiled code; {remedy}\n"
    done = shell(*words, env=env | {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")})
    assert done.returncode == 0
    assert json.loads(done.stdout)["objective"] == 9.0


def test_a_terminal_that_knows_ascii_only(tmp_path):
    instance = write(tmp_path / "k.json", KNAPSACK)
    words = ("certify", instance, "--problem", "knapsack", "--heuristic", "density-greedy")
    done = shell(*words, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stderr == ""
    assert "density-greedy" in done.stdout


# What main itself catches ---------------------------------------------------------------------------------------------


def test_a_closed_pipe_in_this_process(capsys, monkeypatch):
    def closed(argv: Any) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(mcsopt.cli, "_run", closed)
    assert run(capsys, "list").status == 0


def test_too_little_memory_is_said_in_one_line(capsys, tmp_path):
    words = ("--kind", "knapsack", "--seed", 0, "--items", 10**14, "-o", tmp_path / "k.json")
    outcome = run(capsys, "generate", *words)
    assert outcome.status == 2
    assert outcome.err.startswith("mcsopt: not enough memory (")
    assert outcome.err.count("\n") == 1


def test_a_backend_at_fault_leaves_status_3(capsys, monkeypatch, tmp_path):
    import mcsopt.solvers.backend as backend
    from mcsopt.problems import Packing

    false = backend.BackendAnswer(solution=Packing([0, 1, 2]), objective=15.5, dual_bound=15.5)
    monkeypatch.setattr(backend, "_searched", lambda *asked: false)
    instance = write(tmp_path / "k.json", KNAPSACK)
    outcome = run(capsys, "solve", instance, "--problem", "knapsack", "--solver", "highs")
    assert outcome.status == 3
    assert outcome.out == ""
    assert outcome.err.startswith("mcsopt: no trustworthy answer: highs: returned an infeasible solution")
    # certify hears the backend, catches it, and certifies by the evidence of another.
    words = ("--problem", "knapsack", "--heuristic", "density-greedy", "--solver", "highs", "--json")
    outcome = run(capsys, "certify", instance, *words)
    assert outcome.status == 0
    assert outcome.json["optimum"] == 9.0
    assert "infeasible solution" in outcome.json["faults"][0]
    assert outcome.err.startswith("mcsopt: fault caught: highs: ")
