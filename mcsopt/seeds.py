"""Where randomness enters: a seed becomes a numpy generator here and nowhere else."""

from __future__ import annotations

import operator

import numpy as np

from mcsopt.errors import InputError


def generator(seed: int, *stream: int) -> np.random.Generator:
    """Return the random generator of a seed.

    Parameters
    ----------
    seed : int
        Any integer >= 0; zero is as good as another.
    *stream : int
        Optional indices >= 0 that select an independent stream of the same seed, so that two uses of one seed
        (say, the market and the samples drawn on it) do not share numbers.

    Returns
    -------
    numpy.random.Generator
        PCG64, whose streams are the same on every platform.

    Raises
    ------
    InputError
        If the seed or a stream index is not an integer >= 0.
    """
    key = []
    for value in (seed, *stream):
        try:
            key.append(operator.index(value))
        except TypeError:
            raise InputError("seed", f"{value!r} is not an integer", "give an integer >= 0") from None
        if key[-1] < 0:
            raise InputError("seed", f"{value} is negative", "give an integer >= 0")
    # The length keeps seed (1,) apart from (1, 0): SeedSequence pads its entropy with zeros.
    return np.random.default_rng(np.random.SeedSequence([len(key), *key]))
