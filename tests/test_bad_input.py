"""Whatever is wrong with an input: status 2, one line that names place, value and remedy, and nothing written."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mcsopt.problems import KnapsackInstance, SensingMarket
from mcsopt.problems.fields import Field
from tests.commands.running import KNAPSACK, MARKET, PACKING, PLAN, Outcome, changed, run, write

WELFARE = ("--problem", "offline-welfare")
ITEMS = ("--problem", "knapsack")
OLD = "what was here before"
HEADER = (
    "pickup_community_area,trip_start_timestamp,pickup_latitude,pickup_longitude,dropoff_latitude,dropoff_longitude,"
    "trip_miles,trip_seconds,dropoff_community_area\n"
)
TRIP = "8,1400055300,41.90,-87.63,41.95,-87.66,2.5,600,6\n"
FULL = changed(
    MARKET,
    {
        ("tasks", "x"): [0.0, 1.0], ("tasks", "y"): [0.0, 1.0], ("workers", "x"): [0.0] * 3,
        ("workers", "y"): [1.0] * 3,
        ("workers", "privacy_budget"): [1.0] * 3, ("pairs", "intent_prior"): [0.9] * 4,
    },
)  # fmt: skip
"""A market with every optional column, too."""


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *argv: object) -> str:
    """Run a command that must be refused, and return its one line."""
    before = contents(folder)
    outcome: Outcome = run(capsys, *argv)
    assert outcome.status == 2, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("mcsopt: ")
    assert outcome.err.count("\n") == 1
    assert outcome.err[:-1].isprintable()
    assert "; " in outcome.err  # a remedy follows
    assert "Traceback" not in outcome.err
    assert contents(folder) == before
    return outcome.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good file of each sort, and one that an output could replace."""
    write(tmp_path / "market.json", MARKET)
    write(tmp_path / "knapsack.json", KNAPSACK)
    write(tmp_path / "plan.json", PLAN)
    write(tmp_path / "out.json", OLD)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.parquet").mkdir()
    return tmp_path


def commands(path: Path, folder: Path) -> list[tuple[object, ...]]:
    """Return every way in which a command reads an instance of a market."""
    out = folder / "out.json"
    return [
        ("certify", path, *WELFARE, "--heuristic", "greedy", "--certificate", out),
        ("certify", path, *WELFARE, "--plan", folder / "plan.json", "--json"),
        ("solve", path, *WELFARE, "--output", out),
        ("inspect", path, *WELFARE),
    ]


# Numbers of instances, generated from the declared fields ------------------------------------------------------------

LITERALS = {
    "NaN": "is NaN; give a finite number",
    "Infinity": "is Infinity; give a finite number",
    "-Infinity": "is -Infinity; give a finite number",
    "1e999": "is inf; give",
    "-1e999": "is -inf; give",
    "1e101": "is 1e+101; give",
    "-1e101": "is -1e+101; give",
    '"7"': "is '7', not a number; give",
    "true": "is true, not a number; give",
    "[1]": "is [1], not a number; give",
    "{}": "is {}, not a number; give",
    "1" + "0" * 400: "is an integer of more than 60 digits; give",
    "1" + "0" * 5000: "is an integer of 5001 digits; give a finite number",
}


def bad_literals(field: Field) -> dict[str, str]:
    found = dict(LITERALS)
    if not field.scalar:
        found["null"] = "is null, not a number; give"
    elif not field.optional:
        found["null"] = "is missing or null; add it"
    if field.integer:
        found |= {"0.5": "is 0.5, not an integer; give an integer", "36893488147419103232": "is 36893488147419103232;"}
    if math.isfinite(field.low):
        found[repr(field.low - 1)] = f"is {field.low - 1 if field.integer else float(field.low - 1)}; give"
        if field.open_low:
            found[repr(field.low)] = f"is {float(field.low)}; give a number"
    if math.isfinite(field.high):
        found[repr(field.high + 1)] = f"is {float(field.high + 1)}; give a number in"
        if field.open_high:
            found[repr(field.high)] = f"is {float(field.high)}; give a number in"
    return found


NUMBERS = [
    (kind, field, literal, message)
    for kind in (SensingMarket, KnapsackInstance)
    for field in kind.FIELDS
    if not field.choices
    for literal, message in bad_literals(field).items()
]


