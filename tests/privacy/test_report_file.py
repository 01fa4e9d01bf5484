"""The file of MIRROR, format ``mcsopt-reports/1``: damage is refused, or says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.errors import InputError
from mcsopt.privacy import Mirror
from mcsopt.privacy.report_file import read_reports
from mcsopt.problems.fields import canonical_digest

MARKET = "sha256:market"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with two epochs."""
    path = tmp_path_factory.mktemp("sound") / "reports.json"
    with Mirror.create(path, market=MARKET, num_tasks=3) as mirror:
        for epoch in (0, 1):
            mirror.report(epoch=epoch, bits=[[1, 0, 1], [0, 0, 1]], epsilon=0.5)
    return path


@settings(max_examples=300, derandomize=True)
@given(st.integers(0, 10**6), st.binary(min_size=0, max_size=3), st.integers(0, 3))
def test_a_damaged_file_is_refused_or_says_the_same(sound: Path, place: int, put: bytes, taken: int) -> None:
    text, whole = sound.read_bytes(), read_reports(sound)
    damaged = sound.with_name("damaged.json")
    place %= len(text)
    damaged.write_bytes(text[:place] + put + text[place + taken :])
    before = damaged.read_bytes()
    try:
        content = read_reports(damaged)
    except InputError:
        with pytest.raises(InputError, match=r"damaged\.json"):
            Mirror.open(damaged, market=MARKET)
    else:
        assert content == whole
    assert damaged.read_bytes() == before


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_file_that_was_cut_off_is_refused(sound: Path, tmp_path: Path, kept: float) -> None:
    cut = tmp_path / "cut.json"
    cut.write_bytes(sound.read_bytes()[: int(kept * sound.stat().st_size)])
    with pytest.raises(InputError, match=r"is empty|is cut off"):
        Mirror.open(cut, market=MARKET)


def entry(**changed: Any) -> dict[str, Any]:
    return {"worker": 0, "epoch": 0, "epsilon": 0.5, "report": "010"} | changed


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"entries": {}}, "entries: is {}; give a list"),
        ({"entries": [3]}, r"entries\[0\]: is 3; give an object"),
        ({"entries": [{"worker": 0}]}, r"entries\[0\].epoch: is missing"),
        ({"entries": [entry(truth="111")]}, r"entries\[0\].truth: is not a known field"),
        ({"entries": [entry(worker=-1)]}, r"entries\[0\].worker: is -1"),
        ({"entries": [entry(epoch=0.5)]}, r"entries\[0\].epoch: is 0.5"),
        ({"entries": [entry(epsilon=0)]}, r"entries\[0\].epsilon: is 0; give a number > 0"),
        ({"entries": [entry(epsilon=True)]}, r"entries\[0\].epsilon: is true"),
        ({"entries": [entry(epsilon=1e101)]}, r"entries\[0\].epsilon: is 1e\+101"),
        ({"num_tasks": 2**62 + 1}, "num_tasks: is 4611686018427387905; give an integer from 1 to 2\\^62"),
        (
            {"entries": [entry(report="01")]},
            r"entries\[0\].report: is '01'; give a string of 3 zeros and ones, or null",
        ),
        ({"entries": [entry(report="012")]}, r"entries\[0\].report"),
        ({"entries": [entry(report=10)]}, r"entries\[0\].report"),
        ({"entries": [entry(), entry()]}, r"entries\[1\]: repeats a worker and epoch"),
        ({"entries": [entry(report=None)]}, "report of worker 0, epoch 0: must be there for the last epoch"),
        ({"entries": [entry(), entry(epoch=1)]}, "report of worker 0, epoch 0: must be there for the last epoch, and"),
        ({"num_tasks": 0}, "num_tasks: is 0"),
        ({"simulated": 0}, "simulated: is 0; give true or false"),
        ({"market": 5}, "market: is 5"),
        ({"more": 1}, "more: is not a known field"),
        ({"format": "mcsopt-reports/2"}, "this version reads 'mcsopt-reports/1'"),
    ],
)
def test_files_that_somebody_wrote_with_the_right_digest(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    document = {
        "format": "mcsopt-reports/1", "market": MARKET, "num_tasks": 3, "simulated": False, "entries": [entry()],
    } | changed  # fmt: skip
    path = tmp_path / "written.json"
    digest = canonical_digest(document)
    path.write_text(json.dumps(document | {"digest": digest}), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        Mirror.open(path, market=MARKET)


def test_numbers_beyond_doubles(tmp_path: Path) -> None:
    huge = "1" + "0" * 400
    head = '{"format": "mcsopt-reports/1", "market": "m", "num_tasks": 3, "simulated": false, "digest": "", "entries": '
    path = tmp_path / "huge.json"
    for key in ("worker", "epoch", "epsilon"):
        item = json.dumps(entry() | {key: 0}).replace(f'"{key}": 0', f'"{key}": {huge}')
        path.write_text(f"{head}[{item}]}}", encoding="utf-8")
        with pytest.raises(InputError, match=rf"entries\[0\].{key}: is an integer of more than 60 digits"):
            Mirror.open(path, market="m")


@pytest.mark.parametrize("text", ["[]", "3", '{"format": "mcsopt-reports/1"}', "{", "\x00", '{"a": 1, "a": 2}'])
def test_files_of_something_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "else.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=str(path)):
        Mirror.open(path, market=MARKET)
