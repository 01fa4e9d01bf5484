"""The network in torch: what training changes. The one module, with `dqn_training`, that loads torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from mcsopt.errors import InputError
from mcsopt.heuristics.dqn_weights import Network


def check_torch() -> None:
    """Raise `InputError` if torch is not installed."""
    if find_spec("torch") is None:
        raise InputError("dqn", "needs torch, which is not installed", "pip install torch==2.13.0 (the CPU build)")


def device_of(name: str | None) -> Any:
    """Return the torch device of that name; None: a GPU if there is one, else the CPU."""
    import torch

    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError("device", f"is {name!r}, which does not work ({reason})", "use 'cpu' or 'cuda'") from None
    return device


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: sums are then added in one order on every machine. Restored afterwards."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def drawn_weights(
    num_codes: int, num_features: int, hidden: tuple[int, ...], num_actions: int, rng: np.random.Generator
) -> Network:
    """Draw the weights to begin with: normal of variance 2 / inputs (He et al. 2015), a last layer near 0."""
    widths = [num_features, *hidden, num_actions]
    weight, bias = [], []
    for k, (inputs, outputs) in enumerate(pairwise(widths)):
        # A state told by its number is one input that is 1, beside the others.
        fan = max(1, inputs + (num_codes > 0) * (k == 0))
        spread = np.sqrt(2 / fan) * (0.1 if k == len(hidden) else 1.0)
        weight.append(rng.normal(0, spread, (inputs, outputs)).astype(np.float32))
        bias.append(np.zeros(outputs, np.float32))
    code = rng.normal(0, np.sqrt(2 / (num_features + 1)), (num_codes, widths[1])).astype(np.float32)
    return Network(code, tuple(weight), tuple(bias))


class Layers:
    """The weights of a `Network` as torch tensors on a device."""

    def __init__(self, network: Network, device: Any) -> None:
        import torch

        self.scale = network.scale
        arrays = [network.code, *(array for pair in zip(network.weight, network.bias, strict=True) for array in pair)]
        self.tensors = [torch.tensor(array, device=device, requires_grad=True) for array in arrays]

    def __call__(self, codes: Any, features: Any) -> Any:
        """Return what every action is worth in units of the scale, shape (n, num_actions)."""
        import torch

        code, *layers = self.tensors
        layer = torch.addmm(layers[1], features, layers[0])
        if len(code):
            layer = layer + code[codes]
        for weight, bias in zip(layers[2::2], layers[3::2], strict=True):
            layer = torch.addmm(bias, torch.relu(layer), weight)
        return layer

    def copy_from(self, other: Layers, rate: float = 1.0) -> None:
        """Move the weights towards those of another network, all the way at rate 1."""
        import torch

        with torch.no_grad():
            for mine, theirs in zip(self.tensors, other.tensors, strict=True):
                mine.lerp_(theirs, rate)

    def to_network(self) -> Network:
        """Return the weights as plain arrays."""
        code, *layers = (tensor.detach().cpu().numpy().copy() for tensor in self.tensors)
        return Network(code, tuple(layers[::2]), tuple(layers[1::2]), self.scale)
