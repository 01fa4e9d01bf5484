"""The data of a crowdsensing market at execution: what the arrived contracts deliver, and who may be recruited."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from mcsopt.errors import InputError, shown
from mcsopt.problems.demand import demands_met
from mcsopt.problems.fields import Field
from mcsopt.problems.paired_market import PairedMarket


@dataclass(frozen=True, eq=False)
class OnlineMarket(PairedMarket):
    """A crowdsensing market after arrivals are known: base quality and remaining budget per task, idle workers.

    Fields of `SensingMarket` that are not named here mean the same. All workers listed are idle and present.

    Parameters
    ----------
    budget : array of float, shape (I,)
        What is left to each task, ``B_i`` less the payments to its arrived workers (50), >= 0.
    arrival : array of float, shape (J,)
        Arrival probabilities the workers had; data only, as they are here.
    base_quality_sum : array of float, shape (I,)
        Sum of the qualities ``q_ij`` of the contracted workers who arrived, >= 0; 0 where nobody did.
    base_count : array of int, shape (I,)
        How many of them arrived (46), >= 0.
    objective : {"increment", "recruits"}
        What counts as quality: the rise of the delivered quality, ``Q^fin - Q^base``, or, to the letter of (44), the
        aggregate quality of the recruits alone.
    quality_risk, mismatch_risk, service : optional
        Of the offline problem; data only, and may be absent: the online problem has no such constraints.

    Raises
    ------
    InputError
        As `SensingMarket`; for a count that is no whole number, and for a quality that nobody delivered.

    References
    ----------
    Two-stage crowdsensing with private intent (iParts), (46)-(50).

    Examples
    --------
    One task that demands 20 and got 12 from one worker; two workers are idle.

    >>> market = OnlineMarket(
    ...     budget=[100.0], demand=[20.0], redundancy=[0.25], arrival=[0.9, 0.8], pair_task=[0, 0], pair_worker=[0, 1],
    ...     payment=[45.0, 50.0], cost=[10.0, 20.0], quality=[9.0, 14.0], base_quality_sum=[12.0], base_count=[1])
    >>> market.base_quality.tolist(), market.unmet.tolist()
    ([12.0], [True])
    """

    base_quality_sum: np.ndarray = field(kw_only=True)
    base_count: np.ndarray = field(kw_only=True)
    objective: str = field(default="increment", kw_only=True)
    quality_risk: float | None = field(default=None, kw_only=True)
    mismatch_risk: float | None = field(default=None, kw_only=True)
    service: str | None = field(default=None, kw_only=True)

    kind: ClassVar[str] = "online-market"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        *PairedMarket.FIELDS,
        Field("base_quality_sum", "tasks.base_quality_sum", low=0),
        Field("base_count", "tasks.base_count", low=0, integer=True),
        Field("objective", "objective", choices=("increment", "recruits"), scalar=True),
        Field("quality_risk", "quality_risk", low=0, high=1, open_low=True, scalar=True, optional=True),
        Field("mismatch_risk", "mismatch_risk", low=0, high=1, open_low=True, scalar=True, optional=True),
        Field("service", "service", choices=("optional", "required"), scalar=True, optional=True),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        undelivered = np.flatnonzero((self.base_count == 0) & (self.base_quality_sum > 0))
        if undelivered.size:
            task = int(undelivered[0])
            what = f"is {shown(self.base_quality_sum[task])}, with tasks.base_count[{task}] 0"
            raise InputError(
                f"tasks.base_quality_sum[{task}]", what, "give 0, or the number of workers who delivered it"
            )

    @cached_property
    def base_quality(self) -> np.ndarray:
        """``Q_i^base`` (47): what the arrived contracts deliver, 0 where nobody arrived; shape (I,)."""
        return np.asarray(self.base_quality_sum / (1 + np.maximum(self.base_count - 1, 0) * self.redundancy))

    @cached_property
    def unmet(self) -> np.ndarray:
        """Whether each task's base quality misses its demand (48), to `tolerances.QUALITY`; shape (I,), bool."""
        return ~demands_met(self.base_quality_sum, self.base_count, self.redundancy, self.demand)
