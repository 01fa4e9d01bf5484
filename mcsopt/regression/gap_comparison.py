"""Hold a heuristic's gaps against a baseline, and tell a change for the worse from noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from mcsopt.errors import BackendFault, InputError
from mcsopt.regression.gap_runs import EntryRuns
from mcsopt.regression.sign_flips import pairs_needed, sign_flip_test
from mcsopt.result import Sense


class Verdict(StrEnum):
    """What became of a heuristic."""

    WORSE = "worse"
    BETTER = "better"
    """Deterministic, and the mean gap fell by more than the tolerance."""
    NO_WORSE = "no worse"
    """Changed, but not so that the mean gap shows it for the worse."""
    UNCHANGED = "unchanged"
    """Every run gave what it gave."""
    TOO_FEW = "too few pairs"
    """Randomized, and no outcome of so few pairs could have shown a change."""


@dataclass(frozen=True)
class Pair:
    """One run before and now: one heuristic, entry and seed. Objective and gap are None where infeasible."""

    heuristic: str
    entry: str
    seed: int
    bound: float
    objective_before: float | None
    objective_now: float | None
    gap_before: float | None
    gap_now: float | None

    @property
    def difference(self) -> float | None:
        """Gap now minus before; None unless both runs were feasible."""
        if self.gap_before is None or self.gap_now is None:
            return None
        return self.gap_now - self.gap_before


@dataclass(frozen=True)
class Comparison:
    """A heuristic now beside its baseline.

    Attributes
    ----------
    heuristic : str
    entries, runs : int
        How many were compared.
    gap_before, gap_now, difference : float or None
        Means over entries of the means over seeds, of the pairs that were feasible both times; None if there is none.
    p : float or None
        Of the test; None where none was needed.
    deterministic : bool
        Whether every seed gave the same on every entry, before and now, with enough seeds (5 at level 0.01) for that
        to be no accident.
    verdict : Verdict
    reason : str
        The verdict in words.
    worst_entry : str or None
        The entry whose mean gap grew most; None if none grew.
    worst_difference : float
        By how much.
    improved, worsened : int
        Entries whose mean gap fell, and rose, by more than the tolerance.
    lost, gained : tuple of Pair
        Runs that became infeasible, and that became feasible.
    pairs : tuple of Pair
    """

    heuristic: str
    entries: int
    runs: int
    gap_before: float | None
    gap_now: float | None
    difference: float | None
    p: float | None
    deterministic: bool
    verdict: Verdict
    reason: str
    worst_entry: str | None
    worst_difference: float
    improved: int
    worsened: int
    lost: tuple[Pair, ...]
    gained: tuple[Pair, ...]
    pairs: tuple[Pair, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON object, without its pairs."""
        plain = {name: value for name, value in vars(self).items() if name not in ("pairs", "lost", "gained")}
        named = {name: [[pair.entry, pair.seed] for pair in getattr(self, name)] for name in ("lost", "gained")}
        return plain | named | {"verdict": self.verdict.value}


def pair_runs(before: Mapping[str, EntryRuns], now: Sequence[EntryRuns], senses: Mapping[str, Sense]) -> list[Pair]:
    """Pair the runs of one heuristic with those of its baseline, by entry and seed.

    The baseline's gaps are computed anew, from its objectives and the bound of today: a better certificate of an
    instance moves both sides alike.

    Parameters
    ----------
    before : mapping from entry to EntryRuns
        Entries that were not run now are left out.
    now : sequence of EntryRuns
        Each with an entry of `before`, and at most as many seeds.
    senses : mapping from entry to Sense

    Raises
    ------
    InputError
        If an instance has changed, or an objective of the baseline beats the certified bound.
    """
    pairs = []
    for one in now:
        old = before[one.entry]
        check_instance(old, one.instance)
        try:
            old = old.against(one.bound, senses[one.entry])
        except BackendFault as fault:
            remedy = "nothing feasible can: write the baseline anew with --update"
            raise InputError(f"objectives of {one.heuristic} on {one.entry}", fault.fault, remedy) from None
        if old.seeds[: len(one.seeds)] != one.seeds:
            raise InputError(
                f"seeds of {one.heuristic} on {one.entry}", f"are {one.seeds}, in the baseline {old.seeds}",
                "runs with other seeds cannot be paired: write the baseline anew with --update",
            )  # fmt: skip
        both = zip(old.objectives, one.objectives, old.gaps, one.gaps, strict=False)
        pairs += [
            Pair(one.heuristic, one.entry, seed, one.bound, *run) for seed, run in zip(one.seeds, both, strict=False)
        ]
    return pairs


def check_instance(before: EntryRuns, digest: str) -> None:
    """Raise `InputError` unless the baseline's runs were on the instance of this digest."""
    if before.instance != digest:
        what = f"is {digest[:19]}…, in the baseline {before.instance[:19]}…"
        remedy = "gaps on different instances cannot be compared: write the baseline anew with --update"
        raise InputError(f"instance of {before.entry}", what, remedy)


