"""Every tolerance of the product, named, with its reason.

Numbers are the doubles that were read. A constraint holds if its violation is at most its tolerance; every
bound mcsopt reports is valid for the set so relaxed, so that no accepted plan can beat a proved bound.
"""

from __future__ import annotations

MONEY = 1e-9
"""Absolute slack of money and weight constraints: far below a cent, far above the rounding of sums."""

TIME = 1e-9
"""Absolute slack of time windows and horizons, in the instance's unit of time."""

RISK = 1e-12
"""Absolute slack of probabilities: sums of a few dozen products of doubles are exact to about 1e-15."""

PROBABILITY_SUM = 1e-9
"""How far probabilities that were read may sum to something else than 1; they are then taken literally."""

GRID_STEP = 1e-9
"""Part of a step by which the last point of a grid may pass its end: in doubles, (1 - 0.3) / 0.1 is below 7."""

QUALITY = 1e-12
"""Absolute slack of delivered against demanded quality, in the form
``sum of arrived q >= demand * (1 + (n - 1) * redundancy) - QUALITY``."""

STABILITY = 1e-12
"""Relative slack of stability conditions of coalitions."""

NEAR_TIE = 1e-10
"""Comparisons closer than this are decided in rational arithmetic, not in floats."""

PROVED_GAP = 1e-7
"""A feasible solution within this relative gap of a valid bound is called proved optimal."""

REEVALUATION = 1e-6
"""Relative difference allowed between the objective a backend reports and its re-evaluation from raw data:
backends add up in another order and to their own feasibility tolerance."""

SAME_OPTIMUM = 1e-6
"""Relative difference up to which two proofs of one optimum agree: ten times `PROVED_GAP`, which each may be off by."""
