"""A memory of transitions from which surprising ones are replayed more often (prioritized experience replay)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsopt.kernels.priority_tree import change, find

LEAST_ERROR = 1e-3
"""Added to every error, so that what was learned well is replayed now and then."""


@dataclass(frozen=True)
class Transitions:
    """What was seen, one row each.

    Attributes
    ----------
    state : array of int, shape (n,)
    action : array of int, shape (n,)
        Column of the network's output.
    reward : array of float, shape (n,)
        Discounted sum over one step or a few.
    next_state : array of int, shape (n,)
    factor : array of float, shape (n,)
        What the worth of the next state is multiplied by: the discount to the power of the steps, 0 at the end.
    """

    state: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    next_state: np.ndarray
    factor: np.ndarray


class PrioritizedReplay:
    """The latest transitions, drawn in proportion to ``(|error| + LEAST_ERROR)^alpha``.

    Parameters
    ----------
    capacity : int
        Most transitions kept, >= 1; the oldest make room.
    alpha : float
        0 draws all alike, 1 in proportion to their errors.

    References
    ----------
    T. Schaul, J. Quan, I. Antonoglou, D. Silver, Prioritized experience replay, ICLR 2016, section 3.3, proportional.
    """

    def __init__(self, capacity: int, alpha: float) -> None:
        self.capacity, self.alpha = capacity, alpha
        self.tree = np.zeros(2 * (1 << (capacity - 1).bit_length()))
        self.rows = Transitions(
            *(np.zeros(capacity, kind) for kind in (np.int64, np.int64, np.float32, np.int64, np.float32))
        )
        self.count = self._next = 0
        self._largest = 1.0

    def add(self, rows: Transitions) -> None:
        """Remember transitions; until they are replayed they have the largest priority that occurred."""
        n = len(rows.state)
        places = (self._next + np.arange(n)) % self.capacity
        for name in ("state", "action", "reward", "next_state", "factor"):
            getattr(self.rows, name)[places] = getattr(rows, name)
        change(self.tree, places, np.full(n, self._largest))
        self._next = (self._next + n) % self.capacity
        self.count = min(self.count + n, self.capacity)

    def probability(self, places: np.ndarray) -> np.ndarray:
        """Return the probability with which each of these entries is drawn."""
        result: np.ndarray = self.tree[len(self.tree) // 2 + places] / self.tree[1]
        return result

    def sample(self, n: int, beta: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw entries, one from each of n equal parts of the sum of priorities.

        Parameters
        ----------
        n : int
            Number of entries; the memory must not be empty.
        beta : float
            How much of the bias is corrected: 1 all of it.
        rng : numpy.random.Generator

        Returns
        -------
        places : array of int, shape (n,)
        weights : array of float, shape (n,)
            ``(count * probability)^-beta`` over the largest of them.
        """
        targets = (np.arange(n) + rng.random(n)) * (self.tree[1] / n)
        places = find(self.tree, targets)
        weights = (self.count * self.probability(places)) ** -beta
        return places, weights / weights.max()

    def of(self, places: np.ndarray) -> Transitions:
        """Return the transitions at these places."""
        rows = self.rows
        return Transitions(
            *(column[places] for column in (rows.state, rows.action, rows.reward, rows.next_state, rows.factor))
        )

    def learned(self, places: np.ndarray, errors: np.ndarray) -> None:
        """Set the priorities of entries by their new errors, of any sign."""
        priorities = (np.abs(errors).astype(float) + LEAST_ERROR) ** self.alpha
        self._largest = max(self._largest, float(priorities.max()))
        change(self.tree, places, priorities)
