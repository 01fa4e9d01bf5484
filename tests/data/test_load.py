"""Which instance a command's INSTANCE stands for."""

from __future__ import annotations

import shutil

import pytest

from mcsopt.data import default_instance, knapsack, load_instance, sensing_market, write_instance
from mcsopt.data.load import is_trips
from mcsopt.data.taxi_market import chicago
from mcsopt.errors import InputError
from mcsopt.problems import instance_types
from tests.commands.running import KNAPSACK, write
from tests.real_trips import BIGQUERY, SAMPLE, needs_trips


@pytest.mark.parametrize("kind", sorted(instance_types()))
def test_every_kind_has_a_default(kind):
    instance, lines = load_instance(None, kind)
    assert instance.kind == kind
    assert lines == [f"instance: embedded default {kind}"]
    assert instance.digest() == default_instance(kind).digest()


def test_the_default_market_is_a_drawn_one():
    assert default_instance("sensing-market").digest() == sensing_market(tasks=10, workers=40, seed=8).digest()


def test_a_kind_without_default_is_refused():
    with pytest.raises(
        InputError, match="INSTANCE: is missing and kind 'supermarket' has no default; give an instance"
    ):
        default_instance("supermarket")


@pytest.mark.parametrize("name", ["k.json", "k.parquet", "K.JSON", "k"])
def test_an_instance_file(tmp_path, name):
    drawn = knapsack(items=4, seed=0)
    write_instance(drawn, tmp_path / name)
    for path in (tmp_path / name, str(tmp_path / name)):
        instance, lines = load_instance(path, "knapsack")
        assert instance.digest() == drawn.digest()
        assert lines == []


def test_an_instance_of_another_kind_is_refused(tmp_path):
    path = write(tmp_path / "k.json", KNAPSACK)
    with pytest.raises(InputError, match=r"k\.json: kind: is 'knapsack'; this problem takes 'sensing-market'"):
        load_instance(path, "sensing-market")


@needs_trips
def test_trips_become_a_market_with_a_report():
    instance, lines = load_instance(SAMPLE, "sensing-market", tasks=3, workers=9, area=8, seed=2)
    assert instance.digest() == chicago(SAMPLE, tasks=3, workers=9, area=8, seed=2).digest()
    assert any("rejected" in line for line in lines)
    assert any("3 tasks, 9 workers" in line for line in lines)


@needs_trips
def test_trips_in_parquet():
    with pytest.raises(InputError, match=r"20rows\.parquet: workers: is 160, community area \d+ has \d+ usable trips"):
        load_instance(BIGQUERY, "sensing-market")
    instance, _ = load_instance(BIGQUERY, "sensing-market", tasks=2, workers=1)
    assert instance.num_tasks == 2


@needs_trips
def test_trips_are_told_by_ending_and_parquet_by_columns(tmp_path):
    for name in ("t.csv", "t.CSV", "t.csv.gz", "T.Csv.Gz"):
        assert is_trips(name)
    for name in ("t.json", "t", "csv", "t.csv.json", "none.parquet"):
        assert not is_trips(name)
    shutil.copy(BIGQUERY, tmp_path / "T.PARQUET")
    assert is_trips(tmp_path / "T.PARQUET")
    write_instance(knapsack(items=2, seed=0), tmp_path / "k.parquet")
    assert not is_trips(tmp_path / "k.parquet")


@pytest.mark.parametrize("path", [SAMPLE, pytest.param(BIGQUERY, marks=needs_trips), "none.csv"])
def test_trips_stand_for_no_other_kind(path):
    with pytest.raises(
        InputError, match="stands for a table of taxi trips; this problem takes an instance of kind 'kn"
    ):
        load_instance(path, "knapsack")
