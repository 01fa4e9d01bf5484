"""What decentralization costs: the price of stability of a data coalition, over variances, regimes, sizes, costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mcsopt.problems import CentralCoalition, DataCoalition, StableCoalition
from mcsopt.result import Termination
from mcsopt.solvers import solve


@dataclass(frozen=True)
class PriceOfStability:
    """The cheapest stable coalition beside the central optimum.

    Attributes
    ----------
    stability : str
        "nash" or "robust".
    central_size, central_cost, central_variance : int, float, float
        Size, social cost and pooled variance of the central optimum.
    stable_status : str
        PROVED, INFEASIBLE (none exists), BOUNDED, or UNKNOWN (a time limit, or nothing shown).
    stable_size, stable_cost, stable_variance : int, float, float
        The same of the cheapest stable coalition; of the empty one if none exists or was found. Outside a coalition
        the variance is ``sigma^2``.
    price_cost, price_variance : float
        Ratios stable to central. The first is >= 1; the second may be below 1, as both compare the social-cost optima.
    """

    stability: str
    central_size: int
    central_cost: float
    central_variance: float
    stable_status: str
    stable_size: int
    stable_cost: float
    stable_variance: float
    price_cost: float
    price_variance: float


def price_of_stability(
    instance: DataCoalition, *, stability: str = "nash", time_limit: float | None = None
) -> PriceOfStability:
    """Return the price of stability of social cost and of variance.

    Parameters
    ----------
    instance : DataCoalition
    stability : {"nash", "robust"}
    time_limit : float, optional
        Seconds for the stable coalition; on a limit its best coalition so far is used and the status is BOUNDED, or, if
        none was found, UNKNOWN with the empty coalition standing in.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C struck, also where the solver kept its best so far.

    References
    ----------
    Data coalitions under chosen privacy, section 3.3.
    """
    central = solve(CentralCoalition(instance)).require_solution()
    central_cost = instance.social_cost(central.members, central.privacy)
    central_variance = instance.pooled_variance(central.privacy) if central.members else instance.variance
    problem = StableCoalition(instance, stability=stability)
    found = solve(problem, time_limit=time_limit)
    if found.termination is Termination.INTERRUPTED:
        raise KeyboardInterrupt  # the solver has heard of it, whoever asked has not
    members = found.solution.members if found.feasible else ()
    privacy = instance.chosen_privacy(members)
    cost = instance.social_cost(members, privacy)
    variance = instance.pooled_variance(privacy) if members else instance.variance
    return PriceOfStability(
        stability=stability,
        central_size=len(central.members),
        central_cost=central_cost,
        central_variance=central_variance,
        stable_status=found.status.value,
        stable_size=len(members),
        stable_cost=cost,
        stable_variance=variance,
        price_cost=cost / central_cost,
        price_variance=variance / central_variance,
    )


def sweep(
    instances: Iterable[tuple[Mapping[str, Any], DataCoalition]],
    *,
    stability: Sequence[str] = ("nash", "robust"),
    time_limit: float | None = 10.0,
    progress: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Return one row for each instance and notion of stability; Ctrl-C keeps the rows so far.

    Parameters
    ----------
    instances : iterable of (labels, DataCoalition)
        Labels become the first columns: ``{"alpha": 0.5, "seed": 3}``.
    stability : sequence of {"nash", "robust"}
    time_limit : float, optional
        Seconds for each stable coalition.
    progress : callable, optional
        Called with a line of text for each row.

    Returns
    -------
    list of dict
        Labels, players, variance, alpha and the fields of :class:`PriceOfStability`.
    """
    rows: list[dict[str, Any]] = []
    try:
        for labels, instance in instances:
            for notion in stability:
                price = price_of_stability(instance, stability=notion, time_limit=time_limit)
                own = {"players": instance.num_players, "variance": instance.variance, "alpha": instance.alpha}
                rows.append({**labels, **own, **asdict(price)})
                if progress is not None:
                    progress(f"{len(rows)} rows, last: n = {instance.num_players}, alpha = {instance.alpha:g}")
    except KeyboardInterrupt:
        pass  # what is done is kept: a sweep is a table of independent rows
    return rows
