"""Subset-row cuts: of three tasks and workers, at most one can be in sets that have two of them or more."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

VIOLATION = 0.03
"""What a cut must be violated by."""
_EACH_ROW = 6  # cuts of one solution that share a row


def violated(weight: np.ndarray, inside: csr_matrix, known: np.ndarray, most: int = 40) -> np.ndarray:
    """Return the subset-row cuts that a fractional solution violates most.

    The cut of rows {a, b, c} is violated by ``sum over columns with two of them or more, minus 1``. With W_ab the
    weight of the columns that have both a and b, that sum is ``W_ab + W_ac + W_bc - 2 W_abc``.

    Parameters
    ----------
    weight : array of float, shape (n,)
        Weights of the columns in the solution.
    inside : sparse matrix, shape (n, rows)
        Which rows they have.
    known : array of int, shape (c, 3)
        Cuts that are there already.
    most : int
        Most cuts to return.

    Returns
    -------
    array of int, shape (k, 3)
        Ascending rows each.

    References
    ----------
    Jepsen et al., Subset-row inequalities applied to the vehicle-routing problem with time windows, 2008.
    """
    fractional = np.flatnonzero(weight < 1 - 1e-6)
    weight, inside = weight[fractional], inside[fractional].astype(np.float64)
    rows = np.flatnonzero(np.diff(inside.tocsc().indptr))
    has = inside[:, rows].tocsc()
    together = csr_matrix(has.T @ has.multiply(weight[:, None]))
    found: list[tuple[float, tuple[int, int, int]]] = []
    for a in range(len(rows)):
        # Rows that share no column with a leave one pair at most, and that is not more than 1.
        neighbours = together.indices[together.indptr[a] : together.indptr[a + 1]]
        near = np.sort(neighbours[neighbours > a])
        if len(near) < 2:
            continue
        with_a = together[a, near].toarray()[0]
        pairs = together[near][:, near].toarray() + with_a[:, None] + with_a[None, :]
        columns = has.indices[has.indptr[a] : has.indptr[a + 1]]
        three = has[columns][:, near].toarray()
        pairs -= 2 * (three.T @ (weight[columns, None] * three))
        for b, c in zip(*np.nonzero(np.triu(pairs > 1 + VIOLATION, 1)), strict=True):
            found.append((float(pairs[b, c]), (int(rows[a]), int(rows[near[b]]), int(rows[near[c]]))))
    present = set(map(tuple, known.tolist()))
    uses = np.zeros(inside.shape[1], dtype=np.int64)
    chosen = []
    for _, cut in sorted(found, key=lambda entry: (-entry[0], entry[1])):
        if cut not in present and uses[list(cut)].max() < _EACH_ROW:
            chosen.append(cut)
            uses[list(cut)] += 1
        if len(chosen) == most:
            break
    return np.array(chosen, dtype=np.int64).reshape(-1, 3)
