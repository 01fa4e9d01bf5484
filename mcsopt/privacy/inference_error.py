"""What an optimal adversary still gets wrong after one report (3)-(6): a closed form, and enumeration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError, shown
from mcsopt.privacy import inputs
from mcsopt.privacy.channel import log_channel, num_vectors, single_budget, vectors
from mcsopt.privacy.randomized_response import flip_probability


def inference_error(prior: Any, epsilon: Any, weight: Any = None) -> np.ndarray:
    """Return the adversary's expected inference error after one snapshot, for independent intents (6).

    The error (5) is a sum over entries, so the optimal adversary (4) decides entry by entry: it believes the report,
    or, where the prior is stronger, the prior. What is left is

        xi_j = sum_i omega_i * min(phi_ij, 1 - phi_ij, t_j),    t = 1 / (1 + e^eps).

    Parameters
    ----------
    prior : array of float, shape (I,) or (J, I)
        ``phi_ij = Pr(b_ij = 1)`` in [0, 1], entries independent.
    epsilon : float or array of float, shape (J,)
        Budgets ``eps_j > 0``; infinity: no error is left.
    weight : array of float, shape (I,), optional
        ``omega_i >= 0``, not all zero; by default ``1/I`` each. They need not sum to 1; the error is in their unit.

    Returns
    -------
    array of float, shape () or (J,)
        Falls with eps; never above ``sum_i omega_i / 2``.

    Raises
    ------
    InputError
        For entries out of range or shapes that do not fit.

    Examples
    --------
    >>> import math
    >>> round(float(inference_error([0.5, 0.1, 1.0], math.log(4))), 12)    # t = 0.2: (0.2 + 0.1 + 0) / 3
    0.1
    """
    phi = inputs.probabilities(prior, "prior")
    rows = inputs.matrix(phi, "prior")
    omega = inputs.task_weights(weight, rows.shape[1])
    flip = inputs.per_worker(flip_probability(epsilon), len(rows), "epsilon")
    error = np.minimum(np.minimum(rows, 1.0 - rows), flip[:, None]) @ omega
    return error if phi.ndim == 2 else error[0]


@dataclass(frozen=True, eq=False)
class Enumeration:
    """What enumeration over all intents and reports of one worker finds; vectors in the order of their bit masks.

    Parameters
    ----------
    inference_error : float
        ``xi_j`` (6) under the adversary's best estimates.
    error_of_report : array of float, shape (2^I,)
        What each report contributes to it: the largest ``h`` of (8), so that (7) holds exactly if these sum to beta0.
    estimate : array of {0, 1}, shape (2^I, I)
        The adversary's best estimate (4) after each report; where both are as good, 1.
    distortion : float
        ``Q_loss`` (1).
    """

    inference_error: float
    error_of_report: np.ndarray
    estimate: np.ndarray
    distortion: float


def enumerate_reports(joint: Any, epsilon: float, weight: Any = None, flip_weight: float | None = None) -> Enumeration:
    """Sum (1), (4) and (6) over all intent vectors and all reports of one worker, for any joint prior.

    Parameters
    ----------
    joint : array of float, shape (2^I,)
        ``phi(b)`` of every intent vector, in the order of bit masks (task i is bit i); sums to 1. For independent
        intents: `independent_joint`.
    epsilon : float
        Budget ``eps > 0`` of the worker.
    weight : array of float, shape (I,), optional
        ``omega_i >= 0``; by default ``1/I`` each.
    flip_weight : float, optional
        ``gamma_j >= 0``; by default ``1/I``.

    Returns
    -------
    Enumeration

    Raises
    ------
    InputError
        For a prior that is negative, does not sum to 1 within 1e-9 or is not of length ``2^I``; other entries out of
        range.
    TooLarge
        Beyond 12 tasks.

    Notes
    -----
    ``O(4^I I)`` time, memory for a few times ``4^I`` numbers. The estimate that minimises a sum over entries minimises
    each entry, so 2 alternatives an entry are compared, not ``2^I`` a vector.

    Examples
    --------
    Three tasks that a worker wants together or not at all: each bit of the report tells of the others. Of the error 0.2
    that independent intents would leave, what remains is that of a majority vote.

    >>> import math
    >>> round(enumerate_reports([0.5, 0, 0, 0, 0, 0, 0, 0.5], math.log(4)).inference_error, 12)
    0.104
    """
    phi = inputs.probabilities(joint, "joint")
    num_tasks = _tasks_of(phi)
    omega = inputs.task_weights(weight, num_tasks)
    gamma = inputs.numbers(1.0 / num_tasks if flip_weight is None else flip_weight, "flip_weight")
    if gamma.ndim:
        raise InputError("flip_weight", f"has shape {gamma.shape}", "give that of one worker")
    intents = vectors(num_tasks).astype(np.float64)
    channel = np.exp(log_channel(single_budget(epsilon), num_tasks))
    wanted = channel.T @ (phi[:, None] * intents)  # Pr(report, b_i = 1), reports x tasks
    unwanted = channel.T @ (phi[:, None] * (1.0 - intents))
    error_of_report = np.minimum(wanted, unwanted) @ omega
    # |b - r| = b (1 - r) + (1 - b) r, summed over the joint distribution of both.
    flips = np.sum(wanted * (1.0 - intents) + unwanted * intents)
    return Enumeration(
        inference_error=float(error_of_report.sum()),
        error_of_report=error_of_report,
        estimate=(wanted >= unwanted).astype(np.uint8),
        distortion=float(gamma * flips),
    )


def independent_joint(prior: Any) -> np.ndarray:
    """Return ``phi(b) = prod_i phi_i^b_i (1 - phi_i)^(1 - b_i)`` for all bit masks b; at most 12 tasks."""
    phi = inputs.probabilities(prior, "prior")
    if phi.ndim != 1:
        raise InputError("prior", f"has shape {phi.shape}", "give the prior of one worker")
    return np.prod(np.where(vectors(phi.size), phi, 1.0 - phi), axis=1)


def _tasks_of(joint: np.ndarray) -> int:
    num_tasks = joint.size.bit_length() - 1
    if joint.ndim != 1 or num_tasks < 1 or joint.size != num_vectors(num_tasks):
        raise InputError("joint", f"has shape {joint.shape}", "give one probability for each of 2^I intent vectors")
    if abs(joint.sum() - 1.0) > tolerances.PROBABILITY_SUM:
        raise InputError("joint", f"sums to {shown(joint.sum())}", "give probabilities that sum to 1")
    return num_tasks
