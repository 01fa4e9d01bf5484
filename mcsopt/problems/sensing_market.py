"""The data of a crowdsensing market: tasks with budgets, workers who may not arrive, candidate pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcsopt.problems.fields import Field
from mcsopt.problems.paired_market import PairedMarket


@dataclass(frozen=True, eq=False)
class SensingMarket(PairedMarket):
    """Tasks i = 1..I, workers j = 1..J and the candidate pairs (i, j) between them.

    Pairs are sparse: parallel arrays sorted by (task, worker), with ``pair_start`` as in a compressed sparse row
    matrix, so memory is linear in the number of pairs. Indices count from 0.

    Parameters
    ----------
    budget : array of float, shape (I,)
        Budget ``B_i >= 0`` (money).
    demand : array of float, shape (I,)
        Demanded quality ``Q_i^D >= 0``.
    redundancy : array of float, shape (I,)
        Redundancy coefficient ``zeta_i`` in [0, 1).
    arrival : array of float, shape (J,)
        Arrival probability ``pi_j`` in [0, 1].
    pair_task, pair_worker : array of int, shape (P,)
        The candidate pairs, each at most once, in any order.
    payment, cost : array of float, shape (P,)
        Payment ``p_ij >= 0`` and worker cost ``c_ij >= 0`` (execution and privacy, (17)), in money.
    quality : array of float, shape (P,)
        Single-shot quality ``q_ij >= 0`` (14).
    quality_weight : float
        ``omega3 > 0``, money per unit of quality.
    quality_risk, mismatch_risk : float
        Thresholds ``rho1``, ``rho2`` in (0, 1].
    service : {"optional", "required"}
        Whether a task may stay without workers.
    intent_prior : array of float, shape (P,), optional
        ``phi_ij = Pr(b_ij = 1)`` in [0, 1]; absent: the mismatch risk is not capped.
    privacy_budget : array of float, shape (J,), optional
        ``eps_j > 0`` of the worker's reports.
    task_x, task_y, worker_x, worker_y : array of float, optional
        Planar positions, in metres or kilometres as the source has them; for pictures only.

    Raises
    ------
    InputError
        For any entry outside its range, unequal lengths, an index out of range or a repeated pair.

    Notes
    -----
    Equation numbers are those of the two-stage crowdsensing paper ("iParts").
    """

    quality_risk: float = 0.2
    mismatch_risk: float = 0.2
    service: str = "optional"

    kind: ClassVar[str] = "sensing-market"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        *PairedMarket.FIELDS,
        Field("quality_risk", "quality_risk", low=0, high=1, open_low=True, scalar=True),
        Field("mismatch_risk", "mismatch_risk", low=0, high=1, open_low=True, scalar=True),
        Field("service", "service", choices=("optional", "required"), scalar=True),
    )
