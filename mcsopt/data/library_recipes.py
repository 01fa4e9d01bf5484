"""How every entry of the library is made: generator and arguments, or the instance itself, written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcsopt.data.files import instance_from_json
from mcsopt.data.generators import generator_of
from mcsopt.data.knapsacks import FAMILIES
from mcsopt.errors import InputError, shown
from mcsopt.problems import Problem, problem_type
from mcsopt.problems.fields import INSTANCE_FORMAT, Instance

SIZES = ("tiny", "small", "medium", "large")
BY_HAND = "by-hand"


@dataclass(frozen=True)
class Recipe:
    """How one entry is made.

    Attributes
    ----------
    name, problem_name, options, size, tags
        As in `mcsopt.data.library.Entry`.
    kind, arguments : str, Mapping
        Kind of generator and its arguments; kind "by-hand": the JSON object of the instance.
    """

    name: str
    problem_name: str
    size: str
    kind: str
    arguments: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def problem(self) -> Problem[Any]:
        """Return the problem, its instance made anew."""
        instance = make_instance(self.kind, self.arguments)
        # Every problem is a dataclass; its base class is none.
        # Every problem is a dataclass, which the type of its class does not say.
        problem: Problem[Any] = problem_type(self.problem_name)(instance, **self.options)  # type: ignore[call-arg]
        return problem


def make_instance(kind: str, arguments: Mapping[str, Any]) -> Instance:
    """Return the instance that a generator draws, or that was written by hand."""
    if kind == BY_HAND:
        return instance_from_json(arguments)
    try:
        return generator_of(kind)(**arguments)
    except TypeError as error:
        raise InputError("arguments", f"do not fit the generator of {kind} ({error})", "see mcsopt list") from None


def recipes() -> dict[str, Recipe]:
    """Return every recipe by its name, sorted."""
    found = [*_offline_welfare(), *_knapsack(), *_central_coalition(), *_stable_coalition()]
    return {recipe.name: recipe for recipe in sorted(found, key=lambda recipe: recipe.name)}


def recipe(name: str) -> Recipe:
    """Return the recipe called `name`; `InputError` if there is none."""
    known = recipes()
    if name not in known:
        raise InputError("library", f"has no recipe for {shown(name)}", "see mcsopt library list")
    return known[name]


# Offline welfare ------------------------------------------------------------------------------------------------------

_MARKETS: tuple[tuple[str, str, int, int, tuple[int, ...]], ...] = (
    ("tiny", "default", 3, 8, (6,)),  # with most seeds no task can be served
    ("tiny", "default", 4, 12, (1,)),
    ("tiny", "default", 5, 20, (2,)),
    ("small", "default", 10, 40, (0, 1, 2)),
    ("small", "default", 20, 80, (0,)),
    ("small", "hard", 20, 80, (0,)),
    ("medium", "default", 40, 160, (0, 1)),
    ("medium", "hard", 40, 160, (0,)),
    ("medium", "default", 80, 300, (0, 1)),
    ("medium", "hard", 80, 300, (0,)),
)
"""Size, variant, tasks, workers and seeds of generated markets."""


def _offline_welfare() -> Iterator[Recipe]:
    for size, variant, tasks, workers, seeds in _MARKETS:
        tags = ("hard",) if variant == "hard" else ()
        for seed in seeds:
            name = f"{variant}-{tasks}x{workers}-s{seed}"
            yield _market(name, size, tasks, workers, seed=seed, variant=variant, tags=tags)
    must = ("required-service",)
    yield _market("required-5x60-s0", "small", 5, 60, seed=0, service="required", tags=must)
    yield _market("required-10x40-s0", "small", 10, 40, seed=0, service="required", tags=(*must, "infeasible"))
    yield _market("pair-20x80-s0", "small", 20, 80, seed=0, tags=("mismatch",), options={"mismatch": "pair"})
    yield _market("default-1000x4000-c45-s0", "large", 1000, 4000, seed=0, candidates=45)
    yield from _markets_by_hand()


def _market(
    name: str,
    size: str,
    tasks: int,
    workers: int,
    *,
    tags: tuple[str, ...] = (),
    options: Mapping[str, str] | None = None,
    **arguments: Any,
) -> Recipe:
    drawn = {"tasks": tasks, "workers": workers, **arguments}
    return Recipe(f"offline-welfare/{name}", "offline-welfare", size, "sensing-market", drawn, tags, options or {})


def _markets_by_hand() -> Iterator[Recipe]:
    kind = "sensing-market"
    # Either worker may go to either task: two plans of equal worth, and one worker more than is needed for each.
    equal = _pairs(task=[0, 0, 1, 1], worker=[0, 1, 0, 1], quality=12.0)
    yield _by_hand("offline-welfare/by-hand-ties", kind, _tasks(2, 2, equal), tags=("ties",))
    poor = _tasks(2, 2, equal) | {"tasks": {"budget": [39.5, 39.5], "demand": [5.0, 5.0], "redundancy": [0.1, 0.1]}}
    yield _by_hand("offline-welfare/by-hand-budget-pays-nobody", kind, poor, tags=("empty",))
    # Two tasks that must be served, and one worker who could serve either.
    scarce = _tasks(2, 1, _pairs(task=[0, 1], worker=[0, 0], quality=12.0), service="required")
    yield _by_hand("offline-welfare/by-hand-scarce", kind, scarce, tags=("required-service", "infeasible"))


def _tasks(tasks: int, workers: int, pairs: Mapping[str, Any], service: str = "optional") -> dict[str, Any]:
    return {
        "tasks": {"budget": [100.0] * tasks, "demand": [5.0] * tasks, "redundancy": [0.1] * tasks},
        "workers": {"arrival": [0.9] * workers},
        "pairs": pairs,
        "quality_weight": 7.0,
        "quality_risk": 0.2,
        "mismatch_risk": 0.2,
        "service": service,
    }


def _pairs(task: list[int], worker: list[int], quality: float) -> dict[str, Any]:
    same = {"payment": 40.0, "cost": 5.0, "quality": quality}
    return {"task": task, "worker": worker, **{name: [value] * len(task) for name, value in same.items()}}


# Knapsack -------------------------------------------------------------------------------------------------------------


def _knapsack() -> Iterator[Recipe]:
    for size, items in (("tiny", 20), ("small", 100), ("medium", 1000)):
        for family in FAMILIES:
            yield _drawn_knapsack(size, family, items)
    for family in ("uncorrelated", "weakly-correlated", "strongly-correlated"):
        yield _drawn_knapsack("large", family, 10_000)
    three = {"weight": [3.0, 4.0, 5.0], "value": [4.0, 5.0, 6.5]}
    yield _by_hand("knapsack/by-hand-three", "knapsack", three | {"capacity": 7.5})
    yield _by_hand("knapsack/by-hand-zero-capacity", "knapsack", three | {"capacity": 0.0}, tags=("empty",))
    # Any three of the items are the optimum, and fill the knapsack to the brim.
    alike = {"weight": [0.1] * 6, "value": [0.7] * 6, "capacity": 0.3}
    yield _by_hand("knapsack/by-hand-ties", "knapsack", alike, tags=("ties",))


def _drawn_knapsack(size: str, family: str, items: int) -> Recipe:
    # Value per weight is nearly the same for all items, or falls with the weight: bounds are weak.
    tags = ("hard",) if "strongly" in family else ()
    arguments = {"items": items, "family": family, "seed": 0}
    return Recipe(f"knapsack/{family}-{items}-s0", "knapsack", size, "knapsack", arguments, tags)


# Data coalitions ------------------------------------------------------------------------------------------------------

# Two coalitions, {0, 1, 2, 3} and {0, 1, 2, 4}, are stable together; the source prints their burdens.
_PRINTED = {"cost": [1.80e-3, 2.15e-3, 2.20e-3, 15e-3, 15.5e-3, 17e-3], "variance": 0.25, "alpha": 1.0}
# Figure 1 of the source: a Nash coalition at sigma = 0.25, none at 0.4.
_FIGURE = [2.2e-4, 5.4e-4, 7.0e-4, 11e-4, 30e-4, 33e-4, 34e-4, 36e-4, 38e-4]


def _central_coalition() -> Iterator[Recipe]:
    yield _by_hand("central-coalition/by-hand-printed", "data-coalition", _PRINTED)
    # Noise costs more than what pooling saves: nobody shares.
    dear = {"cost": [1.0, 2.0, 3.0], "variance": 0.01, "alpha": 1.0}
    yield _by_hand("central-coalition/by-hand-empty", "data-coalition", dear, tags=("empty",))
    yield _players("central-coalition", "tiny", 4, "uniform", 0.25, 0.5)
    yield _players("central-coalition", "tiny", 10, "uniform", 0.25, 0.5)
    yield _players("central-coalition", "small", 30, "equal", 0.25, 0.5, tags=("ties",))
    yield _players("central-coalition", "small", 100, "two-cluster", 0.1, 1.0)
    yield _players("central-coalition", "medium", 1000, "uniform", 0.25, -0.8)
    yield _players("central-coalition", "large", 10_000, "uniform", 0.25, 0.5)


def _stable_coalition() -> Iterator[Recipe]:
    nash, robust = {"stability": "nash"}, {"stability": "robust"}
    for options in (nash, robust):
        name = f"stable-coalition/by-hand-printed-{options['stability']}"
        yield _by_hand(name, "data-coalition", _PRINTED, options=options)
    tags: tuple[str, ...]
    for sigma, variance, tags in (("0.25", 0.0625, ()), ("0.4", 0.16, ("infeasible",))):
        figure = {"cost": _FIGURE, "variance": variance, "alpha": 1.0}
        name = f"stable-coalition/by-hand-figure-sigma-{sigma}"
        yield _by_hand(name, "data-coalition", figure, tags=tags, options=nash)
    # a = (c^2/2)^(1/3) = 2 and sigma^2 = 8 = 4 a: the two members are exactly indifferent, and stay.
    tie = {"cost": [4.0, 4.0], "variance": 8.0, "alpha": -0.5}
    yield _by_hand("stable-coalition/by-hand-tie", "data-coalition", tie, tags=("ties",), options=nash)
    for size, players, costs, variance, alpha, notion, tags in _CROWDS:
        options = {"stability": notion}
        yield _players("stable-coalition", size, players, costs, variance, alpha, tags=tags, options=options)


# Size, players, costs, variance, regime, stability, tags. No profile and no variance here takes a root or an
# exponential, whose last bits depend on the processor.
_CROWDS: tuple[tuple[str, int, str, float, float, str, tuple[str, ...]], ...] = (
    ("tiny", 4, "uniform", 0.25, 0.5, "nash", ()),
    ("tiny", 10, "two-cluster", 0.1, 1.0, "nash", ("infeasible",)),
    ("tiny", 10, "two-cluster", 0.1, 1.0, "robust", ()),
    ("small", 30, "two-cluster", 0.25, 1.0, "nash", ()),
    ("small", 30, "two-cluster", 0.25, 1.0, "robust", ()),
    ("small", 100, "uniform", 0.25, 0.5, "nash", ("infeasible",)),
    ("small", 100, "uniform", 0.25, 0.5, "robust", ()),
    ("medium", 1000, "two-cluster", 1.0, 0.5, "nash", ()),
    ("medium", 1000, "two-cluster", 1.0, 1.0, "robust", ("hard",)),
    ("large", 10_000, "uniform", 1.0, 0.5, "nash", ("infeasible",)),
    ("large", 10_000, "uniform", 1.0, 0.5, "robust", ()),
    ("large", 100_000, "uniform", 1.0, 0.5, "robust", ()),
)


def _players(
    problem: str,
    size: str,
    players: int,
    costs: str,
    variance: float,
    alpha: float,
    *,
    tags: tuple[str, ...] = (),
    options: Mapping[str, str] | None = None,
) -> Recipe:
    arguments = {"players": players, "costs": costs, "seed": 0, "variance": variance, "alpha": alpha}
    parts = [costs, str(players), *(options or {}).values()]
    return Recipe(f"{problem}/{'-'.join(parts)}", problem, size, "data-coalition", arguments, tags, options or {})


def _by_hand(name: str, kind: str, columns: Mapping[str, Any], **what: Any) -> Recipe:
    document = {"format": INSTANCE_FORMAT, "kind": kind, **columns}
    return Recipe(name, name.partition("/")[0], "tiny", BY_HAND, document, **what)
