"""The whole channel of one worker, intents to reports, for few tasks: privacy loss by enumeration, not by formula."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mcsopt.errors import InputError, TooLarge, shown
from mcsopt.privacy import inputs

MAX_TASKS = 12
"""2^12 intent vectors times 2^12 reports are 16 million probabilities."""

NEIGHBOURS = ("entry", "vector")


def log_channel(epsilon: float, num_tasks: int) -> np.ndarray:
    """Return ``ln Pr(report | intents)`` for all intent vectors (rows) and reports (columns) of one worker.

    A vector is its bit mask: task i is bit i. Logarithms, because ``t^I`` underflows for large budgets.

    Parameters
    ----------
    epsilon : float
        Budget ``eps > 0``; infinity: the identity.
    num_tasks : int
        ``1 <= I <= 12``.

    Returns
    -------
    array of float, shape (2^I, 2^I)

    Raises
    ------
    InputError
        For a budget that is NaN, zero or negative, or more than one number.
    TooLarge
        Beyond 12 tasks.
    """
    eps = single_budget(epsilon)
    flips = flip_counts(num_tasks)
    if np.isinf(eps):
        return np.where(flips > 0, -np.inf, 0.0)
    log_keep = -np.log1p(np.exp(-eps))
    # p^(I-h) t^h = p^I e^(-eps h): one product, so that ratios of neighbours are e^eps to the last digits.
    return num_tasks * log_keep - eps * flips


def single_budget(epsilon: Any) -> float:
    """Return the budget of one worker as a number; `InputError` for several, NaN, zero or negative."""
    eps = inputs.budgets(epsilon)
    if eps.ndim:
        raise InputError("epsilon", f"has shape {eps.shape}", "give the budget of one worker")
    return float(eps)


def flip_counts(num_tasks: int) -> np.ndarray:
    """Return in how many entries the vectors of each pair of bit masks differ, shape (2^I, 2^I)."""
    masks = np.arange(num_vectors(num_tasks), dtype=np.int16)  # 2^12 fit, and 4^I of them take space
    return np.bitwise_count(masks[:, None] ^ masks)


def vectors(num_tasks: int) -> np.ndarray:
    """Return all intent vectors, shape (2^I, I): row v is the vector with bit mask v."""
    masks = np.arange(num_vectors(num_tasks))
    return (masks[:, None] >> np.arange(num_tasks) & 1).astype(np.uint8)


def num_vectors(num_tasks: int) -> int:
    """Return ``2^I``; `TooLarge` beyond `MAX_TASKS` tasks."""
    num_tasks = inputs.integer(num_tasks, "num_tasks", 1)
    if num_tasks > MAX_TASKS:
        raise TooLarge(
            f"enumeration over 2^{num_tasks} intent vectors and as many reports is limited to {MAX_TASKS} tasks; for"
            " independent intents use the closed forms, such as inference_error"
        )
    return 2**num_tasks


def privacy_loss(log_probabilities: np.ndarray, neighbours: str = "entry") -> float:
    """Return the largest ``ln(Pr(o | b) / Pr(o | b'))`` over all outputs and all pairs of neighbouring inputs (12).

    Parameters
    ----------
    log_probabilities : array of float, shape (2^I, outputs)
        ``ln Pr(o | b)`` for the intent vectors b in the order of their bit masks: `log_channel`, or whatever is made of
        its outputs. Minus infinity: impossible.
    neighbours : {"entry", "vector"}
        Whether neighbours differ in exactly one entry, which is the notion of the paper's Definition 2, or are any two
        vectors: what protects the vector as a whole.

    Returns
    -------
    float
        In nats. For randomized response with budget eps: eps for ``"entry"``, ``I * eps`` for ``"vector"``. Infinite if
        an output is possible under one input and impossible under its neighbour.

    Raises
    ------
    InputError
        For another notion, a number of rows that is no power of two, a row in which nothing is possible, or NaN.
    TooLarge
        Beyond 12 tasks.

    Examples
    --------
    >>> channel = log_channel(0.5, 3)
    >>> round(privacy_loss(channel), 12), round(privacy_loss(channel, "vector"), 12)
    (0.5, 1.5)
    """
    if neighbours not in NEIGHBOURS:
        raise InputError("neighbours", f"is {shown(neighbours)}", f"use one of {', '.join(map(repr, NEIGHBOURS))}")
    table = inputs.numbers(log_probabilities, "log_probabilities", low=-math.inf)
    num_tasks = (len(table) if table.ndim == 2 else 0).bit_length() - 1
    if num_tasks < 1 or len(table) != num_vectors(num_tasks):
        raise InputError("log_probabilities", f"has shape {table.shape}", "give one row for each of 2^I intent vectors")
    if not np.all(np.any(table > -np.inf, axis=1)):
        raise InputError("log_probabilities", "has a row without a possible output", "give the logarithms of a channel")
    if neighbours == "vector":
        return _largest_difference(table.max(axis=0), table.min(axis=0))
    masks = np.arange(len(table))
    return max(_largest_difference(table, table[masks ^ (1 << task)]) for task in range(num_tasks))


def _largest_difference(high: np.ndarray, low: np.ndarray) -> float:
    possible = high > -np.inf  # an output that neither input leads to says nothing
    return float(np.max(high[possible] - low[possible]))
