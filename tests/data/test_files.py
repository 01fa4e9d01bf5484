"""Instance and solution files: strict when read, whole or not at all when written."""

from __future__ import annotations

import json
import os
import stat
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mcsopt.data import files, knapsack, read_instance, read_solution, sensing_market, write_instance, write_solution
from mcsopt.errors import InputError
from mcsopt.problems import Assignment, Knapsack, KnapsackInstance, OfflineWelfare, Packing, SensingMarket
from mcsopt.problems.fields import Instance
from tests.commands.running import KNAPSACK, MARKET, write

DRAWN: list[Instance] = [
    knapsack(items=9, seed=2),
    knapsack(items=0, seed=2),
    sensing_market(tasks=3, workers=8, seed=1),
    sensing_market(tasks=2, workers=0, seed=1, service="required"),
    SensingMarket.from_json(MARKET),
]


@pytest.mark.parametrize("name", ["i.json", "i.parquet", "I.PARQUET", "without-ending"])
@pytest.mark.parametrize("instance", DRAWN, ids=range(len(DRAWN)))
def test_instances_there_and_back(tmp_path, instance, name):
    write_instance(instance, tmp_path / name)
    again = read_instance(tmp_path / name)
    assert type(again) is type(instance)
    assert again.digest() == instance.digest()
    assert again.to_json() == instance.to_json()
    assert (tmp_path / name).read_bytes()[:4] == (b"PAR1" if name.lower().endswith("parquet") else b'{"fo')
    assert read_instance(str(tmp_path / name)).digest() == instance.digest()


def test_parquet_has_the_columns_of_the_json(tmp_path):
    market = sensing_market(tasks=3, workers=8, seed=1)
    write_instance(market, tmp_path / "m.parquet")
    table = pq.read_table(tmp_path / "m.parquet")
    assert table.num_rows == 1
    document = market.to_json()
    expected = {f"{k}.{inner}" for k, v in document.items() if isinstance(v, dict) for inner in v}
    assert set(table.column_names) == expected | {k for k, v in document.items() if not isinstance(v, dict)}


def test_parquet_in_a_folder_named_like_a_partition(tmp_path):
    (tmp_path / "seed=3").mkdir()
    path = tmp_path / "seed=3" / "k.parquet"
    write_instance(DRAWN[0], path)
    assert read_instance(path).digest() == DRAWN[0].digest()


def test_what_is_written_by_hand_is_read(tmp_path):
    text = """
    {
      "kind": "knapsack", "capacity": 7,
      "value": [4, 5.0, 6.5e0],
      "weight": [3, 4, -0.0],
      "format": "mcsopt-instance/1"
    }
    """
    instance = read_instance(write(tmp_path / "k.json", text))
    assert isinstance(instance, KnapsackInstance)
    np.testing.assert_array_equal(instance.weight, [3, 4, 0])
    assert read_instance(write(tmp_path / "bom.json", "\ufeff" + text)).digest() == instance.digest()
    assert read_instance(write(tmp_path / "crlf.json", text.replace("\n", "\r\n"))).digest() == instance.digest()


def test_null_is_absent_where_a_field_may_be(tmp_path):
    document = json.loads(json.dumps(MARKET))
    document["pairs"]["intent_prior"] = None
    document["tasks"]["x"] = None
    market = read_instance(write(tmp_path / "m.json", document))
    assert market.digest() == SensingMarket.from_json(MARKET).digest()


# Solutions -----------------------------------------------------------------------------------------------------------


def test_solutions_there_and_back(tmp_path):
    market = OfflineWelfare(SensingMarket.from_json(MARKET))
    for plan in (Assignment([[0], [1, 2]]), Assignment([[], []]), Assignment([[1], [1]])):
        write_solution(market, plan, tmp_path / "s.json")
        assert read_solution(market, tmp_path / "s.json") == plan
    items = Knapsack(KnapsackInstance.from_json(KNAPSACK))
    for packing in (Packing([]), Packing([2, 0])):
        write_solution(items, packing, tmp_path / "s.json")
        assert read_solution(items, tmp_path / "s.json") == packing
    assert json.loads((tmp_path / "s.json").read_text()) == {
        "format": "mcsopt-solution/1", "problem": "knapsack", "items": [0, 2],
    }  # fmt: skip


