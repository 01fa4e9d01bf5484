"""The paper's two adversaries: Bayes-optimal after one snapshot (4), frequencies over many (10)-(11)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.errors import InputError
from mcsopt.privacy import inputs
from mcsopt.privacy.randomized_response import flip_probability, keep_probability


def one_snapshot_estimate(reports: Any, prior: Any, epsilon: Any) -> np.ndarray:
    """Guess intents from one report each, as an adversary who knows priors and budgets does best (4).

    An entry is guessed 1 if ``phi Pr(r | 1) >= (1 - phi) Pr(r | 0)``. Intents are independent; no weights are needed,
    because the best vector is the best guess of each entry.

    Parameters
    ----------
    reports : array of {0, 1}, shape (I,) or (J, I)
    prior : array of float, same shape
        ``phi_ij`` in [0, 1].
    epsilon : float or array of float, shape (J,)
        Budgets the reports were drawn with; infinity: they are the truth.

    Returns
    -------
    array of uint8
        Estimates, of the shape of `reports`.

    Raises
    ------
    InputError
        For entries out of range or shapes that do not fit.

    Examples
    --------
    >>> import math
    >>> one_snapshot_estimate([1, 1, 0], [0.1, 0.5, 0.9], math.log(4)).tolist()    # the prior wins at the ends
    [0, 1, 1]
    """
    seen, phi = inputs.bits(reports, "reports"), inputs.probabilities(prior, "prior")
    if seen.shape != phi.shape:
        raise InputError("prior", f"has shape {phi.shape}", f"give one probability for each report, {seen.shape}")
    rows = inputs.matrix(seen, "reports")
    keep = inputs.per_worker(keep_probability(epsilon), len(rows), "epsilon")[:, None]
    flip = inputs.per_worker(flip_probability(epsilon), len(rows), "epsilon")[:, None]
    wanted = phi * np.where(rows, keep, flip)
    unwanted = (1.0 - phi) * np.where(rows, flip, keep)
    return (wanted >= unwanted).astype(np.uint8).reshape(seen.shape)


def frequency_estimate(reports: Any) -> np.ndarray:
    """Guess each intent by majority over snapshots: 1 if at least half of the reports say 1 (10)-(11).

    Parameters
    ----------
    reports : array of {0, 1}, shape (T, I) or (T, J, I)
        What was seen in T >= 1 rounds.

    Returns
    -------
    array of uint8, shape (I,) or (J, I)

    Raises
    ------
    InputError
        For entries that are not 0 or 1, or no snapshots.

    Examples
    --------
    >>> frequency_estimate([[1, 0, 0], [1, 1, 0]]).tolist()    # half is enough
    [1, 1, 0]
    """
    seen = _snapshots(reports)
    return (2 * seen.sum(axis=0, dtype=np.int64) >= len(seen)).astype(np.uint8)


def frequency_leakage(reports: Any, bits: Any) -> np.ndarray:
    """Return the mean over tasks of ``|F_ij - b_ij|``, for each worker: MFL, F the frequency of ones (10).

    Parameters
    ----------
    reports : array of {0, 1}, shape (T, I) or (T, J, I)
    bits : array of {0, 1}, shape (I,) or (J, I)
        The true intents.

    Returns
    -------
    array of float, shape () or (J,)
    """
    seen, truth = _snapshots(reports), inputs.bits(bits, "bits")
    if seen.shape[1:] != truth.shape:
        raise InputError("bits", f"has shape {truth.shape}", f"give one intent for each entry, {seen.shape[1:]}")
    return np.mean(np.abs(seen.mean(axis=0) - truth), axis=-1)


def success_rate(estimates: Any, bits: Any) -> np.ndarray:
    """Return the share of entries guessed right, for each worker: OSR and MSR are its means over workers.

    Parameters
    ----------
    estimates, bits : array of {0, 1}, shape (I,) or (J, I)
        The adversary's guesses, and the true intents.

    Returns
    -------
    array of float, shape () or (J,)

    Raises
    ------
    InputError
        For entries that are not 0 or 1, or shapes that differ.
    """
    guessed, truth = inputs.bits(estimates, "estimates"), inputs.bits(bits, "bits")
    if guessed.shape != truth.shape:
        raise InputError("bits", f"has shape {truth.shape}", f"give one intent for each estimate, {guessed.shape}")
    inputs.matrix(guessed, "estimates")
    return np.mean(guessed == truth, axis=-1)


def _snapshots(reports: Any) -> np.ndarray:
    seen = inputs.bits(reports, "reports")
    if seen.ndim not in (2, 3) or not seen.size:
        raise InputError("reports", f"has shape {seen.shape}", "give rounds x tasks, or rounds x workers x tasks")
    return seen
