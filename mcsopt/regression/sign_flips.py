"""Is a randomized heuristic worse than it was? A one-sided paired sign-flip test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcsopt.seeds import generator

MOST_EXACT = 20
"""Up to so many differences other than 0, every assignment of signs is tried: a million sums at most."""

DRAWS = 99_999
"""Assignments drawn beyond that: with the one observed, a hundred thousand."""

_TIE = 1e-12
"""Sums closer than this to the observed one, relative to the sum of magnitudes, count as reaching it: the rounding of
sums must not make a p-value smaller than it is."""

_CHUNK = 2_000_000
_STREAM = 7  # of seed 0, so that no heuristic run with that seed shares the numbers


@dataclass(frozen=True)
class SignFlipTest:
    """Outcome of :func:`sign_flip_test`.

    Attributes
    ----------
    p : float
        Probability, under the null hypothesis, of a sum at least as large; in (0, 1].
    exact : bool
        Whether every assignment of signs was tried.
    """

    p: float
    exact: bool


def sign_flip_test(differences: Sequence[float]) -> SignFlipTest:
    """Test whether paired differences are for the worse: above 0, as gaps are.

    Pair k holds the gap before and now of one run on one instance with one seed; ``d_k`` is now minus before, weighted.

    *Null hypothesis*: the change of the code left the distribution of every run as it was. *Assumptions*: pairs are
    independent of each other (the seeds give independent streams), and, under the null hypothesis, the two runs of a
    pair could be exchanged. The latter holds both for a version that draws other numbers from the same distribution and
    for one that draws the same numbers. Nothing is assumed about the distributions, which may differ by instance.

    Exchanging the runs of pair k flips the sign of ``d_k``, so under the null hypothesis all ``2^n`` assignments of
    signs are equally likely given the magnitudes, and ``p = P(sum s_k |d_k| >= sum d_k)`` satisfies
    ``P(p <= alpha) <= alpha`` for every alpha, at any number of pairs.

    Parameters
    ----------
    differences : sequence of float, length n
        Finite; zeros take no part, as flipping them changes nothing.

    Returns
    -------
    SignFlipTest
        Exact up to 20 differences other than 0. Beyond, 99,999 assignments are drawn, from the same seed every time,
        and the observed one is counted with them, which keeps the level exact.

    Notes
    -----
    The test is about any change of the distribution that shows in the mean. Versions that differ in spread
    but not in the mean break the exchangeability; with many pairs the level then holds approximately. Each test has the
    level alpha by itself: of 100 unchanged heuristics tested at 0.01, one is flagged on average.

    References
    ----------
    Fisher, The Design of Experiments (1935), section 21. Phipson and Smyth, "Permutation p-values should never be
    zero", Statistical Applications in Genetics and Molecular Biology 9 (2010), article 39.

    Examples
    --------
    >>> sign_flip_test([0.02, 0.01, 0.03]).p
    0.125
    >>> sign_flip_test([0.02, -0.01, 0.03]).p
    0.25
    """
    d = np.asarray(differences, dtype=float)
    d = d[d != 0]
    reached = d.sum() - _TIE * np.abs(d).sum()
    if len(d) <= MOST_EXACT:
        return SignFlipTest(float(np.mean(_all_sums(d) >= reached)), True)
    rng = generator(0, _STREAM)
    as_large, left = 1, DRAWS
    while left:
        rows = min(left, max(1, _CHUNK // len(d)))
        signs = rng.integers(0, 2, (rows, len(d)), dtype=np.int8)
        as_large += int(np.count_nonzero(signs @ (2 * d) - d.sum() >= reached))
        left -= rows
    return SignFlipTest(as_large / (DRAWS + 1), False)


def _all_sums(d: np.ndarray) -> np.ndarray:
    """Return the sums of all assignments of signs, shape (2^n,)."""
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def pairs_needed(alpha: float) -> int:
    """Return how many pairs it takes for a p-value below alpha, which n pairs bring down to ``2^-n`` at best.

    Examples
    --------
    >>> pairs_needed(0.01)
    7
    """
    return math.floor(-math.log2(alpha)) + 1