@pytest.mark.parametrize(
    ("kind", "field", "literal", "message"),
    NUMBERS,
    ids=[f"{field.path}-{literal[:12]}" for _, field, literal, _ in NUMBERS],
)
def test_a_number_out_of_place(capsys, folder, kind, field, literal, message):
    group, _, key = field.path.rpartition(".")
    place = tuple(filter(None, (group, key))) if field.scalar else (*filter(None, (group, key)), 1)
    good, words = (FULL, WELFARE) if kind is SensingMarket else (KNAPSACK, ITEMS)
    text = json.dumps(changed(good, {place: "@"})).replace('"@"', literal)
    path = write(folder / "bad.json", text)
    heuristic = "greedy" if kind is SensingMarket else "density-greedy"
    line = refused(
        capsys, folder, "certify", path, *words, "--heuristic", heuristic, "--certificate", folder / "out.json"
    )
    where = field.path if field.scalar else f"{field.path}[1]"
    assert line.startswith(f"mcsopt: {path}: {where}: {message}")


def test_there_are_many_of_them() -> None:
    assert len(NUMBERS) > 250


# The form of instances -----------------------------------------------------------------------------------------------

FORMS: dict[str, tuple[dict[tuple[Any, ...], Any], str]] = {
    "another version": (
        {("format",): "mcsopt-instance/2"}, "format: is 'mcsopt-instance/2'; this version reads 'mcsopt-instance/1'"
    ),
    "no format of ours": ({("format",): "gurobi"}, "format: is 'gurobi'; this version reads 'mcsopt-instance/1'"),
    "format null": ({("format",): None}, "format: is null; this version reads"),
    "format a list": ({("format",): ["mcsopt-instance/1"]}, "format: is ['mcsopt-instance/1']; this version reads"),
    "unknown kind": ({("kind",): "supermarket"}, "kind: is 'supermarket'; use one of knapsack, sensing-market"),
    "kind a number": ({("kind",): 3}, "kind: is 3; use one of knapsack, sensing-market"),
    "kind a list": ({("kind",): ["knapsack"]}, "kind: is ['knapsack']; use one of"),
    "another kind": ({("kind",): "knapsack"}, "tasks: is not a known field; known here: capacity, value, weight"),
    "unknown key": ({("colour",): 1}, "colour: is not a known field; known here: mismatch_risk, pairs, quality_risk"),
    "unknown task key": ({("tasks", "colour"): [1, 2]}, "tasks.colour: is not a known field; known here: budget, dema"),
    "unknown worker key": ({("workers", "age"): [1]}, "workers.age: is not a known field; known here: arrival"),
    "unknown pair key": ({("pairs", "bid"): []}, "pairs.bid: is not a known field; known here: cost, intent_prior"),
    "a key with a line break": ({("a\nb",): 1}, r"a\nb: is not a known field; known here"),
    "a key with an escape": ({("\x1b[31m",): 1}, r"\x1b[31m: is not a known field"),
    "a key that is no text": ({("\ud800",): 1}, r"\ud800: is not a known field"),
    "group a list": ({("tasks",): [1]}, "tasks: is [1]; give an object with named lists"),
    "group null": ({("tasks",): None}, "tasks: is null; give an object with named lists"),
    "group text": ({("pairs",): "x"}, "pairs: is 'x'; give an object with named lists"),
    "column a number": ({("tasks", "budget"): 5}, "tasks.budget: is 5; give a list of numbers"),
    "column text": ({("tasks", "budget"): "55"}, "tasks.budget: is '55'; give a list of numbers"),
    "column an object": ({("tasks", "budget"): {}}, "tasks.budget: is {}; give a list of numbers"),
    "column long text": ({("tasks", "budget"): "x" * 999}, "tasks.budget: is 'xxxxxxxxx"),
    "scalar a list": ({("quality_risk",): [0.2]}, "quality_risk: is [0.2], not a number; give a number in (0, 1]"),
    "short column": ({("tasks", "demand"): [5]}, "tasks.demand: has length 1, tasks.budget has 2; give lists of equal"),
    "long column": ({("pairs", "cost"): [5] * 5}, "pairs.cost: has length 5, pairs.task has 4; give lists of equal"),
    "short optional column": ({("tasks", "x"): [1]}, "tasks.x: has length 1, tasks.budget has 2"),
    "empty column": ({("workers", "privacy_budget"): []}, "workers.privacy_budget: has length 0, workers.arrival has "),
    "no such task": ({("pairs", "task", 3): 2}, "pairs.task[3]: is 2; give a task index from 0 to 1"),
    "no such worker": ({("pairs", "worker", 0): 3}, "pairs.worker[0]: is 3; give a worker index from 0 to 2"),
    "no workers at all": ({("workers", "arrival"): []}, "pairs.worker[0]: is 0; the instance has no workers"),
    "a pair twice": ({("pairs", "worker"): [0, 0, 1, 2]}, "pairs.task[1]: repeats the pair (0, 0); list each pair onc"),
    "a pair twice, apart": (
        {("pairs", "task"): [1, 0, 0, 1], ("pairs", "worker"): [1, 0, 1, 1]}, "pairs.task[3]: repeats the pair (1, 1)"
    ),
    "service misspelt": ({("service",): "optinal"}, "service: is 'optinal'; use one of 'optional', 'required'"),
    "service a truth value": ({("service",): True}, "service: is true; use one of"),
    "service null": ({("service",): None}, "service: is missing or null; add it"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), FORMS.values(), ids=list(FORMS))
