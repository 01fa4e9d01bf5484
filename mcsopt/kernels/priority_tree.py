"""A binary tree of sums: entries drawn in proportion to their priorities, in logarithmic time.

Node 1 is the root, node k the sum of nodes 2k and 2k + 1; entry j is node ``size + j``, ``size`` a power of two. Sums
are added anew on every change, so that rounding does not pile up however many changes there are.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def change(tree: np.ndarray, places: np.ndarray, priorities: np.ndarray) -> None:
    """Give entries new priorities.

    Parameters
    ----------
    tree : array of float, shape (2 * size,)
        Changed.
    places : array of int, shape (n,)
        Entries, 0 to size - 1; of one that is named twice the last priority counts.
    priorities : array of float, shape (n,)
        Each >= 0 and finite.
    """
    size = len(tree) // 2
    for k in range(len(places)):
        node = size + places[k]
        tree[node] = priorities[k]
        node //= 2
        while node >= 1:
            tree[node] = tree[2 * node] + tree[2 * node + 1]
            node //= 2


@njit(cache=True)
def find(tree: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return for each target the entry at which the running sum of priorities passes it.

    Parameters
    ----------
    tree : array of float, shape (2 * size,)
        Not all priorities 0.
    targets : array of float, shape (n,)
        In [0, total).

    Returns
    -------
    array of int, shape (n,)
        Never an entry of priority 0, rounding notwithstanding.
    """
    size = len(tree) // 2
    found = np.empty(len(targets), np.int64)
    for k in range(len(targets)):
        target, node = targets[k], 1
        while node < size:
            left = 2 * node
            if target < tree[left] or tree[left + 1] == 0.0:
                node = left
            else:
                target -= tree[left]
                node = left + 1
        found[k] = node - size
    return found
