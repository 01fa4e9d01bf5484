"""The law of a transmission: a channel drawn uniformly decides how long the data take.

A transmission takes ``ttr = load / log2(1 + e g)`` slots (3), with ``load = d / (W slot_s)``, the slots it would take
at one bit per second and hertz, e the transmit power and g uniform on [low, high]. Everything here takes arrays of any
shapes that broadcast: `load` >= 0, `power` > 0, ``0 < low <= high``. Where the law has an atom (``low == high`` or
``load == 0``), comparisons carry `tolerances.TIME`; a continuous law needs none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mcsopt import tolerances

NARROW = 1e-2
"""Relative width below which the difference of two logarithmic integrals would lose digits; quadrature does not."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


def transmission_slots(load: ArrayLike, power: ArrayLike, channel: ArrayLike) -> np.ndarray:
    """Return ``load / log2(1 + power * channel)``, the slots that a transmission takes on a given channel."""
    return np.asarray(load) * np.log(2) / np.log1p(np.multiply(power, channel))


def is_atom(load: ArrayLike, low: ArrayLike, high: ArrayLike) -> np.ndarray:
    """Return whether the transmission takes one time for certain."""
    return np.asarray((np.asarray(low) == high) | (np.asarray(load) == 0))


def transmitted_within(
    slots: ArrayLike, load: ArrayLike, power: ArrayLike, low: ArrayLike, high: ArrayLike
) -> np.ndarray:
    """Return ``Pr(ttr <= slots)``: the uniform tail of g beyond ``(2^(load / slots) - 1) / e``; 0 for slots <= 0.

    Parameters
    ----------
    slots : array of float
        Any number, infinities included.

    Examples
    --------
    At power 1, load 2 and one slot, ``log2(1 + g) >= 2`` is needed: g >= 3, half of [2, 4].

    >>> float(transmitted_within(1.0, 2.0, 1.0, 2.0, 4.0))
    0.5
    """
    slots, load, power, low, high = map(np.asarray, (slots, load, power, low, high))
    # A share of nothing (low == high) is not looked at; what overflows is no channel's.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        share = (high - _needed_channel(slots, load, power)) / (high - low)
    certain = transmission_slots(load, power, low) <= slots + tolerances.TIME
    return np.where(is_atom(load, low, high), certain, np.where(slots > 0, np.clip(share, 0.0, 1.0), 0.0))


def mean_transmission(load: ArrayLike, power: ArrayLike, low: ArrayLike, high: ArrayLike) -> np.ndarray:
    """Return ``E[ttr]`` in slots, ``load ln2 / (e (g2 - g1)) * [li(1 + e g2) - li(1 + e g1)]``.

    The time at the mean channel would be too low (Jensen). Relative accuracy about 1e-13.
    """
    from scipy.special import expi  # on use: importing the problems stays cheap

    load, power, low, high = np.broadcast_arrays(load, power, low, high)
    wide = high - low > NARROW * low
    with np.errstate(divide="ignore", invalid="ignore"):
        integral = expi(np.log1p(power * high)) - expi(np.log1p(power * low))
        exact = load * np.log(2) * integral / (power * (high - low))
    return np.where(wide, exact, mean_of_transmission(lambda slots: slots, np.inf, load, power, low, high))


def mean_transmission_within(
    slots: ArrayLike, load: ArrayLike, power: ArrayLike, low: ArrayLike, high: ArrayLike
) -> np.ndarray:
    """Return ``E[ttr; ttr <= slots]`` in slots: given that, g is uniform on the part of the range that suffices.

    Examples
    --------
    >>> mean_transmission_within([0.0, 9.0], 2.0, 1.0, 3.0, 3.0).tolist()
    [0.0, 1.0]
    """
    slots, load, power, low, high = np.broadcast_arrays(*map(np.asarray, (slots, load, power, low, high)))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        needed = np.where((slots > 0) & ~is_atom(load, low, high), _needed_channel(slots, load, power), low)
    least = np.clip(needed, low, high)
    return mean_transmission(load, power, least, high) * transmitted_within(slots, load, power, low, high)


def mean_of_transmission(
    function: Callable[[np.ndarray], np.ndarray],
    slots: ArrayLike,
    load: ArrayLike,
    power: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
) -> np.ndarray:
    """Return ``E[f(ttr); ttr <= slots]`` for a smooth f, by Gauss-Legendre quadrature with 48 nodes in ``ln(1 + e g)``.

    `function` is called with one axis more, the last, for the nodes. In that variable a function that stays bounded for
    slow transmissions, such as a quality, has no singularity near the range, and the error is that of rounding (1e-13
    over five decades of g). The time itself is singular where ``e g`` nears 0: for its mean over a wide channel take
    `mean_transmission`.
    """
    slots, load, power, low, high = np.broadcast_arrays(*map(np.asarray, (slots, load, power, low, high)))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        needed = np.where(slots > 0, _needed_channel(slots, load, power), np.inf)
    first = np.clip(needed, low, high)
    base = 1 + power * first
    width = np.log1p(power * (high - first) / base)
    stretch = np.exp(width[..., None] * _NODES)
    rate = (np.log(base)[..., None] + width[..., None] * _NODES) / np.log(2)
    with np.errstate(divide="ignore", invalid="ignore"):
        density = (width * base / (power * (high - low)))[..., None] * stretch
        spread = np.sum(_WEIGHTS * density * function(load[..., None] / rate), axis=-1)
    only = function(transmission_slots(load, power, low)[..., None])[..., 0]
    certain = only * transmitted_within(slots, load, power, low, high)
    return np.where(is_atom(load, low, high), certain, spread)


def _needed_channel(slots: np.ndarray, load: np.ndarray, power: np.ndarray) -> np.ndarray:
    return np.expm1(np.log(2) * load / slots) / power