def test_a_market_of_the_wrong_form(capsys, folder, changes, message):
    path = write(folder / "bad.json", changed(MARKET, changes))
    for words in commands(path, folder):
        line = refused(capsys, folder, *words)
        assert line.startswith(f"mcsopt: {path}: {message}")
        assert len(line) < 400


REQUIRED = [field.path for field in SensingMarket.FIELDS if not field.optional]


@pytest.mark.parametrize("path", [*REQUIRED, "format", "kind", "tasks", "workers", "pairs"])
def test_a_missing_field(capsys, folder, path):
    document = changed(MARKET, {})
    group, _, key = path.rpartition(".")
    del (document[group] if group else document)[key]
    bad = write(folder / "bad.json", document)
    line = refused(capsys, folder, "solve", bad, *WELFARE)
    first = {"tasks": "tasks.budget", "workers": "workers.arrival", "pairs": "pairs.task"}.get(path, path)
    assert line.startswith(f"mcsopt: {bad}: {first}: is missing")


def test_the_instance_of_another_problem(capsys, folder):
    line = refused(capsys, folder, "solve", folder / "knapsack.json", *WELFARE)
    assert "knapsack.json: kind: is 'knapsack'; this problem takes 'sensing-market'" in line
    line = refused(capsys, folder, "solve", folder / "market.json", *ITEMS)
    assert "market.json: kind: is 'sensing-market'; this problem takes 'knapsack'" in line


def test_pairwise_mismatch_needs_privacy_budgets(capsys, folder):
    path = write(folder / "m.json", changed(MARKET, {("pairs", "intent_prior"): [0.9] * 4}))
    line = refused(capsys, folder, "solve", path, *WELFARE, "--option", "mismatch=pair")
    assert "workers.privacy_budget: is missing; option mismatch=pair needs it; add it" in line


# Files ---------------------------------------------------------------------------------------------------------------

