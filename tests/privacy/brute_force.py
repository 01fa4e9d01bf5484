"""The definitions (1)-(6), (10)-(12) and (27) summed over everything there is, with code of their own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np


def exact_flip(epsilon: float) -> Decimal:
    """Return ``1 / (1 + e^eps)`` to 60 digits."""
    with localcontext() as context:
        context.prec = 60
        return 1 / (1 + Decimal(epsilon).exp())


def probabilities(epsilon: float) -> tuple[float, float]:
    """Return ``p`` and ``t``."""
    with localcontext() as context:
        context.prec = 60
        flip = exact_flip(epsilon)
        return float(1 - flip), float(flip)


def all_vectors(num_tasks: int) -> np.ndarray:
    """Return all vectors of bits, in the order of their bit masks."""
    return np.array([v[::-1] for v in itertools.product((0, 1), repeat=num_tasks)])


def channel(epsilon: float, num_tasks: int) -> np.ndarray:
    """Return ``Pr(report | intents)`` as the product over entries (27)."""
    keep, flip = probabilities(epsilon)
    vectors = all_vectors(num_tasks)
    return np.where(vectors[:, None, :] == vectors[None, :, :], keep, flip).prod(axis=2)


def joint_of(phi: np.ndarray) -> np.ndarray:
    """Return the joint prior of independent intents."""
    return np.array(
        [np.prod([p if bit else 1 - p for bit, p in zip(v, phi, strict=True)]) for v in all_vectors(len(phi))]
    )


@dataclass(frozen=True)
class Truth:
    """What (1), (6) and the expected OSR come to."""

    distortion: float
    inference_error: float
    success: float


def enumerate_all(joint: np.ndarray, epsilon: float, omega: np.ndarray, gamma: float) -> Truth:
    """Try every intent vector, every report, and every vector of estimates for each report."""
    num_tasks = len(omega)
    vectors = all_vectors(num_tasks)
    differ = vectors[:, None, :] != vectors[None, :, :]
    both = joint[:, None] * channel(epsilon, num_tasks)  # Pr(intents, report)
    distortion = float((both * gamma * differ.sum(axis=2)).sum())
    cost = (differ @ omega) @ both  # of each vector of estimates (rows) after each report (columns)
    # Weights 1/I count wrong entries: the share that the best guess of every entry gets wrong.
    wrong = (differ.mean(axis=2) @ both).min(axis=0).sum()
    return Truth(distortion, float(cost.min(axis=0).sum()), float(1 - wrong))


@dataclass(frozen=True)
class Case:
    """A worker with independent intents."""

    phi: np.ndarray
    epsilon: float
    omega: np.ndarray
    gamma: float


def random_case(rng: np.random.Generator, most_tasks: int = 8) -> Case:
    """Draw a case in which priors of 0, 1 and 1/2, ties with t, and extreme budgets are frequent."""
    num_tasks = int(rng.integers(1, most_tasks + 1))
    epsilon = float(rng.choice([1e-12, 1e-4, rng.uniform(0.1, 5.0), rng.uniform(0.1, 5.0), 40.0, 400.0, 1000.0]))
    _, flip = probabilities(epsilon)
    special = rng.choice([0.0, 1.0, 0.5, flip, 1.0 - flip, 1e-300], num_tasks)
    phi = np.where(rng.random(num_tasks) < 0.5, special, rng.random(num_tasks))
    omega = rng.choice([np.full(num_tasks, 1 / num_tasks), rng.random(num_tasks), rng.integers(0, 3, num_tasks) + 0.0])
    omega[0] += not omega.any()
    return Case(phi, epsilon, omega, float(rng.choice([0.0, 1 / num_tasks, rng.random()])))


def majority_success(phi: float, epsilon: float, rounds: int, length: int) -> float:
    """Return the expected success of (11) on one entry, over every intent and every outcome of every draw."""
    keep, flip = probabilities(epsilon)
    epochs = -(-rounds // length)
    total = 0.0
    for bit in (0, 1):
        for draws in itertools.product((0, 1), repeat=epochs):
            seen = [draws[when // length] for when in range(rounds)]
            chance = np.prod([keep if draw == bit else flip for draw in draws])
            total += (phi if bit else 1 - phi) * chance * (int(sum(seen) / rounds >= 0.5) == bit)
    return total
