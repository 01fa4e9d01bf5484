"""Means over seeds, with 95 % confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

LEVEL = 0.95


def summarise(rows: Iterable[Mapping[str, Any]], by: Sequence[str], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row for each group and metric: mean, confidence interval, extremes and count.

    Parameters
    ----------
    rows : iterable of Mapping
        One a seed; a metric that is missing or None counts as not measured.
    by : sequence of str
        Columns whose values make a group; groups come in order of first occurrence.
    metrics : sequence of str

    Returns
    -------
    list of dict
        The columns `by`, and ``metric``, ``mean``, ``low``, ``high`` (Student's t, 95 %, for the mean of independent
        seeds; None for a single one), ``min``, ``max``, ``runs``. Groups in which a metric was never measured are left
        out.

    Examples
    --------
    >>> rows = [{"method": "a", "SW": 1.0}, {"method": "a", "SW": 3.0}]
    >>> found = summarise(rows, ["method"], ["SW"])[0]
    >>> found["mean"], round(found["high"], 3), found["runs"]
    (2.0, 14.706, 2)
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
    found = []
    for group, members in groups.items():
        for metric in metrics:
            values = np.array([row[metric] for row in members if row.get(metric) is not None], dtype=float)
            if values.size:
                found.append({**dict(zip(by, group, strict=True)), "metric": metric, **_statistics(values)})
    return found


def _statistics(values: np.ndarray) -> dict[str, Any]:
    mean, count = float(values.mean()), len(values)
    half = None
    if count > 1:
        half = float(student.ppf((1 + LEVEL) / 2, count - 1)) * float(values.std(ddof=1)) / math.sqrt(count)
    return {
        "mean": mean, "low": None if half is None else mean - half, "high": None if half is None else mean + half,
        "min": float(values.min()), "max": float(values.max()), "runs": count,
    }  # fmt: skip