def test_a_solution_file_may_list_workers_in_any_order(tmp_path):
    market = OfflineWelfare(SensingMarket.from_json(MARKET))
    path = write(tmp_path / "s.json", market.solution_document(Assignment([[], []])) | {"assignment": [[], [2, 1]]})
    assert read_solution(market, path) == Assignment([[], [1, 2]])


# Writing -------------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole(tmp_path):
    target = write(tmp_path / "t.json", "old")
    files.write_text(target, "new\n")
    assert target.read_text() == "new\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.json"]


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_the_old_file_survives_a_failure(tmp_path, monkeypatch, ending):
    target = write(tmp_path / f"t.{ending}", "old")

    def full(*args: object, **kwargs: object) -> None:
        Path(args[1] if ending == "parquet" else args[0]).write_bytes(b"hal")  # type: ignore[arg-type]  # a path
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((pq, "write_table") if ending == "parquet" else (Path, "write_text")), full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); give a writable path"):
        write_instance(DRAWN[0], target)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name]


def test_an_interrupt_leaves_nothing_half_written(tmp_path, monkeypatch):
    target = write(tmp_path / "t.json", "old")
    monkeypatch.setattr(os, "getpid", lambda: 7)

    def struck() -> None:
        with files.replacing(target) as partial:
            partial.write_text("hal")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        struck()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.json"]
    assert target.read_text() == "old"


def test_two_files_of_one_folder_written_at_once_do_not_mix(tmp_path):
    # As two threads, or two containers that share a folder and both are process 1, might interleave.
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    with ExitStack() as stack:
        one = stack.enter_context(files.replacing(first))
        other = stack.enter_context(files.replacing(second))
        one.write_text("first")
        other.write_text("second")
    assert (first.read_text(), second.read_text()) == ("first", "second")


def test_a_link_stays_a_link(tmp_path):
    target, link = write(tmp_path / "t.json", "old"), tmp_path / "link.json"
    link.symlink_to(target)
    files.write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_to_not_replaced():
    files.write_text(os.devnull, "gone")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        files.write_text(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)


def test_no_permission_is_found_before_the_work(tmp_path, monkeypatch):
    # As root everything is permitted: ask as somebody else would be answered.
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(InputError, match="cannot be written: no permission for"):
        files.check_writable(tmp_path / "t.json")
    with pytest.raises(InputError, match=r"t\.json: cannot be written: no permission for .*t\.json; give the path"):
        files.check_writable(write(tmp_path / "t.json", "old"))


def test_a_file_in_a_folder_that_may_not_be_written_is_found_before_the_work(tmp_path, monkeypatch):
    # It may itself be written, but what takes its place grows beside it.
    target = write(tmp_path / "t.json", "old")
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != tmp_path)
    with pytest.raises(InputError, match=rf"t\.json: cannot be written: no permission for {tmp_path};"):
        files.check_writable(target)
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.json"
    link.symlink_to(target)
    with pytest.raises(InputError, match=rf"no permission for {tmp_path};"):
        files.check_writable(link)


# Telling files apart -------------------------------------------------------------------------------------------------


def test_parquet_of_trips_and_of_instances(tmp_path):
    path = tmp_path / "k.parquet"
    write_instance(DRAWN[0], path)
    assert not files.is_trips_parquet(path)
    pq.write_table(pq.read_table(path).drop_columns(["kind"]), path)
    assert files.is_trips_parquet(path)
    assert not files.is_trips_parquet(write(path, "no parquet"))
    assert not files.is_trips_parquet(tmp_path / "none.parquet")


def test_reading_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def denied(*args: object, **kwargs: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises(
        InputError, match=r"k\.json: cannot be read \(Permission denied\); give a readable file with an"
    ):
        read_instance(tmp_path / "k.json")
