"""Finished seeds survive: restarts, lines cut short; nothing is mixed, nothing overwritten."""

from __future__ import annotations

import json

import pytest

from mcsopt.errors import InputError
from mcsopt.simulation.run_store import RunStore

HEAD = {"policy": {"restore": "optional"}, "source": "generated"}
KEY = ("welfare", 4, 16, 0)


def test_rows_are_there_again_after_a_restart(tmp_path):
    path = tmp_path / "runs.jsonl"
    store = RunStore(path, HEAD)
    store.add(KEY, [{"method": "a", "SW": 0.1 + 0.2}])
    store.add(("attacks", 4, 16, 1), [])
    del store
    again = RunStore(path, HEAD, resume=True)
    assert again.rows == {KEY: [{"method": "a", "SW": 0.1 + 0.2}], ("attacks", 4, 16, 1): []}


def test_a_file_is_not_overwritten_unless_it_is_to_go_on(tmp_path):
    path = tmp_path / "runs.jsonl"
    RunStore(path, HEAD).add(KEY, [])
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"runs.jsonl: .*is there already; give --resume"):
        RunStore(path, HEAD)
    assert path.read_bytes() == before


def test_resuming_nothing_begins(tmp_path):
    assert RunStore(tmp_path / "runs.jsonl", HEAD, resume=True).rows == {}


def test_two_do_not_write_one_file(tmp_path):
    path = tmp_path / "runs.jsonl"
    first = RunStore(path, HEAD)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"half')
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"runs.jsonl: is being written by another process; wait"):
        RunStore(path, HEAD, resume=True)
    assert path.read_bytes() == before
    first.release()
    assert RunStore(path, HEAD, resume=True).rows == {}


def test_a_file_that_a_full_disk_left_empty_is_begun_again(tmp_path):
    path = tmp_path / "runs.jsonl"
    path.touch()
    RunStore(path, HEAD, resume=True).add(KEY, [])
    assert RunStore(path, HEAD, resume=True).rows == {KEY: []}


def test_runs_of_another_experiment_are_not_mixed_in(tmp_path):
    path = tmp_path / "runs.jsonl"
    RunStore(path, HEAD).add(KEY, [])
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"source: is 'generated', asked for is 'trips'"):
        RunStore(path, {**HEAD, "source": "trips"}, resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_last_line_cut_short_is_done_again(tmp_path, cut):
    path = tmp_path / "runs.jsonl"
    store = RunStore(path, HEAD)
    store.add(KEY, [{"SW": 1.0}])
    store.add(("welfare", 4, 16, 1), [{"SW": 2.0}])
    whole = store.rows
    del store
    path.write_bytes(path.read_bytes()[:-cut])
    again = RunStore(path, HEAD, resume=True)
    assert again.rows == {KEY: [{"SW": 1.0}]}
    again.add(("welfare", 4, 16, 1), [{"SW": 2.0}])
    del again
    assert RunStore(path, HEAD, resume=True).rows == whole


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"rows"', '"rwos"', 1),
        lambda text: text.replace('{"kind"', '{"kind', 1),
        lambda text: text.replace('"seed": 0', '"seed": null', 1),
        lambda text: text.split("\n")[0] + "\n[]\n",
    ],
)
def test_a_damaged_line_is_named_and_the_file_left_alone(tmp_path, damage):
    path = tmp_path / "runs.jsonl"
    RunStore(path, HEAD).add(KEY, [{"SW": 1.0}])
    path.write_text(damage(path.read_text()))
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"runs.jsonl: line 2: is no line of such a file"):
        RunStore(path, HEAD, resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["\n", "x", json.dumps({"format": "mcsopt-instance/1"}) + "\n"])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "runs.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=r"runs.jsonl"):
        RunStore(path, HEAD, resume=True)
    assert path.read_text() == text


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        RunStore(tmp_path / "none" / "runs.jsonl", HEAD)
