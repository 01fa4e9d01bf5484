"""Good worker prices before the first linear program: a few subgradient steps, which pricing alone can take."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcsopt.solvers.column_generation import ColumnGeneration, NodeAnswer

STEPS = 30
_HOPED = 0.2  # relative: how far below the best bound so far the least one is taken to be
_FIRST_LENGTH = 0.5  # of a Polyak step
_PATIENCE = 3  # steps without progress before the length is halved
_PROGRESS = 1e-3  # relative


def descend(
    generation: ColumnGeneration, known: NodeAnswer, usable: np.ndarray, served: np.ndarray
) -> Iterator[NodeAnswer]:
    """Yield what the worker prices of each step prove; the pool gains the best set of each task on the way.

    Column generation from nothing spends its time on linear programs over sets that were best at poor prices. The
    Lagrangian bound ``L(u) = sum_j u_j + sum_i max_A (v_i(A) - u(A))`` is convex, with subgradient ``1 - (how many of
    the best sets have j)``; each step costs one pricing and no program. The first prices share half of the known bound
    out evenly.

    Parameters
    ----------
    generation : ColumnGeneration
    known : NodeAnswer
        Valid for the node; its bound sets the scale.
    usable, served : array of bool, shapes (P,) and (I,)
        The node.

    Yields
    ------
    NodeAnswer
        At most `STEPS`, not always better than the last; none where the known bound is no scale.

    References
    ----------
    Polyak, Minimization of unsmooth functionals, 1969; Held, Wolfe & Crowder, Validation of subgradient optimization,
    1974.
    """
    num_workers = generation.pool.num_workers
    if not (np.isfinite(known.bound) and known.bound > 0 and num_workers):
        return
    price, best = np.full(num_workers, 0.5 * known.bound / num_workers), np.inf
    length, idle = _FIRST_LENGTH, 0
    for _ in range(STEPS):
        found = generation.pricer.best(price, floor=np.where(served, -np.inf, 0.0), usable=usable)
        generation.pool.add(found.sets)
        bound = float(price.sum() + found.best.sum())
        if not np.isfinite(bound):
            return
        yield NodeAnswer(price, bound)
        idle = 0 if bound < best - _PROGRESS * abs(best) else idle + 1
        best = min(best, bound)
        if idle == _PATIENCE:
            length, idle = 0.5 * length, 0
        slope = 1.0 - np.bincount(found.sets.worker, minlength=num_workers)
        slope[(price <= 0) & (slope > 0)] = 0.0  # a price cannot fall below zero
        steepness = float(slope @ slope)
        if steepness == 0:
            return  # each worker is asked for once, or is free: no prices prove less
        excess = bound - best + _HOPED * abs(best)
        price = np.maximum(price - length * excess / steepness * slope, 0.0)
