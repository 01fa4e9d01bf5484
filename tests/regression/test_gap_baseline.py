"""Baseline files: what is written is read, line by line, and nothing else is."""

from __future__ import annotations

import json

import pytest

from mcsopt.errors import InputError
from mcsopt.regression.gap_baseline import Baseline, read_baseline, write_baseline
from mcsopt.regression.gap_runs import EntryRuns
from mcsopt.versions import versions
from tests.commands.running import changed

RUNS = (
    EntryRuns("greedy", "b", "sha256:2", 7.5, (4, 5), (5.0, None), (1 / 3, None)),
    EntryRuns("greedy", "a", "sha256:1", 0.1, (1, 2), (0.1, 0.0), (0.0, 1.0)),
    EntryRuns("aspire", "a", "sha256:1", 0.1, (1,), (0.1,), (0.0,)),
)


@pytest.fixture
def file(tmp_path):
    write_baseline(Baseline().updated(RUNS), tmp_path / "b.json")
    return tmp_path / "b.json"


def test_what_is_written_is_read(file):
    found = read_baseline(file)
    assert [(one.heuristic, one.entry) for one in found.runs] == [("aspire", "a"), ("greedy", "a"), ("greedy", "b")]
    assert set(found.runs) == set(RUNS)
    assert found.versions == {"greedy": versions(), "aspire": versions()}
    assert found.of("greedy") == {"a": RUNS[1], "b": RUNS[0]}
    assert (found.of("none"), found.seeds("none"), found.seeds("greedy")) == ({}, None, 2)
    assert RUNS[0].infeasible == (5,)


def test_a_diff_shows_the_entries_that_changed(file, tmp_path):
    other = tmp_path / "c.json"
    better = EntryRuns("greedy", "a", "sha256:1", 0.1, (1, 2), (0.1, 0.1), (0.0, 0.0))
    write_baseline(Baseline().updated([RUNS[0], better, RUNS[2]]), other)
    before, now = file.read_text().splitlines(), other.read_text().splitlines()
    differ = [line for line, same in zip(now, before, strict=True) if line != same]
    assert len(differ) == 1
    assert '"entry": "a"' in differ[0]
    json.loads(file.read_text())


def test_an_update_replaces_a_heuristic_whole_and_keeps_the_others(file):
    kept = read_baseline(file).updated([EntryRuns("greedy", "c", "sha256:3", 1.0, (9,), (1.0,), (0.0,))])
    assert [(one.heuristic, one.entry) for one in kept.runs] == [("aspire", "a"), ("greedy", "c")]


def test_an_empty_baseline_is_one(tmp_path):
    write_baseline(Baseline(), tmp_path / "b.json")
    assert read_baseline(tmp_path / "b.json").runs == ()


LINE = ("runs", 2)  # greedy on b, the one with an infeasible run


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({("format",): "mcsopt-baseline/2"}, "format: is 'mcsopt-baseline/2'"),
        ({("more",): 1}, "has the keys format, more, runs, versions"),
        ({("versions",): []}, r"versions: is \[\]"),
        ({("versions", "greedy"): 3}, "versions: is "),
        ({("runs",): {}}, "runs: is {}"),
        ({("runs", 0): 3}, r"runs\[0\]: is 3; give an object with the keys"),
        ({(*LINE, "more"): 3}, r"runs\[2\]: is "),
        ({(*LINE, "entry"): 3}, r"runs\[2\].entry: is 3; give a string"),
        ({(*LINE, "bound"): True}, r"runs\[2\].bound: is true; give a finite number"),
        ({(*LINE, "bound"): 10**400}, r"runs\[2\].bound: is an integer of more than 60 digits"),
        ({(*LINE, "bound"): None}, r"runs\[2\].bound: is null"),
        ({(*LINE, "objectives"): 3}, r"runs\[2\].objectives: is 3"),
        ({(*LINE, "objectives"): [5.0, "x"]}, r"runs\[2\].objectives\[1\]: is 'x'"),
        ({(*LINE, "objectives"): [5.0]}, r"runs\[2\].seeds: is \[4, 5\]; give an integer for each"),
        ({(*LINE, "seeds"): [4, 5.0]}, r"runs\[2\].seeds: is \[4, 5.0\]"),
        ({(*LINE, "seeds"): 4}, r"runs\[2\].seeds: is 4"),
        ({(*LINE, "gaps"): [0.3, 0.3]}, r"runs\[2\].gaps: and objectives do not go together"),
        ({(*LINE, "infeasible"): []}, r"runs\[2\].infeasible: is \[\], the objectives say \[5\]"),
        ({(*LINE, "entry"): "a"}, r"runs\[2\]: repeats greedy on a; keep one"),
        (
            {(*LINE, "objectives"): [None], (*LINE, "gaps"): [None], (*LINE, "seeds"): [4], (*LINE, "infeasible"): [4]},
            r"runs\[2\].objectives: has 1 seeds, other entries of greedy 2",
        ),
        (
            {(*LINE, "objectives"): [], (*LINE, "gaps"): [], (*LINE, "seeds"): [], (*LINE, "infeasible"): []},
            r"runs\[2\].gaps: and objectives",
        ),
    ],
)
def test_a_damaged_file_is_refused_by_name_field_and_value(file, changes, message):
    file.write_text(json.dumps(changed(json.loads(file.read_text()), changes)))
    with pytest.raises(InputError, match=message) as caught:
        read_baseline(file)
    assert str(caught.value).startswith(str(file))


def test_a_list_is_no_baseline(tmp_path):
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(InputError, match="is not a JSON object; write it with mcsopt regress --update"):
        read_baseline(tmp_path / "b.json")
