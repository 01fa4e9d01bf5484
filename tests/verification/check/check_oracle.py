"""Certificates built by hand, random trees, and brute force: what the checker is held against."""

from __future__ import annotations

import itertools
import math
import operator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from mcsopt.problems import Assignment, AssignmentProblem, Knapsack, OfflineWelfare, OnlineRecruitment, Problem
from mcsopt.verification import check
from mcsopt.verification.check import contracts, pricing

MONEY, RISK = Fraction(1, 10**9), Fraction(1, 10**12)
ROUNDING = Fraction(1, 10**10)
"""By how much a bound rounded outward may exceed the exact one."""


def certificate(problem: Problem[Any], plan: Any, evidence: dict[str, Any] | None) -> dict[str, Any]:
    """Return the certificate that an honest author would write."""
    instance = problem.instance.to_json()
    objective = None if plan is None else problem.evaluate(plan)
    bound, infeasible = None, False
    if evidence is not None:
        derivation = check.derive(problem.name, problem.options, instance, evidence)
        bound, infeasible = derivation.dual_bound, derivation.infeasible
    gap = None
    if objective is not None and bound is not None:
        scale = max(abs(objective), abs(bound))
        gap = max(0.0, (bound - objective) / scale) if scale else 0.0
    if infeasible:
        status = "INFEASIBLE"
    elif objective is None:
        status = "UNKNOWN"
    elif gap is None:
        status = "FEASIBLE"
    else:
        status = "PROVED" if gap <= 1e-7 else "BOUNDED"
    return {
        "format": "mcsopt-certificate/1",
        "problem": problem.name,
        "options": problem.options,
        "instance": instance,
        "digest": problem.instance.digest(),
        "solution": None if plan is None else problem.solution_document(plan),
        "objective": objective,
        "dual_bound": bound,
        "gap": gap,
        "status": status,
        "arithmetic": "as derived",
        "evidence": evidence,
        "created_by": {"by": "hand"},
    }


# Offline welfare ----------------------------------------------------------------------------------------------


def rationals(values: Any) -> list[Fraction]:
    return [Fraction(float(x)) for x in values]


def exact_quality_and_risk(
    quality: list[Fraction], arrival: list[Fraction], redundancy: Fraction, demand: Fraction
) -> tuple[Fraction, Fraction]:
    """Return E[Q(A)] and the quality risk of a set by a sum over all arrival patterns, in rationals."""
    mean = risk = Fraction(0)
    for pattern in itertools.product((False, True), repeat=len(quality)):
        chance = math.prod((p if here else 1 - p for p, here in zip(arrival, pattern, strict=True)), start=Fraction(1))
        total, number = sum(itertools.compress(quality, pattern), Fraction(0)), sum(pattern)
        mean += chance * total / (1 + (number - 1) * redundancy) if number else 0
        risk += chance if total < demand * (1 + (number - 1) * redundancy) - RISK else 0
    return mean, risk


def exact_value_and_risk(problem: OfflineWelfare, task: int, members: tuple[int, ...]) -> tuple[Fraction, Fraction]:
    """Return v_i(A) and the quality risk, in rationals."""
    market = problem.instance
    pairs = problem.pairs(task, members)
    arrival, cost = rationals(market.arrival[list(members)]), rationals(market.cost[pairs])
    zeta, demand = rationals((market.redundancy[task], market.demand[task]))
    mean, risk = exact_quality_and_risk(rationals(market.quality[pairs]), arrival, zeta, demand)
    return Fraction(market.quality_weight) * mean - sum(map(operator.mul, arrival, cost), Fraction(0)), risk


def feasible_sets(problem: OfflineWelfare, task: int) -> dict[tuple[int, ...], Fraction]:
    """Return every feasible nonempty set of a task with its exact value; candidates as the problem has them."""
    market = problem.instance
    where = market.pairs_of(task)
    workers = [int(j) for k, j in enumerate(market.pair_worker[where]) if problem.candidate[where.start + k]]
    found = {}
    for size in range(1, len(workers) + 1):
        for members in itertools.combinations(workers, size):
            spend = sum(rationals(market.payment[problem.pairs(task, members)]))
            if spend <= Fraction(float(market.budget[task])) + MONEY:
                value, risk = exact_value_and_risk(problem, task, members)
                if risk <= Fraction(market.quality_risk) + RISK:
                    found[members] = value
    return found


def exact_recruits(problem: OnlineRecruitment, task: int, members: tuple[int, ...]) -> tuple[Fraction, bool, bool]:
    """Return what recruits add to the welfare, whether the budget pays them, and whether they restore the demand."""
    market, pairs = problem.instance, problem.pairs(task, members)
    q, c, p = ([Fraction(float(x)) for x in column[pairs]] for column in (market.quality, market.cost, market.payment))
    zeta, demand = Fraction(float(market.redundancy[task])), Fraction(float(market.demand[task]))
    base, count = Fraction(float(market.base_quality_sum[task])), int(market.base_count[task])
    final = (base + sum(q)) / (1 + (count + len(members) - 1) * zeta)
    if market.objective == "increment":
        gain = final - (base / (1 + (count - 1) * zeta) if count else 0)
    else:
        gain = sum(q) / (1 + (len(members) - 1) * zeta)
    needed = demand * (1 + (count + len(members) - 1) * zeta)
    paid = sum(p) <= Fraction(float(market.budget[task])) + MONEY
    return Fraction(market.quality_weight) * gain - sum(c), paid, base + sum(q) >= needed - RISK


