"""How each instance of the library is made: by a generator and its arguments, or by hand where an edge matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcsopt.data.generators import generator_of
from mcsopt.data.knapsacks import FAMILIES
from mcsopt.data.library import by_hand
from mcsopt.problems import problem_type
from mcsopt.problems.fields import Instance


@dataclass(frozen=True)
class Recipe:
    """How to make one entry.

    Attributes
    ----------
    name : str
        ``"problem/instance"``.
    problem_name, size, tags, options
        As of the entry.
    kind : str
        Kind of instance, and so its generator.
    arguments : Mapping
        Arguments of the generator.
    by_hand : callable, optional
        Makes the instance in place of the generator; its docstring says why the instance is here.
    shipped : bool
        Whether the certificate is small enough to come with the package.
    time_limit : float
        Seconds for the bound.
    """

    name: str
    problem_name: str
    size: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    by_hand: Callable[[], Instance] | None = None
    tags: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    shipped: bool = True
    time_limit: float = 60.0

    def instance(self) -> Instance:
        """Make the instance."""
        return self.by_hand() if self.by_hand is not None else generator_of(self.kind)(**self.arguments)

    def describe(self) -> dict[str, Any]:
        """Return what the index says about how the instance was made."""
        if self.by_hand is not None:
            return {"by_hand": (self.by_hand.__doc__ or "").splitlines()[0]}
        return {"generator": self.kind, "arguments": dict(self.arguments)}


def _market(
    tasks: int,
    workers: int,
    seed: int,
    size: str,
    variant: str = "default",
    *,
    candidates: int | None = None,
    service: str = "optional",
    mismatch: str = "ratio",
    **more: Any,
) -> Recipe:
    arguments: dict[str, Any] = {"tasks": tasks, "workers": workers, "seed": seed, "variant": variant}
    words, tags = [variant], [variant] if variant == "hard" else []
    if service == "required":
        arguments["service"] = service
        words.append(service)
        tags.append("required-service")
    if mismatch == "pair":
        words.append(mismatch)
    if candidates is not None:
        arguments["candidates"] = candidates
    name = "-".join([*words, f"{tasks}x{workers}", f"s{seed}"])
    return Recipe(f"offline-welfare/{name}", "offline-welfare", size, "sensing-market", arguments, tags=tuple(tags),
                  options={"mismatch": mismatch}, **more)  # fmt: skip


def _markets() -> Iterator[Recipe]:
    for seed in (1, 2, 3):
        yield _market(3, 10, seed, "tiny")
    for seed in (0, 1, 2):
        yield _market(5, 20, seed, "small")
        yield _market(10, 40, seed, "small")
        yield _market(20, 80, seed, "medium")
        yield _market(20, 80, seed, "medium", "hard")
    yield _market(8, 32, 6, "small")
    yield _market(10, 40, 0, "small", "hard")
    yield _market(10, 40, 0, "small", mismatch="pair")
    for seed in (0, 2, 4):
        yield _market(4, 60, seed, "small", service="required")
    yield _market(4, 60, 3, "small", "hard", service="required")
    yield _market(10, 30, 0, "small", service="required")
    for seed in (0, 1):
        yield _market(40, 160, seed, "medium")
        yield _market(80, 300, seed, "medium")
    yield _market(40, 160, 0, "medium", "hard")
    yield _market(80, 300, 0, "medium", "hard")
    yield _market(1000, 4000, 0, "large", candidates=45, shipped=False, time_limit=120.0)


def _knapsacks() -> Iterator[Recipe]:
    def recipe(items: int, family: str, size: str, **more: Any) -> Recipe:
        arguments = {"items": items, "family": family, "seed": 0}
        return Recipe(f"knapsack/{family}-{items}", "knapsack", size, "knapsack", arguments, **more)

    for items, size in ((12, "tiny"), (100, "small"), (1000, "medium")):
        for family in FAMILIES:
            hard = "strongly" in family and items > 12
            yield recipe(items, family, size, tags=("hard",) if hard else (), time_limit=20.0)
    for family in ("uncorrelated", "weakly-correlated", "subset-sum"):
        yield recipe(10000, family, "large", shipped=False)


_CROWDS = (
    (4, "uniform", 0, "tiny"),
    (6, "geometric", 1, "tiny"),
    (10, "uniform", 0, "tiny"),
    (10, "uniform", 1, "tiny"),
    (10, "equal", 2, "tiny"),
    (30, "two-cluster", 0, "small"),
    (30, "lognormal", 1, "small"),
    (100, "uniform", 3, "small"),
    (1000, "lognormal", 0, "medium"),
    (20000, "uniform", 0, "large"),
)


def _coalitions() -> Iterator[Recipe]:
    questions: tuple[tuple[str, dict[str, str]], ...] = (
        ("central-coalition", {}),
        ("stable-coalition", {"stability": "nash"}),
        ("stable-coalition", {"stability": "robust"}),
    )
    for problem_name, options in questions:
        prefix = f"{problem_name}/{''.join(f'{value}-' for value in options.values())}"
        for players, costs, seed, size in _CROWDS:
            arguments = {"players": players, "costs": costs, "seed": seed}
            name = f"{prefix}{costs}-{players}-s{seed}"
            yield Recipe(
                name, problem_name, size, "data-coalition", arguments, options=options, shipped=size != "large"
            )


def _recipe_by_hand(name: str, make: Callable[[], Instance], **more: Any) -> Recipe:
    problem_name = name.partition("/")[0]
    kind = problem_type(problem_name).instance_type.kind
    return Recipe(name, problem_name, "tiny", kind, by_hand=make, tags=("by-hand", *more.pop("tags", ())), **more)


def _by_hand() -> Iterator[Recipe]:
    yield _recipe_by_hand("knapsack/textbook", by_hand.textbook_knapsack)
    yield _recipe_by_hand("knapsack/zero-capacity", by_hand.zero_capacity)
    yield _recipe_by_hand("offline-welfare/knapsack-set-stops", by_hand.knapsack_set_stops)
    yield _recipe_by_hand("offline-welfare/two-of-three", by_hand.two_of_three)
    yield _recipe_by_hand("offline-welfare/no-budget", by_hand.no_budget)
    yield _recipe_by_hand(
        "offline-welfare/one-worker-two-tasks", by_hand.one_worker_two_tasks, tags=("required-service",)
    )
    for stability in ("nash", "robust"):
        options = {"stability": stability}
        yield _recipe_by_hand(f"stable-coalition/{stability}-six-players", by_hand.six_players, options=options)
        yield _recipe_by_hand(f"stable-coalition/{stability}-figure-1", by_hand.figure_one, options=options)
    yield _recipe_by_hand("central-coalition/six-players", by_hand.six_players)


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for made in (_by_hand, _markets, _knapsacks, _coalitions) for recipe in made()
}
"""Every entry's recipe, by name."""
