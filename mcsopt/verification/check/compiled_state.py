"""What the compiled search is given, and where it stands: arrays, and the names of their rows.

A node of the search is a partial set P that takes exactly r further members ("more") from its list. Positions along
"depths" belong to the partial set of the first so many of the members chosen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mcsopt.verification.check.fines import CUTS

LARGEST = 10
"""Largest set formed: 2^LARGEST arrival patterns are laid out."""
DOUBTS = 16
"""Sets kept until Python decides on them."""


class Given(NamedTuple):
    """The task.

    Attributes
    ----------
    pair : array of float, shape (5, m)
        Rows `HELP` (t_j), `ARRIVAL`, `QUALITY`, `COST`, `PAYMENT`.
    cheapest : array of int, shape (m,)
        Candidates by rising payment.
    share, needed : array of float
        By number n of arrivals: ``1 / (1 + n zeta)``; the least sum of n qualities that meets the demand.
    reach, near : float
        Least sum of t_j that may meet the demand, loosened; band around ``needed``.
    settled : bool
        Whether every set keeps the risk.
    """

    pair: np.ndarray
    cheapest: np.ndarray
    share: np.ndarray
    needed: np.ndarray
    weight: float
    demand: float
    redundancy: float
    reach: float
    near: float
    risk_cap: float
    limit: float
    money_band: float
    settled: bool


class State(NamedTuple):
    """Where the search stands.

    Attributes
    ----------
    place, number : arrays of int and of float
        Indexed by `DEPTH` ... and by `FOUND` ....
    offer : array of float, shape (3, m)
        Rows `PRICE`, `GAIN` (``pi omega3 q``), `LOSS` (``pi c + u``).
    live : array of int, shape (m,)
        Candidates that may be in the best set.
    rest, term : arrays, shape (depths, m)
        List of each node, and what each candidate adds at most.
    level : array of int, shape (3, depths)
        Rows `CHOSEN` (member added at this depth), `LENGTH` of the list, `AT` (next child, or `NEW`).
    sum : array of float, shape (3, depths)
        Rows `BASE` (to which terms are added), `LOST` (sum of losses), `SPEND` (of payments).
    mark : array of int, shape (m,)
        Cuts that have the candidate as a row, one bit each.
    fine : array of float, shape (CUTS,)
        Their prices.
    cut : array of int, shape (2, depths)
        Rows `HIT` (cuts of which the partial set has a row) and `FINED` (cuts of which it has two).
    law : array of float, shape (2, depths, depths + 1)
        ``Pr(N = n)`` and ``E[arrived quality; N = n]``.
    pattern : array of float, shape (2, depths + 2, 2^n)
        Sums of arrived t_j, falling, with their probabilities; the last two rows are scratch.
    spare : array of float, shape (3, 2^n + 2)
        Scratch.
    doubtful, worth : arrays, shapes (DOUBTS, LARGEST) and (DOUBTS,)
        Sets left to Python, filled up with -1.
    best : array of int, shape (LARGEST,)
        The best set known, filled up with -1.
    """

    place: np.ndarray
    number: np.ndarray
    offer: np.ndarray
    live: np.ndarray
    rest: np.ndarray
    term: np.ndarray
    level: np.ndarray
    sum: np.ndarray
    mark: np.ndarray
    fine: np.ndarray
    cut: np.ndarray
    law: np.ndarray
    pattern: np.ndarray
    spare: np.ndarray
    doubtful: np.ndarray
    worth: np.ndarray
    best: np.ndarray


def new_state(size: int, largest: int) -> State:
    """Return room for searches over `size` candidates for sets of up to `largest`."""
    depths, patterns = largest + 1, 2**largest
    return State(
        place=np.zeros(6, dtype=np.int64),
        number=np.zeros(3),
        offer=np.zeros((3, size)),
        live=np.zeros(size, dtype=np.int64),
        rest=np.zeros((depths, size), dtype=np.int64),
        term=np.zeros((depths, size)),
        level=np.zeros((3, depths), dtype=np.int64),
        sum=np.zeros((3, depths)),
        mark=np.zeros(size, dtype=np.int64),
        fine=np.zeros(CUTS),
        cut=np.zeros((2, depths), dtype=np.int64),
        law=np.zeros((2, depths, depths + 1)),
        pattern=np.zeros((2, depths + 2, patterns)),
        spare=np.zeros((3, patterns + 2)),
        doubtful=np.full((DOUBTS, LARGEST), -1, dtype=np.int64),
        worth=np.zeros(DOUBTS),
        best=np.full(LARGEST, -1, dtype=np.int64),
    )