TEXT = json.dumps(MARKET)
FILES: dict[str, tuple[str, Any, str]] = {
    "missing": ("none.json", None, "does not exist; give the path of an instance"),
    "in a missing folder": ("none/market.json", None, "does not exist; give the path of an instance"),
    "below a file": ("market.json/market.json", None, "cannot be read (Not a directory); give a readable file"),
    "without an ending": ("none", None, "does not exist; give the path of an instance"),
    "a folder": ("folder.json", None, "is a directory; give the path of an instance"),
    "empty": ("bad.json", b"", "is empty; give an instance"),
    "blank": ("bad.json", " \n\t ", "is empty; give an instance"),
    "binary": ("bad.json", bytes(range(256)), "is not UTF-8 text; give an instance as JSON"),
    "utf-16": ("bad.json", TEXT.encode("utf-16"), "is not UTF-8 text"),
    "prose": ("bad.json", "hello world", "line 1, column 1: is not JSON (Expecting value); give an instance as valid"),
    "a single word": ("bad.json", "x", "line 1, column 1: is not JSON"),
    "cut off in a list": ("bad.json", TEXT[: TEXT.index("120")], "line 1, column 85: is cut off (Expecting value)"),
    "cut off in a word": ("bad.json", TEXT[:-5], ": is cut off (Unterminated string"),
    "cut off at once": ("bad.json", "{", "line 1, column 2: is cut off"),
    "more behind it": ("bad.json", TEXT + "}", "is not JSON (Extra data)"),
    "a trailing comma": ("bad.json", '{"format": 1,}', "is not JSON"),
    "single quotes": ("bad.json", "{'format': 1}", "line 1, column 2: is not JSON"),
    "a key twice": ("bad.json", TEXT.replace('"kind"', '"format"'), "format: occurs twice; keep one"),
    "an inner key twice": ("bad.json", TEXT.replace('"demand"', '"budget"'), "budget: occurs twice; keep one"),
    "too deep": ("bad.json", "[" * 100_000 + "]" * 100_000, "nests too deeply; give an instance as flat JSON"),
    "a list": ("bad.json", [MARKET], "is not a JSON object; write one with format 'mcsopt-instance/1'"),
    "a number": ("bad.json", "3", "is not a JSON object"),
    "null": ("bad.json", "null", "is not a JSON object"),
    "missing CSV": ("none.csv", None, "does not exist; give the path of a taxi trip file"),
    "a folder of CSVs": ("folder.csv", None, "is a directory; give the path of one file in it"),
    "empty CSV": ("bad.csv", b"", "is empty; give a file with a header and trips"),
    "CSV of another schema": ("bad.csv", "a,b\n1,2\n", "header: is of no known taxi schema: columns pickup_latitude"),
    "CSV with a header only": ("bad.csv", HEADER, "rows: are missing, the file ends after its header"),
    "CSV without a usable row": ("bad.csv", HEADER + TRIP.replace("41.90", ""), "rows: "),
    "binary CSV": ("bad.csv", bytes(range(256)) * 3, "header: is of no known taxi schema"),
    "damaged gzip": ("bad.csv.gz", gzip.compress(HEADER.encode() * 99)[:-20], "cannot be read ("),
    "too few trips": ("bad.csv", HEADER + TRIP * 3, "workers: is 160, community area 8 has 3 usable trips; ask for at"),
    "CSV in capitals": ("BAD.CSV", "a,b\n1,2\n", "header: is of no known taxi schema"),
    "missing Parquet": ("none.parquet", None, "does not exist; give the path of an instance"),
    "a folder of Parquet": ("folder.parquet", None, "is a directory; give the path of an instance"),
    "empty Parquet": ("bad.parquet", b"", "is empty; give the path of an instance"),
    "text as Parquet": ("bad.parquet", TEXT, "is damaged or no Parquet ("),
    "Parquet header only": ("bad.parquet", b"PAR1" + bytes(40) + b"PAR1", "is damaged or no Parquet ("),
}


@pytest.mark.parametrize(("name", "content", "message"), FILES.values(), ids=list(FILES))
def test_a_file_that_is_no_instance(capsys, folder, name, content, message):
    path = folder / name if content is None else write(folder / name, content)
    for words in commands(path, folder):
        line = refused(capsys, folder, *words)
        assert line.startswith(f"mcsopt: {path}: ")
        assert message in line


def test_trips_are_no_knapsack(capsys, folder):
    path = write(folder / "trips.csv", HEADER + TRIP)
    line = refused(capsys, folder, "solve", path, *ITEMS)
    assert "trips.csv: stands for a table of taxi trips; this problem takes an instance of kind 'knapsack'" in line


