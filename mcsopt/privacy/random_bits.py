"""Where the noise of reports comes from: the system's cryptographic source, or a seed for simulations."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from mcsopt.errors import InputError, shown
from mcsopt.seeds import generator

Simulated: TypeAlias = int | np.random.Generator | None
"""A seed or a generator for simulations; None, the default everywhere: the system's cryptographic source."""

_DIGITS = 53
"""Random bits compared at a time: as many as a double holds, so that integers below ``2**53`` stay exact."""


def bernoulli(probability: np.ndarray, simulated: Simulated = None) -> np.ndarray:
    """Draw independent bits that are 1 with exactly the given probabilities.

    Parameters
    ----------
    probability : array of float
        Entries in [0, 1]; each is taken as the very number its double denotes.
    simulated : int or Generator, optional
        None: noise that nobody can predict (:func:`secrets.token_bytes`). Otherwise whoever knows the seed knows the
        noise: for simulations only.

    Returns
    -------
    array of bool
        Of the same shape.

    Notes
    -----
    A uniform number, written in binary, is compared with the probability 53 digits at a time; only if all of them are
    equal, which happens once in ``2**53`` draws, the next ones are drawn. Scaling a double by ``2**53`` and taking off
    its integer part round nothing, so small probabilities are as exact as large ones.
    """
    draw = source(simulated)
    left = np.ravel(np.asarray(probability, dtype=np.float64))
    answer = np.zeros(left.size, dtype=bool)
    undecided = np.arange(left.size)
    while undecided.size:
        scaled = left * 2.0**_DIGITS
        whole = np.floor(scaled)
        drawn = draw(undecided.size)
        answer[undecided] = drawn < whole
        tied = (drawn == whole) & (scaled > whole)
        undecided, left = undecided[tied], (scaled - whole)[tied]
    return answer.reshape(np.shape(probability))


def source(simulated: Simulated = None) -> Callable[[int], np.ndarray]:
    """Return a function that draws so many integers below ``2**53``, uniformly and independently, as doubles."""
    known = as_generator(simulated)

    def draw(count: int) -> np.ndarray:
        if known is not None:
            return known.integers(0, 2**_DIGITS, size=count, dtype=np.uint64).astype(np.float64)
        words = np.frombuffer(secrets.token_bytes(8 * count), dtype=np.uint64)
        return (words >> np.uint64(64 - _DIGITS)).astype(np.float64)

    return draw


def as_generator(simulated: Any) -> np.random.Generator | None:
    """Return the generator that `simulated` names, None for the cryptographic source; `InputError` otherwise."""
    if simulated is None or isinstance(simulated, np.random.Generator):
        return simulated
    if isinstance(simulated, (bool, np.bool_)):  # True would pass for the seed 1
        raise InputError("simulated", f"is {shown(simulated)}", "give a seed or a generator, or leave it out")
    return generator(simulated)