def recruit_sets(problem: OnlineRecruitment, task: int) -> dict[tuple[int, ...], Fraction]:
    """Return every feasible nonempty set of recruits of a task with its exact value, a restoration's weight in it."""
    market, where, found = problem.instance, problem.instance.pairs_of(task), {}
    workers = [int(j) for k, j in enumerate(market.pair_worker[where]) if problem.candidate[where.start + k]]
    for size in range(1, len(workers) + 1):
        for members in itertools.combinations(workers, size):
            welfare, paid, restored = exact_recruits(problem, task, members)
            if paid and restored:
                found[members] = welfare + Fraction(problem.restoration_weight)
    return found


def optimum(
    problem: AssignmentProblem, sets: list[dict[tuple[int, ...], Fraction]]
) -> tuple[Fraction, Assignment] | None:
    """Return the best plan by trying all, or None if there is no feasible one."""
    best: tuple[Fraction, list[tuple[int, ...]]] | None = None
    pending: list[tuple[int, frozenset[int], Fraction, list[tuple[int, ...]]]] = [(0, frozenset(), Fraction(0), [])]
    while pending:
        task, used, value, plan = pending.pop()
        if task == len(sets):
            if best is None or value > best[0]:
                best = value, plan
            continue
        if not problem.obliged[task]:
            pending.append((task + 1, used, value, [*plan, ()]))
        for members, worth in sets[task].items():
            if used.isdisjoint(members):
                pending.append((task + 1, used | set(members), value + worth, [*plan, members]))
    return None if best is None else (best[0], Assignment(best[1]))


def random_cuts(rng: np.random.Generator, tasks: int, workers: int, scale: float) -> list[dict[str, Any]]:
    """Draw up to five cuts; some of them twice, some of price zero."""
    cuts = []
    for _ in range(int(rng.integers(0, 6)) if tasks + workers >= 3 else 0):
        rows = sorted(rng.permutation(tasks + workers)[:3].tolist())
        price = float(rng.choice([0.0, 1.0, round(scale / 4), rng.uniform(0, scale / 2)]))
        worker = [row for row in rows if row < workers]
        cuts.append({"task": [row - workers for row in rows if row >= workers], "worker": worker, "price": price})
    return cuts


def random_leaf(
    rng: np.random.Generator, workers: int, scale: float, farkas: bool = False, tasks: int = 0
) -> dict[str, Any]:
    """Draw a leaf, half of the prices on a coarse grid, so that ties occur; with the number of tasks: with cuts."""
    chosen = [int(j) for j in rng.permutation(workers)[: rng.integers(0, workers + 1)]]
    price = rng.uniform(0, scale, len(chosen))
    if rng.random() < 0.5:
        price = np.round(price)
    leaf: dict[str, Any] = {"worker": chosen, "farkas" if farkas else "price": price.tolist()}
    if tasks and rng.random() < 0.6:
        leaf["cut"] = random_cuts(rng, tasks, workers, scale)
    return leaf


def random_tree(rng: np.random.Generator, tasks: int, workers: int, depth: int, scale: float = 80.0) -> list[Any]:
    """Draw a tree of random splits, in preorder."""
    if depth == 0 or rng.random() < 0.2:
        return [random_leaf(rng, workers, scale, tasks=tasks)]
    node: dict[str, Any] = {"split": "served", "task": int(rng.integers(tasks))}
    if rng.random() < 0.7:
        node = {"split": "pair", "task": node["task"], "worker": int(rng.integers(workers))}
    first, second = (random_tree(rng, tasks, workers, depth - 1, scale) for _ in range(2))
    return [node, *first, *second]


def leaves(tree: list[Any]) -> list[tuple[dict[str, Any], list[tuple[dict[str, Any], int]]]]:
    """Return every leaf with the splits above it and the side taken at each, by recursion over the preorder."""

    def walk(position: int, path: list[Any]) -> int:
        node = tree[position]
        if "split" not in node:
            found.append((node, path))
            return position + 1
        return walk(walk(position + 1, [*path, (node, 0)]), [*path, (node, 1)])

    found: list[Any] = []
    assert walk(0, []) == len(tree)
    return found


def derive_tree(problem: OfflineWelfare, tree: Any, **limits: Any) -> check.Derivation:
    """Let the checker derive what a price tree proves."""
    evidence = {"kind": "price-tree", "tree": tree}
    return check.derive(problem.name, problem.options, problem.instance.to_json(), evidence, **limits)


