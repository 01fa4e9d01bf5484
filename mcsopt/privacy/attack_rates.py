"""How often the adversaries of `mcsopt.privacy.attacks` are right, in expectation: closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.privacy import inputs
from mcsopt.privacy.inference_error import inference_error
from mcsopt.privacy.randomized_response import flip_probability, keep_probability


def expected_one_snapshot_success(prior: Any, epsilon: Any) -> np.ndarray:
    """Return the expected share of intents guessed right after one report: OSR, ``1 - mean_i min(phi, 1 - phi, t)``.

    Parameters
    ----------
    prior : array of float, shape (I,) or (J, I)
    epsilon : float or array of float, shape (J,)

    Returns
    -------
    array of float, shape () or (J,)
        In [1/2, 1].

    Raises
    ------
    InputError
        For entries out of range or shapes that do not fit.
    """
    return 1.0 - inference_error(prior, epsilon)


def expected_frequency_leakage(epsilon: Any) -> np.ndarray:
    """Return the expectation of ``|F_ij - b_ij|``: MFL, ``t = 1 / (1 + e^eps)``.

    It is the same for any number of snapshots, with memoization and without, so it cannot show what memoization is
    worth: the mean of F does not change, its spread does.
    """
    return flip_probability(epsilon)


def expected_frequency_success(prior: Any, epsilon: Any, snapshots: int, *, rounds_per_epoch: int = 1) -> np.ndarray:
    """Return the expected share of intents that a majority over snapshots guesses right: MSR for the rule (11).

    T snapshots are n whole epochs of L rounds and r rounds of one more, each epoch one draw. In ``L K + r B`` of them
    an entry is told truthfully, where ``K ~ Binomial(n, p)`` and ``B ~ Bernoulli(p)``. By (11) half of the rounds
    suffice for a guess of 1, so at a tie the adversary is right about those who want the task:

        phi Pr(2 (L K + r B) >= T) + (1 - phi) Pr(2 (L K + r B) > T).

    Parameters
    ----------
    prior : array of float, shape (I,) or (J, I)
        ``phi_ij``; it matters through ties only, that is, never for odd T without memoization.
    epsilon : float or array of float, shape (J,)
    snapshots : int
        Rounds ``T >= 1`` that were seen.
    rounds_per_epoch : int
        ``L >= 1``. 1, the default: no memoization. `snapshots` or more: one epoch of MIRROR, where the answer is
        ``p = e^eps / (1 + e^eps)`` whatever T. E epochs seen whole are as good as E snapshots without memoization.

    Returns
    -------
    array of float, shape () or (J,)

    Raises
    ------
    InputError
        For entries out of range or shapes that do not fit.

    Notes
    -----
    Sums of products of positive doubles: relative error about ``n * 2**-52``. Time ``O(J n^2)``.

    More snapshots do not always help: with a tie at T = 2 an adversary is right about workers who do not want the task
    with probability ``p^2`` only, less than p.

    Examples
    --------
    >>> import math
    >>> never = [0.0]
    >>> [round(float(expected_frequency_success(never, math.log(4), T)), 4) for T in (1, 2, 3, 99)]
    [0.8, 0.64, 0.896, 1.0]
    >>> round(float(expected_frequency_success(never, math.log(4), 99, rounds_per_epoch=99)), 4)
    0.8
    """
    phi = inputs.probabilities(prior, "prior")
    rows = inputs.matrix(phi, "prior")
    rounds, length = (
        inputs.integer(snapshots, "snapshots", 1),
        inputs.integer(rounds_per_epoch, "rounds_per_epoch", 1),
    )
    keep = inputs.per_worker(keep_probability(epsilon), len(rows), "epsilon")
    flip = inputs.per_worker(flip_probability(epsilon), len(rows), "epsilon")
    whole, rest = divmod(rounds, length)
    draws = _binomial(whole, keep, flip)
    told = 2 * length * np.arange(whole + 1)
    at_least = _chance(draws, told >= rounds, told + 2 * rest >= rounds, keep, flip)
    more = _chance(draws, told > rounds, told + 2 * rest > rounds, keep, flip)
    wants = rows.mean(axis=1)
    success = wants * at_least + (1.0 - wants) * more
    return success if phi.ndim == 2 else success[0]


def _chance(draws: np.ndarray, without: np.ndarray, with_rest: np.ndarray, keep: np.ndarray, flip: np.ndarray) -> Any:
    """Return the probability of the outcomes marked, if the last, shorter epoch lies and if it tells the truth."""
    return flip * (draws @ without) + keep * (draws @ with_rest)


def _binomial(count: int, keep: np.ndarray, flip: np.ndarray) -> np.ndarray:
    """Return ``Pr(K = k)`` for k = 0..count, one row a worker, adding one draw after the other."""
    chances = np.zeros((len(keep), count + 1))
    chances[:, 0] = 1.0
    for _ in range(count):
        chances[:, 1:] = chances[:, 1:] * flip[:, None] + chances[:, :-1] * keep[:, None]
        chances[:, 0] *= flip
    return chances
