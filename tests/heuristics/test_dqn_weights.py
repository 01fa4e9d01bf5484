from __future__ import annotations

import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.heuristics.dqn_weights import MAGIC, Network, is_network, load_network, save_network
from mcsopt.seeds import generator


def network(codes: int = 3, features: int = 2) -> Network:
    rng = generator(0)
    sizes = [(features, 4), (4, 5), (5, 2)]

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return Network(draw(codes, 4), tuple(draw(*s) for s in sizes), tuple(draw(s[1]) for s in sizes), 2.5)


def test_the_answer_is_that_of_its_layers() -> None:
    net, x = network(), np.array([0.3, -1.0])
    layer = x
    for k, (w, b) in enumerate(zip(net.weight, net.bias, strict=True)):
        layer = [sum(layer[i] * w[i, j] for i in range(len(layer))) + b[j] for j in range(len(b))]
        if k == 0:
            layer = [value + net.code[2, j] for j, value in enumerate(layer)]
        if k < 2:
            layer = [max(0.0, value) for value in layer]
    worth = net.worth(np.array([2]), x[None].astype(np.float32))
    assert worth[0] == pytest.approx(np.array(layer) * 2.5, rel=1e-5)
    assert net.worth(np.zeros(0, int), np.zeros((0, 2), np.float32)).shape == (0, 2)


@pytest.mark.parametrize(("codes", "features"), [(3, 2), (0, 2), (3, 0)])
def test_saved_and_read_again_it_answers_the_same(tmp_path: Path, codes: int, features: int) -> None:
    net, path = network(codes, features), tmp_path / "q.net"
    save_network(net, path, actions=[1, 7])
    again, actions = load_network(path)
    assert is_network(path)
    assert actions.tolist() == [1, 7]
    assert (again.num_codes, again.num_features, again.hidden, again.scale) == (codes, features, (4, 5), 2.5)
    told = np.arange(3), generator(1).normal(size=(3, features)).astype(np.float32)
    assert (again.worth(*told) == net.worth(*told)).all()


def saved(tmp_path: Path) -> bytes:
    save_network(network(), tmp_path / "good.net", actions=[0, 1])
    return (tmp_path / "good.net").read_bytes()


def with_header(data: bytes, **changes: object) -> bytes:
    begin = len(MAGIC) + 8
    length = struct.unpack("<Q", data[len(MAGIC) : begin])[0]
    header = json.loads(data[begin : begin + length]) | changes
    text = json.dumps({key: value for key, value in header.items() if value != "drop"}).encode()
    return MAGIC + struct.pack("<Q", len(text)) + text + data[begin + length :]


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (os.environ["MCSOPT_TEST_BOMB"],)


def test_a_pickle_is_refused_and_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCSOPT_TEST_BOMB", str(tmp_path / "exploded"))
    payload = pickle.dumps(Bomb())
    for data in (payload, MAGIC + payload, MAGIC + struct.pack("<Q", len(payload)) + payload):
        (tmp_path / "bomb.net").write_bytes(data)
        with pytest.raises(InputError, match=r"bomb\.net"):
            load_network(tmp_path / "bomb.net")
    assert not (tmp_path / "exploded").exists()
    pickle.loads(payload)  # what it would have done
    assert (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"codes": -1}, "header.codes"), ({"codes": True}, "header.codes"), ({"features": 1.5}, "header.features"),
        ({"hidden": [4, 0]}, "hidden"), ({"hidden": "4"}, "header.hidden"), ({"actions": []}, "header.actions"),
        ({"actions": [1, 0]}, "ascending"), ({"actions": [0, 0]}, "ascending"), ({"scale": "1"}, "header.scale"),
        ({"scale": -1.0}, "scale"), ({"scale": "drop"}, "other entries"), ({"more": 1}, "other entries"),
        ({"codes": 10**8, "hidden": [10**5, 10**5]}, "at most"), ({"codes": 4}, "bytes of weights"),
    ],
)  # fmt: skip
def test_headers_that_lie(tmp_path: Path, change: dict[str, object], said: str) -> None:
    (tmp_path / "bad.net").write_bytes(with_header(saved(tmp_path), **change))
    with pytest.raises(InputError, match=said) as caught:
        load_network(tmp_path / "bad.net")
    assert "bad.net" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_files(tmp_path: Path) -> None:
    good, path = saved(tmp_path), tmp_path / "bad.net"
    numbers = np.frombuffer(good[-8:], "<f4").copy()
    numbers[-1] = np.nan
    for data in (b"", good[:5], good[:20], good[:40], good[:-1], good + b"x", good[:-8] + numbers.tobytes(),
                 MAGIC + struct.pack("<Q", 2**60) + good, MAGIC + struct.pack("<Q", 2) + b"\xff\xfe",
                 MAGIC + struct.pack("<Q", 2) + b"[]", MAGIC + struct.pack("<Q", 2) + b"{,"):  # fmt: skip
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"bad\.net"):
            load_network(path)
    with pytest.raises(InputError, match="No such file"):
        load_network(tmp_path / "none.net")
    assert not is_network(tmp_path / "none.net")


def test_layers_that_do_not_fit_together() -> None:
    net = network()
    with pytest.raises(InputError, match="do not fit"):
        Network(net.code, net.weight[::-1], net.bias[::-1])
    with pytest.raises(InputError, match="do not fit"):
        Network(net.code[:, :1], net.weight, net.bias)
    with pytest.raises(InputError, match="do not fit"):
        Network(net.code, net.weight, net.bias[1:])
    with pytest.raises(InputError, match="not finite"):
        Network(net.code * np.inf, net.weight, net.bias)
