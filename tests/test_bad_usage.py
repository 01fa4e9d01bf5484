"""Whatever is wrong with plans, certificates, options and outputs: status 2, one line, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.refusing import HEADER, TRIP, furnish, refused
from tests.commands.running import ITEMS, KNAPSACK, PACKING, PLAN, WELFARE, changed, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


# Solution files ------------------------------------------------------------------------------------------------------

SOLUTIONS: dict[str, tuple[Any, str]] = {
    "another version": ({("format",): "mcsopt-solution/2"}, "format: is 'mcsopt-solution/2'; this version reads 'mcs"),
    "an instance": ({("format",): "mcsopt-instance/1"}, "format: is 'mcsopt-instance/1'; this version reads 'mcsopt-s"),
    "another problem": ({("problem",): "knapsack"}, "problem: is 'knapsack'; a solution of 'offline-welfare' is neede"),
    "problem a number": ({("problem",): 3}, "problem: is 3; a solution of 'offline-welfare' is needed"),
    "too few sets": ({("assignment",): [[0]]}, "assignment: has length 1, the number of tasks is 2; give one list of"),
    "too many sets": ({("assignment",): [[0], [1], []]}, "assignment: has length 3, the number of tasks is 2"),
    "text": ({("assignment",): "x" * 999}, "assignment: is 'xxxxxxxxxxxx"),
    "null": ({("assignment",): None}, "assignment: is null; give one list of workers per task"),
    "an object": ({("assignment",): {}}, "assignment: is {}; give one list"),
    "a set that is none": ({("assignment", 1): 1}, "assignment[1]: is 1; give a list of worker indices"),
    "a set of null": ({("assignment", 1): None}, "assignment[1]: is null; give a list of worker indices"),
    "a repeated worker": ({("assignment", 0): [0, 0]}, "assignment[0][1]: repeats worker 0; list each once"),
    "an unknown worker": ({("assignment", 0): [7]}, "assignment[0][0]: is 7; worker indices go from 0 to 2"),
    "a negative worker": ({("assignment", 0): [-1]}, "assignment[0][0]: is -1; worker indices go from 0 to 2"),
    "a pair that is none": (
        {("assignment", 0): [2]}, "assignment[0]: names worker 2, with whom task 0 has no pair; use the pairs of the"
    ),
    "a float": ({("assignment", 0): [0.0]}, "assignment[0][0]: is 0.0, not an integer; worker indices go from 0 to 2"),
    "a truth value": ({("assignment", 0): [True]}, "assignment[0][0]: is true, not an integer"),
    "a name": ({("assignment", 0): ["0"]}, "assignment[0][0]: is '0', not an integer"),
    "a list too many": ({("assignment", 0): [[0]]}, "assignment[0][0]: is [0], not an integer"),
    "a huge worker": ({("assignment", 0): [10**99]}, "assignment[0][0]: is an integer of more than 60 digits; worker"),
    "an unknown key": ({("objective",): 5}, "objective: is not a known field; known here: assignment"),
    "a list": ([PLAN], "is not a JSON object; write one with format 'mcsopt-solution/1'"),
    "without assignment": ({"format": PLAN["format"], "problem": PLAN["problem"]}, "assignment: is missing; add it"),
    "without problem": ({"format": PLAN["format"], "assignment": []}, "problem: is missing; a solution of 'offline"),
    "without format": ({"problem": "offline-welfare", "assignment": []}, "format: is missing; add it: this version"),
    "NaN": (json.dumps(PLAN).replace("[0]", "[NaN]"), "assignment[0][0]: is NaN; give a finite number"),
    "1e999": (json.dumps(PLAN).replace("[0]", "[1e999]"), "assignment[0][0]: is inf, not an integer"),
    "cut off": (json.dumps(PLAN)[:-4], "line 1, column 84: is cut off ("),
    "empty": ("", "is empty; give a solution"),
    "a key twice": (json.dumps(PLAN).replace('"format"', '"problem"'), "problem: occurs twice; keep one"),
}  # fmt: skip


@pytest.mark.parametrize("command", ["certify", "solve"])
@pytest.mark.parametrize(("content", "message"), SOLUTIONS.values(), ids=list(SOLUTIONS))
def test_a_file_that_is_no_solution(capsys, folder, content, message, command):
    if isinstance(content, dict) and all(isinstance(key, tuple) for key in content):
        content = changed(PLAN, content)
    path = write(folder / "bad.json", content)
    flags = ("--plan", path, "--certificate") if command == "certify" else ("--start", path, "--output")
    line = refused(capsys, folder, command, folder / "market.json", *WELFARE, *flags, folder / "out.json")
    assert line.startswith(f"mcsopt: {path}: {message}")
    assert len(line) < 400


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([0, 0], "items[1]: repeats item 0; list each once"),
        ([3], "items[0]: is 3; item indices go from 0 to 2"),
        ([-1], "items[0]: is -1; item indices go from 0 to 2"),
        ([0.5], "items[0]: is 0.5, not an integer; item indices go from 0 to 2"),
        (3, "items: is 3; give a list of item indices"),
    ],
)
def test_a_packing_of_no_such_items(capsys, folder, items, message):
    path = write(folder / "bad.json", changed(PACKING, {("items",): items}))
    line = refused(capsys, folder, "certify", folder / "knapsack.json", *ITEMS, "--plan", path)
    assert line.startswith(f"mcsopt: {path}: {message}")


def test_items_where_there_are_none(capsys, folder):
    instance = write(folder / "k.json", changed(KNAPSACK, {("weight",): [], ("value",): []}))
    path = write(folder / "bad.json", PACKING)
    line = refused(capsys, folder, "certify", instance, *ITEMS, "--plan", path)
    assert "items[0]: is 0; there is no item to name" in line


@pytest.mark.parametrize("name", ["none.json", "folder.json"])
def test_a_solution_that_is_no_file(capsys, folder, name):
    for flag, command in (("--plan", "certify"), ("--start", "solve")):
        line = refused(capsys, folder, command, folder / "market.json", *WELFARE, flag, folder / name)
        assert line.startswith(f"mcsopt: {folder / name}: ")
        assert "give the path of a solution" in line


# Certificate files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty; give a certificate"),
        ("[]", "holds no certificate; give a file with at least one"),
        ("{", "line 1, column 2: is cut off"),
        (bytes(range(256)), "is not UTF-8 text; give a certificate as JSON"),
        ('{"gap": NaN}', "gap: is NaN; give a finite number"),
        ('[{"evidence": {"price": [0, Infinity]}}]', "[0].evidence.price[1]: is Infinity; give a finite number"),
        ('{"gap": 1, "gap": 2}', "gap: occurs twice; keep one"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_file_that_is_no_certificate(capsys, folder, content, message):
    path = write(folder / "bad.json", content)
    assert refused(capsys, folder, "verify", path).startswith(f"mcsopt: {path}: {message}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("none.json",), "none.json: does not exist; give the path of a certificate"),
        (("folder.json",), "folder.json: is a directory; give the path of a certificate"),
        (("market.json", "--instance", "none.json"), "none.json: does not exist; give the path of an instance"),
        (("market.json", "--instance", "plan.json"), "plan.json: format: is 'mcsopt-solution/1'; this version reads"),
        (("market.json", "--time-limit", "-1"), "argument --time-limit: is '-1'; give seconds >= 0, inf for no limit"),
        (("market.json", "--time-limit", "nan"), "argument --time-limit: is 'nan'; give seconds >= 0"),
        ((), "the following arguments are required: CERTIFICATE; see mcsopt verify --help"),
        (("market.json", "plan.json"), "unknown argument 'plan.json'; see mcsopt verify --help"),
    ],
)
def test_verify_asked_wrongly(capsys, folder, monkeypatch, words, message):
    monkeypatch.chdir(folder)
    assert refused(capsys, folder, "verify", *words).startswith(f"mcsopt: {message}")


# Options -------------------------------------------------------------------------------------------------------------

CERTIFY = "certify market.json --problem offline-welfare --heuristic greedy --certificate out.json"
SOLVE = "solve market.json --problem offline-welfare -o out.json"
GENERATE = "generate --kind knapsack --seed 0 -o out.json"
MARKETS = "generate --kind sensing-market --seed 0 -o out.json"
OPTIONS = {
    "": "a command is missing; see mcsopt --help",
    "certfy": "argument COMMAND: invalid choice: 'certfy' (choose from",
    "certify": "the following arguments are required: --problem; see mcsopt certify --help",
    "certify market.json --problem offline-welfare": "one of the arguments --heuristic --plan --policy is required",
    "certify market.json --problem --heuristic greedy": "argument --problem: expected one argument; see mcsopt certify",
    "certify market.json --problem offline-welfare --heuristic": "argument --heuristic: expected at least one argument",
    "certify --problem offline-welfare --heuristic market.json": "argument --heuristic: names none; see mcsopt certify",
    f"{CERTIFY} --plan plan.json": "argument --plan: not allowed with argument --heuristic; see mcsopt certify --help",
    f"{CERTIFY} --colour red": "unknown argument '--colour'; see mcsopt certify --help",
    f"{CERTIFY} other.json": "unknown argument 'other.json'; see mcsopt certify --help",
    f"{CERTIFY} --heuristic other.json": "heuristic: 'other.json' is not known; use one of greedy",
    "certify a.json b.json --problem knapsack --plan p.json": "unknown argument 'b.json'; see mcsopt certify --help",
    "certify market.json --problem welfare --heuristic greedy": "problem: 'welfare' is not known; use one of central-",
    "certify market.json --problem offline-welfare --heuristic gredy": "heuristic: 'gredy' is not known; use one of gr",
    "certify market.json --problem offline-welfare --heuristic density-greedy": "heuristic: 'density-greedy' does not ",
    f"{CERTIFY} --solver gurobi": "solver: 'gurobi' does not solve offline-welfare; use one of branch-and-price, linea",
    f"{CERTIFY} --solver knapsack": "solver: 'knapsack' does not solve offline-welfare; use one of",
    f"{CERTIFY} --option mismatch": "--option: is 'mismatch'; write it as NAME=VALUE",
    f"{CERTIFY} --option colour=red": "--option: 'colour' is not known to this problem; it takes: mismatch=ratio|pair",
    f"{CERTIFY} --option mismatch=both": "option mismatch: is 'both'; use one of 'ratio', 'pair'",
    f"{CERTIFY} --option mismatch=pair --option mismatch=pair": "--option: gives mismatch twice; keep one",
    "solve knapsack.json --problem knapsack --option mismatch=pair": "--option: 'mismatch' is not known to this proble",
    f"{CERTIFY} --time-limit -1": "argument --time-limit: is '-1'; give seconds >= 0, inf for no limit",
    f"{CERTIFY} --time-limit nan": "argument --time-limit: is 'nan'; give seconds >= 0",
    f"{CERTIFY} --time-limit soon": "argument --time-limit: is 'soon'; give seconds >= 0",
    f"{SOLVE} --time-limit -0.5": "argument --time-limit: is '-0.5'; give seconds >= 0",
    f"{SOLVE} --gap nan": "argument --gap: is 'nan'; give a relative gap >= 0, for example 0.001",
    f"{SOLVE} --gap -1": "argument --gap: is '-1'; give a relative gap >= 0",
    f"{CERTIFY} --max-gap nan": "argument --max-gap: is 'nan'; give a relative gap >= 0, for example 0.05",
    f"{CERTIFY} --max-gap -0.1": "argument --max-gap: is '-0.1'; give a relative gap >= 0",
    f"{CERTIFY} --max-gap 5%": "argument --max-gap: is '5%'; give a relative gap >= 0",
    f"{CERTIFY} --seed -1": "argument --seed: is '-1'; give an integer >= 0",
    f"{CERTIFY} --seed 1.5": "argument --seed: is '1.5'; give an integer >= 0",
    f"{CERTIFY} --seed one": "argument --seed: is 'one'; give an integer >= 0",
    f"{SOLVE} --seed -1": "argument --seed: is '-1'; give an integer >= 0",
    f"{CERTIFY} --tasks 5": "--tasks: is for a market drawn from taxi trips; drop it, give taxi trips as INSTANCE, or",
    "solve --problem offline-welfare --workers 5": "--workers: is for a market drawn from taxi trips; drop it",
    "solve --problem offline-welfare --area 8": "--area: is for a market drawn from taxi trips; drop it",
    "solve trips.csv --problem offline-welfare --tasks 0": "argument --tasks: is '0'; give an integer >= 1",
    "solve trips.csv --problem offline-welfare --workers x": "argument --workers: is 'x'; give an integer >= 1",
    "solve trips.csv --problem offline-welfare --area 99": "trips.csv: area: 99 has no usable trips; the busiest areas",
    "solve trips.csv --problem offline-welfare --workers 9": "trips.csv: workers: is 9, community area 8 has 1 usable ",
    f"{SOLVE} --solver gurobi": "solver: 'gurobi' does not solve offline-welfare",
    "solve --problem offline-welfare --solver enumeration": "enumeration over 2^40 worker sets a task is limited to 12",
    "inspect market.json --problem offline-welfare --format xml": "argument --format: invalid choice: 'xml' (choose fr",
    "inspect market.json --problem offline-welfare --json": "unknown argument '--json'; see mcsopt inspect --help",
    "list everything": "unknown argument 'everything'; see mcsopt list --help",
    "doctor --fix": "unknown argument '--fix'; see mcsopt doctor --help",
    "generate": "the following arguments are required: --kind, --seed, -o/--output; see mcsopt generate --help",
    "generate --kind sudoku --seed 0 -o out.json": "kind: 'sudoku' is not known; use one of ",
    "generate --kind knapsack --seed -1 -o out.json": "--seed: -1 is negative; give an integer >= 0",
    "generate --kind knapsack --seed 1.5 -o out.json": "--seed: is '1.5'; give an integer",
    "generate --kind knapsack --seed x -o out.json": "--seed: is 'x'; give an integer",
    f"{GENERATE} --colour red": "--colour: is no option of kind 'knapsack'; it takes --items, --family, --seed, --frac",
    f"{GENERATE} --items": "cannot read '--items': options of a kind are --NAME VALUE; see mcsopt generate --help",
    f"{GENERATE} 7": "cannot read '7': options of a kind are --NAME VALUE; see mcsopt generate --help",
    f"{GENERATE} --items 3 --items 4": "argument --items: is given twice; see mcsopt generate --help",
    f"{GENERATE} --items x": "--items: is 'x'; give an integer",
    f"{GENERATE} --items -3": "--items: is -3; give",
    f"{GENERATE} --fraction half": "--fraction: is 'half'; give a number",
    f"{GENERATE} --fraction nan": "--fraction: is nan; give",
    f"{GENERATE} --items {10**23}": "kind knapsack: cannot be drawn so large (",
    f"{GENERATE} --largest inf": "--largest: is inf; give",
    f"{GENERATE} --family hard": "--family: is 'hard'; use one of uncorrelated",
    f"{GENERATE} --integer maybe": "--integer: is 'maybe'; give true or false",
    f"{MARKETS} --tasks 0": "--tasks: is 0; give an integer >= 1",
    f"{MARKETS} --workers -1": "--workers: is -1; give an integer >= 0",
    f"{MARKETS} --candidates 0": "--candidates: is 0; give an integer >= 1",
    f"{MARKETS} --variant easy": "--variant: is 'easy'; use one of 'default', 'hard'",
    f"{MARKETS} --service never": "--service: is 'never'; use one of 'optional', 'required'",
}


@pytest.mark.parametrize(("words", "message"), OPTIONS.items(), ids=list(OPTIONS))
def test_a_command_asked_wrongly(capsys, folder, monkeypatch, words, message):
    write(folder / "trips.csv", HEADER + TRIP)
    monkeypatch.chdir(folder)
    assert refused(capsys, folder, *words.split()).startswith(f"mcsopt: {message}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("certify", *WELFARE, "--plan", ""), "argument --plan: is ''; give a path; see mcsopt certify --help"),
        (("certify", "", *WELFARE, "--heuristic", "greedy"), "argument INSTANCE: is ''; give a path"),
        (("certify", *WELFARE, "--heuristic", "greedy", "--json", ""), "argument INSTANCE: is ''; give a path"),
        (("solve", "market.json", *WELFARE, "--start", ""), "argument --start: is ''; give a path"),
        (("verify", "certificate.json", "--instance", ""), "argument --instance: is ''; give a path"),
        (("library", "build", "-o", ""), "argument -o/--output: is ''; give a path"),
        (("verify", ""), "argument CERTIFICATE: is ''; give a path"),
        (("import", "", "--format", "knapsack", "-o", "k.json"), "argument FILE: is ''; give a path"),
    ],
)
def test_an_empty_path_is_not_the_same_as_none(capsys, folder, monkeypatch, words, message):
    """A shell variable that was never set must not, say, unpin the instance of a certificate."""
    monkeypatch.chdir(folder)
    assert refused(capsys, folder, *words).startswith(f"mcsopt: {message}")


def test_an_argument_with_a_line_break(capsys, folder):
    refused(capsys, folder, "solve", folder / "market.json", "--problem", "a\nb")
    refused(capsys, folder, "solve", folder / "no\nsuch\x1b[31mfile.json", *WELFARE)
    refused(capsys, folder, "list", "a\nb")


# Outputs -------------------------------------------------------------------------------------------------------------

OUTPUTS = {
    "": "output: is an empty path; give the path of a file",
    "folder.json": "folder.json: is a directory; give the path of a file in a folder that exists",
    ".": ".: is a directory; give the path of a file",
    "none/out.json": "none/out.json: cannot be written: there is no folder none; create it first",
    "none/out.parquet": "none/out.parquet: cannot be written: there is no folder none; create it first",
    "market.json/out.json": "market.json/out.json: cannot be written: there is no folder market.json; create it first",
    "x" * 300 + ".json": "x.json: cannot be written (File name too long); give a writable path",
    "x" * 300 + ".parquet": "x.parquet: cannot be written (",
}


@pytest.mark.parametrize(("target", "message"), OUTPUTS.items(), ids=[key[:20] for key in OUTPUTS])
def test_an_output_that_cannot_be_written(capsys, folder, monkeypatch, target, message):
    monkeypatch.chdir(folder)
    for words in (
        ("certify", "market.json", *WELFARE, "--heuristic", "greedy", "--certificate", target),
        ("solve", "market.json", *WELFARE, "--output", target),
        ("generate", "--kind", "knapsack", "--seed", 0, "-o", target),
    ):
        if words[0] != "generate" and target.endswith(".parquet"):
            continue
        assert message in refused(capsys, folder, *words)


def test_an_output_is_refused_before_the_work(capsys, folder, monkeypatch):
    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the work has begun")

    monkeypatch.setattr("mcsopt.commands.certify.read_problem", never)
    monkeypatch.setattr("mcsopt.commands.solve.read_problem", never)
    target = folder / "none" / "out.json"
    refused(capsys, folder, "certify", *WELFARE, "--heuristic", "greedy", "--certificate", target)
    refused(capsys, folder, "solve", *WELFARE, "-o", target)


def test_an_input_is_never_replaced_by_an_output(capsys, folder, monkeypatch):
    monkeypatch.chdir(folder)
    market, plan = folder / "market.json", folder / "plan.json"
    line = refused(capsys, folder, "certify", market, *WELFARE, "--heuristic", "greedy", "--certificate", "market.json")
    assert line == "mcsopt: --certificate: names market.json, which is read here; give another path\n"
    refused(capsys, folder, "certify", market, *WELFARE, "--plan", plan, "--certificate", "./plan.json")
    refused(capsys, folder, "solve", market, *WELFARE, "--start", plan, "-o", plan)
