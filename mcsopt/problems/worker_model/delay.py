"""The law of a trip's delay: each travelled slot may be held up, independently of the others."""

from __future__ import annotations

import numpy as np


def slot_delay_law(chance: float, shortest: int, longest: int) -> np.ndarray:
    """Return the law of the delay that one travelled slot brings, as probabilities of 0, 1, ..., `longest` slots.

    Parameters
    ----------
    chance : float
        ``a`` in [0, 1], the chance of a delay event (Bernoulli).
    shortest, longest : int
        ``1 <= bmin <= bmax``: an event lasts so many slots, all equally likely.
    """
    law = np.zeros(longest + 1)
    law[0] = 1.0 - chance
    law[shortest:] = chance / (longest - shortest + 1)
    return law


def delay_laws(most_slots: int, chance: float, shortest: int, longest: int) -> np.ndarray:
    """Return the laws of the delay ``td`` of trips of 0, 1, ..., `most_slots` slots.

    **Reading:** one draw per travelled slot, so the law of n slots is the n-fold convolution of `slot_delay_law`.

    Returns
    -------
    array of float, shape (most_slots + 1, most_slots * longest + 1)
        Row n holds ``Pr(td = k)`` for trips of n slots; every row sums to 1.

    Examples
    --------
    >>> delay_laws(2, 0.5, 1, 1)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 0.5 , 0.  ],
           [0.25, 0.5 , 0.25]])
    """
    one = slot_delay_law(chance, shortest, longest)
    laws = np.zeros((most_slots + 1, most_slots * longest + 1))
    laws[0, 0] = 1.0
    for n in range(1, most_slots + 1):
        before = (n - 1) * longest + 1
        laws[n, : before + longest] = np.convolve(laws[n - 1, :before], one)
    return laws


def mean_delay(law: np.ndarray) -> np.ndarray:
    """Return ``E[td]`` in slots; the last axis of `law` is the delay."""
    return np.asarray(law @ np.arange(law.shape[-1]))