ROW = {"format": "mcsopt-instance/1", "kind": "knapsack", "weight": [1.0, 2.0], "value": [3.0, 4.0], "capacity": 2.0}
TABLES: dict[str, tuple[pa.Table, str]] = {
    "two rows": (pa.table({key: [value] * 2 for key, value in ROW.items()}), "has 2 rows and is no instance"),
    "no rows": (pa.table({key: [value] for key, value in ROW.items()}).slice(0, 0), "has 0 rows and is no instance"),
    "a column twice": (
        pa.table([[ROW["format"]], ["knapsack"], [[1.0]], [[1.0]]], names=["format", "kind", "weight", "weight"]),
        "weight: occurs twice; keep one",
    ),
    "a group and a column": (
        pa.table({key: [value] for key, value in (ROW | {"weight.x": [1.0]}).items()}), "weight: occurs twice; keep one"
    ),
    "an unknown column": (pa.table({key: [value] for key, value in (ROW | {"n": 3}).items()}), "n: is not a known fie"),
    "a missing column": (pa.table({k: [v] for k, v in ROW.items() if k != "value"}), "value: is missing"),
    "NaN": (pa.table({k: [v] for k, v in (ROW | {"value": [3.0, math.nan]}).items()}), "value[1]: is nan; give a numb"),
    "text": (pa.table({k: [v] for k, v in (ROW | {"value": ["a", "b"]}).items()}), "value[0]: is 'a', not a number"),
    "a null": (pa.table({k: [v] for k, v in (ROW | {"value": [None, 1.0]}).items()}), "value[0]: is null, not a numbe"),
    "nested": (pa.table({k: [v] for k, v in (ROW | {"value": [[1.0], [2.0]]}).items()}), "value[0]: is [1.0], not a"),
    "not a list": (pa.table({k: [v] for k, v in (ROW | {"value": 3.0}).items()}), "value: is 3.0; give a list of numb"),
    "another version": (
        pa.table({k: [v] for k, v in (ROW | {"format": "mcsopt-instance/9"}).items()}), "format: is 'mcsopt-instance/9'"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "message"), TABLES.values(), ids=list(TABLES))
def test_a_parquet_table_that_is_no_instance(capsys, folder, table, message):
    path = folder / "bad.parquet"
    pq.write_table(table, path)
    line = refused(capsys, folder, "solve", path, *ITEMS, "-o", folder / "out.json")
    assert line.startswith(f"mcsopt: {path}: {message}")


@pytest.mark.parametrize("keep", [3, 100, -1, -8, -200])
def test_a_damaged_parquet_file(capsys, folder, keep):
    path = folder / "bad.parquet"
    run(capsys, "generate", "--kind", "knapsack", "--seed", 0, "-o", path)
    path.write_bytes(path.read_bytes()[:keep])
    for words in (("solve", path, *ITEMS), ("solve", path, *WELFARE)):
        assert f"mcsopt: {path}: is damaged or no Parquet (" in refused(capsys, folder, *words)


def test_parquet_damaged_in_the_middle_is_refused_or_read_as_another_instance(capsys, folder):
    path, certificate = folder / "bad.parquet", folder / "c.json"
    run(capsys, "generate", "--kind", "knapsack", "--seed", 0, "--items", 9, "-o", path)
    run(capsys, "certify", path, *ITEMS, "--heuristic", "density-greedy", "--certificate", certificate)
    good = path.read_bytes()
    for position in range(4, len(good) - 8, 97):
        path.write_bytes(good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])
        outcome = run(capsys, "verify", certificate, "--instance", path)
        assert outcome.status in (0, 1, 2)
        assert outcome.err.count("\n") == (1 if outcome.status == 2 else 0)


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
    "certify market.json --problem offline-welfare": "one of the arguments --heuristic --plan is required; see mcsopt",
    "certify market.json --problem --heuristic greedy": "argument --problem: expected one argument; see mcsopt certify",
    "certify market.json --problem offline-welfare --heuristic": "argument --heuristic: expected at least one argument",
    "certify --problem offline-welfare --heuristic market.json": "argument --heuristic: names none; see mcsopt certify",
    f"{CERTIFY} --plan plan.json": "argument --plan: not allowed with argument --heuristic; see mcsopt certify --help",
    f"{CERTIFY} --colour red": "unknown argument '--colour'; see mcsopt certify --help",
    f"{CERTIFY} other.json": "unknown argument 'other.json'; see mcsopt certify --help",
    f"{CERTIFY} --heuristic other.json": "heuristic: 'other.json' is not known; use one of greedy",
    "certify a.json b.json --problem knapsack --plan p.json": "unknown argument 'b.json'; see mcsopt certify --help",
    "certify market.json --problem welfare --heuristic greedy": "problem: 'welfare' is not known; use one of knapsack,",
    "certify market.json --problem offline-welfare --heuristic gredy": "heuristic: 'gredy' is not known; use one of gr",
    "certify market.json --problem offline-welfare --heuristic density-greedy": "heuristic: 'density-greedy' does not ",
    f"{CERTIFY} --solver gurobi": "solver: 'gurobi' does not solve offline-welfare; use one of column-tree, linear-bou",
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
    "generate --kind sudoku --seed 0 -o out.json": "kind: 'sudoku' is not known; use one of knapsack, sensing-market",
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
