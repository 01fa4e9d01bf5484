"""Whatever is wrong with an instance: status 2, one line with place, value and remedy, and nothing written."""

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
from tests.commands.refusing import HEADER, TRIP, furnish, refused
from tests.commands.running import ITEMS, KNAPSACK, MARKET, WELFARE, changed, run, write

FULL = changed(
    MARKET,
    {
        ("tasks", "x"): [0.0, 1.0], ("tasks", "y"): [0.0, 1.0], ("workers", "x"): [0.0] * 3,
        ("workers", "y"): [1.0] * 3,
        ("workers", "privacy_budget"): [1.0] * 3, ("pairs", "intent_prior"): [0.9] * 4,
    },
)  # fmt: skip
"""A market with every optional column, too."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


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
    "unknown kind": ({("kind",): "supermarket"}, "kind: is 'supermarket'; use one of "),
    "kind a number": ({("kind",): 3}, "kind: is 3; use one of "),
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
