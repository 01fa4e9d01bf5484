"""MIRROR: one report for each worker and epoch, whatever happens to the process; and its file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.privacy import Mirror, flip_probability
from mcsopt.privacy import mirror as mirror_module

MARKET = "sha256:market"
BITS = np.random.default_rng(0).integers(0, 2, (5, 60))
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports.json"


def new(path: Path, **changed: Any) -> Mirror:
    return Mirror.create(path, **({"market": MARKET, "num_tasks": 60} | changed))


@pytest.mark.parametrize("seed", [None, 0])
def test_nobody_reports_where_primer_finds_no_budget(path: Path, seed: int | None) -> None:
    with new(path, simulated=seed) as mirror:
        told = mirror.report(epoch=0, bits=BITS[:0], epsilon=np.zeros(0))
        assert told.shape == (0, 60)
        assert told.dtype == np.uint8
        assert mirror.ledger().charges == ()


def test_an_epoch_has_one_report(path: Path) -> None:
    with new(path) as mirror:
        told = [mirror.report(epoch=0, bits=BITS, epsilon=0.5) for _ in range(5)]
    assert all((one == told[0]).all() for one in told)
    assert told[0].shape == BITS.shape
    assert told[0].dtype == np.uint8
    # 300 bits, each flipped with probability 0.38: the truth it is not, nor far from the mean.
    assert 60 < (told[0] != BITS).sum() < 170


def test_a_restart_remembers(path: Path) -> None:
    with new(path) as mirror:
        first = mirror.report(epoch=3, bits=BITS, epsilon=0.5)
    for _ in range(3):
        with Mirror.open(path, market=MARKET) as mirror:
            assert (mirror.report(epoch=3, bits=BITS, epsilon=0.5) == first).all()


def test_another_process_remembers(path: Path) -> None:
    script = (
        "import sys, mcsopt\n"
        "with mcsopt.privacy.Mirror.open(sys.argv[1], market='sha256:market') as mirror:\n"
        "    print(*mirror.report(epoch=0, bits=[[0] * 60], epsilon=0.5)[0])"
    )
    with new(path) as mirror:
        first = mirror.report(epoch=0, bits=BITS, epsilon=0.5)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.split() == [str(bit) for bit in first[0]]


def test_another_epoch_has_another_report(path: Path) -> None:
    with new(path) as mirror:
        assert (mirror.report(epoch=0, bits=BITS, epsilon=0.5) != mirror.report(epoch=1, bits=BITS, epsilon=0.5)).any()


def test_an_epoch_that_is_over_gets_no_fresh_noise(path: Path) -> None:
    with new(path) as mirror:
        mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        mirror.report(epoch=2, bits=BITS[:1], epsilon=0.5)
        for epoch in (0, 1):
            with pytest.raises(InputError, match=f"epoch: {epoch} is over for worker 0, who has reported for epoch 2"):
                mirror.report(epoch=epoch, bits=BITS, epsilon=0.5)
        assert mirror.report(epoch=0, bits=BITS[1:], epsilon=0.5, workers=range(1, 5)).shape == (4, 60)
    entries = json.loads(path.read_text(encoding="utf-8"))["entries"]
    # The report of the epoch that is over was discarded; its cost was not.
    assert [(e["worker"], e["epoch"], e["report"] is None) for e in entries][:2] == [(0, 0, True), (0, 2, False)]


def test_changed_intents_show_in_the_next_epoch_only(path: Path) -> None:
    with new(path) as mirror:
        first = mirror.report(epoch=0, bits=BITS, epsilon=50.0)
        assert (mirror.report(epoch=0, bits=1 - BITS, epsilon=50.0) == first).all()
        assert (mirror.report(epoch=1, bits=1 - BITS, epsilon=50.0) == 1 - first).all()


def test_the_budget_is_that_of_the_report(path: Path) -> None:
    with new(path) as mirror:
        mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        with pytest.raises(InputError, match=r"epsilon\[2\]: is 2.0, not 0.5 of the report of this epoch; keep"):
            mirror.report(epoch=0, bits=BITS, epsilon=[0.5, 0.5, 2.0, 0.5, 0.5])
        mirror.report(epoch=1, bits=BITS, epsilon=2.0)


def test_new_workers_join_an_epoch(path: Path) -> None:
    with new(path) as mirror:
        some = mirror.report(epoch=0, bits=BITS[[4, 1]], epsilon=[1.0, 2.0], workers=[4, 1])
        both = mirror.report(epoch=0, bits=BITS, epsilon=[1.0, 2.0, 3.0, 4.0, 1.0])
    assert (both[[4, 1]] == some).all()


def test_a_seed_gives_the_same_noise_in_any_order_and_after_a_restart(tmp_path: Path) -> None:
    with new(tmp_path / "a", simulated=7) as one:
        together = [one.report(epoch=e, bits=BITS, epsilon=0.5) for e in (0, 1)]
    new(tmp_path / "b", simulated=7).close()
    for epoch in (0, 1):
        for worker in (3, 0, 4, 1, 2):
            with Mirror.open(tmp_path / "b", market=MARKET, simulated=7) as mirror:
                alone = mirror.report(epoch=epoch, bits=BITS[[worker]], epsilon=0.5, workers=[worker])
            assert (alone[0] == together[epoch][worker]).all()
    assert (together[0] != together[1]).any()


def test_noise_is_secure_unless_a_seed_is_given(path: Path, tmp_path: Path) -> None:
    with new(path) as one, new(tmp_path / "other") as other:
        assert (one.report(epoch=0, bits=BITS, epsilon=0.1) != other.report(epoch=0, bits=BITS, epsilon=0.1)).any()
    with pytest.raises(InputError, match="the noise of this file is secure; give no seed"):
        Mirror.open(path, market=MARKET, simulated=0)
    new(tmp_path / "seeded", simulated=0).close()
    with pytest.raises(InputError, match="the noise of this file is simulated; give the seed"):
        Mirror.open(tmp_path / "seeded", market=MARKET)


def test_reports_are_randomized_response(path: Path) -> None:
    with Mirror.create(path, market=MARKET, num_tasks=4000, simulated=0) as mirror:
        told = mirror.report(epoch=0, bits=np.zeros((2, 4000)), epsilon=[0.5, 3.0])
    for row, epsilon in enumerate((0.5, 3.0)):
        flip = float(flip_probability(epsilon))
        assert abs(told[row].mean() - flip) < 4 * np.sqrt(flip * (1 - flip) / 4000)


def test_the_ledger_counts_draws_and_not_answers(path: Path) -> None:
    with new(path) as mirror:
        for epoch in (0, 1, 5):
            for _ in range(4):
                mirror.report(epoch=epoch, bits=BITS[:2], epsilon=[0.5, 2.0])
        mirror.report(epoch=5, bits=BITS[2:3], epsilon=1.0, workers=[9])
    with Mirror.open(path, market=MARKET) as mirror:
        ledger = mirror.ledger()
    assert ledger.workers == (0, 1, 9)
    assert [ledger.per_entry(w) for w in (0, 1, 9, 4)] == [1.5, 6.0, 1.0, 0.0]
    assert [ledger.per_vector(w) for w in (0, 1, 9, 4)] == [90.0, 360.0, 60.0, 0.0]


def test_one_writer_at_a_time(path: Path) -> None:
    with new(path), pytest.raises(InputError, match="is in use: somebody else is reporting from it; end that first"):
        Mirror.open(path, market=MARKET)
    link = path.with_name("link.json")
    link.symlink_to(path)
    with Mirror.open(link, market=MARKET), pytest.raises(InputError, match="is in use"):
        Mirror.open(path, market=MARKET)
    with Mirror.open(path, market=MARKET):
        pass


def test_threads_take_turns(path: Path) -> None:
    told: list[np.ndarray] = []
    with new(path) as mirror:
        ask = [
            threading.Thread(target=lambda: told.append(mirror.report(epoch=0, bits=BITS, epsilon=0.5)))
            for _ in range(8)
        ]
        for thread in ask:
            thread.start()
        for thread in ask:
            thread.join()
        assert len(mirror.ledger().charges) == 5
    assert all((one == told[0]).all() for one in told)
    assert len(told) == 8


def test_a_forked_child_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new(path) as mirror:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(InputError, match="was opened by another process"):
            mirror.report(epoch=0, bits=BITS, epsilon=0.5)


def test_a_closed_file_is_refused(path: Path) -> None:
    with new(path) as mirror:
        pass
    with pytest.raises(InputError, match="is closed; open it again"):
        mirror.report(epoch=0, bits=BITS, epsilon=0.5)


def test_what_cannot_be_stored_is_not_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with new(path) as mirror:
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(InputError, match="cannot be written \\(No space left on device\\)"):
                mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        assert path.read_bytes() == before
        assert mirror.ledger().charges == ()
        mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        assert len(mirror.ledger().charges) == 5
    assert sorted(p.name for p in path.parent.iterdir()) == [".reports.json.lock", "reports.json"]


def test_a_report_is_on_the_disk_before_it_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("synced"), sync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda here, there: (order.append("replaced"), replace(here, there))[1])
    with new(path) as mirror:
        order.clear()
        mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        assert order == ["synced", "replaced", "synced"]
        mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        assert len(order) == 3


def test_an_interruption_after_writing_draws_nothing_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = mirror_module.write_reports

    def interrupted(*arguments: Any) -> None:
        write(*arguments)
        raise KeyboardInterrupt

    with new(path) as mirror:
        with monkeypatch.context() as patch:
            patch.setattr(mirror_module, "write_reports", interrupted)
            with pytest.raises(KeyboardInterrupt):
                mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        with pytest.raises(InputError, match="was changed by somebody else"):
            mirror.report(epoch=0, bits=BITS, epsilon=0.5)
    with Mirror.open(path, market=MARKET) as mirror:
        assert len(mirror.ledger().charges) == 5


def test_a_file_changed_meanwhile_is_not_overwritten(path: Path, tmp_path: Path) -> None:
    with new(tmp_path / "other") as other:
        other.report(epoch=0, bits=BITS, epsilon=0.5)
    with new(path) as mirror:
        path.write_bytes((tmp_path / "other").read_bytes())
        with pytest.raises(InputError, match="was changed by somebody else"):
            mirror.report(epoch=0, bits=BITS, epsilon=0.5)
    assert path.read_bytes() == (tmp_path / "other").read_bytes()


def test_a_file_that_has_gone_is_not_begun_anew(path: Path) -> None:
    with new(path) as mirror:
        first = mirror.report(epoch=0, bits=BITS, epsilon=0.5)
        path.unlink()
        assert (mirror.report(epoch=0, bits=BITS, epsilon=0.5) == first).all()
        with pytest.raises(InputError, match="was changed by somebody else"):
            mirror.report(epoch=1, bits=BITS, epsilon=0.5)
    assert not path.exists()


def test_a_new_file_is_begun_on_purpose_only(path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; give the path of a file of reports"):
        Mirror.open(path, market=MARKET)
    assert not path.exists()
    new(path).close()
    with pytest.raises(InputError, match="exists already; open it, or give another path"):
        new(path)
    with pytest.raises(InputError, match="there is no folder"):
        new(path.parent / "missing" / "reports.json")
    with pytest.raises(InputError, match="is a directory"):
        new(path.parent)


def test_another_market_is_refused(path: Path) -> None:
    new(path).close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="market: is 'sha256:market', not 'sha256:other'; each market has a file"):
        Mirror.open(path, market="sha256:other")
    assert path.read_bytes() == before


def test_no_locks_no_reports(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(InputError, match="cannot be locked on this system"):
        new(path)


def test_a_lock_that_cannot_be_made(path: Path) -> None:
    path.with_name(".reports.json.lock").mkdir()
    with pytest.raises(InputError, match=r"cannot be locked \(Is a directory\)"):
        new(path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"epsilon": np.inf}, "epsilon: is inf"),
        ({"epsilon": np.nan}, "epsilon: is nan"),
        ({"epsilon": 0.0}, "epsilon: is 0.0"),
        ({"epsilon": [0.5] * 4}, "epsilon: has shape"),
        ({"epoch": -1}, "epoch: is -1"),
        ({"epoch": 0.0}, "epoch: is 0.0"),
        ({"bits": BITS[:, :5]}, "bits: has 5 tasks; give 60, as the file has"),
        ({"bits": BITS + 1}, "bits"),
        ({"workers": [0, 1]}, "workers: has length 2; give one index for each of 5 rows of bits"),
        ({"workers": [0, 1, 2, 3, 1]}, "workers: has 1 twice"),
        ({"workers": [0, 1, 2, 3, -1]}, r"workers\[4\]: is -1"),
    ],
)
def test_bad_input(path: Path, changed: dict[str, Any], words: str) -> None:
    with new(path) as mirror:
        with pytest.raises(InputError, match=words):
            mirror.report(**({"epoch": 0, "bits": BITS, "epsilon": 0.5} | changed))
        assert mirror.ledger().charges == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"num_tasks": 0}, "num_tasks: is 0"),
        ({"market": None}, "market: is null; give the digest of a market"),
        ({"simulated": True}, "simulated: is true"),
        ({"simulated": np.random.default_rng(0)}, "simulated: is a generator, which a restart cannot continue"),
        ({"simulated": -1}, "seed: -1 is negative"),
    ],
)
def test_bad_input_when_created(path: Path, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        new(path, **changed)
    assert not path.exists()
