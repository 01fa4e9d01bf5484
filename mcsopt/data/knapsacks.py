"""Knapsack instances of the classical families."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems import KnapsackInstance
from mcsopt.problems.fields import LARGEST
from mcsopt.seeds import generator

Columns = tuple[np.ndarray, np.ndarray]


def _uncorrelated(u: np.ndarray, v: np.ndarray, largest: float) -> Columns:
    return u, v


def _weakly_correlated(u: np.ndarray, v: np.ndarray, largest: float) -> Columns:
    return u, np.maximum(1.0, u + (2.0 * _unit(v, largest) - 1.0) * largest / 10)


def _strongly_correlated(u: np.ndarray, v: np.ndarray, largest: float) -> Columns:
    return u, u + largest / 10


def _inverse_strongly_correlated(u: np.ndarray, v: np.ndarray, largest: float) -> Columns:
    return u + largest / 10, u


def _almost_strongly_correlated(u: np.ndarray, v: np.ndarray, largest: float) -> Columns:
    return u, u + largest / 10 + (2.0 * _unit(v, largest) - 1.0) * largest / 500


def _subset_sum(u: np.ndarray, v: np.ndarray, largest: float) -> Columns:
    return u, u.copy()


def _unit(v: np.ndarray, largest: float) -> np.ndarray:
    return (v - 1.0) / (largest - 1.0)


FAMILIES: dict[str, Callable[[np.ndarray, np.ndarray, float], Columns]] = {
    "uncorrelated": _uncorrelated,
    "weakly-correlated": _weakly_correlated,
    "strongly-correlated": _strongly_correlated,
    "inverse-strongly-correlated": _inverse_strongly_correlated,
    "almost-strongly-correlated": _almost_strongly_correlated,
    "subset-sum": _subset_sum,
}
"""How each family makes weights and values of two independent columns uniform on [1, largest]."""


def knapsack(
    items: int = 100,
    family: str = "uncorrelated",
    seed: int = 0,
    *,
    fraction: float = 0.5,
    largest: float = 1000.0,
    integer: bool = False,
) -> KnapsackInstance:
    """Draw a knapsack instance of a classical family.

    With u, v independent and uniform on [1, R], R = `largest`:

    - ``uncorrelated``: weight u, value v;
    - ``weakly-correlated``: weight u, value uniform on [u - R/10, u + R/10], at least 1;
    - ``strongly-correlated``: weight u, value u + R/10;
    - ``inverse-strongly-correlated``: weight u + R/10, value u;
    - ``almost-strongly-correlated``: weight u, value uniform on [u + R/10 - R/500, u + R/10 + R/500];
    - ``subset-sum``: weight and value u.

    The capacity is `fraction` of the total weight.

    Parameters
    ----------
    items : int
        Number of items, >= 0.
    family : str
        One of `FAMILIES`.
    seed : int
        Seed, >= 0. Families share their draws: the same seed gives the same u and v.
    fraction : float
        Capacity as a fraction of the total weight, in [0, 1].
    largest : float
        R, above 1, at most 1e100.
    integer : bool
        Round weights and values to the nearest integer and the capacity down. Default: real numbers.

    Returns
    -------
    KnapsackInstance

    Raises
    ------
    InputError
        If an argument is outside its range.

    References
    ----------
    D. Pisinger, Where are the hard knapsack problems?, Computers & Operations Research 32 (2005) 2271-2284,
    section 2 (there integers and a series of capacities).

    Examples
    --------
    >>> knapsack(3, "subset-sum", seed=1, integer=True).weight.size
    3
    """
    if family not in FAMILIES:
        raise InputError("family", f"is {family!r}", f"use one of {', '.join(FAMILIES)}")
    if items < 0:
        raise InputError("items", f"is {items}", "give a number >= 0")
    if not 0.0 <= fraction <= 1.0:
        raise InputError("fraction", f"is {fraction}", "give a value in [0, 1]")
    if not 1.0 < largest <= LARGEST:
        raise InputError("largest", f"is {largest}", f"give a value above 1, at most {LARGEST:g}")
    rng = generator(seed)
    u, v = rng.uniform(1.0, largest, items), rng.uniform(1.0, largest, items)
    weight, value = FAMILIES[family](u, v, largest)
    if integer:
        weight, value = np.rint(weight), np.rint(value)
    # fsum, because the order in which numpy adds depends on the processor.
    capacity = fraction * math.fsum(weight.tolist())
    return KnapsackInstance(weight, value, float(np.floor(capacity)) if integer else capacity)
