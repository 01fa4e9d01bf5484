"""Run heuristics over library instances and seeds, each run's gap against a bound that the checker has derived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mcsopt.errors import BackendFault, InputError
from mcsopt.problems import Problem
from mcsopt.regression.stored_bounds import stored_bound
from mcsopt.result import Result, Sense, Termination, relative_gap

if TYPE_CHECKING:
    from mcsopt.data.library import Entry


class Target:
    """A library entry to run on; its problem and its bound are made once, when first asked for."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    @cached_property
    def problem(self) -> Problem[Any]:
        """The problem, built anew."""
        return self.entry.problem()

    @cached_property
    def bound(self) -> float:
        """The bound that the checker derives from the entry's certificate; `InputError` if it has none."""
        document = self.entry.certificate()
        if document is None:
            remedy = "take entries with one: mcsopt library list --size tiny small medium"
            raise InputError("--entry", f"{self.entry.name} has no stored certificate", remedy)
        found = stored_bound(self.problem, document).derivation.dual_bound
        if found is None:
            remedy = "take entries that have a feasible plan"
            raise InputError("--entry", f"{self.entry.name} is proved to have none, hence no gap", remedy)
        return found


@dataclass(frozen=True)
class EntryRuns:
    """The runs of one heuristic on one instance.

    Attributes
    ----------
    heuristic, entry : str
        Their names.
    instance : str
        Digest of the instance.
    bound : float
        Certified bound of the objective.
    seeds : tuple of int
        Of the runs; see :func:`run_seeds`.
    objectives : tuple of float or None
        By run; None where the plan broke a constraint or there was none.
    gaps : tuple of float or None
        By run, relative to `bound`.
    """

    heuristic: str
    entry: str
    instance: str
    bound: float
    seeds: tuple[int, ...]
    objectives: tuple[float | None, ...]
    gaps: tuple[float | None, ...]

    @property
    def infeasible(self) -> tuple[int, ...]:
        """Seeds of the runs without a feasible plan."""
        return tuple(seed for seed, run in zip(self.seeds, self.objectives, strict=True) if run is None)

    def to_json(self) -> dict[str, Any]:
        """Return the runs as a JSON object, one line of a baseline file."""
        listed = {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}
        return listed | {"infeasible": list(self.infeasible)}

    def against(self, bound: float, sense: Sense) -> EntryRuns:
        """Return the same runs measured against another bound; `BackendFault` if one of them beats it."""
        gaps = tuple(relative_gap(objective, bound, sense) for objective in self.objectives)
        return replace(self, bound=bound, gaps=gaps)


def run_seeds(entry: str, count: int) -> tuple[int, ...]:
    """Return the seeds with which an entry is run, 31 bits each, drawn from its name.

    No two entries share a seed: a heuristic that spends its first random number on the same decision everywhere would
    otherwise be lucky on all entries at once, and the runs would be no independent witnesses.

    Examples
    --------
    >>> run_seeds("knapsack/one", 2) == run_seeds("knapsack/one", 3)[:2]
    True
    """
    digests = (hashlib.sha256(f"{entry} run {k}".encode()).digest() for k in range(count))
    return tuple(int.from_bytes(digest[:4], "big") >> 1 for digest in digests)


Run = Callable[..., Result]


@dataclass(frozen=True)
class Runs:
    """What was run.

    Attributes
    ----------
    done : tuple of EntryRuns
        By heuristic, then entry.
    complete : bool
        False if Ctrl-C struck: then the entry it struck in is missing, and whatever was to follow.
    """

    done: tuple[EntryRuns, ...]
    complete: bool


def run_heuristics(
    work: Iterable[tuple[str, Callable[[Problem[Any]], Run], Sequence[Target], int]],
    *,
    progress: Callable[[str], None] | None = None,
) -> Runs:
    """Run heuristics on their targets with the seeds of :func:`run_seeds`; Ctrl-C keeps the entries that are finished.

    Parameters
    ----------
    work : iterable of (name, load, targets, seeds)
        ``load(problem)`` returns the heuristic as `load_heuristic` does; `seeds` is the number of runs.
    progress : callable, optional
        Called with a line of text for each entry.

    Raises
    ------
    InputError
        If a run was stopped by a time limit, as its value would depend on the machine, or has changed its instance.
    BackendFault
        If a run beats the certified bound.
    """
    done: list[EntryRuns] = []
    try:
        for name, load, targets, seeds in work:
            for target in targets:
                if progress is not None:
                    progress(f"{name} on {target.entry.name}")
                bound, own = target.bound, run_seeds(target.entry.name, seeds)
                objectives = tuple(_objective(name, load, target.problem, seed) for seed in own)
                digest = target.problem.instance.digest()
                if digest != target.entry.instance_digest:
                    what = f"has changed the instance {target.entry.name}"
                    raise InputError(f"heuristic {name}", what, "change copies of its columns")
                runs = EntryRuns(name, target.entry.name, digest, bound, own, objectives, ())
                try:
                    done.append(runs.against(bound, target.problem.sense))
                except BackendFault as fault:
                    raise BackendFault(name, f"{fault.fault} of {target.entry.name}") from None
    except KeyboardInterrupt:
        return Runs(tuple(done), False)
    return Runs(tuple(done), True)


def _objective(name: str, load: Callable[[Problem[Any]], Run], problem: Problem[Any], seed: int) -> float | None:
    answer = load(problem)(problem, seed=seed)
    if answer.termination is Termination.INTERRUPTED:
        raise KeyboardInterrupt  # the heuristic kept its best and has heard of it, whoever asked has not
    if answer.termination is Termination.TIME:
        raise InputError(
            f"heuristic {name}", "was stopped by a time limit, so that its value depends on the machine",
            "limit it by rounds or iterations",
        )  # fmt: skip
    return answer.objective if answer.feasible else None