def price_by(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every task of a price tree "listed" (small ones are anyway), "searched" in numpy, or searched "compiled"."""
    if path == "searched":
        monkeypatch.setattr(pricing, "LISTED_SETS", 0)
    if path == "compiled":
        monkeypatch.setattr(contracts, "COMPILED_FROM", 0)
        monkeypatch.setattr(contracts, "COMPILED_SETS", 0)


def set_respects(task: int, members: tuple[int, ...], path: list[Any]) -> bool:
    """Whether a set of a task respects every split above a leaf."""
    for split, side in path:
        if split["split"] == "served":
            if split["task"] == task and bool(members) != bool(side):
                return False
        elif split["worker"] in members and (split["task"] == task) == (side == 0):
            return False
    return True


def exact_leaf_bound(
    problem: AssignmentProblem,
    sets: list[dict[tuple[int, ...], Fraction]],
    leaf: dict[str, Any],
    path: list[Any],
) -> Fraction | None:
    """Return the leaf's bound (for a Farkas leaf: the same without values); None if some task has no set."""
    farkas = "farkas" in leaf
    price = dict(zip(leaf["worker"], map(Fraction, leaf["farkas" if farkas else "price"]), strict=True))
    cuts = leaf.get("cut", [])
    total = sum(price.values(), Fraction(0)) + sum(Fraction(cut["price"]) for cut in cuts)

    def fines(task: int, members: tuple[int, ...]) -> Fraction:
        """A set with two rows of a cut, or three, is fined; the empty set takes nothing, its own task's row neither."""
        hits = [len(set(members) & set(c["worker"])) + (task in c["task"]) if members else 0 for c in cuts]
        return sum((Fraction(c["price"]) for c, hit in zip(cuts, hits, strict=True) if hit >= 2), Fraction(0))

    for task, options in enumerate(sets):
        allowed = dict(options)
        if not problem.obliged[task]:
            allowed[()] = Fraction(0)
        net = [
            (0 if farkas else value)
            - sum((price.get(j, Fraction(0)) for j in members), Fraction(0))
            - fines(task, members)
            for members, value in allowed.items()
            if set_respects(task, members, path)
        ]
        if not net:
            return None
        total += max(net)
    return total


# Knapsack -----------------------------------------------------------------------------------------------------


def exact_items(problem: Knapsack) -> tuple[list[Fraction], list[Fraction], Fraction]:
    """Return weights, values and the relaxed capacity as rationals."""
    instance = problem.instance
    weight = rationals(instance.weight)
    return weight, rationals(instance.value), Fraction(instance.capacity) + MONEY


def knapsack_optimum(problem: Knapsack) -> tuple[Fraction, tuple[int, ...]]:
    """Return the best packing by trying all."""
    weight, value, capacity = exact_items(problem)
    best: tuple[Fraction, tuple[int, ...]] = (Fraction(0), ())
    states = [(Fraction(0), Fraction(0), ())]
    for j in range(len(weight)):
        states += [(w + weight[j], v + value[j], (*s, j)) for w, v, s in states if w + weight[j] <= capacity]
    for _, v, chosen in states:
        best = max(best, (v, chosen))
    return best


def fractional(problem: Knapsack, fixed_in: set[int], fixed_out: set[int]) -> Fraction | None:
    """Return the Dantzig bound of one leaf, greedily in rationals; None if the fixed items do not fit."""
    weight, value, capacity = exact_items(problem)
    room = capacity - sum(weight[j] for j in fixed_in)
    if room < 0:
        return None
    total = sum((value[j] for j in fixed_in), Fraction(0))
    free = [j for j in range(len(weight)) if j not in fixed_in | fixed_out]
    total += sum((value[j] for j in free if weight[j] == 0), Fraction(0))
    for j in sorted((j for j in free if weight[j] > 0), key=lambda j: -value[j] / weight[j]):
        part = min(Fraction(1), room / weight[j])
        total += part * value[j]
        room -= part * weight[j]
    return total


def knapsack_tree_bound(problem: Knapsack, tree: list[int]) -> Fraction:
    """Return the largest leaf bound, by recursion over the preorder."""

    def walk(position: int, inside: set[int], outside: set[int]) -> int:
        item = tree[position]
        if item < 0:
            found.append(fractional(problem, inside, outside))
            return position + 1
        return walk(walk(position + 1, inside | {item}, outside), inside, outside | {item})

    found: list[Fraction | None] = []
    assert walk(0, set(), set()) == len(tree)
    return max(bound for bound in found if bound is not None)


def random_item_tree(rng: np.random.Generator, free: list[int], depth: int) -> list[int]:
    """Draw a branching tree over the free items, in preorder."""
    if depth == 0 or not free or rng.random() < 0.15:
        return [-1]
    item = int(rng.choice(free))
    rest = [j for j in free if j != item]
    return [item, *random_item_tree(rng, rest, depth - 1), *random_item_tree(rng, rest, depth - 1)]
