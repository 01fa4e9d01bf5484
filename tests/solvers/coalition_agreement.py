"""Do definitions, closed conditions, enumeration and structural search say the same? On instances made for it."""

from __future__ import annotations

import math

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import BackendFault
from mcsopt.problems import Coalition, DataCoalition, StableCoalition
from mcsopt.result import Status
from mcsopt.solvers import solve as solve_with
from mcsopt.solvers.coalition_enumeration import StableSets, all_intervals, all_stable
from mcsopt.solvers.coalition_extremes import largest_stable, worst_stable
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.stable_coalition import solve

CLOSED = 1e-12
"""Relative difference allowed between closed forms and definitions."""
BACKEND = 1e-6
"""Relative error allowed of a backend's objective, beside the error that its statement admits."""
SEARCHED = 2e-10
"""Relative difference allowed of the structural search: what it does not look for, and rounding."""
ALL_JUDGED = 8
"""Most players for whom every coalition is judged by the definitions; else a sample."""
SAMPLE = 25


def draw_costs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw spread, clustered, equal, geometric, few different or heavy-tailed costs."""
    return [
        lambda: rng.uniform(0.001, 0.02, n),
        lambda: rng.choice([0.002, 0.02], n) * rng.uniform(0.97, 1.03, n),
        lambda: np.full(n, rng.uniform(0.001, 0.02)),
        lambda: 0.001 * rng.uniform(1.05, 2.5) ** rng.permutation(n),
        lambda: rng.choice([0.001, 0.0011, 0.01, 0.011, 0.012], n),
        lambda: rng.lognormal(-5, 1.5, n),
    ][rng.integers(6)]()


def draw(rng: np.random.Generator, most: int) -> StableCoalition:
    """Draw a problem, mostly at a variance where some coalition is stable, or is at its very threshold."""
    n = int(rng.integers(2, most + 1))
    alpha = float(rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0])) if rng.random() < 0.5 else float(rng.uniform(-1, 1))
    players = DataCoalition(draw_costs(rng, n), 1.0, alpha)
    problem = StableCoalition(players, stability=str(rng.choice(["nash", "robust"])))
    stay, entry = all_intervals(problem)
    masks = np.arange(1 << n)
    # Coalitions that are not made of the cheapest players, where there are any: those are found by search only.
    order = np.argsort(players.cost, kind="stable")
    ranked = sum((masks >> int(player) & 1) << rank for rank, player in enumerate(order))
    stable = (stay < entry) & np.isfinite(stay)
    gapped = stable & ((ranked & (ranked + 1)) != 0)
    mask = rng.choice(np.flatnonzero(gapped if gapped.any() else stable))
    low, high = float(stay[mask]), min(float(entry[mask]), 3 * float(stay[mask]))
    # An end of the interval by the definitions: an exact tie up to rounding.
    members = tuple(i for i in range(n) if mask >> i & 1)
    ends = [problem.stay_variance(members), problem.entry_variance(members)]
    variance = [
        low + rng.uniform(0, 1) * (high - low),
        ends[0],
        ends[1] if math.isfinite(ends[1]) else ends[0],
        low * rng.uniform(0.5, 2),
    ][rng.integers(4)]
    return StableCoalition(DataCoalition(players.cost, float(variance), alpha), problem.stability)


def disagreements(problem: StableCoalition, rng: np.random.Generator) -> list[str]:
    """Return what two ways of answering the problem differ in."""
    found = all_stable(problem)
    return [*_against_conditions(problem, found, rng), *_against_search(problem, found)]


def backend_disagreement(problem: StableCoalition, found: StableSets, name: str) -> tuple[str | None, bool]:
    """Return what a backend says that is not so, and whether it gave no answer for the near-ties it cannot tell."""
    try:
        answer = solve_with(problem, solver=name)
    except BackendFault as fault:
        return f"{name}: {fault}", False
    least = None if found.cheapest is None else problem.evaluate(found.cheapest)
    if answer.status is Status.UNKNOWN:
        # A bound is claimed at most.
        false = answer.dual_bound is not None and least is not None and answer.dual_bound > least * (1 + BACKEND)
        return (f"{name}: bound {answer.dual_bound} above the optimum {least}" if false else None), True
    if least is None or answer.objective is None:
        agree = (answer.status is Status.INFEASIBLE) == (least is None)
        return None if agree else f"{name}: {answer.status}, enumeration {least}", False
    # CP-SAT states a tolerance: its bound may be as much below its objective.
    error = BACKEND * least + (answer.objective - answer.dual_bound if answer.dual_bound is not None else 0.0)
    wrong = abs(answer.objective - least) > error or error > 10 * BACKEND * least or bool(answer.violations)
    return f"{name}: {answer.objective} for {least}, error stated {error:.2g}" if wrong else None, False


def _against_conditions(problem: StableCoalition, found: StableSets, rng: np.random.Generator) -> list[str]:
    n = problem.instance.num_players
    stay, entry = all_intervals(problem)
    # Ties count as equal on both sides: as at a variance that is larger by the tolerance.
    variance = problem.instance.variance * (1 + tolerances.STABILITY)
    stable = (stay <= variance) & (variance < entry)
    wrong = []
    if set(np.flatnonzero(stable).tolist()) != set(found.masks.tolist()) or found.count != int(stable.sum()):
        wrong.append("enumeration differs from the closed conditions")
    masks = range(1 << n) if n <= ALL_JUDGED else {*rng.integers(0, 1 << n, SAMPLE).tolist(), *found.masks[:5].tolist()}
    for mask in masks:
        members = tuple(i for i in range(n) if mask >> i & 1)
        if len(members) < 2:
            continue
        if bool(stable[mask]) != (not problem.violations(Coalition(members))):
            wrong.append(f"closed conditions differ from the definitions at {members}")
        ends = (problem.stay_variance(members), problem.entry_variance(members))
        if not np.allclose((stay[mask], entry[mask]), ends, rtol=CLOSED, atol=0):
            wrong.append(f"interval differs from the definitions at {members}")
    for index in range(min(5, len(found.masks))):
        members = found.members(index)
        if not math.isclose(found.social_cost[index], problem.evaluate(Coalition(members)), rel_tol=CLOSED):
            wrong.append(f"social cost differs from the definitions at {members}")
        if (found.stay[index], found.entry[index]) != (stay[found.masks[index]], entry[found.masks[index]]):
            wrong.append(f"listed interval differs at {members}")
    return wrong


def _against_search(problem: StableCoalition, found: StableSets) -> list[str]:
    result, largest, worst = solve(problem, Settings()), largest_stable(problem), worst_stable(problem)
    if found.count == 0:
        silent = result.status is Status.INFEASIBLE and largest.bound is None and worst.coalition is None
        return [] if silent else [f"the search finds {result.status}, enumeration nothing"]
    wrong = []
    least = float(found.social_cost[0])
    if result.status is not Status.PROVED or not math.isclose(result.objective or 0.0, least, rel_tol=SEARCHED):
        wrong.append(f"the search finds {result.objective}, enumeration {least}")
    if result.dual_bound is None or result.dual_bound > least * (1 + 1e-14):
        wrong.append(f"the bound {result.dual_bound} is above the optimum {least}")
    if not largest.proved or largest.value != np.flatnonzero(found.count_by_size)[-1]:
        wrong.append(f"the largest has {largest.value} members by search, not by enumeration")
    if largest.coalition is None or problem.violations(largest.coalition):
        wrong.append("the largest is not stable")
    most = float(found.social_cost[-1])
    if found.dearest is None or not math.isclose(problem.evaluate(found.dearest), most, rel_tol=CLOSED):
        wrong.append("the dearest differs from the last one listed")
    if not worst.proved or not math.isclose(worst.value or 0.0, most, rel_tol=SEARCHED):
        wrong.append(f"the worst costs {worst.value} by search, {most} by enumeration")
    if worst.bound is None or worst.bound < most * (1 - 1e-14):
        wrong.append(f"the bound {worst.bound} on the worst is below {most}")
    if worst.coalition is None or problem.violations(worst.coalition):
        wrong.append("the worst is not stable")
    return wrong
