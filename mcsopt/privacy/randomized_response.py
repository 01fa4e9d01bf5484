"""Randomized response: each bit of a report is kept with probability e^eps / (1 + e^eps), else flipped (27)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.privacy import inputs
from mcsopt.privacy.random_bits import Simulated, bernoulli

_ROUNDED_UP = 1.0 + 2.0**-50
"""Covers the rounding of an exponential, a sum and a quotient, which together stay below ``2**-51``."""


def keep_probability(epsilon: Any) -> np.ndarray:
    """Return the probability ``p = e^eps / (1 + e^eps)`` that a report keeps a bit (27).

    Parameters
    ----------
    epsilon : float or array of float
        Privacy budget ``eps > 0`` per entry, in nats; infinity: the truth, ``p = 1``.

    Raises
    ------
    InputError
        For a budget that is NaN, zero or negative.

    Examples
    --------
    >>> import math
    >>> round(float(keep_probability(math.log(3))), 12)
    0.75
    """
    return 1.0 / (1.0 + np.exp(-inputs.budgets(epsilon)))


def flip_probability(epsilon: Any) -> np.ndarray:
    """Return ``t = 1 - p = 1 / (1 + e^eps)``, with its own digits where ``p`` rounds to 1; see `keep_probability`."""
    return flips_of(inputs.budgets(epsilon))


def flips_of(epsilon: np.ndarray) -> np.ndarray:
    """Return `flip_probability` of budgets >= 0 that were checked before; NaN stays NaN."""
    odds = np.exp(-epsilon)
    return odds / (1.0 + odds)


def drawn_flip_probability(epsilon: Any) -> np.ndarray:
    """Return the double with which bits are flipped: ``t`` rounded up, so that ``(1 - t) / t <= e^eps`` for certain.

    It exceeds ``t`` by a relative ``2**-50`` at most, and is at least the smallest normal double: no finite budget,
    however large, reports the plain truth.
    """
    epsilon = inputs.budgets(epsilon)
    flip = np.clip(flips_of(epsilon) * _ROUNDED_UP, np.finfo(np.float64).tiny, 0.5)
    return np.where(np.isinf(epsilon), 0.0, flip)


def report(bits: Any, epsilon: Any, *, simulated: Simulated = None) -> np.ndarray:
    """Perturb intents by randomized response, with fresh noise for each entry (27)-(28).

    Parameters
    ----------
    bits : array of {0, 1}, shape (I,) or (J, I)
        True intents ``b_ij`` of one worker, or of workers (rows) for tasks (columns).
    epsilon : float or array of float, shape (J,)
        Budget ``eps_j > 0`` of each worker, per entry; infinity: the truth is reported.
    simulated : int or Generator, optional
        Seed or generator, for simulations only. By default the noise is cryptographically secure.

    Returns
    -------
    array of uint8
        Reports, of the shape of `bits`.

    Raises
    ------
    InputError
        For entries that are not 0 or 1, or budgets that are NaN (a worker for whom PRIMER finds none reports
        nothing: leave the row out), zero, negative, or not one for each worker.

    Notes
    -----
    Guarantee: for intents that differ in one entry, the probabilities of any report differ by a factor of at most
    ``e^eps_j``, see `drawn_flip_probability`. For arbitrary intents the factor is ``e^(I eps_j)``. **Each call draws
    anew and costs anew**: who asks T times gets T independent reports. `Mirror` answers again without new noise.

    Examples
    --------
    >>> import math
    >>> report([[1, 0, 1], [0, 0, 1]], math.inf).tolist()
    [[1, 0, 1], [0, 0, 1]]
    >>> report([1, 0, 1, 1, 0, 0], 1.0, simulated=7).tolist() == report([1, 0, 1, 1, 0, 0], 1.0, simulated=7).tolist()
    True
    """
    truth = inputs.bits(bits, "bits")
    rows = inputs.matrix(truth, "bits")
    flip = inputs.per_worker(drawn_flip_probability(epsilon), len(rows), "epsilon")
    flipped = bernoulli(np.broadcast_to(flip[:, None], rows.shape), simulated)
    return (rows ^ flipped).reshape(truth.shape)


def snapshots(
    bits: Any, epsilon: Any, count: int, *, rounds_per_epoch: int = 1, simulated: Simulated = None
) -> np.ndarray:
    """Return what an observer of `count` rounds sees: fresh noise every `rounds_per_epoch` rounds, repeated between.

    Parameters
    ----------
    bits, epsilon, simulated
        As in `report`.
    count : int
        Rounds ``T >= 1``.
    rounds_per_epoch : int
        1: fresh noise each round, no memoization; `count` or more: one epoch of MIRROR.

    Returns
    -------
    array of uint8, shape (T, I) or (T, J, I)

    Raises
    ------
    InputError
        As `report`, and for counts below 1.

    Examples
    --------
    >>> seen = snapshots([1, 0, 1, 1], 0.5, 3, rounds_per_epoch=3, simulated=0)
    >>> bool((seen == seen[0]).all())
    True
    """
    count = inputs.integer(count, "count", 1)
    rounds_per_epoch = inputs.integer(rounds_per_epoch, "rounds_per_epoch", 1)
    truth = inputs.bits(bits, "bits")
    rows = inputs.matrix(truth, "bits")
    epochs = -(-count // rounds_per_epoch)
    each = inputs.per_worker(inputs.budgets(epsilon), len(rows), "epsilon")
    drawn = report(np.tile(rows, (epochs, 1)), np.tile(each, epochs), simulated=simulated)
    return np.repeat(drawn.reshape(epochs, *truth.shape), rounds_per_epoch, axis=0)[:count]