def compare(pairs: Sequence[Pair], *, alpha: float, tolerance: float) -> Comparison:
    """Judge the runs of one heuristic against its baseline.

    Parameters
    ----------
    pairs : sequence of Pair
        Of one heuristic, at least one; every entry with the same seeds.
    alpha : float
        Level of the test, in [1e-4, 0.5].
    tolerance : float
        Growth of the mean gap, >= 0, that is let pass: 1e-6 is far above rounding and below anything that matters.

    Returns
    -------
    Comparison
        *Worse* in three cases. A run that was feasible is infeasible now, of a heuristic that is deterministic or was
        feasible with all seeds of an entry or with none: that is a defect, not noise; of another, only if so many more
        runs were lost than won that :func:`lost_by_chance` is below alpha. The heuristic is deterministic (each entry
        gave one value for all of at least ``log_4(10 / alpha)`` seeds, before and now), and its mean gap grew by more
        than the tolerance. It is randomized, its mean gap grew by more than the tolerance, and :func:`sign_flip_test`
        has ``p < alpha``. Where all differences are exactly 0 nothing is ever worse.
    """
    feasible = [pair for pair in pairs if pair.difference is not None]
    lost = tuple(pair for pair in pairs if pair.gap_before is not None and pair.gap_now is None)
    gained = tuple(pair for pair in pairs if pair.gap_before is None and pair.gap_now is not None)
    by_entry = _by_entry(feasible)
    means = {entry: float(np.mean([_difference(pair) for pair in own])) for entry, own in by_entry.items()}
    difference = float(np.mean(list(means.values()))) if means else None
    deterministic = _deterministic(pairs, alpha)
    p = None
    # Every entry counts alike, however many of its pairs are feasible.
    weighted = [_difference(pair) / (len(own) * len(by_entry)) for own in by_entry.values() for pair in own]
    changed = int(np.count_nonzero(weighted))
    if difference is not None and not deterministic and changed:
        p = sign_flip_test(weighted).p
    noisy = any(len({pair.gap_before is None for pair in own}) == 2 for own in _by_entry(pairs).values())
    defect = bool(lost) and (deterministic or not noisy)
    if defect or lost_by_chance(len(lost), len(gained)) < alpha:
        verdict, reason = Verdict.WORSE, f"runs that were feasible and are infeasible now: {len(lost)}"
        reason += f"; the other way round: {len(gained)}" if gained else ""
    else:
        verdict, reason = _verdict(difference, p, len(feasible), changed, gained, alpha, tolerance)
    worst = max(means, key=lambda entry: means[entry], default=None)
    grown = worst is not None and means[worst] > tolerance
    return Comparison(
        heuristic=pairs[0].heuristic,
        entries=len({pair.entry for pair in pairs}),
        runs=len(pairs),
        gap_before=_mean(by_entry, "gap_before"),
        gap_now=_mean(by_entry, "gap_now"),
        difference=difference,
        p=p,
        deterministic=deterministic,
        verdict=verdict,
        reason=reason,
        worst_entry=worst if grown else None,
        worst_difference=means[worst] if worst is not None and grown else 0.0,
        improved=sum(mean < -tolerance for mean in means.values()),
        worsened=sum(mean > tolerance for mean in means.values()),
        lost=lost,
        gained=gained,
        pairs=tuple(pairs),
    )


def lost_by_chance(lost: int, gained: int) -> float:
    """Return how likely an unchanged randomized heuristic loses so many runs, of those that changed, or more.

    McNemar's exact test, one-sided: of ``n`` runs whose feasibility changed, each went either way with probability 1/2.

    Examples
    --------
    >>> lost_by_chance(3, 0), lost_by_chance(0, 3)
    (0.125, 1.0)
    """
    count = lost + gained
    return sum(math.comb(count, k) for k in range(lost, count + 1)) / 2**count


def _verdict(
    difference: float | None, p: float | None, count: int, changed: int, gained: Sequence[Pair], alpha: float,
    tolerance: float,
) -> tuple[Verdict, str]:  # fmt: skip
    if difference is None or not changed:
        return (
            (Verdict.NO_WORSE, f"runs that were infeasible and are feasible now: {len(gained)}")
            if gained
            else (Verdict.UNCHANGED, "")
        )
    if p is None:
        if difference > tolerance:
            return Verdict.WORSE, "deterministic, and the mean gap grew"
        better = difference < -tolerance
        return (Verdict.BETTER, "the mean gap fell") if better else (Verdict.NO_WORSE, "the mean gap did not grow")
    needed = pairs_needed(alpha)
    if count < needed:
        return Verdict.TOO_FEW, f"{count} pairs of runs cannot show a change at level {alpha:g}, {needed} can"
    if difference <= tolerance:
        return Verdict.NO_WORSE, "the mean gap did not grow"
    if p < alpha:
        return Verdict.WORSE, f"the mean gap grew, by more than noise (p = {p:.2g})"
    if changed < needed:
        # No failure: a single run that differs by chance is for the worse in half of the cases.
        return Verdict.NO_WORSE, f"the mean gap grew, but {changed} pairs that differ show nothing at level {alpha:g}"
    return Verdict.NO_WORSE, f"the mean gap grew no more than noise may (p = {p:.2g})"


def _difference(pair: Pair) -> float:
    assert pair.difference is not None
    return pair.difference


def _by_entry(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.entry, []).append(pair)
    return found


def _mean(by_entry: Mapping[str, Sequence[Pair]], name: str) -> float | None:
    if not by_entry:
        return None
    return float(np.mean([np.mean([getattr(pair, name) for pair in own]) for own in by_entry.values()]))


def _deterministic(pairs: Sequence[Pair], alpha: float) -> bool:
    """Whether every seed gave the same on every entry, before and now, and that is no accident.

    An unchanged randomized heuristic gives one value with all S seeds before, and one larger value with all of them
    now, with a probability of ``sum_{x<y} (p_x p_y)^S <= 4^-S`` at most.
    """
    return all(
        len({pair.objective_before for pair in own}) == 1
        and len({pair.objective_now for pair in own}) == 1
        and 4.0 ** -len(own) <= alpha / 10
        for own in _by_entry(pairs).values()
    )
