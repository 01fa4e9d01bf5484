"""How far reports are from the truth in expectation: the distortion of randomized response (1)-(2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcsopt.privacy import inputs
from mcsopt.privacy.randomized_response import flip_probability


def expected_distortion(epsilon: Any, num_tasks: int, flip_weight: Any = None) -> np.ndarray:
    """Return the expected weighted number of flipped entries, ``Q_loss = gamma_j * I * t`` (1)-(2).

    Every entry is flipped with probability ``t = 1 / (1 + e^eps)`` whatever the truth, so the prior does not matter.

    Parameters
    ----------
    epsilon : float or array of float, shape (J,)
        Budgets ``eps_j > 0``; infinity: no distortion.
    num_tasks : int
        Tasks I >= 1.
    flip_weight : float or array of float, shape (J,), optional
        ``gamma_j >= 0``, the cost of one flipped entry. By default ``1/I``: the expected share of flipped entries.

    Raises
    ------
    InputError
        For entries out of range or shapes that do not fit.

    Examples
    --------
    >>> import math
    >>> round(float(expected_distortion(math.log(4), 10)), 12)
    0.2
    """
    num_tasks = inputs.integer(num_tasks, "num_tasks", 1)
    flip = flip_probability(epsilon)
    weight = inputs.numbers(1.0 / num_tasks if flip_weight is None else flip_weight, "flip_weight")
    if flip.ndim:
        weight = inputs.per_worker(weight, len(flip), "flip_weight")
    return weight * num_tasks * flip
