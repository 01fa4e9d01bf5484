"""The tables of certify and sweep as pandas frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from mcsopt.data.frames import load_pandas
from mcsopt.errors import InputError
from mcsopt.verification import Certificate

if TYPE_CHECKING:
    import pandas as pd

_GAP_COLUMNS = (
    "problem", "digest", "plan", "objective", "bound", "gap", "status", "assurance", "solver", "optimum", "regret",
    "plan_seconds", "bound_seconds",
)  # fmt: skip
_NUMBERS = ("objective", "bound", "gap", "optimum", "regret", "plan_seconds", "bound_seconds")


def gap_frame(certificates: Iterable[Certificate]) -> pd.DataFrame:
    """Return the table of ``mcsopt certify``, one row per certificate, in their order.

    Parameters
    ----------
    certificates : iterable of Certificate
        Of one instance or of many.

    Returns
    -------
    DataFrame
        ``problem``, ``digest`` (of the instance), ``plan`` (heuristic), ``solver`` (of the bound), ``status``,
        ``assurance``: text, missing where there is none. ``objective``, ``bound``, ``gap`` (relative), ``optimum`` (if
        proved), ``regret``, ``plan_seconds``, ``bound_seconds``: float64, NaN where unknown, never 0.

    Raises
    ------
    InputError
        If something else than a certificate is among them.
    """
    pandas = load_pandas()
    rows = [_row(certificate) for certificate in certificates]
    frame = pandas.DataFrame(rows, columns=list(_GAP_COLUMNS))
    return frame.astype(dict.fromkeys(_NUMBERS, "float64"))


def _row(certificate: Any) -> dict[str, Any]:
    if not isinstance(certificate, Certificate):
        raise InputError("certificates", f"hold a {type(certificate).__name__}", "give what mcsopt.certify returns")
    plan, bound = certificate.plan, certificate.bound
    return {
        "problem": certificate.document["problem"],
        "digest": certificate.document["digest"],
        "plan": plan.method,
        "objective": certificate.objective,
        "bound": certificate.dual_bound,
        "gap": certificate.gap,
        "status": certificate.status.value,
        "assurance": certificate.assurance.value if certificate.assurance else None,
        "solver": None if bound is None else bound.method,
        "optimum": certificate.optimum,
        "regret": certificate.regret,
        "plan_seconds": sum(plan.seconds.values()) if plan.seconds else None,
        "bound_seconds": None if bound is None else sum(bound.seconds.values()),
    }


def sweep_frame(rows: Iterable[Any]) -> pd.DataFrame:
    """Return the rows of a sweep, or the exponents fitted to them, as a frame.

    Parameters
    ----------
    rows : iterable of Mapping or dataclass
        What ``mcsopt.regression`` returns: the rows of ``coalition_sweep.sweep``, the list of
        ``coalition_growth.growth_exponents``.

    Returns
    -------
    DataFrame
        One row each, columns in the order of the first row: float64, int64, text; integers that may be unknown
        (``shows_from``) are Int64.

    Raises
    ------
    InputError
        If a row is neither.
    """
    pandas = load_pandas()
    frame = pandas.DataFrame([_mapping(row) for row in rows])
    return frame.astype({"shows_from": "Int64"}) if "shows_from" in frame else frame


def _mapping(row: Any) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return dict(row)
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    raise InputError("rows", f"hold a {type(row).__name__}", "give the rows of a sweep or its fitted exponents")
