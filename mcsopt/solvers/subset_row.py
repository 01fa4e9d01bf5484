"""Subset-row cuts: of three tasks and workers, at most one can be in sets that have two of them or more."""

from __future__ import annotations

import numpy as np

VIOLATION = 0.03
"""What a cut must be violated by."""
MAX_ADDED = 40
"""Most cuts that one fractional solution adds."""
_EACH_ROW = 6  # cuts of one solution that share a row


def violated(weight: np.ndarray, inside: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the subset-row cuts that a fractional solution violates most.

    The cut of rows {a, b, c} is violated by ``sum over columns with two of them or more, minus 1``. With W_ab the
    weight of the columns that have both a and b, that sum is ``W_ab + W_ac + W_bc - 2 W_abc``.

    Parameters
    ----------
    weight : array of float, shape (n,)
        Weights of the columns in the solution.
    inside : array of bool, shape (n, rows)
        Which rows they have.
    known : array of int, shape (c, 3)
        Cuts that are there already.

    Returns
    -------
    array of int, shape (k, 3)
        Ascending rows each.

    References
    ----------
    Jepsen et al., Subset-row inequalities applied to the vehicle-routing problem with time windows, 2008.
    """
    fractional = weight < 1 - 1e-6
    weight, inside = weight[fractional], inside[fractional]
    rows = np.flatnonzero(inside.any(axis=0))
    has = inside[:, rows].astype(np.float64)
    together = has.T @ (weight[:, None] * has)
    np.fill_diagonal(together, 0.0)
    found: list[tuple[float, tuple[int, int, int]]] = []
    for a in range(len(rows)):
        # Only rows with a column in common can matter, and one of the three pairs is below a third of the rest.
        near = a + 1 + np.flatnonzero(together[a, a + 1 :] > 0)
        if len(near) < 2:
            continue
        common = has[:, a] * weight
        pairs = together[np.ix_(near, near)] + together[a, near][:, None] + together[a, near][None, :]
        pairs -= 2 * (has[:, near].T @ (common[:, None] * has[:, near]))
        for b, c in zip(*np.nonzero(np.triu(pairs > 1 + VIOLATION, 1)), strict=True):
            found.append((float(pairs[b, c]), (int(rows[a]), int(rows[near[b]]), int(rows[near[c]]))))
    present = set(map(tuple, known.tolist()))
    uses = np.zeros(inside.shape[1], dtype=np.int64)
    chosen = []
    for _, cut in sorted(found, key=lambda entry: (-entry[0], entry[1])):
        if cut not in present and uses[list(cut)].max() < _EACH_ROW:
            chosen.append(cut)
            uses[list(cut)] += 1
        if len(chosen) == MAX_ADDED:
            break
    return np.array(chosen, dtype=np.int64).reshape(-1, 3)
