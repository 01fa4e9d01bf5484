"""The ledger of privacy loss: what each worker has given away so far, by basic composition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcsopt.privacy import inputs


@dataclass(frozen=True)
class Charge:
    """One draw of noise: a worker's report of an epoch, or of a round where nothing is memoized.

    Parameters
    ----------
    worker, epoch : int
    epsilon : float
        Budget per entry, in nats.
    num_tasks : int
        Entries of the report.
    """

    worker: int
    epoch: int
    epsilon: float
    num_tasks: int


@dataclass(frozen=True)
class Ledger:
    """Draws of noise and what they add up to.

    The loss of an entry, ``per_entry``, bounds what the reports tell about a single intent ``b_ij`` (Definition 2:
    neighbours differ in one entry). **The whole vector of a worker is protected I times less**: ``per_vector`` bounds
    what they tell about all intents at once, ``I * eps`` for each epoch. The paper does not say so.

    Notes
    -----
    Basic composition: losses of independent draws add up. For randomized response this is no mere bound: draws that all
    say the same have exactly this likelihood ratio. Theorems of advanced composition, which admit a small chance of a
    larger loss, are not used. Answers repeated from memory cost nothing new.

    Examples
    --------
    >>> print(Ledger((Charge(0, 0, 0.5, 20), Charge(0, 1, 0.5, 20), Charge(3, 0, 1.0, 20))))
    worker 0: 2 drawn, loss 1 per entry, 20 for the whole vector
    worker 3: 1 drawn, loss 1 per entry, 20 for the whole vector
    """

    charges: tuple[Charge, ...]

    @property
    def workers(self) -> tuple[int, ...]:
        """Workers who have reported, ascending."""
        return tuple(sorted({charge.worker for charge in self.charges}))

    def per_entry(self, worker: int) -> float:
        """Return the sum of eps over all draws of a worker, in nats; 0 if there is none."""
        return math.fsum(charge.epsilon for charge in self._of(worker))

    def per_vector(self, worker: int) -> float:
        """Return the sum of ``I * eps`` over all draws of a worker, in nats; 0 if there is none."""
        return math.fsum(charge.num_tasks * charge.epsilon for charge in self._of(worker))

    def __str__(self) -> str:
        return "\n".join(
            f"worker {worker}: {sum(1 for _ in self._of(worker))} drawn,"
            f" loss {self.per_entry(worker):.6g} per entry, {self.per_vector(worker):.6g} for the whole vector"
            for worker in self.workers
        )

    def _of(self, worker: int) -> Iterator[Charge]:
        return (charge for charge in self.charges if charge.worker == worker)


def composed_loss(
    epsilon: Any, num_tasks: int, *, epochs: int = 1, rounds_per_epoch: int = 1, memoized: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss per entry and the loss of the whole vector after some epochs, by basic composition.

    Parameters
    ----------
    epsilon : float or array of float, shape (J,)
        Budgets ``eps_j > 0`` of one draw, per entry, in nats.
    num_tasks : int
        Entries I of a report.
    epochs, rounds_per_epoch : int
        How often is reported; both >= 1.
    memoized : bool
        Whether an epoch has one draw (MIRROR), so that its further rounds cost nothing; else each round has one.

    Returns
    -------
    per_entry, per_vector : array of float
        ``draws * eps_j`` and ``I * draws * eps_j``.

    Raises
    ------
    InputError
        For entries out of range.

    Examples
    --------
    Twenty tasks, five epochs of ten rounds: memoization divides the bill by ten, and the vector still costs 100 nats.

    >>> [float(loss) for loss in composed_loss(1.0, 20, epochs=5, rounds_per_epoch=10)]
    [5.0, 100.0]
    >>> [float(loss) for loss in composed_loss(1.0, 20, epochs=5, rounds_per_epoch=10, memoized=False)]
    [50.0, 1000.0]
    """
    draws = inputs.integer(epochs, "epochs", 1)
    rounds = inputs.integer(rounds_per_epoch, "rounds_per_epoch", 1)
    per_entry = inputs.budgets(epsilon) * (draws if memoized else draws * rounds)
    return per_entry, per_entry * inputs.integer(num_tasks, "num_tasks", 1)
