"""The weights of a network as plain arrays, what it answers, and a file format in which nothing can be executed."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mcsopt.errors import InputError

MAGIC = b"mcsopt-network/1\n"
LONGEST_HEADER = 100_000
MOST_WEIGHTS = 100_000_000
BATCH = 4096
"""Rows answered at once: their hidden layers fit the cache."""


@dataclass(frozen=True, eq=False)
class Network:
    """A network of rectified linear layers that says what every action is worth.

    ``h_1 = max(0, E[code] + W_1 x + b_1)``, ``h_k = max(0, W_k h_(k-1) + b_k)``, worth ``scale * (W_m h_(m-1) + b_m)``.

    Parameters
    ----------
    code : array of float, shape (num_codes, width of the first layer)
        E: what the first layer adds for each state told by its number; no rows if states are told by features alone.
    weight : sequence of array of float, shape (inputs, outputs) each
    bias : sequence of array of float, shape (outputs,) each
    scale : float
        Unit of the answers, > 0.

    Raises
    ------
    InputError
        If the shapes do not fit together, or a number is not finite.
    """

    code: np.ndarray
    weight: tuple[np.ndarray, ...]
    bias: tuple[np.ndarray, ...]
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", tuple(self.weight))
        object.__setattr__(self, "bias", tuple(self.bias))
        sizes = [w.shape for w in self.weight]
        fits = len(self.weight) == len(self.bias) >= 1 and all(len(shape) == 2 for shape in sizes)
        fits = fits and all(before[1] == after[0] for before, after in pairwise(sizes))
        fits = fits and all(b.shape == (w.shape[1],) for w, b in zip(self.weight, self.bias, strict=True))
        if not fits or self.code.shape[1:] != sizes[0][1:]:
            raise InputError("network", "has layers that do not fit together", "save it again")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise InputError("network.scale", f"is {self.scale!r}", "give a number > 0")
        for name, array in self._arrays():
            if not np.isfinite(array).all():
                raise InputError(f"network.{name}", "holds a number that is not finite", "train it again")

    @property
    def num_codes(self) -> int:
        """States that are told by their number; 0: none."""
        return len(self.code)

    @property
    def num_features(self) -> int:
        """Features of a state."""
        return int(self.weight[0].shape[0])

    @property
    def num_actions(self) -> int:
        """Answers for each state."""
        return int(self.weight[-1].shape[1])

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the layers between."""
        return tuple(int(w.shape[1]) for w in self.weight[:-1])

    def worth(self, codes: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Return what every action is worth, shape (n, num_actions).

        Parameters
        ----------
        codes : array of int, shape (n,)
            Number of each state; not looked at if the network takes features alone.
        features : array of float, shape (n, num_features)
        """
        parts = [self._worth(codes[k : k + BATCH], features[k : k + BATCH]) for k in range(0, len(codes), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self.num_actions))

    def _worth(self, codes: np.ndarray, features: np.ndarray) -> np.ndarray:
        layer = features @ self.weight[0] + self.bias[0]
        if self.num_codes:
            layer += self.code[codes]
        for weight, bias in zip(self.weight[1:], self.bias[1:], strict=True):
            layer = np.maximum(layer, 0.0, out=layer) @ weight + bias
        result: np.ndarray = layer.astype(float) * self.scale
        return result

    def _arrays(self) -> list[tuple[str, np.ndarray]]:
        layers = enumerate(zip(self.weight, self.bias, strict=True))
        return [("code", self.code)] + [
            named for k, (w, b) in layers for named in ((f"weight[{k}]", w), (f"bias[{k}]", b))
        ]


def save_network(network: Network, path: str | Path, *, actions: Sequence[int] | np.ndarray) -> None:
    """Write a network: one line with the format, a length, a JSON header, then its numbers as little-endian float32.

    Parameters
    ----------
    network : Network
    path : str or Path
        Written whole or not at all.
    actions : sequence of int, length num_actions
        Which action each answer is about.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    header = {
        "codes": network.num_codes,
        "features": network.num_features,
        "hidden": list(network.hidden),
        "actions": [int(a) for a in actions],
        "scale": network.scale,
    }
    text = json.dumps(header, allow_nan=False).encode()
    from mcsopt.data.files import replacing  # here, as the package loads all of data

    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(MAGIC + struct.pack("<Q", len(text)) + text)
        for _, array in network._arrays():
            file.write(np.ascontiguousarray(array, "<f4").tobytes())


def is_network(path: str | Path) -> bool:
    """Whether a file begins as a saved network does."""
    try:
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def load_network(path: str | Path) -> tuple[Network, np.ndarray]:
    """Read a network, and which action each of its answers is about. Numbers are read, nothing is executed.

    Raises
    ------
    InputError
        One line naming the file, if it is missing, no saved network, cut off, or longer than its header says.
    """
    remedy = "give a file that save_network wrote"
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError("", f"cannot be read ({error.strerror})", remedy, str(path)) from None
    if not data.startswith(MAGIC):
        raise InputError("", "is not a saved network", remedy, str(path))
    from mcsopt.data.files import parse_json  # here, as the package loads all of data

    begin = len(MAGIC) + 8
    length = int.from_bytes(data[len(MAGIC) : begin], "little")
    if len(data) < begin or length > LONGEST_HEADER or begin + length > len(data):
        raise InputError("", "is cut off in its header", remedy, str(path))
    try:
        header = parse_json(data[begin : begin + length].decode(), path, "a saved network")
    except UnicodeDecodeError:
        raise InputError("", "has a header that is not UTF-8 text", remedy, str(path)) from None
    try:
        return _from_numbers(header, data[begin + length :])
    except InputError as error:
        raise error.in_file(str(path)) from None


def _from_numbers(header: Any, data: bytes) -> tuple[Network, np.ndarray]:
    codes, features, hidden, actions, scale = _checked(header)
    widths = [features, *hidden, len(actions)]
    shapes: list[tuple[int, ...]] = [(codes, widths[1])]
    for inputs, outputs in pairwise(widths):
        shapes += [(inputs, outputs), (outputs,)]
    sizes = [int(np.prod(shape, dtype=object)) for shape in shapes]
    if sum(sizes) > MOST_WEIGHTS:
        raise InputError("header", f"asks for {sum(sizes):,} weights", f"at most {MOST_WEIGHTS:,}")
    if len(data) != 4 * sum(sizes):
        what = f"holds {len(data):,} bytes of weights where its header asks for {4 * sum(sizes):,}"
        raise InputError("", what, "give a file that save_network wrote")
    numbers = np.frombuffer(data, "<f4").astype(np.float32)
    pieces = np.split(numbers, np.cumsum(sizes)[:-1])
    arrays = [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
    return Network(arrays[0], tuple(arrays[1::2]), tuple(arrays[2::2]), scale), np.array(actions)


def _checked(header: Any) -> tuple[int, int, list[int], list[int], float]:
    """Return the entries of a header if each is of its kind and in its range."""
    if not isinstance(header, dict) or set(header) != {"codes", "features", "hidden", "actions", "scale"}:
        raise InputError("header", "has other entries than a saved network", "save it again")

    def whole(name: str, value: Any, low: int, high: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InputError(f"header.{name}", f"is {value!r:.60}", f"give a whole number, {low} to {high}")
        return value

    for name in ("hidden", "actions"):
        if not isinstance(header[name], list) or (name == "actions" and not header[name]):
            raise InputError(f"header.{name}", "is no list of numbers", "save it again")
    hidden = [whole(f"hidden[{k}]", width, 1, 100_000) for k, width in enumerate(header["hidden"])]
    actions = [whole(f"actions[{k}]", action, 0, 2**53) for k, action in enumerate(header["actions"])]
    if len(set(actions)) < len(actions) or actions != sorted(actions):
        raise InputError("header.actions", "is not ascending", "save it again")
    scale = header["scale"]
    if not isinstance(scale, (int, float)) or isinstance(scale, bool):
        raise InputError("header.scale", f"is {scale!r:.60}", "give a number > 0")
    most = 10**8
    return (
        whole("codes", header["codes"], 0, most), whole("features", header["features"], 0, most), hidden, actions,
        float(scale),
    )  # fmt: skip
