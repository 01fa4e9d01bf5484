"""Who takes part in stagewise trading: a worker, its channel, a task, and the constants of the market."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from mcsopt.errors import InputError
from mcsopt.problems.fields import Field

Deadline = Literal["delivered", "sensed"]
"""**Reading:** what must lie inside the window: the transmission too (the default), or the sensing only."""
DEADLINES: tuple[Deadline, ...] = ("delivered", "sensed")


def _scalar(
    name: str, low: float = 0.0, high: float = float("inf"), *, open_low: bool = False, integer: bool = False
) -> Field:
    return Field(name, name, low=low, high=high, open_low=open_low, integer=integer, scalar=True)


class _Checked:
    """A frozen dataclass of plain numbers, each checked by its field."""

    FIELDS: ClassVar[tuple[Field, ...]]

    def __post_init__(self) -> None:
        for field in self.FIELDS:
            object.__setattr__(self, field.name, field.check(getattr(self, field.name)))


@dataclass(frozen=True)
class Channel(_Checked):
    """The quality ``g`` of the link between a worker and a task, uniform on ``[lowest, highest]`` per watt.

    Raises
    ------
    InputError
        Unless ``0 < lowest <= highest``.
    """

    lowest: float
    highest: float

    FIELDS: ClassVar[tuple[Field, ...]] = (_scalar("lowest", open_low=True), _scalar("highest", open_low=True))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.highest < self.lowest:
            raise InputError("highest", f"is {self.highest:g}, below lowest {self.lowest:g}", "exchange them")


@dataclass(frozen=True)
class Worker(_Checked):
    """A worker: what a slot costs it, how fast it is, and by what it may be held up.

    Parameters
    ----------
    sensing_cost, delay_cost, travel_cost : float
        ``cs``, ``cd``, ``cm``: money per slot of sensing, delay and travel, >= 0.
    transmit_power : float
        ``e`` in watts, > 0.
    bits_per_slot : float
        ``D``, what it senses in a slot, > 0.
    speed : float
        ``v`` in metres per slot, > 0.
    x, y : float
        Position at slot 0, in metres.
    delay_chance : float
        ``a`` in [0, 1], of every travelled slot.
    shortest_delay, longest_delay : int
        ``1 <= bmin <= bmax``, in slots.
    compensation_share : float
        ``q / p`` in [0, 1]: what it pays for a missed task, as a share of the payment agreed.
    """

    sensing_cost: float
    delay_cost: float
    travel_cost: float
    transmit_power: float
    bits_per_slot: float
    speed: float
    x: float
    y: float
    delay_chance: float
    shortest_delay: int
    longest_delay: int
    compensation_share: float

    FIELDS: ClassVar[tuple[Field, ...]] = (
        *(_scalar(name) for name in ("sensing_cost", "delay_cost", "travel_cost")),
        *(_scalar(name, open_low=True) for name in ("transmit_power", "bits_per_slot", "speed")),
        *(_scalar(name, low=float("-inf")) for name in ("x", "y")),
        _scalar("delay_chance", high=1.0),
        *(_scalar(name, low=1, integer=True) for name in ("shortest_delay", "longest_delay")),
        _scalar("compensation_share", high=1.0),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.longest_delay < self.shortest_delay:
            raise InputError(
                "longest_delay", f"is {self.longest_delay}, below shortest_delay {self.shortest_delay}", "exchange them"
            )


@dataclass(frozen=True)
class Task(_Checked):
    """A task: where and when it is to be sensed, how much, and what it can pay.

    Parameters
    ----------
    opening, closing : int
        ``tb <= te``, the window in slots, >= 0.
    budget : float
        ``B >= 0``, money.
    demanded_quality : float
        ``Qd >= 0``.
    bits : float
        ``d > 0``, from each of its workers.
    x, y : float
        Where, in metres.
    """

    opening: int
    closing: int
    budget: float
    demanded_quality: float
    bits: float
    x: float
    y: float

    FIELDS: ClassVar[tuple[Field, ...]] = (
        *(_scalar(name, integer=True) for name in ("opening", "closing")),
        *(_scalar(name) for name in ("budget", "demanded_quality")),
        _scalar("bits", open_low=True),
        *(_scalar(name, low=float("-inf")) for name in ("x", "y")),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.closing < self.opening:
            raise InputError("closing", f"is {self.closing}, below opening {self.opening}", "exchange them")


@dataclass(frozen=True)
class MarketConstants(_Checked):
    """What is common to all pairs of a market; the defaults are mcsopt's own, the paper's are lost.

    Parameters
    ----------
    bandwidth : float
        ``W`` in hertz, > 0.
    slot_seconds : float
        Seconds of a slot, > 0.
    energy_price : float
        ``omegaJ``, money per joule sent, >= 0.
    quality_scale : float
        ``kappa > 0``: a delivery of average age A slots has quality ``kappa / A``.
    quality_weight, money_weight : float
        ``w1``, ``w2`` of a task's utility (15), >= 0.
    least_utility : float
        ``u_min > 0``, so that every failure falls short of it.
    task_risk_cap, utility_risk_cap, failure_risk_cap, spot_utility_risk_cap, spot_failure_risk_cap : float
        ``rho1`` (22c), ``rho2`` (23c), ``rho3`` (23d), ``rho4`` (33c), ``rho5`` (33d), in [0, 1].
    num_slots : int
        ``T``, the horizon.
    deadline : {"delivered", "sensed"}
        See `Deadline`.
    """

    bandwidth: float = 2e6
    slot_seconds: float = 60.0
    energy_price: float = 0.01
    quality_scale: float = 1.0
    quality_weight: float = 20.0
    money_weight: float = 1.0
    least_utility: float = 0.01
    task_risk_cap: float = 0.3
    utility_risk_cap: float = 0.3
    failure_risk_cap: float = 0.1
    spot_utility_risk_cap: float = 0.3
    spot_failure_risk_cap: float = 0.1
    num_slots: int = 100
    deadline: Deadline = "delivered"

    FIELDS: ClassVar[tuple[Field, ...]] = (
        *(_scalar(name, open_low=True) for name in ("bandwidth", "slot_seconds", "quality_scale", "least_utility")),
        *(_scalar(name) for name in ("energy_price", "quality_weight", "money_weight")),
        *(_scalar(name, high=1.0) for name in ("task_risk_cap", "utility_risk_cap", "failure_risk_cap")),
        *(_scalar(name, high=1.0) for name in ("spot_utility_risk_cap", "spot_failure_risk_cap")),
        _scalar("num_slots", integer=True),
        Field("deadline", "deadline", choices=DEADLINES),
    )

    def with_deadline(self, deadline: Deadline) -> MarketConstants:
        """Return the same constants under the other reading."""
        return replace(self, deadline=deadline)
