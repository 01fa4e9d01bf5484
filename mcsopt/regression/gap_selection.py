"""On which library entries, and with how many seeds, a heuristic is run for a comparison or a new baseline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mcsopt.data import library
from mcsopt.data.library import Entry
from mcsopt.errors import InputError, shown
from mcsopt.heuristics import heuristics
from mcsopt.problems import problem_type
from mcsopt.regression.gap_baseline import Baseline
from mcsopt.regression.gap_comparison import check_instance

SIZES = ("tiny", "small")
"""Sizes where nothing else is said: seconds in all."""

SEEDS = 7
"""Seeds where nothing else is said: as many as it takes to call a heuristic deterministic at level 0.01."""


@dataclass(frozen=True)
class Selection:
    """What a person asked for.

    Attributes
    ----------
    problem : str, optional
        Only entries of this problem.
    names, sizes : sequence of str
        Names, or sizes, of entries; at most one of them is not empty. Neither: the baseline's entries of the
        heuristic, or else the tiny and small ones.
    seeds : int, optional
        None: as many as the baseline has, or else 5.
    """

    problem: str | None = None
    names: Sequence[str] = ()
    sizes: Sequence[str] = ()
    seeds: int | None = None

    def seeds_of(self, heuristic: str, baseline: Baseline, *, update: bool) -> int:
        """Return the number of seeds; `InputError` if the baseline has fewer to compare with."""
        known = baseline.seeds(heuristic)
        if self.seeds is not None and known is not None and known < self.seeds and not update:
            remedy = f"give --seeds {known}, drop it, or write the baseline anew with --update"
            raise InputError("--seeds", f"is {self.seeds}, the baseline of {heuristic} has {known}", remedy)
        return self.seeds or known or SEEDS

    def entries_of(self, heuristic: str, baseline: Baseline, *, update: bool) -> tuple[list[Entry], list[str]]:
        """Return the entries, and lines about those that are left out.

        Raises
        ------
        InputError
            If a name is not known, an instance is not that of the baseline, or nothing is left to run.
        """
        known = baseline.of(heuristic)
        if not update and not known:
            raise InputError("--heuristic", f"{heuristic} is not in the baseline", "add it with --update")
        problems = _problems(heuristic, self.problem)
        fitting = [one for one in self._asked(heuristic, problems, known) if _fits(one, problems)]
        lines = []
        if not self.names:
            able = [one for one in fitting if one.dual_bound is not None and one.certificate_digest is not None]
            lines += _left_out(heuristic, fitting, able, "no gap to a stored certificate")
            fitting = able
        if not update:
            common = [one for one in fitting if one.name in known]
            lines += _left_out(heuristic, fitting, common, "not in the baseline")
            fitting = common
            for one in fitting:
                check_instance(known[one.name], one.instance_digest)
        if not fitting:
            raise InputError("--heuristic", f"{heuristic} has no entry to run on", _remedy(lines))
        return sorted(fitting, key=lambda one: one.name), lines

    def _asked(self, heuristic: str, problems: Sequence[str] | None, known: Collection[str]) -> list[Entry]:
        if self.names:
            return [library.entry(name) for name in dict.fromkeys(self.names)]
        if known and not self.sizes:
            return [library.entry(name) for name in known]
        if problems is None:
            remedy = "say what it plans for: --problem offline-welfare, or --entry NAME ..."
            raise InputError("--problem", f"is needed for {heuristic}", remedy)
        return [one for name in problems for one in library.entries(name, size=tuple(self.sizes or SIZES))]


def _problems(heuristic: str, problem: str | None) -> tuple[str, ...] | None:
    """Return the problems to look for entries of; None if a function of the user's own may plan for any."""
    if problem is not None:
        problem_type(problem)
    if ":" in heuristic:
        return None if problem is None else (problem,)
    if heuristic not in heuristics():
        raise InputError("heuristic", f"{shown(heuristic)} is not known", "see mcsopt list, or give module:function")
    planned = heuristics()[heuristic].problems
    if problem is not None and problem not in planned:
        raise InputError("--problem", f"is {problem}, {heuristic} plans for {', '.join(planned)}", "drop one of them")
    return planned if problem is None else (problem,)


def _fits(one: Entry, problems: Sequence[str] | None) -> bool:
    return problems is None or one.problem_name in problems


def _left_out(heuristic: str, before: Sequence[Entry], after: Sequence[Entry], why: str) -> list[str]:
    names = sorted({one.name for one in before} - {one.name for one in after})
    return [f"{heuristic}: left out, as there is {why}: {', '.join(names)}"] if names else []


def _remedy(lines: Sequence[str]) -> str:
    return "; ".join([*lines, "choose others with --problem, --entry or --size (see mcsopt library list)"])
