"""The 0-1 knapsack problem, checked in exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mcsopt.verification.check import strict
from mcsopt.verification.check.rounding import MONEY, nearest, round_up, scaled
from mcsopt.verification.check.strict import NONNEGATIVE, Refused, Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "knapsack"
KIND = "knapsack"
SENSE = "max"
ONE_SIGN = True
ARITHMETIC = "rational"


@dataclass(frozen=True)
class Items:
    """Weights, values and the relaxed capacity as integers over common denominators.

    Item j weighs ``weight[j] / weight_scale`` and is worth ``value[j] / value_scale``; the capacity including
    its slack of 1e-9 is ``capacity / weight_scale``. All exact.
    """

    weight: list[int]
    value: list[int]
    capacity: int
    weight_scale: int
    value_scale: int


def parse_options(options: Any) -> None:
    """Refuse any option: the knapsack has none."""
    strict.entries(options, "options", ())


def parse_instance(instance: Any, options: None, run: Run) -> Items:
    """Read a ``knapsack`` instance, its common keys already checked."""
    document = strict.entries(instance, "instance", ("format", "kind", "weight", "value", "capacity"))
    weight = strict.numbers(document["weight"], "instance.weight", NONNEGATIVE)
    value = strict.numbers(document["value"], "instance.value", NONNEGATIVE, len(weight))
    capacity = strict.number(document["capacity"], "instance.capacity", NONNEGATIVE)
    weights, scale = scaled([*weight, capacity])
    values, value_scale = scaled(value)
    slack = MONEY.denominator
    relaxed = weights.pop() * slack + scale * MONEY.numerator
    return Items([w * slack for w in weights], values, relaxed, scale * slack, value_scale)


def parse_solution(items: Items, solution: dict[str, Any]) -> list[int]:
    """Read the chosen items; the common keys are already checked."""
    strict.entries(solution, "solution", ("format", "problem", "items"))
    return strict.distinct_indices(solution["items"], "solution.items", len(items.weight))


def objective_of(items: Items, plan: Sequence[int]) -> float:
    """Return the total value of the chosen items, correctly rounded."""
    return nearest(Fraction(sum(items.value[j] for j in plan), items.value_scale))


def violations_of(items: Items, plan: Sequence[int], run: Run) -> tuple[Breach, ...]:
    """Return the excess over the capacity, if it is above its slack; decided exactly."""
    excess = sum(items.weight[j] for j in plan) - items.capacity
    if excess <= 0:
        return ()
    return (Breach("capacity", "knapsack", nearest(Fraction(excess, items.weight_scale) + MONEY)),)


def derive_bound(items: Items, evidence: dict[str, Any], run: Run) -> float | None:
    """Return the largest Dantzig bound over the leaves of a branching tree, rounded up once at the end.

    Each leaf fixes the items branched on along its path and relaxes the others to fractions, so its bound is
    that of a linear program over a set that contains every packing of the leaf; the leaves cover all
    packings. Cost: O(log n) integer operations per node by Fenwick trees over the items in order of
    efficiency.
    """
    strict.one_of(evidence.get("kind"), "evidence.kind", ("dantzig-tree",))
    strict.entries(evidence, "evidence", ("kind", "tree"))
    tree = _parse_tree(evidence["tree"], len(items.weight))
    free = FreeItems(items)
    best: tuple[int, int] | None = None
    path: list[int] = []
    second: list[bool] = []
    fixed = [False] * len(items.weight)
    room, worth = items.capacity, 0
    for position, item in enumerate(tree):
        if item >= 0:
            if fixed[item]:
                raise Refused(f"evidence.tree[{position}] branches a second time on item {item} along one path")
            fixed[item] = True
            free.remove(item)
            path.append(item)
            second.append(False)
            room, worth = room - items.weight[item], worth + items.value[item]
            continue
        run.tick()
        run.count("leaves")
        if room >= 0:
            numerator, denominator = free.dantzig(room, worth)
            if best is None or numerator * best[1] > best[0] * denominator:
                best = numerator, denominator
        while path and second[-1]:
            second.pop()
            done = path.pop()
            fixed[done] = False
            free.restore(done)
        if path:
            second[-1] = True
            room, worth = room + items.weight[path[-1]], worth - items.value[path[-1]]
    if best is None:
        return None
    return round_up(Fraction(best[0], best[1] * items.value_scale))


def _parse_tree(value: Any, size: int) -> list[int]:
    nodes = strict.listed(value, "evidence.tree")
    for position, node in enumerate(nodes):
        if isinstance(node, bool) or not isinstance(node, int) or not -1 <= node < size:
            raise Refused(f"evidence.tree[{position}] is {strict.show(node)}, not an item from 0 to {size - 1} or -1")
    strict.preorder_shape([node >= 0 for node in nodes], "evidence.tree")
    return nodes


class FreeItems:
    """Free items by efficiency, with prefix sums of weight and value under removal and restoration."""

    def __init__(self, items: Items) -> None:
        self.items = items
        size = len(items.weight)
        # Unequal fractions differ by at least 1 over the product of their denominators, so after scaling by
        # more than that product their integer parts differ: exact order, without fractions. Weightless items
        # come first.
        shift = 2 * max(items.weight, default=0).bit_length()
        heavy = [j for j in range(size) if items.weight[j]]
        heavy.sort(key=lambda j: -((items.value[j] << shift) // items.weight[j]))
        self.order = [j for j in range(size) if not items.weight[j]] + heavy
        self.place = [0] * size
        for place, j in enumerate(self.order):
            self.place[j] = place
        self.weights, self.values = [0] * (size + 1), [0] * (size + 1)
        self.top = 1 << size.bit_length()
        for j in range(size):
            self.restore(j)

    def remove(self, item: int) -> None:
        """Take `item` out of the free items."""
        self._add(self.place[item], -self.items.weight[item], -self.items.value[item])

    def restore(self, item: int) -> None:
        """Make `item` free again."""
        self._add(self.place[item], self.items.weight[item], self.items.value[item])

    def _add(self, place: int, weight: int, value: int) -> None:
        position = place + 1
        while position < len(self.weights):
            self.weights[position] += weight
            self.values[position] += value
            position += position & -position

    def dantzig(self, room: int, worth: int) -> tuple[int, int]:
        """Return ``worth`` plus the fractional optimum of the free items in ``room >= 0``, as a fraction."""
        position, step = 0, self.top
        while step:
            after = position + step
            if after < len(self.weights) and self.weights[after] <= room:
                position = after
                room -= self.weights[after]
                worth += self.values[after]
            step >>= 1
        if position == len(self.order):
            return worth, 1
        # A removed item weighs nothing in the tree, so the one that did not fit is free and has weight.
        critical = self.order[position]
        weight = self.items.weight[critical]
        return worth * weight + self.items.value[critical] * room, weight
